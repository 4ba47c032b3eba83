//! Whether a key is in use: an answer with evidence, or nothing is written.

use super::*;
use crate::lab::failed;

#[test]
fn a_key_as_it_should_be_costs_one_read_and_no_page() {
    let (lab, key) = lab_with_key();
    let answer = guard(&lab, "remediate").invoke(&event("good-1", "EnableKey", json!({ "keyId": key })));
    assert_eq!((&answer["verdict"], &answer["page"]), (&json!("compliant"), &Value::Null), "{answer}");
    assert_eq!(lab.operations(), ["kms:DescribeKey"]);
}

#[test]
fn a_key_that_nothing_uses_is_left_to_its_fate_with_a_word() {
    let (lab, key) = lab_with_key();
    create_groups(&lab, [("/app/one".to_owned(), None)]);
    make_two_days_old(&lab, &key);
    schedule(&lab, &key);
    let answer = guard(&lab, "remediate").invoke(&scheduled("scheduled-1", &key));
    assert_eq!(
        (finding_ids(&answer), effects(&answer)),
        (vec!["key.deletion-scheduled"], vec![]),
        "{answer}"
    );
    assert_eq!((&answer["verdict"], &answer["page"]["severity"]), (&json!("violation"), &json!("low")));
    assert_eq!((state(&lab, &key), writes(&lab)), ("PendingDeletion".to_owned(), vec![]));
}

#[test]
fn a_key_older_than_what_kms_records_is_not_taken_for_unused() {
    let (lab, key) = lab_with_key();
    make_older_than_tracking(&lab, &key);
    schedule(&lab, &key);
    let guard = guard(&lab, "remediate");
    assert!(failed(&guard.invoke(&scheduled("scheduled-1", &key))));
    let receipt = &guard.receipts(1)[0];
    assert_eq!((&receipt["verdict"], effects(receipt)), (&json!("unknown"), vec![]), "{receipt}");
    assert_eq!((&receipt["page"]["severity"], &receipt["page"]["outcome"]), (&json!("high"), &json!("sent")));
    assert_eq!((state(&lab, &key), writes(&lab)), ("PendingDeletion".to_owned(), vec![]));
}

#[test]
fn a_use_of_long_ago_is_no_evidence() {
    let (lab, key) = lab_with_key();
    let usage = json!({ "Operation": "Decrypt", "Timestamp": ago(91 * 24) });
    lab.order(
        "key-last-usage",
        json!({ "KeyId": key, "KeyLastUsage": usage, "KeyCreationDate": "2020-01-01T00:00:00Z" }),
    );
    disable(&lab, &key);
    let answer = guard(&lab, "remediate").invoke(&disabled("disabled-1", &key));
    assert_eq!((effects(&answer), &answer["page"]["severity"]), (vec![], &json!("low")), "{answer}");
    assert_eq!(state(&lab, &key), "Disabled");
}

#[test]
fn each_source_alone_shows_a_key_to_be_in_use() {
    type Show = fn(&Lab, &str);
    let sources: [(&str, Show); 6] = [
        ("policy protects alias/prod-a", |lab, key| {
            call(lab, "CreateAlias", json!({ "AliasName": "alias/prod-a", "TargetKeyId": key }));
        }),
        ("policy protects the tag tier=prod", |lab, key| {
            call(
                lab,
                "TagResource",
                json!({ "KeyId": key, "Tags": [{ "TagKey": "tier", "TagValue": "prod" }] }),
            );
        }),
        ("the trail", |lab, key| {
            let open = json!({ "Version": "2012-10-17", "Statement": [
                { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": "kms:*", "Resource": "*" },
                { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
                  "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*" },
            ]});
            call(
                lab,
                "PutKeyPolicy",
                json!({ "KeyId": key, "PolicyName": "default", "Policy": open.to_string() }),
            );
            lab.create_bucket("example-trail-logs", REGION);
            let trail = json!({ "Name": "audit", "S3BucketName": "example-trail-logs", "KmsKeyId": key });
            lab.call("CloudTrail_20131101.CreateTrail", trail);
        }),
        ("dynamodb.eu-central-1.amazonaws.com holds the grant", |lab, key| {
            let service = "dynamodb.eu-central-1.amazonaws.com";
            let grant = json!({ "KeyId": key, "GranteeServicePrincipal": service, "RetiringServicePrincipal": service,
                "Constraints": { "SourceArn": arn("dynamodb", "table/a") }, "Operations": ["Decrypt"] });
            call(lab, "CreateGrant", grant);
        }),
        ("shared with other accounts through AWS RAM", |lab, key| {
            lab.order("ram-policy", json!({ "KeyId": key, "Policy": logs_policy(REGION).to_string() }));
        }),
        ("the log group /app/one", |lab, key| {
            create_groups(lab, [("/app/one".to_owned(), Some(key.to_owned()))]);
        }),
    ];
    let protecting = "[keys]\nprotect = [\"alias/prod-*\"]\nprotect_tags = { tier = \"prod\" }\n";
    for (told, show) in sources {
        let (lab, key) = lab_with_key();
        show(&lab, &key);
        schedule(&lab, &key);
        let guard = lab.guard("key-guard", &format!("{}{protecting}", policy("remediate")));
        let answer = guard.invoke(&scheduled("scheduled-1", &key));
        assert_eq!(
            (effects(&answer), state(&lab, &key)),
            (RESCUED.to_vec(), "Enabled".to_owned()),
            "{told}: {answer}"
        );
        assert!(email(&lab).contains(told), "{told}: {}", email(&lab));
    }
}

#[test]
fn log_groups_are_gone_through_page_by_page_to_the_first_that_uses_the_key() {
    let (lab, key) = lab_with_key();
    let other = create_key(&lab);
    let key_of = |number| match number {
        130 | 140 => Some(key.clone()),
        7 => Some(other.clone()),
        _ => None,
    };
    create_groups(&lab, (0..230).map(|number| (format!("/app/{number:03}"), key_of(number))));
    disable(&lab, &key);
    let answer = guard(&lab, "remediate").invoke(&disabled("disabled-1", &key));
    assert_eq!(effects(&answer), [("key-enabled", "applied")], "{answer}");
    assert_eq!(
        lab.count("logs:DescribeLogGroups"),
        3,
        "fifty a page, and none behind the first that is found"
    );
    let groups = &answer["facts"]["log_groups"];
    assert_eq!(
        (&groups["using"], &groups["looked_at"]),
        (&json!([arn("logs", "log-group:/app/130")]), &json!(131))
    );
}

#[test]
fn log_groups_too_many_for_the_time_make_the_answer_unknown() {
    let (lab, key) = lab_with_key();
    create_groups(&lab, (0..8_000).map(|number| (format!("/app/{number:04}"), None)));
    schedule(&lab, &key);
    let guard = guard(&lab, "remediate");
    assert!(failed(&guard.invoke(&scheduled("scheduled-1", &key))));
    let receipt = &guard.receipts(1)[0];
    let cut = receipt["facts"]["log_groups"]["cut_short"].as_str().unwrap();
    assert!(cut.contains("ran out of time") || cut.contains("no answer within the time"), "{cut}");
    assert_eq!((&receipt["page"]["severity"], &receipt["page"]["outcome"]), (&json!("high"), &json!("sent")));
    assert_eq!((state(&lab, &key), writes(&lab)), ("PendingDeletion".to_owned(), vec![]));
    // Half of the twenty seconds, less than ten a second.
    assert!(lab.count("logs:DescribeLogGroups") <= 100, "{}", lab.count("logs:DescribeLogGroups"));
}
