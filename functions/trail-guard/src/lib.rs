//! The trail guard as a Lambda: gather, decide, apply.
//!
//! What is right or wrong is decided in `sealwatch-policy`; here is only the order of the steps. Nothing
//! is written unless the mode is `remediate` and the plan, made of facts read after the event, says so.

pub mod apply;
mod bucket;
pub mod gather;
mod history;
#[cfg(test)]
mod tests;

use apply::Applied;
use gather::Reader;
use jiff::Timestamp;
use sealwatch_policy::change::Change;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::guards::trail::{Effect, Target, decide};
use sealwatch_policy::plan::Outcome;
use sealwatch_runtime::boot::{Boot, BootError};
use sealwatch_runtime::deadline::Deadline;
use sealwatch_runtime::desk::{Desk, Spent};
use sealwatch_runtime::function::{Function, Judge, Judged};
use std::time::Instant;

/// The guard, with what it remembers from one event to the next.
#[derive(Debug, Default)]
pub struct TrailGuard {
    reader: Reader,
}

/// Reads environment and policy, and builds the client that nearly every event needs.
///
/// # Errors
/// If something is missing or wrong; the function then doesn't start.
pub fn boot() -> Result<Function<TrailGuard>, BootError> {
    let boot = Boot::from_environment(Guard::Trail)?;
    boot.clients.cloudtrail();
    Ok(Function::new(boot, Desk::writing_to(std::io::stdout()), TrailGuard::default()))
}

impl Judge for TrailGuard {
    type Effect = Effect;

    async fn judge(&self, boot: &Boot, change: &Change, deadline: &Deadline) -> Judged<Effect> {
        let started = Timestamp::now();
        let gathering = Instant::now();
        let mut facts = self.reader.gather(boot, change, started, deadline).await;
        let gather = gathering.elapsed();
        let mut plan = decide(&boot.policy, change, &facts, started);
        let applying = Instant::now();
        let outcomes = match apply::apply(boot, &plan.effects, deadline).await {
            Applied::Outcomes(outcomes) => outcomes,
            Applied::TrailGone => {
                // Whether another trail records this Region matters now, and wasn't asked of a trail that was there.
                facts = self.reader.gather(boot, change, started, deadline).await;
                plan = decide(&boot.policy, change, &facts, started);
                let why = "it was not tried: the trail was gone for a moment, and is there again";
                plan.effects.iter().map(|_| Outcome::Failed { why: why.to_owned() }).collect()
            }
        };
        let repaired = !outcomes.is_empty() && outcomes.iter().all(|outcome| *outcome == Outcome::Applied);
        if !plan.findings.is_empty() && !repaired {
            self.reader.forget_keys();
        }
        let spent = Spent { started, gather, apply: applying.elapsed() };
        Judged { target: Target::of(change).arn(), facts: facts.shown(), plan, outcomes, spent }
    }
}
