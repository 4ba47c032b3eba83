//! Decides what follows for a log group: synchronous, total, deterministic.
//!
//! A plan holds an effect only if the group's own state shows that it has no key and the preflight shows
//! that the rule's key will serve. Whatever can't be told becomes a finding that pages, never an effect.

use super::{Approval, Call, Effect, Facts, GroupState, Target, query_results};
use crate::change::Change;
use crate::facts::{Reading, Unreadable};
use crate::guards::Guard;
use crate::names::{KeyRef, LogGroupArn};
use crate::plan::{Finding, Plan, Remedy, Severity, Verdict, shell_word};
use crate::policy::{Exemption, Policy};
use crate::preflight::{Obstacle, Usability, for_log_group};
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
        Target::Unclear(why) => unclear(&why),
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
        .map(|exemption| exempt("the log group", exemption))
}

/// What the call alone decides: it failed, its caller is exempt, or it isn't this guard's.
fn without_facts(policy: &Policy, change: &Change, now: Timestamp) -> Option<Plan<Effect>> {
    let Some(call) = Call::of(change) else {
        return Some(Plan::settled(
            Verdict::Ignored,
            "not a call that the log-group guard handles",
        ));
    };
    let exemption = policy
        .exemptions_of(Guard::LogGroup, now)
        .find(|exemption| exemption.covers_actor(&change.actor));
    if let Some(exemption) = exemption {
        return Some(exempt("the caller", exemption));
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
        Reading::Known(state) => state,
        Reading::Absent => return Plan::settled(Verdict::Ignored, "the log group no longer exists"),
        Reading::Unreadable(unreadable) => {
            return unknown(group, "its state can't be read", vec![unreadable.why.clone()]);
        }
        Reading::NotAsked => return unknown(group, "its state was not looked at", Vec::new()),
    };
    match &state.key {
        None => decide_bare(policy, change, facts, group, state, now),
        Some(key) => decide_keyed(policy, facts, group, key, now),
    }
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
        return Plan::found(
            Verdict::Violation,
            finding,
            "no [[log_groups.keys]] rule matches the log group",
        );
    };
    let reason = format!(
        "rule `{}` (line {}) names the key `{}`",
        rule.pattern,
        rule.line,
        rule.key.as_str()
    );
    let wanted = rule.key.at(group.place());
    let usability = match &wanted {
        Ok(wanted) => for_log_group(wanted, facts.keys.get(wanted), group),
        Err(error) => Usability::Unusable(vec![Obstacle {
            problem: error.to_string(),
            remedies: vec![Remedy::Step(
                "mend the rule's `key` in the policy file".to_owned(),
            )],
        }]),
    };
    match usability {
        Usability::Usable { key, assumed } => {
            finding.remedies = associate_by_hand(group, &key);
            let effects = vec![Effect {
                group: group.clone(),
                key,
            }];
            Plan {
                effects,
                assumed,
                ..Plan::found(Verdict::Violation, finding, reason)
            }
        }
        Usability::Unusable(obstacles) => {
            finding.remedies = associate_later(group, wanted.ok());
            let key = key_unusable(group, "the key that policy names for it can't be used", obstacles);
            Plan {
                findings: vec![key, finding],
                ..Plan::settled(Verdict::Violation, reason)
            }
        }
        Usability::Unknown { obstacles, retryable } => {
            finding.remedies = associate_later(group, wanted.ok());
            let what = "it can't be told whether the key that policy names for it can be used";
            let key = key_unusable(group, what, obstacles);
            Plan {
                findings: vec![key, finding],
                retryable,
                ..Plan::settled(Verdict::Violation, reason)
            }
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
        let unread = approval
            .unreadable
            .iter()
            .map(|(key, error)| format!("{key}: {}", error.why));
        let unasked = approval
            .aliases_to_resolve
            .iter()
            .map(|key| format!("{key} was not looked at"));
        let evidence: Vec<String> = unread.chain(unasked).collect();
        if !evidence.is_empty() {
            return unknown(
                group,
                "it can't be told whether its key is an approved one",
                evidence,
            );
        }
        return Plan::found(
            Verdict::Violation,
            unapproved(policy, group, &clean(key, SHOWN)),
            "`approved_keys` doesn't list the key",
        );
    }
    let reason = format!("the log group uses the key {}", clean(key, SHOWN));
    let at_hand = KeyRef::parse(key, group.place())
        .ok()
        .and_then(|key| Some((facts.keys.get(&key)?, key)));
    match at_hand.map(|(reading, key)| for_log_group(&key, Some(reading), group)) {
        Some(Usability::Unusable(obstacles)) => Plan::found(
            Verdict::Violation,
            key_unusable(group, "the key that it uses doesn't serve", obstacles),
            reason,
        ),
        Some(Usability::Usable { assumed, .. }) => Plan {
            assumed,
            ..Plan::settled(Verdict::Compliant, reason)
        },
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
        Reading::Known(tags) => tags,
        Reading::Absent => &none,
        Reading::Unreadable(Unreadable { why, .. }) => {
            return Some(unknown(
                group,
                "its tags, which may exempt it, can't be read",
                vec![why.clone()],
            ));
        }
        Reading::NotAsked => {
            return Some(unknown(
                group,
                "its tags, which may exempt it, were not looked at",
                Vec::new(),
            ));
        }
    };
    policy
        .exemptions_of(Guard::LogGroup, now)
        .find(|exemption| exemption.covers_tags(tags))
        .map(|exemption| exempt("the log group's tag", exemption))
}

pub(super) fn exempt(what: &str, exemption: &Exemption) -> Plan<Effect> {
    let until = exemption
        .until
        .map(|date| format!(", until {date}"))
        .unwrap_or_default();
    let reason = format!(
        "{what} is exempt (line {}{until}): {}",
        exemption.line, exemption.reason
    );
    Plan::settled(Verdict::Exempt, reason)
}

fn unclear(why: &str) -> Plan<Effect> {
    let finding = Finding {
        id: "log-group.target-unclear",
        severity: Severity::High,
        summary: "a call about a log group's key doesn't say which log group".to_owned(),
        evidence: vec![why.to_owned()],
        remedies: vec![Remedy::Step(
            "find the call in CloudTrail by its event id and look at the log group".to_owned(),
        )],
    };
    Plan::found(
        Verdict::Unknown,
        finding,
        "the target can't be read from the record",
    )
}

fn unknown(group: &LogGroupArn, what: &str, evidence: Vec<String>) -> Plan<Effect> {
    let finding = Finding {
        id: "log-group.state-unknown",
        severity: Severity::High,
        summary: format!("log group {}: {what}", group.name()),
        evidence,
        remedies: vec![Remedy::Command(format!(
            "aws logs describe-log-groups --region {} {}",
            group.place().region,
            option("--log-group-name-prefix", group.name().as_str())
        ))],
    };
    Plan::found(Verdict::Unknown, finding, what)
}

fn bare_finding(change: &Change, group: &LogGroupArn, state: &GroupState) -> Finding {
    let (id, severity, summary) = match Call::of(change) {
        Some(Call::Disassociate) => (
            "log-group.key-removed",
            Severity::High,
            format!("the KMS key of log group {} was taken away", group.name()),
        ),
        Some(Call::Create | Call::Associate) | None => (
            "log-group.unencrypted",
            Severity::Medium,
            format!("log group {} has no KMS key", group.name()),
        ),
    };
    let mut evidence = vec!["DescribeLogGroups shows no kmsKeyId for exactly this log group".to_owned()];
    evidence.extend(
        state
            .class
            .iter()
            .map(|class| format!("log group class {}", clean(class, 60))),
    );
    Finding {
        id,
        severity,
        summary,
        evidence,
        remedies: Vec::new(),
    }
}

fn unapproved(policy: &Policy, group: &LogGroupArn, key: &str) -> Finding {
    let rule = policy
        .key_rule(group.name().as_str())
        .and_then(|rule| rule.key.at(group.place()).ok());
    let mut remedies = vec![Remedy::Step(
        "if the key is right, add it to `approved_keys`; if not, associate the rule's key:".to_owned(),
    )];
    remedies.extend(rule.map(|key| associate_command(group, &key)));
    Finding {
        id: "log-group.unapproved-key",
        severity: Severity::Medium,
        summary: format!(
            "log group {} uses a key that policy doesn't approve",
            group.name()
        ),
        evidence: vec![format!("DescribeLogGroups shows kmsKeyId {key}")],
        remedies,
    }
}

fn key_unusable(group: &LogGroupArn, what: &str, obstacles: Vec<Obstacle>) -> Finding {
    let mut finding = Finding {
        id: "log-group.key-unusable",
        severity: Severity::High,
        summary: format!("log group {}: {what}", group.name()),
        evidence: Vec::new(),
        remedies: Vec::new(),
    };
    let mut statements = Vec::new();
    for Obstacle { problem, remedies } in obstacles {
        statements.extend(remedies.iter().filter_map(|remedy| match remedy {
            Remedy::Statement(statement) => Some(format!("missing key-policy statement: {statement}")),
            Remedy::Step(_) | Remedy::Command(_) => None,
        }));
        finding.evidence.push(problem);
        finding.remedies.extend(remedies);
    }
    finding.evidence.extend(statements);
    finding
}

fn attempt_denied(change: &Change) -> Finding {
    let target = Target::of(change)
        .arn()
        .unwrap_or_else(|| "a log group that the record doesn't name".to_owned());
    let failure = change.failure.as_ref();
    let mut evidence: Vec<String> = failure
        .iter()
        .map(|failure| format!("errorCode {}", failure.code))
        .collect();
    evidence.extend(
        failure
            .and_then(|failure| failure.message.as_ref())
            .map(|message| format!("errorMessage {message}")),
    );
    Finding {
        id: "log-group.attempt-denied",
        severity: Severity::Low,
        summary: format!("a call to take the KMS key away failed; it named {target}"),
        evidence,
        remedies: vec![Remedy::Step("ask the caller why; nothing was changed".to_owned())],
    }
}

fn associate_by_hand(group: &LogGroupArn, key: &KeyRef) -> Vec<Remedy> {
    vec![
        associate_command(group, key),
        Remedy::Step(format!(
            "whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.{}.amazonaws.com)",
            group.place().region
        )),
    ]
}

/// What is left to do by hand where no effect follows: no event would start Sealwatch again.
fn associate_later(group: &LogGroupArn, key: Option<KeyRef>) -> Vec<Remedy> {
    let Some(key) = key.filter(|key| key.place().region == group.place().region) else {
        return Vec::new();
    };
    let mut remedies = vec![Remedy::Step(
        "once the key serves, associate it with the log group:".to_owned(),
    )];
    remedies.extend(associate_by_hand(group, &key));
    remedies
}

/// The API takes a key's ARN and no alias, so that an alias is looked up on the way.
fn associate_command(group: &LogGroupArn, key: &KeyRef) -> Remedy {
    let region = &group.place().region;
    let key = match key {
        KeyRef::Key(arn) => shell_word(&arn.to_string()),
        KeyRef::Alias { .. } => format!(
            "\"$(aws kms describe-key --region {region} --key-id {} --query KeyMetadata.Arn --output text)\"",
            shell_word(&key.to_string())
        ),
    };
    Remedy::Command(format!(
        "aws logs associate-kms-key --region {region} {} --kms-key-id {key}",
        option("--log-group-name", group.name().as_str())
    ))
}

/// An option with its value, also where the value itself looks like an option.
fn option(option: &str, value: &str) -> String {
    let separator = if value.starts_with('-') { '=' } else { ' ' };
    format!("{option}{separator}{}", shell_word(value))
}
