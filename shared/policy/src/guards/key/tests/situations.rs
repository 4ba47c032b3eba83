//! Situations as a KMS engineer would label them: a key's state, the evidence of its use, the policy, the event.

use super::*;

const CANCEL: &str = "key-not-pending-deletion";
const ENABLE: &str = "key-enabled";

struct Situation {
    name: &'static str,
    call: &'static str,
    facts: Facts,
    policy: &'static str,
    verdict: Verdict,
    finding: Option<(&'static str, Severity)>,
    effects: &'static [&'static str],
}

fn of(
    name: &'static str,
    call: &'static str,
    facts: Facts,
    verdict: Verdict,
    finding: Option<(&'static str, Severity)>,
    effects: &'static [&'static str],
) -> Situation {
    Situation { name, call, facts, policy: "", verdict, finding, effects }
}

fn under(policy: &'static str, situation: Situation) -> Situation {
    Situation { policy, ..situation }
}

fn with(facts: Facts, changed: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = facts;
    changed(&mut facts);
    facts
}

fn described(facts: Facts, changed: impl FnOnce(&mut Description)) -> Facts {
    with(facts, |facts| {
        if let Reading::Known(key) = &mut facts.key {
            changed(key);
        }
    })
}

const SCHEDULED: &str = "key.deletion-scheduled";
const DISABLED: &str = "key.disabled";

fn scheduled() -> Vec<Situation> {
    use Severity::{Critical, High, Low};
    use Verdict::{Compliant, Unknown, Violation};
    let call = "ScheduleKeyDeletion";
    let dying = "PendingDeletion";
    let saved: &[&str] = &[CANCEL, ENABLE];
    vec![
        of("used an hour ago", call, used(dying), Violation, Some((SCHEDULED, Critical)), saved),
        of(
            "used 89 days ago",
            call,
            with(unused(dying), |it| it.last_use = last_used("2026-08-06T10:00:00Z")),
            Violation,
            Some((SCHEDULED, Critical)),
            saved,
        ),
        of(
            "used 91 days ago, and not since",
            call,
            with(unused(dying), |it| it.last_use = last_used("2026-08-04T08:00:00Z")),
            Violation,
            Some((SCHEDULED, Low)),
            &[],
        ),
        under(
            "[keys]\nin_use_days = 365\n",
            of(
                "used 91 days ago, where a year counts",
                call,
                with(unused(dying), |it| it.last_use = last_used("2026-08-04T08:00:00Z")),
                Violation,
                Some((SCHEDULED, Critical)),
                saved,
            ),
        ),
        of("never used since it was made", call, unused(dying), Violation, Some((SCHEDULED, Low)), &[]),
        under(
            "[keys]\nno_evidence = \"medium\"\n",
            of(
                "never used, and policy wants to know",
                call,
                unused(dying),
                Violation,
                Some((SCHEDULED, Severity::Medium)),
                &[],
            ),
        ),
        of(
            "no use on record, but older than the record",
            call,
            with(unused(dying), |it| {
                it.last_use = Reading::Known(LastUse {
                    used: None,
                    tracking_since: Some(time("2026-04-23T00:00:00Z")),
                    created: Some(time("2024-01-01T00:00:00Z")),
                });
            }),
            Unknown,
            Some((SCHEDULED, High)),
            &[],
        ),
        of(
            "a log group uses it, and no use is on record",
            call,
            with(unused(dying), |it| it.log_groups = groups(&["/payments/api"])),
            Violation,
            Some((SCHEDULED, Critical)),
            saved,
        ),
        of(
            "a trail uses it",
            call,
            with(unused(dying), |it| it.trails = Reading::Known(vec![trail("audit")])),
            Violation,
            Some((SCHEDULED, Critical)),
            saved,
        ),
        of(
            "a service holds a grant",
            call,
            with(unused(dying), |it| it.grants = Reading::Known(vec![grant("rds.amazonaws.com", None)])),
            Violation,
            Some((SCHEDULED, Critical)),
            saved,
        ),
        of(
            "a service-linked role holds a grant",
            call,
            with(unused(dying), |it| {
                let role = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
                it.grants = Reading::Known(vec![grant(role, None)]);
            }),
            Violation,
            Some((SCHEDULED, Critical)),
            saved,
        ),
        of(
            "a service may retire a grant of a role",
            call,
            with(unused(dying), |it| {
                let role = "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0abc";
                it.grants = Reading::Known(vec![grant(role, Some("ec2.eu-central-1.amazonaws.com"))]);
            }),
            Violation,
            Some((SCHEDULED, Critical)),
            saved,
        ),
        of(
            "only a role holds a grant",
            call,
            with(unused(dying), |it| {
                it.grants = Reading::Known(vec![grant("arn:aws:iam::111122223333:role/app", None)]);
            }),
            Violation,
            Some((SCHEDULED, Low)),
            &[],
        ),
        of(
            "shared through RAM",
            call,
            with(unused(dying), |it| it.shared = Reading::Known(true)),
            Violation,
            Some((SCHEDULED, Critical)),
            saved,
        ),
        under(
            "[keys]\nprotect = [\"alias/app\"]\n",
            of("an alias protects it", call, unused(dying), Violation, Some((SCHEDULED, Critical)), saved),
        ),
        under(
            "[keys]\nprotect_tags = { tier = \"prod\" }\n",
            of(
                "a tag protects it",
                call,
                with(unused(dying), |it| {
                    it.tags = Reading::Known(BTreeMap::from([("tier".to_owned(), "prod".to_owned())]));
                }),
                Violation,
                Some((SCHEDULED, Critical)),
                saved,
            ),
        ),
        under(
            "[keys]\nprotect = [\"alias/prod-*\"]\n",
            of(
                "its aliases can't be read, and one may protect it",
                call,
                with(unused(dying), |it| it.aliases = Reading::Unreadable(denied())),
                Unknown,
                Some((SCHEDULED, High)),
                &[],
            ),
        ),
        of(
            "its aliases can't be read, and none would matter",
            call,
            with(unused(dying), |it| it.aliases = Reading::Unreadable(denied())),
            Violation,
            Some((SCHEDULED, Low)),
            &[],
        ),
        of(
            "its last use can't be read, and nothing else shows use",
            call,
            with(unused(dying), |it| it.last_use = Reading::Unreadable(denied())),
            Unknown,
            Some((SCHEDULED, High)),
            &[],
        ),
        of(
            "its last use can't be read, but a trail uses it",
            call,
            with(unused(dying), |it| {
                it.last_use = Reading::Unreadable(denied());
                it.trails = Reading::Known(vec![trail("audit")]);
            }),
            Violation,
            Some((SCHEDULED, Critical)),
            saved,
        ),
        of(
            "the log groups took too long",
            call,
            with(unused(dying), |it| {
                let cut_short = Some(unreadable());
                it.log_groups = Reading::Known(LogGroups { using: Vec::new(), looked_at: 9000, cut_short });
            }),
            Unknown,
            Some((SCHEDULED, High)),
            &[],
        ),
        of(
            "no source can be read",
            call,
            Facts { key: Reading::Known(description(dying)), ..Facts::none() },
            Unknown,
            Some((SCHEDULED, High)),
            &[],
        ),
        of(
            "a multi-Region primary with replicas, in use",
            call,
            described(used("PendingReplicaDeletion"), |key| {
                key.multi_region = MultiRegion::Primary { replicas: vec!["us-east-1".to_owned()] };
            }),
            Violation,
            Some((SCHEDULED, Critical)),
            saved,
        ),
        of(
            "a multi-Region replica, in use",
            call,
            described(used(dying), |key| {
                key.multi_region = MultiRegion::Replica { primary: "us-east-1".to_owned() };
            }),
            Violation,
            Some((SCHEDULED, Critical)),
            saved,
        ),
        of(
            "imported material, in use",
            call,
            described(used(dying), |key| key.origin = Some(Origin::Imported)),
            Violation,
            Some((SCHEDULED, Critical)),
            saved,
        ),
        of(
            "a custom key store, in use",
            call,
            described(used(dying), |key| key.origin = Some(Origin::KeyStore)),
            Violation,
            Some((SCHEDULED, Critical)),
            saved,
        ),
        of(
            "disabled before it was scheduled",
            call,
            with(used(dying), |it| {
                it.history = Reading::Known(history_of(vec![past(Act::Disabled, "2026-11-03T08:30:00Z")]));
            }),
            Violation,
            Some((SCHEDULED, Critical)),
            &[CANCEL],
        ),
        of(
            "in use by a log group alone, and whether it was enabled can't be told",
            call,
            described(with(unused(dying), |it| it.log_groups = groups(&["/payments/api"])), |key| {
                key.created = Some(time("2020-01-01T00:00:00Z"))
            }),
            Violation,
            Some((SCHEDULED, Critical)),
            &[CANCEL],
        ),
        of(
            "in use, and its history can't be read",
            call,
            with(used(dying), |it| it.history = Reading::Unreadable(unreadable())),
            Violation,
            Some((SCHEDULED, Critical)),
            &[CANCEL],
        ),
        of("rescued already, and enabled", call, used("Enabled"), Compliant, None, &[]),
        of(
            "the deletion was cancelled, which left it disabled",
            call,
            used("Disabled"),
            Violation,
            Some((DISABLED, Critical)),
            &[ENABLE],
        ),
        of(
            "the deletion was cancelled, and it was disabled before",
            call,
            with(used("Disabled"), |it| {
                it.history = Reading::Known(history_of(vec![past(Act::Disabled, "2026-11-03T08:30:00Z")]));
            }),
            Compliant,
            None,
            &[],
        ),
        of(
            "its custom key store is disconnected by now",
            call,
            used("Unavailable"),
            Unknown,
            Some(("key.state-unknown", High)),
            &[],
        ),
    ]
}

fn others() -> Vec<Situation> {
    use Severity::{Critical, High, Low, Medium};
    use Verdict::{Compliant, Ignored, Unknown, Violation};
    let gone = || Facts {
        key: Reading::Absent,
        last_use: Reading::Absent,
        grants: Reading::Absent,
        shared: Reading::Absent,
        aliases: Reading::NotAsked,
        tags: Reading::NotAsked,
        ..unused("Enabled")
    };
    vec![
        of(
            "disabled, in use",
            "DisableKey",
            used("Disabled"),
            Violation,
            Some((DISABLED, Critical)),
            &[ENABLE],
        ),
        of("disabled, never used", "DisableKey", unused("Disabled"), Violation, Some((DISABLED, Low)), &[]),
        of(
            "disabled, and whether it is in use can't be told",
            "DisableKey",
            with(unused("Disabled"), |it| it.last_use = Reading::Unreadable(denied())),
            Unknown,
            Some((DISABLED, High)),
            &[],
        ),
        of("disabled and enabled again", "DisableKey", used("Enabled"), Compliant, None, &[]),
        of(
            "disabled, and scheduled by now",
            "DisableKey",
            used("PendingDeletion"),
            Violation,
            Some((SCHEDULED, Critical)),
            &[],
        ),
        of(
            "disabled, while its store is disconnected",
            "DisableKey",
            used("Unavailable"),
            Unknown,
            Some(("key.state-unknown", High)),
            &[],
        ),
        of(
            "cancelled by a person, and left disabled",
            "CancelKeyDeletion",
            with(used("Disabled"), |it| {
                it.history = Reading::Known(history_of(vec![past(Act::Scheduled, "2026-11-03T09:00:00Z")]));
            }),
            Violation,
            Some((DISABLED, Critical)),
            &[ENABLE],
        ),
        of("cancelled and enabled", "CancelKeyDeletion", used("Enabled"), Compliant, None, &[]),
        of("enabled", "EnableKey", used("Enabled"), Compliant, None, &[]),
        of(
            "material deleted, in use",
            "DeleteImportedKeyMaterial",
            used("PendingImport"),
            Violation,
            Some(("key.material-deleted", Critical)),
            &[],
        ),
        of(
            "material expired, and whether it is in use can't be told",
            "DeleteExpiredKeyMaterial",
            with(unused("PendingImport"), |it| it.last_use = Reading::Unreadable(denied())),
            Unknown,
            Some(("key.material-deleted", Critical)),
            &[],
        ),
        of(
            "material deleted, never used",
            "DeleteImportedKeyMaterial",
            unused("PendingImport"),
            Violation,
            Some(("key.material-deleted", Low)),
            &[],
        ),
        of("material imported again", "DeleteImportedKeyMaterial", used("Enabled"), Compliant, None, &[]),
        of(
            "deleted, and a log group still names it",
            "DeleteKey",
            with(gone(), |it| it.log_groups = groups(&["/payments/api"])),
            Violation,
            Some(("key.deleted", Critical)),
            &[],
        ),
        of(
            "deleted, and nothing seen names it",
            "DeleteKey",
            gone(),
            Unknown,
            Some(("key.deleted", High)),
            &[],
        ),
        of("said to be deleted, and there", "DeleteKey", unused("Enabled"), Compliant, None, &[]),
        of(
            "scheduled, and dead by the time of the look",
            "ScheduleKeyDeletion",
            gone(),
            Unknown,
            Some(("key.deleted", High)),
            &[],
        ),
        of("disabled, and long gone", "DisableKey", gone(), Ignored, None, &[]),
        of(
            "rotation off",
            "DisableKeyRotation",
            with(unused("Enabled"), |it| it.rotation = Reading::Known(false)),
            Violation,
            Some(("key.rotation-off", Medium)),
            &[],
        ),
        of(
            "rotation on again",
            "DisableKeyRotation",
            with(unused("Enabled"), |it| it.rotation = Reading::Known(true)),
            Compliant,
            None,
            &[],
        ),
        of(
            "rotation of a kind that isn't rotated",
            "DisableKeyRotation",
            with(unused("Enabled"), |it| it.rotation = Reading::Absent),
            Compliant,
            None,
            &[],
        ),
        of(
            "rotation can't be read",
            "DisableKeyRotation",
            with(unused("Enabled"), |it| it.rotation = Reading::Unreadable(denied())),
            Unknown,
            Some(("key.state-unknown", High)),
            &[],
        ),
        of(
            "rotation off on a dying key that is in use",
            "DisableKeyRotation",
            with(used("PendingDeletion"), |it| it.rotation = Reading::Known(false)),
            Violation,
            Some((SCHEDULED, Critical)),
            &[],
        ),
        of(
            "the key can't be read",
            "ScheduleKeyDeletion",
            with(used("Enabled"), |it| it.key = Reading::Unreadable(denied())),
            Unknown,
            Some(("key.state-unknown", High)),
            &[],
        ),
        of(
            "nobody looked",
            "ScheduleKeyDeletion",
            Facts::none(),
            Unknown,
            Some(("key.state-unknown", High)),
            &[],
        ),
    ]
}

#[test]
fn each_situation_gets_the_verdict_of_a_kms_engineer() {
    let situations: Vec<Situation> = scheduled().into_iter().chain(others()).collect();
    assert!(situations.len() >= 40, "{} situations", situations.len());
    for Situation { name, call, facts, policy, verdict, finding, effects } in situations {
        let plan = plan_under(policy, &change(call), &facts);
        assert_eq!(plan.verdict, verdict, "{name}: {plan:#?}");
        let worst = plan.findings.first().map(|finding| (finding.id, finding.severity));
        assert_eq!(worst, finding, "{name}: {plan:#?}");
        assert_eq!(ensured(&plan), effects, "{name}");
    }
}

#[test]
fn a_page_says_when_the_key_dies_what_breaks_and_what_was_done() {
    let facts = with(used("PendingDeletion"), |it| it.log_groups = groups(&["/payments/api"]));
    let plan = plan(&change("ScheduleKeyDeletion"), &facts);
    let told = evidence(&plan);
    for piece in [
        "KMS deletes it on 2026-12-03T09:12:44Z",
        "in use: last Decrypt, event 5ddb0a5e-0000-4000-8000-000000000001 (kms:GetKeyLastUsage, 2026-11-03T08:00:00Z)",
        "in use: the log group /payments/api encrypts with it (logs:DescribeLogGroups, read after the event)",
        "to be enabled again",
    ] {
        assert!(told.contains(piece), "{piece}\n{told}");
    }
    let commands: Vec<String> = plan.findings[0].remedies.iter().map(ToString::to_string).collect();
    let commands = commands.join("\n");
    assert!(
        commands.contains(&format!("aws kms cancel-key-deletion --region eu-central-1 --key-id {}", arn()))
    );
    assert!(commands.contains(&format!("aws kms enable-key --region eu-central-1 --key-id {}", arn())));
}

#[test]
fn what_could_not_be_read_is_told_beside_what_shows_use() {
    let facts = with(used("PendingDeletion"), |it| {
        it.grants = Reading::Unreadable(denied());
        it.shared = Reading::Unreadable(unreadable());
    });
    let told = evidence(&plan(&change("ScheduleKeyDeletion"), &facts));
    assert!(
        told.contains("not read: whether a service holds a grant: kms:X: AccessDeniedException: no"),
        "{told}"
    );
    assert!(
        told.contains("not read: whether it is shared through AWS RAM: kms:X: ThrottlingException"),
        "{told}"
    );
}

#[test]
fn an_unknown_that_may_pass_is_tried_again() {
    let facts = with(unused("PendingDeletion"), |it| it.last_use = Reading::Unreadable(unreadable()));
    assert!(plan(&change("ScheduleKeyDeletion"), &facts).retryable);
    let facts = with(unused("PendingDeletion"), |it| it.last_use = Reading::Unreadable(denied()));
    assert!(!plan(&change("ScheduleKeyDeletion"), &facts).retryable);
}

#[test]
fn a_primary_without_a_date_is_told_to_wait_for_its_replicas() {
    let facts = described(used("PendingReplicaDeletion"), |key| {
        key.multi_region =
            MultiRegion::Primary { replicas: vec!["us-east-1".to_owned(), "eu-west-1".to_owned()] };
    });
    let told = evidence(&plan(&change("ScheduleKeyDeletion"), &facts));
    assert!(
        told.contains(
            "no date yet, and its waiting period begins once its replicas in us-east-1, eu-west-1 are deleted"
        ),
        "{told}"
    );
}
