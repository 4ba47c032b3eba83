//! Why an invocation fails although it ran to its end, as Lambda and the failure queue are told.
//!
//! Each reason has a type that doesn't change, for alarms and filters, and a message with the whole chain of
//! causes.

use crate::trouble::chain;
use lambda_runtime::Diagnostic;
use sealwatch_policy::change::ParseError;
use thiserror::Error;

/// Why an invocation fails although it ran to its end.
#[derive(Debug, Error)]
pub enum Unfinished {
    /// Nobody was told.
    #[error("the page could not be sent: {0}")]
    Page(String),
    /// An effect may work another time.
    #[error("an effect failed and may work on a retry: {0}")]
    Effect(String),
    /// The state couldn't be told.
    #[error("the state could not be told: {0}")]
    Unknown(String),
    /// The event can't be read.
    #[error("the event can't be read")]
    Event(#[source] ParseError),
    /// The receipt couldn't be written.
    #[error("the receipt could not be written")]
    Receipt(#[source] std::io::Error),
}

impl Unfinished {
    /// The error type that Lambda is told.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Page(_) => "Sealwatch.PageFailed",
            Self::Effect(_) => "Sealwatch.EffectFailed",
            Self::Unknown(_) => "Sealwatch.StateUnknown",
            Self::Event(_) => "Sealwatch.EventUnreadable",
            Self::Receipt(_) => "Sealwatch.ReceiptFailed",
        }
    }

    pub(crate) fn log(&self) {
        tracing::error!(error_type = self.error_type(), error = chain(self), "the invocation fails");
    }
}

impl From<Unfinished> for Diagnostic {
    fn from(unfinished: Unfinished) -> Self {
        Self { error_type: unfinished.error_type().to_owned(), error_message: chain(&unfinished) }
    }
}
