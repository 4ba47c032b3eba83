//! What goes wrong with the output itself.

use std::fmt::Display;
use std::io::Write as _;

/// Tells a line on standard error. Where nobody reads that any more, receipts are worth no less.
pub fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Whether whoever read our output has left, as `head` does: no fault of anybody's.
pub fn is_closed(error: &anyhow::Error) -> bool {
    let io = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.into_iter().any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
