//! An archive is read from its bucket as from a copy of it on a disk, and what can't be got is told and costs itself.

use crate::lab::{Lab, REGION};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const BUCKET: &str = "archive-of-logs";

fn gzipped(content: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A log file whose only record gives a receipt of this id.
fn log_file(id: &str) -> String {
    let path = root().join("events/log-group/created-without-key.json");
    let mut event: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    event["detail"]["eventID"] = id.into();
    json!({ "Records": [event["detail"]] }).to_string()
}

/// What a replay printed.
struct Replay {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Replay {
    fn ids(&self) -> Vec<String> {
        let receipts = self.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        receipts.map(|receipt| receipt["event_id"].as_str().unwrap().to_owned()).collect()
    }

    fn summary(&self) -> &str {
        self.err.lines().find(|line| line.contains(" read in ")).unwrap_or(&self.err)
    }

    fn told(&self, words: &str) {
        assert!(self.err.contains(words), "`{words}` isn't told:\n{}", self.err);
    }
}

fn replay_with(lab: &Lab, paths: &[&str], variables: &[(&str, &str)]) -> Replay {
    let output = lab.command_line(&[&["replay", "--format", "json"], paths].concat(), variables);
    Replay {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn replay(lab: &Lab, path: &str) -> Replay {
    replay_with(lab, &[path], &[])
}

fn url(prefix: &str) -> String {
    format!("s3://{BUCKET}/{prefix}")
}

/// A bucket with these objects, each a log file with one record: its id is the key's last part.
fn lab_with(keys: &[&str]) -> Lab {
    let lab = Lab::start();
    lab.create_bucket(BUCKET, REGION);
    for key in keys {
        put(&lab, key, "STANDARD");
    }
    lab
}

fn put(lab: &Lab, key: &str, storage: &str) {
    let id = key.rsplit('/').next().unwrap().split('.').next().unwrap();
    lab.put_object(BUCKET, key, &gzipped(&log_file(id)), storage);
}

fn strike(lab: &Lab, operation: &str, fault: Value) {
    let mut order = json!({ "service": "s3", "operation": operation });
    order.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
    lab.fault(order);
}

/// All files below a folder, by their paths.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_bucket_gives_what_its_copy_on_a_disk_gives() {
    let lab = lab_with(&[]);
    let events = root().join("events");
    for (number, file) in files(&events).iter().enumerate() {
        let key = format!("events/{}", file.strip_prefix(&events).unwrap().display());
        let content = fs::read_to_string(file).unwrap();
        match number % 2 {
            0 => lab.put_object(BUCKET, &key, content.as_bytes(), "STANDARD"),
            _ => lab.put_object(BUCKET, &format!("{key}.gz"), &gzipped(&content), "STANDARD"),
        }
    }
    lab.put_object(BUCKET, "events/README.md", b"no event", "STANDARD");
    lab.put_object(BUCKET, "events/empty/", b"", "STANDARD");
    // A sibling of a longer name isn't below the prefix.
    lab.put_object(BUCKET, "events-of-others/a.json", log_file("stranger").as_bytes(), "STANDARD");
    let state = events.join("state.json").display().to_string();
    let folder = events.display().to_string();
    let wanted = replay_with(&lab, &[&folder, "--state", &state], &[]);
    assert_eq!(wanted.status, Some(0), "{}", wanted.err);
    assert!(wanted.out.lines().count() > 50);
    for prefix in ["events", "events/"] {
        let found = replay_with(&lab, &[&url(prefix), "--state", &state], &[]);
        assert_eq!((found.status, &found.out), (Some(0), &wanted.out), "{}", found.err);
        found.told("1 × a file whose name doesn't say JSON, passed over");
        // Locally the state file is known by where it lies.
        found.told("1 × a state file (give it with --state)");
    }
    let called = lab.operations();
    assert!(called.iter().all(|it| it == "s3:ListObjectsV2" || it == "s3:GetObject"), "{called:?}");
}

#[test]
fn keys_are_listed_page_by_page() {
    let keys: Vec<String> = (0..1_100).map(|number| format!("AWSLogs/id-{number:04}.json.gz")).collect();
    let lab = lab_with(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    let run = replay(&lab, &url("AWSLogs"));
    assert_eq!(run.status, Some(0), "{}", run.err);
    let wanted: Vec<String> = (0..1_100).map(|number| format!("id-{number:04}")).collect();
    assert_eq!(run.ids(), wanted);
    assert_eq!((lab.count("s3:ListObjectsV2"), lab.count("s3:GetObject")), (2, 1_100));
    lab.begin_anew();
    // The second page is denied: what the first one listed is read.
    strike(&lab, "ListObjectsV2", json!({ "kind": "access-denied", "after": 1 }));
    let run = replay(&lab, &url("AWSLogs"));
    assert_eq!((run.status, run.ids().len()), (Some(2), 1_000), "{}", run.err);
    run.told("can't read s3://archive-of-logs/AWSLogs: AccessDenied");
    assert!(run.summary().ends_with("1 unreadable"), "{}", run.err);
}

#[test]
fn one_object_or_nothing_or_odd_characters() {
    let odd = "odd/a%20b%2Bc%C3%A4%26%23.json.gz";
    let lab = lab_with(&["x/a.json.gz", "x/a.json.gz.other.json", odd]);
    lab.put_object(BUCKET, "x/no-ending", log_file("plain").as_bytes(), "STANDARD");
    assert_eq!(replay(&lab, &url("x/a.json.gz")).ids(), ["a"], "and not what is called alike");
    assert_eq!(replay(&lab, &url("x/no-ending")).ids(), ["plain"]);
    let run = replay(&lab, &url("odd/a b+cä&#.json.gz"));
    assert_eq!((run.status, run.ids().len()), (Some(0), 1), "{}", run.err);
    for (prefix, words) in [("missing", "nothing is there"), ("x/a", "nothing is there")] {
        let run = replay(&lab, &url(prefix));
        assert_eq!(run.status, Some(2), "{prefix}");
        run.told(&format!("can't read s3://archive-of-logs/{prefix}: {words}"));
    }
    let run = replay(&lab, "s3://Not_A_Bucket/x");
    assert_eq!(run.status, Some(2));
    run.told("can't be a bucket's name");
}

#[test]
fn what_cannot_be_got_is_told_and_the_rest_is_read() {
    let lab = lab_with(&["x/a.json.gz", "x/b.json.gz", "x/d.json.gz"]);
    put(&lab, "x/c.json.gz", "GLACIER");
    let key = json!({ "Bucket": BUCKET, "Key": "x/b.json.gz" });
    let denied =
        "User: x is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext";
    for (fault, words) in [
        (json!({ "kind": "access-denied" }), "AccessDenied"),
        (json!({ "kind": "error", "status": 403, "code": "AccessDenied", "message": denied }), "kms:Decrypt"),
        (
            json!({ "kind": "error", "status": 404, "code": "NoSuchKey", "message": "x" }),
            "it was deleted after it was listed",
        ),
        (json!({ "kind": "cut-body" }), "breaks off"),
    ] {
        lab.begin_anew();
        let mut fault = fault;
        fault["where"] = key.clone();
        strike(&lab, "GetObject", fault);
        let run = replay(&lab, &url("x"));
        assert_eq!(
            (run.status, run.ids()),
            (Some(2), vec!["a".to_owned(), "d".to_owned()]),
            "{words}: {}",
            run.err
        );
        run.told("can't read s3://archive-of-logs/x/b.json.gz: ");
        run.told(words);
        run.told("can't read s3://archive-of-logs/x/c.json.gz: InvalidObjectState");
        assert!(run.summary().ends_with("2 unreadable"), "{}", run.err);
    }
}

#[test]
fn what_passes_is_waited_out_and_nothing_counts_twice() {
    let lab = lab_with(&["x/a.json.gz", "x/b.json.gz", "x/c.json.gz"]);
    for (operation, fault) in [
        ("ListObjectsV2", json!({ "kind": "throttle", "times": 2 })),
        ("ListObjectsV2", json!({ "kind": "cut", "times": 1 })),
        ("GetObject", json!({ "kind": "throttle", "times": 3 })),
        ("GetObject", json!({ "kind": "error", "status": 500, "times": 2 })),
        ("GetObject", json!({ "kind": "cut", "times": 2 })),
        ("GetObject", json!({ "kind": "cut-body", "times": 3 })),
    ] {
        lab.begin_anew();
        strike(&lab, operation, fault.clone());
        let run = replay(&lab, &url("x"));
        assert_eq!(
            (run.status, run.ids()),
            (Some(0), ["a", "b", "c"].map(str::to_owned).to_vec()),
            "{fault}: {}",
            run.err
        );
        assert!(run.summary().starts_with("3 events read in 3 files: 3 judged"), "{fault}: {}", run.err);
    }
}

#[test]
fn an_object_that_is_not_held_in_memory_is_read_anew_where_it_breaks_off() {
    let lab = lab_with(&[]);
    let record = serde_json::from_str::<Value>(&log_file("x")).unwrap()["Records"][0].clone();
    let records: Vec<Value> = (0..40)
        .map(|number| {
            let mut record = record.clone();
            record["eventID"] = format!("id-{number:02}").into();
            record["userAgent"] = "x".repeat(1 << 18).into();
            record
        })
        .collect();
    let log = json!({ "Records": records });
    for text in [log.to_string(), format!("{log:#}")] {
        lab.put_object(BUCKET, "x/large.json", text.as_bytes(), "STANDARD");
        for (times, status) in [(json!(2), 0), (json!(null), 2)] {
            lab.begin_anew();
            strike(&lab, "GetObject", json!({ "kind": "cut-body", "times": times }));
            let run = replay(&lab, &url("x"));
            let read = run.ids().len();
            assert_eq!(run.status, Some(status), "{}", run.err);
            assert!(if status == 0 { read == 40 } else { (10..40).contains(&read) }, "{read}: {}", run.err);
            assert!(
                run.summary().starts_with(&format!("{read} events read in 1 file: {read} judged")),
                "{}",
                run.err
            );
        }
        run_breaks_off_where(&lab);
    }
}

/// The fault has its byte, like that of a file.
fn run_breaks_off_where(lab: &Lab) {
    let run = replay(lab, &url("x"));
    run.told("can't read s3://archive-of-logs/x/large.json (byte ");
    run.told("it can be read no further: the answer breaks off");
}

#[test]
fn the_region_of_the_bucket_is_found() {
    let lab = lab_with(&["x/a.json.gz"]);
    for region in ["us-east-1", "ap-southeast-2", REGION] {
        let run = replay_with(&lab, &[&url("x")], &[("AWS_REGION", region)]);
        assert_eq!((run.status, run.ids().len()), (Some(0), 1), "{region}: {}", run.err);
        let asked = if region == REGION { 1 } else { 2 };
        assert_eq!((lab.count("s3:ListObjectsV2"), lab.count("s3:GetObject")), (asked, 1), "{region}");
        lab.begin_anew();
    }
    let no_region =
        [("AWS_REGION", ""), ("AWS_CONFIG_FILE", "/missing"), ("AWS_EC2_METADATA_DISABLED", "true")];
    assert_eq!(replay_with(&lab, &[&url("x")], &no_region).status, Some(0));
}

#[test]
fn what_is_wrong_with_bucket_credentials_or_endpoint_is_told() {
    let lab = lab_with(&["x/a.json.gz"]);
    let run = replay(&lab, "s3://missing-bucket/x");
    assert_eq!(run.status, Some(2));
    run.told("can't read s3://missing-bucket/x: NoSuchBucket");
    strike(&lab, "ListObjectsV2", json!({ "kind": "access-denied" }));
    let run = replay_with(
        &lab,
        &[&url("x"), &root().join("events/log-group/created-without-key.json").display().to_string()],
        &[],
    );
    assert_eq!((run.status, run.ids().len()), (Some(2), 1), "the rest goes on");
    run.told("it needs s3:ListBucket on the bucket");
    lab.clear_faults();
    let nobody = [
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_CONFIG_FILE", "/missing"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/missing"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let run = replay_with(&lab, &[&url("x")], &nobody);
    assert_eq!(run.status, Some(2));
    run.told("credential");
    let elsewhere =
        [("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_ENDPOINT_URL_S3", lab.endpoint.as_str())];
    assert_eq!(replay_with(&lab, &[&url("x")], &elsewhere).status, Some(0), "the endpoint of S3 goes first");
    let profile = "[default]\nservices = s\n[services s]\ns3 =\n  endpoint_url = http://example.com\n";
    let profile = [("AWS_CONFIG_FILE", lab.write("config", profile)), ("AWS_ENDPOINT_URL", String::new())];
    let profile = profile.each_ref().map(|(name, value)| (*name, value.as_str()));
    for variables in [&[("AWS_ENDPOINT_URL_S3", "http://example.com")][..], &profile] {
        let run = replay_with(&lab, &[&url("x")], variables);
        assert_eq!(run.status, Some(2));
        run.told("`http://example.com`: write an https address, or http to a loopback address");
    }
}
