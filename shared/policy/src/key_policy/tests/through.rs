//! Whom a policy lets in through services.

use super::reach::{allow, everyone, let_in, told};
use super::*;

fn service(name: &str, condition: Value) -> Value {
    allow(json!({ "Service": name }), "kms:Decrypt", condition)
}

#[test]
fn another_account_that_a_condition_names_is_let_in_through_the_service() {
    let source = |value: Value| json!({ "StringEquals": { "aws:SourceAccount": value } });
    let through = |service: &str, how: &str| vec![format!("account 999999999999 through {service}: {how}")];
    let s3 = "s3.amazonaws.com";
    let trail = json!({ "StringLike": { "kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:999999999999:trail/*" } });
    for (name, statements, expected) in [
        (
            "another",
            vec![service(s3, source(json!("999999999999")))],
            through("the service s3.amazonaws.com", "surely"),
        ),
        (
            "the own and another",
            vec![service(s3, source(json!(["111122223333", "999999999999"])))],
            through("the service s3.amazonaws.com", "surely"),
        ),
        ("the own", vec![service(s3, source(json!("111122223333")))], vec![]),
        ("nobody is named", vec![service(s3, Value::Null)], vec![]),
        ("a wildcard", vec![service(s3, json!({ "StringLike": { "aws:SourceAccount": "*" } }))], vec![]),
        (
            "all but another",
            vec![service(s3, json!({ "StringNotEquals": { "aws:SourceAccount": "999999999999" } }))],
            vec![],
        ),
        (
            "a trail of another",
            vec![service("cloudtrail.amazonaws.com", trail)],
            through("the service cloudtrail.amazonaws.com", "perhaps"),
        ),
        (
            "logs of another",
            vec![service(
                "logs.us-east-1.amazonaws.com",
                json!({ "ArnLike": { "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:*:999999999999:*" } }),
            )],
            through("the service logs.us-east-1.amazonaws.com", "perhaps"),
        ),
        ("logs of the own", vec![logs(json!({}))], vec![]),
        (
            "a resource of another",
            vec![service(
                "sns.amazonaws.com",
                json!({ "ArnEquals": { "aws:SourceArn": "arn:aws:sns:us-east-1:999999999999:t" } }),
            )],
            through("the service sns.amazonaws.com", "perhaps"),
        ),
        (
            "a bucket, whose ARN has no account",
            vec![service(s3, json!({ "ArnLike": { "aws:SourceArn": "arn:aws:s3:::bucket" } }))],
            vec![],
        ),
        (
            "a number that is no source",
            vec![service(s3, json!({ "StringEquals": { "kms:EncryptionContext:tenant": "999999999999" } }))],
            vec![],
        ),
        ("any service", vec![everyone(source(json!("999999999999")))], through("any service", "surely")),
        (
            "any service, and one of them",
            vec![everyone(source(json!("999999999999"))), service(s3, source(json!("999999999999")))],
            through("any service", "surely"),
        ),
        (
            "the own account's users, whatever the source",
            vec![everyone(
                json!({ "StringEquals": { "kms:CallerAccount": "111122223333" }, "StringLike": { "aws:SourceArn": "arn:aws:sns:*:999999999999:*" } }),
            )],
            vec![],
        ),
        (
            "two conditions that contradict each other",
            vec![service(
                s3,
                json!({ "StringEquals": { "aws:SourceAccount": "999999999999", "aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:t" } }),
            )],
            vec![],
        ),
        (
            "a Deny for all other sources",
            vec![
                service(s3, source(json!("999999999999"))),
                deny(json!({ "Condition": { "StringNotEquals": { "aws:SourceAccount": "111122223333" } } })),
            ],
            vec![],
        ),
        (
            "a Deny that names the source",
            vec![service(s3, Value::Null), deny(json!({ "Condition": source(json!("999999999999")) }))],
            vec![],
        ),
    ] {
        assert_eq!(told(&policy(statements), None), expected, "{name}");
    }
}

#[test]
fn what_was_so_before_is_not_new() {
    let from = |accounts: &[&str]| {
        policy([service("s3.amazonaws.com", json!({ "StringEquals": { "aws:SourceAccount": accounts } }))])
    };
    let trails = |arn: &str| {
        policy([service("cloudtrail.amazonaws.com", json!({ "StringLike": { "aws:SourceArn": arn } }))])
    };
    let (one, all) =
        ("arn:aws:cloudtrail:*:999999999999:trail/a", "arn:aws:cloudtrail:*:999999999999:trail/*");
    for (name, before, after, new) in [
        ("the same", from(&["999999999999"]), from(&["999999999999"]), 0),
        ("one more", from(&["999999999999"]), from(&["999999999999", "888888888888"]), 1),
        ("one less", from(&["999999999999", "888888888888"]), from(&["888888888888"]), 0),
        (
            "without the condition it was open to all",
            policy([service("s3.amazonaws.com", Value::Null)]),
            from(&["999999999999"]),
            0,
        ),
        ("the own only", from(&["111122223333"]), from(&["999999999999"]), 1),
        ("the same trails", trails(one), trails(one), 0),
        ("other trails", trails(one), trails(all), 1),
        (
            "trails of the own and as before",
            trails(one),
            policy([
                service("cloudtrail.amazonaws.com", json!({ "StringLike": { "aws:SourceArn": one } })),
                service(
                    "cloudtrail.amazonaws.com",
                    json!({ "StringLike": { "aws:SourceArn": "arn:aws:cloudtrail:*:111122223333:trail/*" } }),
                ),
            ]),
            0,
        ),
    ] {
        assert_eq!(told(&after, Some(&before)).len(), new, "{name}");
    }
}

#[test]
fn of_many_accounts_the_rest_is_counted() {
    let many: Vec<String> = (0..100_u64).map(|number| format!("{:012}", number + 500)).collect();
    let document =
        policy([service("s3.amazonaws.com", json!({ "StringEquals": { "aws:SourceAccount": many } }))]);
    let openings = let_in(&document, None);
    assert_eq!((openings.found.len(), openings.not_asked), (64, 36));
}
