//! The sample events of `events/`, the policies they are replayed under, and how a replay of one is shown.
//!
//! Every test of this package that needs an event takes it from here, so that a new file in `events/` is
//! met by all of them. It judges nothing; what is expected stands in `table` and in the tests.

#![allow(dead_code, reason = "each test binary uses its own part of this module")]

pub mod rules;
pub mod table;

use sealwatch_policy::change::{Change, Parsed, parse};
use sealwatch_policy::guards::{Guard, key, log_group, trail};
use sealwatch_policy::names::{KeyArn, TrailArn};
use sealwatch_policy::page::Page;
use sealwatch_policy::plan::{Effect, Outcome, Plan};
use sealwatch_policy::policy::{Mode, Policy};
use sealwatch_policy::receipt::Receipt;
use sealwatch_policy::report::Report;
use sealwatch_world::World;
use sealwatch_world::replay::{Effects, step};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The guards that have samples, each in a folder of its name.
pub const GUARDS: [Guard; 3] = [Guard::LogGroup, Guard::Trail, Guard::Key];

/// Of each guard the one sample whose texts an attacker wrote.
pub const HOSTILE: [&str; 3] = [
    "log-group/created-by-hostile-caller",
    "trail/redirected-by-hostile-caller",
    "key/policy-put-by-hostile-caller",
];

/// The policy that ships.
pub const SHIPPED: &str = include_str!("../../../policy.toml");

/// What the world knows before the first change.
pub const STATE: &str = include_str!("../../../events/state.json");

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

/// The names of all samples, `GUARD/FILE` without `.json`, in order.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = GUARDS.into_iter().flat_map(names_of).collect();
    names.sort();
    names
}

fn names_of(guard: Guard) -> Vec<String> {
    let folder = root().join("events").join(guard.as_str());
    std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a folder that can be listed").path())
        .map(|path| {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            let name = name.strip_suffix(".json").unwrap_or_else(|| panic!("{name} is no .json file"));
            format!("{guard}/{name}")
        })
        .collect()
}

/// Where a sample lies.
pub fn path(name: &str) -> PathBuf {
    root().join("events").join(format!("{name}.json"))
}

/// A sample as JSON.
pub fn event(name: &str) -> Value {
    let path = path(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A JSON event as a change.
pub fn change_of(event: &Value) -> Change {
    match parse(event) {
        Ok(Parsed::Change(change)) => *change,
        other => panic!("no change: {other:?}"),
    }
}

/// All samples as changes, in the order of their file names.
pub fn changes() -> Vec<Change> {
    names().iter().map(|name| change_of(&event(name))).collect()
}

/// A policy that has no faults.
pub fn policy(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

/// The policy that ships, in another mode.
pub fn shipped_in(mode: &str) -> String {
    let line = "\nmode = \"observe\"\n";
    assert_eq!(SHIPPED.matches(line).count(), 1, "policy.toml sets its mode once");
    SHIPPED.replace(line, &format!("\nmode = \"{mode}\"\n"))
}

/// The world of `events/state.json`.
pub fn world() -> World {
    World::from_state(STATE).expect("events/state.json is a state file")
}

/// What one change comes to.
pub struct Played {
    pub receipt: Receipt,
    pub page: Option<Page>,
    pub world: World,
}

/// Replays one change in the world of `events/state.json`.
pub fn play(change: &Change, policy: &Policy, effects: Effects) -> Played {
    let mut world = world();
    let receipt = step(&mut world, policy, change, effects).expect("a guard handles every sample");
    let page = page(change, policy);
    assert_eq!(
        page.as_ref().map(|page| &page.text),
        receipt.page.as_ref().map(|page| &page.text),
        "the receipt shows the page that would be sent"
    );
    Played { receipt, page, world }
}

/// The page in all its formats; a receipt holds only its text.
fn page(change: &Change, policy: &Policy) -> Option<Page> {
    let mut world = world();
    world.record(change);
    judge(&world, policy, change)?.page
}

/// What its guard makes of a change, whatever kind of effect the guard has.
struct Judged {
    effects: Vec<(&'static str, String)>,
    page: Option<Page>,
}

/// Judges a change that a world has taken in; `None` if no guard handles it.
fn judge(world: &World, policy: &Policy, change: &Change) -> Option<Judged> {
    let guard = Guard::of(change)?;
    macro_rules! judged_by {
        ($guard:ident) => {{
            let facts = sealwatch_world::$guard::gather(world, policy, change, change.time);
            let plan = $guard::decide(policy, change, &facts, change.time);
            judged(guard, policy, change, facts.shown(), plan)
        }};
    }
    Some(match guard {
        Guard::LogGroup => judged_by!(log_group),
        Guard::Trail => judged_by!(trail),
        Guard::Key => judged_by!(key),
    })
}

fn judged<E: Effect>(guard: Guard, policy: &Policy, change: &Change, facts: Value, plan: Plan<E>) -> Judged {
    let mode = policy.mode_of(guard);
    let outcome = match mode {
        Mode::Observe | Mode::Page => Outcome::Withheld,
        Mode::Remediate => Outcome::Replayed,
    };
    let outcomes = vec![outcome; plan.effects.len()];
    let target = target_of(change);
    let effects = plan.effects.iter().map(|effect| (effect.ensure(), effect.target())).collect();
    let report = Report { guard, mode, pages: &policy.pages, change, target, facts, plan, outcomes };
    Judged { effects, page: report.page() }
}

/// The ARN of what a change is about.
pub fn target_of(change: &Change) -> Option<String> {
    match Guard::of(change)? {
        Guard::LogGroup => log_group::Target::of(change).arn(),
        Guard::Trail => trail::Target::of(change).arn(),
        Guard::Key => key::Target::of(change).arn(),
    }
}

/// What its guard would ensure, were a change met in this world.
pub fn effects_of(world: &World, policy: &Policy, change: &Change) -> Vec<(&'static str, String)> {
    judge(world, policy, change).map(|judged| judged.effects).unwrap_or_default()
}

/// All that a world knows of a trail: its settings and status, what it records, and its tags.
pub fn trail_facts(world: &World, trail: &TrailArn) -> trail::Facts {
    let place = trail.place();
    let look = serde_json::json!({
        "eventSource": "cloudtrail.amazonaws.com", "eventName": "PutInsightSelectors", "eventID": "look",
        "eventTime": "2026-11-03T23:59:59Z", "awsRegion": place.region, "recipientAccountId": place.account,
        "requestParameters": { "trailName": trail },
    });
    let asks_for_tags = policy(
        "mode = \"observe\"\n[[exempt]]\nguard = \"trail\"\ntag = { key = \"no\", value = \"such\" }\nreason = \"to look\"\n",
    );
    let change = change_of(&look);
    sealwatch_world::trail::gather(world, &asks_for_tags, &change, change.time)
}

/// All that a world knows of a key: its state, its names, what it was used for, what was done to it, and its policy.
pub fn key_facts(world: &World, key: &KeyArn) -> [key::Facts; 3] {
    let place = key.place();
    let asks_for_all = policy(
        "mode = \"observe\"\n[keys]\nprotect = [\"alias/no-such\"]\nprotect_tags = { no = \"such\" }\n\
         [[exempt]]\nguard = \"key\"\nmatch = \"no-such\"\nreason = \"to look\"\n\
         [[exempt]]\nguard = \"key\"\ntag = { key = \"no\", value = \"such\" }\nreason = \"to look\"\n",
    );
    ["DisableKey", "PutKeyPolicy", "DisableKeyRotation"].map(|name| {
        let change = change_of(&serde_json::json!({
            "eventSource": "kms.amazonaws.com", "eventName": name, "eventID": "look",
            "eventTime": "2026-11-03T23:59:59Z", "awsRegion": place.region, "recipientAccountId": place.account,
            "requestParameters": { "keyId": key },
        }));
        sealwatch_world::key::gather(world, &asks_for_all, &change, change.time)
    })
}

/// A receipt in a few lines: what was found, by what, and what follows.
pub fn shown(receipt: &Receipt) -> String {
    let mut text = String::new();
    let target = receipt.target.as_deref().unwrap_or("not named");
    let _ = writeln!(text, "{} {} ({})", receipt.event_name, target, receipt.mode.as_str());
    let _ = writeln!(text, "verdict  {}", receipt.verdict.as_str());
    for finding in &receipt.findings {
        let _ = writeln!(text, "finding  {} ({}): {}", finding.id, finding.severity, finding.summary);
        for evidence in &finding.evidence {
            let _ = writeln!(text, "           {evidence}");
        }
    }
    for effect in &receipt.effects {
        let value = effect.value.as_deref().unwrap_or("-");
        let _ =
            writeln!(text, "effect   {} on {} = {value}: {}", effect.ensure, effect.target, effect.outcome);
    }
    match &receipt.page {
        Some(page) => {
            let _ = writeln!(text, "page     {}: {}", page.outcome, page.title);
        }
        None => text.push_str("page     none\n"),
    }
    for reason in &receipt.reasons {
        let _ = writeln!(text, "reason   {reason}");
    }
    for assumed in &receipt.assumed {
        let _ = writeln!(text, "assumed  {assumed}");
    }
    text
}

/// Every text in a JSON value, keys included.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => {
            fields.iter().flat_map(|(key, value)| std::iter::once(key.as_str()).chain(texts(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// Whether a text holds something that could begin a line, move a cursor or turn the reading order.
pub fn could_forge(text: &str) -> bool {
    text.chars().any(|character| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
    })
}
