//! What is found where a trail no longer serves those whom it served: it delivers elsewhere, records fewer accounts, or can be read
//! by somebody else's leave only.

use super::super::options::Options;
use super::super::rebuild::update_trail;
use super::super::settings::Moved;
use super::{READ_AFTER, finding, step};
use crate::names::{AccountId, TrailArn};
use crate::plan::{Finding, Remedy, Severity};

pub(in super::super) fn redirected(trail: &TrailArn, moved: Vec<Moved>, buckets: &[String]) -> Finding {
    let back = moved.iter().fold(Options::default(), |all, it| all.and(it.back.clone()));
    let mut remedies = vec![
        step("ask the caller why; if that is not where it should deliver, set it back:"),
        Remedy::Command(update_trail(trail, &back.to_string())),
    ];
    if !buckets.is_empty() {
        remedies.push(step("if its bucket is right, list it under `trails.buckets` in the policy file"));
    }
    Finding {
        remedies,
        ..finding(
            "trail.redirected",
            Severity::High,
            format!("trail {} delivers elsewhere than before or than policy lists", trail.name()),
            moved.into_iter().map(|it| it.what).collect(),
        )
    }
}

pub(in super::super) fn may_be_redirected(
    trail: &TrailArn,
    now: String,
    why: String,
    buckets: &[String],
) -> Finding {
    let mut remedies = vec![
        step("look whether the trail delivers where it should:"),
        Remedy::Command(format!("aws cloudtrail get-trail --region {} --name {trail}", trail.place().region)),
    ];
    if buckets.is_empty() {
        let list =
            "list its bucket under `trails.buckets` in the policy file, and no history is needed to judge it";
        remedies.push(step(list));
    }
    Finding {
        remedies,
        ..finding(
            "trail.redirected",
            Severity::Medium,
            format!(
                "a call set where trail {} delivers, and whether that is new can't be told",
                trail.name()
            ),
            vec![now, why],
        )
    }
}

const MEMBERS: &str = "CloudTrail deletes a trail that is switched to its own account from all other accounts of the organization";

/// An organization's trail is its home account's only.
pub(in super::super) fn organization_off(trail: &TrailArn, why: String) -> Finding {
    let account = &trail.place().account;
    Finding {
        remedies: vec![
            step("ask the caller why; if the organization should be recorded, switch it on again:"),
            Remedy::Command(update_trail(trail, "--is-organization-trail")),
            step("what the other accounts did meanwhile is in none of the trail's files"),
        ],
        ..finding(
            "trail.organization-off",
            Severity::High,
            format!("trail {} records account {account} only, no longer its organization", trail.name()),
            vec![format!("{READ_AFTER} IsOrganizationTrail false"), why, MEMBERS.to_owned()],
        )
    }
}

/// The same, where the trail may never have been an organization's.
pub(in super::super) fn organization_may_be_off(trail: &TrailArn, why: String) -> Finding {
    Finding {
        remedies: vec![
            step("ask the caller; if the trail was the organization's and should be, switch that on again:"),
            Remedy::Command(update_trail(trail, "--is-organization-trail")),
        ],
        ..finding(
            "trail.organization-off",
            Severity::Medium,
            format!(
                "a call set that trail {} records its own account only, and whether that is new can't be told",
                trail.name()
            ),
            vec![why, MEMBERS.to_owned()],
        )
    }
}

/// The same gap leaves open whether the trail was an organization's.
pub(in super::super) fn may_have_left_too(redirected: &mut Finding) {
    redirected.evidence.push(
        "nor can be told whether it was an organization trail, which the call set that it isn't".to_owned(),
    );
    redirected.remedies.push(step(
        "if it was the organization's, and should be, run update-trail with --is-organization-trail",
    ));
}

/// The files of a trail are encrypted with a key of an account that policy doesn't name.
pub(in super::super) fn key_foreign(
    trail: &TrailArn,
    owner: &AccountId,
    key: &str,
    why: String,
    before: Option<&str>,
) -> Finding {
    let back = Options::one("kms-key-id", before.unwrap_or("KEY_ARN"));
    Finding {
        remedies: vec![
            step("ask the caller why; if the key shouldn't be that account's, set one of your own:"),
            Remedy::Command(update_trail(trail, &back.to_string())),
            step("copy the files that were written under it while they can be read"),
            step(OR_NAME_IT),
        ],
        ..finding(
            "trail.key-foreign",
            Severity::High,
            format!("the files of trail {} are encrypted with a key of account {owner}", trail.name()),
            vec![format!("{READ_AFTER} KmsKeyId {key}"), why, by_its_leave(owner)],
        )
    }
}

/// The same, where it may have been so all along.
pub(in super::super) fn key_may_be_foreign(
    trail: &TrailArn,
    owner: &AccountId,
    key: &str,
    why: String,
) -> Finding {
    Finding {
        remedies: vec![
            step("ask the caller; if the key shouldn't be that account's, set one of your own:"),
            Remedy::Command(update_trail(trail, "--kms-key-id KEY_ARN")),
            step(OR_NAME_IT),
        ],
        ..finding(
            "trail.key-foreign",
            Severity::Medium,
            format!(
                "the files of trail {} are encrypted with a key of account {owner}, and whether they were before can't be told",
                trail.name()
            ),
            vec![format!("{READ_AFTER} KmsKeyId {key}"), why, by_its_leave(owner)],
        )
    }
}

const OR_NAME_IT: &str =
    "if it is right, name it as `key` under [trails] in the policy file, or exempt the trail";

fn by_its_leave(owner: &AccountId) -> String {
    format!("whoever rules account {owner} decides who can read these files, and for how long")
}
