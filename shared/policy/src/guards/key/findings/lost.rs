//! What is found where a key's material, or the key itself, is gone: what brings it back, or replaces it.

use super::super::policy_change::NAMED;
use super::super::usage::Usage;
use super::super::{Description, Facts};
use super::{and_usage, finding, step};
use crate::change::Change;
use crate::facts::Reading;
use crate::guards::log_group::option;
use crate::names::{KeyArn, LogGroupArn, TrailArn};
use crate::plan::{Finding, Remedy, Severity};
use crate::policy::Policy;

/// The same of a key that is gone.
fn and_usage_before(usage: &Usage) -> &'static str {
    match usage {
        Usage::InUse { .. } => ", and it was in use",
        Usage::NoEvidence { .. } => "; nothing shows that it was in use",
        Usage::Unknown { .. } => "; whether it was in use can't be told",
    }
}

/// Material that is gone is gone at once; only who is sure that nobody needs it may sleep on.
pub(in super::super) fn material_deleted(
    key: &Description,
    change: &Change,
    policy: &Policy,
    usage: &Usage,
) -> Finding {
    let severity = match usage {
        Usage::InUse { .. } | Usage::Unknown { .. } => Severity::Critical,
        Usage::NoEvidence { .. } => policy.keys.no_evidence,
    };
    let how = match change.event_name.raw() {
        "DeleteImportedKeyMaterial" => "its imported material was deleted",
        _ => "its imported material expired",
    };
    let mut evidence = usage.told();
    evidence.push(format!("{how}: its state is PendingImport, at once and without a waiting period"));
    Finding {
        remedies: import_again(&key.arn),
        ..finding(
            "key.material-deleted",
            severity,
            format!("key {} has lost its material{}", key.arn.id(), and_usage(usage)),
            evidence,
        )
    }
}

/// How a key gets back the material that was imported into it.
///
/// Source: KMS API Reference, GetParametersForImport: RSAES_OAEP_SHA_256 wraps material of all kinds but private RSA keys.
#[must_use]
pub fn import_again(key: &KeyArn) -> Vec<Remedy> {
    let region = key.place().region.as_str();
    let command = |text: &str| Remedy::Command(text.to_owned());
    vec![
        step(
            "import the same material again, from your own copy: KMS keeps none, and takes no other for this key. Get what to wrap it with, which serves for 24 hours:",
        ),
        Remedy::Command(format!(
            "aws kms get-parameters-for-import --region {region} --key-id {key} --wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_4096 --query '[PublicKey,ImportToken]' --output text > import.txt"
        )),
        command("cut -f1 import.txt | openssl base64 -d -A > wrapping.der"),
        command("cut -f2 import.txt | openssl base64 -d -A > token.bin"),
        step(
            "wrap your copy, a file of the bare bytes, here MATERIAL; a private RSA key doesn't go in so, and needs RSA_AES_KEY_WRAP_SHA_256 here and above:",
        ),
        command(
            "openssl pkeyutl -encrypt -pubin -keyform DER -inkey wrapping.der -in MATERIAL -out material.bin -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256",
        ),
        step("import it:"),
        Remedy::Command(format!(
            "aws kms import-key-material --region {region} --key-id {key} --import-token fileb://token.bin --encrypted-key-material fileb://material.bin --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE"
        )),
    ]
}

pub(in super::super) fn deleted(key: &KeyArn, facts: &Facts, policy: &Policy, usage: &Usage) -> Finding {
    let mut evidence = usage.told();
    evidence.push("KMS no longer knows the key".to_owned());
    let mut remedies = vec![
        step(
            "nothing brings a deleted key back; a replica or primary of it in another Region still decrypts what it encrypted",
        ),
        step("see who scheduled its deletion:"),
        Remedy::look_up(&key.place().region, "ResourceName", &key.to_string(), None),
    ];
    remedies.extend(other_key_for_log_groups(key, facts));
    remedies.extend(other_key_for_trails(key, facts));
    Finding {
        remedies,
        ..finding(
            "key.deleted",
            usage.severity(policy),
            format!("key {} is deleted{}", key.id(), and_usage_before(usage)),
            evidence,
        )
    }
}

/// Those that were seen may not be all: where other things show that the key was in use, log groups aren't looked through.
fn other_key_for_log_groups(key: &KeyArn, facts: &Facts) -> Vec<Remedy> {
    let region = &key.place().region;
    let associate = |name: &str| {
        let name = option("--log-group-name", name);
        Remedy::Command(format!("aws logs associate-kms-key --region {region} {name} --kms-key-id KEY_ARN"))
    };
    let (seen, is_none): (&[LogGroupArn], bool) = match &facts.log_groups {
        Reading::Known(groups) | Reading::Assumed(groups) => {
            (&groups.using, groups.using.is_empty() && groups.cut_short.is_none())
        }
        Reading::Absent | Reading::Unreadable(_) | Reading::NotAsked => (&[], false),
    };
    let mut remedies = Vec::new();
    if !seen.is_empty() {
        remedies.push(step("give what used it another key, so that new events can be written:"));
        remedies.extend(seen.iter().take(NAMED).map(|group| associate(group.name().as_str())));
    }
    if !is_none {
        remedies.extend([
            step("find the log groups that name it, and give each another key:"),
            Remedy::Command(format!(
                "aws logs describe-log-groups --region {region} --query \"logGroups[?kmsKeyId=='{key}'].logGroupName\" --output text"
            )),
            associate("NAME"),
        ]);
    }
    remedies
}

fn other_key_for_trails(key: &KeyArn, facts: &Facts) -> Vec<Remedy> {
    let update = |region: &str, trail: &str| {
        Remedy::Command(format!(
            "aws cloudtrail update-trail --region {region} --name {trail} --kms-key-id KEY_ARN"
        ))
    };
    let (seen, is_all): (&[TrailArn], bool) = match &facts.trails {
        Reading::Known(trails) | Reading::Assumed(trails) => (trails, trails.len() <= NAMED),
        Reading::Absent | Reading::Unreadable(_) | Reading::NotAsked => (&[], false),
    };
    let mut commands: Vec<Remedy> = seen
        .iter()
        .take(NAMED)
        .map(|trail| update(trail.place().region.as_str(), &trail.to_string()))
        .collect();
    if !is_all {
        commands.push(update(key.place().region.as_str(), "TRAIL_ARN"));
    }
    if !commands.is_empty() {
        commands.insert(0, step("give each trail that used it another key:"));
    }
    commands
}
