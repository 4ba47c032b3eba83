//! What each sample event comes to: asserted here in the table, shown in a snapshot beside it.
//!
//! A snapshot is accepted with `INSTA_UPDATE=always cargo test -p sealwatch-tests`; where `CI` is set insta
//! writes nothing.

#![expect(clippy::expect_used, clippy::panic, reason = "a sample that can't be read fails the test")]

mod samples;

use insta::Settings;
use samples::rules::Rules;
use samples::table::{Scenario, scenarios};
use samples::{GUARDS, HOSTILE, change_of, could_forge, event, names, policy, root, shown, texts, world};
use sealwatch_policy::change::ParseError;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::guards::log_group::Target;
use sealwatch_policy::page::Page;
use sealwatch_policy::plan::Verdict;
use sealwatch_policy::receipt::Receipt;
use sealwatch_policy::report::UnreadableEvent;
use sealwatch_world::replay::Effects;
use serde_json::Value;
use std::collections::BTreeSet;

fn snapshot(guard: Guard, name: &str, description: &str, content: &str) {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/{guard}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(description);
    settings.bind(|| insta::assert_snapshot!(name, content));
}

fn scenario(sample: &str, rules: Rules) -> &'static Scenario {
    scenarios()
        .find(|scenario| scenario.sample() == sample && scenario.rules == rules)
        .unwrap_or_else(|| panic!("no scenario {sample} under {rules:?}"))
}

fn finding_ids(receipt: &Receipt) -> Vec<&str> {
    receipt.findings.iter().map(|finding| finding.id.as_str()).collect()
}

/// `ensure`, and the key behind its account.
fn effects_of(receipt: &Receipt) -> Vec<(&str, &str)> {
    receipt
        .effects
        .iter()
        .map(|effect| {
            let key = effect.value.as_deref().unwrap_or("");
            (effect.ensure.as_str(), key.splitn(6, ':').nth(5).unwrap_or(key))
        })
        .collect()
}

#[test]
fn every_scenario_comes_out_as_the_table_says() {
    for scenario in scenarios() {
        let name = scenario.name();
        let receipt = scenario.play().receipt;
        let seen = shown(&receipt);
        assert_eq!(receipt.verdict, scenario.verdict, "{name}\n{seen}");
        assert_eq!(finding_ids(&receipt), scenario.findings, "{name}\n{seen}");
        assert_eq!(effects_of(&receipt), scenario.effects, "{name}\n{seen}");
        for effect in &receipt.effects {
            assert_eq!(effect.outcome, scenario.outcome, "{name}\n{seen}");
            assert_eq!(Some(&effect.target), receipt.target.as_ref(), "{name}: only the resource itself");
        }
        let page = receipt.page.as_ref().map(|page| page.outcome.as_str());
        assert_eq!(page, scenario.page, "{name}\n{seen}");
        assert!(!receipt.reasons.is_empty(), "{name} says why");
        for near in scenario.near {
            assert!(!scenario.findings.contains(near), "{name} is a hit of {near}, no near miss");
        }
    }
}

#[test]
fn every_scenario_reads_as_its_snapshot() {
    for scenario in scenarios() {
        snapshot(scenario.guard, &scenario.name(), scenario.expect, &shown(&scenario.play().receipt));
    }
}

#[test]
fn representative_receipts_in_full() {
    for (sample, rules) in [
        ("log-group/created-without-key", Rules::Remediate),
        ("log-group/created-where-key-shuts-logs-out", Rules::Remediate),
        ("log-group/key-removal-denied", Rules::Remediate),
        ("log-group/created-tagged-scratch", Rules::Exemptions),
        ("trail/stopped-last-trail-in-china", Rules::TrailKey),
        ("trail/updated-by-console-without-key", Rules::TrailKey),
        ("trail/stopped-tagged-scratch", Rules::TrailExemptions),
        ("key/scheduled-under-log-group", Rules::Remediate),
        ("key/policy-put-shuts-logs-out", Rules::Remediate),
        ("key/scheduled-dev-key", Rules::KeyExemptions),
    ] {
        let scenario = scenario(sample, rules);
        let receipt = serde_json::to_string_pretty(&scenario.play().receipt).unwrap();
        snapshot(scenario.guard, &format!("receipt--{}", scenario.name()), scenario.expect, &receipt);
    }
}

#[test]
fn representative_pages_in_full() {
    for (sample, rules) in [
        ("log-group/key-removed-by-name", Rules::Remediate),
        ("log-group/created-where-key-shuts-logs-out", Rules::Page),
        ("log-group/created-by-hostile-caller", Rules::Remediate),
        ("trail/created-by-quick-create", Rules::TrailKey),
        ("trail/stopped-last-trail-in-china", Rules::Page),
        ("trail/updated-by-console-without-key", Rules::TrailKey),
        ("trail/deleted-beside-another", Rules::TrailKey),
        ("trail/organization-trail-changed-by-delegate", Rules::TrailKey),
        ("trail/redirected-by-hostile-caller", Rules::TrailKey),
        ("key/scheduled-under-log-group", Rules::Remediate),
        ("key/scheduled-under-log-group", Rules::Page),
        ("key/scheduled-older-than-tracking", Rules::Remediate),
        ("key/policy-put-shuts-logs-out", Rules::Remediate),
        ("key/policy-put-by-hostile-caller", Rules::Remediate),
        ("key/material-expired-told-by-kms", Rules::Remediate),
    ] {
        let change = change_of(&event(sample));
        let guard = Guard::of(&change).expect("a guard handles every sample");
        let page =
            samples::play(&change, &policy(&rules.text()), Effects::Shown).page.expect("the case pages");
        let (_, file) = sample.split_once('/').expect("a sample lies in a folder");
        let Page { severity, title, subject, text, sms, chat, attributes } = page;
        let chat = serde_json::to_string_pretty(&chat).unwrap();
        let content = format!(
            "severity: {severity}\ntitle: {title}\nsubject: {subject}\nsms: {sms}\nattributes: {attributes:#?}\n\
             --- email\n{text}--- chat\n{chat}\n"
        );
        snapshot(guard, &format!("page--{file}--{}", rules.name()), "", &content);
    }
}

#[test]
fn every_event_file_is_in_a_scenario_and_every_scenario_has_its_file() {
    let used: BTreeSet<String> = scenarios().map(Scenario::sample).collect();
    let there: BTreeSet<String> = names().into_iter().collect();
    assert_eq!(there, used, "left: the files in events/, right: the scenarios");
    let distinct: BTreeSet<(Guard, String)> =
        scenarios().map(|scenario| (scenario.guard, scenario.name())).collect();
    assert_eq!(distinct.len(), scenarios().count(), "no scenario stands twice");
}

/// The ids are read out of the guards' sources, so that a new one without a case fails here.
#[test]
fn every_finding_has_a_hit_and_a_near_miss() {
    let ids: BTreeSet<String> = GUARDS.into_iter().flat_map(ids_in_the_source).collect();
    for id in ids {
        let id = id.as_str();
        let hits = scenarios().filter(|scenario| scenario.findings.contains(&id)).count();
        let misses = scenarios().filter(|scenario| scenario.near.contains(&id)).count();
        assert!(hits > 0, "{id} has no hit");
        assert!(misses > 0, "{id} has no near miss");
    }
}

/// A page links to the paragraph that is headed by its finding.
#[test]
fn every_finding_has_its_paragraph_in_the_runbook() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let headings: Vec<&str> = readme.lines().filter(|line| line.starts_with("### ")).collect();
    for id in GUARDS.into_iter().flat_map(ids_in_the_source) {
        let anchored = format!("<a id=\"{}\"></a>`{id}`", id.replace('.', "-"));
        assert!(headings.iter().any(|heading| heading.contains(&anchored)), "{id} has no paragraph");
    }
}

fn ids_in_the_source(guard: Guard) -> BTreeSet<String> {
    let (folder, prefixes, least) = match guard {
        Guard::LogGroup => ("log_group", "log-group|query-results", 9),
        Guard::Trail => ("trail", "trail", 15),
        Guard::Key => ("key", "key", 12),
    };
    let id = regex::Regex::new(&format!(r#""((?:{prefixes})\.[a-z-]+)""#)).expect("a valid expression");
    let mut ids = BTreeSet::new();
    let mut folders = vec![root().join("shared/policy/src/guards").join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the guard has a folder") {
            let path = entry.expect("a folder that can be listed").path();
            if path.is_dir() {
                folders.extend((!path.ends_with("tests")).then_some(path));
                continue;
            }
            let source = std::fs::read_to_string(path).expect("source is text");
            ids.extend(id.captures_iter(&source).map(|found| found[1].to_owned()));
        }
    }
    assert!(ids.len() >= least, "the expression still finds the ids in {folder}: {ids:?}");
    ids
}

#[test]
fn every_snapshot_belongs_to_a_case() {
    for guard in GUARDS {
        let known: BTreeSet<String> =
            scenarios().filter(|scenario| scenario.guard == guard).map(Scenario::name).collect();
        for entry in std::fs::read_dir(root().join("tests/tests/snapshots").join(guard.as_str())).unwrap() {
            let file = entry.unwrap().file_name().to_string_lossy().into_owned();
            let Some(name) = file.strip_suffix(".snap") else {
                continue;
            };
            let case = name.strip_prefix("receipt--").or_else(|| name.strip_prefix("page--")).unwrap_or(name);
            let page_of_its_own = case == "created-where-key-shuts-logs-out--page";
            assert!(known.contains(case) || page_of_its_own, "{guard}/{file} belongs to no scenario");
        }
    }
}

#[test]
fn nothing_that_a_caller_wrote_can_forge_a_line() {
    for sample in HOSTILE {
        let scenario = scenarios()
            .find(|scenario| scenario.sample() == sample)
            .unwrap_or_else(|| panic!("{sample} is in a scenario"));
        let played = scenario.play();
        let page = played.page.expect("it pages");
        let receipt = serde_json::to_value(&played.receipt).unwrap();
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        for text in texts(&receipt).into_iter().flat_map(lines).chain(lines(&page.text)) {
            assert!(!could_forge(&text), "{text:?}");
        }
        let headings = |heading: &str| page.text.lines().filter(|line| line.trim() == heading).count();
        for heading in ["What happened", "What Sealwatch found", "What Sealwatch did", "What to do"] {
            assert_eq!(headings(heading), 1, "{sample}: {heading}");
        }
        assert!(!page.text.contains("AAAAAAAAAA".repeat(30).as_str()), "{sample}: it is cut");
        for line in [&page.subject, &page.sms] {
            assert!(
                line.chars().all(|character| character.is_ascii_graphic() || character == ' '),
                "{line:?}"
            );
        }
        assert!(page.subject.len() <= 100 && page.sms.len() <= 160);
        let chat = page.chat.to_string();
        assert!(!chat.contains("<!channel>"), "no mention gets through: {chat}");
        assert_eq!(chat.matches("```").count(), 2, "the text stays inside its fence");
    }
}

#[test]
fn tags_stand_in_a_receipt_as_plain_text() {
    let group = event("log-group/created-by-hostile-caller");
    let mut trail = event("trail/created-in-full");
    trail["detail"]["requestParameters"]["tagsList"] =
        serde_json::json!([{ "key": "note\n", "value": "\u{202e}\u{2028}\u{9b}31m" }]);
    for (event, rules) in [(group, Rules::Exemptions), (trail, Rules::TrailExemptions)] {
        let receipt = samples::play(&change_of(&event), &policy(&rules.text()), Effects::Shown).receipt;
        let facts = receipt.facts.clone();
        assert!(
            facts["tags"].as_object().is_some_and(|tags| !tags.is_empty()),
            "policy asks for tags: {facts}"
        );
        assert!(texts(&facts).iter().all(|text| !could_forge(text)), "{facts:?}");
    }
}

#[test]
fn the_page_of_an_event_that_cannot_be_read_cannot_be_forged() {
    let evil = "x\n\nWhat to do\n  1. Nothing.\u{202e}\u{1b}[2J";
    let told = || evil.to_owned();
    let error = ParseError::NeitherShape;
    let event = UnreadableEvent { id: told(), account: told(), region: told(), error };
    let page = Page::of_unreadable_event(Guard::LogGroup, &event);
    for line in page.text.lines().chain([page.title.as_str(), &page.subject, &page.sms]) {
        assert!(!could_forge(line), "{line:?}");
    }
    let headings = page.text.lines().filter(|line| line.trim() == "What to do");
    assert_eq!(headings.count(), 1, "{}", page.text);
    assert!(page.attributes.values().all(|value| !could_forge(value)), "{:?}", page.attributes);
}

#[test]
fn a_denied_attempt_on_an_exempt_group_is_exempt() {
    let mut event = event("log-group/query-results-key-removal-denied");
    event["detail"]["requestParameters"] =
        serde_json::json!({ "logGroupName": "/aws/lambda/dev-thumbnails" });
    let receipt =
        samples::play(&change_of(&event), &policy(&Rules::Exemptions.text()), Effects::Shown).receipt;
    assert_eq!(receipt.verdict, Verdict::Exempt, "{}", shown(&receipt));
    assert_eq!(receipt.page, None);
}

#[test]
fn every_page_keeps_the_limits_of_its_format() {
    for scenario in scenarios() {
        let Some(page) = scenario.play().page else {
            continue;
        };
        let name = scenario.name();
        assert!(page.subject.is_ascii() && page.subject.len() <= 100, "{name}");
        assert!(page.sms.is_ascii() && page.sms.len() <= 160, "{name}");
        let content = &page.chat["content"];
        let length = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
        assert!(length(&content["title"]) <= 250, "{name}");
        assert!(length(&content["description"]) <= 8_000, "{name}");
        for step in content["nextSteps"].as_array().expect("a list") {
            assert!(length(step) <= 350, "{name}");
        }
        assert_eq!(
            page.attributes.keys().copied().collect::<Vec<_>>(),
            ["account", "finding", "guard", "region", "severity"],
            "{name}"
        );
    }
}

#[test]
fn siblings_keep_their_keys() {
    let sample = change_of(&event("log-group/key-removed-by-name"));
    let policy = policy(&Rules::Remediate.text());
    let before = world();
    let after = samples::play(&sample, &policy, Effects::Shown).world;
    let Target::Group(target) = Target::of(&sample) else { panic!("the sample names a group") };
    for (group, key) in before.log_groups() {
        if group == target {
            assert_eq!(after.log_group_key(&group), Some(None), "as the record says");
        } else {
            assert_eq!(after.log_group_key(&group), Some(key), "{group}");
        }
    }
}

#[test]
fn a_key_removed_from_a_group_of_another_region_is_unclear() {
    for (identifier, word) in [
        ("arn:aws:logs:us-east-1:111122223333:log-group:/payments/api", "us-east-1"),
        ("arn:aws:logs:eu-central-1:444455556666:log-group:/payments/api", "444455556666"),
        ("arn:aws:logs:eu-central-1:111122223333:log-group:/payments/*", "neither"),
        ("arn:aws:s3:eu-central-1:111122223333:log-group:/payments/api", "neither"),
    ] {
        let mut event = event("log-group/key-removed-by-arn");
        event["detail"]["requestParameters"]["resourceIdentifier"] = identifier.into();
        let played = samples::play(&change_of(&event), &policy(&Rules::Remediate.text()), Effects::Taken);
        assert_eq!(finding_ids(&played.receipt), ["log-group.target-unclear"], "{identifier}");
        assert!(played.receipt.effects.is_empty(), "{identifier}");
        assert!(shown(&played.receipt).contains(word), "{identifier}: {}", shown(&played.receipt));
        assert_eq!(played.world, world(), "{identifier}: no group is touched");
    }
}
