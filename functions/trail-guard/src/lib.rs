//! The trail guard as a Lambda: what it gathers, decides and ensures.
//!
//! What is right or wrong is decided in `sealwatch-policy`, and the order of the steps is `sealwatch-runtime`'s; here is
//! only what makes this guard this guard.

mod apply;
mod bucket;
mod gather;
mod history;
mod memory;
mod selectors;
#[cfg(test)]
mod tests;

use gather::Reader;
use jiff::Timestamp;
use sealwatch_policy::change::Change;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::guards::trail::{Effect, Facts, Target, decide};
use sealwatch_policy::plan::{Outcome, Plan};
use sealwatch_policy::policy::Policy;
use sealwatch_runtime::boot::{Boot, BootError};
use sealwatch_runtime::deadline::Deadline;
use sealwatch_runtime::desk::Desk;
use sealwatch_runtime::function::{Function, Guarding};
use serde_json::Value;

/// The guard, with what it remembers from one event to the next.
#[derive(Debug, Default)]
pub struct TrailGuard {
    reader: Reader,
}

/// Reads environment and policy.
///
/// # Errors
/// If something is missing or wrong; the function then doesn't start.
pub fn boot() -> Result<Function<TrailGuard>, BootError> {
    let boot = Boot::from_environment(Guard::Trail)?;
    Ok(Function::new(boot, Desk::writing_to(std::io::stdout()), TrailGuard::default()))
}

impl Guarding for TrailGuard {
    type Facts = Facts;
    type Effect = Effect;

    async fn gather(&self, boot: &Boot, change: &Change, now: Timestamp, deadline: &Deadline) -> Facts {
        self.reader.gather(boot, change, now, deadline).await
    }

    fn decide(&self, policy: &Policy, change: &Change, facts: &Facts, now: Timestamp) -> Plan<Effect> {
        decide(policy, change, facts, now)
    }

    async fn ensure(&self, boot: &Boot, effect: &Effect, deadline: &Deadline) -> Option<Outcome> {
        apply::ensure(boot, effect, deadline).await
    }

    fn target(&self, change: &Change) -> Option<String> {
        Target::of(change).arn()
    }

    fn shown(&self, facts: &Facts) -> Value {
        facts.shown()
    }

    fn forget(&self) {
        self.reader.forget_keys();
    }
}
