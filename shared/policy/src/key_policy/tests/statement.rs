//! What the answers say: the missing actions, the statement to add, the Deny, the reasons.

use super::*;

#[test]
fn the_missing_statement_is_the_documented_one() {
    let ServiceAccess::Missing { actions, statements } = answer(&policy([])) else { panic!("it is missing") };
    let documented =
        ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"];
    assert_eq!(actions, documented);
    assert_eq!(
        statements,
        [json!({
            "Sid": "AllowCloudWatchLogs",
            "Effect": "Allow",
            "Principal": { "Service": "logs.us-east-1.amazonaws.com" },
            "Action": documented,
            "Resource": "*",
            "Condition": { "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:111122223333:*",
            } },
        })]
    );
}

#[test]
fn only_what_is_missing_is_listed_as_missing() {
    let document = policy([logs(json!({ "Action": ["kms:Encrypt", "kms:ReEncryptFrom", "kms:Describe*"] }))]);
    let ServiceAccess::Missing { actions, .. } = answer(&document) else { panic!("it is missing") };
    assert_eq!(actions, ["kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"]);
}

#[test]
fn a_taken_sid_gets_a_number() {
    for (taken, expected) in [
        (vec!["AllowCloudWatchLogs"], "AllowCloudWatchLogs2"),
        (vec!["allowcloudwatchlogs", "AllowCloudWatchLogs2"], "AllowCloudWatchLogs3"),
        (vec!["AllowCloudWatchLogs2"], "AllowCloudWatchLogs"),
    ] {
        let role = json!({ "AWS": "arn:aws:iam::111122223333:role/x" });
        let document = policy(taken.iter().map(|sid| logs(json!({ "Sid": sid, "Principal": role }))));
        let ServiceAccess::Missing { statements, .. } = answer(&document) else { panic!("it is missing") };
        assert_eq!(statements[0]["Sid"], expected, "{taken:?}");
    }
}

#[test]
fn a_deny_is_named_with_its_actions() {
    let document = policy([
        logs(json!({})),
        deny(json!({ "Sid": "DenyOut\nsiders", "Action": "kms:GenerateDataKeyWithoutPlaintext" })),
        deny(json!({ "Action": ["kms:Encrypt", "kms:GenerateDataKey*"] })),
    ]);
    assert_eq!(
        answer(&document),
        ServiceAccess::Denied {
            actions: vec!["kms:Encrypt", "kms:GenerateDataKey*"],
            by: r"statement 4, statement 3 (`DenyOut\u{a}siders`)".to_owned(),
        }
    );
}

#[test]
fn reasons_name_the_statement_and_what_is_in_doubt_once() {
    let document = policy([
        logs(
            json!({ "Sid": "Mine", "Condition": { "StringEquals": { "kms:CallerAccount": "111122223333" } } }),
        ),
        deny(
            json!({ "NotPrincipal": { "AWS": "111122223333" }, "Principal": null, "Action": "kms:Decrypt" }),
        ),
    ]);
    let ServiceAccess::Unknown { why, .. } = answer(&document) else { panic!("it is unknown") };
    assert_eq!(
        why,
        [
            "statement 3: its `NotPrincipal` isn't evaluated",
            "statement 2 (`Mine`): what the request says for `kms:CallerAccount` isn't known",
        ]
    );
}

#[test]
fn a_possible_deny_outweighs_what_is_missing_and_says_both() {
    let document = policy([deny(json!({ "Action": "kms:Decrypt", "Unless": "weekend" }))]);
    let ServiceAccess::Unknown { why, .. } = answer(&document) else { panic!("it is unknown") };
    assert_eq!(
        why,
        [
            "statement 2: its element `Unless` is unknown",
            "no statement allows `kms:Encrypt`",
            "no statement allows `kms:ReEncrypt*`",
            "no statement allows `kms:GenerateDataKey*`",
            "no statement allows `kms:Describe*`",
        ]
    );
}

#[test]
fn text_of_the_policy_stays_on_one_line_and_short() {
    let long = format!("{}\n\u{202e}{}", "x".repeat(50), "y".repeat(10_000));
    let document = policy([
        logs(
            json!({ &*long: 1, "Sid": long, "Condition": { &*long: { &*long: &*long }, "Bool": { &*long: &*long } } }),
        ),
        logs(json!({ "Effect": &*long, "Action": [{ &*long: 1 }], "Principal": { &*long: &*long } })),
    ]);
    let ServiceAccess::Unknown { why, .. } = answer(&document) else { panic!("it is unknown") };
    for reason in why {
        assert!(reason.len() < 700 && !reason.contains(['\n', '\u{202e}']), "{reason}");
    }
}
