//! Calls that failed, and events that can't be read.

use super::*;

#[test]
fn a_wrong_account_or_region_never_gives_way_to_another_one() {
    let wrong = [json!(1.5e11), json!(-1), json!({}), json!([]), json!(false), json!(""), json!("1111")];
    for field in ["recipientAccountId", "awsRegion"] {
        for value in wrong.clone() {
            let record = with(json!({ field: value }));
            for event in [record.clone(), envelope(record)] {
                let error = parse(&event).unwrap_err();
                assert!(matches!(error, ParseError::Field { field: named, .. } if named == field), "{error}");
            }
        }
    }
}

#[test]
fn a_failed_call_says_how_it_failed() {
    for (name, changed, expected) in [
        ("no error", json!({}), None),
        (
            "code and message",
            json!({ "errorCode": "AccessDenied", "errorMessage": "not authorized", "requestParameters": null }),
            Some(("AccessDenied", Some("not authorized"))),
        ),
        ("code only", json!({ "errorCode": "ThrottlingException" }), Some(("ThrottlingException", None))),
        (
            "message only",
            json!({ "errorMessage": "went wrong" }),
            Some(("unnamed error", Some("went wrong"))),
        ),
        ("both null", json!({ "errorCode": null, "errorMessage": null }), None),
        ("both empty", json!({ "errorCode": "", "errorMessage": "" }), None),
    ] {
        let failure = read(&with(changed)).failure;
        let found = failure.as_ref().map(|it| (it.code.raw(), raw(it.message.as_ref())));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn an_error_names_the_field_and_what_stands_there() {
    for (name, event, expected) in [
        ("a list", json!([record()]), "expected a JSON object, found a list"),
        ("null", json!(null), "expected a JSON object, found null"),
        ("a text", json!("{}"), "expected a JSON object, found a text"),
        (
            "an empty object",
            json!({}),
            "neither an EventBridge event (`detail-type`, `detail`) nor a CloudTrail record (`eventSource`, `eventName`)",
        ),
        (
            "a log file",
            json!({ "Records": [record()] }),
            "neither an EventBridge event (`detail-type`, `detail`) nor a CloudTrail record (`eventSource`, `eventName`)",
        ),
        ("no eventName", with(json!({ "eventName": "(absent)" })), "the record has no readable `eventName`"),
        (
            "eventName a number",
            with(json!({ "eventName": 7 })),
            "the record has no readable `eventName` (found a number)",
        ),
        (
            "no eventSource",
            with(json!({ "eventSource": "(absent)" })),
            "the record has no readable `eventSource`",
        ),
        ("no eventTime", with(json!({ "eventTime": "(absent)" })), "the record has no readable `eventTime`"),
        (
            "eventTime no time",
            with(json!({ "eventTime": "Oct 21, 2024, 2:25:29 PM" })),
            "the record has no readable `eventTime` (found `Oct 21, 2024, 2:25:29 PM`)",
        ),
        (
            "eventTime a line",
            with(json!({ "eventTime": "now\nor never" })),
            "the record has no readable `eventTime` (found `now\\u{a}or never`)",
        ),
        ("no awsRegion", with(json!({ "awsRegion": "(absent)" })), "the record has no readable `awsRegion`"),
        (
            "awsRegion no Region",
            with(json!({ "awsRegion": "Frankfurt" })),
            "the record has no readable `awsRegion` (found `Frankfurt`)",
        ),
        (
            "no account anywhere",
            with(json!({ "recipientAccountId": "(absent)", "userIdentity": {} })),
            "the record has no readable `recipientAccountId`",
        ),
        (
            "account null",
            with(json!({ "recipientAccountId": null, "userIdentity": null })),
            "the record has no readable `recipientAccountId` (found null)",
        ),
        (
            "no id anywhere",
            with(json!({ "eventID": "(absent)", "requestID": "(absent)" })),
            "the record has no readable `eventID`",
        ),
        (
            "an envelope with detail null",
            envelope(json!(null)),
            "the record has no readable `detail` (found null)",
        ),
        (
            "an envelope with detail a text",
            envelope(json!("{}")),
            "the record has no readable `detail` (found `{}`)",
        ),
        ("an envelope with an empty detail", envelope(json!({})), "the record has no readable `eventSource`"),
    ] {
        assert_eq!(parse(&event).unwrap_err().to_string(), expected, "{name}");
    }
}

#[test]
fn an_envelope_of_an_unreadable_type_is_an_error_and_not_skipped() {
    for detail_type in [json!(null), json!(7), json!("")] {
        let mut event = envelope(record());
        event["detail-type"] = detail_type;
        assert!(matches!(parse(&event), Err(ParseError::Field { field: "detail-type", .. })), "{event}");
    }
}
