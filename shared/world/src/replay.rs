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
    judge(world, policy, change, effects).map(|judgement| judgement.receipt(policy, change))
}

/// Takes in one change and lets its guard judge it; `None` if no guard handles it.
///
/// Of changes one after the other: each meets the world that those before it left. The receipt can be made of it at any time.
pub fn judge(world: &mut World, policy: &Policy, change: &Change, effects: Effects) -> Option<Judgement> {
    // An archive's reader passes over what is of no interest, so no other reader may make anything of it.
    if interest(change.event_source.raw(), change.event_name.raw()) == Interest::None {
        return None;
    }
    world.record(change);
    let now = change.time;
    let guard = Guard::of(change)?;
    let mode = policy.mode_of(guard);
    Some(match guard {
        Guard::LogGroup => {
            let facts = log_group::gather(world, policy, change, now);
            let plan = guards::log_group::decide(policy, change, &facts, now);
            let outcomes = ensure(mode, effects, &plan, |effect| log_group::apply(world, effect));
            Judgement::LogGroup(Box::new(Judged { guard, mode, facts, plan, outcomes }))
        }
        Guard::Trail => {
            let facts = trail::gather(world, policy, change, now);
            let plan = guards::trail::decide(policy, change, &facts, now);
            let outcomes = ensure(mode, effects, &plan, |effect| trail::apply(world, effect));
            Judgement::Trail(Box::new(Judged { guard, mode, facts, plan, outcomes }))
        }
        Guard::Key => {
            let facts = key::gather(world, policy, change, now);
            let plan = guards::key::decide(policy, change, &facts, now);
            let outcomes = ensure(mode, effects, &plan, |effect| key::apply(world, effect, now));
            Judgement::Key(Box::new(Judged { guard, mode, facts, plan, outcomes }))
        }
    })
}

fn ensure<E>(
    mode: Mode,
    effects: Effects,
    plan: &Plan<E>,
    mut apply: impl FnMut(&E) -> Outcome,
) -> Vec<Outcome> {
    let ensure = |effect| match (mode, effects) {
        (Mode::Observe | Mode::Page, _) => Outcome::Withheld,
        (Mode::Remediate, Effects::Shown) => Outcome::Replayed,
        (Mode::Remediate, Effects::Taken) => apply(effect),
    };
    plan.effects.iter().map(ensure).collect()
}

/// What a guard made of one change: all that its receipt needs, apart from the world.
pub enum Judgement {
    /// The log-group guard's.
    LogGroup(Box<Judged<guards::log_group::Facts, guards::log_group::Effect>>),
    /// The trail guard's.
    Trail(Box<Judged<guards::trail::Facts, guards::trail::Effect>>),
    /// The key guard's.
    Key(Box<Judged<guards::key::Facts, guards::key::Effect>>),
}

/// One guard's facts and plan, and what became of its effects.
pub struct Judged<F, E> {
    guard: Guard,
    mode: Mode,
    facts: F,
    plan: Plan<E>,
    outcomes: Vec<Outcome>,
}

impl Judgement {
    /// The receipt of the change that was judged.
    #[must_use]
    pub fn receipt(self, policy: &Policy, change: &Change) -> Receipt {
        match self {
            Self::LogGroup(judged) => {
                let target = guards::log_group::Target::of(change).arn();
                let facts = judged.facts.shown();
                judged.receipt(policy, change, target, facts)
            }
            Self::Trail(judged) => {
                let target = guards::trail::Target::of(change).arn();
                let facts = judged.facts.shown();
                judged.receipt(policy, change, target, facts)
            }
            Self::Key(judged) => {
                let target = guards::key::Target::of(change).arn();
                let facts = judged.facts.shown();
                judged.receipt(policy, change, target, facts)
            }
        }
    }
}

impl<F, E: Effect> Judged<F, E> {
    fn receipt(self, policy: &Policy, change: &Change, target: Option<String>, facts: Value) -> Receipt {
        let Self { guard, mode, facts: _, plan, outcomes } = self;
        let report = Report { guard, mode, pages: &policy.pages, change, target, facts, plan, outcomes };
        let sent = match mode {
            Mode::Observe => PageOutcome::Withheld("the mode is `observe`".to_owned()),
            Mode::Page | Mode::Remediate => PageOutcome::Replayed,
        };
        report.receipt_of_replay(&sent)
    }
}
