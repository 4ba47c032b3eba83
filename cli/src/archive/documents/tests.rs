//! What is read of each shape, what is told of each fault and with which byte, and that nothing is lost or counted twice.

use super::*;
use crate::archive::Counts;
use serde_json::{Value, json};
use std::io::Error;

/// A source that breaks off behind its last byte.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(Error::other("corrupt deflate stream"))
    }
}

/// What a text came to: the ids of the changes, the counts, what was told.
fn read_as(text: &[u8], step: u64, largest: usize, fails: bool) -> (Vec<String>, Counts, Vec<String>) {
    let mut part = Part::default();
    match fails {
        true => read_by(&mut part, "f", Window::new(text.chain(Broken), step), largest),
        false => read_by(&mut part, "f", Window::new(text, step), largest),
    }
    let told = part.troubles().map(str::to_owned).collect();
    let ids = part.changes.iter().map(|change| change.event_id.raw().to_owned()).collect();
    (ids, part.counts, told)
}

/// The same, however many bytes come at a time.
fn read_all(text: impl AsRef<[u8]>) -> (Vec<String>, Counts, Vec<String>) {
    let text = text.as_ref();
    let whole = read_as(text, STEP, LARGEST, false);
    for step in [1, 2, 3, 7, 64] {
        assert_eq!(read_as(text, step, LARGEST, false), whole, "{step} bytes at a time");
    }
    whole
}

fn record(id: &str) -> Value {
    json!({ "eventVersion": "1.11", "eventTime": "2026-11-03T09:12:44Z", "eventSource": "logs.amazonaws.com",
        "eventName": "CreateLogGroup", "awsRegion": "eu-central-1", "eventID": id, "recipientAccountId": "111122223333",
        "requestParameters": { "logGroupName": "/a \"[{" } })
}

fn ids(text: impl AsRef<[u8]>) -> Vec<String> {
    let (ids, counts, told) = read_all(text);
    assert_eq!((counts.records, counts.unreadable), (ids.len(), 0), "{told:?}");
    ids
}

#[test]
fn records_are_read_in_every_shape() {
    let (a, b, c) = (record("a"), record("b"), record("c"));
    let looked_up = json!({ "Events": [{ "EventId": "a", "CloudTrailEvent": a.to_string() },
        { "CloudTrailEvent": b.to_string() }, { "CloudTrailEvent": c.to_string() }], "NextToken": "x" });
    let log = json!({ "Records": [a, b, c] });
    for (name, text) in [
        ("a log file", log.to_string()),
        ("a log file for people", format!("{log:#}\n")),
        (
            "a log file without indentation",
            format!("{log:#}").lines().map(str::trim_start).collect::<Vec<_>>().join("\n"),
        ),
        ("a list", json!([a, b, c]).to_string()),
        ("a list for people", format!("{:#}", json!([a, b, c]))),
        ("a record a line", format!("{a}\n{b}\r\n{c}")),
        ("records for people, one after the other", format!("{a:#}\n{b:#}\n\n{c:#}\n")),
        ("without anything between", format!("{a}{b}{c}")),
        ("a list, a line a record", format!("[\n{a},\n{b},\n{c}\n]\n")),
        ("a log file, a line a record", format!("{{\"Records\":[\n{a},\n{b},\n{c}\n]}}\n")),
        ("what lookup-events prints", looked_up.to_string()),
        ("that for people", format!("{looked_up:#}")),
        ("keys before and behind", format!(r#"{{"x":{{"Records":[1]}},"Records":[{a},{b},{c}],"y":[[]]}}"#)),
        ("the records twice", format!(r#"{{"Records":[{a}],"x":1,"Records":[{b},{c}]}}"#)),
        ("an escaped key", format!(r#"{{"\u0052ecords":[{a},{b},{c}]}}"#)),
        (
            "log files in a list",
            json!([{ "Records": [a] }, { "Records": [] }, { "Records": [b, c] }]).to_string(),
        ),
        ("a byte-order mark", format!("\u{feff}{log}")),
        ("much white space", format!("{}{log}{}", " \n".repeat(999), "\t\r\n".repeat(999))),
    ] {
        assert_eq!(ids(&text), ["a", "b", "c"], "{name}");
    }
    assert!(ids(r#"{"Records":[]}"#).is_empty());
    assert!(ids("[ ]").is_empty());
}

#[test]
fn a_fault_is_told_with_its_byte_and_costs_no_more_than_it_must() {
    let (a, b) = (record("a").to_string(), record("b").to_string());
    let long = a.len() + 12;
    let log = |middle: &str| format!(r#"{{"Records":[{a},{middle},{b}]}}"#);
    let at = |place: usize, what: &str| vec![format!("f (byte {place}): {what}")];
    let record_1 = |place: usize, what: &str| vec![format!("f, record 1 (byte {place}): {what}")];
    let neither = "neither an EventBridge event (`detail-type`, `detail`) nor a CloudTrail record (`eventSource`, `eventName`)";
    let rest = "; the rest of this document isn't read";
    for (name, text, found, told) in [
        ("a number that is none", log("1e400"), &["a", "b"][..], record_1(long + 5, "number out of range")),
        (
            "half a surrogate pair",
            log(r#"{"x":"\ud800"}"#),
            &["a", "b"],
            record_1(long + 13, "unexpected end of hex escape"),
        ),
        ("a word that is none", log(r#"{"x":nul}"#), &["a", "b"], record_1(long + 9, "expected ident")),
        ("not an event", log(r#"{"x":1}"#), &["a", "b"], record_1(long + 1, neither)),
        (
            "a missing comma",
            log(r#"{"x":1 "y":2}"#),
            &["a"],
            at(long + 8, &format!("expected `,` or `}}`{rest}")),
        ),
        ("a record too few", log(""), &["a"], at(long + 1, &format!("expected a value{rest}"))),
        ("NULs in the middle", log("\0\0\0"), &["a"], at(long + 1, &format!("expected a value{rest}"))),
        ("a lone bracket", "[".to_owned(), &[], at(1, &format!("EOF within a document{rest}"))),
        ("nothing but NULs", "\0".repeat(999), &[], at(0, &format!("expected a value{rest}"))),
        ("`Records` that are no list", r#" {"Records":{}}"#.to_owned(), &[], at(1, "`Records` is no list")),
        (
            "neither behind a list",
            r#"{"Records":[],"Records":7}"#.to_owned(),
            &[],
            at(13, "`Records` is no list"),
        ),
        ("a fault beside", format!(r#"{{"Records":[{a}],"x":nul}}"#), &["a"], at(long + 9, "expected ident")),
        ("a fault before", format!(r#"{{"x":nul,"Records":[{a}]}}"#), &["a"], at(8, "expected ident")),
        ("nothing", String::new(), &[], vec!["f: it is empty".to_owned()]),
        ("white space", " \n".to_owned(), &[], vec!["f: it is empty".to_owned()]),
    ] {
        let (ids, counts, heard) = read_all(&text);
        assert_eq!(
            (ids.as_slice(), &heard),
            (found.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>().as_slice(), &told),
            "{name}"
        );
        assert_eq!(counts.unreadable, 1, "{name}");
    }
}

#[test]
fn behind_a_broken_document_the_next_line_is_read() {
    let (a, b) = (record("a").to_string(), record("b").to_string());
    let pretty = format!("{:#}", record("x"));
    for (name, broken) in [
        ("cut within a text", a[..a.len() - 3].trim_end_matches('}').to_owned() + "\"x"),
        ("cut behind a comma", r#"{"x":{"y":1,"#.to_owned()),
        ("cut behind a value", r#"{"x":{"y":1"#.to_owned()),
        ("cut behind a bracket", r#"{"x":[{"#.to_owned()),
        ("no JSON", "no JSON".to_owned()),
        ("over many lines", pretty.replacen(':', " ", 1)),
        (
            "a log file that is cut behind a record",
            r#"{"Records":[{"eventName":"x","eventCategory":"Data"}"#.to_owned(),
        ),
        ("a log file that is cut", r#"{"Records":[{"x":"#.to_owned()),
    ] {
        let (ids, counts, told) = read_all(format!("{a}\n{broken}\n{b}\n{a}\n"));
        assert_eq!(ids, ["a", "b", "a"], "{name}: {told:?}");
        assert_eq!(counts.unreadable, 1, "{name}: {told:?}");
    }
}

#[test]
fn invalid_utf_8_costs_its_record() {
    let mut text = json!([record("a"), record("/b"), record("c")]).to_string().into_bytes();
    let at = text.iter().position(|byte| *byte == b'b').map_or(0, |at| at);
    let at = text.windows(2).position(|pair| pair == b"/b").unwrap_or(at) + 1;
    text[at] = 0xff;
    let (ids, _, told) = read_all(&text);
    assert_eq!(ids, ["a", "c"]);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("f, record 1 (byte ") && told[0].contains("invalid unicode"), "{told:?}");
}

#[test]
fn two_bytes_a_character_are_called_by_their_name() {
    let text: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read_all(text).2, ["f: it is UTF-16: convert it to UTF-8"]);
}

#[test]
fn what_holds_or_packs_files_is_called_by_its_name() {
    let tar = [b"a.json".as_slice(), &[0; 251], b"ustar\x0000", &[0; 247], b"{}"].concat();
    for (text, what) in [
        (b"PK\x03\x04{}\n{}".as_slice(), "a zip archive"),
        (b"BZh91AY", "packed by bzip2"),
        (b"\xfd7zXZ\0", "packed by xz"),
        (b"\x28\xb5\x2f\xfd\n1", "packed by zstd"),
        (&tar, "a tar archive"),
    ] {
        assert_eq!(read_all(text).2, [format!("f: it is {what}, and no JSON: unpack it")]);
    }
}

#[test]
fn a_file_that_begins_with_no_json_is_told_as_such() {
    let (_, counts, told) = read_all(format!("when,name\n{}\n", record("a")));
    assert_eq!((counts.records, told), (2, vec!["f (byte 0): it isn't JSON: expected value".to_owned()]));
    assert_eq!(read_all("--- # YAML").2, ["f (byte 1): it isn't JSON: invalid number"]);
}

#[test]
fn what_was_read_before_a_source_breaks_off_counts_once() {
    let text = format!("{:#}", json!({ "Records": [record("a"), record("b"), record("c")] }));
    let cut = &text.as_bytes()[..text.len() - 60];
    for step in [1, 5, STEP] {
        let (ids, counts, told) = read_as(cut, step, LARGEST, true);
        assert_eq!((ids, counts.records, counts.unreadable), (vec!["a".to_owned(), "b".to_owned()], 2, 1));
        let place = format!("f (byte {}): it can be read no further: corrupt deflate stream", cut.len());
        assert_eq!(told, [place]);
    }
    // Lines of what breaks off are no documents.
    let lines = text.lines().map(str::trim_start).collect::<Vec<_>>().join("\n");
    let (ids, _, told) =
        read_as(lines.trim_end_matches(['}', ']', '\n', ' ']).as_bytes(), STEP, LARGEST, true);
    assert_eq!((ids.len(), told.len()), (2, 1), "{told:?}");
    let (ids, _, told) = read_as(b"", 1, LARGEST, true);
    assert_eq!((ids.len(), told.len()), (0, 1));
}

#[test]
fn what_is_too_large_is_told_and_costs_itself() {
    let large = json!({ "eventName": "x".repeat(3_000), "list": [[{ "a": 1 }]] });
    let beside = json!({ "x": "x".repeat(3_000), "Records": [record("a")], "y": large }).to_string();
    for (name, text, told) in [
        ("a record", json!({ "Records": [record("a"), large, record("b")] }).to_string(), 1),
        ("a record of a list", json!([record("a"), large, record("b")]).to_string(), 1),
        ("a line", format!("{}\n{large}\n{}\n", record("a"), record("b")), 1),
        ("a state file", format!("{} {} {}", record("a"), json!({ "keys": large }), record("b")), 1),
        ("what stands beside the records", format!("{beside}\n{}", record("b")), 0),
    ] {
        for step in [1, 100, STEP] {
            let (ids, counts, heard) = read_as(text.as_bytes(), step, 1_000, false);
            // All of it comes in one step where it is small.
            if step < STEP {
                assert_eq!((ids.len(), counts.unreadable), (2, told), "{name}: {heard:?}");
                assert!(heard.iter().all(|it| it.contains("it is larger than")), "{name}: {heard:?}");
            }
            assert_eq!((ids[0].as_str(), ids[1].as_str()), ("a", "b"), "{name}");
        }
    }
}

#[test]
fn deep_nesting_costs_a_record_or_a_document_and_never_the_stack() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let text = |levels| format!(r#"{{"Records":[{},{}]}}"#, nested(levels), record("a"));
    for levels in [500, 100_000] {
        let (ids, counts, told) = read_all(text(levels));
        assert_eq!((ids, counts.unreadable), (vec!["a".to_owned()], 1));
        assert!(told[0].contains("recursion limit exceeded"), "{told:?}");
    }
}

#[test]
fn many_faults_are_counted_and_a_hundred_told() {
    let (_, counts, told) = read_all("x\n".repeat(5_000));
    assert_eq!((counts.unreadable, told.len()), (5_000, 101));
    assert!(told[100].ends_with("what comes behind is only counted"), "{}", told[100]);
}

#[test]
fn files_that_hold_no_events_are_known_by_what_they_are() {
    let digest = json!({ "digestStartTime": "x", "digestS3Object": "y", "logFiles": [{ "s3Object": "z" }] });
    let state = json!({ "keys": [], "log_groups": [{ "arn": "arn:aws:logs:eu-central-1:111122223333:log-group:/a" }] });
    let (_, counts, told) = read_all(format!("{digest:#}\n{state}\n"));
    assert_eq!((counts.records, counts.unreadable), (2, 0), "{told:?}");
    assert_eq!(
        counts.others.into_keys().collect::<Vec<_>>(),
        ["a digest file of CloudTrail's", "a state file (give it with --state)"]
    );
}

#[test]
fn memory_holds_one_record_and_not_the_source() {
    let one = format!("{}\n", record("a").to_string().replace("CreateLogGroup", "DescribeLogGroups"));
    let many = 8_000_000 / one.len();
    let mut part = Part::default();
    let source = std::iter::repeat_n(one.as_bytes(), many).collect::<Vec<_>>().concat();
    let mut reader = Reader {
        part: &mut part,
        name: "f",
        window: Window::new(source.as_slice(), STEP),
        largest: LARGEST,
        in_vain: 0,
    };
    assert!(reader.documents());
    assert!(reader.window.held() < 2 << 20, "{}", reader.window.held());
    assert_eq!(part.counts.records, many);
}

#[test]
fn memory_holds_no_long_text_of_a_document() {
    let source = [&b"{\"a\":\""[..], &vec![b'x'; 2 * LARGEST], b"\"}\n"].concat();
    let mut part = Part::default();
    let mut reader = Reader {
        part: &mut part,
        name: "f",
        window: Window::new(source.as_slice(), STEP),
        largest: 1 << 20,
        in_vain: 0,
    };
    assert!(reader.documents());
    assert!(reader.window.held() < 4 << 20, "{}", reader.window.held());
    assert_eq!(part.counts.unreadable, 1);
}

#[test]
fn what_is_broken_everywhere_is_not_followed_for_ever() {
    let source = "{\"a\":\n".repeat(100);
    let mut part = Part::default();
    let window = Window::new(source.as_bytes(), STEP);
    let mut reader =
        Reader { part: &mut part, name: "f", window, largest: LARGEST, in_vain: IN_VAIN - 3_000 };
    assert!(reader.documents());
    assert!((2..20).contains(&part.counts.unreadable), "{}", part.counts.unreadable);
    assert!(part.troubles().any(|it| it.ends_with("the rest of this file isn't read")));
}

#[test]
fn a_key_of_the_parsers_own_is_a_key_as_any_other() {
    let mut change = record("a");
    change["requestParameters"]["tags"] = json!({ "$serde_json::private::RawValue": "x" });
    let (ids, counts, told) = read_all(change.to_string());
    assert_eq!((ids, counts.unreadable), (vec!["a".to_owned()], 0), "{told:?}");
}
