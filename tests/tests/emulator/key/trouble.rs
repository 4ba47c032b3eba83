//! Throttles, denials and lost answers: nothing is silent, and nothing is written without evidence.

use super::*;
use crate::lab::failed;

/// All that a rescue reads to learn whether a key is in use, with a policy that names a tag and an alias.
const SOURCES: [&str; 7] = [
    "kms:ListAliases",
    "kms:ListResourceTags",
    "kms:GetKeyLastUsage",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "cloudtrail:DescribeTrails",
    "logs:DescribeLogGroups",
];

fn protecting(lab: &Lab) -> Function {
    let keys = "[keys]\nprotect = [\"alias/prod-*\"]\nprotect_tags = { tier = \"prod\" }\n";
    lab.guard("key-guard", &format!("{}{keys}", policy("remediate")))
}

#[test]
fn throttles_at_every_call_are_waited_out() {
    let (lab, key) = lab_with_key();
    create_groups(&lab, [("/app/one".to_owned(), Some(key.clone()))]);
    schedule(&lab, &key);
    let others = [
        "kms:DescribeKey",
        "kms:CancelKeyDeletion",
        "kms:EnableKey",
        "cloudtrail:LookupEvents",
        "sns:Publish",
    ];
    for operation in SOURCES.iter().chain(&others) {
        lab.fault(fault(operation, json!({ "kind": "throttle", "times": 1 })));
    }
    let answer = protecting(&lab).invoke(&scheduled("scheduled-1", &key));
    assert_eq!((effects(&answer), state(&lab, &key)), (RESCUED.to_vec(), "Enabled".to_owned()), "{answer}");
    assert_eq!(lab.published().len(), 1);
}

#[test]
fn cut_connections_and_server_errors_are_tried_again() {
    let (lab, key) = lab_with_key();
    create_groups(&lab, [("/app/one".to_owned(), Some(key.clone()))]);
    schedule(&lab, &key);
    for (number, operation) in
        SOURCES.iter().chain(&["kms:DescribeKey", "cloudtrail:LookupEvents"]).enumerate()
    {
        let kind = if number % 2 == 0 { "cut" } else { "error" };
        lab.fault(fault(operation, json!({ "kind": kind, "times": 1 })));
    }
    let answer = protecting(&lab).invoke(&scheduled("scheduled-1", &key));
    assert_eq!((effects(&answer), state(&lab, &key)), (RESCUED.to_vec(), "Enabled".to_owned()), "{answer}");
}

#[test]
fn a_source_that_is_denied_pages_and_nothing_is_written_without_evidence() {
    let lab = Lab::start();
    let guard = protecting(&lab);
    for (number, operation) in SOURCES.into_iter().enumerate() {
        lab.begin_anew();
        let key = create_key(&lab);
        schedule(&lab, &key);
        lab.fault(fault(operation, json!({ "kind": "access-denied" })));
        assert!(failed(&guard.invoke(&scheduled(operation, &key))), "{operation}");
        let receipt = &guard.receipts(number + 1)[number];
        assert_eq!(
            (&receipt["verdict"], effects(receipt)),
            (&json!("unknown"), vec![]),
            "{operation}: {receipt}"
        );
        assert_eq!(receipt["page"]["severity"], "high", "{operation}");
        assert_eq!((writes(&lab), state(&lab, &key)), (vec![], "PendingDeletion".to_owned()), "{operation}");
        assert!(lab.published()[0]["Message"].as_str().unwrap().contains(operation), "{operation} is named");
    }
}

#[test]
fn a_source_that_is_denied_hides_no_evidence() {
    let lab = Lab::start();
    let guard = protecting(&lab);
    for operation in SOURCES.iter().chain(&["cloudtrail:LookupEvents"]) {
        lab.begin_anew();
        let key = create_key(&lab);
        if *operation == "kms:GetKeyLastUsage" {
            create_groups(&lab, [("/app/one".to_owned(), Some(key.clone()))]);
        } else {
            use_key(&lab, &key, 1);
        }
        schedule(&lab, &key);
        lab.fault(fault(operation, json!({ "kind": "access-denied" })));
        let answer = guard.invoke(&scheduled(operation, &key));
        assert_eq!(effects(&answer)[0], ("key-not-pending-deletion", "applied"), "{operation}: {answer}");
        // Without its history nobody knows whether it was enabled before.
        let expected = if *operation == "cloudtrail:LookupEvents" { "Disabled" } else { "Enabled" };
        assert_eq!(state(&lab, &key), expected, "{operation}");
        assert_eq!(lab.published().len(), 1, "{operation}");
    }
}

#[test]
fn what_else_is_denied_pages_and_changes_nothing() {
    let put = |key: &str| event("put-1", "PutKeyPolicy", json!({ "keyId": key, "policyName": "default" }));
    let rotation = |key: &str| event("rotation-1", "DisableKeyRotation", json!({ "keyId": key }));
    type Change<'a> = &'a dyn Fn(&str) -> Value;
    let cases: [(&str, Change<'_>); 6] = [
        ("kms:DescribeKey", &|key| scheduled("scheduled-1", key)),
        ("kms:DescribeKey", &put),
        ("kms:GetKeyPolicy", &put),
        ("cloudtrail:DescribeTrails", &put),
        ("logs:DescribeLogGroups", &put),
        ("kms:GetKeyRotationStatus", &rotation),
    ];
    let lab = Lab::start();
    let guard = protecting(&lab);
    for (number, (operation, change)) in cases.into_iter().enumerate() {
        lab.begin_anew();
        let key = create_key(&lab);
        lab.fault(fault(operation, json!({ "kind": "access-denied" })));
        assert!(failed(&guard.invoke(&change(&key))), "{operation}");
        let receipt = &guard.receipts(number + 1)[number];
        assert_eq!(
            (finding_ids(receipt), effects(receipt)),
            (vec!["key.state-unknown"], vec![]),
            "{operation}"
        );
        assert_eq!(receipt["page"]["outcome"], "sent", "{operation}");
        assert!(lab.published()[0]["Message"].as_str().unwrap().contains(operation), "{operation} is named");
        assert_eq!(writes(&lab), Vec::<String>::new(), "{operation}");
    }
}

#[test]
fn a_denied_write_pages_with_what_the_role_lacks() {
    for (operation, expected) in [("kms:CancelKeyDeletion", "PendingDeletion"), ("kms:EnableKey", "Disabled")]
    {
        let (lab, key) = lab_with_key();
        use_key(&lab, &key, 1);
        schedule(&lab, &key);
        lab.fault(fault(operation, json!({ "kind": "access-denied" })));
        let guard = guard(&lab, "remediate");
        guard.invoke(&scheduled("scheduled-1", &key));
        let receipt = &guard.receipts(1)[0];
        assert!(effects(receipt).iter().any(|(_, outcome)| *outcome == "refused"), "{operation}: {receipt}");
        let email = email(&lab);
        assert!(email.contains(&format!("\"Action\": \"{operation}\"")), "{email}");
        assert!(email.contains("aws kms get-key-policy"), "{email}");
        assert_eq!((state(&lab, &key), lab.published().len()), (expected.to_owned(), 1), "{operation}");
    }
}

#[test]
fn a_throttle_without_end_pages_and_fails_the_invocation() {
    // Each takes all the time that there is, so they take it together.
    std::thread::scope(|scope| {
        for operation in
            ["kms:DescribeKey", "kms:GetKeyLastUsage", "logs:DescribeLogGroups", "kms:CancelKeyDeletion"]
        {
            scope.spawn(move || {
                let (lab, key) = lab_with_key();
                if operation == "kms:CancelKeyDeletion" {
                    use_key(&lab, &key, 1);
                }
                schedule(&lab, &key);
                lab.fault(fault(operation, json!({ "kind": "throttle" })));
                let guard = guard(&lab, "remediate");
                assert!(
                    failed(&guard.invoke(&scheduled("scheduled-1", &key))),
                    "{operation}: Lambda has to retry"
                );
                let receipt = &guard.receipts(1)[0];
                assert_eq!(receipt["page"]["outcome"], "sent", "{operation}: {receipt}");
                assert!(
                    receipt["page"]["text"].as_str().unwrap().contains("ThrottlingException"),
                    "{operation}"
                );
                assert_eq!(state(&lab, &key), "PendingDeletion", "{operation}");
                assert!(
                    effects(receipt).iter().all(|(_, outcome)| *outcome == "failed"),
                    "{operation}: {receipt}"
                );
            });
        }
    });
}

/// LookupEvents allows two calls a second in an account, so that anybody may use them up.
#[test]
fn a_history_that_does_not_answer_keeps_no_deletion_from_being_cancelled() {
    let (lab, key) = lab_with_key();
    use_key(&lab, &key, 1);
    schedule(&lab, &key);
    lab.fault(fault("cloudtrail:LookupEvents", json!({ "kind": "throttle" })));
    let guard = guard(&lab, "remediate");
    let event = scheduled("scheduled-1", &key);
    assert!(failed(&guard.invoke(&event)), "it may answer the retry");
    let receipt = &guard.receipts(1)[0];
    assert_eq!(effects(receipt), [("key-not-pending-deletion", "applied")], "{receipt}");
    assert_eq!(finding_ids(receipt), ["key.deletion-scheduled", "key.state-unknown"]);
    assert_eq!((state(&lab, &key), &receipt["page"]["outcome"]), ("Disabled".to_owned(), &json!("sent")));
    lab.clear_faults();
    let retried = guard.invoke(&event);
    assert_eq!(
        (effects(&retried), state(&lab, &key)),
        (vec![("key-enabled", "applied")], "Enabled".to_owned())
    );
}

#[test]
fn a_write_that_is_carried_out_too_late_for_its_answer_is_seen_on_reading_back() {
    let (lab, key) = lab_with_key();
    use_key(&lab, &key, 1);
    disable(&lab, &key);
    // Longer than a try may take: each is given up, and carried out a second later.
    lab.fault(fault("kms:EnableKey", json!({ "kind": "delay", "seconds": 6 })));
    let answer = guard(&lab, "remediate").invoke(&disabled("disabled-1", &key));
    assert_eq!(effects(&answer), [("key-enabled", "applied")], "{answer}");
    assert_eq!((state(&lab, &key), &answer["page"]["outcome"]), ("Enabled".to_owned(), &json!("sent")));
}

#[test]
fn a_page_that_cannot_be_sent_fails_the_invocation() {
    let (lab, key) = lab_with_key();
    use_key(&lab, &key, 1);
    schedule(&lab, &key);
    lab.fault(fault("sns:Publish", json!({ "kind": "access-denied" })));
    let guard = guard(&lab, "remediate");
    let answer = guard.invoke(&scheduled("scheduled-1", &key));
    assert_eq!(answer["errorType"], "Sealwatch.PageFailed", "{answer}");
    assert_eq!((effects(&guard.receipts(1)[0]), state(&lab, &key)), (RESCUED.to_vec(), "Enabled".to_owned()));
}
