//! The command line as a person meets it: in a terminal, in a build without AWS, with folders that can't be read.

#![cfg(unix)]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a program that can't be run fails the test"
)]

mod program;
mod samples;

use program::{Place, program};
use samples::{event, path};
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

const WORKER: &str = "log-group/created-without-key";

/// Runs the program in a terminal, which Python makes; what it shows there.
fn in_terminal(variables: &[(&str, &str)]) -> String {
    let place = Place::new();
    let python = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))";
    let output = Command::new("python3")
        .args(["-c", python])
        .arg(program())
        .arg("replay")
        .arg(path(WORKER))
        .current_dir(place.0.path())
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color")
        .envs(variables.iter().copied())
        .output()
        .expect("Python runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_terminal_gets_colours_unless_it_has_none_or_they_are_unwanted() {
    let colour = "\u{1b}[38;5;";
    let coloured = in_terminal(&[]);
    assert!(coloured.contains(colour), "{coloured:?}");
    assert!(in_terminal(&[("NO_COLOR", "")]).contains(colour), "empty is as if it weren't set");
    let plain = in_terminal(&[("NO_COLOR", "1")]);
    assert!(plain.contains("violation") && !plain.contains(colour), "{plain:?}");
    // No bar either.
    let dumb = in_terminal(&[("TERM", "dumb")]);
    assert!(dumb.contains("violation") && !dumb.contains('\u{1b}'), "{dumb:?}");
}

#[test]
fn a_build_without_aws_says_how_to_get_one_with_it() {
    let place = Place::new();
    let event = path(WORKER).display().to_string();
    for arguments in [&["replay", "--live", &event][..], &["replay", "--live", "--apply", &event]] {
        let run = place.run(arguments);
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{}", run.err);
        run.told("this build has no --live; install one that has with `cargo install");
        run.told("--features live");
    }
    assert!(!place.run(&["replay", "--help"]).out.contains("--apply"), "help lists what this build has");
}

#[test]
fn a_link_that_leads_nowhere_or_into_a_closed_folder_is_told_by_its_name() {
    let place = Place::new();
    place.write("events/a.json", fs::read(path(WORKER)).expect("a sample"));
    place.write("closed/b.json", "{}");
    let at = |name: &str| place.0.path().join(name);
    symlink(at("missing"), at("events/astray")).expect("a link");
    symlink(at("events/circle"), at("events/circle")).expect("a link");
    // Whoever opens it waits for somebody to write into it.
    assert!(Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo runs").success());
    symlink(at("pipe"), at("events/a-pipe")).expect("a link");
    let run = place.run(&["replay", "--format", "json", "events"]);
    assert_eq!((run.status, run.receipts().len()), (2, 1), "{}", run.err);
    run.told("can't read events/circle: ");
    run.told("events/astray");
    // Whoever may read everything is stopped by no permission.
    symlink(at("closed"), at("events/closed")).expect("a link");
    fs::set_permissions(at("closed"), fs::Permissions::from_mode(0o000)).expect("its owner may");
    if fs::read_dir(at("closed")).is_err() {
        let run = place.run(&["replay", "--format", "json", "events"]);
        assert_eq!((run.status, run.receipts().len()), (2, 1), "{}", run.err);
        run.told("can't read events/closed: Permission denied");
    }
    fs::set_permissions(at("closed"), fs::Permissions::from_mode(0o700)).expect("its owner may");
}

#[test]
fn an_event_within_a_message_is_told_with_the_way_to_it() {
    let place = Place::new();
    let (event, text) = (event(WORKER), event(WORKER).to_string());
    for (document, words) in [
        (
            json!({ "Records": [{ "messageId": "1", "body": text, "eventSource": "aws:sqs" }] }),
            ".Records[].body",
        ),
        (json!({ "Messages": [{ "MessageId": "1", "Body": text }] }), ".Messages[].Body"),
        (
            json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "Message": text } }] }),
            ".Records[].Sns.Message",
        ),
        (json!({ "Type": "Notification", "Message": text }), ".Message"),
        (json!({ "version": "1.0", "requestPayload": event }), ".requestPayload"),
        (json!({ "QueryResultRows": [[{ "eventJson": text }]] }), ".QueryResultRows[][].eventJson"),
        (json!({ "events": [{ "timestamp": 1, "message": text }] }), ".events[].message"),
        (json!({ "results": [[{ "field": "@message", "value": text }]] }), ".results[][]"),
    ] {
        let name = place.write("message.json", document.to_string());
        let run = place.run(&["replay", "--format", "json", &name]);
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{}", run.err);
        run.told(words);
    }
}

#[test]
fn an_answer_of_lookup_events_that_was_cut_short_says_so() {
    let place = Place::new();
    let found = json!([{ "EventId": "1", "CloudTrailEvent": event(WORKER)["detail"].to_string() }]);
    for (document, cut_short) in [
        (json!({ "Events": found, "NextToken": "next" }), true),
        (json!({ "Events": found, "NextToken": null }), false),
        (json!({ "Events": found }), false),
        // As `--query Events` leaves it.
        (found.clone(), false),
    ] {
        let name = place.write("found.json", document.to_string());
        let run = place.run(&["replay", "--format", "json", &name]);
        assert_eq!((run.status, run.receipts().len()), (0, 1), "{}", run.err);
        assert_eq!(run.err.contains("there are more events;"), cut_short, "{document}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_as_one() {
    for format in ["table", "json", "html"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let run = Command::new(program())
            .args(["replay", "--format", format])
            .arg(path(WORKER))
            .stdout(full)
            .output()
            .expect("the program runs");
        let told = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{format}: {told}");
        assert!(
            told.contains("sealwatch: can't write to standard output: No space left"),
            "{format}: {told}"
        );
    }
}
