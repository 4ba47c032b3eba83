//! Condition operators on an Allow: what holds, what doesn't, what can't be told.

use super::*;

const CONTEXT: &str = "kms:EncryptionContext:aws:logs:arn";

/// The documented statement, for context values that this operator accepts.
fn context(operator: &str, value: Value) -> Value {
    when(json!({ operator: { CONTEXT: value } }))
}

#[test]
fn encryption_contexts() {
    let arn = |rest: &str| json!(format!("arn:aws:logs:us-east-1:111122223333:{rest}"));
    check(vec![
        ("another account", context("ArnLike", json!("arn:aws:logs:us-east-1:444455556666:*")), Missing),
        ("another Region", context("ArnLike", json!("arn:aws:logs:us-west-2:111122223333:*")), Missing),
        ("another partition", context("ArnLike", json!("arn:aws-cn:logs:us-east-1:111122223333:*")), Missing),
        ("a sibling with the same prefix", context("ArnEquals", arn("log-group:/app/foobar")), Missing),
        ("a child", context("ArnEquals", arn("log-group:/app/foo/child")), Missing),
        ("a parent", context("ArnEquals", arn("log-group:/app")), Missing),
        (
            "the group's ARN with the star it doesn't have here",
            context("ArnEquals", arn("log-group:/app/foo:*")),
            Missing,
        ),
        ("a prefix with a star", context("ArnLike", arn("log-group:/app/*")), Allowed),
        ("a prefix with a star by ArnEquals", context("ArnEquals", arn("log-group:/app/*")), Allowed),
        (
            "a prefix with a star by StringEquals is literal",
            context("StringEquals", arn("log-group:/app/*")),
            Missing,
        ),
        ("another prefix", context("ArnLike", arn("log-group:/payments/*")), Missing),
        ("any Region and account", context("ArnLike", json!("arn:aws:logs:*:*:*")), Allowed),
        (
            "a star doesn't cross colons in ArnLike",
            context("ArnLike", json!("arn:aws:logs:*:log-group:*:*")),
            Missing,
        ),
        (
            "a star crosses colons in StringLike",
            context("StringLike", json!("arn:aws:logs:*:log-group:*")),
            Allowed,
        ),
        ("a bare star in StringLike", context("StringLike", json!("*")), Allowed),
        ("a bare star is no ARN pattern", context("ArnLike", json!("*")), Unknown),
        (
            "an incomplete ARN that would match if it were completed",
            context("ArnLike", json!("arn:aws:logs")),
            Unknown,
        ),
        ("an incomplete ARN that couldn't match anyway", context("ArnLike", json!("arn:aws:s3")), Missing),
        ("question marks", context("StringLike", arn("log-group:/app/fo?")), Allowed),
        (
            "one of several",
            context("ArnEquals", json!([arn("log-group:/a"), arn("log-group:/app/foo")])),
            Allowed,
        ),
        ("none of several", context("ArnEquals", json!([arn("log-group:/a"), arn("log-group:/b")])), Missing),
        ("other case under StringEquals", context("StringEquals", arn("log-group:/APP/foo")), Missing),
        ("other case ignored", context("StringEqualsIgnoreCase", arn("log-group:/APP/foo")), Allowed),
        (
            "other case ignored, negated",
            context("StringNotEqualsIgnoreCase", arn("log-group:/APP/foo")),
            Missing,
        ),
        ("none of several, negated", context("StringNotLike", json!(["arn:aws:s3:*", "x"])), Allowed),
        ("one of several, negated", context("StringNotLike", json!(["arn:aws:s3:*", GROUP])), Missing),
        ("another ARN, negated", context("ArnNotEquals", arn("log-group:/b")), Allowed),
        ("operators in lower case", context("arnlike", arn("*")), Allowed),
        (
            "context keys in other case",
            when(json!({ "ArnLike": { "KMS:encryptioncontext:AWS:Logs:ARN": arn("*") } })),
            Allowed,
        ),
        (
            "CloudTrail's context isn't sent",
            when(json!({ "StringLike": { "kms:EncryptionContext:aws:cloudtrail:arn": "*" } })),
            Missing,
        ),
        (
            "CloudTrail's context isn't sent, IfExists",
            when(json!({ "StringLikeIfExists": { "kms:EncryptionContext:aws:cloudtrail:arn": "x" } })),
            Allowed,
        ),
    ]);
}

#[test]
fn set_operators() {
    let keys =
        |operator: &str, value: Value| when(json!({ operator: { "kms:EncryptionContextKeys": value } }));
    let absent = |operator: &str| when(json!({ operator: { "aws:PrincipalOrgPaths": "o-a/*" } }));
    check(vec![
        (
            "any of the context's keys",
            keys("ForAnyValue:StringEquals", json!(["aws:logs:arn", "x"])),
            Allowed,
        ),
        (
            "none of the context's keys",
            keys("ForAnyValue:StringEquals", json!("aws:cloudtrail:arn")),
            Missing,
        ),
        (
            "all of the context's keys",
            keys("ForAllValues:StringEquals", json!(["aws:logs:arn", "x"])),
            Allowed,
        ),
        ("not all of the context's keys", keys("ForAllValues:StringEquals", json!(["x"])), Missing),
        ("any key that isn't x", keys("ForAnyValue:StringNotEquals", json!("x")), Allowed),
        ("no key is aws:logs:arn", keys("ForAllValues:StringNotEquals", json!("aws:logs:arn")), Missing),
        ("set operators in other case", keys("foranyvalue:stringlike", json!("aws:logs:*")), Allowed),
        (
            "the values of context keys are case-sensitive",
            keys("ForAnyValue:StringEquals", json!("AWS:logs:arn")),
            Missing,
        ),
        ("all values of an absent key", absent("ForAllValues:StringLike"), Allowed),
        ("any value of an absent key", absent("ForAnyValue:StringLike"), Missing),
        ("any value of an absent key, negated", absent("ForAnyValue:StringNotLike"), Missing),
        ("any value of an absent key, IfExists", absent("ForAnyValue:StringLikeIfExists"), Unknown),
        ("an unknown set operator", absent("ForSomeValues:StringLike"), Unknown),
        (
            // Which names the list holds isn't documented for CloudWatch Logs.
            "the service's names",
            when(json!({ "ForAnyValue:StringEquals": {
                "aws:PrincipalServiceNamesList": "logs.us-east-1.amazonaws.com",
            } })),
            Unknown,
        ),
    ]);
}

#[test]
fn presence_and_truth() {
    check(vec![
        ("Null false on a key that is there", context("Null", json!("false")), Allowed),
        ("Null true on a key that is there", context("Null", json!("true")), Missing),
        ("Null as a boolean", context("Null", json!(false)), Allowed),
        ("Null true on an absent key", when(json!({ "Null": { "aws:SourceVpc": "true" } })), Allowed),
        (
            "Null false on an absent key",
            when(json!({ "Null": { "aws:SourceVpc": true, "aws:userid": false } })),
            Missing,
        ),
        ("Null on a key that may be there", when(json!({ "Null": { "aws:SourceArn": "false" } })), Unknown),
        ("Null on an unknown key", when(json!({ "Null": { "aws:SourceIp": "true" } })), Unknown),
        ("Null with neither true nor false", context("Null", json!("maybe")), Unknown),
        ("Null has no IfExists", context("NullIfExists", json!("false")), Unknown),
        ("TLS", when(json!({ "Bool": { "aws:SecureTransport": "true" } })), Allowed),
        ("TLS as a boolean", when(json!({ "Bool": { "aws:SecureTransport": true } })), Allowed),
        ("TLS by the text 1", when(json!({ "Bool": { "aws:SecureTransport": "1" } })), Unknown),
        (
            "the service is a service",
            when(json!({ "Bool": { "aws:PrincipalIsAWSService": "true" } })),
            Allowed,
        ),
        ("the call isn't forwarded", when(json!({ "Bool": { "aws:ViaAWSService": "true" } })), Missing),
        (
            "an absent key under a positive operator",
            when(json!({ "StringEquals": { "aws:username": "x" } })),
            Missing,
        ),
        (
            "an absent key under a negated operator",
            when(json!({ "StringNotEquals": { "aws:username": "x" } })),
            Allowed,
        ),
        ("an absent tag", when(json!({ "StringEqualsIfExists": { "aws:PrincipalTag/team": "x" } })), Allowed),
        (
            "ViaService is for callers of the service, not for it",
            when(json!({ "StringEquals": { "kms:ViaService": "logs.us-east-1.amazonaws.com" } })),
            Missing,
        ),
    ]);
}

#[test]
fn sources_that_may_not_be_sent() {
    let source = |operator: &str, value: &str| when(json!({ operator: { "aws:SourceArn": value } }));
    let account = |operator: &str, value: Value| when(json!({ operator: { "aws:SourceAccount": value } }));
    check(vec![
        ("this account", account("StringEquals", json!("111122223333")), Unknown),
        ("this account as a number", account("StringEquals", json!(111_122_223_333_u64)), Unknown),
        ("this account, IfExists", account("StringEqualsIfExists", json!("111122223333")), Allowed),
        ("another account", account("StringEquals", json!("444455556666")), Missing),
        ("another account, IfExists", account("StringEqualsIfExists", json!("444455556666")), Unknown),
        ("not another account", account("StringNotEquals", json!("444455556666")), Allowed),
        ("this group", source("ArnLike", GROUP), Unknown),
        (
            "this group with a star",
            source("ArnLike", "arn:aws:logs:us-east-1:111122223333:log-group:/app/foo:*"),
            Unknown,
        ),
        (
            "any group of the account, IfExists",
            source("ArnLikeIfExists", "arn:aws:logs:*:111122223333:*"),
            Allowed,
        ),
        (
            "another group",
            source("ArnLike", "arn:aws:logs:us-east-1:111122223333:log-group:/app/bar"),
            Missing,
        ),
        (
            "this account as the source beside the documented grant",
            policy([
                logs(json!({ "Condition": { "StringEquals": { "aws:SourceAccount": "111122223333" } } })),
                logs(json!({})),
            ]),
            Allowed,
        ),
    ]);
}

#[test]
fn several_conditions_and_oddities() {
    let documented = "arn:aws:logs:us-east-1:111122223333:*";
    check(vec![
        ("an empty condition", when(json!({})), Allowed),
        ("an operator without keys", when(json!({ "StringEquals": {} })), Allowed),
        ("a key without values", context("StringEquals", json!([])), Unknown),
        ("a condition of the wrong type", policy([logs(json!({ "Condition": "TLS" }))]), Unknown),
        ("an operator of the wrong type", when(json!({ "StringEquals": "TLS" })), Unknown),
        ("a value of the wrong type", context("StringEquals", json!({ "is": GROUP })), Unknown),
        ("a wrong type beside the right value", context("StringEquals", json!([{}, GROUP])), Allowed),
        ("a null value", context("StringEquals", json!([null])), Unknown),
        ("an unknown operator", context("StringMatches", json!("*")), Unknown),
        (
            "a numeric operator",
            when(json!({ "NumericLessThan": { "aws:MultiFactorAuthAge": "3600" } })),
            Unknown,
        ),
        (
            "a date operator",
            when(json!({ "DateGreaterThan": { "aws:CurrentTime": "2020-01-01T00:00:00Z" } })),
            Unknown,
        ),
        (
            "an unknown key",
            when(json!({ "StringEquals": { "aws:PrincipalAccount": "111122223333" } })),
            Unknown,
        ),
        (
            "an unknown key, IfExists",
            when(json!({ "StringEqualsIfExists": { "aws:PrincipalArn": "*" } })),
            Unknown,
        ),
        (
            "an unknown operator beside a definite mismatch",
            when(
                json!({ "StringMatches": { CONTEXT: "*" }, "ArnLike": { CONTEXT: "arn:aws:logs:us-east-1:4:*" } }),
            ),
            Missing,
        ),
        (
            "two operators that both hold",
            when(json!({ "ArnLike": { CONTEXT: documented }, "Bool": { "aws:SecureTransport": "true" } })),
            Allowed,
        ),
        (
            "two operators of which one doesn't hold",
            when(json!({ "ArnLike": { CONTEXT: documented }, "Bool": { "aws:SecureTransport": "false" } })),
            Missing,
        ),
        (
            "two keys of which one doesn't hold",
            when(json!({ "StringLike": { CONTEXT: documented, "aws:RequestedRegion": "eu-*" } })),
            Missing,
        ),
        (
            "a policy variable",
            context("StringLike", json!("arn:aws:logs:us-east-1:${aws:PrincipalAccount}:*")),
            Unknown,
        ),
        (
            "a policy variable beside a value that matches",
            context("StringLike", json!(["arn:aws:logs:us-east-1:${aws:PrincipalAccount}:*", documented])),
            Allowed,
        ),
    ]);
}
