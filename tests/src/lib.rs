//! The tests of the whole workspace stand in `tests/`; this library is empty, and nothing depends on it.
