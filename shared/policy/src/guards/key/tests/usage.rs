//! What each source says of a key's use, and how the sources add up.

use super::super::usage::usage;
use super::*;

fn answer(text: &str, facts: &Facts) -> Usage {
    usage(&policy(text), facts, time(NOW))
}

#[test]
fn a_key_that_was_made_on_the_day_tracking_began_was_never_used() {
    let at = |created: &str| Facts {
        last_use: Reading::Known(LastUse {
            used: None,
            tracking_since: Some(time("2026-04-23T00:00:00Z")),
            created: Some(time(created)),
        }),
        ..unused("PendingDeletion")
    };
    for (created, is_unused) in
        [("2026-04-22T23:59:59Z", false), ("2026-04-23T00:00:00Z", true), ("2026-04-23T00:00:01Z", true)]
    {
        let found = matches!(answer("", &at(created)), Usage::NoEvidence { .. });
        assert_eq!(found, is_unused, "{created}");
    }
}

#[test]
fn of_a_key_that_was_just_made_no_use_proves_nothing() {
    let at = |created: &str| {
        let date = Some(time(created));
        let last_use = Reading::Known(LastUse { used: None, tracking_since: date, created: date });
        answer("", &Facts { last_use, ..unused("PendingDeletion") })
    };
    assert!(matches!(at("2026-11-03T08:13:01Z"), Usage::Unknown { .. }));
    assert!(matches!(at("2026-11-03T08:13:00Z"), Usage::NoEvidence { .. }));
}

#[test]
fn an_answer_without_its_dates_proves_nothing() {
    let date = Some(time("2026-09-01T00:00:00Z"));
    for (tracking_since, created) in [(None, date), (date, None), (None, None)] {
        let last_use = Reading::Known(LastUse { used: None, tracking_since, created });
        let facts = Facts { last_use, ..unused("PendingDeletion") };
        assert!(matches!(answer("", &facts), Usage::Unknown { .. }), "{tracking_since:?} {created:?}");
    }
}

#[test]
fn one_unread_source_makes_nothing_found_unknown_and_use_found_stays_use() {
    type Breaks = fn(&mut Facts);
    let protect = "[keys]\nprotect = [\"alias/prod\"]\nprotect_tags = { tier = \"prod\" }\n";
    let breaks: [(&str, Breaks); 7] = [
        ("aliases", |it| it.aliases = Reading::Unreadable(denied())),
        ("tags", |it| it.tags = Reading::Unreadable(denied())),
        ("last use", |it| it.last_use = Reading::Unreadable(denied())),
        ("trails", |it| it.trails = Reading::Unreadable(denied())),
        ("grants", |it| it.grants = Reading::Unreadable(denied())),
        ("sharing", |it| it.shared = Reading::Unreadable(denied())),
        ("log groups", |it| it.log_groups = Reading::Unreadable(denied())),
    ];
    assert!(matches!(answer(protect, &unused("PendingDeletion")), Usage::NoEvidence { .. }));
    for (source, broken) in breaks {
        let mut facts = unused("PendingDeletion");
        broken(&mut facts);
        let Usage::Unknown { why, looked_at, retryable } = answer(protect, &facts) else {
            panic!("{source}: {:?}", answer(protect, &facts))
        };
        assert_eq!(why.len(), 1, "{source}: {why:?}");
        assert!(why[0].contains("AccessDenied") && !retryable, "{source}: {why:?}");
        assert!(!looked_at.is_empty(), "{source}");

        let shown = if source == "trails" { groups(&["/app"]) } else { facts.log_groups.clone() };
        let trails =
            if source == "trails" { facts.trails.clone() } else { Reading::Known(vec![trail("audit")]) };
        let in_use = Facts { log_groups: shown, trails, ..facts };
        let Usage::InUse { unread, .. } = answer(protect, &in_use) else { panic!("{source}") };
        assert_eq!(unread.len(), 1, "{source}");
    }
}

#[test]
fn log_groups_are_asked_only_while_nothing_else_shows_use() {
    let asked = Questions { usage: true, ..Questions::default() };
    let unasked = |facts: Facts| Facts { log_groups: Reading::NotAsked, ..facts };
    let scan_of = |asked: &Questions, facts: &Facts| scan(&policy(""), asked, facts, time(NOW));
    assert_eq!(scan_of(&asked, &unasked(unused("PendingDeletion"))), Scan::First);
    assert_eq!(scan_of(&asked, &unasked(used("PendingDeletion"))), Scan::None);
    assert_eq!(scan_of(&Questions::default(), &unasked(unused("Enabled"))), Scan::None);
    let asked = Questions { policy: true, ..Questions::default() };
    assert_eq!(scan_of(&asked, &unasked(unused("Enabled"))), Scan::None, "an unread policy shuts nobody out");
}

#[test]
fn hostile_names_in_evidence_stay_on_their_line() {
    let facts = Facts {
        aliases: Reading::Known(BTreeSet::from(["alias/prod\nCRITICAL all is well".to_owned()])),
        grants: Reading::Known(vec![grant("evil\n.amazonaws.com", None), grant("arn:\u{202e}x", None)]),
        ..unused("PendingDeletion")
    };
    let plan = plan_under("[keys]\nprotect = [\"alias/prod*\"]\n", &change("ScheduleKeyDeletion"), &facts);
    assert!(plan.findings.iter().flat_map(|it| &it.evidence).all(|line| !line.contains(['\n', '\u{202e}'])));
    assert!(!evidence(&plan).contains("holds the grant"), "a service's name has no line break");
}

/// Source: KMS Developer Guide, "Examining grants".
#[test]
fn a_disk_that_is_attached_needs_its_key_however_long_ago_it_was_used() {
    let holds = |grantee: &str| {
        let facts = Facts { grants: Reading::Known(vec![grant(grantee, None)]), ..unused("PendingDeletion") };
        matches!(answer("", &facts), Usage::InUse { .. })
    };
    for grantee in [
        "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-5d476fab",
        "111122223333:aws:ec2-infrastructure:i-81e2f56c",
        "dynamodb.us-west-2.amazonaws.com",
        "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
    ] {
        assert!(holds(grantee), "{grantee}");
    }
    for grantee in [
        "arn:aws:sts::111122223333:assumed-role/ec2-infrastructure/i-5d476fab",
        "arn:aws:sts::111122223333:assumed-role/app/aws:ec2-infrastructure",
        "arn:aws:sts::111122223333:assumed-role/x.amazonaws.com/session",
        "arn:aws:iam::111122223333:role/aws:ec2-infrastructure",
        "111122223333:ec2-infrastructure:i-81e2f56c",
        "AROAEXAMPLEEXAMPLE001",
    ] {
        assert!(!holds(grantee), "{grantee}");
    }
}
