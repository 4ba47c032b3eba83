//! The key guard as a Lambda: what it gathers, decides and ensures.
//!
//! What is right or wrong is decided in `sealwatch-policy`, and the order of the steps is `sealwatch-runtime`'s; here is
//! only what makes this guard this guard.

mod alias;
mod apply;
mod before;
mod describe;
mod gather;
mod history;
mod log_groups;
mod memory;
#[cfg(test)]
mod tests;
mod trails;
mod usage;

use jiff::Timestamp;
use memory::Memory;
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::Reading;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::guards::key::{Effect, Facts, Target, decide};
use sealwatch_policy::plan::{Outcome, Plan};
use sealwatch_policy::policy::Policy;
use sealwatch_runtime::boot::{Boot, BootError};
use sealwatch_runtime::deadline::Deadline;
use sealwatch_runtime::desk::Desk;
use sealwatch_runtime::function::{Function, Guarding};
use serde_json::Value;

/// The guard, with what it has done a moment ago. Whether a key lives is read anew for each event.
#[derive(Debug, Default)]
pub struct KeyGuard {
    memory: Memory,
}

/// Who makes the repairs, where the environment doesn't name the function's role.
const MYSELF: &str = "Sealwatch";

/// Reads environment and policy.
///
/// # Errors
/// If something is missing or wrong; the function then doesn't start.
pub fn boot() -> Result<Function<KeyGuard>, BootError> {
    let boot = Boot::from_environment(Guard::Key)?;
    Ok(Function::new(boot, Desk::writing_to(std::io::stdout()), KeyGuard::default()))
}

impl Guarding for KeyGuard {
    type Facts = Facts;
    type Effect = Effect;

    async fn gather(&self, boot: &Boot, change: &Change, now: Timestamp, deadline: &Deadline) -> Facts {
        let mut facts = gather::gather(boot, change, now, deadline).await;
        if let Reading::Known(history) = &mut facts.history {
            history.own = Some(myself(boot).to_owned());
            if let Reading::Known(key) = &facts.key {
                self.memory.complete(&key.arn, history);
            }
        }
        facts
    }

    fn decide(&self, policy: &Policy, change: &Change, facts: &Facts, now: Timestamp) -> Plan<Effect> {
        decide(policy, change, facts, now)
    }

    async fn ensure(&self, boot: &Boot, effect: &Effect, deadline: &Deadline) -> Option<Outcome> {
        let outcome = apply::ensure(boot, effect, deadline).await;
        if outcome == Some(Outcome::Applied) {
            self.memory.did(effect, myself(boot), Timestamp::now());
        }
        outcome
    }

    fn target(&self, change: &Change) -> Option<String> {
        Target::of(change).arn()
    }

    fn shown(&self, facts: &Facts) -> Value {
        facts.shown()
    }

    fn forget(&self) {
        // What is remembered happened, whatever comes of it.
    }
}

fn myself(boot: &Boot) -> &str {
    boot.role.as_deref().unwrap_or(MYSELF)
}
