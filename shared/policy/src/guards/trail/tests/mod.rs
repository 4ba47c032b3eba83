//! The trail guard's decisions in tables: settings, states and calls, and what a reader of the design expects.

mod blindness;
mod convergence;
mod destination;
mod early;
mod encryption;
mod global;
mod gone;
mod key_owner;
mod organization;
mod settings;
mod targets;

use super::*;
use crate::change::{Parsed, parse};
use crate::facts::{KeyFacts, KeyManager, KeyPolicyFact, KeySpec, KeyState, KeyUsage, Unreadable};
use crate::key_policy::KeyPolicy;
use crate::names::KeyArn;
use crate::plan::{Plan, Remedy, Severity, Verdict};
use serde_json::{Value, json};

const TRAIL: &str = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit";
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
const POLICY: &str = "mode = \"remediate\"\n[trails]\nkey = \"alias/trails\"\n";
const NOW: &str = "2026-11-03T09:13:00Z";

fn record(name: &str, request: Value) -> Value {
    json!({
        "eventSource": "cloudtrail.amazonaws.com", "eventName": name, "eventTime": "2026-11-03T09:12:44Z",
        "eventID": "e-1", "awsRegion": "eu-central-1", "recipientAccountId": "111122223333",
        "requestParameters": request, "responseElements": null,
        "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/somebody" },
    })
}

fn change_of(record: &Value) -> Change {
    match parse(record).unwrap() {
        Parsed::Change(change) => *change,
        Parsed::NotAManagementCall(why) => panic!("{why}"),
    }
}

fn change(name: &str) -> Change {
    let field = if name.starts_with("Put") { "trailName" } else { "name" };
    change_of(&record(name, json!({ field: "audit" })))
}

fn trail() -> TrailArn {
    TrailArn::parse(TRAIL).unwrap()
}

fn region(name: &str) -> Region {
    Region::parse(name).unwrap()
}

/// Everything as policy requires.
fn good_settings() -> Settings {
    Settings {
        bucket: Named::Is("example-trail-logs".to_owned()),
        prefix: Named::Nothing,
        topic: Named::Nothing,
        log_group: Named::Nothing,
        log_role: Named::Nothing,
        key: Named::Is(KEY.to_owned()),
        multi_region: Some(true),
        validation: Some(true),
        organization: Some(false),
        global_events: Some(true),
    }
}

fn logging(logging: bool) -> Reading<Status> {
    Reading::Known(Status { logging: Some(logging), ..Status::default() })
}

fn good() -> Facts {
    Facts {
        trail: Reading::Known(TrailState { arn: trail(), settings: good_settings() }),
        status: logging(true),
        selectors: Reading::Known(Selectors::by_default()),
        // Nothing is known of an earlier trail of its name.
        earlier: Reading::Absent,
        ..Facts::none()
    }
}

fn with_settings(changed: impl Fn(&mut Settings)) -> Facts {
    let mut settings = good_settings();
    changed(&mut settings);
    Facts { trail: Reading::Known(TrailState { arn: trail(), settings }), ..good() }
}

/// A key that lets CloudTrail in, in this state.
fn key(state: &str) -> KeyReading {
    let policy = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "kms:*", "Resource": "*"
    }});
    key_with(state, &policy)
}

fn key_with(state: &str, policy: &Value) -> KeyReading {
    KeyReading::Known(Box::new(KeyFacts {
        arn: KeyArn::parse(KEY).unwrap(),
        state: KeyState::named(state),
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        manager: KeyManager::Customer,
        policy: KeyPolicyFact::Known(KeyPolicy::from_value(policy).unwrap()),
        assumed: BTreeSet::new(),
    }))
}

fn alias() -> KeyRef {
    KeyRef::Alias { place: trail().place().clone(), alias: "alias/trails".to_owned() }
}

/// No key, and the one that policy names as read.
fn unencrypted(reading: KeyReading) -> Facts {
    Facts {
        bucket_region: Reading::Known(region("eu-central-1")),
        keys: BTreeMap::from([(alias(), reading)]),
        ..with_settings(|settings| settings.key = Named::Nothing)
    }
}

fn policy(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|faults| panic!("{faults}"))
}

fn plan(change: &Change, facts: &Facts) -> Plan<Effect> {
    decide(&policy(POLICY), change, facts, NOW.parse().unwrap())
}

fn ids(plan: &Plan<Effect>) -> Vec<&'static str> {
    plan.findings.iter().map(|finding| finding.id).collect()
}

fn ensured(plan: &Plan<Effect>) -> Vec<&'static str> {
    plan.effects.iter().map(plan::Effect::ensure).collect()
}

fn unreadable() -> Unreadable {
    Unreadable { why: "cloudtrail:X: ThrottlingException: slow down".to_owned(), retryable: true }
}

fn other(name: &str, status: Reading<Status>) -> OtherTrail {
    let arn = TrailArn::new(trail().place().clone(), name).unwrap();
    OtherTrail { arn, multi_region: Some(true), status, selectors: Reading::Known(Selectors::by_default()) }
}

fn selectors(value: Value) -> Reading<Selectors> {
    Reading::Known(Selectors::read(&value).unwrap())
}
