//! Which readings contradict a call that succeeded only just now, and may come from before it.

use super::*;

const CREATED: &str = "2026-11-20T12:00:00Z";

fn call(name: &str, key: Option<&str>) -> Change {
    let record = json!({
        "eventSource": "logs.amazonaws.com", "eventName": name, "eventTime": CREATED, "eventID": "e-1",
        "awsRegion": "eu-central-1", "recipientAccountId": "111122223333",
        "requestParameters": { "logGroupName": NAME, "kmsKeyId": key },
    });
    match parse(&record).unwrap() {
        Parsed::Change(change) => *change,
        Parsed::NotAManagementCall(why) => panic!("{why}"),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn early(name: &str, given: Option<&str>, group: &Reading<GroupState>) -> bool {
    too_early::group(&call(name, given), group, at("2026-11-20T12:00:04Z"))
}

#[test]
fn a_group_that_shows_nothing_of_the_call_may_be_as_it_was_before() {
    let (create, associate, disassociate) = ("CreateLogGroup", "AssociateKmsKey", "DisassociateKmsKey");
    let keyed = |key| Reading::Known(state(key));
    for (name, given, group, expected) in [
        (create, None, Reading::Absent, true),
        (create, None, keyed(None), false),
        // It may have got one since.
        (create, None, keyed(Some(KEY)), false),
        (create, Some(KEY), keyed(Some(KEY)), false),
        (create, Some(KEY), keyed(None), true),
        (create, Some(KEY), keyed(Some(STRANGER)), true),
        // No key's ARN, so nothing to compare.
        (create, Some(ALIAS), keyed(Some(KEY)), false),
        (create, Some(ALIAS), keyed(None), true),
        (associate, Some(KEY), Reading::Absent, true),
        (associate, Some(KEY), keyed(Some(KEY)), false),
        (associate, Some(KEY), keyed(None), true),
        (associate, Some(KEY), keyed(Some(STRANGER)), true),
        (associate, None, keyed(None), false),
        (disassociate, None, Reading::Absent, true),
        (disassociate, None, keyed(Some(KEY)), true),
        (disassociate, None, keyed(None), false),
        (create, None, Reading::Unreadable(unreadable()), false),
        (create, None, Reading::NotAsked, false),
        ("DeleteLogGroup", None, Reading::Absent, false),
    ] {
        assert_eq!(early(name, given, &group), expected, "{name} with {given:?}: {group:?}");
    }
}

#[test]
fn a_group_that_was_made_before_the_call_is_an_earlier_one_of_its_name() {
    for (created, expected) in [
        (Some("2026-11-20T11:59:50Z"), true),
        (Some("2025-01-01T00:00:00Z"), true),
        (Some("2026-11-20T11:59:59.600Z"), false),
        (Some("2026-11-20T12:00:00.900Z"), false),
        (None, false),
    ] {
        let group = Reading::Known(GroupState { created: created.map(at), ..state(Some(KEY)) });
        assert_eq!(early("CreateLogGroup", None, &group), expected, "{created:?}");
        assert!(!early("AssociateKmsKey", Some(KEY), &group), "{created:?}");
    }
}

#[test]
fn only_a_call_that_succeeded_within_thirty_seconds_may_go_unseen() {
    let now = |text: &str| too_early::group(&call("CreateLogGroup", None), &Reading::Absent, at(text));
    assert!(now("2026-11-20T12:00:29Z"));
    assert!(!now("2026-11-20T12:00:30Z"));
    let failure =
        crate::change::Failure { code: crate::untrusted::Untrusted::new("Throttled"), message: None };
    let failed = Change { failure: Some(failure), ..call("CreateLogGroup", None) };
    assert!(!too_early::group(&failed, &Reading::Absent, at(CREATED)));
}
