//! The command line as scripts see it: what it reads, what it prints where, and how it exits.
//!
//! Runs the real program in an empty folder, so that no policy file lies about.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a program that can't be run, or output of another shape, fails the test"
)]

mod program;
mod samples;

use program::{Place, gzipped, program};
use samples::{event, names, path, root, shipped_in};
use serde_json::{Value, json};
use std::process::{Child, Command, Output, Stdio};

/// A sample as CloudTrail's own record, without EventBridge's envelope.
fn record(name: &str) -> Value {
    event(name)["detail"].clone()
}

fn log_file(names: &[&str]) -> String {
    let records: Vec<Value> = names.iter().map(|name| record(name)).collect();
    json!({ "Records": records }).to_string()
}

fn ids(receipts: &[Value]) -> Vec<&str> {
    receipts.iter().map(|receipt| receipt["event_id"].as_str().expect("an id")).collect()
}

fn id_of(name: &str) -> String {
    record(name)["eventID"].as_str().expect("an id").to_owned()
}

fn sample(name: &str) -> String {
    path(name).display().to_string()
}

fn events_folder() -> String {
    root().join("events").display().to_string()
}

fn state_file() -> String {
    root().join("events/state.json").display().to_string()
}

const WORKER: &str = "log-group/created-without-key";
const REMOVED: &str = "log-group/key-removed-by-name";

#[test]
fn an_event_is_read_in_every_form_it_comes_in() {
    let place = Place::new();
    let envelope = event(WORKER).to_string();
    let raw = record(WORKER).to_string();
    let forms = [
        place.write("envelope.json", &envelope),
        place.write("record.json", &raw),
        place.write("log.json", log_file(&[WORKER])),
        place.write("list.json", json!([event(WORKER)]).to_string()),
        place.write("envelope.json.gz", gzipped(&envelope)),
        place.write("record.json.gz", gzipped(&raw)),
        place.write("log.json.gz", gzipped(log_file(&[WORKER]))),
        place.write("no-ending", &raw),
        place.write("gzip-without-ending", gzipped(&raw)),
        place.write("two-members.gz", [gzipped(&raw[..40]), gzipped(&raw[40..])].concat()),
    ];
    let wanted = place.replay(&[&sample(WORKER)]);
    assert_eq!(ids(&wanted), [id_of(WORKER)]);
    for form in &forms {
        assert_eq!(place.replay(&[form]), wanted, "{form}");
    }
}

#[test]
fn standard_input_holds_one_document_or_many() {
    let place = Place::new();
    let many =
        format!("{}\n{}\t{}", event(REMOVED), record(WORKER), log_file(&["log-group/created-with-key"]));
    for input in [many.clone().into_bytes(), gzipped(&many)] {
        let run = place.run_with(&["replay", "--format", "json", "-"], &input);
        assert_eq!(run.status, 0, "{}", run.err);
        assert_eq!(
            ids(&run.receipts()),
            [id_of("log-group/created-with-key"), id_of(WORKER), id_of(REMOVED)],
            "in the order of their times"
        );
    }
    let run = place.run_with(
        &["replay", "--format", "json", "-", &sample(REMOVED)],
        record(WORKER).to_string().as_bytes(),
    );
    assert_eq!(ids(&run.receipts()), [id_of(WORKER), id_of(REMOVED)]);
}

#[test]
fn a_broken_line_of_json_lines_costs_that_line_only() {
    let place = Place::new();
    let (worker, removed, with_key) = (
        record(WORKER).to_string(),
        record(REMOVED).to_string(),
        record("log-group/created-with-key").to_string(),
    );
    let half = worker.split_at(worker.len() / 2).0;
    let lines = format!("{worker}\n{half}\n{removed}\nno JSON\n{{\"a\": \"\\ud800\"}}\n{with_key}\n");
    for input in [lines.clone().into_bytes(), gzipped(&lines)] {
        let run = place.run_with(&["replay", "--format", "json", "-"], &input);
        assert_eq!(
            ids(&run.receipts()),
            [id_of("log-group/created-with-key"), id_of(WORKER), id_of(REMOVED)]
        );
        assert_eq!((run.status, run.err.matches("can't read").count()), (2, 3), "{}", run.err);
    }
}

#[test]
fn a_broken_document_over_many_lines_is_told_once() {
    let place = Place::new();
    let pretty = serde_json::to_string_pretty(&record(WORKER)).expect("it is JSON");
    let broken = pretty.replacen(':', " ", 1);
    place.write("broken.json", format!("{broken}\n{}\n", record(REMOVED)));
    let run = place.run(&["replay", "--format", "json", "broken.json"]);
    assert_eq!(ids(&run.receipts()), [id_of(REMOVED)]);
    assert_eq!(run.err.matches("can't read").count(), 1, "{}", run.err);
}

#[test]
fn a_folder_is_read_whole_and_counted_whole() {
    let place = Place::new();
    let receipts = place.replay(&[&events_folder(), "--state", &state_file()]);
    assert_eq!(receipts.len(), names().len());
    let times: Vec<&str> = receipts.iter().map(|receipt| receipt["time"].as_str().expect("a time")).collect();
    assert!(times.is_sorted(), "{times:?}");

    place.write("logs/2026/11/03/a.json.gz", gzipped(log_file(&[WORKER, REMOVED])));
    place.write("logs/2026/11/03/b.jsonl", record("log-group/created-with-key").to_string());
    place.write("logs/README.md", "no event");
    place.write("logs/notes.txt", "no event");
    assert_eq!(place.replay(&["logs"]).len(), 3, "what isn't JSON by its name is left out");
    let told = "2 × a file whose name doesn't say JSON, passed over, first `logs/README.md`";
    place.run(&["replay", "--format", "json", "logs"]).told(told);
}

#[test]
fn without_the_option_a_state_file_in_the_folder_is_left_out_and_said() {
    let place = Place::new();
    let run = place.run(&["replay", "--format", "json", &events_folder()]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert_eq!(run.receipts().len(), names().len());
    run.told("state file (give it with --state)");
}

#[test]
fn the_order_of_files_does_not_matter_and_copies_count_once() {
    let place = Place::new();
    let files = [
        "log-group/created-with-key",
        WORKER,
        "log-group/key-associated-by-name",
        REMOVED,
        "log-group/key-associated-by-arn",
    ]
    .map(sample);
    let state = state_file();
    let mut arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    arguments.extend(["--state", &state]);
    let forward = place.replay(&arguments);
    arguments.reverse();
    let swap = arguments.iter().position(|argument| *argument == "--state").expect("it is there");
    arguments.swap(0, swap);
    assert_eq!(place.replay(&arguments), forward);

    place.write("copies.json", log_file(&[WORKER, WORKER, REMOVED]));
    let run = place.run(&["replay", "--format", "json", "copies.json", "copies.json", &sample(WORKER)]);
    assert_eq!(ids(&run.receipts()), [id_of(WORKER), id_of(REMOVED)]);
    run.told("5 copies");
}

#[test]
fn a_table_is_for_people_and_json_for_scripts() {
    let place = Place::new();
    let table = place.run(&["replay", &sample(WORKER), &sample("log-group/created-name-taken")]);
    assert_eq!(table.status, 0, "{}", table.err);
    for words in ["/payments/worker", "log-group.unencrypted", "violation", "2 judged", "ignored"] {
        assert!(table.out.contains(words), "`{words}`:\n{}", table.out);
    }
    let json = place.run(&["replay", "--format", "json", &sample(WORKER)]);
    assert_eq!(json.receipts().len(), 1);
    assert!(json.out.ends_with('\n') && json.out.lines().count() == 1);
    json.told("1 judged");
}

#[test]
fn a_table_is_as_wide_as_it_may_be_and_keeps_times_and_calls_whole() {
    let (shut_out, worker) = (sample("key/policy-put-shuts-logs-out"), sample(WORKER));
    for (columns, width, calls) in [("80", 80, false), ("120", 120, true), ("", 160, true), ("7", 160, true)]
    {
        let output = Command::new(program())
            .args(["replay", &shut_out, &worker, "--state", &state_file()])
            .env("COLUMNS", columns)
            .output()
            .expect("the program can be run");
        let table = String::from_utf8(output.stdout).expect("text");
        let rule = table.lines().next().expect("a line");
        assert_eq!(rule.chars().count(), width, "{columns}:\n{table}");
        for words in ["2026-11-03T09:12:44Z", " violation "] {
            assert!(table.contains(words), "{columns}: {words}:\n{table}");
        }
        assert_eq!(table.contains(" CreateLogGroup "), calls, "{columns}:\n{table}");
    }
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let place = Place::new();
    for (format, name) in ["table", "json"].into_iter().flat_map(|it| samples::HOSTILE.map(|name| (it, name)))
    {
        let run = place.run(&["replay", "--format", format, &sample(name)]);
        for line in run.out.lines().chain(run.err.lines()) {
            assert!(!samples::could_forge(line), "{format}: {line:?}");
        }
    }
}

#[test]
fn calls_of_others_are_counted_and_give_no_receipt() {
    let place = Place::new();
    let mut put = record(WORKER);
    put["eventName"] = "PutRetentionPolicy".into();
    put["eventID"] = "a-call-that-no-guard-handles".into();
    let mut data = record(WORKER);
    data["eventCategory"] = "Data".into();
    let alarm = json!({ "version": "0", "id": "1", "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch", "account": "111122223333", "time": "2026-11-03T09:00:00Z",
        "region": "eu-central-1", "resources": [], "detail": {} });
    place.write("others.json", json!([put, data, alarm]).to_string());
    let run = place.run(&["replay", "--format", "json", "others.json"]);
    assert_eq!((run.status, run.out.as_str()), (0, ""), "{}", run.err);
    run.told("3 events read in 1 file: 0 judged, 1 not handled by a guard");
    run.told("2 no management calls, 0 unreadable");
}

#[test]
fn what_cannot_be_read_is_told_with_its_file_and_the_rest_goes_on() {
    let whole = gzipped(log_file(&[REMOVED]));
    let mut no_region = record(REMOVED);
    no_region.as_object_mut().expect("a record").remove("awsRegion");
    let mut no_time = record(REMOVED);
    no_time["eventTime"] = "yesterday".into();
    let cases: [(&str, Vec<u8>, &str); 12] = [
        ("truncated.json.gz", whole[..whole.len() / 2].to_vec(), ""),
        ("only-a-header.json.gz", whole[..10].to_vec(), ""),
        ("no-gzip.json.gz", b"\x1f\x8bnothing of the sort".to_vec(), ""),
        ("broken.json", br#"{"Records": [{"eventName": "#.to_vec(), "EOF"),
        ("words.json", b"not JSON".to_vec(), "expected"),
        ("empty.json", Vec::new(), "empty"),
        ("blank.json", b" \n\t".to_vec(), "empty"),
        ("records.json", br#"{"Records": {}}"#.to_vec(), "`Records` is no list"),
        ("number.json", b"7".to_vec(), "expected a JSON object, found a number"),
        ("stranger.json", br#"{"hello": "world"}"#.to_vec(), "neither"),
        ("no-region.json", no_region.to_string().into_bytes(), "awsRegion"),
        ("no-time.json", no_time.to_string().into_bytes(), "(found `yesterday`)"),
    ];
    for (name, content, words) in cases {
        let place = Place::new();
        place.write(name, content);
        let run = place.run(&["replay", "--format", "json", name, &sample(WORKER)]);
        assert_eq!(run.status, 2, "{name}: {}", run.err);
        assert_eq!(ids(&run.receipts()), [id_of(WORKER)], "{name}: the rest goes on");
        run.told(name);
        run.told(words);
        run.told("1 unreadable");
    }
    let place = Place::new();
    let run = place.run(&["replay", "--format", "json", "missing.json", &sample(WORKER)]);
    assert_eq!(run.status, 2);
    assert_eq!(ids(&run.receipts()), [id_of(WORKER)]);
    run.told("missing.json");
}

#[test]
fn one_bad_record_costs_no_other() {
    let place = Place::new();
    let records =
        json!({ "Records": [record(WORKER), null, { "eventName": "CreateLogGroup" }, record(REMOVED)] });
    place.write("log.json", records.to_string());
    let run = place.run(&["replay", "--format", "json", "log.json"]);
    assert_eq!(run.status, 2);
    assert_eq!(ids(&run.receipts()), [id_of(WORKER), id_of(REMOVED)]);
    run.told("log.json, record 1");
    run.told("log.json, record 2");
    run.told("2 unreadable");
}

#[test]
fn fail_on_is_a_gate() {
    let place = Place::new();
    let status = |severity: &str, name: &str| {
        place.run(&["replay", "--format", "json", "--fail-on", severity, &sample(name)]).status
    };
    // unencrypted is medium
    assert_eq!(status("info", WORKER), 1);
    assert_eq!(status("medium", WORKER), 1);
    assert_eq!(status("high", WORKER), 0);
    assert_eq!(status("high", REMOVED), 1);
    assert_eq!(status("critical", REMOVED), 0);
    assert_eq!(status("info", "log-group/created-with-key"), 0, "no finding, no failure");
    let run = place.run(&["replay", "--fail-on", "medium", &sample(WORKER), "missing.json"]);
    assert_eq!(run.status, 2, "unreadable input outweighs a finding");
}

#[test]
fn options_narrow_what_is_shown_and_not_what_is_learned() {
    let place = Place::new();
    let mut early = record(WORKER);
    early["eventTime"] = "2026-11-01T23:59:59Z".into();
    early["eventID"] = "early".into();
    let late = later_call();
    place.write("log.json", json!({ "Records": [early, record(WORKER), late] }).to_string());
    let shown = |options: &[&str]| place.replay(&[&["log.json"], options].concat()).len();
    let all = shown(&[]);
    assert_eq!(all, 3);
    for (options, expected) in [
        (vec!["--since", "2026-11-02"], 2),
        (vec!["--since", "2026-11-01T23:59:59Z"], 3),
        (vec!["--until", "2026-11-01"], 1),
        (vec!["--until", "2026-11-01T23:59:58Z"], 0),
        (vec!["--account", "111122223333"], 3),
        (vec!["--account", "444455556666"], 0),
        (vec!["--account", "444455556666", "--account", "111122223333"], 3),
        (vec!["--region", "eu-central-1"], 3),
        (vec!["--region", "us-east-1"], 0),
        (vec!["--guard", "log-group"], 3),
        (vec!["--guard", "trail", "--guard", "key"], 0),
        (vec!["--severity", "critical"], 0),
    ] {
        assert_eq!(shown(&options), expected, "{options:?}");
    }
    // What came before is known all the same.
    let whole = place.replay(&["log.json"]);
    let narrowed = place.replay(&["log.json", "--since", "2026-11-02"]);
    assert_eq!(narrowed, whole[1..]);
    let run = place.run(&["replay", "--format", "json", "log.json", "--since", "2026-11-02"]);
    run.told("  2 shown; left out: 1 by --since");
    for wrong in [
        ["--since", "yesterday"],
        ["--until", "2026-13-01"],
        // A time of day that isn't read must not be dropped.
        ["--until", "2026-11-03 08:00:00"],
        ["--since", "2026-11-03t08:00:00"],
        ["--account", "12"],
        ["--severity", "bad"],
        ["--jobs", "0"],
        ["--jobs", "100000"],
    ] {
        let run = place.run(&[&["replay", "log.json"], wrong.as_slice()].concat());
        assert_eq!(run.status, 2, "{wrong:?}");
    }
}

#[test]
fn wrong_usage_exits_with_two() {
    let place = Place::new();
    let sample = sample(WORKER);
    for arguments in [
        vec!["replay", "--unknown", &sample],
        vec!["replay"],
        vec!["replay", "--format", "yaml", &sample],
        vec!["replay", "--fail-on", "bad", &sample],
        vec!["replay", "--policy", "missing.toml", &sample],
        vec!["replay", "--state", "missing.json", &sample],
        vec!["rewind"],
        vec!["check", "missing.toml"],
        vec![],
    ] {
        let run = place.run(&arguments);
        assert_eq!(run.status, 2, "{arguments:?}: {}", run.err);
        assert!(run.out.is_empty(), "{arguments:?}: {}", run.out);
        assert!(!run.err.is_empty(), "{arguments:?} says what is wrong");
    }
}

#[test]
fn a_bad_policy_or_state_stops_before_the_first_receipt() {
    let place = Place::new();
    let sample = sample(WORKER);
    place.write("bad.toml", "mode = \"observe\"\n\n[log_groups]\nmodes = \"page\"\n");
    let run = place.run(&["replay", "--policy", "bad.toml", &sample]);
    assert_eq!((run.status, run.out.as_str()), (2, ""));
    run.told("bad.toml");
    run.told("line 4");
    run.told("modes");

    let key = |rest: &str| {
        format!(r#"{{"keys": [{{"arn": "arn:aws:kms:eu-central-1:111122223333:key/a", {rest}}}]}}"#)
    };
    for (rest, words) in [
        (r#""spec": "bogus""#, "at `keys[0].spec`: it is written in capitals"),
        (r#""usage": "Encrypt""#, "at `keys[0].usage`: it is written in capitals"),
        (r#""manager": "ME""#, "at `keys[0].manager`: a key's manager is one of CUSTOMER, AWS"),
        (r#""policy": "bogus""#, "at `keys[0].policy`: the policy itself is expected"),
        (r#""policy": "[]""#, "at `keys[0].policy`"),
        (r#""policy": 7"#, "at `keys[0].policy`"),
    ] {
        place.write("state.json", key(rest));
        let run = place.run(&["replay", "--state", "state.json", &sample]);
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{rest}");
        run.told(words);
    }
    for rest in [
        r#""spec": "ML_KEM_9000", "usage": "NEW_USE", "manager": "AWS", "policy": {"Statement": []}"#,
        r#""spec": null, "policy": "{\"Statement\": 1}""#,
    ] {
        place.write("state.json", key(rest));
        assert_eq!(
            place.run(&["replay", "--state", "state.json", &sample]).status,
            0,
            "AWS adds to them: {rest}"
        );
    }
    place.write("state.json", r#"{"keys": [{"arn": "bogus"}]}"#);
    let run = place.run(&["replay", "--state", "state.json", &sample]);
    assert_eq!(run.err.matches("`bogus` is not").count(), 1, "told once: {}", run.err);

    for (state, words) in [
        (r#"{"log_groups": [{"arn": "/payments/api"}]}"#, "log_groups[0].arn"),
        (r#"{"keys": [{"arn": "arn:aws:kms:eu-central-1:111122223333:key/a", "alias": "a"}]}"#, "keys[0]"),
        ("{", "EOF"),
    ] {
        place.write("state.json", state);
        let run = place.run(&["replay", "--state", "state.json", &sample]);
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{state}");
        run.told("state.json");
        run.told(words);
    }
}

#[test]
fn the_policy_of_the_folder_is_used_and_named() {
    let place = Place::new();
    let run = place.run(&["replay", "--format", "json", &sample(WORKER)]);
    run.told("the policy that ships");
    assert_eq!(run.receipts()[0]["mode"], "observe");
    place.write("policy.toml", shipped_in("remediate"));
    let run = place.run(&["replay", "--format", "json", &sample(WORKER)]);
    run.told("policy: policy.toml");
    assert_eq!(run.receipts()[0]["mode"], "remediate");
}

#[test]
fn the_summary_says_in_words_what_would_become_of_it() {
    let place = Place::new();
    let (state, shut_out) = (state_file(), sample("key/policy-put-shuts-logs-out"));
    let arguments = [&sample(WORKER), &sample(REMOVED), &shut_out, &sample(WORKER), "--state", &state];
    let told = |mode: &str| {
        place.write("policy.toml", shipped_in(mode));
        let table = place.run(&[&["replay"], &arguments[..]].concat());
        let json = place.run(&[&["replay", "--format", "json"], &arguments[..]].concat());
        assert!(table.out.ends_with(json.err.trim_start_matches("policy: policy.toml\n")), "{}", json.err);
        json.err
    };
    for (mode, lines) in [
        ("observe", ["repairs   withheld by the mode: 2 log-group-key", "pages     3 withheld by the mode"]),
        ("page", ["repairs   withheld by the mode: 2 log-group-key", "pages     3 would be sent"]),
        ("remediate", ["repairs   would be made: 2 log-group-key", "pages     3 would be sent"]),
    ] {
        let told = told(mode);
        let always = [
            "4 events read in 4 files: 3 judged, 0 not handled by a guard, 1 copy, 0 no management calls, 0 unreadable",
            "  4 of them relevant; 0 of these tell the replayed account only of keys, tags and uses",
            "findings  1 critical: 1 key.service-access-lost",
            "          1 high: 1 log-group.key-removed",
            "          1 medium: 1 log-group.unencrypted",
            "noisiest  2 findings of arn:aws:iam::111122223333:role/ci/Deployer",
        ];
        for line in always.iter().chain(&lines) {
            assert!(told.lines().any(|it| it == *line), "{mode}: `{line}` isn't told:\n{told}");
        }
    }
}

#[test]
fn a_mode_decides_what_becomes_of_effects_and_pages() {
    let place = Place::new();
    for (mode, effect, page) in [
        ("observe", "withheld", "withheld"),
        ("page", "withheld", "replayed"),
        ("remediate", "replayed", "replayed"),
    ] {
        place.write("policy.toml", shipped_in(mode));
        let receipts = place.replay(&[&sample(WORKER), "--state", &state_file()]);
        let receipt = &receipts[0];
        assert_eq!(receipt["mode"], mode);
        assert_eq!(receipt["verdict"], "violation", "{mode}: the verdict is the same");
        let effects = receipt["effects"].as_array().expect("a list");
        assert_eq!(effects.len(), 1, "{mode}: listed, also where it is withheld");
        assert_eq!(effects[0]["ensure"], "log-group-key");
        assert_eq!(effects[0]["target"], "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/worker");
        assert_eq!(effects[0]["outcome"], effect, "{mode}");
        assert_eq!(receipt["page"]["outcome"], page, "{mode}");
    }
}

#[test]
fn a_key_that_nothing_tells_of_is_assumed_and_said_to_be() {
    let place = Place::new();
    let alone = place.replay(&[&sample(WORKER)]);
    let assumed = alone[0]["assumed"].as_array().expect("a list");
    assert_eq!(assumed.len(), 1, "{assumed:?}");
    assert!(assumed[0].as_str().expect("a text").contains("alias/logs"));
    let told = place.replay(&[&sample(WORKER), "--state", &state_file()]);
    assert_eq!(told[0]["assumed"], json!([]));
    assert_eq!(
        told[0]["effects"][0]["value"],
        "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-1111-4a4a-8b8b-000000000001"
    );
}

#[test]
fn the_short_state_file_of_the_readme_is_taken() {
    let place = Place::new();
    let readme = std::fs::read_to_string(root().join("README.md")).expect("there is one");
    let (_, section) = readme.split_once("### What was there before").expect("a section on state files");
    let (_, example) = section.split_once("```json\n").expect("an example");
    let (example, _) = example.split_once("```").expect("it ends");
    let state: Value = serde_json::from_str(example).expect("it is JSON");
    assert_eq!(state.as_object().map(serde_json::Map::len), Some(3), "keys, log groups and trails");
    place.write("state.json", example);
    let removed = record("key/disabled-under-log-group").to_string();
    let removed = removed.replace(
        removed.split("key/").nth(1).and_then(|rest| rest.get(..36)).expect("a key's id"),
        "1a2b3c4d-1111-4a4a-8b8b-000000000001",
    );
    place.write("log.json", removed);
    let [alone, told] =
        [&["log.json"][..], &["log.json", "--state", "state.json"]].map(|it| place.replay(it));
    assert_eq!(
        (alone[0]["verdict"].as_str(), told[0]["verdict"].as_str()),
        (Some("unknown"), Some("violation"))
    );
}

/// A record that leaves the key out: the group stays as it was.
fn later_call() -> Value {
    let mut later = record("log-group/key-associated-by-name");
    later["requestParameters"] = json!({ "logGroupName": "/payments/worker" });
    later["eventID"] = "later".into();
    later
}

#[test]
fn with_counterfactual_later_changes_meet_a_repaired_account() {
    let place = Place::new();
    place.write("policy.toml", shipped_in("remediate"));
    place.write("log.json", json!({ "Records": [later_call(), record(WORKER)] }).to_string());
    let state = state_file();
    let verdicts = |more: &[&str]| -> Vec<Value> {
        place
            .replay(&[&["log.json", "--state", &state], more].concat())
            .iter()
            .map(|receipt| receipt["verdict"].clone())
            .collect()
    };
    assert_eq!(verdicts(&[]), ["violation", "violation"], "as it happened");
    assert_eq!(verdicts(&["--counterfactual"]), ["violation", "compliant"], "as it would have been");
}

#[test]
fn a_replay_learns_keys_from_the_records() {
    let place = Place::new();
    let key = "1a2b3c4d-7777-4a4a-8b8b-000000000007";
    let arn = format!("arn:aws:kms:eu-central-1:111122223333:key/{key}");
    let kms = |time: &str, name: &str, request: Value, response: Value| {
        let mut record = record(WORKER);
        record["eventTime"] = format!("2026-11-03T{time}Z").into();
        record["eventID"] = format!("{name}-{time}").into();
        record["eventSource"] = "kms.amazonaws.com".into();
        record["eventName"] = name.into();
        record["requestParameters"] = request;
        record["responseElements"] = response;
        record
    };
    let created = kms(
        "06:00:00",
        "CreateKey",
        json!({ "keySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT", "origin": "AWS_KMS" }),
        json!({ "keyMetadata": { "aWSAccountId": "111122223333", "keyId": key, "arn": arn, "keyState": "Enabled",
            "keySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT", "keyManager": "CUSTOMER" } }),
    );
    let alias =
        kms("06:00:05", "CreateAlias", json!({ "aliasName": "alias/logs", "targetKeyId": key }), Value::Null);
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "logs.eu-central-1.amazonaws.com" },
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*" }] });
    let opened = kms(
        "06:00:10",
        "PutKeyPolicy",
        json!({ "keyId": arn, "policyName": "default", "policy": policy.to_string() }),
        Value::Null,
    );
    let disabled = kms("06:00:20", "DisableKey", json!({ "keyId": key }), Value::Null);
    for (case, records, finding, effects) in [
        ("the default policy lets no service in", vec![&created, &alias], "log-group.key-unusable", 0),
        ("a policy that does", vec![&created, &alias, &opened], "log-group.unencrypted", 1),
        ("and then it was disabled", vec![&created, &alias, &opened, &disabled], "log-group.key-unusable", 0),
    ] {
        let mut records: Vec<Value> = records.into_iter().cloned().collect();
        records.push(record(WORKER));
        place.write("log.json", json!({ "Records": records }).to_string());
        let mut receipts = place.replay(&["log.json"]);
        // What was done to the key itself is the key guard's.
        receipts.retain(|receipt| receipt["guard"] == "log-group");
        assert_eq!(receipts.len(), 1, "{case}");
        assert_eq!(receipts[0]["findings"][0]["id"], finding, "{case}");
        let listed = receipts[0]["effects"].as_array().expect("a list");
        assert_eq!(listed.len(), effects, "{case}");
        if let Some(effect) = listed.first() {
            assert_eq!(effect["value"], arn.as_str(), "{case}");
        }
    }
}

#[test]
fn check_explains_every_fault_with_line_and_remedy() {
    let place = Place::new();
    place.write(
        "bad.toml",
        "mode = \"off\"\n\n[log_groups]\napproved_keys = [\"logs\"]\n\n[[exempt]]\nguard = \"log-group\"\nmatch = \"/dev/*\"\n\n[pages]\nform = \"low\"\n",
    );
    let run = place.run(&["check", "bad.toml"]);
    assert_eq!(run.status, 1, "{}", run.err);
    for (line, words) in [
        (1, "`mode` can't be `off`"),
        (4, "`logs` is not a key"),
        (6, "reason` is missing"),
        (11, "unknown key `form`"),
    ] {
        let start = format!("bad.toml:{line}:");
        let told = run
            .out
            .lines()
            .find(|text| text.starts_with(&start))
            .unwrap_or_else(|| panic!("line {line} isn't told:\n{}", run.out));
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(run.out.matches("remedy: ").count(), 4, "{}", run.out);
    assert!(run.out.contains("4 fault(s)"), "{}", run.out);

    let run = place.run(&["check", "bad.toml", "--format", "json"]);
    assert_eq!(run.status, 1);
    let answer: Value = serde_json::from_str(&run.out).expect("one JSON object");
    assert_eq!(answer["ok"], false);
    let lines: Vec<&Value> =
        answer["faults"].as_array().expect("a list").iter().map(|fault| &fault["line"]).collect();
    assert_eq!(lines, [1, 4, 6, 11]);

    place.write("no-toml.toml", "mode = \"observe\"\nmode = \"page\"\n[[[\n");
    let run = place.run(&["check", "no-toml.toml"]);
    assert_eq!(run.status, 1);
    assert!(run.out.contains("no-toml.toml:2:"), "{}", run.out);
}

#[test]
fn check_notes_a_match_that_can_match_no_name() {
    let place = Place::new();
    place.write(
        "policy.toml",
        "mode = \"page\"\n[[log_groups.keys]]\nmatch = \"/app/{a,b}\"\nkey = \"alias/a\"\n[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"\n         [[exempt]]\nguard = \"log-group\"\nmatch = \"arn:aws:logs:*:*:log-group:/dev/*\"\nreason = \"x\"\n         [[exempt]]\nguard = \"trail\"\nmatch = \"a/b\"\nreason = \"x\"\n",
    );
    let run = place.run(&["check", "policy.toml"]);
    assert_eq!(run.status, 0, "notes are no faults: {}", run.out);
    let notes: Vec<&str> =
        run.out.lines().filter_map(|line| line.split_once("note: ")).map(|it| it.1).collect();
    assert_eq!(
        notes,
        [
            "the `match` on line 2 has `{`, which no log group's name has: it matches nothing",
            "the `match` on line 8 looks like an ARN, but it is held against names: write the name alone",
            "the `match` on line 12 has `/`, which no trail's name has: it matches nothing",
        ]
    );
}

#[test]
fn check_notes_an_exemption_of_keys_that_never_applies() {
    let place = Place::new();
    let exempt = |name: &str| format!("[[exempt]]\nguard = \"key\"\nmatch = \"{name}\"\nreason = \"x\"\n");
    let names = [
        "dev-*",
        "alias/dev.*",
        "alias/prod-test-*",
        "arn:aws:kms:eu-central-1:111122223333:alias/dev-*",
        // Good ones: an alias, an id, an ARN, a multi-Region id, and what may be any of them.
        "alias/dev-*",
        "1a2b3c4d-1111-4a4a-8b8b-000000000001",
        "arn:aws:kms:*:111122223333:key/1a2b3c4d-*",
        "mrk-*",
        "*dev*",
    ];
    let rules = "mode = \"page\"\n[keys]\nprotect = [\"alias/prod-*\"]\n[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"\n";
    place.write("policy.toml", format!("{rules}{}", names.map(exempt).concat()));
    let run = place.run(&["check", "policy.toml"]);
    assert_eq!(run.status, 0, "notes are no faults: {}", run.out);
    let notes: Vec<&str> =
        run.out.lines().filter_map(|line| line.split_once("note: ")).map(|it| it.1).collect();
    let no_key = "is no key's: write an alias (`alias/NAME`), a key's id or its ARN";
    assert_eq!(
        notes,
        [
            &format!("the `match` on line 7 {no_key}"),
            "the `match` on line 11 has `.`, which no alias's name has: it matches nothing",
            &format!("the `match` on line 19 {no_key}"),
            "the exemption on line 15 never applies: `keys.protect` has `alias/prod-*`, and protection wins",
        ]
    );
}

#[test]
fn check_notes_what_switches_a_guard_off_or_hangs_on_what_a_caller_chooses() {
    let notes = |policy: &str| {
        let place = Place::new();
        place.write("policy.toml", policy);
        let run = place.run(&["check"]);
        assert_eq!(run.status, 0, "{}{}", run.out, run.err);
        let notes = run.out.lines().filter_map(|line| line.split_once("note: "));
        notes.map(|it| it.1.to_owned()).collect::<Vec<_>>()
    };
    let rule = "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"\n";
    let exempt = |what: &str| {
        notes(&format!("mode = \"page\"\n{rule}[[exempt]]\nguard = \"log-group\"\n{what}\nreason = \"a\"\n"))
    };
    let everything = "the exemption on line 5 exempts everything: the log-group guard has nothing left to do";
    let roles =
        "the exemption on line 5 exempts every role: the log-group guard is left with users and services";
    let write =
        "write the role with its path, as `aws iam get-role --role-name NAME --query Role.Arn` tells it";
    let session = format!(
        "the `principal` on line 5 is held against the session's name, which whoever assumes the role mostly chooses: {write}"
    );
    let nobody =
        format!("the `principal` on line 5 names a role without a session, which is nobody's ARN: {write}");
    for (what, expected) in [
        ("match = \"*\"", vec![everything.to_owned()]),
        ("match = \"?*\"", vec![everything.to_owned()]),
        ("match = \"/dev/*\"", vec![]),
        ("principal = \"arn:aws:iam::111122223333:role/*\"", vec![roles.to_owned()]),
        ("principal = \"arn:*:iam::*:*\"", vec![roles.to_owned()]),
        ("principal = \"arn:aws:iam::111122223333:role/Ops\"", vec![]),
        ("principal = \"arn:aws:sts::111122223333:assumed-role/Ops/jane\"", vec![session]),
        ("principal = \"arn:aws:sts::111122223333:assumed-role/Ops/**\"", vec![]),
        ("principal = \"arn:aws:sts::111122223333:assumed-role/Ops\"", vec![nobody]),
    ] {
        assert_eq!(exempt(what), expected, "{what}");
    }
    let no_key = "trails are to be encrypted, but [trails] names no `key`: a trail without one is reported, and can't be repaired";
    let trails = |mode: &str, rest: &str| notes(&format!("mode = \"{mode}\"\n{rule}[trails]\n{rest}\n"));
    assert_eq!(trails("remediate", "require = [\"encryption\"]"), [no_key]);
    assert!(trails("remediate", "require = [\"encryption\"]\nkey = \"alias/trails\"").is_empty());
    assert!(trails("remediate", "require = [\"logging\"]").is_empty());
    assert!(trails("page", "require = [\"encryption\"]").is_empty());
}

#[test]
fn check_says_which_rule_and_key_a_log_group_gets() {
    let place = Place::new();
    place.write(
        "policy.toml",
        "mode = \"page\"\n\n[[log_groups.keys]]\nmatch = \"/payments/*\"\n\
         key = \"arn:{partition}:kms:{region}:{account}:alias/payments-logs\"\n\n\
         [[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"\n\n\
         [[exempt]]\nguard = \"log-group\"\nmatch = \"/payments/dev-*\"\nreason = \"throw-away\"\nuntil = 2020-01-31\n",
    );
    let check = |group: &str, region: &str, format: &str| {
        let run = place.run(&[
            "check",
            "--format",
            format,
            "--log-group",
            group,
            "--account",
            "111122223333",
            "--region",
            region,
        ]);
        assert_eq!(run.status, 0, "{}", run.err);
        run.out
    };
    let out = check("/payments/dev-1", "cn-north-1", "text");
    for words in [
        "`/payments/*` (line 3)",
        "arn:aws-cn:kms:cn-north-1:111122223333:alias/payments-logs",
        "the exemption on line 11 ended on 2020-01-31",
        "modes: log-group page",
    ] {
        assert!(out.contains(words), "`{words}`:\n{out}");
    }
    let answer: Value =
        serde_json::from_str(&check("/orders", "eu-central-1", "json")).expect("one JSON object");
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["log_group"]["rule"], "`*` (line 7)");
    assert_eq!(answer["log_group"]["key"], "arn:aws:kms:eu-central-1:111122223333:alias/logs");
    for arguments in [
        vec!["check", "--log-group", "/a"],
        vec!["check", "--log-group", "a b", "--account", "111122223333", "--region", "eu-central-1"],
        vec!["check", "--log-group", "/a", "--account", "1", "--region", "eu-central-1"],
    ] {
        assert_eq!(place.run(&arguments).status, 2, "{arguments:?}");
    }
}

#[test]
fn the_policy_that_ships_passes_its_own_check() {
    let place = Place::new();
    place.write("policy.toml", samples::SHIPPED);
    let run = place.run(&["check"]);
    assert_eq!(run.status, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("a policy without faults"), "{}", run.out);
    assert!(!run.out.contains("note:"), "{}", run.out);
}

#[test]
fn the_schemas_travel_in_the_program() {
    let place = Place::new();
    for name in ["policy", "receipt", "state"] {
        let run = place.run(&["schema", name]);
        let file = std::fs::read_to_string(root().join(format!("schemas/{name}.schema.json"))).unwrap();
        assert_eq!((run.status, run.out), (0, file), "{name}");
    }
}

/// What becomes of a replay of so much that it is cut off where nobody reads it any more; `closed` is which of its outputs that is.
fn left_early(closed: fn(&mut Child), options: &[&str]) -> Output {
    let place = Place::new();
    let records: Vec<Value> = (0..2_000)
        .map(|number| {
            let mut record = record(WORKER);
            record["eventID"] = format!("{number}").into();
            record
        })
        .collect();
    place.write("log.json", json!({ "Records": records }).to_string());
    place.write("broken.json", "{");
    let mut child = Command::new(program())
        .args(["replay", "--format", "json", "log.json"])
        .args(options)
        .current_dir(place.0.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be run");
    closed(&mut child);
    child.wait_with_output().expect("the program ends")
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    for (options, expected) in [
        (&[][..], 0),
        // Neither is a gate that passes without an answer, nor hides it what couldn't be read.
        (&["--fail-on", "low"], 2),
        (&["broken.json"], 2),
    ] {
        let output = left_early(|child| drop(child.stdout.take()), options);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(expected), "{options:?}: {err}");
        assert!(!err.contains("panic") && !err.contains("Broken pipe"), "{options:?}: {err}");
        assert_eq!(err.contains("--fail-on can't be answered"), options.contains(&"--fail-on"), "{err}");
    }
}

#[test]
fn receipts_are_worth_no_less_where_nobody_reads_what_else_is_told() {
    let output = left_early(|child| drop(child.stderr.take()), &["broken.json", "nowhere.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(), 2_000);
}

#[test]
fn a_time_that_ends_before_it_begins_is_refused() {
    let place = Place::new();
    place.write("log.json", record(WORKER).to_string());
    let within = |since, until| place.run(&["replay", "log.json", "--since", since, "--until", until]);
    let run = within("2026-12-01", "2026-11-01");
    assert_eq!(run.status, 2);
    assert!(run.err.contains("--since (2026-12-01T00:00:00Z) is after --until"), "{}", run.err);
    let run = within("2026-11-01", "2026-11-01");
    assert_eq!(run.status, 0, "{}", run.err);
}
