//! What the pages of all samples tell a person to do can be done, in the order in which it stands there.

#![expect(clippy::expect_used, clippy::panic, reason = "a sample that can't be read fails the test")]

mod samples;

use samples::rules::Rules;
use samples::table::scenarios;
use samples::{change_of, event, names, policy};
use sealwatch_world::replay::Effects;

/// Each page by its sample and rules: as the scenarios have it, and under the plain rules of either mode.
fn pages() -> Vec<(String, String)> {
    let told = scenarios().map(|scenario| (scenario.sample(), scenario.rules));
    let plain = [Rules::Remediate, Rules::Page];
    let plain = names().into_iter().flat_map(|name| plain.map(|rules| (name.clone(), rules)));
    let pages: Vec<_> = told
        .chain(plain)
        .filter_map(|(sample, rules)| {
            let played = samples::play(&change_of(&event(&sample)), &policy(&rules.text()), Effects::Shown);
            Some((format!("{sample}, {rules:?}"), played.page?.text))
        })
        .collect();
    assert!(pages.len() > 200, "{} pages", pages.len());
    pages
}

/// What a page says to do: of each step its text, and the lines under it.
fn steps(page: &str) -> Vec<(&str, Vec<&str>)> {
    let to_do = page.split("\nWhat to do\n").nth(1).or_else(|| page.split("\nGood to know\n").nth(1));
    let to_do = to_do.unwrap_or_else(|| panic!("it says what to do:\n{page}"));
    let mut steps: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in to_do.lines().take_while(|line| !line.is_empty()) {
        let number = format!("  {}. ", steps.len() + 1);
        if let Some(step) = line.strip_prefix(&number) {
            steps.push((step, Vec::new()));
        } else if let Some(under) = line.strip_prefix("       ") {
            let (_, lines) = steps.last_mut().unwrap_or_else(|| panic!("no step before {under}\n{page}"));
            lines.push(under);
        }
    }
    steps
}

#[test]
fn no_step_announces_what_does_not_follow() {
    for (name, page) in pages() {
        for (step, under) in steps(&page) {
            assert_eq!(step.ends_with(':'), !under.is_empty(), "{name}: {step}\n{page}");
        }
    }
}

#[test]
fn a_trail_that_records_management_events_again_keeps_its_data_events() {
    let (_, page) = pages()
        .into_iter()
        .find(|(name, _)| name == "trail/selectors-put-data-events-only, Remediate")
        .expect("it pages");
    let steps = steps(&page);
    let mut commands = steps.iter().flat_map(|(_, under)| under);
    let put = commands.find(|it| it.contains(" put-event-selectors ")).expect("it has the command");
    for kept in [r#""Equals":["Management"]"#, r#""Equals":["AWS::Lambda::Function"]"#] {
        assert!(put.contains(kept), "{put}");
    }
}

/// The file that a command writes, and those that it reads; a word in capitals is the reader's to fill in.
fn files(command: &str) -> (Option<&str>, Vec<&str>) {
    let words: Vec<&str> = command.split_whitespace().collect();
    let (mut written, mut read) = (None, Vec::new());
    for (before, word) in words.iter().zip(words.iter().skip(1)) {
        match *before {
            ">" | "-out" => written = Some(*word),
            "-in" | "-inkey" | "-f1" | "-f2" => read.push(*word),
            _ => read.extend(word.strip_prefix("file://").or_else(|| word.strip_prefix("fileb://"))),
        }
    }
    read.retain(|it| it.chars().any(|it| it.is_ascii_lowercase()));
    (written, read)
}

#[test]
fn every_file_is_written_before_it_is_read_and_a_policy_is_changed_between() {
    let (mut puts, mut imports) = (0, 0);
    for (name, page) in pages() {
        let mut written = std::collections::BTreeMap::new();
        for (index, (_, under)) in steps(&page).iter().enumerate() {
            for command in under {
                let (writes, reads) = files(command);
                for file in reads {
                    let since = written.get(file).unwrap_or_else(|| panic!("{name}: no {file} yet\n{page}"));
                    if file == "key-policy.json" {
                        assert!(index - since >= 2, "{name}: the same policy goes back\n{page}");
                        puts += 1;
                    }
                    imports += usize::from(file == "material.bin");
                }
                written.extend(writes.map(|file| (file.to_owned(), index)));
            }
        }
    }
    assert!(puts > 10 && imports > 2, "{puts} policies, {imports} materials");
}
