//! The same records give the same receipts, whatever files they lie in, in whatever order, on however many threads.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a program that can't be run, or output of another shape, fails the test"
)]

mod program;
mod samples;

use program::{Place, Run, gzipped};
use regex::Regex;
use samples::{event, names};
use serde_json::{Value, json};

const KEYS: [&str; 3] = [
    "11111111-aaaa-bbbb-cccc-000000000001",
    "11111111-aaaa-bbbb-cccc-000000000002",
    "11111111-aaaa-bbbb-cccc-000000000003",
];

/// All samples that are records of CloudTrail's, uses of keys over some hours, what disables these keys, and calls of others.
fn records() -> Vec<Value> {
    let samples = names().iter().map(|name| event(name)["detail"].clone()).collect::<Vec<Value>>();
    let mut records: Vec<Value> = samples
        .into_iter()
        .filter(|record| record["eventID"].is_string() && record["eventName"].is_string())
        .collect();
    let number = records.len();
    assert!(number > 50, "{number} samples");
    for index in 0_usize..120 {
        let (hour, minute) = (8 + index % 4, index % 7 * 8);
        let time = format!("2026-11-03T{hour:02}:{minute:02}:00Z");
        let failed = if index % 11 == 0 { json!("AccessDenied") } else { Value::Null };
        records.push(kms(&format!("use-{index:03}"), "Decrypt", &time, KEYS[index % 3], failed));
        records.push(kms(&format!("read-{index:03}"), "DescribeKey", &time, KEYS[index % 3], Value::Null));
    }
    for (index, key) in KEYS.iter().enumerate() {
        let time = format!("2026-11-03T1{index}:59:00Z");
        records.push(kms(&format!("disabled-{index}"), "DisableKey", &time, key, Value::Null));
    }
    records
}

/// A call on a key as CloudTrail writes it.
fn kms(id: &str, name: &str, time: &str, key: &str, error: Value) -> Value {
    let arn = format!("arn:aws:kms:eu-central-1:111122223333:key/{key}");
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ada" },
        "eventTime": time,
        "eventSource": "kms.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.31.0",
        "errorCode": error,
        "requestParameters": { "keyId": arn, "encryptionContext": { "ARN": "x" } },
        "responseElements": null,
        "eventID": id,
        "resources": [{ "accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": arn }],
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    });
    if let Value::Object(fields) = &mut record {
        fields.retain(|name, value| name != "errorCode" || !value.is_null());
    }
    record
}

/// Another order, the same for the same seed: Fisher and Yates, with the generator of Knuth's MMIX.
fn shuffled(mut records: Vec<Value>, seed: u64) -> Vec<Value> {
    let mut state = seed;
    for last in (1..records.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = usize::try_from(state >> 33).expect("31 bits") % (last + 1);
        records.swap(last, pick);
    }
    records
}

fn log_file(records: &[Value]) -> String {
    json!({ "Records": records }).to_string()
}

/// Many log files of a few records each, in folders by day and hour.
fn in_many(place: &Place, records: &[Value], size: usize, gzip: bool) {
    for (index, records) in records.chunks(size).enumerate() {
        let name = format!("input/2026/{:02}/{index}.json", index % 5);
        match gzip {
            true => place.write(&format!("{name}.gz"), gzipped(log_file(records))),
            false => place.write(&name, log_file(records)),
        };
    }
}

/// An empty folder in which a form of the records is written.
fn form(write: impl FnOnce(&Place)) -> Place {
    let place = Place::new();
    write(&place);
    place
}

fn replayed(place: &Place, format: &str, jobs: &str) -> Run {
    let run = place.run(&["replay", "--format", format, "--jobs", jobs, "input"]);
    assert_eq!(run.status, 0, "{}", run.err);
    run
}

/// What the summary's first line counts: records, and what became of them.
fn counted(run: &Run) -> Vec<usize> {
    let line = run.err.lines().find(|line| line.contains(" events read in ")).expect("a summary");
    let numbers = Regex::new(r"\d+").expect("a pattern");
    let numbers: Vec<usize> =
        numbers.find_iter(line).map(|it| it.as_str().parse().expect("a number")).collect();
    let [records, _files, rest @ ..] = numbers.as_slice() else { return numbers };
    assert_eq!(rest.iter().sum::<usize>(), *records, "it adds up: {line}");
    std::iter::once(*records).chain(rest.iter().copied()).collect()
}

#[test]
fn the_same_records_give_the_same_receipts_in_every_form() {
    let records = records();
    let lines = |records: &[Value]| records.iter().map(|record| format!("{record}\n")).collect::<String>();
    let forms = [
        ("one log file", form(|place| drop(place.write("input/a.json", log_file(&records))))),
        ("one gzipped", form(|place| drop(place.write("input/a.json.gz", gzipped(log_file(&records)))))),
        (
            "shuffled",
            form(|place| drop(place.write("input/a.json", log_file(&shuffled(records.clone(), 1))))),
        ),
        ("one record a file", form(|place| in_many(place, &records, 1, false))),
        ("many gzipped", form(|place| in_many(place, &records, 7, true))),
        ("many, shuffled", form(|place| in_many(place, &shuffled(records.clone(), 2), 5, false))),
        ("many gzipped, shuffled", form(|place| in_many(place, &shuffled(records.clone(), 3), 3, true))),
        (
            "as people read it",
            form(|place| drop(place.write("input/a.json", format!("{:#}", json!({ "Records": records }))))),
        ),
        ("a list", form(|place| drop(place.write("input/a.json", Value::from(records.clone()).to_string())))),
        ("JSON Lines", form(|place| drop(place.write("input/a.jsonl", lines(&records))))),
        (
            "JSON Lines, shuffled and gzipped",
            form(|place| drop(place.write("input/a.gz", gzipped(lines(&shuffled(records.clone(), 4)))))),
        ),
        (
            "two gzip members",
            form(|place| {
                let (one, other) = records.split_at(records.len() / 2);
                let members = [gzipped(log_file(one)), gzipped(log_file(other))].concat();
                place.write("input/a.json.gz", members);
            }),
        ),
    ];
    let wanted = replayed(&forms[0].1, "json", "1");
    assert!(wanted.receipts().len() > 50, "{}", wanted.err);
    for (name, place) in &forms {
        for jobs in ["1", "4"] {
            let run = replayed(place, "json", jobs);
            assert!(run.out == wanted.out, "{name}, {jobs} threads: the receipts differ");
            assert_eq!(counted(&run), counted(&wanted), "{name}, {jobs} threads");
        }
    }
}

#[test]
fn copies_count_once_and_which_is_kept_does_not_hang_on_the_order() {
    let records = records();
    // As an organization's trail and an account's deliver them: the same, or one of them cut.
    let cut = |record: &Value| {
        let mut record = record.clone();
        record["requestParameters"] = Value::Null;
        record["userAgent"] = json!("cut");
        record
    };
    let twice: Vec<Value> = records.iter().chain(&records).cloned().collect();
    let cut: Vec<Value> = records.iter().cloned().chain(records.iter().map(cut)).collect();
    let once = replayed(&form(|place| in_many(place, &records, 7, true)), "json", "1");
    for seed in 1..4 {
        let place = form(|place| in_many(place, &shuffled(twice.clone(), seed), 7, true));
        for jobs in ["1", "4"] {
            let run = replayed(&place, "json", jobs);
            assert!(run.out == once.out, "shuffled by {seed}, {jobs} threads: the receipts differ");
            assert_eq!(counted(&run)[0], 2 * records.len());
        }
    }
    let kept = replayed(&form(|place| in_many(place, &cut, 7, true)), "json", "1");
    assert_eq!(kept.receipts().len(), once.receipts().len());
    for seed in 1..4 {
        let place = form(|place| in_many(place, &shuffled(cut.clone(), seed), 3, false));
        for jobs in ["1", "4"] {
            let run = replayed(&place, "json", jobs);
            assert!(run.out == kept.out, "shuffled by {seed}, {jobs} threads: the receipts differ");
            assert_eq!(counted(&run), counted(&kept), "shuffled by {seed}, {jobs} threads");
        }
    }
}

#[test]
fn every_format_is_the_same_on_one_thread_and_on_many() {
    let place = form(|place| in_many(place, &shuffled(records(), 5), 3, true));
    for format in ["table", "json", "html"] {
        let one = replayed(&place, format, "1");
        for jobs in ["2", "3", "16"] {
            let many = replayed(&place, format, jobs);
            assert!(many.out == one.out && many.err == one.err, "{format}, {jobs} threads");
        }
    }
    let run = place.run(&["replay", "--jobs", "0", "input"]);
    assert_eq!(run.status, 2, "{}", run.err);
}
