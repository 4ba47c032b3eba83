//! Decides what follows for a log group: synchronous, total, deterministic.
//!
//! A plan holds an effect only if the group's own state shows that it has no key and the preflight shows
//! that the rule's key will serve. Whatever can't be told becomes a finding that pages, never an effect.

use super::findings::{
    OF_NO_KNOWN_ACCOUNT, associate_by_hand, associate_later, attempt_denied, bare_finding, key_unusable,
    state_unknown, target_unclear, unapproved,
};
use super::{Approval, Call, Effect, Facts, GroupState, Target, query_results};
use crate::change::Change;
use crate::facts::{Reading, Unreadable};
use crate::guards::Guard;
use crate::names::{KeyRef, LogGroupArn};
use crate::plan::{Effect as _, Plan, Remedy, Verdict};
use crate::policy::Policy;
use crate::preflight::{Consumer, Obstacle, Statements, Usability, usability};
use crate::untrusted::{SHOWN, clean};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What follows from a change, given the facts read after it.
///
/// `now` is only held against the dates of exemptions.
#[must_use]
pub fn decide(policy: &Policy, change: &Change, facts: &Facts, now: Timestamp) -> Plan<Effect> {
    if let Some(plan) = without_facts(policy, change, now) {
        return plan;
    }
    match Target::of(change) {
        Target::Group(group) => settled(policy, change, &group, now)
            .unwrap_or_else(|| decide_group(policy, change, facts, &group, now)),
        Target::QueryResults(place) => query_results::decide(policy, change, &place),
        Target::Unclear(why) => Plan::found(
            Verdict::Unknown,
            target_unclear(change, &why),
            "the target can't be read from the record",
        ),
    }
}

/// The plan for a change that needs no look at the group; `None` if it does.
pub(super) fn settled(
    policy: &Policy,
    change: &Change,
    group: &LogGroupArn,
    now: Timestamp,
) -> Option<Plan<Effect>> {
    without_facts(policy, change, now).or_else(|| exempt_by_name(policy, &Target::Group(group.clone()), now))
}

fn exempt_by_name(policy: &Policy, target: &Target, now: Timestamp) -> Option<Plan<Effect>> {
    let Target::Group(group) = target else { return None };
    policy
        .exemptions_of(Guard::LogGroup, now)
        .find(|exemption| exemption.covers_name(group.name().as_str()))
        .map(|exemption| exemption.settles("the log group"))
}

/// What the call alone decides: it failed, its caller is exempt, or it isn't this guard's.
fn without_facts(policy: &Policy, change: &Change, now: Timestamp) -> Option<Plan<Effect>> {
    let Some(call) = Call::of(change) else {
        return Some(Plan::settled(Verdict::Ignored, "not a call that the log-group guard handles"));
    };
    let exemption =
        policy.exemptions_of(Guard::LogGroup, now).find(|exemption| exemption.covers_actor(&change.actor));
    if let Some(exemption) = exemption {
        return Some(exemption.settles("the caller"));
    }
    let failure = change.failure.as_ref()?;
    let reason = format!("the call failed with {}, so it changed nothing", failure.code);
    Some(match call {
        Call::Create | Call::Associate => Plan::settled(Verdict::Ignored, reason),
        Call::Disassociate => exempt_by_name(policy, &Target::of(change), now)
            .unwrap_or_else(|| Plan::found(Verdict::Violation, attempt_denied(change), reason)),
    })
}

fn decide_group(
    policy: &Policy,
    change: &Change,
    facts: &Facts,
    group: &LogGroupArn,
    now: Timestamp,
) -> Plan<Effect> {
    let state = match &facts.group {
        Reading::Known(state) | Reading::Assumed(state) => state,
        Reading::Absent => return Plan::settled(Verdict::Ignored, "the log group no longer exists"),
        Reading::Unreadable(unreadable) => {
            return unknown(group, "its state can't be read", vec![unreadable.why.clone()]);
        }
        Reading::NotAsked => return unknown(group, "its state was not looked at", Vec::new()),
    };
    let mut plan = match &state.key {
        None => decide_bare(policy, change, facts, group, state, now),
        Some(key) => decide_keyed(policy, facts, group, key, now),
    };
    if let Reading::Assumed(_) = &facts.tags {
        plan.assumed.push(format!("log group {}: assumed to carry no tags", group.name()));
    }
    plan
}

/// A group without a key.
fn decide_bare(
    policy: &Policy,
    change: &Change,
    facts: &Facts,
    group: &LogGroupArn,
    state: &GroupState,
    now: Timestamp,
) -> Plan<Effect> {
    if let Some(plan) = tag_exemption(policy, facts, group, now) {
        return plan;
    }
    let mut finding = bare_finding(change, group, state);
    let Some(rule) = policy.key_rule(group.name().as_str()) else {
        let step = "name a key for it: add a [[log_groups.keys]] rule that matches, or an [[exempt]] entry with a reason";
        finding.remedies.push(Remedy::Step(step.to_owned()));
        return Plan::found(Verdict::Violation, finding, "no [[log_groups.keys]] rule matches the log group");
    };
    let reason =
        format!("rule `{}` (line {}) names the key `{}`", rule.pattern, rule.line, rule.key.as_str());
    let wanted = rule.key.at(group.place());
    let usable = match &wanted {
        Ok(wanted) => usability(wanted, facts.keys.get(wanted), Consumer::LogGroup(group)),
        Err(error) => Usability::Unusable(vec![Obstacle {
            problem: error.to_string(),
            remedies: vec![Remedy::Step("mend the rule's `key` in the policy file".to_owned())],
        }]),
    };
    match usable {
        Usability::Usable { key, assumed } => {
            finding.remedies = associate_by_hand(group, &key);
            let effect = Effect { group: group.clone(), key };
            finding.mended_by = Some(effect.ensure());
            let effects = vec![effect];
            Plan { effects, assumed, ..Plan::found(Verdict::Violation, finding, reason) }
        }
        Usability::Unusable(obstacles) => {
            finding.remedies = associate_later(group, wanted.ok());
            let what = "the key that policy names for it can't be used";
            let key = key_unusable(group, what, obstacles, Statements::Missing);
            Plan { findings: vec![key, finding], ..Plan::settled(Verdict::Violation, reason) }
        }
        Usability::Unknown { obstacles, retryable } => {
            finding.remedies = associate_later(group, wanted.ok());
            let what = "it can't be told whether the key that policy names for it can be used";
            let key = key_unusable(group, what, obstacles, Statements::Clearer);
            Plan { findings: vec![key, finding], retryable, ..Plan::settled(Verdict::Violation, reason) }
        }
    }
}

/// A group that has a key.
fn decide_keyed(
    policy: &Policy,
    facts: &Facts,
    group: &LogGroupArn,
    key: &str,
    now: Timestamp,
) -> Plan<Effect> {
    let approval = Approval::of(policy, group, key, &facts.keys);
    if !approval.approved {
        if let Some(plan) = tag_exemption(policy, facts, group, now) {
            return plan;
        }
        let unread = approval.unreadable.iter().map(|(key, error)| format!("{key}: {}", error.why));
        let unasked = approval.aliases_to_resolve.iter().map(|key| format!("{key} was not looked at"));
        let evidence: Vec<String> = unread.chain(unasked).collect();
        if !evidence.is_empty() {
            return unknown(group, "it can't be told whether its key is an approved one", evidence);
        }
        let reason = if policy.log_groups.approved_keys.is_empty() {
            OF_NO_KNOWN_ACCOUNT
        } else {
            "`approved_keys` doesn't list the key"
        };
        return Plan::found(Verdict::Violation, unapproved(policy, group, &clean(key, SHOWN)), reason);
    }
    let reason = format!("the log group uses the key {}", clean(key, SHOWN));
    let at_hand = KeyRef::parse(key, group.place()).ok().and_then(|key| Some((facts.keys.get(&key)?, key)));
    match at_hand.map(|(reading, key)| usability(&key, Some(reading), Consumer::LogGroup(group))) {
        Some(Usability::Unusable(obstacles)) => Plan::found(
            Verdict::Violation,
            key_unusable(group, "the key that it uses doesn't serve", obstacles, Statements::Missing),
            reason,
        ),
        Some(Usability::Usable { assumed, .. }) => {
            Plan { assumed, ..Plan::settled(Verdict::Compliant, reason) }
        }
        // CloudWatch Logs took the key when it was associated; not understanding its policy changes nothing.
        Some(Usability::Unknown { .. }) | None => Plan::settled(Verdict::Compliant, reason),
    }
}

/// A plan, if the group's tags exempt it or can't be read; policy is asked first whether tags matter.
fn tag_exemption(
    policy: &Policy,
    facts: &Facts,
    group: &LogGroupArn,
    now: Timestamp,
) -> Option<Plan<Effect>> {
    if !super::asks_for_tags(policy, now) {
        return None;
    }
    let none = BTreeMap::new();
    let tags = match &facts.tags {
        Reading::Known(tags) | Reading::Assumed(tags) => tags,
        Reading::Absent => &none,
        Reading::Unreadable(Unreadable { why, .. }) => {
            return Some(unknown(group, "its tags, which may exempt it, can't be read", vec![why.clone()]));
        }
        Reading::NotAsked => {
            return Some(unknown(group, "its tags, which may exempt it, were not looked at", Vec::new()));
        }
    };
    policy
        .exemptions_of(Guard::LogGroup, now)
        .find(|exemption| exemption.covers_tags(tags))
        .map(|exemption| exemption.settles("the log group's tag"))
}

fn unknown(group: &LogGroupArn, what: &str, evidence: Vec<String>) -> Plan<Effect> {
    Plan::found(Verdict::Unknown, state_unknown(group, what, evidence), what)
}
