//! The guards: each has its facts, its `decide` and its effects.
//!
//! This page only tells which guard a change belongs to; what a guard thinks of it is the guard's own.

pub mod log_group;

use crate::change::Change;
use serde::Serialize;
use std::fmt;

/// One of the three guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// No log group without its key.
    LogGroup,
    /// Nobody turns the record off.
    Trail,
    /// No key dies while something needs it.
    Key,
}

impl Guard {
    /// The guard that handles a change; `None` if none does (yet).
    #[must_use]
    pub fn of(change: &Change) -> Option<Self> {
        log_group::Call::of(change).map(|_| Self::LogGroup)
    }

    /// The guard's name in files and receipts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LogGroup => "log-group",
            Self::Trail => "trail",
            Self::Key => "key",
        }
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
