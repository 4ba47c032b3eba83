//! The guards: each has its facts, its `decide` and its effects.
//!
//! This page only tells which guard a change belongs to; what a guard thinks of it is the guard's own.

mod draft;
mod fresh;
pub mod key;
pub mod log_group;
pub mod trail;

pub use crate::guard::Guard;

use crate::change::Change;

impl Guard {
    /// The guard that handles a change; `None` if none does.
    #[must_use]
    pub fn of(change: &Change) -> Option<Self> {
        let log_group = log_group::Call::of(change).map(|_| Self::LogGroup);
        let trail = || trail::Call::of(change).map(|_| Self::Trail);
        log_group.or_else(trail).or_else(|| key::Call::of(change).map(|_| Self::Key))
    }
}
