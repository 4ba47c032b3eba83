//! The trail guard's findings: what each is called, how bad it is, what shows it, what a person does.
//!
//! Words only: whether a finding holds is decided elsewhere.

mod blind;
mod moved;

pub(super) use blind::{Blind, last_trail_gone};
pub(super) use moved::{
    key_foreign, key_may_be_foreign, may_be_redirected, may_have_left_too, organization_may_be_off,
    organization_off, redirected,
};

use super::options::Options;
use super::rebuild::{start_logging, update_trail};
use super::{Selectors, Settings, Status, Target, rebuild};
use crate::change::{Change, Failure};
use crate::guards::trail::Facts;
use crate::names::{Arn, KeyRef, Region, TrailArn};
use crate::plan::{Finding, Remedy, Severity, shell_word};
use crate::preflight::{self, Obstacle, Statements};

const WITH_GLOBAL: &str = "--include-global-service-events";
pub(super) const EXCLUDED: &str = "trail.management-events-excluded";
const READ_AFTER: &str = "its own state, read after the event, shows";

fn finding(id: &'static str, severity: Severity, summary: String, evidence: Vec<String>) -> Finding {
    Finding { id, severity, summary, evidence, remedies: Vec::new(), mended_by: None }
}

fn step(text: impl Into<String>) -> Remedy {
    Remedy::Step(text.into())
}

pub(super) fn target_unclear(change: &Change, why: &str) -> Finding {
    let summary = "a call about a trail doesn't say which trail".to_owned();
    Finding {
        remedies: vec![
            step("find the call, and look at the account's trails:"),
            Remedy::look_up(&change.place.region, "EventId", &change.event_id.to_string(), None),
        ],
        ..finding("trail.target-unclear", Severity::High, summary, vec![why.to_owned()])
    }
}

/// Something about the trail can't be told.
pub(super) fn state_unknown(trail: &TrailArn, what: &str, evidence: Vec<String>) -> Finding {
    let region = &trail.place().region;
    Finding {
        remedies: vec![
            Remedy::Command(format!("aws cloudtrail get-trail --region {region} --name {trail}")),
            Remedy::Command(format!("aws cloudtrail get-trail-status --region {region} --name {trail}")),
            Remedy::Command(format!(
                "aws cloudtrail get-event-selectors --region {region} --trail-name {trail}"
            )),
        ],
        ..finding("trail.state-unknown", Severity::High, format!("trail {}: {what}", trail.name()), evidence)
    }
}

pub(super) fn unencrypted(trail: &TrailArn) -> Finding {
    let summary = format!("the files of trail {} are not encrypted with a KMS key", trail.name());
    finding("trail.unencrypted", Severity::Medium, summary, vec![format!("{READ_AFTER} no KmsKeyId")])
}

/// The same where the trail isn't ours to repair, so that nobody asked which key would serve.
pub(super) fn unencrypted_elsewhere(trail: &TrailArn) -> Finding {
    Finding {
        remedies: vec![
            step("give it a key of the Region of its bucket whose policy lets CloudTrail in:"),
            Remedy::Command(update_trail(trail, "--kms-key-id KEY_ARN")),
        ],
        ..unencrypted(trail)
    }
}

/// The repair of an unencrypted trail as a command.
pub(super) fn encrypt_by_hand(trail: &TrailArn, key: &KeyRef) -> Vec<Remedy> {
    vec![
        Remedy::Command(update_trail(trail, &format!("--kms-key-id {}", shell_word(&key.to_string())))),
        step("whoever reads this trail's files then needs kms:Decrypt on the key"),
    ]
}

pub(super) fn key_unusable(
    trail: &TrailArn,
    what: &str,
    obstacles: Vec<Obstacle>,
    statements: Statements,
) -> Finding {
    let (evidence, remedies) = preflight::told(obstacles, statements);
    let summary = format!("trail {}: {what}", trail.name());
    Finding { remedies, ..finding("trail.key-unusable", Severity::High, summary, evidence) }
}

/// A trail that was made and not started yet is about to be, by another call.
pub(super) fn logging_stopped(trail: &TrailArn, never_started: bool) -> Finding {
    let (severity, summary) = if never_started {
        (Severity::Medium, format!("trail {} was created and is not logging", trail.name()))
    } else {
        (Severity::High, format!("trail {} is not logging", trail.name()))
    };
    Finding {
        remedies: start_by_hand(trail),
        ..finding("trail.logging-stopped", severity, summary, vec![format!("{READ_AFTER} IsLogging false")])
    }
}

pub(super) fn validation_off(trail: &TrailArn) -> Finding {
    Finding {
        remedies: vec![Remedy::Command(update_trail(trail, "--enable-log-file-validation"))],
        ..finding(
            "trail.validation-off",
            Severity::Medium,
            format!(
                "the log files of trail {} are not validated, so that forging one goes unseen",
                trail.name()
            ),
            vec![format!("{READ_AFTER} LogFileValidationEnabled false")],
        )
    }
}

pub(super) fn single_region(trail: &TrailArn, settings: &Settings) -> Finding {
    let region = &trail.place().region;
    let mut shown = format!("{READ_AFTER} IsMultiRegionTrail false");
    // Source: CloudTrail user guide, "Global service events".
    let global = match region.partition().as_str() {
        "aws" => "us-east-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-cn" => "cn-north-1",
        // Where those of other partitions are recorded isn't documented.
        _ => region.as_str(),
    };
    if region.as_str() != global {
        shown.push_str(&format!(
            ", so that what global services such as IAM record in {global} is in none of its files"
        ));
    }
    Finding {
        remedies: vec![widen(trail, settings)],
        ..finding(
            "trail.single-region",
            Severity::Medium,
            format!("trail {} records {region} only", trail.name()),
            vec![shown],
        )
    }
}

/// How a trail of one Region is made to record all: without global events AWS refuses that.
pub(super) fn widen(trail: &TrailArn, settings: &Settings) -> Remedy {
    let mut options = "--is-multi-region-trail".to_owned();
    if settings.global_events != Some(true) {
        options = format!("{options} {WITH_GLOBAL}");
    }
    Remedy::Command(update_trail(trail, &options))
}

/// How a trail that leaves management events out is made to record them, without losing what else it records.
pub(super) fn record_by_hand(trail: &TrailArn, selectors: &Selectors) -> Vec<Remedy> {
    vec![
        step("record all management events again, beside what else get-event-selectors shows:"),
        Remedy::Command(format!(
            "aws cloudtrail put-event-selectors --region {} --trail-name {trail} {}",
            trail.place().region,
            selectors.with_management_events()
        )),
    ]
}

/// How a trail that isn't logging is made to.
pub(super) fn start_by_hand(trail: &TrailArn) -> Vec<Remedy> {
    vec![Remedy::Command(start_logging(trail))]
}

/// Selectors leave out what `left_out` tells, or a flag the events of global services.
pub(super) fn management_events_excluded(
    trail: &TrailArn,
    left_out: Option<(&Selectors, String)>,
    without_global: bool,
) -> Finding {
    const GLOBAL: &str = "it leaves out the events of global services such as IAM";
    let (mut remedies, mut evidence) = (Vec::new(), Vec::new());
    if let Some((selectors, what)) = left_out {
        remedies = record_by_hand(trail, selectors);
        evidence.push(what);
    }
    if without_global {
        remedies.push(step("record the events of global services again:"));
        remedies.push(Remedy::Command(update_trail(trail, WITH_GLOBAL)));
        evidence.push(GLOBAL.to_owned());
    }
    Finding {
        remedies,
        ..finding(
            EXCLUDED,
            Severity::High,
            format!("trail {} leaves out management events", trail.name()),
            evidence,
        )
    }
}

/// Delivery fails; the key is named where the error is about one. What a trail couldn't write to a log group that it no longer
/// writes to is no matter.
pub(super) fn delivery_failing(
    trail: &TrailArn,
    status: &Status,
    key: Option<&str>,
    log_group: Option<&str>,
) -> Option<Finding> {
    let told = |name: &str, error: &Option<String>| error.as_ref().map(|error| format!("{name}: {error}"));
    let errors: Vec<String> = told("LatestDeliveryError", &status.delivery_error)
        .into_iter()
        .chain(told("LatestDigestDeliveryError", &status.digest_error))
        .collect();
    let to_group = log_group.zip(told("LatestCloudWatchLogsDeliveryError", &status.log_group_error));
    let what = match (errors.is_empty(), &to_group) {
        (false, _) => "deliver its files",
        (true, Some(_)) => "write to its log group",
        (true, None) => return None,
    };
    let mut remedies = Vec::new();
    let about_key = errors.iter().any(|error| error.to_ascii_lowercase().contains("kms"));
    let mut evidence = errors;
    if let (true, Some(key)) = (about_key, key) {
        evidence.push(format!("the trail's key is {key}"));
        remedies.push(step("look at the key's state and policy:"));
        remedies.push(Remedy::Command(format!(
            "aws kms describe-key --region {} {}",
            key_region(key).as_ref().unwrap_or(&trail.place().region),
            Options::one("key-id", key)
        )));
    } else if !evidence.is_empty() {
        remedies.push(step("look at the bucket's policy, at its key and at whether it still exists"));
    }
    if let Some((log_group, error)) = to_group {
        evidence.push(error);
        remedies.push(step(format!(
            "look at the log group {log_group}, at its key, and at the role by which CloudTrail writes to it"
        )));
    }
    remedies.push(step("see whether the next delivery works:"));
    remedies.push(Remedy::Command(format!(
        "aws cloudtrail get-trail-status --region {} --name {trail}",
        trail.place().region
    )));
    let summary = format!("trail {} can't {what}", trail.name());
    Some(Finding { remedies, ..finding("trail.delivery-failing", Severity::High, summary, evidence) })
}

/// The Region that a key's ARN names; `None` for what is no ARN, or where no Region can be.
fn key_region(key: &str) -> Option<Region> {
    Region::parse(Arn::split(key)?.region).ok()
}

/// The trail of a DeleteTrail call is there: it was made again under its name.
pub(super) fn made_again(trail: &TrailArn) -> Finding {
    Finding {
        remedies: vec![
            step("ask the caller why; look whether the new trail is set up as the old one was:"),
            Remedy::Command(format!(
                "aws cloudtrail get-trail --region {} --name {trail}",
                trail.place().region
            )),
        ],
        ..finding(
            "trail.deleted",
            Severity::Medium,
            format!("trail {} was deleted and made again", trail.name()),
            vec!["the call to delete it succeeded, and a trail of its name exists".to_owned()],
        )
    }
}

pub(super) fn deleted(trail: &TrailArn, facts: &Facts) -> Finding {
    let (remedies, unknown) = rebuild::rebuild(trail, facts);
    let mut evidence = vec!["the trail no longer exists".to_owned()];
    if !unknown.is_empty() {
        evidence.push(format!("not known of it, and left to defaults below: {}", unknown.join(", ")));
    }
    Finding {
        remedies,
        ..finding("trail.deleted", Severity::High, format!("trail {} was deleted", trail.name()), evidence)
    }
}

/// A call that would have weakened a trail failed.
pub(super) fn attempt_denied(change: &Change, what: &str) -> Finding {
    let target = match Target::of(change).arn() {
        Some(arn) => format!("it named {arn}"),
        None => "the record doesn't say which".to_owned(),
    };
    let evidence = change.failure.as_ref().map(Failure::evidence).unwrap_or_default();
    Finding {
        remedies: vec![step("ask the caller why; nothing was changed")],
        ..finding(
            "trail.attempt-denied",
            Severity::Low,
            format!("a call to {what} failed; {target}"),
            evidence,
        )
    }
}
