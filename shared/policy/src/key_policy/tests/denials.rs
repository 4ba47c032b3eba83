//! Deny statements: those that shut CloudWatch Logs out, those that don't touch it, those that can't be told.

use super::*;

fn denied_by(statement: Value) -> Value {
    policy([logs(json!({})), statement])
}

#[test]
fn denials() {
    check(vec![
        ("everything to everyone", denied_by(deny(json!({}))), Denied),
        ("everything by stars alone", denied_by(deny(json!({ "Action": "*" }))), Denied),
        (
            "everything to every AWS principal",
            denied_by(deny(json!({ "Principal": { "AWS": "*" } }))),
            Denied,
        ),
        ("a Deny before the Allow", policy([deny(json!({})), logs(json!({}))]), Denied),
        ("a Deny without any Allow", policy([deny(json!({}))]), Denied),
        (
            "the service itself",
            denied_by(deny(json!({ "Principal": { "Service": "logs.us-east-1.amazonaws.com" } }))),
            Denied,
        ),
        ("one of the needed actions", denied_by(deny(json!({ "Action": "kms:ReEncryptTo" }))), Denied),
        ("another action", denied_by(deny(json!({ "Action": "kms:ScheduleKeyDeletion" }))), Allowed),
        ("another key", denied_by(deny(json!({ "Resource": "arn:aws:kms:us-east-1:1:key/x" }))), Allowed),
        (
            "a role",
            denied_by(deny(json!({ "Principal": { "AWS": "arn:aws:iam::111122223333:role/x" } }))),
            Allowed,
        ),
        (
            "another service",
            denied_by(deny(json!({ "Principal": { "Service": "s3.amazonaws.com" } }))),
            Allowed,
        ),
        (
            "NotPrincipal isn't evaluated",
            denied_by(deny(json!({ "Principal": null, "NotPrincipal": { "AWS": "111122223333" } }))),
            Unknown,
        ),
        (
            "NotPrincipal on another action can't matter",
            denied_by(deny(json!({
                "Principal": null, "NotPrincipal": { "AWS": "111122223333" }, "Action": "kms:PutKeyPolicy",
            }))),
            Allowed,
        ),
        (
            "NotAction isn't evaluated",
            denied_by(deny(json!({ "Action": null, "NotAction": "kms:Describe*" }))),
            Unknown,
        ),
        (
            "NotAction for a role can't matter",
            denied_by(deny(json!({
                "Action": null, "NotAction": "kms:Describe*", "Principal": { "AWS": "arn:aws:iam::1:role/x" },
            }))),
            Allowed,
        ),
        (
            "NotResource isn't evaluated",
            denied_by(deny(json!({ "Resource": null, "NotResource": key().to_string() }))),
            Unknown,
        ),
        ("an unknown element", denied_by(deny(json!({ "Unless": "weekend" }))), Unknown),
        (
            "a certain Deny beside a doubtful one",
            policy([logs(json!({})), deny(json!({ "Unless": "weekend" })), deny(json!({}))]),
            Denied,
        ),
        (
            "a service with a wildcard",
            denied_by(deny(json!({ "Principal": { "Service": "logs.*" } }))),
            Unknown,
        ),
        (
            "a doubtful Deny and no Allow: adding one may not help",
            policy([deny(json!({ "Unless": 1 }))]),
            Unknown,
        ),
        (
            "a doubtful Deny of one action, the others plainly missing",
            policy([deny(json!({ "Action": "kms:Decrypt", "Unless": 1 }))]),
            Unknown,
        ),
    ]);
}

#[test]
fn conditional_denials() {
    let outside_org = json!({ "aws:PrincipalOrgID": "o-abcdefghij" });
    check(vec![
        ("calls without TLS", deny_when(json!({ "Bool": { "aws:SecureTransport": "false" } })), Allowed),
        (
            "calls without TLS, in capitals",
            deny_when(json!({ "Bool": { "aws:SecureTransport": "False" } })),
            Allowed,
        ),
        (
            "calls without TLS, as a boolean",
            deny_when(json!({ "Bool": { "aws:SecureTransport": false } })),
            Allowed,
        ),
        ("calls with TLS", deny_when(json!({ "BoolIfExists": { "aws:SecureTransport": "true" } })), Denied),
        (
            "outsiders of an organization, services excepted",
            deny_when(json!({
                "StringNotEqualsIfExists": outside_org,
                "BoolIfExists": { "aws:PrincipalIsAWSService": "false" },
            })),
            Allowed,
        ),
        (
            "outsiders of an organization, services forgotten, IfExists",
            deny_when(json!({ "StringNotEqualsIfExists": outside_org })),
            Denied,
        ),
        (
            "outsiders of an organization, services forgotten",
            deny_when(json!({ "StringNotEquals": outside_org })),
            Denied,
        ),
        ("members of an organization", deny_when(json!({ "StringEquals": outside_org })), Allowed),
        ("services", deny_when(json!({ "Bool": { "aws:PrincipalIsAWSService": "true" } })), Denied),
        (
            "calls that didn't come through a service",
            deny_when(json!({ "StringNotEquals": { "kms:ViaService": "logs.us-east-1.amazonaws.com" } })),
            Denied,
        ),
        (
            "calls from outside a network",
            deny_when(json!({ "StringNotEquals": { "aws:SourceVpce": "vpce-1" } })),
            Denied,
        ),
        (
            "calls from outside a network that came through one",
            deny_when(json!({
                "StringNotEquals": { "aws:SourceVpce": "vpce-1" }, "Null": { "aws:SourceVpce": "false" },
            })),
            Allowed,
        ),
        (
            "calls from addresses",
            deny_when(json!({ "NotIpAddress": { "aws:SourceIp": "192.0.2.0/24" } })),
            Unknown,
        ),
        (
            "calls from addresses, services excepted",
            deny_when(json!({
                "NotIpAddress": { "aws:SourceIp": "192.0.2.0/24" }, "Bool": { "aws:PrincipalIsAWSService": "false" },
            })),
            Allowed,
        ),
        (
            "without multi-factor authentication, IfExists",
            deny_when(json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } })),
            Denied,
        ),
        (
            "without multi-factor authentication",
            deny_when(json!({ "Bool": { "aws:MultiFactorAuthPresent": "false" } })),
            Allowed,
        ),
        (
            "other Regions",
            deny_when(json!({ "StringNotEquals": { "aws:RequestedRegion": ["us-east-1", "us-west-2"] } })),
            Allowed,
        ),
        (
            "this Region",
            deny_when(json!({ "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } })),
            Denied,
        ),
        (
            "other accounts as the source: the key may not be sent",
            deny_when(json!({ "StringNotEquals": { "aws:SourceAccount": "111122223333" } })),
            Unknown,
        ),
        (
            "other accounts as the source, IfExists alone counts an absent key as a match",
            deny_when(json!({ "StringNotEqualsIfExists": { "aws:SourceAccount": "111122223333" } })),
            Unknown,
        ),
        (
            "other accounts as the source, where one is sent",
            deny_when(json!({
                "StringNotEquals": { "aws:SourceAccount": "111122223333" },
                "Null": { "aws:SourceAccount": "false" },
            })),
            Unknown,
        ),
        (
            "another account's source: neither present nor absent does it match",
            deny_when(json!({ "StringEquals": { "aws:SourceAccount": "444455556666" } })),
            Allowed,
        ),
        (
            "everything but this account as the source denies absent or not",
            deny_when(json!({ "StringNotEquals": { "aws:SourceAccount": "444455556666" } })),
            Denied,
        ),
        (
            "other log groups' context",
            deny_when(json!({ "StringNotEquals": { "kms:EncryptionContext:aws:logs:arn": GROUP } })),
            Allowed,
        ),
        (
            "any context but a sibling's",
            deny_when(json!({ "ArnNotLike": {
                "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:111122223333:log-group:/app/foobar",
            } })),
            Denied,
        ),
        (
            "calls without encryption context",
            deny_when(json!({ "Null": { "kms:EncryptionContext:aws:logs:arn": "true" } })),
            Allowed,
        ),
        ("an unknown key", deny_when(json!({ "StringEquals": { "aws:Weekday": "Monday" } })), Unknown),
        (
            "an unknown key beside a definite mismatch",
            deny_when(
                json!({ "StringEquals": { "aws:Weekday": "Monday", "aws:RequestedRegion": "eu-west-1" } }),
            ),
            Allowed,
        ),
        (
            "a policy variable",
            deny_when(json!({ "StringNotEquals": { "aws:PrincipalServiceName": "${aws:PrincipalTag/x}" } })),
            Unknown,
        ),
        (
            "not an ARN as an ARN pattern",
            deny_when(json!({ "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": "*",
        } })),
            Unknown,
        ),
    ]);
}
