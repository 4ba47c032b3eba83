//! The search through a log file's bytes finds what the exact reader finds, or leaves the file to it.

use super::super::documents;
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn record(id: &str, source: &str, name: &str, more: Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/somebody" },
        "eventTime": "2026-11-03T09:12:44Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": { "logGroupName": "/app/a" },
        "responseElements": null,
        "eventID": id,
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    });
    let (Value::Object(fields), Value::Object(more)) = (&mut record, more) else { return record };
    fields.extend(more);
    record
}

fn created(id: &str) -> Value {
    record(id, "logs.amazonaws.com", "CreateLogGroup", json!({}))
}

fn other(id: &str, more: Value) -> Value {
    record(id, "ec2.amazonaws.com", "DescribeInstances", more)
}

fn used(id: &str, time: &str, more: Value) -> Value {
    let key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
    let mut used = record(
        id,
        "kms.amazonaws.com",
        "Decrypt",
        json!({
            "eventTime": time, "requestParameters": null, "resources": [{ "accountId": "111122223333", "ARN": key }],
        }),
    );
    let (Value::Object(fields), Value::Object(more)) = (&mut used, more) else { return used };
    fields.extend(more);
    used
}

fn log_file(records: &[Value]) -> String {
    json!({ "Records": records }).to_string()
}

/// What was kept, and what was counted.
fn told(part: Part) -> (Vec<String>, super::super::Counts) {
    let Part { changes, uses, counts, .. } = part;
    let mut kept: Vec<String> =
        changes.into_iter().chain(uses.into_changes()).map(|change| format!("{change:?}")).collect();
    kept.sort();
    (kept, counts)
}

fn exactly(text: &str) -> (Vec<String>, super::super::Counts) {
    let mut part = Part::default();
    documents::read(&mut part, "a file", text.as_bytes());
    told(part)
}

#[test]
fn both_readers_find_the_same_whatever_is_unpacked_at_a_time() {
    let hostile =
        r#"x","eventName":"CreateLogGroup"},{"eventVersion":"1.11","eventSource":"logs.amazonaws.com"#;
    let text = log_file(&[
        other("1", json!({ "userAgent": hostile })),
        created("2"),
        other(
            "3",
            json!({ "requestParameters": { "eventName": "DeleteTrail", "eventSource": "x", "list": [{ "eventTime": "y" }] } }),
        ),
        other(
            "4",
            json!({ "requestParameters": { "value": "eventName", "values": ["eventVersion", "eventSource"] } }),
        ),
        used("5", "2026-11-03T09:00:01Z", json!({})),
        used("6", "2026-11-03T09:30:00Z", json!({})),
        used("7", "2026-11-03T09:00:00Z", json!({})),
        used("8", "2026-11-03T10:00:00Z", json!({})),
        used("9", "2026-11-03T09:45:00Z", json!({ "errorCode": "AccessDenied" })),
        record(
            "10",
            "kms.amazonaws.com",
            "DisableKey",
            json!({ "requestParameters": { "keyId": "a\\\"b" } }),
        ),
        other("11", json!({ "eventCategory": "Data" })),
        other("11b", json!({ "userIdentity": { "type": "Root", "eventual": 1, "event": 2, "eventTim": 3 } })),
        created("12"),
    ]);
    let expected = exactly(&text);
    assert_eq!(expected.0.len(), 5);
    assert_eq!((expected.1.records, expected.1.further_uses), (13, 2));
    for step in (1..200).chain([1_000, 4_096, WINDOW]) {
        let Ok(part) = read_by(text.as_bytes(), &Uses::default(), step) else {
            panic!("{step} bytes at a time")
        };
        let found = told(part);
        assert_eq!(found.0, expected.0, "{step} bytes at a time");
        assert_eq!(found.1.records, expected.1.records, "{step} bytes at a time");
        assert_eq!(found.1.further_uses, expected.1.further_uses, "{step} bytes at a time");
    }
}

#[test]
fn what_is_not_as_cloudtrail_writes_it_is_left_to_the_exact_reader() {
    let plain = log_file(&[other("1", json!({})), created("2"), other("3", json!({}))]);
    assert!(read(plain.as_bytes(), &Uses::default()).is_ok());
    assert!(
        read(format!("{plain}\n").as_bytes(), &Uses::default()).is_ok(),
        "a last line break is no matter"
    );
    let pretty = |value: &Value| format!("{value:#}");
    let whole: Value = serde_json::from_str(&plain).unwrap_or_default();
    let cut = plain.get(..plain.len() - 40).unwrap_or_default().to_owned();
    for (name, text) in [
        ("pretty", pretty(&whole)),
        ("an event", created("1").to_string()),
        ("cut off", cut),
        ("cut behind a record", plain.trim_end_matches("]}").to_owned()),
        ("empty", String::new()),
        ("no records", json!({ "Records": [] }).to_string()),
        ("more beside the records", json!({ "Records": [created("1")], "more": 1 }).to_string()),
        ("two documents", format!("{plain}{plain}")),
        ("other keys first", plain.replace(r#"{"eventVersion":"1.11","#, r#"{"a":1,"eventVersion":"1.11","#)),
        ("a name with an escape", plain.replace("CreateLogGroup", "Create\\u004cogGroup")),
        ("a name that is no text", plain.replace("\"CreateLogGroup\"", "7")),
        ("no time", plain.replacen("\"eventTime\":\"2026-11-03T09:12:44Z\",", "", 1)),
        ("no name", plain.replace("\"eventName\":\"DescribeInstances\",", "")),
        (
            "the name before the source",
            plain.replace(
                r#""eventSource":"logs.amazonaws.com","eventName":"CreateLogGroup""#,
                r#""eventName":"CreateLogGroup","eventSource":"logs.amazonaws.com""#,
            ),
        ),
        ("a line break between records", plain.replace(r#"},{"eventVersion":"#, "},\n{\"eventVersion\":")),
        ("a space between records", plain.replace(r#"},{"eventVersion":"#, r#"}, {"eventVersion":"#)),
        (
            "a record of another order behind a line break",
            plain.replace(r#"},{"eventVersion":"1.11","userIdentity""#, "},\n{\"userIdentity\""),
        ),
        (
            "the same behind a text",
            plain.replace(r#"},{"eventVersion":"1.11","userIdentity""#, r#"},"x",{"userIdentity""#),
        ),
        ("no comma between records", plain.replace(r#"},{"eventVersion":"#, r#"} {"eventVersion":"#)),
        ("a number between records", plain.replace(r#"},{"eventVersion":"#, r#"},7,{"eventVersion":"#)),
        ("one file's end and another's head between records", plain.replace(r#"},{"#, r#"}]}{"Records":[{"#)),
        ("a record without its first key", plain.replace(r#"},{"eventVersion":"1.11","#, r#"},{"#)),
        (
            "a record's first key with an escape",
            plain.replace(r#"},{"eventVersion":"#, r#"},{"\u0065ventVersion":"#),
        ),
        (
            "a record that matters and is broken",
            plain.replace(
                "\"responseElements\":null,\"eventID\":\"2\"",
                "\"responseElements\":nul,\"eventID\":\"2\"",
            ),
        ),
        (
            "a record that matters and tells no Region",
            log_file(&[record("1", "logs.amazonaws.com", "CreateLogGroup", json!({ "awsRegion": null }))]),
        ),
    ] {
        assert!(read(text.as_bytes(), &Uses::default()).is_err(), "{name}");
    }
}

/// Values that a caller may have recorded: texts of what tells lists and records apart, and objects and lists of them, records
/// among them.
fn anything() -> impl Strategy<Value = Value> {
    let piece = prop::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        "\"",
        "\\",
        ",",
        ":",
        "x",
        "\n",
        r#"},{"eventVersion":"1.11""#,
        r#"":["#,
        r#"}]"#,
    ]);
    let text = prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    let forged =
        prop::sample::select(vec![created("forged"), other("forged", json!({})), json!({ "a": {} })]);
    let leaf = prop_oneof![
        4 => text.clone().prop_map(Value::from),
        1 => prop::sample::select(vec![json!(null), json!(true), json!(-1.5e3), json!(443)]),
        2 => forged,
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let key = prop_oneof![text.clone(), Just("eventVersion".to_owned()), Just("list".to_owned())];
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            2 => prop::collection::vec((key, inner), 0..4).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_caller_writes_makes_no_record_and_hides_none(values in prop::collection::vec(anything(), 1..4), step in 1..300_usize) {
        let with = |(index, value): (usize, &Value)| {
            [other(&format!("{index}a"), json!({ "requestParameters": value })), created(&format!("{index}b"))]
        };
        let text = log_file(&values.iter().enumerate().flat_map(with).collect::<Vec<_>>());
        let expected = exactly(&text);
        prop_assert_eq!(expected.1.records, 2 * values.len());
        for step in [step, WINDOW] {
            let Ok(part) = read_by(text.as_bytes(), &Uses::default(), step) else {
                return Err(TestCaseError::fail(format!("{step} bytes at a time: {text}")));
            };
            prop_assert_eq!(&told(part), &expected, "{} bytes at a time: {}", step, text);
        }
    }
}

#[test]
fn lists_that_a_caller_writes_hold_no_records() {
    let forged = json!({ "eventVersion": "1", "eventTime": "x", "eventSource": "y", "eventName": "z" });
    for (name, request) in [
        ("a record", json!({ "list": [created("x")] })),
        ("behind an object", json!({ "list": [{}, created("x")] })),
        ("behind an object and before another", json!({ "list": [{ "a": {} }, created("x"), forged] })),
        ("in a list of a list", json!({ "list": [[{ "a": {} }, created("x"), forged]] })),
        ("behind a key that ends with a backslash", json!({ "list\\": [{ "a": {} }, created("x"), forged] })),
        ("behind a text that is a bracket", json!({ "list": [{ "a": "]" }, created("x"), forged] })),
        ("behind a text that ends with a bracket", json!({ "list": [{ "a": "x]" }, created("x"), forged] })),
        ("behind a text with an escape", json!({ "list": [{ "a": "\"}]" }, created("x"), forged] })),
        (
            "behind a text that ends with a colon",
            json!({ "list": [{ "a": ":", "b": "}]" }, created("x"), forged] }),
        ),
        (
            "behind brackets that a text opens",
            json!({ "a": "[S3Console/0.4]", "list": [created("x"), forged] }),
        ),
        ("behind a list in a text", json!({ "a": "\":[", "list": [{}, created("x"), forged] })),
        ("behind a text that ends like an object", json!({ "a": "},{", "list": [{}, created("x"), forged] })),
        ("behind a text that begins like a list", json!({ "a": ":[", "list": [{}, created("x"), forged] })),
        ("behind numbers", json!({ "ports": [80, 443], "list": [{ "a": 1 }, created("x"), forged, 7] })),
    ] {
        let text =
            log_file(&[created("1"), other("2", json!({ "requestParameters": request })), created("3")]);
        let expected = exactly(&text);
        assert_eq!((expected.0.len(), expected.1.records), (2, 3), "{name}");
        for step in (1..100).chain([1_000, WINDOW]) {
            let Ok(part) = read_by(text.as_bytes(), &Uses::default(), step) else { panic!("{name}, {step}") };
            assert_eq!(told(part), expected, "{name}, {step} bytes at a time");
        }
    }
}

#[test]
fn a_file_that_breaks_off_while_it_is_unpacked_is_left_to_the_exact_reader() {
    struct Broken<'a>(&'a [u8]);
    impl Read for Broken<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.read(into)?;
            if count == 0 { Err(std::io::Error::other("corrupt deflate stream")) } else { Ok(count) }
        }
    }
    assert!(read(Broken(log_file(&[created("1")]).as_bytes()), &Uses::default()).is_err());
}

#[test]
fn a_use_whose_time_is_not_plain_is_read_and_not_guessed() {
    let first = used("1", "2026-11-03T09:00:00Z", json!({}));
    for (time, left_over) in [
        ("2026-11-03T09:00:01Z", 1),
        ("2026-11-03T09:59:59Z", 1),
        ("2026-11-03T09:59:59.5Z", 1),
        ("2026-11-03T09:59:59+00:00", 1),
        ("2026-11-03T11:30:00+02:00", 1),
        ("2026-11-03T10:00:00Z", 0),
        ("2026-11-03T09:30:00+02:00", 0),
    ] {
        let text = log_file(&[first.clone(), used("2", time, json!({}))]);
        let Ok(part) = read(text.as_bytes(), &Uses::default()) else { panic!("{time}") };
        assert_eq!(part.counts.further_uses, left_over, "{time}");
    }
    for time in ["2026-11-03T09:60:00Z", "2026-11-03T09:1:000Z", "2026-11-03T09:00:5 Z", "2026-11-03T09"] {
        let text = log_file(&[first.clone(), used("2", time, json!({}))]);
        assert!(read(text.as_bytes(), &Uses::default()).is_err(), "{time}");
    }
}

#[test]
fn which_copy_of_a_use_is_kept_does_not_hang_on_the_order() {
    let time = "2026-11-03T09:00:00Z";
    let copies = [
        used("1", time, json!({})),
        used("1", time, json!({ "eventName": "Encrypt" })),
        used("1", time, json!({ "userAgent": "cut" })),
    ];
    let backwards: Vec<Value> = copies.iter().rev().cloned().collect();
    let one = read(log_file(&copies).as_bytes(), &Uses::default()).map(told).ok();
    assert_eq!(one, read(log_file(&backwards).as_bytes(), &Uses::default()).map(told).ok());
    assert_eq!(one.map(|(kept, counts)| (kept.len(), counts.further_uses)), Some((1, 2)));
}

#[test]
fn which_use_of_an_hour_is_kept_does_not_hang_on_the_order() {
    let times = ["09:00:01", "09:59:59", "10:00:00", "09:00:00", "09:30:00"];
    let uses: Vec<Value> = times
        .iter()
        .enumerate()
        .map(|(index, time)| used(&index.to_string(), &format!("2026-11-03T{time}Z"), json!({})))
        .collect();
    let mut backwards = uses.clone();
    backwards.reverse();
    let one = read(log_file(&uses).as_bytes(), &Uses::default()).map(told).ok();
    let other = read(log_file(&backwards).as_bytes(), &Uses::default()).map(told).ok();
    assert_eq!(one, other);
    assert_eq!(one.map(|(kept, counts)| (kept.len(), counts.further_uses)), Some((2, 3)));
}

#[test]
fn a_record_may_have_as_much_however_its_file_is_packed() {
    let large = other("1", json!({ "userAgent": "x".repeat(LARGEST) }));
    let text = log_file(&[large, created("2")]);
    assert!(read_whole(text.as_bytes(), &Uses::default()).is_err());
    assert!(read(text.as_bytes(), &Uses::default()).is_err());
}

#[test]
fn a_record_without_an_end_is_not_held() {
    let endless = br#"{"Records":[{"eventVersion":"1.11""#.chain(std::io::repeat(b' '));
    assert!(read(endless, &Uses::default()).is_err());
}

#[test]
fn a_use_is_of_the_keys_among_its_resources_whatever_its_caller_writes() {
    let elsewhere =
        json!({ "encryptionContext": { "ARN": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd" } });
    let other = |id: &str, resources: Value| {
        let more = json!({ "requestParameters": elsewhere, "resources": resources });
        used(id, "2026-11-03T09:30:00Z", more)
    };
    let key = "arn:aws:kms:eu-central-1:111122223333:key/5678efab";
    for resources in [json!([{ "ARN": key }]), json!([{ "arn": key }]), json!([])] {
        let text = log_file(&[used("1", "2026-11-03T09:00:00Z", json!({})), other("2", resources.clone())]);
        let Ok(part) = read(text.as_bytes(), &Uses::default()) else { panic!("{resources}") };
        assert_eq!(told(part).0, exactly(&text).0, "{resources}");
        assert_eq!(exactly(&text).0.len(), 2, "{resources}");
    }
}
