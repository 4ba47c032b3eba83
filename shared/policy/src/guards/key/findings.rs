//! The key guard's findings: what each is called, how bad it is, what shows it, what a person does.
//!
//! Words only: whether a finding holds is decided elsewhere.

mod lost;

pub use lost::import_again;
pub(super) use lost::{deleted, material_deleted};

use super::usage::Usage;
use super::{Call, Description, MultiRegion, Origin, Target, policy_change};
use crate::change::{Change, Failure};
use crate::facts::KeyState;
use crate::names::{KeyArn, KeyRef};
use crate::plan::{Finding, Remedy, Severity, shell_word};
use crate::policy::Policy;
use crate::untrusted::clean;

/// What an alias does now and did before.
pub(super) struct Moved<'a> {
    pub(super) alias: &'a KeyRef,
    pub(super) now: Option<&'a KeyArn>,
    pub(super) before: Option<&'a KeyArn>,
    pub(super) why_not: Option<&'a str>,
}

pub(super) fn finding(
    id: &'static str,
    severity: Severity,
    summary: String,
    evidence: Vec<String>,
) -> Finding {
    Finding { id, severity, summary, evidence, remedies: Vec::new(), mended_by: None }
}

pub(super) fn step(text: impl Into<String>) -> Remedy {
    Remedy::Step(text.into())
}

fn kms(verb: &str, key: &KeyArn) -> Remedy {
    Remedy::Command(format!("aws kms {verb} --region {} --key-id {key}", key.place().region))
}

pub(super) fn target_unclear(change: &Change, why: &str) -> Finding {
    let summary = "a call about a key doesn't say which key".to_owned();
    Finding {
        remedies: vec![
            step("find the call, and look at the account's keys:"),
            Remedy::look_up(&change.place.region, "EventId", &change.event_id.to_string(), None),
        ],
        ..finding("key.target-unclear", Severity::High, summary, vec![why.to_owned()])
    }
}

/// Something about the key can't be told.
pub(super) fn state_unknown(key: &KeyArn, what: &str, evidence: Vec<String>) -> Finding {
    named_state_unknown(&KeyRef::Key(key.clone()), what, evidence)
}

pub(super) fn named_state_unknown(key: &KeyRef, what: &str, evidence: Vec<String>) -> Finding {
    let describe = format!(
        "aws kms describe-key --region {} --key-id {}",
        key.place().region,
        shell_word(&key.to_string())
    );
    Finding {
        remedies: vec![Remedy::Command(describe)],
        ..finding("key.state-unknown", Severity::High, format!("{}: {what}", name(key)), evidence)
    }
}

fn name(key: &KeyRef) -> String {
    match key {
        KeyRef::Key(arn) => format!("key {}", arn.id()),
        KeyRef::Alias { alias, .. } => format!("the key behind {alias}"),
    }
}

/// "…, which is in use", as far as that is known.
fn and_usage(usage: &Usage) -> &'static str {
    match usage {
        Usage::InUse { .. } => ", and it is in use",
        Usage::NoEvidence { .. } => "; nothing shows it to be in use",
        Usage::Unknown { .. } => "; whether it is in use can't be told",
    }
}

pub(super) fn deletion_scheduled(key: &Description, policy: &Policy, usage: &Usage) -> Finding {
    let (when, date) = match &key.state {
        KeyState::PendingDeletion { deletion_date: Some(date) } => {
            let date = clean(date, 40);
            (
                format!("KMS deletes it on {date}, and with it all that only it can decrypt"),
                format!(" on {date}"),
            )
        }
        KeyState::PendingReplicaDeletion => {
            let of = match &key.multi_region {
                MultiRegion::Primary { replicas } if !replicas.is_empty() => {
                    format!(" in {}", clean(&replicas.join(", "), 200))
                }
                MultiRegion::Primary { .. }
                | MultiRegion::No
                | MultiRegion::Replica { .. }
                | MultiRegion::NotTold => String::new(),
            };
            (
                format!(
                    "it is a multi-Region primary: it has no date yet, and its waiting period begins once its replicas{of} are deleted"
                ),
                String::new(),
            )
        }
        KeyState::PendingDeletion { deletion_date: None }
        | KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::Other(_) => ("when KMS deletes it isn't told".to_owned(), String::new()),
    };
    let mut evidence = usage.told();
    evidence.push(when);
    evidence.extend(peculiarities(key));
    let mut remedies = Vec::new();
    match usage {
        Usage::InUse { .. } => {
            remedies.push(step("cancel the deletion, which leaves the key disabled:"));
        }
        Usage::Unknown { .. } => {
            remedies.push(step("unless you are sure that nothing needs it, cancel the deletion; a cancelled deletion leaves a key disabled:"));
        }
        Usage::NoEvidence { .. } => {
            remedies.push(step("if somebody still needs it, cancel the deletion; a cancelled deletion leaves a key disabled:"));
        }
    }
    remedies.extend([
        kms("cancel-key-deletion", &key.arn),
        step("enable it, if it was enabled before it was scheduled:"),
        kms("enable-key", &key.arn),
        step("ask the caller why; to keep a key from being used without destroying what it encrypts, disable it"),
    ]);
    Finding {
        remedies,
        ..finding(
            "key.deletion-scheduled",
            usage.severity(policy),
            format!("key {} is scheduled for deletion{date}{}", key.arn.id(), and_usage(usage)),
            evidence,
        )
    }
}

/// Why a key that was enabled as far as is known stays disabled. Lambda tries a failed event again after one minute and after two
/// more, which is sooner than the history may show the call; so the event doesn't fail for it, and a person is told to look.
pub(super) const EXEMPT_CALL_MAY_BE_MISSING: &str = "as far as CloudTrail's event history tells; but that is up to 15 minutes late and doesn't show this call yet, and policy exempts callers: if one of them disabled the key shortly before, to enable it would undo that. Sealwatch doesn't look again: in 15 minutes see who called DisableKey, and enable it if nobody meant to take it out of service";

/// Once its deletion is cancelled it stays disabled, although it may be meant to be enabled.
fn stays_disabled(id: &'static str, severity: Severity, key: &KeyArn, why: &str, told: String) -> Finding {
    Finding {
        remedies: vec![
            step(
                "if it is to be used, enable it; until then nothing that is encrypted with it can be read or written:",
            ),
            kms("enable-key", key),
        ],
        ..finding(id, severity, format!("key {} stays disabled: {why}", key.id()), vec![told])
    }
}

pub(super) fn stays_disabled_in_doubt(key: &KeyArn, told: String) -> Finding {
    let why = "whether it was enabled before it was scheduled can't be told";
    stays_disabled("key.state-unknown", Severity::High, key, why, told)
}

/// Whoever disables a key and schedules it at once takes it away from what needs it, and may mean to.
pub(super) fn stays_disabled_as_of_late(key: &KeyArn, told: String) -> Finding {
    let why = "it was disabled shortly before it was scheduled";
    stays_disabled("key.disabled", Severity::Critical, key, why, told)
}

pub(super) fn disabled(key: &Description, policy: &Policy, usage: &Usage) -> Finding {
    let mut evidence = usage.told();
    evidence.push("its own state, read after the event, is Disabled".to_owned());
    evidence.extend(peculiarities(key));
    Finding {
        remedies: vec![
            step(
                "if it is to be used, enable it; until then nothing that is encrypted with it can be read or written:",
            ),
            kms("enable-key", &key.arn),
            step("ask the caller why"),
        ],
        ..finding(
            "key.disabled",
            usage.severity(policy),
            format!("key {} is disabled{}", key.arn.id(), and_usage(usage)),
            evidence,
        )
    }
}

/// What of a key's kind matters to whoever rescues it.
fn peculiarities(key: &Description) -> Vec<String> {
    let mut told = Vec::new();
    if let MultiRegion::Replica { primary } = &key.multi_region {
        told.push(format!("it is a multi-Region replica; its primary is in {}", clean(primary, 60)));
    }
    match key.origin {
        Some(Origin::Imported) => told.push(
            "its material was imported: a key that has none can't be enabled until the same material is imported again".to_owned(),
        ),
        Some(Origin::KeyStore) => told.push(
            "it lives in a custom key store: it serves only while that is connected and still holds its material".to_owned(),
        ),
        Some(Origin::Kms) | None => {}
    }
    told
}

pub(super) fn rotation_off(key: &KeyArn) -> Finding {
    Finding {
        remedies: vec![
            step(
                "if it should be rotated; its period becomes 365 days unless --rotation-period-in-days gives another:",
            ),
            kms("enable-key-rotation", key),
        ],
        ..finding(
            "key.rotation-off",
            Severity::Medium,
            format!("the automatic rotation of key {} is off", key.id()),
            vec!["KeyRotationEnabled, read after the event, is false".to_owned()],
        )
    }
}

/// Said where the same repair was made too often to be made once more.
pub(super) fn no_fight(what: &str, times: usize) -> String {
    format!(
        "{what} {times} times within a day already: somebody does it again each time, so Sealwatch stops and leaves it to you"
    )
}

pub(super) fn alias_moved(moved: &Moved<'_>, named_by: Vec<String>) -> Finding {
    let alias = alias_name(moved.alias);
    let summary = match (moved.now, moved.before) {
        (Some(now), Some(_)) => format!("{alias}, which policy names, points to another key, {}", now.id()),
        (Some(now), None) => {
            format!("{alias}, which policy names, was deleted and made again; it points to key {}", now.id())
        }
        (None, _) => format!("{alias}, which policy names, no longer exists"),
    };
    let finding = finding("key.alias-moved", Severity::High, summary, alias_evidence(moved, named_by));
    Finding { remedies: alias_back(moved), ..finding }
}

/// Where an alias pointed before isn't known.
pub(super) fn alias_may_be_moved(moved: &Moved<'_>, named_by: Vec<String>) -> Finding {
    let alias = alias_name(moved.alias);
    let now = moved.now.map_or("no key", KeyArn::id);
    let summary = format!(
        "{alias}, which policy names, was set to key {now}, and where it pointed before can't be told"
    );
    let finding = finding("key.alias-moved", Severity::Medium, summary, alias_evidence(moved, named_by));
    Finding { remedies: alias_back(moved), ..finding }
}

pub(super) fn alias_unknown(alias: &KeyRef, evidence: Vec<String>) -> Finding {
    named_state_unknown(alias, "where the alias points can't be told", evidence)
}

fn alias_name(alias: &KeyRef) -> &str {
    match alias {
        KeyRef::Alias { alias, .. } => alias,
        KeyRef::Key(key) => key.id(),
    }
}

fn alias_evidence(moved: &Moved<'_>, named_by: Vec<String>) -> Vec<String> {
    let now = match moved.now {
        Some(key) => format!("it points to {key}"),
        None => "it points nowhere".to_owned(),
    };
    let before = match (moved.before, moved.why_not) {
        (Some(key), _) => format!("it pointed to {key} before"),
        (None, why) => format!("where it pointed before isn't known: {}", why.unwrap_or("nobody asked")),
    };
    [now, before].into_iter().chain(named_by).collect()
}

fn alias_back(moved: &Moved<'_>) -> Vec<Remedy> {
    let verb = if moved.now.is_some() { "update-alias" } else { "create-alias" };
    let key = moved.before.map_or_else(|| "KEY_ID".to_owned(), |key| key.id().to_owned());
    vec![
        step("ask the caller why; if it should point where it did:"),
        Remedy::Command(format!(
            "aws kms {verb} --region {} --alias-name {} --target-key-id {key}",
            moved.alias.place().region,
            shell_word(alias_name(moved.alias))
        )),
    ]
}

/// A call that would have weakened a key failed.
pub(super) fn attempt_denied(change: &Change, target: &Target, what: &str) -> Finding {
    let named = match target.arn() {
        Some(arn) => format!("it named {arn}"),
        None => "the record doesn't say which".to_owned(),
    };
    let mut evidence = change.failure.as_ref().map(Failure::evidence).unwrap_or_default();
    if policy_change::bypasses_lockout_check(change) && Call::of(change) == Some(Call::PutPolicy) {
        evidence.push("it asked KMS not to check whether the account keeps control of the key".to_owned());
    }
    Finding {
        remedies: vec![step("ask the caller why; nothing was changed")],
        ..finding("key.attempt-denied", Severity::Low, format!("a call to {what} failed; {named}"), evidence)
    }
}
