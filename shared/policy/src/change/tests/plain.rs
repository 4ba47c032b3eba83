//! The reader for records as CloudTrail writes them gives what the other gives, or nothing.

use super::super::{parse_delivered, parse_text, plain};
use super::totality::any_json;
use super::*;
use proptest::prelude::*;

/// A record's field, at any depth that is read.
const FIELDS: [&str; 28] = [
    "/eventID",
    "/eventSource",
    "/eventName",
    "/eventTime",
    "/eventCategory",
    "/managementEvent",
    "/eventType",
    "/recipientAccountId",
    "/awsRegion",
    "/sourceIPAddress",
    "/userAgent",
    "/errorCode",
    "/errorMessage",
    "/requestParameters",
    "/serviceEventDetails",
    "/responseElements",
    "/resources",
    "/resources/0",
    "/resources/0/ARN",
    "/resources/0/arn",
    "/userIdentity",
    "/userIdentity/arn",
    "/userIdentity/accountId",
    "/userIdentity/invokedBy",
    "/userIdentity/sessionContext",
    "/userIdentity/sessionContext/sessionIssuer",
    "/userIdentity/sessionContext/sessionIssuer/type",
    "/detail",
];

fn full() -> Value {
    with(
        json!({ "resources": [{ "ARN": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd", "type": "AWS::KMS::Key" }] }),
    )
}

/// The full record with a value at a place.
fn with_at(place: &str, value: Value) -> Value {
    let mut record = full();
    let (above, name) = place.rsplit_once('/').unwrap_or_default();
    match record.pointer_mut(above) {
        Some(Value::Object(fields)) => {
            fields.insert(name.to_owned(), value);
        }
        Some(Value::Array(entries)) => entries.clear(),
        _ => {}
    }
    record
}

/// The change that the slow reader makes of a text.
fn read_text(text: &str) -> Change {
    read(&super::super::read(text).unwrap())
}

/// What the slow reader makes of a text.
fn slowly(text: &str) -> Result<Parsed, ParseError> {
    super::super::read(text).and_then(|event| parse(&event))
}

#[test]
fn a_record_as_cloudtrail_writes_it_is_read_at_once() {
    for record in [
        full(),
        with(json!({ "userIdentity": { "type": "Root", "arn": "arn:aws:iam::111122223333:root" } })),
        with(json!({ "errorCode": "AccessDenied", "errorMessage": "no", "requestParameters": null })),
        with(
            json!({ "userAgent": "a \"b\" \u{e9}\n\\", "tlsDetails": { "tlsVersion": "TLSv1.3", "list": [1, -2, 0.5, true, null] } }),
        ),
        with(
            json!({ "eventType": "AwsServiceEvent", "requestParameters": "(absent)", "serviceEventDetails": { "keyId": "1" } }),
        ),
    ] {
        let text = record.to_string();
        assert_eq!(plain::read(&text), Some(read(&record)), "{text}");
        let delivered = envelope(record).to_string();
        assert_eq!(plain::read_envelope(&delivered), Some(read_text(&delivered)), "{delivered}");
    }
}

#[test]
fn all_else_is_left_to_the_other_reader() {
    let text = full().to_string();
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    for (name, text) in [
        ("an envelope", envelope(full()).to_string()),
        ("an envelope around nothing", envelope(Value::Null).to_string()),
        ("a list", json!([full()]).to_string()),
        ("no JSON", text.replace(":false", ":fals")),
        ("more behind it", format!("{text} 1")),
        ("cut off", text.get(..text.len() - 1).unwrap().to_owned()),
        ("a field twice", text.replace("\"readOnly\":", "\"eventName\":\"DeleteLogGroup\",\"readOnly\":")),
        ("half a surrogate pair where nobody looks", text.replace(":false", ":\"\\ud800\"")),
        ("nested too deeply where nobody looks", text.replace(":false", &format!(":{deep}"))),
        ("a number that no type holds", text.replace(":false", ":1e999")),
        (
            "a number for an account",
            text.replace("\"recipientAccountId\":\"111122223333\"", "\"recipientAccountId\":1"),
        ),
        (
            "a list for a caller",
            with(json!({ "userIdentity": ["Root", "arn:aws:iam::111122223333:root"] })).to_string(),
        ),
        ("an error without a code", with(json!({ "errorMessage": "no" })).to_string()),
        ("a data event", with(json!({ "eventCategory": "Data" })).to_string()),
        ("no management event", with(json!({ "managementEvent": false })).to_string()),
        ("an insight", with(json!({ "eventType": "AwsCloudTrailInsight" })).to_string()),
        ("no event id", with(json!({ "eventID": "" })).to_string()),
    ] {
        assert_eq!(plain::read(&text), None, "{name}");
        assert_eq!(parse_text(&text), slowly(&text), "{name}");
    }
}

#[test]
fn all_else_than_a_delivered_record_is_left_to_the_other_reader() {
    let delivered = envelope(full());
    let changed = |field: &str, value: Value| {
        let mut event = delivered.clone();
        event.as_object_mut().unwrap().insert(field.to_owned(), value);
        event.to_string()
    };
    let text = delivered.to_string();
    for (name, text) in [
        ("a record", full().to_string()),
        ("another envelope", changed("detail-type", json!("Object Created"))),
        ("an event of KMS's own", changed("detail-type", json!("KMS CMK Deletion"))),
        ("no name for what it is", changed("detail-type", json!(""))),
        ("a number for what it is", changed("detail-type", json!(1))),
        ("nothing in it", changed("detail", Value::Null)),
        ("a list in it", changed("detail", json!([full()]))),
        ("an envelope in it", changed("detail", delivered.clone())),
        (
            "a record that takes its id from the envelope",
            changed("detail", with(json!({ "eventID": "(absent)" }))),
        ),
        (
            "a record that takes its time from the envelope",
            changed("detail", with(json!({ "eventTime": "soon" }))),
        ),
        (
            "a record that takes its account from the envelope",
            changed("detail", with(json!({ "recipientAccountId": null }))),
        ),
        (
            "a record that takes its Region from the envelope",
            changed("detail", with(json!({ "awsRegion": null }))),
        ),
        ("two records", text.replacen("\"detail\":", "\"detail\":{},\"detail\":", 1)),
        ("more behind it", format!("{text} 1")),
        ("cut off", text.get(..text.len() - 1).unwrap().to_owned()),
        (
            "half a surrogate pair where nobody looks",
            changed("source", json!("?")).replace("\"?\"", "\"\\ud800\""),
        ),
    ] {
        assert_eq!(plain::read_envelope(&text), None, "{name}");
        assert_eq!(parse_delivered(&text), slowly(&text), "{name}");
    }
}

proptest! {
    #[test]
    fn both_readers_read_the_same(place in prop::sample::select(FIELDS.to_vec()), value in any_json()) {
        let text = with_at(place, value).to_string();
        prop_assert_eq!(parse_text(&text), slowly(&text));
    }

    #[test]
    fn both_readers_read_the_same_of_what_is_delivered(place in prop::sample::select(FIELDS.to_vec()), value in any_json()) {
        let text = envelope(with_at(place, value)).to_string();
        prop_assert_eq!(parse_delivered(&text), slowly(&text));
    }

    #[test]
    fn both_readers_read_the_same_of_any_envelope(field in prop::sample::select(vec!["id", "detail-type", "source", "account", "time", "region", "detail"]), value in any_json()) {
        let mut event = envelope(full());
        event.as_object_mut().unwrap().insert(field.to_owned(), value);
        let text = event.to_string();
        prop_assert_eq!(parse_delivered(&text), slowly(&text));
    }

    #[test]
    fn both_readers_read_the_same_of_any_json(event in any_json()) {
        let text = event.to_string();
        prop_assert_eq!(parse_text(&text), slowly(&text));
        prop_assert_eq!(parse_delivered(&text), slowly(&text));
    }

    #[test]
    fn both_readers_read_the_same_of_a_text_with_a_byte_changed(at in any::<prop::sample::Index>(), to in 0x20_u8..0x7f) {
        let mut bytes = full().to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = to;
        let text = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(parse_text(&text), slowly(&text));
        let text = format!("{{\"detail-type\":\"AWS API Call via CloudTrail\",\"detail\":{text}}}");
        prop_assert_eq!(parse_delivered(&text), slowly(&text));
    }
}
