//! What a replay's world may learn from records and state files, and what it must not make of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a record that can't be read fails the test")]

use sealwatch_policy::change::{Change, Parsed, parse};
use sealwatch_policy::guards::Guard;
use sealwatch_policy::policy::Policy;
use sealwatch_policy::receipt::Receipt;
use sealwatch_world::replay::{Effects, step};
use sealwatch_world::{World, timeline};
use serde_json::{Value, json};

const K: &str = "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-1111-4a4a-8b8b-000000000001";
const REMEDIATE: &str = "mode = \"remediate\"\n[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"\n";

fn record(id: &str, time: &str, name: &str, request: Value) -> Value {
    json!({ "eventID": id, "eventTime": format!("2026-11-03T{time}Z"), "eventSource": "logs.amazonaws.com", "eventName": name,
        "awsRegion": "eu-central-1", "recipientAccountId": "111122223333", "requestParameters": request,
        "userIdentity": { "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/A/b" } })
}
fn change(v: &Value) -> Change {
    match parse(v) {
        Ok(Parsed::Change(c)) => *c,
        other => panic!("{other:?}"),
    }
}
fn replay(policy: &str, records: &[Value]) -> Vec<Receipt> {
    let policy = Policy::parse(policy).unwrap();
    let mut world = World::default();
    let (changes, _) = timeline::order(records.iter().map(change).collect());
    changes.iter().filter_map(|c| step(&mut world, &policy, c, Effects::Shown)).collect()
}
fn verdicts(r: &[Receipt]) -> Vec<&'static str> {
    r.iter().map(|r| r.verdict.as_str()).collect()
}

/// Terraform creates a group and associates its key within one second; CloudTrail's times are whole seconds.
#[test]
fn within_a_second_a_creation_comes_first() {
    let create = record("f0", "09:00:00", "CreateLogGroup", json!({ "logGroupName": "/a" }));
    let associate =
        record("0a", "09:00:00", "AssociateKmsKey", json!({ "logGroupName": "/a", "kmsKeyId": K }));
    let later = record("zz", "10:00:00", "AssociateKmsKey", json!({ "logGroupName": "/a" }));
    assert_eq!(
        verdicts(&replay(REMEDIATE, &[create, associate, later])),
        ["violation", "compliant", "compliant"]
    );
}

#[test]
fn within_a_second_create_key_does_not_undo_put_key_policy() {
    let kms = |id: &str, name: &str, request: Value, response: Value| {
        let mut r = record(id, "09:00:00", name, request);
        r["eventSource"] = "kms.amazonaws.com".into();
        r["responseElements"] = response;
        r
    };
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "Service": "logs.eu-central-1.amazonaws.com" }, "Action": "kms:*", "Resource": "*" }] });
    let records = [
        kms("c", "CreateKey", json!({}), json!({ "keyMetadata": { "arn": K, "keyState": "Enabled" } })),
        kms(
            "a",
            "PutKeyPolicy",
            json!({ "keyId": K, "policyName": "default", "policy": policy.to_string() }),
            Value::Null,
        ),
        kms("b", "CreateAlias", json!({ "aliasName": "alias/logs", "targetKeyId": K }), Value::Null),
        record("g", "09:30:00", "CreateLogGroup", json!({ "logGroupName": "/a" })),
    ];
    let receipts = replay(REMEDIATE, &records);
    let of_group = receipts.iter().find(|receipt| receipt.event_name == "CreateLogGroup").unwrap();
    assert_eq!(of_group.findings[0].id, "log-group.unencrypted", "{:?}", of_group.findings);
}

/// Two copies of an event that differ (one was cut): which one wins must not hang on the order of the files.
#[test]
fn copies_that_differ_give_the_same_replay_in_any_order() {
    let whole = record("x", "09:00:00", "CreateLogGroup", json!({ "logGroupName": "/a", "kmsKeyId": K }));
    let cut = record("x", "09:00:00", "CreateLogGroup", json!({ "logGroupName": "/a" }));
    let one = replay(REMEDIATE, &[whole.clone(), cut.clone()]);
    let other = replay(REMEDIATE, &[cut, whole]);
    assert_eq!(verdicts(&one), verdicts(&other));
}

/// `serde_json` alone would keep the last of two equal keys, and read an Allow where a Deny stands too.
#[test]
fn a_key_policy_with_a_key_twice_lets_nobody_in() {
    let statement = |effects: &str| {
        format!(r#"{{ {effects}, "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {{}} }}"#)
    };
    let create = record("1", "09:00:00", "CreateLogGroup", json!({ "logGroupName": "/a" }));
    let policy = format!("mode = \"remediate\"\n[[log_groups.keys]]\nmatch = \"*\"\nkey = \"{K}\"\n");
    for (effects, repairs) in [(r#""Effect": "Allow""#, 1), (r#""Effect": "Deny", "Effect": "Allow""#, 0)] {
        let document = format!(r#"{{ "Statement": {} }}"#, statement(effects));
        let as_text = Value::from(document.as_str()).to_string();
        for written in [document, as_text] {
            let state = format!(r#"{{ "keys": [{{ "arn": "{K}", "policy": {written} }}] }}"#);
            let mut world = World::from_state(&state).unwrap();
            let policy = Policy::parse(&policy).unwrap();
            let receipt = step(&mut world, &policy, &change(&create), Effects::Shown).unwrap();
            assert_eq!(receipt.effects.len(), repairs, "{written}: {:?}", receipt.findings);
        }
    }
}

#[test]
fn one_event_id_in_two_places_is_two_changes() {
    let here = record("x", "09:00:00", "CreateLogGroup", json!({ "logGroupName": "/a" }));
    let (mut elsewhere, mut foreign) = (here.clone(), here.clone());
    elsewhere["awsRegion"] = json!("eu-west-1");
    foreign["recipientAccountId"] = json!("444455556666");
    let (changes, copies) = timeline::order([&here, &elsewhere, &here, &foreign].map(change).to_vec());
    assert_eq!((changes.len(), copies), (3, 1));
}

#[test]
fn a_state_file_is_an_object() {
    for text in
        ["[]", "[null, [], [], []]", "{\"keys\": [[\"arn:aws:kms:eu-central-1:111122223333:key/a\"]]}"]
    {
        assert!(World::from_state(text).is_err(), "{text}");
    }
}

#[test]
fn nothing_may_stand_behind_a_state_file() {
    assert!(World::from_state("{} {\"log_groups\": [{\"arn\": 7}]} trailing words").is_err());
}

#[test]
fn a_state_files_group_has_a_key_arn_or_none() {
    for key in ["", "alias/logs", "1a2b", "none"] {
        let state = json!({ "log_groups": [{ "arn": "arn:aws:logs:eu-central-1:111122223333:log-group:/a", "kms_key": key }] });
        assert!(World::from_state(&state.to_string()).is_err(), "`{key}`");
    }
}

#[test]
fn a_state_files_misspelt_key_state_is_an_error() {
    let state = json!({ "keys": [{ "arn": K, "state": "enabled" }] });
    assert!(World::from_state(&state.to_string()).is_err());
}

#[test]
fn nothing_stands_twice_in_a_state_file() {
    let group = json!({ "arn": "arn:aws:logs:eu-central-1:111122223333:log-group:/a" });
    assert!(World::from_state(&json!({ "log_groups": [group, group] }).to_string()).is_err());
    let other = K.replace("0001", "0002");
    assert!(World::from_state(&json!({ "keys": [{ "arn": K, "aliases": ["alias/logs"] }, { "arn": other, "aliases": ["alias/logs"] }] }).to_string()).is_err());
}

const BY_TAG: &str = "[[exempt]]\nguard = \"log-group\"\ntag = { key = \"data-class\", value = \"scratch\" }\nreason = \"r\"\n";

/// Nothing told this group's tags: "no tags" is a default, not a fact.
#[test]
fn tags_that_nothing_told_are_not_known_to_be_none() {
    let removed = record("x", "09:00:00", "DisassociateKmsKey", json!({ "logGroupName": "/unseen" }));
    let receipt = &replay(&format!("{REMEDIATE}{BY_TAG}"), &[removed])[0];
    assert!(
        receipt.verdict.as_str() == "unknown" || !receipt.assumed.iter().all(|a| !a.contains("tag")),
        "{receipt:#?}"
    );
}

#[test]
fn a_tag_told_before_the_group_is_met_counts() {
    let tagged = record(
        "w",
        "08:00:00",
        "TagResource",
        json!({ "resourceArn": "arn:aws:logs:eu-central-1:111122223333:log-group:/a", "tags": { "data-class": "scratch" } }),
    );
    let removed = record("x", "09:00:00", "DisassociateKmsKey", json!({ "logGroupName": "/a" }));
    assert_eq!(verdicts(&replay(&format!("{REMEDIATE}{BY_TAG}"), &[tagged, removed])), ["exempt"]);
}

/// `*` in the account field must not reach into a path that whoever may create a user or role chooses.
#[test]
fn a_path_does_not_make_a_principal_exempt() {
    let policy = format!(
        "{REMEDIATE}[[exempt]]\nguard = \"log-group\"\nprincipal = \"arn:aws:iam::*:role/break-glass*\"\nreason = \"r\"\n"
    );
    let mut bad = 0;
    for identity in [
        json!({ "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/:role/break-glass/mallory" }),
        json!({ "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/:assumed-role/break-glass/mallory" }),
        json!({ "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/mallory/s",
            "sessionContext": { "sessionIssuer": { "type": "Role", "arn": "arn:aws:iam::111122223333:role/:role/break-glass/mallory" } } }),
    ] {
        let mut removed = record("x", "09:00:00", "DisassociateKmsKey", json!({ "logGroupName": "/a" }));
        removed["userIdentity"] = identity.clone();
        let v = verdicts(&replay(&policy, &[removed]));
        bad += usize::from(v != ["violation"]);
    }
    assert_eq!(bad, 0);
}

/// The guard can't tell; "no longer exists" is a claim that nothing supports.
#[test]
fn an_association_without_its_key_is_not_a_deleted_group() {
    let odd = record("x", "09:00:00", "AssociateKmsKey", json!({ "logGroupName": "/unseen" }));
    assert_eq!(verdicts(&replay(REMEDIATE, &[odd])), ["unknown"]);
}

/// A Deny in doubt: the Allow is there, and pasting a second one mends nothing.
#[test]
fn a_statement_that_is_there_is_not_called_missing() {
    let state = json!({ "keys": [{ "arn": K, "aliases": ["alias/logs"], "policy": { "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": "logs.eu-central-1.amazonaws.com" }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": { "NotIpAddress": { "aws:SourceIp": "192.0.2.0/24" } } } ] } }] });
    let policy = Policy::parse(REMEDIATE).unwrap();
    let mut world = World::from_state(&state.to_string()).unwrap();
    let c = change(&record("x", "09:00:00", "CreateLogGroup", json!({ "logGroupName": "/a" })));
    let receipt = step(&mut world, &policy, &c, Effects::Shown).unwrap();
    assert!(
        !receipt.findings[0].evidence.iter().any(|e| e.contains("missing key-policy statement")),
        "{:#?}",
        receipt.findings[0]
    );
}

#[test]
fn replays_do_not_claim_to_have_asked_aws() {
    let c = record("x", "09:00:00", "CreateLogGroup", json!({ "logGroupName": "/a" }));
    let evidence = &replay(REMEDIATE, &[c])[0].findings[0].evidence;
    assert!(!evidence.iter().any(|e| e.starts_with("DescribeLogGroups shows")), "{evidence:?}");
}

#[test]
fn query_results_are_named_in_a_subject() {
    let c = change(&record(
        "x",
        "09:00:00",
        "DisassociateKmsKey",
        json!({ "resourceIdentifier": "arn:aws:logs:eu-central-1:111122223333:query-result:*" }),
    ));
    let policy = Policy::parse(REMEDIATE).unwrap();
    let facts = sealwatch_world::log_group::gather(&World::default(), &policy, &c, c.time);
    let plan = sealwatch_policy::guards::log_group::decide(&policy, &c, &facts, c.time);
    let target = sealwatch_policy::guards::log_group::Target::of(&c).arn();
    let page = sealwatch_policy::report::Report {
        guard: Guard::LogGroup,
        mode: policy.mode,
        pages: &policy.pages,
        change: &c,
        target,
        facts: facts.shown(),
        plan,
        outcomes: Vec::new(),
    }
    .page()
    .unwrap();
    assert!(!page.subject.contains(" * "), "{}", page.subject);
}

/// What API calls on query results name: also a query's own id; and `log-group:NAME:*` with a stream.
#[test]
fn wrong_places() {
    let mut c = record("x", "09:00:00", "DisassociateKmsKey", json!({ "logGroupName": "/a" }));
    c["recipientAccountId"] = json!(111122223333_u64);
    c["userIdentity"]["accountId"] = "444455556666".into();
    // a recorded account of another type is silently replaced by the caller's account
    assert_ne!(change(&c).place.account.as_str(), "444455556666");
}
