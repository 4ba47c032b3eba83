//! The three guards by name.

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
