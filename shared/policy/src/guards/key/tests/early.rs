//! Which readings contradict a call that succeeded only just now, and may come from before it.

use super::*;

fn at_once(name: &str, request: Value) -> Change {
    change_of(&record(name, request))
}

fn key_in(state: &str) -> Reading<Description> {
    Reading::Known(description(state))
}

#[test]
fn a_state_that_the_call_ends_may_be_from_before_it() {
    let states = ["Enabled", "Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport"];
    for (name, early) in [
        ("ScheduleKeyDeletion", vec!["Enabled", "Disabled", "PendingImport"]),
        ("CancelKeyDeletion", vec!["PendingDeletion", "PendingReplicaDeletion"]),
        ("DisableKey", vec!["Enabled"]),
        ("EnableKey", vec!["Disabled", "PendingDeletion", "PendingReplicaDeletion"]),
        ("DeleteImportedKeyMaterial", vec!["Enabled", "Disabled"]),
        ("DeleteExpiredKeyMaterial", vec!["Enabled", "Disabled"]),
        ("DeleteKey", states.to_vec()),
        ("PutKeyPolicy", vec![]),
        ("DisableKeyRotation", vec![]),
        ("UpdateAlias", vec![]),
        ("CreateKey", vec![]),
    ] {
        let change = change(name);
        let is_early = |state: &&str| too_early::state(&change, &key_in(state), time(NOW));
        let found: Vec<&str> = states.into_iter().filter(is_early).collect();
        assert_eq!(found, early, "{name}");
    }
}

#[test]
fn only_a_call_that_succeeded_within_thirty_seconds_may_go_unseen() {
    for (event, now, expected) in [
        (WHEN, "2026-11-03T09:12:44Z", true),
        (WHEN, "2026-11-03T09:13:13Z", true),
        (WHEN, "2026-11-03T09:13:14Z", false),
        (WHEN, "2027-11-03T09:12:44Z", false),
        ("2999-01-01T00:00:00Z", NOW, false),
    ] {
        let change = Change { time: time(event), ..change("DisableKey") };
        assert_eq!(too_early::state(&change, &key_in("Enabled"), time(now)), expected, "{event} at {now}");
    }
    let mut failed = record("DisableKey", json!({ "keyId": ID }));
    failed["errorCode"] = json!("AccessDenied");
    assert!(!too_early::state(&change_of(&failed), &key_in("Enabled"), time(NOW)));
}

#[test]
fn what_was_not_read_contradicts_nothing() {
    for reading in [Reading::Absent, Reading::NotAsked, Reading::Unreadable(denied())] {
        assert!(!too_early::state(&change("DisableKey"), &reading, time(NOW)), "{reading:?}");
    }
    let unread = Reading::Unreadable(unreadable());
    assert!(!too_early::rotation(&change("DisableKeyRotation"), &unread, time(NOW)));
    assert!(!too_early::alias(&change("DeleteAlias"), &Reading::Absent, time(NOW)));
}

#[test]
fn a_policy_that_is_not_the_one_that_was_put_may_be_the_one_before() {
    let written = |action: &str| json!({ "Statement": { "Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*" } });
    let (put, before) = (written("kms:*"), written("kms:Decrypt"));
    let early = |name: &str, request: Value, shown: &Value| {
        let shown = Reading::Known(KeyPolicy::from_value(shown).unwrap());
        too_early::policy(&at_once(name, request), &shown, time(NOW))
    };
    let text = || json!({ "keyId": ID, "policy": put.to_string() });
    assert!(early("PutKeyPolicy", text(), &before));
    assert!(early("PutKeyPolicy", json!({ "keyId": ID, "policy": put }), &before), "told as an object");
    assert!(!early("PutKeyPolicy", text(), &put));
    assert!(!early("DisableKeyRotation", text(), &before));
    for untold in [Value::Null, json!({ "keyId": ID }), json!({ "keyId": ID, "policy": "{ cut off" })] {
        assert!(!early("PutKeyPolicy", untold.clone(), &before), "{untold}");
    }
}

#[test]
fn a_key_that_is_still_rotated_may_not_be_any_more() {
    let early = |name, rotated| too_early::rotation(&change(name), &Reading::Known(rotated), time(NOW));
    assert!(early("DisableKeyRotation", true));
    assert!(!early("DisableKeyRotation", false));
    assert!(!early("PutKeyPolicy", true));
}

#[test]
fn an_alias_that_is_not_where_the_call_put_it_may_be_where_it_was() {
    let (one, two) = (arn(), KeyArn::new(arn().place().clone(), "other").unwrap());
    let shown = |key: &KeyArn| Reading::Known(key.clone());
    let early = |record: &Value, key: &KeyArn| too_early::alias(&change_of(record), &shown(key), time(NOW));
    for target in [one.id().to_owned(), one.to_string()] {
        let moved = record("UpdateAlias", json!({ "aliasName": "alias/logs", "targetKeyId": target }));
        assert!(early(&moved, &two), "{target}");
        assert!(!early(&moved, &one), "{target}");
    }
    let untold = record("UpdateAlias", json!({ "aliasName": "alias/logs" }));
    assert!(!early(&untold, &two), "the record doesn't tell where");
    let mut deleted = record("DeleteAlias", json!({ "aliasName": "alias/logs" }));
    assert!(early(&deleted, &one) && early(&deleted, &two));
    deleted["resources"] = json!([{ "ARN": one.to_string() }]);
    assert!(early(&deleted, &one));
    assert!(!early(&deleted, &two), "it was made anew, for another key");
}
