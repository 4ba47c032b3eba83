//! The log-group guard's findings: what each is called, how bad it is, what shows it, what a person does.
//!
//! Words only: whether a finding holds is decided elsewhere.

use super::{Call, GroupState, Target, accounts_of_keys};
use crate::change::{Change, Failure};
use crate::names::{KeyRef, LogGroupArn};
use crate::plan::{Finding, Remedy, Severity, shell_word};
use crate::policy::Policy;
use crate::preflight::{self, Obstacle, Statements};
use crate::untrusted::clean;

/// The record doesn't say which group.
pub(super) fn target_unclear(change: &Change, why: &str) -> Finding {
    Finding {
        id: "log-group.target-unclear",
        severity: Severity::High,
        summary: "a call about a log group's key doesn't say which log group".to_owned(),
        evidence: vec![why.to_owned()],
        remedies: vec![
            Remedy::Step("find the call, and look at the log group:".to_owned()),
            Remedy::look_up(&change.place.region, "EventId", &change.event_id.to_string(), None),
        ],
        mended_by: None,
    }
}

/// Something about the group can't be told.
pub(super) fn state_unknown(group: &LogGroupArn, what: &str, evidence: Vec<String>) -> Finding {
    Finding {
        id: "log-group.state-unknown",
        severity: Severity::High,
        summary: format!("log group {}: {what}", group.name()),
        evidence,
        remedies: vec![look(group)],
        mended_by: None,
    }
}

/// How a person sees the group's state.
#[must_use]
pub fn look(group: &LogGroupArn) -> Remedy {
    Remedy::Command(format!(
        "aws logs describe-log-groups --region {} {}",
        group.place().region,
        option("--log-group-name-prefix", group.name().as_str())
    ))
}

/// The group has no key.
pub(super) fn bare_finding(change: &Change, group: &LogGroupArn, state: &GroupState) -> Finding {
    let (id, severity, summary) = match Call::of(change) {
        Some(Call::Disassociate) => (
            "log-group.key-removed",
            Severity::High,
            format!("the KMS key of log group {} was taken away", group.name()),
        ),
        Some(Call::Create | Call::Associate) | None => {
            ("log-group.unencrypted", Severity::Medium, format!("log group {} has no KMS key", group.name()))
        }
    };
    let mut evidence = vec!["its own state, read after the event, shows no kmsKeyId".to_owned()];
    evidence.extend(state.class.iter().map(|class| format!("log group class {}", clean(class, 60))));
    Finding { id, severity, summary, evidence, remedies: Vec::new(), mended_by: None }
}

/// Why a key isn't approved although no list says which are.
pub(super) const OF_NO_KNOWN_ACCOUNT: &str =
    "its account is neither this one nor one whose keys policy gives to log groups";

/// The group's key isn't an approved one.
pub(super) fn unapproved(policy: &Policy, group: &LogGroupArn, key: &str) -> Finding {
    let rule = policy.key_rule(group.name().as_str()).and_then(|rule| rule.key.at(group.place()).ok());
    let approve = if policy.log_groups.approved_keys.is_empty() {
        let known: Vec<String> = accounts_of_keys(policy, group.place())
            .into_iter()
            .map(|account| format!("\"arn:{}:kms:*:{account}:key/*\"", group.place().region.partition()))
            .collect();
        format!(
            "if the key is right, list it in `approved_keys`, and {} too: only an empty list approves those by itself",
            known.join(" and ")
        )
    } else {
        "if the key is right, add it to `approved_keys`".to_owned()
    };
    let mut remedies = vec![Remedy::Step(format!("{approve}; if not, associate the rule's key:"))];
    remedies.extend(rule.map(|key| associate_command(group, &key)));
    Finding {
        id: "log-group.unapproved-key",
        severity: Severity::Medium,
        summary: format!("log group {} uses a key that policy doesn't approve", group.name()),
        evidence: vec![format!("its own state, read after the event, shows kmsKeyId {key}")],
        remedies,
        mended_by: None,
    }
}

/// The key doesn't serve, or it can't be told whether it does.
pub(super) fn key_unusable(
    group: &LogGroupArn,
    what: &str,
    obstacles: Vec<Obstacle>,
    statements: Statements,
) -> Finding {
    let (evidence, remedies) = preflight::told(obstacles, statements);
    Finding {
        id: "log-group.key-unusable",
        severity: Severity::High,
        summary: format!("log group {}: {what}", group.name()),
        evidence,
        remedies,
        mended_by: None,
    }
}

/// A call to take the key away failed.
pub(super) fn attempt_denied(change: &Change) -> Finding {
    let target = match Target::of(change).arn() {
        Some(arn) => format!("it named {arn}"),
        None => "the record doesn't say of what".to_owned(),
    };
    let evidence = change.failure.as_ref().map(Failure::evidence).unwrap_or_default();
    Finding {
        id: "log-group.attempt-denied",
        severity: Severity::Low,
        summary: format!("a call to take the KMS key away failed; {target}"),
        evidence,
        remedies: vec![Remedy::Step("ask the caller why; nothing was changed".to_owned())],
        mended_by: None,
    }
}

/// The repair as a command, and what it asks of others.
pub(super) fn associate_by_hand(group: &LogGroupArn, key: &KeyRef) -> Vec<Remedy> {
    associate("associate the key with the log group:", group, key)
}

fn associate(how: &str, group: &LogGroupArn, key: &KeyRef) -> Vec<Remedy> {
    vec![
        Remedy::Step(how.to_owned()),
        associate_command(group, key),
        Remedy::Step(format!(
            "whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.{}.amazonaws.com)",
            group.place().region
        )),
    ]
}

/// What is left to do by hand where no effect follows: no event would start Sealwatch again.
pub(super) fn associate_later(group: &LogGroupArn, key: Option<KeyRef>) -> Vec<Remedy> {
    let Some(key) = key.filter(|key| key.place().region == group.place().region) else {
        return Vec::new();
    };
    associate("once the key serves, associate it with the log group:", group, &key)
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
pub(in crate::guards) fn option(option: &str, value: &str) -> String {
    let separator = if value.starts_with('-') { '=' } else { ' ' };
    format!("{option}{separator}{}", shell_word(value))
}
