//! Decides what follows for a trail: synchronous, total, deterministic.
//!
//! The call alone settles little: that it failed, or that policy exempts it. All else is judged by the trail's own
//! state; whatever can't be told becomes a finding that pages, never an effect.

use super::judgement::Judgement;
use super::{Call, Effect, Facts, Target, failed, findings};
use crate::change::Change;
use crate::facts::Reading;
use crate::guards::Guard;
use crate::names::TrailArn;
use crate::plan::{Plan, Verdict};
use crate::policy::Policy;
use jiff::Timestamp;

/// What tags that can't be read leave open.
const TAGS: &str = "whether its tags exempt it";

/// What follows from a change, given the facts read after it.
///
/// `now` is only held against the dates of exemptions.
#[must_use]
pub fn decide(policy: &Policy, change: &Change, facts: &Facts, now: Timestamp) -> Plan<Effect> {
    if let Some(plan) = without_facts(policy, change, now) {
        return plan;
    }
    match Target::of(change) {
        Target::Trail(trail) => settled(policy, change, &trail, now)
            .unwrap_or_else(|| decide_trail(policy, change, facts, &trail, now)),
        Target::EventDataStore => {
            Plan::settled(Verdict::Ignored, "the call is about an event data store, not about a trail")
        }
        Target::Unclear(why) => Plan::found(
            Verdict::Unknown,
            findings::target_unclear(change, &why),
            "the target can't be read from the record",
        ),
    }
}

/// The plan for a change that needs no look at the trail; `None` if it does.
pub(super) fn settled(
    policy: &Policy,
    change: &Change,
    trail: &TrailArn,
    now: Timestamp,
) -> Option<Plan<Effect>> {
    without_facts(policy, change, now).or_else(|| exempt_by_name(policy, trail, now))
}

fn exempt_by_name(policy: &Policy, trail: &TrailArn, now: Timestamp) -> Option<Plan<Effect>> {
    policy
        .exemptions_of(Guard::Trail, now)
        .find(|exemption| exemption.covers_name(trail.name()))
        .map(|exemption| exemption.settles("the trail"))
}

/// What the call alone decides: it failed, its caller is exempt, or it isn't this guard's.
fn without_facts(policy: &Policy, change: &Change, now: Timestamp) -> Option<Plan<Effect>> {
    let Some(call) = Call::of(change) else {
        return Some(Plan::settled(Verdict::Ignored, "not a call that the trail guard handles"));
    };
    let exemption =
        policy.exemptions_of(Guard::Trail, now).find(|exemption| exemption.covers_actor(&change.actor));
    if let Some(exemption) = exemption {
        return Some(exemption.settles("the caller"));
    }
    let failure = change.failure.as_ref()?;
    let reason = format!("the call failed with {}, so it changed nothing", failure.code);
    let Some(what) = failed::attempt(change, call) else {
        return Some(Plan::settled(Verdict::Ignored, reason));
    };
    let exempt = match Target::of(change) {
        Target::Trail(trail) => exempt_by_name(policy, &trail, now),
        Target::EventDataStore | Target::Unclear(_) => None,
    };
    Some(
        exempt.unwrap_or_else(|| {
            Plan::found(Verdict::Violation, findings::attempt_denied(change, what), reason)
        }),
    )
}

fn decide_trail(
    policy: &Policy,
    change: &Change,
    facts: &Facts,
    trail: &TrailArn,
    now: Timestamp,
) -> Plan<Effect> {
    let unknown = |what: &str, evidence| {
        Plan::found(Verdict::Unknown, findings::state_unknown(trail, what, evidence), what)
    };
    let mut judgement = Judgement::new(policy, change, facts, trail);
    match &facts.trail {
        Reading::Known(state) | Reading::Assumed(state) => {
            let asks_for_tags = super::asks_for_tags(policy, now) && super::is_ours(change, trail);
            let exemption = asks_for_tags.then(|| tag_exemption(policy, facts, now)).flatten();
            if let Some(exemption) = exemption {
                return exemption;
            }
            judgement.judge(state);
            match &facts.tags {
                _ if !asks_for_tags => {}
                Reading::Known(_) | Reading::Assumed(_) | Reading::Absent => {}
                Reading::Unreadable(error) => judgement.draft.may_be_exempt(TAGS, Some(error)),
                Reading::NotAsked => judgement.draft.may_be_exempt(TAGS, None),
            }
        }
        Reading::Absent if Call::of(change) == Some(Call::Delete) => judgement.deleted(),
        Reading::Absent => {
            judgement.vanished();
            if judgement.draft.findings.is_empty() {
                return Plan::settled(
                    Verdict::Ignored,
                    "the trail no longer exists, and another one records",
                );
            }
        }
        Reading::Unreadable(unreadable) => {
            let plan = unknown("its state can't be read", vec![unreadable.why.clone()]);
            return Plan { retryable: unreadable.retryable, ..plan };
        }
        Reading::NotAsked => return unknown("its state was not looked at", Vec::new()),
    }
    judgement.plan()
}

/// A plan if the trail's tags exempt it.
fn tag_exemption(policy: &Policy, facts: &Facts, now: Timestamp) -> Option<Plan<Effect>> {
    let tags = match &facts.tags {
        Reading::Known(tags) | Reading::Assumed(tags) => tags,
        Reading::Absent | Reading::Unreadable(_) | Reading::NotAsked => return None,
    };
    policy
        .exemptions_of(Guard::Trail, now)
        .find(|exemption| exemption.covers_tags(tags))
        .map(|exemption| exemption.settles("the trail's tag"))
}
