//! Facts as receipts show them: every answer, also "not asked" and "unreadable".

use super::{KeyFacts, KeyManager, KeyPolicyFact, KeyReading, KeySpec, KeyUsage, Reading};
use crate::names::KeyRef;
use crate::untrusted::{SHOWN, clean};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Keys by the name that they were asked for. Policies are named, not printed: findings quote what matters.
pub(crate) fn keys(keys: &BTreeMap<KeyRef, KeyReading>) -> Map<String, Value> {
    keys.iter().map(|(reference, key)| (reference.to_string(), key_reading(key))).collect()
}

pub(crate) fn tags(tags: &BTreeMap<String, String>) -> Value {
    let tags = tags.iter().map(|(key, value)| (clean(key, SHOWN), clean(value, SHOWN)));
    json!(tags.collect::<BTreeMap<_, _>>())
}

pub(crate) fn reading<T>(reading: &Reading<T>, show: impl Fn(&T) -> Value) -> Value {
    match reading {
        Reading::NotAsked => json!("not asked"),
        Reading::Known(value) => show(value),
        Reading::Assumed(value) => json!({ "assumed": show(value) }),
        Reading::Absent => json!("absent"),
        Reading::Unreadable(unreadable) => json!({ "unreadable": unreadable.why }),
    }
}

fn key_reading(reading: &KeyReading) -> Value {
    match reading {
        KeyReading::Known(facts) => key(facts),
        KeyReading::Absent => json!("absent"),
        KeyReading::Assumed => json!("assumed usable"),
        KeyReading::Unreadable(unreadable) => json!({ "unreadable": unreadable.why }),
    }
}

fn key(facts: &KeyFacts) -> Value {
    let spec = match &facts.spec {
        KeySpec::SymmetricDefault => "SYMMETRIC_DEFAULT",
        KeySpec::Other(name) => name,
    };
    let usage = match &facts.usage {
        KeyUsage::EncryptDecrypt => "ENCRYPT_DECRYPT",
        KeyUsage::Other(name) => name,
    };
    let manager = match &facts.manager {
        KeyManager::Customer => "CUSTOMER",
        KeyManager::Other(name) => name,
    };
    let policy = match &facts.policy {
        KeyPolicyFact::Known(_) => json!("read"),
        KeyPolicyFact::Assumed => json!("assumed"),
        KeyPolicyFact::Unreadable(unreadable) => json!({ "unreadable": unreadable.why }),
    };
    json!({
        "arn": facts.arn,
        "state": facts.state.as_str(),
        "spec": spec,
        "usage": usage,
        "manager": manager,
        "policy": policy,
        "assumed": facts.assumed,
    })
}
