//! Replays changes through the guards: parse is done, then gather, decide, apply, report.
//!
//! The same steps as a Lambda's, with the world in the place of AWS. The world takes in a change before
//! the guard looks, because the change has happened by then. Time passes only through the records.

use crate::{World, log_group};
use sealwatch_policy::change::Change;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::guards::log_group::{Target, decide};
use sealwatch_policy::plan::Outcome;
use sealwatch_policy::policy::{Mode, Policy};
use sealwatch_policy::receipt::{PageOutcome, Receipt};
use sealwatch_policy::report::Report;

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
    world.record(change);
    let guard = Guard::of(change)?;
    let now = change.time;
    let facts = log_group::gather(world, policy, change, now);
    let plan = decide(policy, change, &facts, now);
    let mode = policy.mode_of(guard);
    let ensure = |effect| match (mode, effects) {
        (Mode::Observe | Mode::Page, _) => Outcome::Withheld,
        (Mode::Remediate, Effects::Shown) => Outcome::Replayed,
        (Mode::Remediate, Effects::Taken) => log_group::apply(world, effect),
    };
    let outcomes: Vec<Outcome> = plan.effects.iter().map(ensure).collect();
    let target = Target::of(change).arn();
    let (plan, facts) = (&plan, facts.shown());
    let report =
        Report { guard, mode, pages: &policy.pages, change, target, facts, plan, outcomes: &outcomes };
    let sent = match mode {
        Mode::Observe => PageOutcome::Withheld("the mode is `observe`".to_owned()),
        Mode::Page | Mode::Remediate => PageOutcome::Replayed,
    };
    let page = report.page();
    Some(report.receipt(page.as_ref().map(|page| (page, &sent))))
}
