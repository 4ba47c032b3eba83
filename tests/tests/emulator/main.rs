//! The guards' built binaries, end to end: Lambda's runtime interface emulator on one side, the strict AWS
//! emulator on the other. What is asserted is the emulator's own state and its record of requests.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong in the laboratory fails the test"
)]

mod archive;
mod key;
mod lab;
mod network;
mod roles;
mod trail;

use lab::{Lab, closed_policy, event, failed, policy};
use serde_json::{Value, json};

const GROUP: &str = "/app/foo";
const SIBLINGS: [&str; 2] = ["/app/foo/child", "/app/foobar"];

/// A key, the group and two siblings that share its name as a prefix.
fn lab_with_group(policy: Option<Value>) -> (Lab, String) {
    let lab = Lab::start();
    let key = lab.create_key(policy);
    for name in [GROUP, SIBLINGS[0], SIBLINGS[1]] {
        lab.create_log_group(name);
    }
    (lab, key)
}

fn created() -> Value {
    event("created-1", "CreateLogGroup", json!({ "logGroupName": GROUP }))
}

/// No group has a key.
fn untouched(lab: &Lab) -> bool {
    lab.log_group_keys().iter().all(|(_, key)| key.is_none())
}

#[test]
fn only_the_group_of_the_event_gets_the_key() {
    let (lab, key) = lab_with_group(None);
    let guard = lab.log_group_guard(&policy("remediate"));
    let answer = guard.invoke(&created());
    assert_eq!(answer["verdict"], "violation", "{answer}");
    assert_eq!(answer["effects"][0]["outcome"], "applied");
    assert_eq!(answer["effects"][0]["value"], key);
    assert_eq!(answer["page"]["outcome"], "sent");
    let expected =
        [(GROUP.to_owned(), Some(key)), (SIBLINGS[0].to_owned(), None), (SIBLINGS[1].to_owned(), None)];
    assert_eq!(lab.log_group_keys(), expected);
    let calls = [
        "logs:DescribeLogGroups",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "logs:AssociateKmsKey",
        "logs:DescribeLogGroups",
        "sns:Publish",
    ];
    assert_eq!(lab.operations(), calls);
    assert_eq!(guard.receipts(1), [answer], "the printed receipt is the answer");
}

#[test]
fn observe_mode_changes_nothing_and_tells_nobody() {
    let (lab, _) = lab_with_group(None);
    let answer = lab.log_group_guard(&policy("observe")).invoke(&created());
    assert_eq!(answer["effects"][0]["outcome"], "withheld");
    assert_eq!(answer["page"]["outcome"], "withheld");
    assert!(untouched(&lab));
    assert_eq!(lab.operations(), ["logs:DescribeLogGroups", "kms:DescribeKey", "kms:GetKeyPolicy"]);
}

#[test]
fn page_mode_pages_once_and_changes_nothing() {
    let (lab, _) = lab_with_group(None);
    let guard = lab.log_group_guard(&policy("page"));
    let outcomes: Vec<Value> = (0..3).map(|_| guard.invoke(&created())["page"]["outcome"].clone()).collect();
    assert_eq!(outcomes, ["sent", "withheld", "withheld"]);
    assert!(untouched(&lab));
    assert_eq!((lab.count("logs:AssociateKmsKey"), lab.published().len()), (0, 1));
}

#[test]
fn the_same_event_three_times_is_one_association_and_one_page() {
    let (lab, _) = lab_with_group(None);
    let guard = lab.log_group_guard(&policy("remediate"));
    let verdicts: Vec<Value> = (0..3).map(|_| guard.invoke(&created())["verdict"].clone()).collect();
    assert_eq!(verdicts, ["violation", "compliant", "compliant"]);
    assert_eq!((lab.count("logs:AssociateKmsKey"), lab.published().len()), (1, 1));
}

#[test]
fn its_own_association_comes_back_as_an_event_and_is_compliant() {
    let (lab, key) = lab_with_group(None);
    let guard = lab.log_group_guard(&policy("remediate"));
    guard.invoke(&created());
    let own = event("own-1", "AssociateKmsKey", json!({ "logGroupName": GROUP, "kmsKeyId": key }));
    let answer = guard.invoke(&own);
    assert_eq!((&answer["verdict"], &answer["page"]), (&json!("compliant"), &Value::Null));
    assert_eq!(lab.count("logs:AssociateKmsKey"), 1);
}

#[test]
fn a_disassociation_named_by_resource_identifier_is_repaired() {
    let (lab, key) = lab_with_group(None);
    let guard = lab.log_group_guard(&policy("remediate"));
    for (number, suffix) in ["", ":*"].into_iter().enumerate() {
        lab.call("Logs_20140328.DisassociateKmsKey", json!({ "logGroupName": GROUP }));
        let arn = format!("arn:aws:logs:{}:{}:log-group:{GROUP}{suffix}", lab::REGION, lab::ACCOUNT);
        let removed =
            event(&format!("removed-{number}"), "DisassociateKmsKey", json!({ "resourceIdentifier": arn }));
        let answer = guard.invoke(&removed);
        assert_eq!(answer["findings"][0]["id"], "log-group.key-removed", "{}", answer);
        assert_eq!(answer["effects"][0]["outcome"], "applied");
        assert_eq!(lab.log_group_keys()[0], (GROUP.to_owned(), Some(key.clone())));
    }
}

#[test]
fn query_results_page_and_cause_no_call_but_the_page() {
    let lab = Lab::start();
    let arn = format!("arn:aws:logs:{}:{}:query-result:*", lab::REGION, lab::ACCOUNT);
    let removed = event("query-1", "DisassociateKmsKey", json!({ "resourceIdentifier": arn }));
    let answer = lab.log_group_guard(&policy("remediate")).invoke(&removed);
    assert_eq!(answer["findings"][0]["id"], "query-results.key-removed");
    assert_eq!(lab.operations(), ["sns:Publish"]);
}

#[test]
fn a_group_that_is_gone_by_then_is_no_error() {
    let (lab, _) = lab_with_group(None);
    lab.call("Logs_20140328.DeleteLogGroup", json!({ "logGroupName": GROUP }));
    let answer = lab.log_group_guard(&policy("remediate")).invoke(&created());
    assert_eq!((&answer["verdict"], &answer["page"]), (&json!("ignored"), &Value::Null));
    assert_eq!(lab.operations(), ["logs:DescribeLogGroups"]);
    assert!(untouched(&lab));
}

#[test]
fn a_closed_key_policy_pages_with_the_statement_and_associates_nothing() {
    let (lab, _) = lab_with_group(Some(closed_policy()));
    let answer = lab.log_group_guard(&policy("remediate")).invoke(&created());
    assert_eq!(answer["findings"][0]["id"], "log-group.key-unusable");
    assert_eq!(answer["effects"], json!([]));
    let message: Value = serde_json::from_str(lab.published()[0]["Message"].as_str().unwrap()).unwrap();
    let email = message["email"].as_str().unwrap();
    assert!(email.contains("\"Service\": \"logs.eu-central-1.amazonaws.com\""), "{email}");
    assert_eq!(lab.count("logs:AssociateKmsKey"), 0);
}

#[test]
fn a_key_that_was_mended_is_looked_at_anew() {
    let (lab, key) = lab_with_group(None);
    lab.call("TrentService.DisableKey", json!({ "KeyId": key }));
    let guard = lab.log_group_guard(&policy("remediate"));
    assert_eq!(guard.invoke(&created())["findings"][0]["id"], "log-group.key-unusable");
    lab.call("TrentService.EnableKey", json!({ "KeyId": key }));
    let again = event("created-2", "CreateLogGroup", json!({ "logGroupName": GROUP }));
    assert_eq!(guard.invoke(&again)["effects"][0]["outcome"], "applied");
}

#[test]
fn a_throttle_is_waited_out() {
    let (lab, key) = lab_with_group(None);
    for operation in ["DescribeLogGroups", "AssociateKmsKey"] {
        lab.fault(json!({ "service": "logs", "operation": operation, "kind": "throttle", "times": 3 }));
    }
    lab.fault(json!({ "service": "sns", "operation": "Publish", "kind": "throttle", "times": 1 }));
    let answer = lab.log_group_guard(&policy("remediate")).invoke(&created());
    assert_eq!(answer["effects"][0]["outcome"], "applied", "{}", answer);
    assert_eq!(lab.log_group_keys()[0].1, Some(key));
    assert_eq!(lab.published().len(), 1);
}

#[test]
fn a_throttle_without_end_pages_and_fails_the_invocation() {
    let (lab, _) = lab_with_group(None);
    lab.fault(json!({ "service": "logs", "operation": "AssociateKmsKey", "kind": "throttle" }));
    let guard = lab.log_group_guard(&policy("remediate"));
    let answer = guard.invoke(&created());
    assert!(failed(&answer), "Lambda has to retry: {answer}");
    let receipt = &guard.receipts(1)[0];
    assert_eq!(receipt["effects"][0]["outcome"], "failed");
    let why = receipt["effects"][0]["error"].as_str().unwrap();
    assert!(why.contains("ThrottlingException: Rate exceeded"), "{why}");
    assert_eq!(receipt["page"]["outcome"], "sent");
    assert!(untouched(&lab));
}

#[test]
fn an_association_that_is_carried_out_too_late_for_its_answer_is_seen_on_reading_back() {
    let (lab, key) = lab_with_group(None);
    // Longer than a try may take: each is given up, and carried out a second later.
    lab.fault(json!({ "service": "logs", "operation": "AssociateKmsKey", "kind": "delay", "seconds": 6 }));
    let answer = lab.log_group_guard(&policy("remediate")).invoke(&created());
    assert_eq!(answer["effects"][0]["outcome"], "applied", "{answer}");
    assert_eq!(answer["page"]["outcome"], "sent");
    assert_eq!(lab.log_group_keys()[0].1, Some(key));
}

#[test]
fn a_denied_association_pages_with_what_the_role_lacks() {
    let (lab, _) = lab_with_group(None);
    lab.fault(json!({ "service": "logs", "operation": "AssociateKmsKey", "kind": "access-denied" }));
    let answer = lab.log_group_guard(&policy("remediate")).invoke(&created());
    assert_eq!(answer["effects"][0]["outcome"], "refused", "{}", answer);
    let message: Value = serde_json::from_str(lab.published()[0]["Message"].as_str().unwrap()).unwrap();
    let email = message["email"].as_str().unwrap();
    assert!(email.contains("\"Action\": \"logs:AssociateKmsKey\""), "{email}");
}

#[test]
fn whatever_read_is_denied_pages_and_nothing_is_written() {
    for (service, operation) in [
        ("logs", "DescribeLogGroups"),
        ("kms", "DescribeKey"),
        ("kms", "GetKeyPolicy"),
        ("logs", "ListTagsForResource"),
    ] {
        let (lab, _) = lab_with_group(None);
        lab.fault(json!({ "service": service, "operation": operation, "kind": "access-denied" }));
        let with_tags = format!(
            "{}[[exempt]]\nguard = \"log-group\"\ntag = {{ key = \"tier\", value = \"scratch\" }}\nreason = \"scratch\"\n",
            policy("remediate")
        );
        let guard = lab.log_group_guard(&with_tags);
        let answer = guard.invoke(&created());
        let receipt = &guard.receipts(1)[0];
        assert_eq!(receipt["page"]["outcome"], "sent", "{operation}: {}", answer);
        assert_eq!(receipt["effects"], json!([]), "{operation}");
        assert_eq!((lab.count("logs:AssociateKmsKey"), lab.published().len()), (0, 1), "{operation}");
        assert!(lab.published()[0]["Message"].as_str().unwrap().contains(operation), "{operation} is named");
    }
}

#[test]
fn a_cut_connection_and_a_server_error_are_tried_again() {
    let (lab, key) = lab_with_group(None);
    lab.fault(json!({ "service": "logs", "operation": "DescribeLogGroups", "kind": "cut", "times": 1 }));
    lab.fault(json!({ "service": "kms", "operation": "DescribeKey", "kind": "error", "times": 1 }));
    lab.fault(json!({ "service": "kms", "operation": "GetKeyPolicy", "kind": "cut", "times": 1 }));
    let answer = lab.log_group_guard(&policy("remediate")).invoke(&created());
    assert_eq!(answer["effects"][0]["outcome"], "applied", "{}", answer);
    assert_eq!(lab.log_group_keys()[0].1, Some(key));
}

#[test]
fn a_page_that_cannot_be_sent_fails_the_invocation() {
    let (lab, _) = lab_with_group(None);
    lab.fault(json!({ "service": "sns", "operation": "Publish", "kind": "access-denied" }));
    let guard = lab.log_group_guard(&policy("remediate"));
    let answer = guard.invoke(&created());
    assert_eq!(answer["errorType"], "Sealwatch.PageFailed", "{answer}");
    guard.prints("Sealwatch.PageFailed");
    let receipt = &guard.receipts(1)[0];
    assert_eq!(
        (&receipt["page"]["outcome"], &receipt["effects"][0]["outcome"]),
        (&json!("failed"), &json!("applied"))
    );
}

#[test]
fn a_page_that_could_not_be_sent_arrives_with_the_retry_although_nothing_is_left_to_repair() {
    let (lab, key) = lab_with_group(None);
    lab.fault(json!({ "service": "sns", "operation": "Publish", "kind": "access-denied", "times": 1 }));
    let guard = lab.log_group_guard(&policy("remediate"));
    assert!(failed(&guard.invoke(&created())));
    let retried = guard.invoke(&created());
    assert_eq!((&retried["verdict"], &retried["page"]["outcome"]), (&json!("compliant"), &json!("sent")));
    let title = retried["page"]["title"].as_str().unwrap();
    assert!(title.ends_with("(repaired)"), "{title}");
    assert_eq!(guard.invoke(&created())["page"], Value::Null, "it is owed no longer");
    assert_eq!((lab.log_group_keys()[0].1.as_ref(), lab.published().len()), (Some(&key), 1));
}

#[test]
fn an_event_that_cannot_be_read_pages_and_fails() {
    let lab = Lab::start();
    let guard = lab.log_group_guard(&policy("remediate"));
    let mut truncated = created();
    truncated["detail"].as_object_mut().unwrap().remove("eventName");
    for event in [
        truncated,
        json!({}),
        json!([1]),
        json!(null),
        json!({ "detail-type": "x via CloudTrail", "detail": "cut" }),
    ] {
        let answer = guard.invoke(&event);
        assert_eq!(answer["errorType"], "Sealwatch.EventUnreadable", "{event}");
        let why = answer["errorMessage"].as_str().unwrap();
        assert!(why.starts_with("the event can't be read: ") && why.len() > 30, "its causes are told: {why}");
    }
    let receipts = guard.receipts(5);
    assert!(
        receipts.iter().all(|receipt| receipt["findings"][0]["id"] == "event.unreadable"),
        "{receipts:#?}"
    );
    assert_eq!(receipts[0]["page"]["outcome"], "sent");
    assert_eq!(lab.count("logs:DescribeLogGroups"), 0);
}

#[test]
fn an_event_whose_json_no_parser_takes_pages_and_fails() {
    let lab = Lab::start();
    let guard = lab.log_group_guard(&policy("remediate"));
    let half_a_pair = created().to_string().replace("aws-cli/2.31", "\\ud800");
    let deep = created().to_string().replace("\"aws-cli/2.31\"", &("[".repeat(200) + &"]".repeat(200)));
    for event in [&half_a_pair, &deep] {
        assert!(failed(&guard.invoke_text(event)), "{event}");
    }
    let receipts = guard.receipts(2);
    for receipt in &receipts {
        assert_eq!(receipt["findings"][0]["id"], "event.unreadable", "{receipt}");
        assert_eq!(receipt["page"]["outcome"], "sent");
    }
    assert_eq!((lab.published().len(), lab.count("logs:DescribeLogGroups")), (2, 0));
}

#[test]
fn an_event_of_another_region_or_account_is_never_acted_on() {
    let (lab, _) = lab_with_group(None);
    let guard = lab.log_group_guard(&policy("remediate"));
    let mut elsewhere = created();
    elsewhere["detail"]["awsRegion"] = json!("us-east-1");
    elsewhere["detail"]["eventID"] = json!("elsewhere-1");
    let mut other = created();
    other["detail"]["recipientAccountId"] = json!("999999999999");
    other["detail"]["eventID"] = json!("other-1");
    for event in [elsewhere, other] {
        assert!(failed(&guard.invoke(&event)), "{event}");
    }
    assert!(
        guard.receipts(2).iter().all(|receipt| receipt["findings"][0]["id"] == "log-group.state-unknown")
    );
    assert!(untouched(&lab));
    assert_eq!(lab.published().len(), 2);
    assert_eq!(lab.operations(), ["sns:Publish", "sns:Publish"]);
}

#[test]
fn a_function_without_a_whole_policy_does_not_start() {
    let lab = Lab::start();
    for faulty in ["mode = \"remediate\"\nmood = \"good\"\n", ""] {
        let guard = lab.log_group_guard(faulty);
        let answer = guard.invoke(&created());
        assert_eq!(answer.get("verdict"), None, "{answer}");
        guard.prints("has faults");
    }
    assert_eq!(lab.operations(), Vec::<String>::new());
}

#[test]
fn a_live_replay_reads_like_the_function_and_writes_only_when_told_to() {
    let (lab, key) = lab_with_group(None);
    let reads = ["sts:GetCallerIdentity", "logs:DescribeLogGroups", "kms:DescribeKey", "kms:GetKeyPolicy"];
    let looked = lab.replay_live(&policy("remediate"), &created(), &[]);
    assert_eq!(
        (&looked["verdict"], &looked["effects"][0]["outcome"]),
        (&json!("violation"), &json!("withheld"))
    );
    assert_eq!(lab.operations(), reads);
    assert!(untouched(&lab));

    let observed = lab.replay_live(&policy("observe"), &created(), &["--apply"]);
    assert_eq!(observed["effects"][0]["outcome"], "withheld", "the policy's mode still holds");
    assert!(untouched(&lab));

    // What an option leaves out isn't repaired either, and not even looked at.
    for narrowed in [["--guard", "trail"], ["--region", "us-east-1"], ["--since", "2027-01-01"]] {
        let before = lab.operations().len();
        let left_out =
            lab.replay_live(&policy("remediate"), &created(), &[&["--apply"], &narrowed[..]].concat());
        assert_eq!((left_out, lab.operations().len()), (Value::Null, before), "{narrowed:?}");
    }
    assert!(untouched(&lab));

    let applied = lab.replay_live(&policy("remediate"), &created(), &["--apply"]);
    assert_eq!(applied["effects"][0]["outcome"], "applied");
    assert_eq!(lab.log_group_keys()[0].1, Some(key));
    assert_eq!(lab.count("sns:Publish"), 0);
}

#[test]
fn a_live_replay_of_another_accounts_event_looks_at_nothing() {
    let (lab, _) = lab_with_group(None);
    let mut other = created();
    other["detail"]["recipientAccountId"] = json!("999999999999");
    let answer = lab.replay_live(&policy("remediate"), &other, &["--apply"]);
    assert_eq!(answer["findings"][0]["id"], "log-group.state-unknown", "{answer}");
    assert_eq!(lab.operations(), ["sts:GetCallerIdentity"]);
}
