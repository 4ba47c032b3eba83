//! The way of an event into a guard's function and out of it, the same for every guard: parse, gather, decide,
//! apply, report.
//!
//! It knows no guard and judges nothing itself. An effect is only ever ensured of facts that were gathered for this
//! very event, and only in the mode `remediate`.

use crate::boot::Boot;
use crate::deadline::{Deadline, Step};
use crate::desk::{Desk, Spent, Unfinished};
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent};
use sealwatch_lambda::{Answering, Handler};
use sealwatch_policy::change::{Change, Parsed, parse_delivered};
use sealwatch_policy::plan::{Effect, Outcome, Plan};
use sealwatch_policy::policy::{Mode, Policy};
use sealwatch_policy::report::Report;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::pin::Pin;
use std::time::{Duration, Instant};

/// The steps of a guard are many and nested; their type ends here, or the compiler would follow it through
/// every layer of the runtime.
type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long a write needs at the least.
const SHORTEST_WRITE: Duration = Duration::from_millis(300);

/// What makes a guard that guard.
pub trait Guarding: Sync {
    /// What it reads.
    type Facts: Send + Sync;
    /// The states that it ensures.
    type Effect: Effect + Send + Sync;

    /// Reads the state of what the change is about; never writes.
    fn gather(
        &self,
        boot: &Boot,
        change: &Change,
        now: Timestamp,
        deadline: &Deadline,
    ) -> impl Future<Output = Self::Facts> + Send;

    /// What follows from the facts.
    fn decide(
        &self,
        policy: &Policy,
        change: &Change,
        facts: &Self::Facts,
        now: Timestamp,
    ) -> Plan<Self::Effect>;

    /// Ensures one effect and reads it back, without a choice of its own; `None` if the resource is gone.
    fn ensure(
        &self,
        boot: &Boot,
        effect: &Self::Effect,
        deadline: &Deadline,
    ) -> impl Future<Output = Option<Outcome>> + Send;

    /// The ARN of what the change is about, if it names it.
    fn target(&self, change: &Change) -> Option<String>;

    /// The facts as receipts show them.
    fn shown(&self, facts: &Self::Facts) -> Value;

    /// Forgets what has kept something from being repaired: it may be mended the next minute.
    fn forget(&self);
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
    pub fn report<'a>(self, boot: &'a Boot, change: &'a Change) -> Report<'a, E> {
        let Self { target, facts, plan, outcomes, spent: _ } = self;
        let pages = &boot.policy.pages;
        Report { guard: boot.guard, mode: boot.mode, pages, change, target, facts, plan, outcomes }
    }
}

/// Gathers, decides and applies what the mode allows.
pub async fn judge<G: Guarding>(
    guard: &G,
    boot: &Boot,
    change: &Change,
    deadline: &Deadline,
) -> Judged<G::Effect> {
    let started = Timestamp::now();
    let gathering = Instant::now();
    let mut facts = guard.gather(boot, change, started, deadline).await;
    let gather = gathering.elapsed();
    let mut plan = guard.decide(&boot.policy, change, &facts, started);
    let applying = Instant::now();
    let outcomes = match apply(guard, boot, &plan.effects, deadline).await {
        Applied::All(outcomes) => outcomes,
        Applied::Gone { before } => {
            let done: Vec<String> = plan.effects.iter().zip(&before).map(told).collect();
            // What is gone is another state, of which other things may matter. It was seen, so no look is too early.
            let since = Timestamp::now();
            facts = guard.gather(boot, change, since, &deadline.believing()).await;
            plan = guard.decide(&boot.policy, change, &facts, since);
            plan.reasons.extend(done);
            let why = "it was not tried: what it is about was gone for a moment, and is there again";
            plan.effects.iter().map(|_| Outcome::Failed { why: why.to_owned() }).collect()
        }
    };
    // An effect that is only withheld would have worked, as far as is known.
    let is_mended = plan.findings.iter().all(|finding| finding.mended_by.is_some())
        && outcomes.iter().all(|outcome| without(outcome).is_none());
    if !is_mended {
        guard.forget();
    }
    let spent = Spent { started, gather, apply: applying.elapsed() };
    Judged { target: guard.target(change), facts: guard.shown(&facts), plan, outcomes, spent }
}

/// What became of a plan's effects.
enum Applied {
    /// One outcome an effect, in their order.
    All(Vec<Outcome>),
    /// The resource was deleted in between; these were the outcomes before.
    Gone { before: Vec<Outcome> },
}

/// Ensures each effect that the mode allows. One that fails doesn't keep the others from being tried.
async fn apply<G: Guarding>(guard: &G, boot: &Boot, effects: &[G::Effect], deadline: &Deadline) -> Applied {
    let mut outcomes = Vec::new();
    for effect in effects {
        let previous = outcomes.last().filter(|_| effect.needs_previous()).and_then(without);
        if boot.mode < Mode::Remediate {
            outcomes.push(Outcome::Withheld);
        } else if let Some(outcome) = previous {
            outcomes.push(outcome);
        } else if !deadline.has(Step::Write, SHORTEST_WRITE) {
            let why = "it was not tried: no time was left for it".to_owned();
            outcomes.push(Outcome::Failed { why });
        } else if let Some(outcome) = guard.ensure(boot, effect, deadline).await {
            outcomes.push(outcome);
        } else {
            return Applied::Gone { before: outcomes };
        }
    }
    Applied::All(outcomes)
}

/// What becomes of an effect that needs one that didn't work; `None` if that one did.
fn without(previous: &Outcome) -> Option<Outcome> {
    let why = "it was not tried: what has to be done before it wasn't".to_owned();
    match previous {
        Outcome::Failed { .. } => Some(Outcome::Failed { why }),
        Outcome::Refused { .. } => Some(Outcome::Refused { why, remedies: Vec::new() }),
        Outcome::Applied | Outcome::Already | Outcome::Withheld | Outcome::Replayed => None,
    }
}

/// A receipt leaves out no write that was made, also of what is gone by now.
fn told<E: Effect>((effect, outcome): (&E, &Outcome)) -> String {
    format!("before it was gone: {}: {}", effect.describe(), outcome.as_str())
}

impl<J: Guarding> Function<J> {
    /// The function of `guard`, with what it booted with.
    #[must_use]
    pub fn new(boot: Boot, desk: Desk, guard: J) -> Self {
        Self { boot, desk, guard }
    }

    /// Handles one event, as the text that Lambda hands over: what can't be parsed must reach the desk too.
    ///
    /// # Errors
    /// If Lambda should try again: see [`Unfinished`].
    pub async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Box<RawValue>, Unfinished> {
        let deadline = self.boot.enter(&event.context);
        self.handle_text(event.payload.get(), &deadline).await
    }

    async fn handle_text(&self, event: &str, deadline: &Deadline) -> Result<Box<RawValue>, Unfinished> {
        match parse_delivered(event) {
            Ok(Parsed::Change(change)) => self.handle_change(&change, deadline).await,
            Ok(Parsed::NotAManagementCall(why)) => {
                tracing::info!(why, "not a management call; nothing to do");
                to_raw_value(&json!({ "ignored": why })).map_err(|error| Unfinished::Receipt(error.into()))
            }
            Err(error) => Err(self.desk.unreadable(&self.boot, event, error, deadline).await),
        }
    }

    async fn handle_change(&self, change: &Change, deadline: &Deadline) -> Result<Box<RawValue>, Unfinished> {
        // What was repaired contradicts the call from then on.
        let is_repaired = self.desk.has_repaired(change);
        let gathering = if is_repaired { deadline.believing() } else { *deadline };
        let judging: Boxed<'_, _> = Box::pin(judge(&self.guard, &self.boot, change, &gathering));
        let judged = judging.await;
        let spent = judged.spent;
        self.desk.close(&self.boot, judged.report(&self.boot, change), spent, deadline).await
    }
}

impl<J: Guarding> Handler for Function<J> {
    fn answer(&self, event: LambdaEvent<Box<RawValue>>) -> Answering<'_> {
        Box::pin(async move { self.handle(event).await.map_err(Diagnostic::from) })
    }
}
