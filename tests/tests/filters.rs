//! What narrows a replay: what is shown, what `--fail-on` answers for, and that the summary's numbers say so.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a program that can't be run, or output of another shape, fails the test"
)]

mod program;
mod samples;

use program::{Place, Run};
use samples::{path, root};
use std::collections::BTreeSet;

/// A medium finding in eu-central-1.
const WORKER: &str = "log-group/created-without-key";
/// A high one there.
const REMOVED: &str = "log-group/key-removed-by-name";
/// A key that the event alone doesn't tell enough of.
const SCHEDULED: &str = "key/scheduled-under-log-group";

fn sample(name: &str) -> String {
    path(name).display().to_string()
}

fn state() -> String {
    root().join("events/state.json").display().to_string()
}

fn notes(run: &Run) -> Vec<&str> {
    run.err.lines().filter_map(|line| line.strip_prefix("note: ")).collect()
}

fn replayed(options: &[&str]) -> Run {
    let (worker, removed) = (sample(WORKER), sample(REMOVED));
    Place::new().run(&[&["replay", "--format", "json", &worker, &removed], options].concat())
}

#[test]
fn fail_on_judges_what_a_severity_hides_and_not_what_is_out_of_scope() {
    for (options, shown, status) in [
        (&["--fail-on", "medium", "--severity", "critical"][..], 0, 1),
        (&["--fail-on", "high", "--severity", "critical"], 0, 1),
        (&["--fail-on", "critical", "--severity", "high"], 1, 0),
        (&["--fail-on", "low", "--guard", "trail"], 0, 0),
        (&["--fail-on", "low", "--since", "2027-01-01"], 0, 0),
        (&["--fail-on", "low", "--until", "2026-01-01"], 0, 0),
    ] {
        let run = replayed(options);
        assert_eq!((run.receipts().len(), run.status), (shown, status), "{options:?}: {}", run.err);
    }
}

#[test]
fn a_place_that_nothing_is_of_is_told_and_fails_no_gate() {
    let region = "no relevant event is of Region `eu-centrl-1`; there are: eu-central-1";
    let account = "no relevant event is of account `444455556666`; there are: 111122223333";
    for (options, wanted) in [
        (&["--region", "eu-centrl-1"][..], vec![region]),
        (&["--region", "eu-central-1", "--region", "eu-centrl-1"], vec![region]),
        (&["--account", "444455556666", "--region", "eu-centrl-1"], vec![account, region]),
        (&["--account", "111122223333", "--region", "eu-central-1"], vec![]),
    ] {
        let run = replayed(options);
        assert_eq!((notes(&run), run.status), (wanted.clone(), 0), "{options:?}");
        let gate = replayed(&[options, &["--fail-on", "critical"]].concat());
        assert_eq!((notes(&gate), gate.status), (wanted, 0), "it may be a quiet day: {options:?}");
        assert_eq!(gate.receipts(), run.receipts(), "what is shown is the same");
    }
    let page = Place::new().run(&["replay", "--format", "html", &sample(WORKER), "--region", "eu-centrl-1"]);
    assert!(page.out.contains("note: no relevant event is of Region `eu-centrl-1`"), "{}", page.out);
}

#[test]
fn what_can_be_no_region_is_refused() {
    for name in ["eu-central1", "eu", "EU-CENTRAL-1", "eu-central-", "-1", "eu--1"] {
        let run = replayed(&[&format!("--region={name}"), "--fail-on", "low"]);
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{name}");
        assert!(run.err.contains("such as eu-central-1"), "{name}: {}", run.err);
    }
    for name in ["us-gov-west-1", "us-isob-east-1", "ap-southeast-12"] {
        assert_eq!(replayed(&["--region", name]).status, 0, "{name}");
    }
}

#[test]
fn nothing_at_all_is_no_slip_of_the_pen() {
    let place = Place::new();
    place.write("log.json", r#"{"Records": []}"#);
    let run = place.run(&["replay", "log.json", "--region", "eu-west-1", "--fail-on", "low"]);
    assert_eq!((run.status, notes(&run).len()), (0, 0), "{}", run.err);
}

#[test]
fn the_numbers_of_a_narrowed_replay_add_up() {
    for (options, first, second) in [
        (
            &["--severity", "high"][..],
            "2 events read in 2 files: 2 judged, 0 not handled by a guard, 0 copies, 0 no management calls, 0 unreadable",
            "  1 shown; left out: 1 by --severity",
        ),
        (
            &["--severity", "critical", "--until", "2026-11-03T09:12:44Z"],
            "2 events read in 2 files: 1 judged, 1 left out, 0 not handled by a guard, 0 copies, 0 no management calls, 0 unreadable",
            "  0 shown; left out: 1 by --until, 1 by --severity",
        ),
        (
            &["--region", "us-east-1"],
            "2 events read in 2 files: 0 judged, 2 left out, 0 not handled by a guard, 0 copies, 0 no management calls, 0 unreadable",
            "  0 shown; left out: 2 by --region",
        ),
    ] {
        let run = replayed(options);
        for line in [first, second] {
            assert!(run.err.lines().any(|it| it == line), "{options:?}: `{line}` isn't told:\n{}", run.err);
        }
    }
    assert!(!replayed(&[]).err.contains("left out"), "nothing is");
}

#[test]
fn one_is_not_told_as_many() {
    let place = Place::new();
    let run = place.run(&["replay", "--format", "json", &sample(WORKER)]);
    run.told("1 event read in 1 file: 1 judged");
    run.told("1 finding of arn:aws:iam::111122223333:role/ci/Deployer");
}

#[test]
fn a_replay_without_a_state_file_notes_the_keys_that_it_would_tell_of() {
    let place = Place::new();
    let (scheduled, state) = (sample(SCHEDULED), state());
    let note = "1 key was there before these events, which don't tell enough of them; --state does";
    let alone = place.run(&["replay", "--format", "json", &scheduled]);
    assert_eq!((notes(&alone), alone.receipts()[0]["verdict"].as_str()), (vec![note], Some("unknown")));
    let hidden = place.run(&["replay", "--format", "json", &scheduled, "--severity", "critical"]);
    assert_eq!((notes(&hidden), hidden.receipts().len()), (vec![note], 0), "also where it isn't shown");
    let page = place.run(&["replay", "--format", "html", &scheduled]);
    assert!(page.out.contains("note: 1 key was there before these events"));
    let told = place.run(&["replay", "--format", "json", &scheduled, "--state", &state]);
    assert_eq!((notes(&told).len(), told.receipts()[0]["verdict"].as_str()), (0, Some("violation")));
    assert!(
        notes(&place.run(&["replay", "--format", "json", &sample(WORKER)])).is_empty(),
        "no key was touched"
    );
}

#[test]
fn the_note_counts_each_key_once() {
    let place = Place::new();
    let events = root().join("events").display().to_string();
    let run = place.run(&["replay", "--format", "json", &events]);
    let receipts = run.receipts();
    let untold = receipts.iter().filter(|receipt| {
        receipt["guard"] == "key"
            && receipt["facts"].to_string().contains("\"nothing that was recorded tells")
    });
    let keys: BTreeSet<&str> = untold.filter_map(|receipt| receipt["target"].as_str()).collect();
    assert!(keys.len() > 1);
    run.told(&format!("note: {} keys were there before these events", keys.len()));
}
