//! The commands that make a deleted trail anew, from what is known of it.
//!
//! What isn't known is left to AWS's default and named, so that nobody takes the result for the old trail; a
//! bucket that isn't known stands as a word to fill in.

use super::options::Options;
use super::selectors::Rewritten;
use super::{Facts, Named, Settings};
use crate::facts::Reading;
use crate::names::TrailArn;
use crate::plan::{Remedy, shell_word};

/// Commands to create the trail, and which of its settings aren't known.
pub(super) fn rebuild(trail: &TrailArn, facts: &Facts) -> (Vec<Remedy>, Vec<&'static str>) {
    let none = Settings::default();
    let settings = match &facts.earlier {
        Reading::Known(settings) | Reading::Assumed(settings) => settings,
        Reading::Absent | Reading::Unreadable(_) | Reading::NotAsked => &none,
    };
    let mut unknown = Vec::new();
    let mut command = format!(
        "aws cloudtrail create-trail --region {} --name {}",
        trail.place().region,
        shell_word(trail.name())
    );
    let mut names = Options::default();
    let mut name = |what: &'static str, option: &'static str, setting: &Named| match setting {
        Named::Is(name) => names.push(option, name),
        Named::Nothing => {}
        Named::NotTold => {
            unknown.push(what);
            if option == "s3-bucket-name" {
                names.push(option, "BUCKET");
            }
        }
    };
    name("bucket", "s3-bucket-name", &settings.bucket);
    name("key prefix", "s3-key-prefix", &settings.prefix);
    name("SNS topic", "sns-topic-name", &settings.topic);
    name("log group", "cloud-watch-logs-log-group-arn", &settings.log_group);
    name("role for the log group", "cloud-watch-logs-role-arn", &settings.log_role);
    name("KMS key", "kms-key-id", &settings.key);
    if !names.is_empty() {
        command.push_str(&format!(" {names}"));
    }
    let mut flag = |what: &'static str, option: &str, setting: Option<bool>| match setting {
        Some(true) => command.push_str(&format!(" --{option}")),
        Some(false) => command.push_str(&format!(" --no-{option}")),
        None => unknown.push(what),
    };
    flag("all Regions or one", "is-multi-region-trail", settings.multi_region);
    flag("log file validation", "enable-log-file-validation", settings.validation);
    flag("organization trail or not", "is-organization-trail", settings.organization);
    flag("global service events", "include-global-service-events", settings.global_events);
    let mut remedies = vec![
        Remedy::Step("if nobody meant to delete it, create the trail again:".to_owned()),
        Remedy::Command(command),
    ];
    match &facts.selectors {
        Reading::Known(selectors) => match selectors.as_option() {
            Rewritten::Needless => {}
            Rewritten::Option(option) => remedies.push(Remedy::Command(format!(
                "aws cloudtrail put-event-selectors --region {} --trail-name {trail} {option}",
                trail.place().region
            ))),
            Rewritten::Unfit => unknown.push("event selectors (known, and too long for a command)"),
        },
        // Assumed are those of a new trail, which is what it gets without a command.
        Reading::Assumed(_) | Reading::Absent | Reading::Unreadable(_) | Reading::NotAsked => {
            unknown.push("event selectors");
        }
    }
    // Nothing that was looked at tells of these.
    unknown.extend(["insight selectors", "tags"]);
    remedies.push(Remedy::Command(start_logging(trail)));
    (remedies, unknown)
}

pub(super) fn start_logging(trail: &TrailArn) -> String {
    format!("aws cloudtrail start-logging --region {} --name {trail}", trail.place().region)
}

pub(super) fn update_trail(trail: &TrailArn, option: &str) -> String {
    format!("aws cloudtrail update-trail --region {} --name {trail} {option}", trail.place().region)
}
