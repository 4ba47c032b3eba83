//! What CloudTrail needs of a key to encrypt one trail's files, and the statements that give it.
//!
//! Answers for exactly one trail, under its encryption context. It never looks at the key's state or at the
//! bucket, and it never changes a policy: the statements are for a person to add.

use super::condition::{ContextValue, RequestContext};
use super::document::KeyPolicy;
use super::evaluate::{Caller, Request, evaluate};
use super::service::{ServiceAccess, free_sid, service_context, summarize};
use crate::names::{KeyArn, TrailArn};
use serde_json::{Value, json};

/// The same name in every partition.
const PRINCIPAL: &str = "cloudtrail.amazonaws.com";
const ENCRYPT: &str = "kms:GenerateDataKey*";
const DESCRIBE: &str = "kms:DescribeKey";
const ENCRYPT_SID: &str = "AllowCloudTrailToEncrypt";
const DESCRIBE_SID: &str = "AllowCloudTrailToDescribeKey";

/// May CloudTrail encrypt the files of `trail` with `key`?
///
/// Source: CloudTrail User Guide, "Configure AWS KMS key policies for CloudTrail".
#[must_use]
pub fn trail_access(policy: &KeyPolicy, key: &KeyArn, trail: &TrailArn) -> ServiceAccess {
    let principals = [PRINCIPAL.to_owned()];
    let ask = |action, context: &RequestContext| {
        evaluate(policy, &Request { caller: Caller::Service(&principals), action, key, context })
    };
    let encrypting = encrypting(key, trail);
    let answers = [
        (ENCRYPT, ask("kms:GenerateDataKey", &encrypting)),
        (ENCRYPT, ask("kms:GenerateDataKeyWithoutPlaintext", &encrypting)),
        (DESCRIBE, ask("kms:DescribeKey", &describing(key, trail))),
    ];
    summarize(answers.into_iter(), |actions| {
        let needed = |action| actions.is_empty() || actions.contains(&action);
        let mut statements = Vec::new();
        statements.extend(needed(ENCRYPT).then(|| encrypt_statement(&free_sid(policy, ENCRYPT_SID), trail)));
        statements.extend(needed(DESCRIBE).then(|| describe_statement(&free_sid(policy, DESCRIBE_SID))));
        statements
    })
}

/// Every statement that CloudTrail may need for `trail`, for when it says that something is missing and not what.
///
/// A bucket with an S3 Bucket Key also needs Decrypt.
#[must_use]
pub fn trail_statements(trail: &TrailArn) -> Vec<Value> {
    let decrypt = json!({
        "Sid": "AllowCloudTrailToDecryptForBucketKeys",
        "Effect": "Allow",
        "Principal": { "Service": PRINCIPAL },
        "Action": "kms:Decrypt",
        "Resource": "*",
    });
    vec![encrypt_statement(ENCRYPT_SID, trail), describe_statement(DESCRIBE_SID), decrypt]
}

/// What is known about CloudTrail's GenerateDataKey calls. They are made through the bucket's encryption, and
/// whether `kms:ViaService` is in them isn't documented, so nothing is said of it.
fn encrypting(key: &KeyArn, trail: &TrailArn) -> RequestContext {
    let one = |value: &str| ContextValue::Present(vec![value.to_owned()]);
    calling(key, trail)
        .with("kms:EncryptionContext:aws:cloudtrail:arn", one(&trail.to_string()))
        .with("kms:EncryptionContextKeys", ContextValue::Unknown)
        .with_family("kms:EncryptionContext:", ContextValue::Unknown)
        .with("aws:SourceArn", one(&trail.to_string()))
}

/// DescribeKey takes no encryption context; it is made for a trail like the others.
///
/// Source: CloudTrail User Guide, "Enable CloudTrail to describe KMS key properties".
fn describing(key: &KeyArn, trail: &TrailArn) -> RequestContext {
    calling(key, trail)
        .with("kms:EncryptionContextKeys", ContextValue::Absent)
        .with("aws:SourceArn", ContextValue::Present(vec![trail.to_string()]))
}

fn calling(key: &KeyArn, trail: &TrailArn) -> RequestContext {
    let account = trail.place().account.to_string();
    service_context(key)
        .with("kms:ViaService", ContextValue::Unknown)
        .with("aws:SourceAccount", ContextValue::PresentIfAtAll(vec![account]))
}

fn encrypt_statement(sid: &str, trail: &TrailArn) -> Value {
    json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": { "Service": PRINCIPAL },
        "Action": ENCRYPT,
        "Resource": "*",
        "Condition": {
            "StringEquals": { "aws:SourceArn": trail.to_string() },
            "StringLike": { "kms:EncryptionContext:aws:cloudtrail:arn": trail.to_string() },
        },
    })
}

fn describe_statement(sid: &str) -> Value {
    json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": { "Service": PRINCIPAL },
        "Action": DESCRIBE,
        "Resource": "*",
    })
}
