//! What the log-group guard decides: tables of changes and facts, and what must hold for all of them.
//!
//! Expectations come from DESIGN.md (promises 1, 2, 3, 5, 6; "The guards") and from AWS's documentation.

use super::{Effect, Facts, GroupState, Questions, Target, decide, group_to_read, questions};
use crate::change::{Change, Parsed, parse};
use crate::facts::{
    KeyFacts, KeyManager, KeyPolicyFact, KeyReading, KeySpec, KeyState, KeyUsage, Reading, Unreadable,
};
use crate::key_policy::KeyPolicy;
use crate::names::{AccountId, KeyArn, KeyRef, LogGroupArn, Place, Region};
use crate::plan::{Effect as _, Finding, Plan, Remedy, Severity, Verdict};
use crate::policy::Policy;
use crate::preflight::{Consumer, Usability, usability};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const NAME: &str = "/payments/api";
const GROUP: &str = "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api";
/// The key behind `alias/payments`, which the policies below name for `/payments/*`.
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab";
/// A key that no alias of the policies stands for.
const STRANGER: &str = "arn:aws:kms:eu-central-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab";
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
    GroupState { key: key.map(str::to_owned), class: Some("STANDARD".to_owned()) }
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

#[test]
fn a_group_without_a_key_gets_its_rules_key() {
    check(vec![
        ("created bare", policy(PLAIN), create(), mendable(), Violation, BARE, Some(KEY)),
        (
            "created with a key, and bare now",
            policy(PLAIN),
            change("CreateLogGroup", json!({ "logGroupName": NAME, "kmsKeyId": STRANGER }), json!({})),
            mendable(),
            Violation,
            BARE,
            Some(KEY),
        ),
        ("associated, and bare now", policy(PLAIN), associate(), mendable(), Violation, BARE, Some(KEY)),
        ("key removed", policy(PLAIN), disassociate(), mendable(), Violation, REMOVED, Some(KEY)),
        (
            "key removed by ARN",
            policy(PLAIN),
            identified("DisassociateKmsKey", GROUP),
            mendable(),
            Violation,
            REMOVED,
            Some(KEY),
        ),
        (
            "key removed by ARN with a star",
            policy(PLAIN),
            identified("DisassociateKmsKey", &format!("{GROUP}:*")),
            mendable(),
            Violation,
            REMOVED,
            Some(KEY),
        ),
        (
            "associated by ARN, and bare now",
            policy(PLAIN),
            identified("AssociateKmsKey", GROUP),
            mendable(),
            Violation,
            BARE,
            Some(KEY),
        ),
        (
            "an empty name beside an ARN",
            policy(PLAIN),
            change(
                "DisassociateKmsKey",
                json!({ "logGroupName": "", "resourceIdentifier": GROUP }),
                json!({}),
            ),
            mendable(),
            Violation,
            REMOVED,
            Some(KEY),
        ),
        (
            "a key that a replay assumes",
            policy(PLAIN),
            create(),
            bare(KeyReading::Assumed),
            Violation,
            BARE,
            Some(ALIAS),
        ),
        (
            "a key whose policy a replay assumes",
            policy(PLAIN),
            create(),
            bare(but(|key| key.policy = KeyPolicyFact::Assumed)),
            Violation,
            BARE,
            Some(KEY),
        ),
        (
            "a rule by key ARN",
            ruled(KEY),
            create(),
            told(facts(Reading::Known(state(None))), &[(KEY, known(good(KEY)))]),
            Violation,
            BARE,
            Some(KEY),
        ),
        (
            "approved keys don't replace the rule",
            approving("\"alias/shared\"", PLAIN),
            create(),
            mendable(),
            Violation,
            BARE,
            Some(KEY),
        ),
        (
            "no rule matches",
            policy_text("[[log_groups.keys]]\nmatch = \"/payments/ap\"\nkey = \"alias/payments\"\n"),
            create(),
            mendable(),
            Violation,
            BARE,
            None,
        ),
        ("no rule at all", policy_text(PLAIN), disassociate(), mendable(), Violation, REMOVED, None),
        (
            "an earlier rule wins",
            policy_text(&format!("[[log_groups.keys]]\nmatch = \"*/api\"\nkey = \"alias/shared\"\n{RULE}")),
            create(),
            told(mendable(), &[(SHARED, known(good(STRANGER)))]),
            Violation,
            BARE,
            Some(STRANGER),
        ),
        (
            "a class without documented keys is judged the same",
            policy(PLAIN),
            create(),
            Facts {
                group: Reading::Known(GroupState { key: None, class: Some("DELIVERY".to_owned()) }),
                ..mendable()
            },
            Violation,
            BARE,
            Some(KEY),
        ),
    ]);
}

#[test]
fn no_key_is_associated_that_the_preflight_does_not_pass() {
    let in_state = |state| bare(but(|key| key.state = state));
    check(vec![
        ("disabled", policy(PLAIN), create(), in_state(KeyState::Disabled), Violation, UNFIT, None),
        (
            "pending deletion",
            policy(PLAIN),
            create(),
            in_state(KeyState::PendingDeletion { deletion_date: None }),
            Violation,
            UNFIT,
            None,
        ),
        (
            "pending replica deletion",
            policy(PLAIN),
            create(),
            in_state(KeyState::PendingReplicaDeletion),
            Violation,
            UNFIT,
            None,
        ),
        (
            "without material",
            policy(PLAIN),
            create(),
            in_state(KeyState::PendingImport),
            Violation,
            UNFIT,
            None,
        ),
        (
            "being created",
            policy(PLAIN),
            create(),
            in_state(KeyState::named("Creating")),
            Violation,
            UNFIT,
            None,
        ),
        (
            "unavailable",
            policy(PLAIN),
            create(),
            in_state(KeyState::named("Unavailable")),
            Violation,
            UNFIT,
            None,
        ),
        (
            "in a state of the future",
            policy(PLAIN),
            create(),
            in_state(KeyState::named("Resting")),
            Violation,
            UNFIT,
            None,
        ),
        (
            "asymmetric",
            policy(PLAIN),
            create(),
            bare(but(|key| key.spec = KeySpec::named("RSA_2048"))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "for signing",
            policy(PLAIN),
            create(),
            bare(but(|key| key.usage = KeyUsage::named("SIGN_VERIFY"))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "for codes",
            policy(PLAIN),
            create(),
            bare(but(|key| key.usage = KeyUsage::named("GENERATE_VERIFY_MAC"))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "an AWS managed key",
            policy(PLAIN),
            create(),
            bare(but(|key| key.manager = KeyManager::named("AWS"))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a key of another Region behind the alias",
            policy(PLAIN),
            create(),
            bare(known(good("arn:aws:kms:eu-west-1:111122223333:key/abc"))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a policy without CloudWatch Logs",
            policy(PLAIN),
            create(),
            bare(but(|key| {
                key.policy = with_policy(|it| {
                    it["Statement"].as_array_mut().unwrap().pop();
                })
            })),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a policy for another Region's CloudWatch Logs",
            policy(PLAIN),
            create(),
            bare(but(|key| {
                key.policy = with_policy(|it| {
                    it["Statement"][1]["Principal"] = json!({ "Service": "logs.eu-west-1.amazonaws.com" })
                })
            })),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a policy for another group",
            policy(PLAIN),
            create(),
            bare(but(|key| {
                key.policy = with_policy(|it| {
                    it["Statement"][1]["Condition"] =
                        json!({ "ArnEquals": { "kms:EncryptionContext:aws:logs:arn": format!("{GROUP}2") } })
                })
            })),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a policy for exactly this group",
            policy(PLAIN),
            create(),
            bare(but(|key| {
                key.policy = with_policy(|it| {
                    it["Statement"][1]["Condition"] =
                        json!({ "ArnEquals": { "kms:EncryptionContext:aws:logs:arn": GROUP } })
                })
            })),
            Violation,
            BARE,
            Some(KEY),
        ),
        (
            "a policy that denies",
            policy(PLAIN),
            create(),
            bare(but(|key| {
                key.policy = with_policy(|it| {
                    it["Statement"].as_array_mut().unwrap().push(json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*" }))
                })
            })),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a policy that isn't understood",
            policy(PLAIN),
            create(),
            bare(but(|key| {
                key.policy =
                    with_policy(|it| it["Statement"][1]["Condition"] = json!({ "ArnMatches": { "a": "b" } }))
            })),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a policy that can't be read",
            policy(PLAIN),
            create(),
            bare(but(|key| key.policy = KeyPolicyFact::Unreadable(unreadable()))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a key that can't be read",
            policy(PLAIN),
            create(),
            bare(KeyReading::Unreadable(unreadable())),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a key that nobody asked for",
            policy(PLAIN),
            create(),
            facts(Reading::Known(state(None))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "only another key was asked for",
            policy(PLAIN),
            create(),
            told(facts(Reading::Known(state(None))), &[(SHARED, known(good(KEY)))]),
            Violation,
            UNFIT,
            None,
        ),
        ("no such key", policy(PLAIN), create(), bare(KeyReading::Absent), Violation, UNFIT, None),
        (
            "a rule for another Region",
            ruled("arn:aws:kms:us-east-1:111122223333:alias/logs"),
            create(),
            facts(Reading::Known(state(None))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a rule for another partition",
            ruled("arn:aws-cn:kms:{region}:111122223333:alias/logs"),
            create(),
            facts(Reading::Known(state(None))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a removed key and an unfit one",
            policy(PLAIN),
            disassociate(),
            in_state(KeyState::Disabled),
            Violation,
            &["log-group.key-unusable", "log-group.key-removed"],
            None,
        ),
    ]);
}

#[test]
fn a_group_with_a_key_is_judged_by_that_key() {
    let disabled = but(|key| key.state = KeyState::Disabled);
    let shared = || approving("\"alias/shared\"", PLAIN);
    let unapproved: &[&str] = &["log-group.unapproved-key"];
    let unfit: &[&str] = &["log-group.key-unusable"];
    check(vec![
        ("created with a key", policy(PLAIN), create(), keyed(STRANGER), Compliant, &[], None),
        ("associated", policy(PLAIN), associate(), keyed(STRANGER), Compliant, &[], None),
        ("a late removal, with a key again", policy(PLAIN), disassociate(), keyed(KEY), Compliant, &[], None),
        ("without any rule", policy_text(PLAIN), create(), keyed(STRANGER), Compliant, &[], None),
        (
            "the rule's key, by ARN, is approved",
            policy_text(&format!(
                "log_groups.approved_keys = [\"alias/shared\"]\n[[log_groups.keys]]\nmatch = \"*\"\nkey = \"{KEY}\"\n"
            )),
            create(),
            keyed(KEY),
            Compliant,
            &[],
            None,
        ),
        (
            "the rule's key, by alias, is approved",
            shared(),
            associate(),
            told(keyed(KEY), &[(ALIAS, known(good(KEY))), (SHARED, known(good(STRANGER)))]),
            Compliant,
            &[],
            None,
        ),
        (
            "a key approved by alias",
            shared(),
            associate(),
            told(keyed(STRANGER), &[(ALIAS, known(good(KEY))), (SHARED, known(good(STRANGER)))]),
            Compliant,
            &[],
            None,
        ),
        (
            "a key approved by ARN",
            approving(&format!("\"{STRANGER}\""), PLAIN),
            associate(),
            keyed(STRANGER),
            Compliant,
            &[],
            None,
        ),
        (
            "a key approved by wildcard",
            approving("\"arn:aws:kms:eu-*:111122223333:key/9*\"", PLAIN),
            associate(),
            keyed(STRANGER),
            Compliant,
            &[],
            None,
        ),
        (
            "a key approved by placeholders",
            approving("\"arn:{partition}:kms:{region}:{account}:key/*\"", PLAIN),
            associate(),
            keyed(STRANGER),
            Compliant,
            &[],
            None,
        ),
        (
            "another account's key by placeholders",
            approving("\"arn:{partition}:kms:{region}:{account}:key/*\"", PLAIN),
            associate(),
            told(keyed("arn:aws:kms:eu-central-1:444455556666:key/abc"), &[(ALIAS, known(good(KEY)))]),
            Violation,
            unapproved,
            None,
        ),
        (
            "an unapproved key",
            shared(),
            associate(),
            told(keyed(STRANGER), &[(ALIAS, known(good(KEY))), (SHARED, known(good(KEY)))]),
            Violation,
            unapproved,
            None,
        ),
        (
            "an unapproved key, and the aliases are gone",
            shared(),
            associate(),
            told(keyed(STRANGER), &[(ALIAS, KeyReading::Absent), (SHARED, KeyReading::Absent)]),
            Violation,
            unapproved,
            None,
        ),
        (
            "an alias that can't be read",
            shared(),
            associate(),
            told(
                keyed(STRANGER),
                &[(ALIAS, known(good(KEY))), (SHARED, KeyReading::Unreadable(unreadable()))],
            ),
            Unknown,
            UNTOLD,
            None,
        ),
        (
            "an alias that can't be read beside one that fits",
            shared(),
            associate(),
            told(keyed(KEY), &[(ALIAS, known(good(KEY))), (SHARED, KeyReading::Unreadable(unreadable()))]),
            Compliant,
            &[],
            None,
        ),
        (
            "an alias that nobody asked for",
            shared(),
            associate(),
            told(keyed(STRANGER), &[(ALIAS, known(good(KEY)))]),
            Unknown,
            UNTOLD,
            None,
        ),
        (
            "an alias that a replay doesn't know",
            shared(),
            associate(),
            told(keyed(STRANGER), &[(ALIAS, KeyReading::Assumed), (SHARED, known(good(KEY)))]),
            Unknown,
            UNTOLD,
            None,
        ),
        (
            "an approved alias of another Region is no key for here",
            approving("\"arn:aws:kms:us-east-1:111122223333:alias/shared\"", PLAIN),
            associate(),
            told(keyed(STRANGER), &[(ALIAS, known(good(KEY)))]),
            Violation,
            unapproved,
            None,
        ),
        (
            "a disabled key at hand",
            policy(PLAIN),
            create(),
            told(keyed(KEY), &[(KEY, disabled.clone())]),
            Violation,
            unfit,
            None,
        ),
        (
            "a disabled key that is approved",
            approving(&format!("\"{KEY}\""), PLAIN),
            create(),
            told(keyed(KEY), &[(KEY, disabled)]),
            Violation,
            unfit,
            None,
        ),
        (
            "a fit key at hand",
            policy(PLAIN),
            create(),
            told(keyed(KEY), &[(KEY, known(good(KEY)))]),
            Compliant,
            &[],
            None,
        ),
        (
            "a key at hand whose policy isn't understood",
            policy(PLAIN),
            create(),
            told(keyed(KEY), &[(KEY, but(|key| key.policy = KeyPolicyFact::Unreadable(unreadable())))]),
            Compliant,
            &[],
            None,
        ),
        (
            "an assumed key",
            policy(PLAIN),
            create(),
            told(keyed(KEY), &[(KEY, KeyReading::Assumed)]),
            Compliant,
            &[],
            None,
        ),
        ("a key that is no ARN", policy(PLAIN), create(), keyed("no key\u{202e}"), Compliant, &[], None),
    ]);
}

#[test]
fn what_is_exempt_is_left_alone() {
    const GLASS: &str = "arn:aws:sts::111122223333:assumed-role/break-glass/ada";
    const TRICK: &str = "arn:aws:sts::111122223333:assumed-role/Deploy/break-glass";
    check(vec![
        ("by name", policy(NAME_EXEMPT), create(), mendable(), Exempt, &[], None),
        (
            "by name, without any facts",
            policy(NAME_EXEMPT),
            disassociate(),
            facts(Reading::NotAsked),
            Exempt,
            &[],
            None,
        ),
        (
            "by name, a failed removal",
            policy(NAME_EXEMPT),
            failed("DisassociateKmsKey", json!({ "logGroupName": NAME })),
            facts(Reading::NotAsked),
            Exempt,
            &[],
            None,
        ),
        (
            "by a name that is only a prefix",
            policy(SIBLING_EXEMPT),
            create(),
            mendable(),
            Violation,
            BARE,
            Some(KEY),
        ),
        ("for another guard", policy(OTHER_GUARD_EXEMPT), create(), mendable(), Violation, BARE, Some(KEY)),
        ("yesterday", policy(EXPIRED_EXEMPT), create(), mendable(), Violation, BARE, Some(KEY)),
        ("today for the last time", policy(LAST_DAY_EXEMPT), create(), mendable(), Exempt, &[], None),
        ("by tag", policy(TAG_EXEMPT), create(), tagged(mendable(), tags("dev")), Exempt, &[], None),
        (
            "by tag, an unapproved key",
            approving(&format!("\"{KEY}\""), TAG_EXEMPT),
            associate(),
            told(tagged(keyed(STRANGER), tags("dev")), &[(ALIAS, known(good(KEY)))]),
            Exempt,
            &[],
            None,
        ),
        (
            "by another tag's value",
            policy(TAG_EXEMPT),
            create(),
            tagged(mendable(), tags("prod")),
            Violation,
            BARE,
            Some(KEY),
        ),
        (
            "no tags",
            policy(TAG_EXEMPT),
            create(),
            tagged(mendable(), Reading::Known(BTreeMap::new())),
            Violation,
            BARE,
            Some(KEY),
        ),
        (
            "tags that can't be read",
            policy(TAG_EXEMPT),
            create(),
            tagged(mendable(), Reading::Unreadable(unreadable())),
            Unknown,
            UNTOLD,
            None,
        ),
        ("tags that nobody asked for", policy(TAG_EXEMPT), create(), mendable(), Unknown, UNTOLD, None),
        (
            "tags that don't matter any more",
            policy(EXPIRED_TAG_EXEMPT),
            create(),
            tagged(mendable(), tags("dev")),
            Violation,
            BARE,
            Some(KEY),
        ),
        ("a keyed group needs no tags", policy(TAG_EXEMPT), create(), keyed(KEY), Compliant, &[], None),
        ("the caller", policy(CALLER_EXEMPT), by(GLASS, "DisassociateKmsKey"), mendable(), Exempt, &[], None),
        (
            "the caller, whose call failed",
            policy(CALLER_EXEMPT),
            change(
                "DisassociateKmsKey",
                json!(null),
                json!({ "errorCode": "AccessDenied", "userIdentity": { "arn": GLASS } }),
            ),
            mendable(),
            Exempt,
            &[],
            None,
        ),
        (
            "a caller who chose the name",
            policy(CALLER_EXEMPT),
            by(TRICK, "DisassociateKmsKey"),
            mendable(),
            Violation,
            REMOVED,
            Some(KEY),
        ),
        ("another caller", policy(CALLER_EXEMPT), disassociate(), mendable(), Violation, REMOVED, Some(KEY)),
    ]);
}

#[test]
fn a_failed_call_changed_nothing() {
    check(vec![
        (
            "a failed creation",
            policy(PLAIN),
            failed("CreateLogGroup", json!(null)),
            facts(Reading::NotAsked),
            Ignored,
            &[],
            None,
        ),
        (
            "a failed creation with parameters",
            policy(PLAIN),
            failed("CreateLogGroup", json!({ "logGroupName": NAME })),
            mendable(),
            Ignored,
            &[],
            None,
        ),
        (
            "a failed association",
            policy(PLAIN),
            failed("AssociateKmsKey", json!({ "logGroupName": NAME })),
            mendable(),
            Ignored,
            &[],
            None,
        ),
        (
            "a failed removal",
            policy(PLAIN),
            failed("DisassociateKmsKey", json!({ "logGroupName": NAME })),
            mendable(),
            Violation,
            DENIED,
            None,
        ),
        (
            "a failed removal that names nothing",
            policy(PLAIN),
            failed("DisassociateKmsKey", json!(null)),
            facts(Reading::NotAsked),
            Violation,
            DENIED,
            None,
        ),
        (
            "a failed removal of query results' key",
            policy(PLAIN),
            failed(
                "DisassociateKmsKey",
                json!({ "resourceIdentifier": "arn:aws:logs:eu-central-1:111122223333:query-result:*" }),
            ),
            facts(Reading::NotAsked),
            Violation,
            DENIED,
            None,
        ),
        (
            "an error without a code",
            policy(PLAIN),
            change("CreateLogGroup", json!(null), json!({ "errorMessage": "no" })),
            mendable(),
            Ignored,
            &[],
            None,
        ),
    ]);
}

#[test]
fn what_cannot_be_told_is_unknown_and_never_mended() {
    check(vec![
        ("the group is gone", policy(PLAIN), disassociate(), facts(Reading::Absent), Ignored, &[], None),
        (
            "the group can't be read",
            policy(PLAIN),
            disassociate(),
            facts(Reading::Unreadable(unreadable())),
            Unknown,
            UNTOLD,
            None,
        ),
        (
            "the group wasn't looked at",
            policy(PLAIN),
            create(),
            facts(Reading::NotAsked),
            Unknown,
            UNTOLD,
            None,
        ),
        (
            "parameters omitted",
            policy(PLAIN),
            change("AssociateKmsKey", json!(null), json!({})),
            mendable(),
            Unknown,
            UNCLEAR,
            None,
        ),
        (
            "parameters empty",
            policy(PLAIN),
            change("DisassociateKmsKey", json!({}), json!({})),
            mendable(),
            Unknown,
            UNCLEAR,
            None,
        ),
        (
            "parameters hidden",
            policy(PLAIN),
            change("CreateLogGroup", json!("HIDDEN"), json!({})),
            mendable(),
            Unknown,
            UNCLEAR,
            None,
        ),
        (
            "a name that no group has",
            policy(PLAIN),
            change("CreateLogGroup", json!({ "logGroupName": "/payments/api\n" }), json!({})),
            mendable(),
            Unknown,
            UNCLEAR,
            None,
        ),
        (
            "an ARN where a name belongs",
            policy(PLAIN),
            change("AssociateKmsKey", json!({ "logGroupName": GROUP }), json!({})),
            mendable(),
            Unknown,
            UNCLEAR,
            None,
        ),
        (
            "another account's group",
            policy(PLAIN),
            identified(
                "DisassociateKmsKey",
                "arn:aws:logs:eu-central-1:444455556666:log-group:/payments/api",
            ),
            mendable(),
            Unknown,
            UNCLEAR,
            None,
        ),
        (
            "another Region's group",
            policy(PLAIN),
            identified("DisassociateKmsKey", "arn:aws:logs:eu-west-1:111122223333:log-group:/payments/api"),
            mendable(),
            Unknown,
            UNCLEAR,
            None,
        ),
        (
            "another partition's group",
            policy(PLAIN),
            identified(
                "DisassociateKmsKey",
                "arn:aws-cn:logs:eu-central-1:111122223333:log-group:/payments/api",
            ),
            mendable(),
            Unknown,
            UNCLEAR,
            None,
        ),
        (
            "a log stream",
            policy(PLAIN),
            identified("AssociateKmsKey", &format!("{GROUP}:log-stream:a")),
            mendable(),
            Unknown,
            UNCLEAR,
            None,
        ),
        (
            "all groups",
            policy(PLAIN),
            identified("AssociateKmsKey", "arn:aws:logs:eu-central-1:111122223333:log-group:*"),
            mendable(),
            Unknown,
            UNCLEAR,
            None,
        ),
        (
            "no ARN",
            policy(PLAIN),
            identified("AssociateKmsKey", "/payments/api"),
            mendable(),
            Unknown,
            UNCLEAR,
            None,
        ),
        (
            "another service's ARN",
            policy(PLAIN),
            identified("AssociateKmsKey", "arn:aws:s3:eu-central-1:111122223333:log-group:/payments/api"),
            mendable(),
            Unknown,
            UNCLEAR,
            None,
        ),
    ]);
}

#[test]
fn query_results_are_judged_by_the_call_and_never_mended() {
    const RESULTS: &str = "arn:aws:logs:eu-central-1:111122223333:query-result:*";
    let to = |key: &str| {
        change("AssociateKmsKey", json!({ "resourceIdentifier": RESULTS, "kmsKeyId": key }), json!({}))
    };
    let none = || facts(Reading::NotAsked);
    let unapproved: &[&str] = &["query-results.unapproved-key"];
    check(vec![
        (
            "key removed",
            policy(PLAIN),
            identified("DisassociateKmsKey", RESULTS),
            none(),
            Violation,
            &["query-results.key-removed"],
            None,
        ),
        (
            "key removed, whatever the group's facts",
            policy(PLAIN),
            identified("DisassociateKmsKey", RESULTS),
            mendable(),
            Violation,
            &["query-results.key-removed"],
            None,
        ),
        (
            "key removed in another account",
            policy(PLAIN),
            identified("DisassociateKmsKey", "arn:aws:logs:eu-central-1:444455556666:query-result:*"),
            none(),
            Unknown,
            UNCLEAR,
            None,
        ),
        ("any key will do", policy(PLAIN), to(STRANGER), none(), Compliant, &[], None),
        ("an approved key", approving(&format!("\"{KEY}\""), PLAIN), to(KEY), none(), Compliant, &[], None),
        (
            "a key approved by wildcard",
            approving("\"arn:{partition}:kms:*:{account}:key/*\"", PLAIN),
            to(STRANGER),
            none(),
            Compliant,
            &[],
            None,
        ),
        (
            "an unapproved key",
            approving(&format!("\"{KEY}\""), PLAIN),
            to(STRANGER),
            none(),
            Violation,
            unapproved,
            None,
        ),
        (
            "a key that an approved alias may stand for",
            approving("\"alias/shared\"", PLAIN),
            to(STRANGER),
            none(),
            Unknown,
            unapproved,
            None,
        ),
        (
            "the record doesn't say which key",
            approving(&format!("\"{KEY}\""), PLAIN),
            identified("AssociateKmsKey", RESULTS),
            none(),
            Unknown,
            unapproved,
            None,
        ),
    ]);
}

#[test]
fn other_calls_are_no_business_of_this_guard() {
    check(vec![
        ("DeleteLogGroup", policy(PLAIN), named("DeleteLogGroup"), mendable(), Ignored, &[], None),
        ("another casing", policy(PLAIN), named("createLogGroup"), mendable(), Ignored, &[], None),
        (
            "another service",
            policy(PLAIN),
            change(
                "CreateLogGroup",
                json!({ "logGroupName": NAME }),
                json!({ "eventSource": "kms.amazonaws.com" }),
            ),
            mendable(),
            Ignored,
            &[],
            None,
        ),
    ]);
}

#[test]
fn severities_are_those_of_what_is_lost() {
    let worst = |change: Change, facts: Facts| decide(&policy(PLAIN), &change, &facts, now()).severity();
    for (name, change, facts, expected) in [
        ("never encrypted", create(), mendable(), Some(Severity::Medium)),
        ("taken away", disassociate(), mendable(), Some(Severity::High)),
        ("an unfit key", create(), bare(KeyReading::Absent), Some(Severity::High)),
        ("unreadable", create(), facts(Reading::Unreadable(unreadable())), Some(Severity::High)),
        ("an attempt", failed("DisassociateKmsKey", json!(null)), mendable(), Some(Severity::Low)),
        ("compliant", create(), keyed(KEY), None),
    ] {
        assert_eq!(worst(change, facts), expected, "{name}");
    }
}

fn finding<'a>(plan: &'a Plan<Effect>, id: &str) -> &'a Finding {
    plan.findings.iter().find(|finding| finding.id == id).unwrap_or_else(|| panic!("{id} in {plan:?}"))
}

fn commands(plan: &Plan<Effect>) -> Vec<String> {
    let remedies = plan.findings.iter().flat_map(|finding| &finding.remedies);
    remedies
        .filter_map(|remedy| match remedy {
            Remedy::Command(command) => Some(command.clone()),
            Remedy::Step(_) | Remedy::Statement(_) => None,
        })
        .collect()
}

#[test]
fn a_missing_permission_comes_with_the_exact_statement() {
    let closed = but(|key| {
        key.policy = with_policy(|it| {
            it["Statement"].as_array_mut().unwrap().pop();
        });
    });
    let plan = decide(&policy(PLAIN), &create(), &bare(closed.clone()), now());
    let statement = finding(&plan, "log-group.key-unusable")
        .remedies
        .iter()
        .find_map(|remedy| match remedy {
            Remedy::Statement(statement) => Some(statement.clone()),
            Remedy::Step(_) | Remedy::Command(_) => None,
        })
        .unwrap();
    assert_eq!(statement["Principal"], json!({ "Service": "logs.eu-central-1.amazonaws.com" }));
    // With the statement added, the repair follows.
    let KeyReading::Known(mut mended) = closed else { panic!() };
    mended.policy = with_policy(|it| it["Statement"][1] = statement);
    let plan = decide(&policy(PLAIN), &create(), &bare(KeyReading::Known(mended)), now());
    assert_eq!(plan.effects.len(), 1, "{plan:?}");
}

#[test]
fn every_title_names_its_group() {
    for facts in [
        mendable(),
        bare(KeyReading::Absent),
        bare(KeyReading::Unreadable(unreadable())),
        facts(Reading::NotAsked),
    ] {
        for finding in decide(&policy(PLAIN), &create(), &facts, now()).findings {
            assert!(finding.summary.contains(NAME), "{}", finding.summary);
        }
    }
}

#[test]
fn commands_can_be_pasted_into_a_shell() {
    let alias = "\"$(aws kms describe-key --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:alias/payments --query KeyMetadata.Arn --output text)\"";
    for (name, group, facts, policy, expected) in [
        (
            "a key by its ARN",
            NAME,
            mendable(),
            policy(PLAIN),
            format!(
                "aws logs associate-kms-key --region eu-central-1 --log-group-name {NAME} --kms-key-id {KEY}"
            ),
        ),
        (
            "a name with a hash",
            "/payments/#1",
            mendable(),
            policy(PLAIN),
            format!(
                "aws logs associate-kms-key --region eu-central-1 --log-group-name '/payments/#1' --kms-key-id {KEY}"
            ),
        ),
        (
            "a name like an option",
            "--debug",
            mendable(),
            ruled("alias/payments"),
            format!(
                "aws logs associate-kms-key --region eu-central-1 --log-group-name=--debug --kms-key-id {KEY}"
            ),
        ),
        (
            "an alias, which the API doesn't take",
            NAME,
            bare(KeyReading::Assumed),
            policy(PLAIN),
            format!(
                "aws logs associate-kms-key --region eu-central-1 --log-group-name {NAME} --kms-key-id {alias}"
            ),
        ),
        (
            "an unapproved key",
            NAME,
            told(keyed(STRANGER), &[(ALIAS, known(good(KEY)))]),
            approving(&format!("\"{KEY}\""), PLAIN),
            format!(
                "aws logs associate-kms-key --region eu-central-1 --log-group-name {NAME} --kms-key-id {alias}"
            ),
        ),
        (
            "an unreadable group",
            "--debug",
            facts(Reading::Unreadable(unreadable())),
            policy(PLAIN),
            "aws logs describe-log-groups --region eu-central-1 --log-group-name-prefix=--debug".to_owned(),
        ),
        (
            "a disabled key",
            NAME,
            bare(but(|key| key.state = KeyState::Disabled)),
            policy(PLAIN),
            format!("aws kms enable-key --region eu-central-1 --key-id {KEY}"),
        ),
    ] {
        let change = change("CreateLogGroup", json!({ "logGroupName": group }), json!({}));
        let commands = commands(&decide(&policy, &change, &facts, now()));
        assert_eq!(commands.first(), Some(&expected), "{name}");
    }
}

#[test]
fn a_deletion_is_cancelled_before_the_key_is_enabled_and_associated() {
    let pending =
        bare(but(|key| key.state = KeyState::PendingDeletion { deletion_date: Some("soon\n".to_owned()) }));
    let plan = decide(&policy(PLAIN), &create(), &pending, now());
    let verbs: Vec<String> = commands(&plan)
        .iter()
        .map(|command| command.split(' ').take(3).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(verbs, ["aws kms cancel-key-deletion", "aws kms enable-key", "aws logs associate-kms-key"]);
    assert!(finding(&plan, "log-group.key-unusable").evidence.iter().all(|line| !line.contains('\n')));
}

#[test]
fn a_passing_trouble_is_worth_another_try() {
    let throttled = |retryable| {
        KeyReading::Unreadable(Unreadable { why: "kms:DescribeKey: Throttling".to_owned(), retryable })
    };
    for retryable in [true, false] {
        assert_eq!(
            decide(&policy(PLAIN), &create(), &bare(throttled(retryable)), now()).retryable,
            retryable
        );
    }
}

#[test]
fn only_what_is_needed_is_read() {
    for (name, policy, change, expected) in [
        ("a bare group", policy(PLAIN), create(), Some(GROUP)),
        (
            "by ARN with a star",
            policy(PLAIN),
            identified("AssociateKmsKey", &format!("{GROUP}:*")),
            Some(GROUP),
        ),
        ("exempt by tag: the state comes first", policy(TAG_EXEMPT), create(), Some(GROUP)),
        ("exempt by name", policy(NAME_EXEMPT), create(), None),
        ("exempt until yesterday", policy(EXPIRED_EXEMPT), create(), Some(GROUP)),
        (
            "exempt caller",
            policy(CALLER_EXEMPT),
            by("arn:aws:sts::111122223333:assumed-role/break-glass/a", "CreateLogGroup"),
            None,
        ),
        ("failed", policy(PLAIN), failed("DisassociateKmsKey", json!({ "logGroupName": NAME })), None),
        (
            "query results",
            policy(PLAIN),
            identified("DisassociateKmsKey", "arn:aws:logs:eu-central-1:111122223333:query-result:*"),
            None,
        ),
        ("unclear", policy(PLAIN), change("CreateLogGroup", json!(null), json!({})), None),
        (
            "another account's",
            policy(PLAIN),
            identified(
                "DisassociateKmsKey",
                "arn:aws:logs:eu-central-1:444455556666:log-group:/payments/api",
            ),
            None,
        ),
        ("another call", policy(PLAIN), named("DeleteLogGroup"), None),
    ] {
        let read = group_to_read(&policy, &change, now()).map(|group| group.to_string());
        assert_eq!(read.as_deref(), expected, "{name}");
    }
}

#[test]
fn the_fewest_questions_are_asked() {
    let keys = |keys: &[&str]| -> BTreeSet<KeyRef> { keys.iter().map(|key| reference(key)).collect() };
    let asks = |wanted: &[&str], at_hand: &[&str], tags| Questions {
        keys: keys(wanted),
        keys_if_at_hand: keys(at_hand),
        tags,
    };
    let multi = "\"alias/shared\", \"arn:aws:kms:us-east-1:111122223333:alias/shared\", \"arn:aws:kms:eu-west-1:111122223333:alias/shared\"";
    for (name, policy, key, expected) in [
        ("bare", policy(PLAIN), None, asks(&[ALIAS], &[], false)),
        (
            "bare, with approved aliases",
            approving("\"alias/shared\"", PLAIN),
            None,
            asks(&[ALIAS], &[], false),
        ),
        ("bare, a tag may exempt it", policy(TAG_EXEMPT), None, asks(&[ALIAS], &[], true)),
        (
            "bare, a tag exempted it until yesterday",
            policy(EXPIRED_TAG_EXEMPT),
            None,
            asks(&[ALIAS], &[], false),
        ),
        ("bare, without a rule", policy_text(TAG_EXEMPT), None, asks(&[], &[], true)),
        (
            "bare, a rule for another Region",
            ruled("arn:aws:kms:us-east-1:111122223333:alias/logs"),
            None,
            asks(&[], &[], false),
        ),
        (
            "bare, a rule for another partition",
            ruled("arn:aws-cn:kms:{region}:111122223333:alias/logs"),
            None,
            asks(&[], &[], false),
        ),
        ("keyed, any key will do", policy(TAG_EXEMPT), Some(STRANGER), asks(&[], &[STRANGER], false)),
        (
            "keyed, approved by ARN",
            approving(&format!("\"alias/shared\", \"{STRANGER}\""), TAG_EXEMPT),
            Some(STRANGER),
            asks(&[], &[STRANGER], false),
        ),
        (
            "keyed, approved by wildcard",
            approving("\"arn:aws:kms:*:*:key/*\", \"alias/shared\"", PLAIN),
            Some(STRANGER),
            asks(&[], &[STRANGER], false),
        ),
        (
            "keyed, aliases must tell",
            approving("\"alias/shared\"", TAG_EXEMPT),
            Some(STRANGER),
            asks(&[ALIAS, SHARED], &[STRANGER], true),
        ),
        (
            "keyed, aliases of several Regions",
            approving(multi, PLAIN),
            Some(STRANGER),
            asks(&[ALIAS, SHARED], &[STRANGER], false),
        ),
        (
            "keyed, nothing to resolve",
            policy_text(&format!("log_groups.approved_keys = [\"{KEY}\"]\n{TAG_EXEMPT}")),
            Some(STRANGER),
            asks(&[], &[STRANGER], true),
        ),
        ("keyed with no ARN", policy(PLAIN), Some("nonsense"), asks(&[], &[], false)),
    ] {
        assert_eq!(questions(&policy, &group(), &state(key), now()), expected, "{name}");
    }
}

#[test]
fn facts_are_shown_clean() {
    let evil = "x\n\u{202e}\u{1b}[2J";
    let facts = Facts {
        group: Reading::Known(GroupState { key: Some(evil.to_owned()), class: Some(evil.to_owned()) }),
        tags: Reading::Known(BTreeMap::from([(evil.to_owned(), format!("{evil}{}", "y".repeat(10_000)))])),
        keys: BTreeMap::new(),
    };
    let shown = facts.shown().to_string();
    assert!(!shown.contains('\u{202e}') && !shown.contains("\\n") && !shown.contains("\\u001b"), "{shown}");
    assert!(shown.len() < 2_000);
    let plan = decide(
        &approving(&format!("\"{KEY}\""), PLAIN),
        &create(),
        &told(facts, &[(ALIAS, known(good(KEY)))]),
        now(),
    );
    assert!(!format!("{:?}{:?}", plan.findings, plan.reasons).contains("\\n"), "{plan:?}");
}

#[test]
fn only_the_stated_group_is_the_target() {
    for (name, request, expected) in [
        ("by name", json!({ "logGroupName": NAME }), Some(GROUP)),
        ("by ARN", json!({ "resourceIdentifier": GROUP }), Some(GROUP)),
        ("by ARN with a star", json!({ "resourceIdentifier": format!("{GROUP}:*") }), Some(GROUP)),
        (
            "query results",
            json!({ "resourceIdentifier": "arn:aws:logs:eu-central-1:111122223333:query-result:*" }),
            Some("arn:aws:logs:eu-central-1:111122223333:query-result:*"),
        ),
        ("a star as name", json!({ "logGroupName": "*" }), None),
        ("nothing", json!({}), None),
    ] {
        assert_eq!(
            Target::of(&change("AssociateKmsKey", request, json!({}))).arn().as_deref(),
            expected,
            "{name}"
        );
    }
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let rules = prop::sample::select(vec![
        RULE.to_owned(),
        String::new(),
        format!("[[log_groups.keys]]\nmatch = \"*\"\nkey = \"{KEY}\"\n"),
        "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"arn:aws:kms:us-east-1:111122223333:alias/payments\"\n"
            .to_owned(),
        format!("[[log_groups.keys]]\nmatch = \"*/api\"\nkey = \"alias/shared\"\n{RULE}"),
    ]);
    let approved = prop::sample::select(vec![
        String::new(),
        "log_groups.approved_keys = [\"alias/shared\"]\n".to_owned(),
        format!("log_groups.approved_keys = [\"{STRANGER}\"]\n"),
        "log_groups.approved_keys = [\"arn:{partition}:kms:{region}:{account}:key/9*\"]\n".to_owned(),
    ]);
    let exempt = prop::collection::vec(
        prop::sample::select(vec![
            NAME_EXEMPT,
            SIBLING_EXEMPT,
            EXPIRED_EXEMPT,
            TAG_EXEMPT,
            EXPIRED_TAG_EXEMPT,
            CALLER_EXEMPT,
            OTHER_GUARD_EXEMPT,
        ]),
        0..2,
    );
    (rules, approved, exempt)
        .prop_map(|(rules, approved, exempt)| policy_text(&format!("{approved}{rules}{}", exempt.concat())))
}

fn any_change() -> impl Strategy<Value = Change> {
    let calls = prop::sample::select(vec![
        "CreateLogGroup",
        "AssociateKmsKey",
        "DisassociateKmsKey",
        "DeleteLogGroup",
    ]);
    let requests = prop::sample::select(vec![
        json!({ "logGroupName": NAME }),
        json!({ "logGroupName": NAME, "kmsKeyId": STRANGER }),
        json!({ "logGroupName": "/payments/api/child" }),
        json!({ "resourceIdentifier": GROUP }),
        json!({ "resourceIdentifier": format!("{GROUP}:*") }),
        json!({ "resourceIdentifier": "arn:aws:logs:eu-central-1:444455556666:log-group:/payments/api" }),
        json!({ "resourceIdentifier": "arn:aws:logs:eu-central-1:111122223333:query-result:*", "kmsKeyId": KEY }),
        json!({ "logGroupName": "no name" }),
        json!(null),
    ]);
    let more = prop::sample::select(vec![
        json!({}),
        json!({}),
        json!({ "errorCode": "AccessDenied" }),
        json!({ "userIdentity": { "arn": "arn:aws:sts::111122223333:assumed-role/break-glass/ada" } }),
        json!({ "userIdentity": null }),
    ]);
    (calls, requests, more).prop_map(|(call, request, more)| change(call, request, more))
}

fn any_key() -> impl Strategy<Value = KeyReading> {
    prop::sample::select(vec![
        known(good(KEY)),
        known(good(KEY)),
        known(good(STRANGER)),
        KeyReading::Assumed,
        KeyReading::Absent,
        KeyReading::Unreadable(unreadable()),
        but(|key| key.state = KeyState::Disabled),
        but(|key| key.spec = KeySpec::named("RSA_2048")),
        but(|key| key.usage = KeyUsage::named("SIGN_VERIFY")),
        but(|key| key.manager = KeyManager::named("AWS")),
        but(|key| key.policy = KeyPolicyFact::Assumed),
        but(|key| key.policy = KeyPolicyFact::Unreadable(unreadable())),
        but(|key| key.policy = with_policy(|it| it["Statement"] = json!([]))),
        but(|key| {
            key.policy =
                with_policy(|it| it["Statement"][1]["Condition"] = json!({ "Strange": { "a": "b" } }))
        }),
    ])
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let group = prop::sample::select(vec![
        Reading::NotAsked,
        Reading::Known(state(None)),
        Reading::Known(state(None)),
        Reading::Known(state(None)),
        Reading::Known(state(Some(KEY))),
        Reading::Known(state(Some(STRANGER))),
        Reading::Known(state(Some(ALIAS))),
        Reading::Known(state(Some("nonsense"))),
        Reading::Absent,
        Reading::Unreadable(unreadable()),
    ]);
    let tags = prop::sample::select(vec![
        Reading::NotAsked,
        tags("dev"),
        tags("prod"),
        Reading::Absent,
        Reading::Unreadable(unreadable()),
    ]);
    let references = prop::sample::subsequence(vec![ALIAS, KEY, SHARED, STRANGER], 0..=4);
    (group, tags, references, prop::collection::vec(any_key(), 4)).prop_map(
        |(group, tags, references, readings)| Facts {
            group,
            tags,
            keys: references
                .iter()
                .map(|text| reference(text))
                .zip(readings)
                .map(|(wanted, reading)| answered(wanted, reading))
                .collect(),
        },
    )
}

/// KMS answers about exactly the key that it was asked for by ARN.
fn answered(wanted: KeyRef, mut reading: KeyReading) -> (KeyRef, KeyReading) {
    if let (KeyRef::Key(arn), KeyReading::Known(facts)) = (&wanted, &mut reading) {
        facts.arn = arn.clone();
    }
    (wanted, reading)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn decisions_are_total_and_the_same_each_time(policy in any_policy(), change in any_change(), facts in any_facts()) {
        let plan = decide(&policy, &change, &facts, now());
        prop_assert_eq!(&plan, &decide(&policy, &change, &facts, now()));
        prop_assert!(!plan.reasons.is_empty());
        let severities: Vec<Severity> = plan.findings.iter().map(|finding| finding.severity).collect();
        prop_assert!(severities.is_sorted_by(|a, b| a >= b), "worst first: {severities:?}");
        match plan.verdict {
            Violation | Unknown => prop_assert!(!plan.findings.is_empty()),
            Compliant | Exempt | Ignored => prop_assert!(plan.findings.is_empty() && plan.effects.is_empty()),
        }
    }

    #[test]
    fn an_effect_needs_a_known_bare_group_and_a_fit_key(policy in any_policy(), change in any_change(), facts in any_facts()) {
        let plan = decide(&policy, &change, &facts, now());
        prop_assert!(plan.effects.len() <= 1);
        for effect in &plan.effects {
            prop_assert_eq!(Target::of(&change), Target::Group(effect.group.clone()));
            let bare = matches!(&facts.group, Reading::Known(GroupState { key: None, .. }));
            prop_assert!(bare);
            prop_assert!(change.failure.is_none());
            prop_assert_eq!(plan.verdict, Violation);
            let fit = facts.keys.iter().any(|(wanted, reading)| {
                matches!(usability(wanted, Some(reading), Consumer::LogGroup(&effect.group)), Usability::Usable { key, .. } if key == effect.key)
            });
            prop_assert!(fit, "{:?}", effect);
        }
    }

    #[test]
    fn what_was_mended_needs_no_mending(policy in any_policy(), change in any_change(), facts in any_facts()) {
        let plan = decide(&policy, &change, &facts, now());
        for effect in &plan.effects {
            let mut after = facts.clone();
            after.group = Reading::Known(state(Some(&effect.key.to_string())));
            let again = decide(&policy, &change, &after, now());
            prop_assert!(again.effects.is_empty());
            // Unless somebody else's facts of the very same key, read by its ARN, say that it doesn't serve.
            if !facts.keys.contains_key(&effect.key) || facts.keys.get(&effect.key) == Some(&KeyReading::Assumed) {
                prop_assert_eq!(again.verdict, Compliant, "{:?}", again);
            }
        }
    }

    #[test]
    fn what_was_asked_is_enough_to_decide(policy in any_policy(), change in any_change(), facts in any_facts(), reading in any_key()) {
        let Some(group) = group_to_read(&policy, &change, now()) else { return Ok(()) };
        let Reading::Known(state) = &facts.group else { return Ok(()) };
        let asked = questions(&policy, &group, state, now());
        let answered = Facts {
            group: facts.group.clone(),
            tags: if asked.tags { tags("prod") } else { Reading::NotAsked },
            keys: asked.keys.into_iter().map(|key| answered(key, reading.clone())).collect(),
        };
        let plan = decide(&policy, &change, &answered, now());
        let evidence = plan.findings.iter().flat_map(|finding| &finding.evidence);
        prop_assert!(evidence.clone().all(|line| !line.contains("not looked at")), "{:?}", plan);
        prop_assert!(plan.findings.iter().all(|finding| !finding.summary.contains("not looked at")), "{:?}", plan);
    }
}
