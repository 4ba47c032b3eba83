//! The key guard's built binary, end to end: what it leaves of the emulator's own keys.

mod policies;
mod rescue;
mod trouble;
mod usage;

use crate::lab::{ACCOUNT, Function, Lab, OWN_ROLE, REGION, logs_policy};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A policy in `mode` that protects nothing and exempts nobody.
fn policy(mode: &str) -> String {
    format!("mode = \"{mode}\"\n")
}

fn guard(lab: &Lab, mode: &str) -> Function {
    lab.guard("key-guard", &policy(mode))
}

fn ago(hours: i64) -> String {
    (Timestamp::now() - SignedDuration::from_hours(hours)).to_string()
}

/// A call of a moment ago.
pub fn event(id: &str, name: &str, request: Value) -> Value {
    let mut event = crate::lab::event(id, name, request);
    event["source"] = json!("aws.kms");
    event["detail"]["eventSource"] = json!("kms.amazonaws.com");
    event["detail"]["eventTime"] = json!(ago(0));
    event
}

pub fn scheduled(id: &str, key: &str) -> Value {
    event(id, "ScheduleKeyDeletion", json!({ "keyId": key, "pendingWindowInDays": 7 }))
}

fn disabled(id: &str, key: &str) -> Value {
    event(id, "DisableKey", json!({ "keyId": key }))
}

/// What CloudTrail's event history holds of a call some hours ago.
pub fn past(id: &str, name: &str, hours: i64, request: Value) -> Value {
    let mut record = event(id, name, request)["detail"].clone();
    record["eventTime"] = json!(ago(hours));
    json!({ "EventId": id, "EventName": name, "EventTime": ago(hours), "CloudTrailEvent": record.to_string() })
}

/// The same call, made by the function itself.
fn own(mut entry: Value) -> Value {
    let mut record: Value = serde_json::from_str(entry["CloudTrailEvent"].as_str().unwrap()).unwrap();
    record["userIdentity"] = json!({ "type": "AssumedRole",
        "sessionContext": { "sessionIssuer": { "type": "Role", "arn": OWN_ROLE } } });
    entry["CloudTrailEvent"] = json!(record.to_string());
    entry
}

pub fn call(lab: &Lab, operation: &str, parameters: Value) -> Value {
    lab.call(&format!("TrentService.{operation}"), parameters)
}

/// A key that was just made, that CloudWatch Logs may use, and that nothing uses.
fn lab_with_key() -> (Lab, String) {
    let lab = Lab::start();
    let key = create_key(&lab);
    (lab, key)
}

pub fn create_key(lab: &Lab) -> String {
    let created = call(lab, "CreateKey", json!({ "Policy": logs_policy(REGION).to_string() }));
    created["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
}

/// The key was last used some hours ago.
pub fn use_key(lab: &Lab, key: &str, hours: i64) {
    let usage = json!({ "Operation": "Decrypt", "Timestamp": ago(hours), "CloudTrailEventId": "use-1" });
    lab.order("key-last-usage", json!({ "KeyId": key, "KeyLastUsage": usage }));
}

/// The key was made two days ago, and KMS has recorded its uses ever since: none.
fn make_two_days_old(lab: &Lab, key: &str) {
    lab.order("key-last-usage", json!({ "KeyId": key, "KeyCreationDate": ago(48) }));
}

/// The key is older than what KMS records of uses, and none was seen.
pub fn make_older_than_tracking(lab: &Lab, key: &str) {
    lab.order("key-last-usage", json!({ "KeyId": key, "KeyCreationDate": "2020-01-01T00:00:00Z" }));
}

pub fn schedule(lab: &Lab, key: &str) {
    call(lab, "ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 }));
}

fn disable(lab: &Lab, key: &str) {
    call(lab, "DisableKey", json!({ "KeyId": key }));
}

/// Log groups, of which those that are given a key use it.
pub fn create_groups(lab: &Lab, groups: impl IntoIterator<Item = (String, Option<String>)>) {
    let groups = groups.into_iter().map(|(name, key)| match key {
        Some(key) => json!({ "logGroupName": name, "kmsKeyId": key }),
        None => json!({ "logGroupName": name }),
    });
    lab.order(
        "log-groups",
        json!({ "region": REGION, "account": ACCOUNT, "groups": groups.collect::<Vec<_>>() }),
    );
}

pub fn state(lab: &Lab, key: &str) -> String {
    call(lab, "DescribeKey", json!({ "KeyId": key }))["KeyMetadata"]["KeyState"].as_str().unwrap().to_owned()
}

/// What the function has written, in order.
pub fn writes(lab: &Lab) -> Vec<String> {
    let is_read = |call: &str| ["Describe", "List", "Get", "Lookup"].iter().any(|verb| call.contains(verb));
    lab.operations().into_iter().filter(|call| !is_read(call) && call != "sns:Publish").collect()
}

const BOTH: [&str; 2] = ["kms:CancelKeyDeletion", "kms:EnableKey"];

pub fn finding_ids(receipt: &Value) -> Vec<&str> {
    receipt["findings"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect()
}

pub fn effects(receipt: &Value) -> Vec<(&str, &str)> {
    let effects = receipt["effects"].as_array().unwrap().iter();
    effects.map(|it| (it["ensure"].as_str().unwrap(), it["outcome"].as_str().unwrap())).collect()
}

pub const RESCUED: [(&str, &str); 2] = [("key-not-pending-deletion", "applied"), ("key-enabled", "applied")];

fn email(lab: &Lab) -> String {
    let message: Value = serde_json::from_str(lab.published()[0]["Message"].as_str().unwrap()).unwrap();
    message["email"].as_str().unwrap().to_owned()
}

/// Of a call of which one operation is struck by a fault.
fn fault(operation: &str, fault: Value) -> Value {
    let (service, operation) = operation.split_once(':').unwrap();
    let mut fault = fault;
    fault["service"] = json!(service);
    fault["operation"] = json!(operation);
    fault
}

/// The ARN of an account's own resource.
fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}
