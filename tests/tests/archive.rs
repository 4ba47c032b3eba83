//! What a replay makes of archives with something wrong in them: nothing is lost that can be read, nothing counts twice, and
//! every fault is told with its file and byte.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a program that can't be run, or output of another shape, fails the test"
)]

mod program;
mod samples;

use program::{Place, Run, gzipped};
use samples::event;
use serde_json::{Value, json};

/// A call that gives a receipt.
fn call(id: &str) -> Value {
    let mut record = event("log-group/created-without-key")["detail"].clone();
    record["eventID"] = id.into();
    record
}

fn log_file(ids: &[&str]) -> String {
    json!({ "Records": ids.iter().map(|id| call(id)).collect::<Vec<_>>() }).to_string()
}

fn replayed(name: &str, content: impl AsRef<[u8]>) -> Run {
    let place = Place::new();
    place.write(name, content);
    place.run(&["replay", "--format", "json", name])
}

fn ids(run: &Run) -> Vec<String> {
    run.receipts().iter().map(|receipt| receipt["event_id"].as_str().expect("an id").to_owned()).collect()
}

/// The summary's numbers: records, files, judged, not handled, copies, no management calls, unreadable.
fn numbers(run: &Run) -> Vec<usize> {
    let line = run.err.lines().find(|line| line.contains(" read in ")).expect("a summary");
    line.split([' ', ',']).filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn what_was_read_before_a_fault_counts_once_and_the_fault_has_its_byte() {
    let all: Vec<String> = (0..200).map(|number| format!("id-{number:03}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let text = log_file(&all);
    let packed = gzipped(&text);
    let mut corrupt = packed.clone();
    let crc = corrupt.len() - 8;
    corrupt[crc] ^= 1;
    let (first, second) = text.split_at(text.len() / 2);
    let half = packed[..packed.len() / 2].to_vec();
    for (name, content, whole, words) in [
        ("checksum.json.gz", corrupt, true, "checksum"),
        (
            "garbage.json.gz",
            [packed.clone(), b"garbage".to_vec()].concat(),
            true,
            "it can be read no further",
        ),
        ("cut.json.gz", half, false, "it can be read no further"),
        (
            "cut-member.json.gz",
            [gzipped(first), gzipped(second)[..20].to_vec()].concat(),
            false,
            "no further",
        ),
        ("cut.json", text.as_bytes()[..text.len() - 30].to_vec(), false, "EOF within a document"),
        (
            "cut-pretty.json",
            {
                let value: Value = serde_json::from_str(&text).expect("it is JSON");
                let pretty = format!("{value:#}");
                pretty.as_bytes()[..pretty.len() - 300].to_vec()
            },
            false,
            "EOF within a document",
        ),
    ] {
        let run = replayed(name, content);
        let found = ids(&run);
        assert_eq!(found, all[..found.len()], "{name}: in order, and each once");
        assert!(found.len() >= if whole { 200 } else { 40 }, "{name}: {}", found.len());
        assert_eq!(found.len() == 200, whole, "{name}");
        assert_eq!(run.status, 2, "{name}");
        assert_eq!(numbers(&run), [found.len(), 1, found.len(), 0, 0, 0, 1], "{name}: {}", run.err);
        run.told(&format!("sealwatch: can't read {name} (byte "));
        run.told(words);
    }
    let run = replayed("members.json.gz", [gzipped(first), gzipped(second)].concat());
    assert_eq!((run.status, ids(&run).len()), (0, 200), "{}", run.err);
}

/// A file's name and content, the ids of its receipts, and the summary's numbers.
type Case = (&'static str, Vec<u8>, &'static [&'static str], &'static [usize]);

#[test]
fn one_bad_record_of_a_log_file_costs_no_other_and_the_numbers_add_up() {
    let text = log_file(&["a", "b", "c"]);
    let cases: [Case; 6] = [
        (
            "infinite.json",
            text.replacen("\"eventID\":\"b\"", "\"eventID\":1e400", 1).into_bytes(),
            &["a", "c"],
            &[3, 1, 2, 0, 0, 0, 1],
        ),
        (
            "surrogate.json",
            text.replacen("\"eventID\":\"b\"", "\"eventID\":\"\\udc00\"", 1).into_bytes(),
            &["a", "c"],
            &[3, 1, 2, 0, 0, 0, 1],
        ),
        (
            "twice.json",
            text.replacen("\"eventID\":\"b\"", "\"eventID\":\"x\",\"eventID\":\"b\"", 1).into_bytes(),
            &["a", "b", "c"],
            &[3, 1, 3, 0, 0, 0, 0],
        ),
        ("copies.json", log_file(&["a", "a", "b"]).into_bytes(), &["a", "b"], &[3, 1, 2, 0, 1, 0, 0]),
        ("nul.json", vec![0; 100_000], &[], &[0, 1, 0, 0, 0, 0, 1]),
        ("bracket.json", b"[".to_vec(), &[], &[0, 1, 0, 0, 0, 0, 1]),
    ];
    for (name, content, found, counted) in cases {
        let run = replayed(name, content);
        assert_eq!(
            (ids(&run).as_slice(), numbers(&run).as_slice()),
            (found.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>().as_slice(), counted),
            "{name}: {}",
            run.err
        );
        assert_eq!(run.status, if counted[6] > 0 { 2 } else { 0 }, "{name}");
    }
}

#[test]
fn bytes_that_are_no_text_cost_their_record_in_any_shape() {
    let log = json!({ "Records": [call("a"), call("b"), call("c")] });
    for text in
        [log.to_string(), format!("{log:#}"), format!("{}\n{}\n{}\n", call("a"), call("b"), call("c"))]
    {
        let mut bytes = text.into_bytes();
        let place = bytes.windows(3).position(|it| it == b"\"b\"").expect("the id");
        bytes[place + 1] = 0xff;
        let run = replayed("log.json", &bytes);
        assert_eq!((ids(&run), run.status), (vec!["a".to_owned(), "c".to_owned()], 2), "{}", run.err);
        assert_eq!(numbers(&run), [3, 1, 2, 0, 0, 0, 1]);
    }
}

#[test]
fn files_with_nothing_in_them_are_told() {
    for (name, content) in
        [("empty.json", Vec::new()), ("empty.json.gz", gzipped("")), ("blank.json.gz", gzipped("\n"))]
    {
        let run = replayed(name, content);
        assert_eq!((run.status, numbers(&run)), (2, vec![0, 1, 0, 0, 0, 0, 1]), "{name}");
        run.told(&format!("{name}: it is empty"));
    }
}

#[test]
fn digest_files_and_state_files_are_counted_as_what_they_are() {
    let digest = json!({ "awsAccountId": "111122223333", "digestStartTime": "2026-11-03T09:00:00Z",
        "digestS3Object": "x", "logFiles": [{ "s3Object": "y" }], "previousDigestHashValue": null });
    for content in [digest.to_string(), format!("{digest:#}")] {
        let run = replayed("digest.json.gz", gzipped(content));
        assert_eq!((run.status, numbers(&run)), (0, vec![1, 1, 0, 0, 0, 1, 0]), "{}", run.err);
        run.told("1 × a digest file of CloudTrail's");
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_or_round_are_told_and_the_rest_is_read() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    place.write("logs/a.json", log_file(&["a"]));
    place.write("logs/folder.json/b.json.gz", gzipped(log_file(&["b"])));
    symlink("missing.json", place.0.path().join("logs/dangling.json")).expect("a link can be made");
    symlink("..", place.0.path().join("logs/folder.json/round")).expect("a link can be made");
    let run = place.run(&["replay", "--format", "json", "logs"]);
    assert_eq!((ids(&run), run.status), (vec!["a".to_owned(), "b".to_owned()], 2), "{}", run.err);
    assert_eq!(numbers(&run), [2, 2, 2, 0, 0, 0, 2], "{}", run.err);
    run.told("dangling.json");
    run.told("round");
}

#[test]
fn a_large_file_of_any_shape_gives_what_the_ordinary_shape_gives() {
    let records: Vec<Value> = (0..300).map(|number| call(&format!("id-{number}"))).collect();
    let log = json!({ "Records": records });
    let wanted = replayed("log.json", log.to_string());
    assert_eq!(wanted.receipts().len(), 300);
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    let looked_up: Vec<Value> =
        records.iter().map(|record| json!({ "CloudTrailEvent": record.to_string() })).collect();
    for (name, text) in [
        ("pretty.json", format!("{log:#}")),
        ("lines.json", lines),
        ("list.json", json!(records).to_string()),
        ("looked-up.json", format!("{:#}", json!({ "Events": looked_up }))),
    ] {
        for content in [text.clone().into_bytes(), gzipped(&text)] {
            let run = replayed(name, &content);
            assert_eq!((run.status, &run.out), (0, &wanted.out), "{name}: {}", run.err);
            let place = Place::new();
            let run = place.run_with(&["replay", "--format", "json", "-"], &content);
            assert_eq!((run.status, &run.out), (0, &wanted.out), "{name} on standard input: {}", run.err);
        }
    }
}

#[test]
fn without_s3_an_address_of_a_bucket_is_told_with_the_remedy() {
    let place = Place::new();
    place.write("log.json", log_file(&["a"]));
    let run = place.run(&["replay", "--format", "json", "s3://some-bucket/AWSLogs", "log.json"]);
    assert_eq!((run.status, ids(&run)), (2, vec!["a".to_owned()]), "{}", run.err);
    run.told("can't read s3://some-bucket/AWSLogs: this build has no S3");
    run.told("--features live");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_as_standard_input_is() {
    let place = Place::new();
    let run = place.run_with(&["replay", "--format", "json", "/dev/stdin"], &gzipped(log_file(&["a", "b"])));
    assert_eq!((run.status, ids(&run).len()), (0, 2), "{}", run.err);
    assert_eq!(numbers(&run), [2, 1, 2, 0, 0, 0, 0]);
}
