//! The key guard's decisions in tables: states, evidence and calls, and what a reader of the design expects.

mod aliases;
mod early;
mod exemptions;
mod history;
mod lost;
mod policies;
mod properties;
mod situations;
mod targets;
mod usage;

use super::*;
use crate::change::{Parsed, parse};
use crate::facts::Unreadable;
use crate::names::LogGroupArn;
use crate::plan::{Plan, Severity, Verdict};
use serde_json::{Value, json};

const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const NOW: &str = "2026-11-03T09:13:00Z";
const WHEN: &str = "2026-11-03T09:12:44Z";
const OWN: &str = "arn:aws:iam::111122223333:role/key-guard";
const SOMEBODY: &str = "arn:aws:iam::111122223333:user/somebody";

fn record(name: &str, request: Value) -> Value {
    json!({
        "eventSource": "kms.amazonaws.com", "eventName": name, "eventTime": WHEN,
        "eventID": "e-1", "awsRegion": "eu-central-1", "recipientAccountId": "111122223333",
        "requestParameters": request, "responseElements": null,
        "userIdentity": { "type": "IAMUser", "arn": SOMEBODY },
    })
}

fn change_of(record: &Value) -> Change {
    match parse(record).unwrap() {
        Parsed::Change(change) => *change,
        Parsed::NotAManagementCall(why) => panic!("{why}"),
    }
}

fn change(name: &str) -> Change {
    change_of(&record(name, json!({ "keyId": ID })))
}

fn arn() -> KeyArn {
    KeyArn::parse(&format!("arn:aws:kms:eu-central-1:111122223333:key/{ID}")).unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn policy(text: &str) -> Policy {
    Policy::parse(&format!("mode = \"remediate\"\n{text}")).unwrap_or_else(|faults| panic!("{faults}"))
}

fn plan(change: &Change, facts: &Facts) -> Plan<Effect> {
    plan_under("", change, facts)
}

fn plan_under(text: &str, change: &Change, facts: &Facts) -> Plan<Effect> {
    decide(&policy(text), change, facts, time(NOW))
}

fn ids(plan: &Plan<Effect>) -> Vec<&'static str> {
    plan.findings.iter().map(|finding| finding.id).collect()
}

fn ensured(plan: &Plan<Effect>) -> Vec<&'static str> {
    plan.effects.iter().map(plan::Effect::ensure).collect()
}

fn evidence(plan: &Plan<Effect>) -> String {
    plan.findings.iter().flat_map(|finding| finding.evidence.clone()).collect::<Vec<_>>().join("\n")
}

fn unreadable() -> Unreadable {
    Unreadable { why: "kms:X: ThrottlingException: slow down".to_owned(), retryable: true }
}

fn denied() -> Unreadable {
    Unreadable::for_good("kms:X: AccessDeniedException: no")
}

fn description(state: &str) -> Description {
    Description {
        arn: arn(),
        state: KeyState::named(state).dying_on(Some("2026-12-03T09:12:44Z".to_owned())),
        manager: KeyManager::Customer,
        origin: Some(Origin::Kms),
        created: Some(time("2026-09-01T00:00:00Z")),
        multi_region: MultiRegion::No,
        assumed: BTreeSet::new(),
    }
}

/// A key in this state, every source of evidence read, and none shows use.
fn unused(state: &str) -> Facts {
    let created = time("2026-09-01T00:00:00Z");
    Facts {
        key: Reading::Known(description(state)),
        aliases: Reading::Known(BTreeSet::from(["alias/app".to_owned()])),
        tags: Reading::Known(BTreeMap::new()),
        last_use: Reading::Known(LastUse {
            used: None,
            tracking_since: Some(created),
            created: Some(created),
        }),
        trails: Reading::Known(Vec::new()),
        grants: Reading::Known(Vec::new()),
        shared: Reading::Known(false),
        log_groups: Reading::Known(LogGroups { using: Vec::new(), looked_at: 120, cut_short: None }),
        history: Reading::Known(history_of(Vec::new())),
        ..Facts::none()
    }
}

/// The same key, used an hour before.
fn used(state: &str) -> Facts {
    Facts { last_use: last_used("2026-11-03T08:00:00Z"), ..unused(state) }
}

fn last_used(at: &str) -> Reading<LastUse> {
    let used = Use {
        time: time(at),
        operation: Some("Decrypt".to_owned()),
        event_id: Some("5ddb0a5e-0000-4000-8000-000000000001".to_owned()),
    };
    Reading::Known(LastUse {
        used: Some(used),
        tracking_since: Some(time("2026-04-23T00:00:00Z")),
        created: Some(time("2024-01-01T00:00:00Z")),
    })
}

fn history_of(past: Vec<Past>) -> History {
    History { past, since: Some(time("2026-08-05T09:13:00Z")), state_before: None, own: Some(OWN.to_owned()) }
}

fn past(act: Act, at: &str) -> Past {
    by(act, at, SOMEBODY)
}

fn by(act: Act, at: &str, actor: &str) -> Past {
    Past { time: time(at), act, actor: Some(actor.to_owned()), event_id: format!("{act:?}-{at}") }
}

fn group(name: &str) -> LogGroupArn {
    LogGroupArn::parse(&format!("arn:aws:logs:eu-central-1:111122223333:log-group:{name}")).unwrap()
}

fn groups(names: &[&str]) -> Reading<LogGroups> {
    let using: Vec<LogGroupArn> = names.iter().map(|name| group(name)).collect();
    Reading::Known(LogGroups { looked_at: 120, using, cut_short: None })
}

fn trail(name: &str) -> TrailArn {
    TrailArn::parse(&format!("arn:aws:cloudtrail:eu-central-1:111122223333:trail/{name}")).unwrap()
}

fn grant(grantee: &str, retiring: Option<&str>) -> Grant {
    Grant {
        id: "0c237476b39f8bc44e45212e08498fbe3151305030726c0590dd8d3e9f3d6a60".to_owned(),
        grantee: Some(grantee.to_owned()),
        retiring: retiring.map(str::to_owned),
        created: Some(time("2026-05-05T00:00:00Z")),
    }
}
