//! Which principals, actions and resources of an Allow reach CloudWatch Logs, and which nearly do.

use super::*;

fn principal(principal: Value) -> Value {
    policy([logs(json!({ "Principal": principal }))])
}

fn action(action: Value) -> Value {
    policy([logs(json!({ "Action": action }))])
}

fn resource(resource: Value) -> Value {
    policy([logs(json!({ "Resource": resource }))])
}

#[test]
fn principals() {
    check(vec![
        ("everyone", principal(json!("*")), Allowed),
        ("every AWS principal is everyone", principal(json!({ "AWS": "*" })), Allowed),
        (
            "a list with everyone in it",
            principal(json!({ "AWS": ["arn:aws:iam::111122223333:root", "*"] })),
            Allowed,
        ),
        (
            "upper case in the service's name",
            principal(json!({ "Service": "Logs.US-East-1.amazonaws.com" })),
            Allowed,
        ),
        (
            "another Region's service",
            principal(json!({ "Service": "logs.us-west-2.amazonaws.com" })),
            Missing,
        ),
        ("the service without a Region", principal(json!({ "Service": "logs.amazonaws.com" })), Missing),
        ("the delivery service", principal(json!({ "Service": "delivery.logs.amazonaws.com" })), Missing),
        ("another service", principal(json!({ "Service": "cloudtrail.amazonaws.com" })), Missing),
        ("a service with a wildcard", principal(json!({ "Service": "logs.*.amazonaws.com" })), Unknown),
        ("any service", principal(json!({ "Service": "*" })), Unknown),
        ("the account", principal(json!({ "AWS": "111122223333" })), Missing),
        ("a role", principal(json!({ "AWS": "arn:aws:iam::111122223333:role/logs" })), Missing),
        (
            "the service named as an AWS principal",
            principal(json!({ "AWS": "logs.us-east-1.amazonaws.com" })),
            Missing,
        ),
        ("a federated user", principal(json!({ "Federated": "cognito-identity.amazonaws.com" })), Missing),
        (
            "a canonical user",
            principal(json!({ "CanonicalUser": "79a59df900b949e55d96a1e698fbaced" })),
            Missing,
        ),
        (
            "an unknown type of principal",
            principal(json!({ "Robot": "logs.us-east-1.amazonaws.com" })),
            Unknown,
        ),
        (
            "an unknown type beside the service",
            principal(json!({ "Robot": "r2", "Service": "logs.us-east-1.amazonaws.com" })),
            Allowed,
        ),
        ("a principal of the wrong type", principal(json!(42)), Unknown),
        ("a service of the wrong type", principal(json!({ "Service": 42 })), Unknown),
        ("no principal at all", principal(json!(null)), Unknown),
        ("a map that names nobody", principal(json!({})), Missing),
        (
            "NotPrincipal isn't evaluated",
            policy([logs(json!({ "Principal": null, "NotPrincipal": { "AWS": "111122223333" } }))]),
            Unknown,
        ),
    ]);
}

#[test]
fn actions() {
    let all_but = |left_out: &str| {
        let actions =
            ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"];
        action(json!(actions.iter().filter(|action| **action != left_out).collect::<Vec<_>>()))
    };
    check(vec![
        ("a star alone", action(json!("*")), Allowed),
        ("any case", action(json!("KMS:*")), Allowed),
        (
            "every call by name in lower case",
            action(json!([
                "kms:encrypt",
                "kms:decrypt",
                "kms:reencryptfrom",
                "kms:reencryptto",
                "kms:generatedatakey",
                "kms:generatedatakeywithoutplaintext",
                "kms:describekey",
            ])),
            Allowed,
        ),
        (
            "question marks are one character each",
            action(json!([
                "kms:?ncrypt",
                "kms:Decryp?",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:Describe???"
            ])),
            Allowed,
        ),
        (
            "a question mark isn't none",
            action(json!([
                "kms:Encrypt?",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:Describe*"
            ])),
            Missing,
        ),
        ("brackets aren't special", action(json!("kms:[A-Z]*")), Missing),
        ("without Encrypt", all_but("kms:Encrypt"), Missing),
        ("without Decrypt", all_but("kms:Decrypt"), Missing),
        ("without ReEncrypt*", all_but("kms:ReEncrypt*"), Missing),
        ("without GenerateDataKey*", all_but("kms:GenerateDataKey*"), Missing),
        ("without Describe*", all_but("kms:Describe*"), Missing),
        (
            "GenerateDataKey without its twin WithoutPlaintext",
            action(json!([
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey",
                "kms:Describe*"
            ])),
            Missing,
        ),
        (
            "the actions spread over two statements",
            policy([
                logs(json!({ "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*"] })),
                logs(json!({ "Action": ["kms:GenerateDataKey*", "kms:Describe*"] })),
            ]),
            Allowed,
        ),
        ("another service's actions", action(json!("logs:*")), Missing),
        ("administration only", action(json!(["kms:Create*", "kms:Put*", "kms:List*"])), Missing),
        ("no action at all", action(json!(null)), Unknown),
        ("an empty list of actions", action(json!([])), Missing),
        ("an action of the wrong type", action(json!(["kms:Encrypt", 7])), Unknown),
        ("a wrong type beside kms:*", action(json!([7, "kms:*"])), Allowed),
        (
            "NotAction isn't evaluated",
            policy([logs(json!({ "Action": null, "NotAction": "kms:ScheduleKeyDeletion" }))]),
            Unknown,
        ),
    ]);
}

#[test]
fn resources() {
    check(vec![
        ("the key's own ARN", resource(json!(key().to_string())), Allowed),
        ("the account's keys", resource(json!("arn:aws:kms:us-east-1:111122223333:key/*")), Allowed),
        ("any Region's and account's keys", resource(json!("arn:aws:kms:*:*:key/*")), Allowed),
        ("everything in KMS, an incomplete ARN", resource(json!("arn:aws:kms:*")), Allowed),
        ("another key", resource(json!("arn:aws:kms:us-east-1:111122223333:key/other")), Missing),
        ("another account's keys", resource(json!("arn:aws:kms:us-east-1:444455556666:key/*")), Missing),
        ("an alias is no key", resource(json!("arn:aws:kms:us-east-1:111122223333:alias/*")), Missing),
        ("a key id is no ARN", resource(json!("1234abcd-12ab-34cd-56ef-1234567890ab")), Missing),
        ("the log group isn't the resource", resource(json!(GROUP)), Missing),
        ("ARNs are case-sensitive", resource(json!("arn:aws:KMS:us-east-1:111122223333:key/*")), Missing),
        (
            "a star across colons: documentation and text match differ",
            resource(json!("arn:aws:kms:*:key/*")),
            Unknown,
        ),
        ("an ARN without its last parts", resource(json!("arn:aws:kms")), Unknown),
        (
            "another key and then this one",
            resource(json!(["arn:aws:kms:a-b:1:key/x", key().to_string()])),
            Allowed,
        ),
        (
            "a policy variable in the resource",
            resource(json!("arn:aws:kms:us-east-1:${aws:x}:key/*")),
            Unknown,
        ),
        ("no resource at all", resource(json!(null)), Unknown),
        (
            "NotResource isn't evaluated",
            policy([logs(json!({ "Resource": null, "NotResource": "arn:aws:kms:us-east-1:1:key/x" }))]),
            Unknown,
        ),
    ]);
}
