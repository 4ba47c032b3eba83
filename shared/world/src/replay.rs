//! Replays changes through the guards: parse is done, then gather, decide, apply, report.
//!
//! The same steps as a Lambda's, with the world in the place of AWS. The world takes in a change before
//! the guard looks, because the change has happened by then. Time passes only through the records.

use crate::interest::{Interest, interest};
use crate::{World, key, log_group, trail};
use sealwatch_policy::change::Change;
use sealwatch_policy::guards::{self, Guard};
use sealwatch_policy::plan::{Effect, Outcome, Plan};
use sealwatch_policy::policy::{Mode, Policy};
use sealwatch_policy::receipt::{PageOutcome, Receipt};
use sealwatch_policy::report::Report;
use serde_json::Value;

/// What becomes of effects in a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effects {
    /// Shown only: the account stays as it happened.
    Shown,
    /// Taken by the world: later changes meet a repaired account.
    Taken,
}

/// Takes in one change and lets its guard judge it; `None` if no guard handles it.
pub fn step(world: &mut World, policy: &Policy, change: &Change, effects: Effects) -> Option<Receipt> {
    // An archive's reader passes over what is of no interest, so no other reader may make anything of it.
    if interest(change.event_source.raw(), change.event_name.raw()) == Interest::None {
        return None;
    }
    world.record(change);
    let now = change.time;
    let guard = Guard::of(change)?;
    match guard {
        Guard::LogGroup => {
            let facts = log_group::gather(world, policy, change, now);
            let plan = guards::log_group::decide(policy, change, &facts, now);
            let target = guards::log_group::Target::of(change).arn();
            let judged = Judged { guard, target, facts: facts.shown(), plan };
            Some(judged.conclude(policy, change, effects, |effect| log_group::apply(world, effect)))
        }
        Guard::Trail => {
            let facts = trail::gather(world, policy, change, now);
            let plan = guards::trail::decide(policy, change, &facts, now);
            let target = guards::trail::Target::of(change).arn();
            let judged = Judged { guard, target, facts: facts.shown(), plan };
            Some(judged.conclude(policy, change, effects, |effect| trail::apply(world, effect)))
        }
        Guard::Key => {
            let facts = key::gather(world, policy, change, now);
            let plan = guards::key::decide(policy, change, &facts, now);
            let target = guards::key::Target::of(change).arn();
            let judged = Judged { guard, target, facts: facts.shown(), plan };
            Some(judged.conclude(policy, change, effects, |effect| key::apply(world, effect, now)))
        }
    }
}

/// One change as its guard judges it.
struct Judged<E> {
    guard: Guard,
    target: Option<String>,
    facts: Value,
    plan: Plan<E>,
}

impl<E: Effect> Judged<E> {
    fn conclude(
        self,
        policy: &Policy,
        change: &Change,
        effects: Effects,
        mut apply: impl FnMut(&E) -> Outcome,
    ) -> Receipt {
        let Self { guard, target, facts, plan } = &self;
        let mode = policy.mode_of(*guard);
        let ensure = |effect| match (mode, effects) {
            (Mode::Observe | Mode::Page, _) => Outcome::Withheld,
            (Mode::Remediate, Effects::Shown) => Outcome::Replayed,
            (Mode::Remediate, Effects::Taken) => apply(effect),
        };
        let outcomes: Vec<Outcome> = plan.effects.iter().map(ensure).collect();
        let report = Report {
            guard: *guard,
            mode,
            pages: &policy.pages,
            change,
            target: target.clone(),
            facts: facts.clone(),
            plan,
            outcomes: &outcomes,
        };
        let sent = match mode {
            Mode::Observe => PageOutcome::Withheld("the mode is `observe`".to_owned()),
            Mode::Page | Mode::Remediate => PageOutcome::Replayed,
        };
        let page = report.page();
        report.receipt(page.as_ref().map(|page| (page, &sent)))
    }
}
