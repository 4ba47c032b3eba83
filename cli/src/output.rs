//! What goes wrong with the output itself.

use std::fmt::Display;
use std::io::Write as _;

/// Tells a line on standard error. Where nobody reads that any more, receipts are worth no less.
pub fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Whether it is our output that failed, and no more is said of it: as where a disk is full.
pub fn is_ours(error: &anyhow::Error) -> bool {
    error.chain().next().is_some_and(|cause| cause.is::<std::io::Error>())
}

/// Whether whoever read our output has left, as `head` does: no fault of anybody's.
pub fn is_closed(error: &anyhow::Error) -> bool {
    let io = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.into_iter().any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
