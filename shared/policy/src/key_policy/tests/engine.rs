//! The engine for other services than CloudWatch Logs: CloudTrail's own call as the example.

use super::super::{Access, Caller, ContextValue, Doubt, Request, RequestContext, evaluate};
use super::*;

const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t";

fn cloudtrail(document: &Value, action: &str) -> Access {
    let principals = ["cloudtrail.amazonaws.com".to_owned()];
    let context = RequestContext::default()
        .with("kms:EncryptionContext:aws:cloudtrail:arn", ContextValue::Present(vec![TRAIL.to_owned()]))
        .with("aws:SourceArn", ContextValue::PresentIfAtAll(vec![TRAIL.to_owned()]))
        .with("aws:TagKeys", ContextValue::Present(vec!["a".to_owned(), "b".to_owned()]))
        .with("aws:EmptyList", ContextValue::Present(Vec::new()))
        .with_family("kms:", ContextValue::Unknown)
        .with_family("kms:EncryptionContext:", ContextValue::Absent);
    let request = Request { caller: Caller::Service(&principals), action, key: &key(), context: &context };
    evaluate(&KeyPolicy::from_value(document).unwrap(), &request)
}

fn trail_grant(condition: Value) -> Value {
    policy([json!({
        "Sid": "Trail", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "kms:GenerateDataKey*", "Resource": "*", "Condition": condition,
    })])
}

#[test]
fn cloudtrails_documented_statement_allows_it() {
    let like =
        json!({ "kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111122223333:trail/*" });
    let by = || "statement 2 (`Trail`)".to_owned();
    let document = trail_grant(json!({ "StringLike": like }));
    assert_eq!(cloudtrail(&document, "kms:GenerateDataKey"), Access::Allowed { by: by() });
    assert_eq!(cloudtrail(&document, "kms:Decrypt"), Access::Missing);
    let document = trail_grant(json!({ "StringLike": like, "StringEquals": { "aws:SourceArn": TRAIL } }));
    let why = vec![format!("{}: what the request says for `aws:SourceArn` isn't known", by())];
    let expected = Access::Unknown { doubt: Doubt::MaybeAllowed, why };
    assert_eq!(cloudtrail(&document, "kms:GenerateDataKey"), expected);
    assert_eq!(
        cloudtrail(&policy([deny(json!({}))]), "kms:Decrypt"),
        Access::Denied { by: "statement 2".to_owned() }
    );
}

#[test]
fn the_longest_family_speaks_for_a_key() {
    let absent = trail_grant(json!({ "Null": { "kms:EncryptionContext:other": "true" } }));
    assert!(matches!(cloudtrail(&absent, "kms:GenerateDataKey"), Access::Allowed { .. }));
    let unknown = trail_grant(json!({ "Null": { "kms:CallerAccount": "true" } }));
    assert!(matches!(cloudtrail(&unknown, "kms:GenerateDataKey"), Access::Unknown { .. }));
}

#[test]
fn several_values_need_a_set_operator_and_no_values_are_no_key() {
    for (condition, allowed) in [
        (json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": "a" } }), Some(true)),
        (json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "a" } }), Some(false)),
        (json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } }), Some(true)),
        (json!({ "ForAnyValue:StringNotEquals": { "aws:TagKeys": "a" } }), Some(true)),
        (json!({ "ForAllValues:StringNotEquals": { "aws:TagKeys": "a" } }), Some(false)),
        (json!({ "StringEquals": { "aws:TagKeys": "a" } }), None),
        (json!({ "Null": { "aws:EmptyList": "true" } }), Some(true)),
        (json!({ "ForAllValues:StringEquals": { "aws:EmptyList": "a" } }), Some(true)),
    ] {
        let access = cloudtrail(&trail_grant(condition.clone()), "kms:GenerateDataKey");
        let told = match access {
            Access::Allowed { .. } => Some(true),
            Access::Missing => Some(false),
            Access::Denied { .. } | Access::Unknown { .. } => None,
        };
        assert_eq!(told, allowed, "{condition}");
    }
}
