//! Aliases that policy names: whether one still points to the key that it pointed to.
//!
//! Log groups and trails keep the key that they have; what gets its key by the alias from now on gets another, or
//! none. Sealwatch moves no alias back.

use super::{Call, Effect, Facts, findings};
use crate::change::Change;
use crate::facts::Reading;
use crate::names::{KeyArn, KeyRef, Place};
use crate::plan::{Plan, Verdict};
use crate::policy::{ApprovedKey, KeyTemplate, Policy};
use crate::wildcard;

/// Whether policy names an alias.
pub(super) fn is_named(policy: &Policy, alias: &KeyRef) -> bool {
    !named_by(policy, alias).is_empty()
}

/// Whether policy names any alias at all.
pub(super) fn names_any(policy: &Policy) -> bool {
    let is_alias = |key: &KeyTemplate| key.as_str().contains("alias/");
    let approved = policy.log_groups.approved_keys.iter().any(|key| match key {
        ApprovedKey::Key(key) => is_alias(key),
        ApprovedKey::Pattern(_) => false,
    });
    approved
        || policy.log_groups.rules.iter().any(|rule| is_alias(&rule.key))
        || policy.trails.key.as_ref().is_some_and(is_alias)
        || !policy.keys.protect.is_empty()
}

/// Where policy names an alias, in words.
pub(super) fn named_by(policy: &Policy, alias: &KeyRef) -> Vec<String> {
    let KeyRef::Alias { place, alias: name } = alias else { return Vec::new() };
    let is_it = |key: &KeyTemplate, place: &Place| key.at(place).is_ok_and(|key| key == *alias);
    let rules = policy.log_groups.rules.iter().filter(|rule| is_it(&rule.key, place)).map(|rule| {
        format!("policy gives it to log groups that match `{}` (line {})", rule.pattern, rule.line)
    });
    let approved = policy.log_groups.approved_keys.iter().any(|key| match key {
        ApprovedKey::Key(key) => is_it(key, place),
        ApprovedKey::Pattern(_) => false,
    });
    let approved = approved.then(|| "policy approves it for log groups".to_owned());
    let trails = policy.trails.key.as_ref().filter(|key| is_it(key, place));
    let trails = trails.map(|_| "policy gives it to trails".to_owned());
    let protect = policy.keys.protect.iter().find(|pattern| wildcard::matches(pattern, name));
    let protect = protect.map(|pattern| {
        format!(
            "policy protects the key behind it (`{pattern}`), and protects no key that it doesn't point to"
        )
    });
    rules.chain(approved).chain(trails).chain(protect).collect()
}

/// What follows from a call that moved or deleted an alias that policy names.
pub(super) fn decide(policy: &Policy, change: &Change, facts: &Facts, alias: &KeyRef) -> Plan<Effect> {
    let mut assumed = Vec::new();
    let now = match &facts.alias {
        Reading::Known(key) => Some(key),
        Reading::Assumed(key) => {
            assumed.push(format!("assumed that {alias} points where the recorded call moved it"));
            Some(key)
        }
        Reading::Absent => None,
        Reading::Unreadable(error) => {
            let finding = findings::alias_unknown(alias, vec![error.why.clone()]);
            let plan = Plan::found(Verdict::Unknown, finding, "where the alias points can't be read");
            return Plan { retryable: error.retryable, ..plan };
        }
        Reading::NotAsked => {
            let finding = findings::alias_unknown(alias, Vec::new());
            return Plan::found(Verdict::Unknown, finding, "where the alias points was not looked at");
        }
    };
    let (before, why_not) = before(facts);
    if before.is_some() && now == before {
        return Plan {
            assumed,
            ..Plan::settled(Verdict::Compliant, "the alias points to the key that it pointed to")
        };
    }
    let named_by = named_by(policy, alias);
    let moved = findings::Moved { alias, now, before, why_not };
    let finding = match (now, Call::of(change)) {
        // Where it pointed isn't known, so neither is whether it moved.
        (Some(_), Some(Call::UpdateAlias)) if before.is_none() => {
            findings::alias_may_be_moved(&moved, named_by)
        }
        (Some(_) | None, _) => findings::alias_moved(&moved, named_by),
    };
    Plan {
        assumed,
        ..Plan::found(Verdict::Violation, finding, "an alias that policy names is to stay where it is")
    }
}

fn before(facts: &Facts) -> (Option<&KeyArn>, Option<&str>) {
    match &facts.alias_before {
        Reading::Known(key) | Reading::Assumed(key) => (Some(key), None),
        Reading::Absent => (None, Some("the history doesn't show where it pointed before")),
        Reading::Unreadable(error) => (None, Some(&error.why)),
        Reading::NotAsked => (None, Some("nobody asked")),
    }
}
