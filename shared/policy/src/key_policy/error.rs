//! Why a text is no key policy.

use thiserror::Error;

/// Why a text is no key policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyPolicyError {
    /// The reason, cleaned.
    #[error("the key policy is not JSON: {0}")]
    NotJson(String),
    /// The reason, cleaned.
    #[error("the document is not a key policy: {0}")]
    NotAPolicy(String),
}
