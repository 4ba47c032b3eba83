//! Key policies and the answer AWS's documentation gives for them, one table a topic.
//!
//! The expected values come from AWS's documented semantics (DESIGN.md promise 5); a case is never changed
//! to fit the output.

mod at_will;
mod cloudtrail;
mod conditions;
mod denials;
mod documented;
mod engine;
mod grants;
mod properties;
mod reach;
mod same;
mod shapes;
mod statement;
mod through;

use super::{KeyPolicy, ServiceAccess, logs_access};
use crate::names::{KeyArn, LogGroupArn};
use serde_json::{Map, Value, json};

/// The shape of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Allowed,
    Missing,
    Denied,
    Unknown,
}

use Expected::{Allowed, Denied, Missing, Unknown};

fn kind(access: &ServiceAccess) -> Expected {
    match access {
        ServiceAccess::Allowed => Allowed,
        ServiceAccess::Missing { .. } => Missing,
        ServiceAccess::Denied { .. } => Denied,
        ServiceAccess::Unknown { .. } => Unknown,
    }
}

const GROUP: &str = "arn:aws:logs:us-east-1:111122223333:log-group:/app/foo";

fn key() -> KeyArn {
    KeyArn::parse("arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab").unwrap()
}

fn group() -> LogGroupArn {
    LogGroupArn::parse(GROUP).unwrap()
}

/// The answer for `/app/foo` of account 111122223333 in us-east-1.
fn answer(document: &Value) -> ServiceAccess {
    logs_access(&KeyPolicy::from_value(document).unwrap(), &key(), &group())
}

type Case = (&'static str, Value, Expected);

/// Checks a table of whole documents, and reports every case that differs.
fn check(cases: Vec<Case>) {
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(name, document, expected)| {
            let access = answer(&document);
            (kind(&access) != expected).then(|| format!("{name}: expected {expected:?}, got {access:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The statement that KMS writes into every key's default policy.
fn root() -> Value {
    json!({
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
        "Action": "kms:*",
        "Resource": "*",
    })
}

/// A policy of version 2012-10-17 with the root statement and these.
fn policy(statements: impl IntoIterator<Item = Value>) -> Value {
    let all: Vec<Value> = [root()].into_iter().chain(statements).collect();
    json!({ "Version": "2012-10-17", "Id": "key-default-1", "Statement": all })
}

/// The statement of CloudWatch Logs' documentation for all log groups of an account, with these elements
/// replaced; an element that is `null` is taken out.
fn logs(changed: Value) -> Value {
    with(
        json!({
            "Effect": "Allow",
            "Principal": { "Service": "logs.us-east-1.amazonaws.com" },
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            "Resource": "*",
            "Condition": { "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:111122223333:*",
            } },
        }),
        changed,
    )
}

/// A statement that denies everyone every action, with these elements replaced.
fn deny(changed: Value) -> Value {
    with(json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*" }), changed)
}

fn with(statement: Value, changed: Value) -> Value {
    let (Value::Object(mut statement), Value::Object(changed)) = (statement, changed) else {
        panic!("both are objects");
    };
    statement.extend(changed);
    Value::Object(statement.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
}

/// The documented statement under another condition.
fn when(condition: Value) -> Value {
    policy([logs(json!({ "Condition": condition }))])
}

/// The documented grant beside a Deny of everything under this condition.
fn deny_when(condition: Value) -> Value {
    policy([logs(json!({})), deny(json!({ "Condition": condition }))])
}
