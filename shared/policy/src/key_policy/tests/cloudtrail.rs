//! CloudTrail's access to a key: the statements of its user guide, their variants, and what comes close.

use super::*;
use crate::key_policy::trail_access;
use crate::names::TrailArn;

const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";

fn trail() -> TrailArn {
    TrailArn::parse(TRAIL).unwrap()
}

fn trail_answer(document: &Value) -> ServiceAccess {
    trail_access(&KeyPolicy::from_value(document).unwrap(), &key(), &trail())
}

/// The user guide's statement to encrypt, with these elements replaced.
fn encrypt(changed: Value) -> Value {
    with(
        json!({
            "Sid": "Allow CloudTrail to encrypt logs",
            "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "kms:GenerateDataKey*",
            "Resource": "*",
            "Condition": {
                "StringEquals": { "aws:SourceArn": TRAIL },
                "StringLike": {
                    "kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111122223333:trail/*",
                },
            },
        }),
        changed,
    )
}

/// The user guide's statement to describe the key, with these elements replaced.
fn describe(changed: Value) -> Value {
    with(
        json!({
            "Sid": "Allow CloudTrail to describe key",
            "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "kms:DescribeKey",
            "Resource": "*",
        }),
        changed,
    )
}

fn under(condition: Value) -> Value {
    policy([encrypt(json!({ "Condition": condition })), describe(json!({}))])
}

fn beside_deny(changed: Value) -> Value {
    policy([encrypt(json!({})), describe(json!({})), deny(changed)])
}

#[test]
fn cloudtrail_is_let_in_or_kept_out() {
    let context = "kms:EncryptionContext:aws:cloudtrail:arn";
    let cases: Vec<Case> = vec![
        ("the console's two statements", policy([encrypt(json!({})), describe(json!({}))]), Allowed),
        (
            "the older guide's, by context alone",
            under(json!({ "StringLike": { context: "arn:aws:cloudtrail:*:111122223333:trail/*" } })),
            Allowed,
        ),
        (
            "several accounts in the context",
            under(
                json!({ "StringLike": { context: ["arn:aws:cloudtrail:*:444455556666:trail/*", "arn:aws:cloudtrail:*:111122223333:trail/*"] } }),
            ),
            Allowed,
        ),
        (
            "the source as ArnLike",
            under(json!({ "ArnLike": { "aws:SourceArn": "arn:aws:cloudtrail:*:111122223333:trail/*" } })),
            Allowed,
        ),
        (
            "no condition at all",
            policy([encrypt(json!({ "Condition": null })), describe(json!({}))]),
            Allowed,
        ),
        (
            "all of KMS for the service",
            policy([encrypt(json!({ "Action": "kms:*", "Condition": null }))]),
            Allowed,
        ),
        (
            "several services in one principal",
            policy([
                encrypt(
                    json!({ "Principal": { "Service": ["config.amazonaws.com", "cloudtrail.amazonaws.com"] } }),
                ),
                describe(json!({})),
            ]),
            Allowed,
        ),
        (
            "the guide's describing statement under the trail as its source",
            policy([
                encrypt(json!({})),
                describe(json!({ "Condition": { "StringEquals": { "aws:SourceArn": TRAIL } } })),
            ]),
            Allowed,
        ),
        (
            "a describing statement for another trail",
            policy([
                encrypt(json!({})),
                describe(
                    json!({ "Condition": { "StringEquals": { "aws:SourceArn": format!("{TRAIL}2") } } }),
                ),
            ]),
            Missing,
        ),
        ("the encrypting statement alone", policy([encrypt(json!({}))]), Missing),
        ("the describing statement alone", policy([describe(json!({}))]), Missing),
        ("the account's own statement alone", policy([]), Missing),
        (
            "both actions under the context, which DescribeKey doesn't have",
            policy([encrypt(json!({ "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"] }))]),
            Missing,
        ),
        (
            "another account's trails",
            under(json!({ "StringLike": { context: "arn:aws:cloudtrail:*:444455556666:trail/*" } })),
            Missing,
        ),
        (
            "another trail as the source",
            under(json!({ "StringEquals": { "aws:SourceArn": format!("{TRAIL}2") } })),
            Missing,
        ),
        (
            "a star that StringEquals doesn't know",
            under(json!({ "StringEquals": { context: "arn:aws:cloudtrail:*:111122223333:trail/*" } })),
            Missing,
        ),
        (
            "GenerateDataKey without its star",
            policy([encrypt(json!({ "Action": "kms:GenerateDataKey" })), describe(json!({}))]),
            Missing,
        ),
        (
            "a Regional name, which CloudTrail doesn't have",
            policy([
                encrypt(json!({ "Principal": { "Service": "cloudtrail.us-east-1.amazonaws.com" } })),
                describe(json!({})),
            ]),
            Missing,
        ),
        ("CloudWatch Logs' statement", policy([logs(json!({}))]), Missing),
        (
            "the source's account, which may not be told",
            under(json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } })),
            Unknown,
        ),
        (
            "the way through another service, which isn't documented",
            under(json!({ "StringEquals": { "kms:ViaService": "s3.us-east-1.amazonaws.com" } })),
            Unknown,
        ),
        (
            "a Deny of another account's callers",
            beside_deny(
                json!({ "Condition": { "StringNotEquals": { "aws:PrincipalAccount": "111122223333" } } }),
            ),
            Unknown,
        ),
        (
            "a Deny of everything but this trail",
            beside_deny(
                json!({ "Action": "kms:GenerateDataKey*", "Condition": { "ArnNotLike": { "aws:SourceArn": TRAIL } } }),
            ),
            Allowed,
        ),
        (
            "a Deny of plain transport",
            beside_deny(json!({ "Condition": { "Bool": { "aws:SecureTransport": "false" } } })),
            Allowed,
        ),
        (
            "a Deny of the service",
            beside_deny(json!({ "Principal": { "Service": "cloudtrail.amazonaws.com" } })),
            Denied,
        ),
        ("a Deny of its DescribeKey", beside_deny(json!({ "Action": "kms:Describe*" })), Denied),
    ];
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(name, document, expected)| {
            let access = trail_answer(&document);
            (kind(&access) != expected).then(|| format!("{name}: expected {expected:?}, got {access:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_statements_that_are_missing_are_printed_and_they_let_it_in() {
    for (given, sids) in [
        (vec![], vec!["AllowCloudTrailToEncrypt", "AllowCloudTrailToDescribeKey"]),
        (vec![encrypt(json!({}))], vec!["AllowCloudTrailToDescribeKey"]),
        (vec![describe(json!({ "Sid": "AllowCloudTrailToEncrypt" }))], vec!["AllowCloudTrailToEncrypt2"]),
    ] {
        let ServiceAccess::Missing { statements, .. } = trail_answer(&policy(given.clone())) else {
            panic!("it is missing")
        };
        assert_eq!(statements.iter().map(|it| it["Sid"].as_str().unwrap()).collect::<Vec<_>>(), sids);
        assert_eq!(trail_answer(&policy(given.into_iter().chain(statements))), ServiceAccess::Allowed);
    }
}

#[test]
fn the_same_name_serves_every_partition() {
    let arn = "arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/audit";
    let trail = TrailArn::parse(arn).unwrap();
    let key = KeyArn::parse("arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd").unwrap();
    let condition = json!({ "StringEquals": { "aws:SourceArn": arn } });
    let document = policy([encrypt(json!({ "Condition": condition })), describe(json!({}))]);
    assert_eq!(
        trail_access(&KeyPolicy::from_value(&document).unwrap(), &key, &trail),
        ServiceAccess::Allowed
    );
}
