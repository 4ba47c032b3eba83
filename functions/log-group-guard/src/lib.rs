//! The log-group guard as a Lambda: parse, gather, decide, apply, report.
//!
//! What is right or wrong is decided in `sealwatch-policy`; here is only the order of the steps. Nothing
//! is written unless the mode is `remediate` and the plan, made of facts read after the event, says so.

pub mod apply;
pub mod gather;
#[cfg(test)]
mod tests;

use apply::Applied;
use gather::Reader;
use jiff::Timestamp;
use lambda_runtime::Context;
use sealwatch_policy::change::{Change, Parsed, parse, read};
use sealwatch_policy::facts::Reading;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::guards::log_group::{Effect, Facts, Target, decide};
use sealwatch_policy::plan::{Outcome, Plan};
use sealwatch_policy::receipt::Receipt;
use sealwatch_policy::report::Report;
use sealwatch_runtime::boot::{Boot, BootError};
use sealwatch_runtime::deadline::Deadline;
use sealwatch_runtime::desk::{Desk, Spent, Unfinished};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::time::Instant;

/// The function between two events.
pub struct LogGroupGuard {
    boot: Boot,
    desk: Desk,
    reader: Reader,
}

impl LogGroupGuard {
    /// Reads environment and policy, and builds the client that nearly every event needs.
    ///
    /// # Errors
    /// If something is missing or wrong; the function then doesn't start.
    pub fn boot() -> Result<Self, BootError> {
        let boot = Boot::from_environment(Guard::LogGroup)?;
        boot.clients.logs();
        Ok(Self { boot, desk: Desk::writing_to(std::io::stdout()), reader: Reader::default() })
    }

    /// Handles one event, as the text that Lambda hands over: what can't be parsed must reach the desk too.
    ///
    /// # Errors
    /// If Lambda should try again: see [`Unfinished`].
    pub async fn handle(&self, event: &RawValue, context: &Context) -> Result<Value, Unfinished> {
        let deadline = self.boot.enter(context);
        match read(event.get()).and_then(|event| parse(&event)) {
            Ok(Parsed::Change(change)) => {
                self.handle_change(&change, &deadline).await.map(|receipt| json!(receipt))
            }
            Ok(Parsed::NotAManagementCall(why)) => {
                tracing::info!(why, "not a management call; nothing to do");
                Ok(json!({ "ignored": why }))
            }
            Err(error) => Err(self.desk.unreadable(&self.boot, event.get(), error, &deadline).await),
        }
    }

    async fn handle_change(&self, change: &Change, deadline: &Deadline) -> Result<Receipt, Unfinished> {
        let judged = judge(&self.boot, &self.reader, change, deadline).await;
        let report = judged.report(&self.boot, change);
        self.desk.close(&self.boot, &report, judged.spent, deadline).await
    }
}

/// One change, judged by the account's state and acted on as far as the mode allows.
#[derive(Debug)]
pub struct Judged {
    facts: Facts,
    plan: Plan<Effect>,
    outcomes: Vec<Outcome>,
    spent: Spent,
}

/// Gathers, decides and applies.
pub async fn judge(boot: &Boot, reader: &Reader, change: &Change, deadline: &Deadline) -> Judged {
    let started = Timestamp::now();
    let gathering = Instant::now();
    let mut facts = reader.gather(boot, change, started, deadline).await;
    let gather = gathering.elapsed();
    let mut plan = decide(&boot.policy, change, &facts, started);
    let applying = Instant::now();
    let outcomes = match apply::apply(boot, &plan.effects, deadline).await {
        Applied::Outcomes(outcomes) => outcomes,
        Applied::GroupGone => {
            facts.group = Reading::Absent;
            plan = decide(&boot.policy, change, &facts, started);
            Vec::new()
        }
    };
    let repaired = !outcomes.is_empty() && outcomes.iter().all(|outcome| *outcome == Outcome::Applied);
    if !plan.findings.is_empty() && !repaired {
        reader.forget_keys();
    }
    Judged { facts, plan, outcomes, spent: Spent { started, gather, apply: applying.elapsed() } }
}

impl Judged {
    /// What there is to tell about it.
    #[must_use]
    pub fn report<'a>(&'a self, boot: &'a Boot, change: &'a Change) -> Report<'a, Effect> {
        Report {
            guard: boot.guard,
            mode: boot.mode,
            pages: &boot.policy.pages,
            change,
            target: Target::of(change).arn(),
            facts: self.facts.shown(),
            plan: &self.plan,
            outcomes: &self.outcomes,
        }
    }
}
