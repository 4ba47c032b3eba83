//! The log-group guard as a Lambda: parse, gather, decide, apply, report.
//!
//! What is right or wrong is decided in `sealwatch-policy`; here is only the order of the steps. Nothing
//! is written unless the mode is `remediate` and the plan, made of facts read after the event, says so.

pub mod apply;
pub mod gather;

use apply::Applied;
use gather::Reader;
use jiff::Timestamp;
use sealwatch_policy::change::{Change, Parsed, parse};
use sealwatch_policy::facts::Reading;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::guards::log_group::{Target, decide};
use sealwatch_policy::plan::Outcome;
use sealwatch_policy::receipt::{Receipt, Report};
use sealwatch_runtime::boot::{Boot, BootError};
use sealwatch_runtime::deadline::Deadline;
use sealwatch_runtime::desk::{Desk, Spent, Unfinished};
use serde_json::{Value, json};
use std::time::Instant;

/// The function between two events.
#[derive(Debug)]
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
        Ok(Self {
            boot,
            desk: Desk::default(),
            reader: Reader::default(),
        })
    }

    /// Handles one event; `deadline_ms` is Lambda's, in milliseconds since 1970.
    ///
    /// # Errors
    /// If Lambda should try again: see [`Unfinished`].
    pub async fn handle(&self, event: &Value, deadline_ms: u64) -> Result<Value, Unfinished> {
        let deadline = Deadline::at_epoch_ms(deadline_ms);
        match parse(event) {
            Ok(Parsed::Change(change)) => self
                .handle_change(&change, &deadline)
                .await
                .map(|receipt| json!(receipt)),
            Ok(Parsed::NotAManagementCall(why)) => {
                tracing::info!(why, "not a management call; nothing to do");
                Ok(json!({ "ignored": why }))
            }
            Err(error) => Err(self.desk.unreadable(&self.boot, event, error, &deadline).await),
        }
    }

    async fn handle_change(&self, change: &Change, deadline: &Deadline) -> Result<Receipt, Unfinished> {
        let Boot {
            guard, policy, mode, ..
        } = &self.boot;
        let started = Timestamp::now();
        let gathering = Instant::now();
        let mut facts = self.reader.gather(&self.boot, change, started, deadline).await;
        let gather = gathering.elapsed();
        let mut plan = decide(policy, change, &facts, started);

        let applying = Instant::now();
        let outcomes = match apply::apply(&self.boot, &plan.effects, deadline).await {
            Applied::Outcomes(outcomes) => outcomes,
            Applied::GroupGone => {
                facts.group = Reading::Absent;
                plan = decide(policy, change, &facts, started);
                Vec::new()
            }
        };
        if !outcomes.iter().all(|outcome| *outcome == Outcome::Applied) || plan.effects.is_empty() {
            self.reader.forget_keys_unless(&plan);
        }
        let spent = Spent {
            started,
            gather,
            apply: applying.elapsed(),
        };
        let report = Report {
            guard: *guard,
            mode: *mode,
            pages: &policy.pages,
            change,
            target: Target::of(change).arn(),
            facts: facts.shown(),
            plan: &plan,
            outcomes: &outcomes,
        };
        self.desk.close(&self.boot, &report, spent, deadline).await
    }
}
