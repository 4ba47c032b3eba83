//! The shield: outside `remediate` no write can leave the process.
//!
//! Stands in every client as an interceptor, ahead of every attempt, and refuses an operation that isn't
//! known to be a read. A new operation is refused until somebody lists it here.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use sealwatch_policy::policy::Mode;
use thiserror::Error;

/// Operations that change nothing.
const READS: [&str; 15] = [
    "DescribeLogGroups",
    "ListTagsForResource",
    "DescribeKey",
    "GetKeyPolicy",
    "GetKeyLastUsage",
    "GetKeyRotationStatus",
    "ListAliases",
    "ListGrants",
    "ListKeyPolicies",
    "ListResourceTags",
    "DescribeTrails",
    "GetTrailStatus",
    "GetEventSelectors",
    "ListTags",
    "LookupEvents",
];
/// Operations that tell somebody something.
const PAGES: [&str; 1] = ["Publish"];
/// Operations that guards repair with.
const WRITES: [&str; 5] =
    ["AssociateKmsKey", "UpdateTrail", "StartLogging", "CancelKeyDeletion", "EnableKey"];

/// A call that the mode doesn't allow.
#[derive(Debug, Error)]
#[error("the shield refused `{operation}`: the mode is `{}`", mode.as_str())]
pub struct Refused {
    /// The operation.
    pub operation: String,
    /// The mode of the guard.
    pub mode: Mode,
}

/// Refuses what the mode doesn't allow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shield {
    mode: Mode,
}

impl Shield {
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode }
    }

    fn allows(self, operation: &str) -> bool {
        READS.contains(&operation)
            || self.mode >= Mode::Page && PAGES.contains(&operation)
            || self.mode >= Mode::Remediate && WRITES.contains(&operation)
    }
}

impl Intercept for Shield {
    fn name(&self) -> &'static str {
        "Shield"
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map_or("an unnamed operation", Metadata::name);
        if self.allows(operation) {
            return Ok(());
        }
        Err(Box::new(Refused { operation: operation.to_owned(), mode: self.mode }))
    }
}
