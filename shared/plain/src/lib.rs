//! A reader for what records look like nearly always. What looks otherwise it leaves to the one that knows all of JSON, which
//! `sealwatch-policy` holds it to.
//!
//! A package of its own, so that it can be compiled for speed: all of it runs in each cold start and on each record of an
//! archive. It judges nothing.

pub mod record;
