//! What people read: snapshots of whole pages, and what no text of somebody else may do to one.

use super::Page;
use crate::change::{Change, ParseError, Parsed, parse};
use crate::facts::{
    KeyFacts, KeyManager, KeyPolicyFact, KeyReading, KeySpec, KeyState, KeyUsage, Reading, Unreadable,
};
use crate::guards::Guard;
use crate::guards::log_group::{Effect, Facts, GroupState, Target, decide};
use crate::key_policy::KeyPolicy;
use crate::names::{KeyArn, KeyRef};
use crate::plan::{Finding, Outcome, Plan, Remedy, Severity, Verdict};
use crate::policy::{Mode, Policy};
use crate::receipt::PageOutcome;
use crate::report::{Report, UnreadableEvent};
use crate::untrusted::is_plain;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab";
const POLICY: &str =
    "mode = \"remediate\"\n[[log_groups.keys]]\nmatch = \"/payments/*\"\nkey = \"alias/payments\"\n";

/// A change, what was decided about it, and what became of that.
struct Story {
    policy: Policy,
    mode: Mode,
    change: Change,
    plan: Plan<Effect>,
    outcomes: Vec<Outcome>,
}

impl Story {
    fn report(&self) -> Report<'_, Effect> {
        Report {
            guard: Guard::LogGroup,
            mode: self.mode,
            pages: &self.policy.pages,
            change: &self.change,
            target: Target::of(&self.change).arn(),
            facts: Value::Null,
            plan: &self.plan,
            outcomes: &self.outcomes,
        }
    }

    fn page(&self) -> Page {
        self.report().page().unwrap()
    }
}

fn record(event_name: &str) -> Value {
    json!({
        "eventID": "33333333-aaaa-bbbb-cccc-444444444444",
        "eventSource": "logs.amazonaws.com",
        "eventName": event_name,
        "eventTime": "2026-11-20T08:15:00Z",
        "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333",
        "userIdentity": { "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/ada" },
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": { "logGroupName": "/payments/api" },
    })
}

fn change(record: &Value) -> Change {
    match parse(record) {
        Ok(Parsed::Change(change)) => *change,
        other => panic!("{other:?}"),
    }
}

/// The payments key, with a policy that lets CloudWatch Logs in, or doesn't.
fn key(open: bool) -> KeyFacts {
    let mut statements = vec![
        json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" }),
    ];
    if open {
        statements.push(json!({ "Effect": "Allow", "Principal": { "Service": "logs.eu-central-1.amazonaws.com" }, "Action": "kms:*", "Resource": "*" }));
    }
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    KeyFacts {
        arn: KeyArn::parse(KEY).unwrap(),
        state: KeyState::Enabled,
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        manager: KeyManager::Customer,
        policy: KeyPolicyFact::Known(KeyPolicy::from_value(&document).unwrap()),
        assumed: BTreeSet::new(),
    }
}

fn bare(change: &Change, key: KeyReading) -> Facts {
    Facts {
        group: Reading::Known(GroupState { key: None, class: Some("STANDARD".to_owned()) }),
        tags: Reading::NotAsked,
        keys: BTreeMap::from([(KeyRef::parse("alias/payments", &change.place).unwrap(), key)]),
    }
}

fn story(record: &Value, key: KeyReading, mode: Mode, outcomes: Vec<Outcome>) -> Story {
    let (policy, change) = (Policy::parse(POLICY).unwrap(), change(record));
    let plan = decide(&policy, &change, &bare(&change, key), change.time);
    Story { policy, mode, change, plan, outcomes }
}

/// `CreateLogGroup` without a key; the key that policy names is fit.
fn created(mode: Mode, outcome: Outcome) -> Story {
    story(&record("CreateLogGroup"), KeyReading::Known(Box::new(key(true))), mode, vec![outcome])
}

fn refused() -> Outcome {
    Outcome::Refused {
        why: "logs:AssociateKmsKey: AccessDeniedException: not authorized".to_owned(),
        remedies: vec![
            Remedy::Step("this function's role may not associate keys; add this statement to it:".to_owned()),
            Remedy::Statement(
                json!({ "Effect": "Allow", "Action": "logs:AssociateKmsKey", "Resource": "arn:aws:logs:eu-central-1:111122223333:log-group:*" }),
            ),
        ],
    }
}

fn failed(why: &str) -> Outcome {
    Outcome::Failed { why: why.to_owned() }
}

/// The whole page, with the chat's description left out where it only repeats the e-mail.
fn shown(page: &Page) -> String {
    let mut chat = page.chat.clone();
    let description = chat["content"].as_object_mut().unwrap().remove("description").unwrap();
    let email = page.text.replace('`', "'").replace('<', "‹");
    assert_eq!(description, json!(format!("```\n{email}\n```")));
    let attributes = page.attributes.iter().map(|(name, value)| format!("{name}={value}"));
    let attributes = attributes.collect::<Vec<_>>().join(" ");
    let chat = serde_json::to_string_pretty(&chat).unwrap();
    let (subject, sms, text) = (&page.subject, &page.sms, &page.text);
    format!("SUBJECT    {subject}\nSMS        {sms}\nATTRIBUTES {attributes}\nEMAIL\n{text}CHAT\n{chat}\n")
}

#[test]
fn a_repaired_group() {
    insta::assert_snapshot!(shown(&created(Mode::Remediate, Outcome::Applied).page()), @r#"
    SUBJECT    [Sealwatch] MEDIUM log-group.unencrypted /payments/api 111122223333 eu-central-1 (repaired)
    SMS        Sealwatch MEDIUM log-group.unencrypted /payments/api 111122223333 eu-central-1 (repaired)
    ATTRIBUTES account=111122223333 finding=log-group.unencrypted guard=log-group region=eu-central-1 severity=medium
    EMAIL
    MEDIUM log group /payments/api has no KMS key (repaired)

    What happened
      call       CreateLogGroup of logs.amazonaws.com, succeeded
      when       2026-11-20T08:15:00Z
      who        arn:aws:sts::111122223333:assumed-role/Deploy/ada
      from       203.0.113.7
      with       aws-cli/2.31.0
      where      account 111122223333, eu-central-1
      resource   arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api

    What Sealwatch found
      - log-group.unencrypted (medium): log group /payments/api has no KMS key
          its own state, read after the event, shows no kmsKeyId
          log group class STANDARD
      - rule `/payments/*` (line 2) names the key `alias/payments`

    What Sealwatch did
      - associate the key arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab with the log group /payments/api: done, and seen on reading back

    Good to know
      1. whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)

    Runbook: README.md, "Runbook", `log-group.unencrypted`
    Event: 33333333-aaaa-bbbb-cccc-444444444444
    CHAT
    {
      "version": "1.0",
      "source": "custom",
      "content": {
        "textType": "client-markdown",
        "title": "MEDIUM log group /payments/api has no KMS key (repaired)",
        "nextSteps": [
          "whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)"
        ]
      },
      "metadata": {
        "threadId": "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api",
        "summary": "MEDIUM log group /payments/api has no KMS key (repaired)",
        "additionalContext": {
          "severity": "medium",
          "finding": "log-group.unencrypted",
          "guard": "log-group",
          "account": "111122223333",
          "region": "eu-central-1"
        }
      }
    }
    "#);
}

#[test]
fn a_repair_that_the_mode_withholds() {
    let story = story(
        &record("DisassociateKmsKey"),
        KeyReading::Known(Box::new(key(true))),
        Mode::Page,
        vec![Outcome::Withheld],
    );
    insta::assert_snapshot!(shown(&story.page()), @r#"
    SUBJECT    [Sealwatch] HIGH log-group.key-removed /.../api 111122223333 eu-central-1 (not repaired: mode page)
    SMS        Sealwatch HIGH log-group.key-removed /payments/api 111122223333 eu-central-1 (not repaired: mode page)
    ATTRIBUTES account=111122223333 finding=log-group.key-removed guard=log-group region=eu-central-1 severity=high
    EMAIL
    HIGH the KMS key of log group /payments/api was taken away (not repaired: mode page)

    What happened
      call       DisassociateKmsKey of logs.amazonaws.com, succeeded
      when       2026-11-20T08:15:00Z
      who        arn:aws:sts::111122223333:assumed-role/Deploy/ada
      from       203.0.113.7
      with       aws-cli/2.31.0
      where      account 111122223333, eu-central-1
      resource   arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api

    What Sealwatch found
      - log-group.key-removed (high): the KMS key of log group /payments/api was taken away
          its own state, read after the event, shows no kmsKeyId
          log group class STANDARD
      - rule `/payments/*` (line 2) names the key `alias/payments`

    What Sealwatch did
      - associate the key arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab with the log group /payments/api: NOT done: the mode is `page`

    What to do
           aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab
      1. whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)

    Runbook: README.md, "Runbook", `log-group.key-removed`
    Event: 33333333-aaaa-bbbb-cccc-444444444444
    CHAT
    {
      "version": "1.0",
      "source": "custom",
      "content": {
        "textType": "client-markdown",
        "title": "HIGH the KMS key of log group /payments/api was taken away (not repaired: mode page)",
        "nextSteps": [
          "aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab",
          "whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)"
        ]
      },
      "metadata": {
        "threadId": "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api",
        "summary": "HIGH the KMS key of log group /payments/api was taken away (not repaired: mode page)",
        "additionalContext": {
          "severity": "high",
          "finding": "log-group.key-removed",
          "guard": "log-group",
          "account": "111122223333",
          "region": "eu-central-1"
        }
      }
    }
    "#);
}

#[test]
fn a_repair_that_is_refused() {
    insta::assert_snapshot!(shown(&created(Mode::Remediate, refused()).page()), @r#"
    SUBJECT    [Sealwatch] HIGH log-group.unencrypted /payments/api 111122223333 eu-central-1 (REPAIR FAILED)
    SMS        Sealwatch HIGH log-group.unencrypted /payments/api 111122223333 eu-central-1 (REPAIR FAILED)
    ATTRIBUTES account=111122223333 finding=log-group.unencrypted guard=log-group region=eu-central-1 severity=high
    EMAIL
    HIGH log group /payments/api has no KMS key (REPAIR FAILED)

    What happened
      call       CreateLogGroup of logs.amazonaws.com, succeeded
      when       2026-11-20T08:15:00Z
      who        arn:aws:sts::111122223333:assumed-role/Deploy/ada
      from       203.0.113.7
      with       aws-cli/2.31.0
      where      account 111122223333, eu-central-1
      resource   arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api

    What Sealwatch found
      - log-group.unencrypted (medium): log group /payments/api has no KMS key
          its own state, read after the event, shows no kmsKeyId
          log group class STANDARD
      - rule `/payments/*` (line 2) names the key `alias/payments`

    What Sealwatch did
      - associate the key arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab with the log group /payments/api: NOT done, refused: logs:AssociateKmsKey: AccessDeniedException: not authorized

    What to do
      log-group-key:
      1. this function's role may not associate keys; add this statement to it:
           {
             "Effect": "Allow",
             "Action": "logs:AssociateKmsKey",
             "Resource": "arn:aws:logs:eu-central-1:111122223333:log-group:*"
           }
      log-group.unencrypted:
           aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab
      2. whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)

    Runbook: README.md, "Runbook", `log-group.unencrypted`
    Event: 33333333-aaaa-bbbb-cccc-444444444444
    CHAT
    {
      "version": "1.0",
      "source": "custom",
      "content": {
        "textType": "client-markdown",
        "title": "HIGH log group /payments/api has no KMS key (REPAIR FAILED)",
        "nextSteps": [
          "this function's role may not associate keys; add this statement to it:",
          "{\"Effect\":\"Allow\",\"Action\":\"logs:AssociateKmsKey\",\"Resource\":\"arn:aws:logs:eu-central-1:111122223333:log-group:*\"}",
          "aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab",
          "whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)"
        ]
      },
      "metadata": {
        "threadId": "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api",
        "summary": "HIGH log group /payments/api has no KMS key (REPAIR FAILED)",
        "additionalContext": {
          "severity": "high",
          "finding": "log-group.unencrypted",
          "guard": "log-group",
          "account": "111122223333",
          "region": "eu-central-1"
        }
      }
    }
    "#);
}

#[test]
fn a_repair_that_fails() {
    let page = created(Mode::Remediate, failed("logs:AssociateKmsKey: timed out")).page();
    insta::assert_snapshot!(shown(&page), @r#"
    SUBJECT    [Sealwatch] HIGH log-group.unencrypted /payments/api 111122223333 eu-central-1 (REPAIR FAILED)
    SMS        Sealwatch HIGH log-group.unencrypted /payments/api 111122223333 eu-central-1 (REPAIR FAILED)
    ATTRIBUTES account=111122223333 finding=log-group.unencrypted guard=log-group region=eu-central-1 severity=high
    EMAIL
    HIGH log group /payments/api has no KMS key (REPAIR FAILED)

    What happened
      call       CreateLogGroup of logs.amazonaws.com, succeeded
      when       2026-11-20T08:15:00Z
      who        arn:aws:sts::111122223333:assumed-role/Deploy/ada
      from       203.0.113.7
      with       aws-cli/2.31.0
      where      account 111122223333, eu-central-1
      resource   arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api

    What Sealwatch found
      - log-group.unencrypted (medium): log group /payments/api has no KMS key
          its own state, read after the event, shows no kmsKeyId
          log group class STANDARD
      - rule `/payments/*` (line 2) names the key `alias/payments`

    What Sealwatch did
      - associate the key arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab with the log group /payments/api: NOT done, failed: logs:AssociateKmsKey: timed out

    What to do
           aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab
      1. whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)

    Runbook: README.md, "Runbook", `log-group.unencrypted`
    Event: 33333333-aaaa-bbbb-cccc-444444444444
    CHAT
    {
      "version": "1.0",
      "source": "custom",
      "content": {
        "textType": "client-markdown",
        "title": "HIGH log group /payments/api has no KMS key (REPAIR FAILED)",
        "nextSteps": [
          "aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab",
          "whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)"
        ]
      },
      "metadata": {
        "threadId": "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api",
        "summary": "HIGH log group /payments/api has no KMS key (REPAIR FAILED)",
        "additionalContext": {
          "severity": "high",
          "finding": "log-group.unencrypted",
          "guard": "log-group",
          "account": "111122223333",
          "region": "eu-central-1"
        }
      }
    }
    "#);
}

#[test]
fn a_key_whose_policy_shuts_cloudwatch_logs_out() {
    let story = story(
        &record("CreateLogGroup"),
        KeyReading::Known(Box::new(key(false))),
        Mode::Remediate,
        Vec::new(),
    );
    insta::assert_snapshot!(shown(&story.page()), @r#"
    SUBJECT    [Sealwatch] HIGH log-group.key-unusable /payments/api 111122223333 eu-central-1
    SMS        Sealwatch HIGH log-group.key-unusable /payments/api 111122223333 eu-central-1
    ATTRIBUTES account=111122223333 finding=log-group.key-unusable guard=log-group region=eu-central-1 severity=high
    EMAIL
    HIGH log group /payments/api: the key that policy names for it can't be used

    What happened
      call       CreateLogGroup of logs.amazonaws.com, succeeded
      when       2026-11-20T08:15:00Z
      who        arn:aws:sts::111122223333:assumed-role/Deploy/ada
      from       203.0.113.7
      with       aws-cli/2.31.0
      where      account 111122223333, eu-central-1
      resource   arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api

    What Sealwatch found
      - log-group.key-unusable (high): log group /payments/api: the key that policy names for it can't be used
          the policy of arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab doesn't let CloudWatch Logs use kms:Encrypt, kms:Decrypt, kms:ReEncrypt*, kms:GenerateDataKey*, kms:Describe* for this log group
          missing key-policy statement: {"Sid":"AllowCloudWatchLogs","Effect":"Allow","Principal":{"Service":"logs.eu-central-1.amazonaws.com"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],"Resource":"*","Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-central-1:111122223333:*"}}}
      - log-group.unencrypted (medium): log group /payments/api has no KMS key
          its own state, read after the event, shows no kmsKeyId
          log group class STANDARD
      - rule `/payments/*` (line 2) names the key `alias/payments`

    What Sealwatch did
      Nothing: no repair follows from what it found.

    What to do
      log-group.key-unusable:
      1. write the key policy to a file:
           aws kms get-key-policy --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab --policy-name default --query Policy --output text > key-policy.json
      2. add this statement to it:
           {
             "Sid": "AllowCloudWatchLogs",
             "Effect": "Allow",
             "Principal": {
               "Service": "logs.eu-central-1.amazonaws.com"
             },
             "Action": [
               "kms:Encrypt",
               "kms:Decrypt",
               "kms:ReEncrypt*",
               "kms:GenerateDataKey*",
               "kms:Describe*"
             ],
             "Resource": "*",
             "Condition": {
               "ArnLike": {
                 "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-central-1:111122223333:*"
               }
             }
           }
      3. and put it back:
           aws kms put-key-policy --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab --policy-name default --policy file://key-policy.json
      log-group.unencrypted:
      4. once the key serves, associate it with the log group:
           aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id "$(aws kms describe-key --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:alias/payments --query KeyMetadata.Arn --output text)"
      5. whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)

    Runbook: README.md, "Runbook", `log-group.key-unusable`
    Event: 33333333-aaaa-bbbb-cccc-444444444444
    CHAT
    {
      "version": "1.0",
      "source": "custom",
      "content": {
        "textType": "client-markdown",
        "title": "HIGH log group /payments/api: the key that policy names for it can't be used",
        "nextSteps": [
          "write the key policy to a file:",
          "aws kms get-key-policy --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab --policy-name default --query Policy --output text > key-policy.json",
          "add this statement to it:",
          "{\"Sid\":\"AllowCloudWatchLogs\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"logs.eu-central-1.amazonaws.com\"},\"Action\":[\"kms:Encrypt\",\"kms:Decrypt\",\"kms:ReEncrypt*\",\"kms:GenerateDataKey*\",\"kms:Describe*\"],\"Resource\":\"*\",\"Condition\":{\"ArnLike\":{\"kms:EncryptionContext:aws:logs:arn\":\"arn:aws:logs:eu-central-1:111122223333:*\"}}}",
          "and put it back:",
          "aws kms put-key-policy --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab --policy-name default --policy file://key-policy.json",
          "once the key serves, associate it with the log group:",
          "aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id \"$(aws kms describe-key --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:alias/payments --query KeyMetadata.Arn --output text)\"",
          "whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)"
        ]
      },
      "metadata": {
        "threadId": "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api",
        "summary": "HIGH log group /payments/api: the key that policy names for it can't be used",
        "additionalContext": {
          "severity": "high",
          "finding": "log-group.key-unusable",
          "guard": "log-group",
          "account": "111122223333",
          "region": "eu-central-1"
        }
      }
    }
    "#);
}

#[test]
fn an_attempt_that_was_denied() {
    let mut record = record("DisassociateKmsKey");
    record["errorCode"] = json!("AccessDenied");
    record["errorMessage"] = json!("User is not authorized to perform: logs:DisassociateKmsKey");
    record["requestParameters"] = json!(null);
    let story = story(&record, KeyReading::Absent, Mode::Page, Vec::new());
    insta::assert_snapshot!(story.page().text, @r#"
    LOW a call to take the KMS key away failed; the record doesn't say of what

    What happened
      call       DisassociateKmsKey of logs.amazonaws.com, failed with AccessDenied
      when       2026-11-20T08:15:00Z
      who        arn:aws:sts::111122223333:assumed-role/Deploy/ada
      from       203.0.113.7
      with       aws-cli/2.31.0
      where      account 111122223333, eu-central-1
      resource   not named in the record

    What Sealwatch found
      - log-group.attempt-denied (low): a call to take the KMS key away failed; the record doesn't say of what
          errorCode AccessDenied
          errorMessage User is not authorized to perform: logs:DisassociateKmsKey
      - the call failed with AccessDenied, so it changed nothing

    What Sealwatch did
      Nothing: no repair follows from what it found.

    What to do
      1. ask the caller why; nothing was changed

    Runbook: README.md, "Runbook", `log-group.attempt-denied`
    Event: 33333333-aaaa-bbbb-cccc-444444444444
    "#);
}

#[test]
fn an_event_that_cannot_be_read() {
    let error = ParseError::Field { field: "awsRegion", found: String::new() };
    let page = unreadable("111122223333", "eu-central-1", "e-1", error);
    insta::assert_snapshot!(shown(&page), @r#"
    SUBJECT    [Sealwatch] HIGH the log-group guard got an event that it can't read
    SMS        Sealwatch HIGH the log-group guard got an event that it can't read; 111122223333/eu-central-1
    ATTRIBUTES account=111122223333 finding=event.unreadable guard=log-group region=eu-central-1 severity=high
    EMAIL
    HIGH the log-group guard got an event that it can't read

    What happened
      event      e-1
      where      account 111122223333, eu-central-1
      problem    the record has no readable `awsRegion`

    What Sealwatch did
      Nothing: it can't tell what was changed. The invocation fails, so that Lambda retries it and then
      puts the event on the failure queue.

    What to do
      1. Read the event on the failure queue or in CloudTrail by its id, and look at the resource it names.

    Runbook: README.md, "Runbook", `event.unreadable`
    Event: e-1
    CHAT
    {
      "version": "1.0",
      "source": "custom",
      "content": {
        "textType": "client-markdown",
        "title": "HIGH the log-group guard got an event that it can't read",
        "nextSteps": [
          "read the event on the failure queue"
        ]
      },
      "metadata": {
        "threadId": "HIGH the log-group guard got an event that it can't read",
        "summary": "HIGH the log-group guard got an event that it can't read",
        "additionalContext": {
          "severity": "high",
          "finding": "event.unreadable",
          "guard": "log-group",
          "account": "111122223333",
          "region": "eu-central-1"
        }
      }
    }
    "#);
}

#[test]
fn the_page_of_an_unreadable_event_has_no_link_but_the_runbooks() {
    let evil = "https://evil.example/x";
    let event = UnreadableEvent {
        id: evil.to_owned(),
        account: evil.to_owned(),
        region: evil.to_owned(),
        error: ParseError::Field { field: "awsRegion", found: format!(" (found `{evil}`)") },
    };
    let runbook = Some("https://wiki.example.com/sealwatch");
    let page = Page::of_unreadable_event_with(Guard::LogGroup, &event, runbook);
    assert_eq!(page.text.matches("://").count(), 1, "{}", page.text);
    assert!(page.text.contains("Runbook: https://wiki.example.com/sealwatch#event-unreadable\n"));
}

#[test]
fn a_message_has_a_text_for_each_protocol() {
    let page = created(Mode::Remediate, Outcome::Applied).page();
    let message: Value = serde_json::from_str(&page.message()).unwrap();
    let names: Vec<&String> = message.as_object().unwrap().keys().collect();
    assert_eq!(names, ["default", "email", "sms"]);
    assert_eq!(message["email"], json!(page.text));
    assert_eq!(message["sms"], json!(page.sms));
    let chat: Value = serde_json::from_str(message["default"].as_str().unwrap()).unwrap();
    assert_eq!(chat, page.chat);
    assert_eq!((&chat["version"], &chat["source"]), (&json!("1.0"), &json!("custom")));
}

#[test]
fn a_page_says_how_it_ended_and_never_more() {
    const DONE: &str = "done, and seen on reading back";
    for (name, mode, outcomes, suffix, told, severity) in [
        ("applied", Mode::Remediate, vec![Outcome::Applied], " (repaired)", DONE, "medium"),
        ("already so", Mode::Remediate, vec![Outcome::Already], " (repaired)", "it was so already", "medium"),
        (
            "observed",
            Mode::Observe,
            vec![Outcome::Withheld],
            " (not repaired: mode observe)",
            "NOT done: the mode is `observe`",
            "medium",
        ),
        (
            "paged",
            Mode::Page,
            vec![Outcome::Withheld],
            " (not repaired: mode page)",
            "NOT done: the mode is `page`",
            "medium",
        ),
        (
            "replayed",
            Mode::Remediate,
            vec![Outcome::Replayed],
            " (would be repaired)",
            "would be done (replay)",
            "medium",
        ),
        (
            "refused",
            Mode::Remediate,
            vec![refused()],
            " (REPAIR FAILED)",
            "NOT done, refused: logs:AssociateKmsKey",
            "high",
        ),
        (
            "failed",
            Mode::Remediate,
            vec![failed("timed out")],
            " (REPAIR FAILED)",
            "NOT done, failed: timed out",
            "high",
        ),
        (
            "never reached",
            Mode::Remediate,
            vec![],
            " (REPAIR FAILED)",
            "NOT done: it was not reached",
            "high",
        ),
    ] {
        let story = Story { outcomes, ..created(mode, Outcome::Applied) };
        let page = story.page();
        for line in [&page.title, &page.subject, &page.sms] {
            assert!(line.ends_with(suffix), "{name}: {line}");
        }
        assert!(page.text.contains(told), "{name}: {}", page.text);
        assert_eq!(page.text.contains(DONE), told == DONE, "{name}");
        assert_eq!(page.text.contains("Good to know"), suffix == " (repaired)", "{name}");
        assert_eq!(page.attributes["severity"], severity, "{name}");
        assert_eq!(page.severity.as_str(), severity, "{name}");
        // The receipt lists the effect, whatever became of it.
        assert_eq!(story.report().receipt(None).effects.len(), 1, "{name}");
    }
}

#[test]
fn the_command_to_type_is_there_unless_it_is_done() {
    let command = format!(
        "aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id {KEY}"
    );
    for (outcome, expected) in
        [(Outcome::Applied, false), (Outcome::Withheld, true), (refused(), true), (failed("x"), true)]
    {
        let page = created(Mode::Page, outcome.clone()).page();
        assert_eq!(page.text.contains(&command), expected, "{outcome:?}");
        let steps = page.chat["content"]["nextSteps"].as_array().unwrap();
        assert_eq!(steps.contains(&json!(command)), expected, "{outcome:?}");
    }
}

#[test]
fn commands_in_chat_are_those_of_the_email() {
    let story = story(
        &record("CreateLogGroup"),
        KeyReading::Known(Box::new(key(false))),
        Mode::Remediate,
        Vec::new(),
    );
    let page = story.page();
    let steps = page.chat["content"]["nextSteps"].as_array().unwrap();
    let commands = steps.iter().filter_map(Value::as_str).filter(|step| step.starts_with("aws "));
    assert_eq!(commands.clone().count(), 3, "{steps:?}");
    for command in commands {
        assert!(page.text.contains(&format!("       {command}\n")), "{command}");
    }
}

#[test]
fn what_pages_is_at_or_above_the_policys_level_or_in_trouble() {
    for (from, outcome, expected) in [
        ("info", Outcome::Applied, true),
        ("medium", Outcome::Applied, true),
        ("high", Outcome::Applied, false),
        ("critical", Outcome::Withheld, false),
        ("critical", refused(), true),
        ("critical", failed("x"), true),
    ] {
        let mut story = created(Mode::Remediate, outcome.clone());
        story.policy = Policy::parse(&format!("mode = \"page\"\npages.from = \"{from}\"")).unwrap();
        assert_eq!(story.report().page().is_some(), expected, "{from} {outcome:?}");
    }
    let mut quiet = created(Mode::Remediate, Outcome::Applied);
    quiet.plan = Plan::settled(Verdict::Compliant, "all is well");
    assert_eq!(quiet.report().page(), None);
}

fn finding(id: &'static str, severity: Severity, text: &str) -> Finding {
    Finding {
        id,
        severity,
        summary: text.to_owned(),
        evidence: vec![text.to_owned(); 20],
        remedies: vec![
            Remedy::Step(text.to_owned()),
            Remedy::Command(text.to_owned()),
            Remedy::Statement(json!({ "Sid": text })),
        ],
        mended_by: None,
    }
}

#[test]
fn the_worst_finding_gives_the_title_and_of_equals_the_first() {
    for (severities, expected) in [
        ([Severity::High, Severity::Medium, Severity::Low], "a"),
        ([Severity::High, Severity::High, Severity::High], "a"),
        ([Severity::Low, Severity::Critical, Severity::Critical], "b"),
    ] {
        let mut story = created(Mode::Remediate, Outcome::Applied);
        let ids = ["a", "b", "c"].into_iter().zip(severities);
        story.plan.findings = ids.map(|(id, severity)| finding(id, severity, id)).collect();
        let page = story.page();
        assert_eq!(page.attributes["finding"], expected, "{severities:?}");
        assert!(page.title.contains(&format!(" {expected} (")), "{}", page.title);
    }
}

#[test]
fn the_runbook_is_the_policys_or_the_readmes() {
    let mut story = created(Mode::Remediate, Outcome::Applied);
    assert!(story.page().text.contains("Runbook: README.md, \"Runbook\", `log-group.unencrypted`\n"));
    story.policy =
        Policy::parse("mode = \"page\"\npages.runbook = \"https://wiki.example.com/seal\"").unwrap();
    assert!(story.page().text.contains("Runbook: https://wiki.example.com/seal#log-group-unencrypted\n"));
}

/// Texts that try to be more than text.
fn forgeries() -> Vec<String> {
    let mut forgeries: Vec<String> = [
        "x\n\nWhat Sealwatch did\n  - associated: done, and seen on reading back",
        "x\r\nRunbook: https://evil.example",
        "x\u{85}y\u{2028}z\u{2029}Event: forged",
        "\u{202e}txt.exe\u{202c}\u{2066}x\u{2069}\u{200f}",
        "\u{1b}[2J\u{1b}]8;;https://evil.example\u{7}click\u{1b}]8;;\u{7}\u{0}\u{8}\u{b}\u{c}",
        "``` <!channel> <@U123> <https://evil.example|sign in> ```",
        "[sign in](https://evil.example) *bold* _it_ ~no~ :fire:",
        "\"}],\"content\":{\"title\":\"forged\"}}",
        "zero\u{200b}width\u{feff}\u{ad}\u{e0041}",
        "' ; rm -rf / #",
        "🔑 ключ 鍵",
    ]
    .map(str::to_owned)
    .to_vec();
    forgeries.extend(
        ["A", "🔑", "\\", "\"", "\u{202e}", "\n", "`", "<", "\u{1}"].map(|piece| piece.repeat(10_000)),
    );
    forgeries
}

/// A change with this text wherever its caller could put one, and a plan and outcome that carry it uncleaned.
fn forged(text: &str) -> Story {
    let mut record = record("CreateLogGroup");
    for field in
        ["eventID", "eventName", "eventSource", "sourceIPAddress", "userAgent", "errorCode", "errorMessage"]
    {
        record[field] = json!(text);
    }
    record["userIdentity"] =
        json!({ "arn": format!("arn:aws:sts::111122223333:assumed-role/Deploy/{text}") });
    let mut story = created(
        Mode::Remediate,
        Outcome::Refused { why: text.to_owned(), remedies: vec![Remedy::Step(text.to_owned())] },
    );
    story.change = Change { request: story.change.request, ..change(&record) };
    for finding in &mut story.plan.findings {
        finding.summary = text.to_owned();
        finding.evidence = vec![text.to_owned()];
    }
    story.plan.reasons.push(text.to_owned());
    story.plan.assumed.push(text.to_owned());
    story
}

fn check_limits(page: &Page, name: &str) {
    let printable = |line: &str| line.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    assert!(page.subject.len() <= 100 && printable(&page.subject), "{name}: {}", page.subject);
    assert!(page.sms.len() <= 160 && printable(&page.sms), "{name}: {}", page.sms);
    let content = &page.chat["content"];
    let length = |value: &Value| value.as_str().unwrap().chars().count();
    assert!(length(&content["title"]) <= 250, "{name}");
    assert!(length(&content["description"]) <= 8_000, "{name}");
    assert!(length(&page.chat["metadata"]["summary"]) <= 250, "{name}");
    for step in content["nextSteps"].as_array().unwrap() {
        assert!(length(step) <= 350, "{name}");
    }
    let attributes: usize = page.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(page.message().len() + attributes < 256 * 1024, "{name}: {}", page.message().len());
    for line in page.text.split('\n').chain([page.title.as_str()]) {
        assert!(line.chars().all(is_plain), "{name}: {line:?}");
    }
    let chat = page.chat.to_string();
    let inside = |text: &str| text.matches("```").count();
    assert_eq!(inside(&chat), 2, "{name}");
    assert!(!chat.contains('<'), "{name}: {chat}");
    for character in ['\u{202e}', '\u{2028}', '\u{200b}', '\u{feff}'] {
        assert!(!chat.contains(character), "{name}: {chat}");
    }
    for value in page.attributes.values() {
        assert!(!value.is_empty(), "{name}");
    }
}

#[test]
fn nobody_else_adds_a_line_to_a_page() {
    let lines = |page: &Page| page.text.lines().count();
    let benign = forged("benign").page();
    check_limits(&benign, "benign");
    for text in forgeries() {
        let name: String = text.chars().take(40).collect::<String>().escape_unicode().to_string();
        let page = forged(&text).page();
        check_limits(&page, &name);
        assert_eq!(lines(&page), lines(&benign), "{name}: {}", page.text);
        assert_eq!(page.attributes, benign.attributes, "{name}");
        assert_eq!(
            page.chat["content"]["nextSteps"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|step| step.as_str().unwrap().contains('\n'))
                .count(),
            0,
            "{name}"
        );
    }
}

#[test]
fn nobody_else_adds_a_line_to_the_page_of_an_unreadable_event() {
    let error = |found: &str| {
        parse(&json!({ "eventName": "x", "eventSource": "x", "eventID": "x", "eventTime": found }))
            .unwrap_err()
    };
    let benign = unreadable("benign", "benign", "benign", error("benign"));
    for text in forgeries().into_iter().chain([String::new()]) {
        let name: String = text.chars().take(40).collect::<String>().escape_unicode().to_string();
        let page = unreadable(&text, &text, &text, error(&text));
        check_limits(&page, &name);
        assert_eq!(page.text.lines().count(), benign.text.lines().count(), "{name}: {}", page.text);
    }
}

#[test]
fn a_receipt_is_one_line_without_anything_invisible() {
    for text in forgeries() {
        let name: String = text.chars().take(40).collect::<String>().escape_unicode().to_string();
        let mut story = forged(&text);
        // What a guard writes itself is cleaned where it is written; this is about the event's own texts.
        story.plan = created(Mode::Remediate, Outcome::Applied).plan;
        let page = story.page();
        let receipt = story.report().receipt(Some((&page, &PageOutcome::Failed(text.clone()))));
        let line = serde_json::to_string(&receipt).unwrap();
        assert!(line.chars().all(is_plain), "{name}: {line}");
        assert!(line.len() < 64 * 1024, "{name}: {}", line.len());
    }
}

#[test]
fn the_longest_names_fit_every_limit() {
    let mut record = record("CreateLogGroup");
    record["requestParameters"] = json!({ "logGroupName": format!("/payments/{}", "#".repeat(502)) });
    record["awsRegion"] = json!("us-gov-northwest-1");
    let story = story(&record, KeyReading::Known(Box::new(key(false))), Mode::Remediate, Vec::new());
    let page = story.page();
    check_limits(&page, "long names");
    assert!(page.subject.ends_with("111122223333 us-gov-northwest-1"), "{}", page.subject);
    // A command that doesn't fit is left out, never cut.
    for step in page.chat["content"]["nextSteps"].as_array().unwrap() {
        assert!(!step.as_str().unwrap().contains('…'), "{step}");
    }
}

#[test]
fn the_worst_case_fits_into_one_message() {
    for text in forgeries() {
        let mut story = forged(&text);
        story.plan.findings =
            (0..50).map(|_| finding("log-group.key-unusable", Severity::High, &text)).collect();
        story.plan.reasons = vec![text.clone(); 50];
        story.outcomes = vec![Outcome::Failed { why: text.clone() }; 50];
        check_limits(&story.page(), &text.chars().take(5).collect::<String>().escape_unicode().to_string());
    }
}

#[test]
fn an_unread_state_tells_the_error_on_one_line() {
    let (policy, change) = (Policy::parse(POLICY).unwrap(), change(&record("CreateLogGroup")));
    let why = "logs:DescribeLogGroups: ThrottlingException\nslow down".to_owned();
    let facts = Facts {
        group: Reading::Unreadable(Unreadable { why, retryable: true }),
        tags: Reading::NotAsked,
        keys: BTreeMap::new(),
    };
    let plan = decide(&policy, &change, &facts, change.time);
    let story = Story { policy, mode: Mode::Page, change, plan, outcomes: Vec::new() };
    let page = story.page();
    assert!(
        page.text.contains("      logs:DescribeLogGroups: ThrottlingException slow down\n"),
        "{}",
        page.text
    );
    assert_eq!(page.attributes["severity"], "high");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_a_page(text in any::<String>(), times in 1_usize..400) {
        let mut long = String::new();
        for _ in 0..times {
            let _ = write!(long, "{text}");
        }
        let page = forged(&format!("x{long}")).page();
        check_limits(&page, "any");
        prop_assert_eq!(page.text.lines().count(), forged("x").page().text.lines().count());
    }
}

/// The page of an event of which this is all that could be picked out.
fn unreadable(account: &str, region: &str, id: &str, error: ParseError) -> Page {
    let [account, region, id] = [account, region, id].map(str::to_owned);
    Page::of_unreadable_event(Guard::LogGroup, &UnreadableEvent { id, account, region, error })
}
