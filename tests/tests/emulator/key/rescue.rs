//! A key in use is rescued from the call that endangers it, and only from that.

use super::*;
use crate::lab::failed;

#[test]
fn a_key_in_use_that_is_scheduled_for_deletion_is_cancelled_and_enabled() {
    let (lab, key) = lab_with_key();
    let other = create_key(&lab);
    use_key(&lab, &key, 1);
    schedule(&lab, &key);
    schedule(&lab, &other);
    let answer = guard(&lab, "remediate").invoke(&scheduled("scheduled-1", &key));
    assert_eq!(effects(&answer), RESCUED, "{answer}");
    assert_eq!(
        (finding_ids(&answer), &answer["verdict"]),
        (vec!["key.deletion-scheduled"], &json!("violation"))
    );
    assert_eq!(
        (state(&lab, &key), state(&lab, &other)),
        ("Enabled".to_owned(), "PendingDeletion".to_owned())
    );
    assert_eq!(writes(&lab), BOTH, "enabling needs the cancelling first");
    assert_eq!(
        lab.count("logs:DescribeLogGroups"),
        0,
        "what shows use already needs no look at the log groups"
    );
    assert_eq!((lab.published().len(), &answer["page"]["severity"]), (1, &json!("critical")));
    let email = email(&lab);
    assert!(email.contains("in use: last Decrypt, event use-1"), "{email}");
}

#[test]
fn outside_the_mode_remediate_the_key_stays_as_it_is() {
    for (mode, pages) in [("observe", 0), ("page", 1)] {
        let (lab, key) = lab_with_key();
        use_key(&lab, &key, 1);
        schedule(&lab, &key);
        let answer = guard(&lab, mode).invoke(&scheduled("scheduled-1", &key));
        assert!(effects(&answer).iter().all(|(_, outcome)| *outcome == "withheld"), "{answer}");
        assert_eq!((effects(&answer).len(), state(&lab, &key)), (2, "PendingDeletion".to_owned()));
        assert_eq!((writes(&lab), lab.published().len()), (vec![], pages), "{mode}");
    }
}

#[test]
fn a_key_that_was_disabled_before_it_was_scheduled_stays_disabled() {
    let (lab, key) = lab_with_key();
    use_key(&lab, &key, 48);
    lab.history(json!([past("disabled-1", "DisableKey", 2, json!({ "keyId": key }))]));
    disable(&lab, &key);
    schedule(&lab, &key);
    let guard = guard(&lab, "remediate");
    let answer = guard.invoke(&scheduled("scheduled-1", &key));
    assert_eq!(effects(&answer), [("key-not-pending-deletion", "applied")], "{answer}");
    assert_eq!((state(&lab, &key), writes(&lab)), ("Disabled".to_owned(), vec![BOTH[0].to_owned()]));
    // Its own call comes back as an event.
    let own = guard.invoke(&event("own-1", "CancelKeyDeletion", json!({ "keyId": key })));
    assert_eq!((effects(&own), state(&lab, &key)), (vec![], "Disabled".to_owned()), "{own}");
}

#[test]
fn a_key_in_use_that_is_disabled_is_enabled_again() {
    let (lab, key) = lab_with_key();
    create_groups(&lab, [("/app/one".to_owned(), Some(key.clone())), ("/app/two".to_owned(), None)]);
    disable(&lab, &key);
    let answer = guard(&lab, "remediate").invoke(&disabled("disabled-1", &key));
    assert_eq!(effects(&answer), [("key-enabled", "applied")], "{answer}");
    assert_eq!((state(&lab, &key), writes(&lab)), ("Enabled".to_owned(), vec![BOTH[1].to_owned()]));
    assert!(email(&lab).contains("the log group /app/one encrypts with it"), "{}", email(&lab));
}

#[test]
fn its_own_calls_come_back_as_events_and_cause_nothing() {
    let (lab, key) = lab_with_key();
    use_key(&lab, &key, 1);
    schedule(&lab, &key);
    let guard = guard(&lab, "remediate");
    guard.invoke(&scheduled("scheduled-1", &key));
    let before = lab.operations().len();
    for own in [
        event("own-1", "CancelKeyDeletion", json!({ "keyId": key })),
        event("own-2", "EnableKey", json!({ "keyId": key })),
        scheduled("scheduled-1", &key),
    ] {
        let answer = guard.invoke(&own);
        assert_eq!((&answer["verdict"], &answer["page"]), (&json!("compliant"), &Value::Null), "{answer}");
    }
    let later: Vec<String> = lab.operations().split_off(before);
    // The copy of the first event finds nothing of its call left, and looks again for a while.
    assert!(later.len() >= 3 && later.iter().all(|call| call == "kms:DescribeKey"), "{later:?}");
    assert_eq!((writes(&lab).len(), lab.published().len()), (2, 1));
}

#[test]
fn an_enabling_that_failed_is_made_up_for_by_the_retry() {
    let (lab, key) = lab_with_key();
    use_key(&lab, &key, 1);
    schedule(&lab, &key);
    lab.fault(fault("kms:EnableKey", json!({ "kind": "error" })));
    let guard = guard(&lab, "remediate");
    let event = scheduled("scheduled-1", &key);
    let first = guard.invoke(&event);
    assert_eq!(first["errorType"], "Sealwatch.EffectFailed", "Lambda has to retry: {first}");
    let receipt = &guard.receipts(1)[0];
    assert_eq!(effects(receipt), [("key-not-pending-deletion", "applied"), ("key-enabled", "failed")]);
    assert_eq!((state(&lab, &key), &receipt["page"]["outcome"]), ("Disabled".to_owned(), &json!("sent")));
    lab.clear_faults();
    let retried = guard.invoke(&event);
    assert_eq!(effects(&retried), [("key-enabled", "applied")], "{retried}");
    assert_eq!((finding_ids(&retried), state(&lab, &key)), (vec!["key.disabled"], "Enabled".to_owned()));
    assert_eq!(retried["page"]["outcome"], "sent", "it says something else than the first page");
}

#[test]
fn kms_may_hear_late_of_the_deletion_that_was_cancelled() {
    let (lab, key) = lab_with_key();
    use_key(&lab, &key, 1);
    schedule(&lab, &key);
    let late = json!({ "kind": "error", "status": 400, "code": "KMSInvalidStateException", "times": 2 });
    lab.fault(fault("kms:EnableKey", late));
    let answer = guard(&lab, "remediate").invoke(&scheduled("scheduled-1", &key));
    assert_eq!((effects(&answer), state(&lab, &key)), (RESCUED.to_vec(), "Enabled".to_owned()), "{answer}");
    assert_eq!(lab.count("kms:EnableKey"), 3);
}

#[test]
fn a_primary_that_waits_for_its_replicas_is_rescued_like_any_key() {
    let lab = Lab::start();
    let created = call(&lab, "CreateKey", json!({ "MultiRegion": true }));
    let key = created["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    call(&lab, "ReplicateKey", json!({ "KeyId": key, "ReplicaRegion": "eu-west-1" }));
    use_key(&lab, &key, 1);
    schedule(&lab, &key);
    assert_eq!(state(&lab, &key), "PendingReplicaDeletion");
    let answer = guard(&lab, "remediate").invoke(&scheduled("scheduled-1", &key));
    assert_eq!((effects(&answer), state(&lab, &key)), (RESCUED.to_vec(), "Enabled".to_owned()), "{answer}");
    assert_eq!(answer["facts"]["key"]["multi_region"], json!({ "primary_of": ["eu-west-1"] }));
}

#[test]
fn the_same_repair_a_fourth_time_within_a_day_is_left_to_a_person() {
    let (lab, key) = lab_with_key();
    use_key(&lab, &key, 1);
    schedule(&lab, &key);
    let cancelled = |id: &str, hours| own(past(id, "CancelKeyDeletion", hours, json!({ "keyId": key })));
    lab.history(json!([cancelled("c-1", 9), cancelled("c-2", 6), cancelled("c-3", 3)]));
    let answer = guard(&lab, "remediate").invoke(&scheduled("scheduled-1", &key));
    assert_eq!((effects(&answer), state(&lab, &key)), (vec![], "PendingDeletion".to_owned()), "{answer}");
    assert_eq!((writes(&lab), lab.published().len()), (vec![], 1));
}

#[test]
fn a_key_that_is_gone_is_told_with_those_that_used_it() {
    let (lab, key) = lab_with_key();
    create_groups(&lab, [("/app/one".to_owned(), Some(key.clone()))]);
    schedule(&lab, &key);
    lab.order("key-gone", json!({ "KeyId": key }));
    let guard = guard(&lab, "remediate");
    let late = guard.invoke(&scheduled("late-1", &key));
    assert_eq!(finding_ids(&late), ["key.deleted"], "a key that died before the look is told of: {late}");
    let gone = json!({
        "version": "0", "id": "gone-1", "detail-type": "KMS CMK Deletion", "source": "aws.kms", "account": ACCOUNT,
        "time": ago(0), "region": REGION, "resources": [key], "detail": { "key-id": key.rsplit('/').next() },
    });
    let answer = guard.invoke(&gone);
    assert_eq!(finding_ids(&answer), ["key.deleted"], "{answer}");
    assert_eq!(answer["page"]["severity"], "critical");
    assert!(email(&lab).contains("/app/one"), "{}", email(&lab));
}

/// What others cancelled or enabled must not use up the rescues.
#[test]
fn what_others_undid_keeps_no_key_from_being_rescued() {
    let (lab, key) = lab_with_key();
    use_key(&lab, &key, 1);
    schedule(&lab, &key);
    let cancelled = |id: &str, hours| past(id, "CancelKeyDeletion", hours, json!({ "keyId": key }));
    lab.history(json!([cancelled("c-1", 9), cancelled("c-2", 6), cancelled("c-3", 3)]));
    let answer = guard(&lab, "remediate").invoke(&scheduled("scheduled-1", &key));
    assert_eq!((effects(&answer), state(&lab, &key)), (RESCUED.to_vec(), "Enabled".to_owned()), "{answer}");
}

#[test]
fn a_late_copy_undoes_nothing_that_was_done_since() {
    let (lab, key) = lab_with_key();
    use_key(&lab, &key, 1);
    disable(&lab, &key);
    lab.history(json!([past("d-1", "DisableKey", 2, json!({ "keyId": key }))]));
    let mut late = scheduled("scheduled-1", &key);
    late["detail"]["eventTime"] = json!(ago(30));
    let answer = guard(&lab, "remediate").invoke(&late);
    assert_eq!((effects(&answer), writes(&lab)), (vec![], vec![]), "{answer}");
    assert_eq!((finding_ids(&answer), lab.published().len()), (vec!["key.disabled"], 1));
}

#[test]
fn a_key_of_another_account_or_region_is_never_acted_on() {
    let (lab, key) = lab_with_key();
    use_key(&lab, &key, 1);
    schedule(&lab, &key);
    let foreign = key.replace(ACCOUNT, "999999999999");
    let mut elsewhere = scheduled("elsewhere-1", &key);
    elsewhere["detail"]["awsRegion"] = json!("us-east-1");
    let mut other = scheduled("other-1", &key);
    other["detail"]["recipientAccountId"] = json!("999999999999");
    let guard = guard(&lab, "remediate");
    for event in [elsewhere, other, scheduled("foreign-1", &foreign)] {
        assert!(failed(&guard.invoke(&event)), "{event}");
    }
    assert!(guard.receipts(3).iter().all(|receipt| finding_ids(receipt) == ["key.state-unknown"]));
    assert_eq!(lab.operations(), ["sns:Publish"; 3]);
}

#[test]
fn a_live_replay_reads_like_the_function_and_writes_only_when_told_to() {
    let (lab, key) = lab_with_key();
    use_key(&lab, &key, 1);
    schedule(&lab, &key);
    let event = scheduled("scheduled-1", &key);
    let looked = lab.replay_live(&policy("remediate"), &event, &[]);
    assert!(effects(&looked).iter().all(|(_, outcome)| *outcome == "withheld"), "{looked}");
    assert_eq!((writes(&lab), state(&lab, &key)), (vec![], "PendingDeletion".to_owned()));
    let applied = lab.replay_live(&policy("remediate"), &event, &["--apply"]);
    assert_eq!((effects(&applied), state(&lab, &key)), (RESCUED.to_vec(), "Enabled".to_owned()), "{applied}");
    assert_eq!(lab.count("sns:Publish"), 0);
}
