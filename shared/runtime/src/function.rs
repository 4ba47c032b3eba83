//! The way of an event into a guard's function and out of it, the same for every guard.
//!
//! Parses the event, hands the change to the guard, which gathers, decides and applies, and closes at the desk. It
//! knows no guard and judges nothing itself.

use crate::boot::Boot;
use crate::deadline::Deadline;
use crate::desk::{Desk, Spent, Unfinished};
use lambda_runtime::LambdaEvent;
use sealwatch_policy::change::{Change, Parsed, parse, read};
use sealwatch_policy::plan::{Effect, Outcome, Plan};
use sealwatch_policy::receipt::Receipt;
use sealwatch_policy::report::Report;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::pin::Pin;

/// The steps of a guard are many and nested; their type ends here, or the compiler would follow it through
/// every layer of the runtime.
type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a guard does with one change.
pub trait Judge: Sync {
    /// The states that the guard ensures.
    type Effect: Effect + Send + Sync;

    /// Gathers the facts, decides, and applies what the mode allows.
    fn judge(
        &self,
        boot: &Boot,
        change: &Change,
        deadline: &Deadline,
    ) -> impl Future<Output = Judged<Self::Effect>> + Send;
}

/// One change, judged by the account's state and acted on as far as the mode allows.
#[derive(Debug)]
pub struct Judged<E> {
    /// The target's ARN, if the change names one.
    pub target: Option<String>,
    /// The facts, as the guard shows them.
    pub facts: Value,
    /// What followed from them.
    pub plan: Plan<E>,
    /// What became of each effect, in their order.
    pub outcomes: Vec<Outcome>,
    /// How long it took.
    pub spent: Spent,
}

/// A guard's function between two events.
pub struct Function<J> {
    boot: Boot,
    desk: Desk,
    guard: J,
}

impl<E: Effect> Judged<E> {
    /// What there is to tell about it.
    #[must_use]
    pub fn report<'a>(&'a self, boot: &'a Boot, change: &'a Change) -> Report<'a, E> {
        Report {
            guard: boot.guard,
            mode: boot.mode,
            pages: &boot.policy.pages,
            change,
            target: self.target.clone(),
            facts: self.facts.clone(),
            plan: &self.plan,
            outcomes: &self.outcomes,
        }
    }
}

impl<J: Judge> Function<J> {
    /// The function of `guard`, with what it booted with.
    #[must_use]
    pub fn new(boot: Boot, desk: Desk, guard: J) -> Self {
        Self { boot, desk, guard }
    }

    /// Handles one event, as the text that Lambda hands over: what can't be parsed must reach the desk too.
    ///
    /// # Errors
    /// If Lambda should try again: see [`Unfinished`].
    pub fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Boxed<'_, Result<Value, Unfinished>> {
        Box::pin(async move {
            let deadline = self.boot.enter(&event.context);
            self.handle_text(event.payload.get(), &deadline).await
        })
    }

    async fn handle_text(&self, event: &str, deadline: &Deadline) -> Result<Value, Unfinished> {
        match read(event).and_then(|event| parse(&event)) {
            Ok(Parsed::Change(change)) => {
                self.handle_change(&change, deadline).await.map(|receipt| json!(receipt))
            }
            Ok(Parsed::NotAManagementCall(why)) => {
                tracing::info!(why, "not a management call; nothing to do");
                Ok(json!({ "ignored": why }))
            }
            Err(error) => Err(self.desk.unreadable(&self.boot, event, error, deadline).await),
        }
    }

    async fn handle_change(&self, change: &Change, deadline: &Deadline) -> Result<Receipt, Unfinished> {
        let judging: Boxed<'_, _> = Box::pin(self.guard.judge(&self.boot, change, deadline));
        let judged = judging.await;
        let report = judged.report(&self.boot, change);
        self.desk.close(&self.boot, &report, judged.spent, deadline).await
    }
}
