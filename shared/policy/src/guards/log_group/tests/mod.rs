//! What the log-group guard decides: tables of changes and facts, and what must hold for all of them.
//!
//! Expectations come from DESIGN.md (promises 1, 2, 3, 5, 6; "The guards") and from AWS's documentation.

mod bare;
mod early;
mod exemptions;
mod failed;
mod keyed;
mod preflight;
mod properties;
mod query_results;
mod questions;
mod remedies;
mod unknown;

use super::{Effect, Facts, GroupState, Questions, Target, decide, group_to_read, questions, too_early};
use crate::change::{Change, Parsed, parse};
use crate::facts::{
    KeyFacts, KeyManager, KeyPolicyFact, KeyReading, KeySpec, KeyState, KeyUsage, Reading, Unreadable,
};
use crate::key_policy::KeyPolicy;
use crate::names::{AccountId, KeyArn, KeyRef, LogGroupArn, Place, Region};
use crate::plan::{Effect as _, Finding, Plan, Remedy, Severity, Verdict};
use crate::policy::Policy;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const NAME: &str = "/payments/api";
const GROUP: &str = "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api";
/// The key behind `alias/payments`, which the policies below name for `/payments/*`.
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab";
/// A key that no alias of the policies stands for.
const STRANGER: &str = "arn:aws:kms:eu-central-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab";
/// A key of an account that no policy here names.
const FOREIGN: &str = "arn:aws:kms:eu-central-1:444455556666:key/abc";
const ALIAS: &str = "arn:aws:kms:eu-central-1:111122223333:alias/payments";
const SHARED: &str = "arn:aws:kms:eu-central-1:111122223333:alias/shared";

const RULE: &str = "[[log_groups.keys]]\nmatch = \"/payments/*\"\nkey = \"alias/payments\"\n";

// Policies, as what stands behind the mode.
const PLAIN: &str = "";
const NAME_EXEMPT: &str = "[[exempt]]\nguard = \"log-group\"\nmatch = \"/payments/*\"\nreason = \"r\"\n";
const OTHER_GUARD_EXEMPT: &str = "[[exempt]]\nguard = \"trail\"\nmatch = \"*\"\nreason = \"r\"\n";
const SIBLING_EXEMPT: &str = "[[exempt]]\nguard = \"log-group\"\nmatch = \"/payments/ap\"\nreason = \"r\"\n";
const EXPIRED_EXEMPT: &str =
    "[[exempt]]\nguard = \"log-group\"\nmatch = \"*\"\nreason = \"r\"\nuntil = 2026-11-19\n";
const LAST_DAY_EXEMPT: &str =
    "[[exempt]]\nguard = \"log-group\"\nmatch = \"*\"\nreason = \"r\"\nuntil = 2026-11-20\n";
const TAG_EXEMPT: &str =
    "[[exempt]]\nguard = \"log-group\"\ntag = { key = \"tier\", value = \"dev\" }\nreason = \"r\"\n";
const EXPIRED_TAG_EXEMPT: &str = "[[exempt]]\nguard = \"log-group\"\ntag = { key = \"tier\", value = \"dev\" }\nreason = \"r\"\nuntil = 2026-11-19\n";
const CALLER_EXEMPT: &str = "[[exempt]]\nguard = \"log-group\"\nprincipal = \"arn:aws:iam::111122223333:role/break-glass*\"\nreason = \"r\"\n";

/// `[log_groups]` with these approved keys and the rule, then whatever else.
fn approving(keys: &str, rest: &str) -> Policy {
    policy_text(&format!("[log_groups]\napproved_keys = [{keys}]\n{RULE}{rest}"))
}

fn policy(rest: &str) -> Policy {
    policy_text(&format!("{RULE}{rest}"))
}

fn policy_text(rest: &str) -> Policy {
    Policy::parse(&format!("mode = \"remediate\"\n{rest}")).unwrap()
}

fn ruled(key: &str) -> Policy {
    policy_text(&format!("[[log_groups.keys]]\nmatch = \"*\"\nkey = \"{key}\"\n"))
}

fn change(event_name: &str, request: Value, more: Value) -> Change {
    let mut record = json!({
        "eventID": "e-1",
        "eventSource": "logs.amazonaws.com",
        "eventName": event_name,
        "eventTime": "2026-11-20T08:00:00Z",
        "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333",
        "userIdentity": { "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/ada" },
        "requestParameters": request,
    });
    if let (Some(record), Value::Object(more)) = (record.as_object_mut(), more) {
        record.extend(more);
    }
    match parse(&record) {
        Ok(Parsed::Change(change)) => *change,
        other => panic!("{other:?}"),
    }
}

fn named(event_name: &str) -> Change {
    change(event_name, json!({ "logGroupName": NAME }), json!({}))
}

fn create() -> Change {
    named("CreateLogGroup")
}

fn associate() -> Change {
    named("AssociateKmsKey")
}

fn disassociate() -> Change {
    named("DisassociateKmsKey")
}

fn identified(event_name: &str, identifier: &str) -> Change {
    change(event_name, json!({ "resourceIdentifier": identifier }), json!({}))
}

fn failed(event_name: &str, request: Value) -> Change {
    change(event_name, request, json!({ "errorCode": "AccessDenied", "errorMessage": "no" }))
}

fn by(arn: &str, event_name: &str) -> Change {
    change(event_name, json!({ "logGroupName": NAME }), json!({ "userIdentity": { "arn": arn } }))
}

fn now() -> Timestamp {
    "2026-11-20T08:05:00Z".parse().unwrap()
}

fn place() -> Place {
    Place {
        account: AccountId::parse("111122223333").unwrap(),
        region: Region::parse("eu-central-1").unwrap(),
    }
}

fn group() -> LogGroupArn {
    LogGroupArn::parse(GROUP).unwrap()
}

fn reference(text: &str) -> KeyRef {
    KeyRef::parse(text, &place()).unwrap()
}

/// A policy by CloudWatch Logs' documentation, for all groups of the account.
fn open_policy() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" },
        {
            "Effect": "Allow",
            "Principal": { "Service": "logs.eu-central-1.amazonaws.com" },
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            "Resource": "*",
            "Condition": { "ArnLike": { "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-central-1:111122223333:*" } }
        }
    ] })
}

fn with_policy(change: impl FnOnce(&mut Value)) -> KeyPolicyFact {
    let mut document = open_policy();
    change(&mut document);
    KeyPolicyFact::Known(KeyPolicy::from_value(&document).unwrap())
}

fn good(arn: &str) -> KeyFacts {
    KeyFacts {
        arn: KeyArn::parse(arn).unwrap(),
        state: KeyState::Enabled,
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        manager: KeyManager::Customer,
        policy: with_policy(|_| {}),
        assumed: BTreeSet::new(),
    }
}

fn known(facts: KeyFacts) -> KeyReading {
    KeyReading::Known(Box::new(facts))
}

fn but(change: impl FnOnce(&mut KeyFacts)) -> KeyReading {
    let mut facts = good(KEY);
    change(&mut facts);
    known(facts)
}

fn unreadable() -> Unreadable {
    Unreadable { why: "logs:Anything: AccessDeniedException".to_owned(), retryable: false }
}

fn facts(group: Reading<GroupState>) -> Facts {
    Facts { group, tags: Reading::NotAsked, keys: BTreeMap::new() }
}

fn state(key: Option<&str>) -> GroupState {
    GroupState { key: key.map(str::to_owned), class: Some("STANDARD".to_owned()), created: None }
}

/// A group without a key, and its rule's key as read.
fn bare(key: KeyReading) -> Facts {
    Facts { keys: BTreeMap::from([(reference(ALIAS), key)]), ..facts(Reading::Known(state(None))) }
}

/// A group without a key whose rule's key is fit.
fn mendable() -> Facts {
    bare(known(good(KEY)))
}

fn keyed(key: &str) -> Facts {
    facts(Reading::Known(state(Some(key))))
}

fn tagged(facts: Facts, tags: Reading<BTreeMap<String, String>>) -> Facts {
    Facts { tags, ..facts }
}

fn tags(value: &str) -> Reading<BTreeMap<String, String>> {
    Reading::Known(BTreeMap::from([("tier".to_owned(), value.to_owned())]))
}

fn told(mut facts: Facts, keys: &[(&str, KeyReading)]) -> Facts {
    facts.keys.extend(keys.iter().map(|(text, reading)| (reference(text), reading.clone())));
    facts
}

type Case = (&'static str, Policy, Change, Facts, Verdict, &'static [&'static str], Option<&'static str>);

fn check(cases: Vec<Case>) {
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(name, policy, change, facts, verdict, findings, effect)| {
            let plan = decide(&policy, &change, &facts, now());
            let ids: Vec<&str> = plan.findings.iter().map(|finding| finding.id).collect();
            let effects: Vec<(String, String)> =
                plan.effects.iter().map(|effect| (effect.target(), effect.key.to_string())).collect();
            let expected: Vec<(String, String)> =
                effect.iter().map(|key| (GROUP.to_owned(), (*key).to_owned())).collect();
            let right = plan.verdict == verdict && ids == findings && effects == expected;
            (!right)
                .then(|| format!("{name}: {:?} {ids:?} {effects:?} because {:?}", plan.verdict, plan.reasons))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

use Verdict::{Compliant, Exempt, Ignored, Unknown, Violation};

const BARE: &[&str] = &["log-group.unencrypted"];
const REMOVED: &[&str] = &["log-group.key-removed"];
const UNFIT: &[&str] = &["log-group.key-unusable", "log-group.unencrypted"];
const UNTOLD: &[&str] = &["log-group.state-unknown"];
const UNCLEAR: &[&str] = &["log-group.target-unclear"];
const DENIED: &[&str] = &["log-group.attempt-denied"];
