//! May a service use a KMS key under this key policy, and whom else does it let in? Answered from the policy's text
//! alone.
//!
//! The model is tolerant: what it doesn't understand is kept, and answers `Unknown` with the reason. It
//! never guesses an allowance, never calls AWS, and looks at neither grants nor the key's state.

mod at_will;
mod cloudtrail;
mod condition;
mod document;
mod error;
mod evaluate;
mod json;
mod meet;
mod outsiders;
mod reach;
mod same;
mod service;
mod statement;
mod through;
mod truth;
mod view;
mod wider;

#[cfg(test)]
mod tests;

pub use cloudtrail::{trail_access, trail_statements};
pub use condition::{ContextValue, RequestContext};
pub use document::KeyPolicy;
pub use error::KeyPolicyError;
pub use evaluate::{Access, Caller, Doubt, Request, evaluate};
pub use outsiders::Outsider;
pub use reach::{ACTIONS_ACROSS_ACCOUNTS, Administration, Opening, Openings, administration, openings};
pub use service::{ServiceAccess, logs_access};
