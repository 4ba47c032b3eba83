//! What people read: snapshots of whole pages, and what no text of somebody else may do to one.

mod endings;
mod findings;
mod forgeries;
mod limits;
mod remedies;
mod unreadable;

use super::Page;
use crate::change::{Change, ParseError, Parsed, parse};
use crate::facts::{KeyFacts, KeyManager, KeyPolicyFact, KeyReading, KeySpec, KeyState, KeyUsage, Reading};
use crate::guards::Guard;
use crate::guards::log_group::{Effect, Facts, GroupState, Target, decide};
use crate::key_policy::KeyPolicy;
use crate::names::{KeyArn, KeyRef};
use crate::plan::{Finding, Outcome, Plan, Remedy, Severity};
use crate::policy::{Mode, Policy};
use crate::report::{Report, UnreadableEvent};
use crate::untrusted::is_plain;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

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
            plan: self.plan.clone(),
            outcomes: self.outcomes.clone(),
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
        group: Reading::Known(GroupState { key: None, class: Some("STANDARD".to_owned()), created: None }),
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
    let email = page.text.replace('`', "ˋ").replace('<', "‹");
    assert_eq!(description, json!(format!("```\n{email}\n```")));
    let attributes = page.attributes.iter().map(|(name, value)| format!("{name}={value}"));
    let attributes = attributes.collect::<Vec<_>>().join(" ");
    let chat = serde_json::to_string_pretty(&chat).unwrap();
    let (subject, sms, text) = (&page.subject, &page.sms, &page.text);
    format!("SUBJECT    {subject}\nSMS        {sms}\nATTRIBUTES {attributes}\nEMAIL\n{text}CHAT\n{chat}\n")
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

/// The page of an event of which this is all that could be picked out.
fn unreadable(account: &str, region: &str, id: &str, error: ParseError) -> Page {
    let [account, region, id] = [account, region, id].map(str::to_owned);
    Page::of_unreadable_event(Guard::LogGroup, &UnreadableEvent { id, account, region, error })
}
