//! Decides what follows for a key: synchronous, total, deterministic.
//!
//! The call alone settles little: that it failed, or that policy exempts it. All else is judged by the key's own
//! state; whatever can't be told becomes a finding that pages, never an effect.

use super::judgement::Judgement;
use super::{Call, Description, Effect, Facts, Target, alias, failed, findings, usage};
use crate::change::Change;
use crate::facts::{Reading, Unreadable};
use crate::guards::Guard;
use crate::names::KeyRef;
use crate::plan::{Plan, Verdict};
use crate::policy::{Exempt, Policy};
use crate::wildcard;
use jiff::Timestamp;

/// What follows from a change, given the facts read after it.
///
/// `now` is held against the dates of exemptions and against the times of use.
#[must_use]
pub fn decide(policy: &Policy, change: &Change, facts: &Facts, now: Timestamp) -> Plan<Effect> {
    let target = Target::of(change);
    if let Some(plan) = settled(policy, change, &target, now) {
        return plan;
    }
    match (target, Call::of(change)) {
        (Target::Key(key), Some(call)) => decide_key(policy, change, call, facts, &key, now),
        (Target::Alias(alias), Some(_)) => alias::decide(policy, change, facts, &alias),
        (Target::Unclear(why), _) => Plan::found(
            Verdict::Unknown,
            findings::target_unclear(change, &why),
            "the target can't be read from the record",
        ),
        (Target::Key(_) | Target::Alias(_), None) => not_ours(),
    }
}

fn not_ours() -> Plan<Effect> {
    Plan::settled(Verdict::Ignored, "not a call that the key guard handles")
}

/// The plan for a change that needs no look at the key; `None` if it does.
pub(super) fn settled(
    policy: &Policy,
    change: &Change,
    target: &Target,
    now: Timestamp,
) -> Option<Plan<Effect>> {
    let Some(call) = Call::of(change) else {
        return Some(not_ours());
    };
    let exemption =
        policy.exemptions_of(Guard::Key, now).find(|exemption| exemption.covers_actor(&change.actor));
    if let Some(exemption) = exemption {
        return Some(exemption.settles("the caller"));
    }
    if let Some(failure) = &change.failure {
        let reason = format!("the call failed with {}, so it changed nothing", failure.code);
        let Some(what) = failed::attempt(policy, call, target) else {
            return Some(Plan::settled(Verdict::Ignored, reason));
        };
        let exempt = exempt_by_name(policy, target, now);
        return Some(exempt.unwrap_or_else(|| {
            Plan::found(Verdict::Violation, findings::attempt_denied(change, target, what), reason)
        }));
    }
    if let Target::Alias(alias) = target
        && !alias::is_named(policy, alias)
    {
        return Some(Plan::settled(Verdict::Ignored, "policy names no such alias"));
    }
    exempt_by_name(policy, target, now)
}

/// A key by its id or ARN, an alias by its name. A key's aliases have to be asked for.
fn exempt_by_name(policy: &Policy, target: &Target, now: Timestamp) -> Option<Plan<Effect>> {
    let (names, what) = match target {
        Target::Key(KeyRef::Key(arn)) => (vec![arn.id().to_owned(), arn.to_string()], "the key"),
        Target::Alias(KeyRef::Alias { alias, .. }) => (vec![alias.clone()], "the alias"),
        Target::Key(KeyRef::Alias { .. }) | Target::Alias(KeyRef::Key(_)) | Target::Unclear(_) => {
            return None;
        }
    };
    policy
        .exemptions_of(Guard::Key, now)
        .find(|exemption| names.iter().any(|name| exemption.covers_name(name)))
        .map(|exemption| exemption.settles(what))
}

fn decide_key(
    policy: &Policy,
    change: &Change,
    call: Call,
    facts: &Facts,
    named: &KeyRef,
    now: Timestamp,
) -> Plan<Effect> {
    let unknown = |what: &str, evidence| {
        Plan::found(Verdict::Unknown, findings::named_state_unknown(named, what, evidence), what)
    };
    match &facts.key {
        Reading::Known(key) | Reading::Assumed(key) => {
            if let KeyRef::Key(arn) = named
                && *arn != key.arn
            {
                return unknown("another key answered", vec![format!("DescribeKey answers for {}", key.arn)]);
            }
            if !super::is_ours(change, &key.arn) {
                let place = key.arn.place();
                let why = format!("the key is account {}'s in {}: look there", place.account, place.region);
                return unknown("it isn't this account's and Region's", vec![why]);
            }
            judge(policy, change, call, facts, key, now)
        }
        Reading::Absent => {
            let KeyRef::Key(arn) = named else {
                return Plan::settled(Verdict::Ignored, "the alias points to no key any more");
            };
            if !super::is_ours(change, arn) {
                return unknown("it isn't this account's and Region's", Vec::new());
            }
            let mut judgement = Judgement::new(policy, change, call, facts, arn.clone(), now);
            judgement.gone();
            judgement.draft.assumed = usage::assumed(policy, facts, None, now);
            let ignored = judgement.draft.findings.is_empty();
            let plan = judgement.plan();
            if ignored { Plan { verdict: Verdict::Ignored, ..plan } } else { plan }
        }
        Reading::Unreadable(unreadable) => {
            let plan = unknown("its state can't be read", vec![unreadable.why.clone()]);
            Plan { retryable: unreadable.retryable, ..plan }
        }
        Reading::NotAsked => unknown("its state was not looked at", Vec::new()),
    }
}

fn judge(
    policy: &Policy,
    change: &Change,
    call: Call,
    facts: &Facts,
    key: &Description,
    now: Timestamp,
) -> Plan<Effect> {
    let protection = Protection::of(policy, facts);
    let exempt = exempt_by_facts(policy, facts, now);
    if let (Protection::No, Some(plan)) = (&protection, &exempt) {
        return plan.clone();
    }
    let mut judgement = Judgement::new(policy, change, call, facts, key.arn.clone(), now);
    judgement.judge(key);
    judgement.draft.assumed.extend(usage::assumed(policy, facts, Some(key), now));
    if let (Protection::Unknown(what, error), Some(_)) = (&protection, &exempt) {
        judgement.draft.may_be_exempt(what, *error);
    }
    let exempts = |what: fn(&Exempt) -> bool| {
        protection != Protection::Yes
            && policy.exemptions_of(Guard::Key, now).any(|exemption| what(&exemption.what))
    };
    if exempts(|what| matches!(what, Exempt::Name(_))) {
        judgement.may_be_exempt("whether its aliases exempt it", &facts.aliases);
    }
    if exempts(|what| matches!(what, Exempt::Tag { .. })) {
        judgement.may_be_exempt("whether its tags exempt it", &facts.tags);
    }
    judgement.plan()
}

/// Whether policy protects the key by alias or tag: then no alias or tag exempts it, for whoever may weaken a key may
/// often also name it.
#[derive(Debug, PartialEq, Eq)]
enum Protection<'a> {
    Yes,
    No,
    /// What can't be told, and why.
    Unknown(&'static str, Option<&'a Unreadable>),
}

impl<'a> Protection<'a> {
    fn of(policy: &Policy, facts: &'a Facts) -> Self {
        let (protect, tags) = (&policy.keys.protect, &policy.keys.protect_tags);
        let by_alias = known(&facts.aliases).is_some_and(|aliases| {
            aliases.iter().any(|alias| protect.iter().any(|pattern| wildcard::matches(pattern, alias)))
        });
        let by_tag = known(&facts.tags)
            .is_some_and(|known| tags.iter().any(|(key, value)| known.get(key) == Some(value)));
        if by_alias || by_tag {
            return Self::Yes;
        }
        let aliases = unknown(&facts.aliases).filter(|_| !protect.is_empty());
        let aliases = aliases
            .map(|error| Self::Unknown("whether an alias protects it, which outweighs any exemption", error));
        let tags = unknown(&facts.tags).filter(|_| !tags.is_empty());
        let tags = tags
            .map(|error| Self::Unknown("whether a tag protects it, which outweighs any exemption", error));
        aliases.or(tags).unwrap_or(Self::No)
    }
}

/// Why a fact isn't known, if it isn't.
fn unknown<T>(reading: &Reading<T>) -> Option<Option<&Unreadable>> {
    match reading {
        Reading::Known(_) | Reading::Assumed(_) | Reading::Absent => None,
        Reading::Unreadable(error) => Some(Some(error)),
        Reading::NotAsked => Some(None),
    }
}

/// A plan if the key's aliases or tags exempt it. One alias that isn't exempt keeps the key from being so: an alias
/// more is quickly made.
fn exempt_by_facts(policy: &Policy, facts: &Facts, now: Timestamp) -> Option<Plan<Effect>> {
    let exemptions = || policy.exemptions_of(Guard::Key, now);
    if let Some(aliases) = known(&facts.aliases).filter(|aliases| !aliases.is_empty()) {
        let all: Option<Vec<_>> =
            aliases.iter().map(|alias| exemptions().find(|exemption| exemption.covers_name(alias))).collect();
        if let Some(exemption) = all.and_then(|all| all.first().copied()) {
            return Some(exemption.settles("the key's alias"));
        }
    }
    let tags = known(&facts.tags)?;
    exemptions().find(|exemption| exemption.covers_tags(tags)).map(|it| it.settles("the key's tag"))
}

fn known<T>(reading: &Reading<T>) -> Option<&T> {
    match reading {
        Reading::Known(value) | Reading::Assumed(value) => Some(value),
        Reading::NotAsked | Reading::Absent | Reading::Unreadable(_) => None,
    }
}

impl Judgement<'_> {
    /// What may exempt the key couldn't be read: its findings stand, and nothing is done about them.
    fn may_be_exempt<T>(&mut self, what: &str, reading: &Reading<T>) {
        match reading {
            Reading::Known(_) | Reading::Assumed(_) | Reading::Absent => {}
            Reading::Unreadable(error) => self.draft.may_be_exempt(what, Some(error)),
            Reading::NotAsked => self.draft.may_be_exempt(what, None),
        }
    }
}
