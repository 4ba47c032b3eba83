//! Shapes of events that CloudTrail and EventBridge have really sent, and what is read out of each.

use super::{Actor, Change, ParseError, Parsed, parse};
use crate::untrusted::Untrusted;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A call as CloudTrail records it, with nothing missing.
fn record() -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:ada",
            "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/ada",
            "accountId": "111122223333",
            "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROAEXAMPLE",
                    "arn": "arn:aws:iam::111122223333:role/teams/Deploy",
                    "accountId": "111122223333",
                    "userName": "Deploy"
                },
                "attributes": { "creationDate": "2026-11-20T08:00:00Z", "mfaAuthenticated": "false" }
            }
        },
        "eventTime": "2026-11-20T08:15:00Z",
        "eventSource": "logs.amazonaws.com",
        "eventName": "CreateLogGroup",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": { "logGroupName": "/payments/api" },
        "responseElements": null,
        "requestID": "11111111-aaaa-bbbb-cccc-222222222222",
        "eventID": "33333333-aaaa-bbbb-cccc-444444444444",
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management"
    })
}

/// The envelope that EventBridge puts around a record.
fn envelope(detail: Value) -> Value {
    json!({
        "version": "0",
        "id": "55555555-aaaa-bbbb-cccc-666666666666",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.logs",
        "account": "444455556666",
        "time": "2026-11-20T08:15:30Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail
    })
}

/// The record with these fields replaced, and those that stand as `"(absent)"` taken out.
fn with(changed: Value) -> Value {
    let (Value::Object(mut record), Value::Object(changed)) = (record(), changed) else {
        panic!("both are objects");
    };
    record.extend(changed);
    Value::Object(record.into_iter().filter(|(_, value)| value != "(absent)").collect::<Map<_, _>>())
}

fn read(event: &Value) -> Change {
    match parse(event) {
        Ok(Parsed::Change(change)) => *change,
        other => panic!("expected a change, got {other:?}"),
    }
}

fn raw(text: Option<&Untrusted>) -> Option<&str> {
    text.map(Untrusted::raw)
}

#[test]
fn a_whole_record_is_read_as_it_came() {
    let change = read(&record());
    assert_eq!(change.event_id.raw(), "33333333-aaaa-bbbb-cccc-444444444444");
    assert!(change.is("logs.amazonaws.com", "CreateLogGroup"));
    assert!(!change.is("logs.amazonaws.com", "DeleteLogGroup"));
    assert_eq!(change.time.to_string(), "2026-11-20T08:15:00Z");
    assert_eq!(change.place.account.as_str(), "111122223333");
    assert_eq!(change.place.region.as_str(), "eu-central-1");
    assert_eq!(raw(change.actor.kind.as_ref()), Some("AssumedRole"));
    assert_eq!(change.actor.shown(), "arn:aws:sts::111122223333:assumed-role/Deploy/ada");
    assert_eq!(change.actor.role_arn().unwrap(), "arn:aws:iam::111122223333:role/teams/Deploy");
    assert_eq!(raw(change.source_ip.as_ref()), Some("203.0.113.7"));
    assert_eq!(raw(change.user_agent.as_ref()), Some("aws-cli/2.31.0"));
    assert_eq!(change.failure, None);
    assert_eq!(change.request_text("logGroupName"), Some("/payments/api"));
    assert_eq!(change.response, Value::Null);
    assert!(change.resources.is_empty());
}

#[test]
fn an_envelope_holds_the_same_change_as_its_record() {
    // The record's own account, Region and time count, not the envelope's.
    assert_eq!(read(&envelope(record())), read(&record()));
}

#[test]
fn an_envelope_tells_what_its_record_leaves_out() {
    let change = read(&envelope(with(json!({
        "eventID": "(absent)", "eventTime": "(absent)", "awsRegion": "(absent)", "recipientAccountId": "(absent)",
    }))));
    assert_eq!(change.event_id.raw(), "55555555-aaaa-bbbb-cccc-666666666666");
    assert_eq!(change.time.to_string(), "2026-11-20T08:15:30Z");
    assert_eq!(change.place.account.as_str(), "444455556666");
    assert_eq!(change.place.region.as_str(), "us-east-1");
}

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
fn hostile_shapes_are_still_changes() {
    type Check = fn(&Change) -> bool;
    let cases: Vec<(&str, Value, Check)> = vec![
        ("requestParameters null", json!({ "requestParameters": null }), |it| {
            it.request.is_null() && it.request_text("logGroupName").is_none()
        }),
        ("requestParameters empty", json!({ "requestParameters": {} }), |it| {
            it.request_text("logGroupName").is_none()
        }),
        ("requestParameters absent", json!({ "requestParameters": "(absent)" }), |it| it.request.is_null()),
        (
            "requestParameters a text",
            json!({ "requestParameters": "HIDDEN_DUE_TO_SECURITY_REASONS" }),
            |it| it.request_text("logGroupName").is_none(),
        ),
        ("requestParameters a list", json!({ "requestParameters": ["logGroupName"] }), |it| {
            it.request_text("logGroupName").is_none()
        }),
        ("a parameter that is no text", json!({ "requestParameters": { "logGroupName": 7 } }), |it| {
            it.request_text("logGroupName").is_none()
        }),
        ("a parameter that is empty", json!({ "requestParameters": { "logGroupName": "" } }), |it| {
            it.request_text("logGroupName").is_none()
        }),
        ("readOnly a text", json!({ "readOnly": "false" }), |it| it.failure.is_none()),
        ("managementEvent a text", json!({ "managementEvent": "true" }), |it| it.failure.is_none()),
        ("responseElements the text null", json!({ "responseElements": "null" }), |it| {
            it.response == json!("null")
        }),
        ("resources null", json!({ "resources": null }), |it| it.resources.is_empty()),
        ("resources an object", json!({ "resources": { "ARN": "x" } }), |it| it.resources.is_empty()),
        (
            "resources with ARN",
            json!({ "resources": [{ "ARN": "a:key/1", "type": "AWS::KMS::Key" }] }),
            |it| raw(it.resources.first()) == Some("a:key/1"),
        ),
        ("resources with arn", json!({ "resources": [{ "arn": "a:key/1" }] }), |it| {
            raw(it.resources.first()) == Some("a:key/1")
        }),
        (
            "resources with both, and with none",
            json!({ "resources": [{ "accountId": "1" }, { "ARN": "upper", "arn": "lower" }, "text", null] }),
            |it| it.resources.len() == 1 && raw(it.resources.first()) == Some("upper"),
        ),
        ("no userAgent", json!({ "userAgent": "(absent)" }), |it| it.user_agent.is_none()),
        ("userAgent null", json!({ "userAgent": null }), |it| it.user_agent.is_none()),
        ("no sourceIPAddress", json!({ "sourceIPAddress": "(absent)" }), |it| it.source_ip.is_none()),
        (
            "a service as sourceIPAddress",
            json!({ "sourceIPAddress": "cloudformation.amazonaws.com" }),
            |it| raw(it.source_ip.as_ref()) == Some("cloudformation.amazonaws.com"),
        ),
        ("no recipientAccountId", json!({ "recipientAccountId": "(absent)" }), |it| {
            it.place.account.as_str() == "111122223333"
        }),
        ("no userIdentity", json!({ "userIdentity": "(absent)" }), |it| {
            it.actor == Actor::default() && it.actor.shown() == "unknown (the record names no caller)"
        }),
        ("userIdentity null", json!({ "userIdentity": null }), |it| it.actor == Actor::default()),
        ("userIdentity a text", json!({ "userIdentity": "root" }), |it| it.actor == Actor::default()),
        (
            "userIdentity without type",
            json!({ "userIdentity": { "accountId": "111122223333", "invokedBy": "AWS Internal" } }),
            |it| it.actor.kind.is_none() && it.actor.shown() == "AWS Internal",
        ),
        ("only a kind of caller", json!({ "userIdentity": { "type": "Unknown" } }), |it| {
            it.actor.shown() == "an unnamed Unknown"
        }),
        ("only a principalId", json!({ "userIdentity": { "principalId": "AIDAEXAMPLE" } }), |it| {
            it.actor.shown() == "AIDAEXAMPLE"
        }),
        (
            "no eventType, no eventCategory",
            json!({ "eventType": "(absent)", "eventCategory": "(absent)" }),
            |it| it.is("logs.amazonaws.com", "CreateLogGroup"),
        ),
        ("a console action", json!({ "eventType": "AwsConsoleAction" }), |it| it.failure.is_none()),
        ("no eventID", json!({ "eventID": "(absent)" }), |it| {
            it.event_id.raw() == "11111111-aaaa-bbbb-cccc-222222222222"
        }),
        (
            "fields that are newer than this code",
            json!({
                "tlsDetails": { "tlsVersion": "TLSv1.3", "keyExchange": "X25519MLKEM768" },
                "inScopeOf": { "sourceArn": "arn:aws:lambda:eu-central-1:111122223333:function:f" },
                "sessionCredentialFromConsole": "true",
                "addendum": { "reason": "DELIVERY_DELAY" },
            }),
            |it| it.request_text("logGroupName") == Some("/payments/api"),
        ),
        ("a time with an offset", json!({ "eventTime": "2026-11-20T09:15:00+01:00" }), |it| {
            it.time.to_string() == "2026-11-20T08:15:00Z"
        }),
    ];
    for (name, changed, holds) in cases {
        for event in [with(changed.clone()), envelope(with(changed))] {
            let change = read(&event);
            // The envelope knows an id and an account of its own.
            if event.get("detail").is_none() || !["no eventID", "no recipientAccountId"].contains(&name) {
                assert!(holds(&change), "{name}: {change:?}");
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
fn a_service_event_about_a_key_is_a_change() {
    let deleted = json!({
        "eventVersion": "1.08",
        "userIdentity": { "accountId": "111122223333", "invokedBy": "AWS Internal" },
        "eventTime": "2026-11-20T00:00:01Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "DeleteKey",
        "awsRegion": "us-west-2",
        "sourceIPAddress": "AWS Internal",
        "userAgent": "AWS Internal",
        "requestParameters": null,
        "responseElements": null,
        "eventID": "77777777-aaaa-bbbb-cccc-888888888888",
        "readOnly": false,
        "resources": [{
            "accountId": "111122223333",
            "type": "AWS::KMS::Key",
            "ARN": "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        }],
        "eventType": "AwsServiceEvent",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management"
    });
    let mut event = envelope(deleted.clone());
    event["detail-type"] = json!("AWS Service Event via CloudTrail");
    for event in [deleted, event] {
        let change = read(&event);
        assert!(change.is("kms.amazonaws.com", "DeleteKey"));
        assert_eq!(change.actor.kind, None);
        assert_eq!(change.actor.shown(), "AWS Internal");
        assert!(raw(change.resources.first()).unwrap().contains(":key/"));
    }
}

#[test]
fn valid_events_of_another_sort_are_named_and_not_taken_for_calls() {
    let native = |detail_type: &str| {
        json!({
            "version": "0", "id": "1", "detail-type": detail_type, "source": "aws.kms", "account": "111122223333",
            "time": "2026-11-20T08:15:30Z", "region": "us-west-2",
            "resources": ["arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
            "detail": { "key-id": "1234abcd-12ab-34cd-56ef-1234567890ab" }
        })
    };
    let insight = json!({
        "eventVersion": "1.09", "eventTime": "2026-11-20T08:15:00Z", "awsRegion": "us-east-1", "eventID": "1",
        "eventType": "AwsCloudTrailInsight", "recipientAccountId": "111122223333", "eventCategory": "Insight",
        "insightDetails": { "state": "Start", "eventSource": "logs.amazonaws.com", "eventName": "CreateLogGroup" }
    });
    for (name, event, piece) in [
        ("a deleted key", native("KMS CMK Deletion"), "KMS CMK Deletion"),
        ("a rotated key", native("KMS CMK Rotation"), "KMS CMK Rotation"),
        ("expired material", native("KMS Imported Key Material Expiration"), "aws.kms"),
        (
            "a schedule",
            json!({ "detail-type": "Scheduled Event", "source": "aws.events", "detail": {} }),
            "Scheduled Event",
        ),
        (
            "a schedule without detail's fields",
            json!({ "detail-type": "Scheduled Event", "detail": null }),
            "unnamed source",
        ),
        ("a data event", with(json!({ "eventCategory": "Data", "managementEvent": false })), "`Data`"),
        ("a network event", with(json!({ "eventCategory": "NetworkActivity" })), "`NetworkActivity`"),
        (
            "marked by a flag",
            with(json!({ "eventCategory": "(absent)", "managementEvent": false })),
            "no management event",
        ),
        (
            "marked by a text",
            with(json!({ "eventCategory": "(absent)", "managementEvent": "false" })),
            "no management event",
        ),
        ("an insight event in an envelope", envelope(insight), "`Insight`"),
        (
            "an insight event without category",
            with(json!({ "eventCategory": "(absent)", "eventType": "AwsCloudTrailInsight" })),
            "`AwsCloudTrailInsight`",
        ),
        ("a sign-in", with(json!({ "eventType": "AwsConsoleSignIn" })), "`AwsConsoleSignIn`"),
        ("a hostile category", with(json!({ "eventCategory": "Data\nMode: off" })), r"`Data\u{a}Mode: off`"),
    ] {
        match parse(&event) {
            Ok(Parsed::NotAManagementCall(why)) => assert!(why.contains(piece), "{name}: {why}"),
            other => panic!("{name}: {other:?}"),
        }
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

#[test]
fn the_role_is_the_issuer_and_never_the_session_name() {
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Deploy/ada";
    let identity =
        |arn: &str, context: Value| json!({ "type": "AssumedRole", "arn": arn, "sessionContext": context });
    let issuer = |kind: &str, arn: &str| json!({ "sessionIssuer": { "type": kind, "arn": arn } });
    for (name, identity, expected) in [
        (
            "the issuer, with its path",
            identity(SESSION, issuer("Role", "arn:aws:iam::111122223333:role/teams/Deploy")),
            Some("arn:aws:iam::111122223333:role/teams/Deploy"),
        ),
        ("no sessionContext", json!({ "arn": SESSION }), Some("arn:aws:iam::111122223333:role/Deploy")),
        (
            "sessionContext printed by a script",
            identity(SESSION, json!("[Object]")),
            Some("arn:aws:iam::111122223333:role/Deploy"),
        ),
        (
            "sessionIssuer null",
            identity(SESSION, json!({ "sessionIssuer": null })),
            Some("arn:aws:iam::111122223333:role/Deploy"),
        ),
        (
            "sessionIssuer empty",
            identity(SESSION, json!({ "sessionIssuer": {} })),
            Some("arn:aws:iam::111122223333:role/Deploy"),
        ),
        (
            "an issuer that is a user is no role",
            identity(
                "arn:aws:sts::111122223333:federated-user/ada",
                issuer("IAMUser", "arn:aws:iam::111122223333:user/ada"),
            ),
            None,
        ),
        (
            "another partition",
            identity("arn:aws-cn:sts::111122223333:assumed-role/Deploy/ada", json!({})),
            Some("arn:aws-cn:iam::111122223333:role/Deploy"),
        ),
        (
            "a session name that looks like a role",
            identity("arn:aws:sts::111122223333:assumed-role/Deploy/break-glass", json!({})),
            Some("arn:aws:iam::111122223333:role/Deploy"),
        ),
        (
            "a session name that looks like a session",
            identity("arn:aws:sts::111122223333:assumed-role/Deploy/x:assumed-role/break-glass/y", json!({})),
            Some("arn:aws:iam::111122223333:role/Deploy"),
        ),
        ("a user", identity("arn:aws:iam::111122223333:user/ada", json!({})), None),
        (
            "a user whose path looks like a session",
            identity("arn:aws:iam::111122223333:user/x:assumed-role/break-glass/ada", json!({})),
            None,
        ),
        ("no arn", json!({ "type": "AWSService", "invokedBy": "delivery.logs.amazonaws.com" }), None),
    ] {
        let change = read(&with(json!({ "userIdentity": identity })));
        assert_eq!(change.actor.role_arn().as_deref(), expected, "{name}");
    }
}

#[test]
fn a_caller_is_shown_on_one_line() {
    let identity = json!({ "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/a\nwho: nobody\u{202e}" });
    let shown = read(&with(json!({ "userIdentity": identity }))).actor.shown();
    assert!(shown.ends_with(r"a\u{a}who: nobody\u{202e}"), "{shown}");
}

/// Any JSON of a small size, with CloudTrail's field names among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("AWS API Call via CloudTrail")),
        Just(json!("2026-11-20T08:15:00Z")),
        Just(json!("111122223333")),
        Just(json!("us-east-1")),
    ];
    let key = prop::sample::select(vec![
        "detail",
        "detail-type",
        "eventName",
        "eventSource",
        "eventTime",
        "awsRegion",
        "recipientAccountId",
        "userIdentity",
        "sessionContext",
        "sessionIssuer",
        "arn",
        "type",
        "resources",
        "eventID",
        "errorCode",
        "requestParameters",
        "eventCategory",
    ]);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..8).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn parsing_is_total(event in any_json()) {
        let _ = parse(&event);
    }

    #[test]
    fn one_field_of_any_shape_never_breaks_a_record(
        index in any::<prop::sample::Index>(),
        value in any_json(),
        wrapped in any::<bool>(),
    ) {
        let mut event = record();
        let names: Vec<String> = event.as_object().unwrap().keys().cloned().collect();
        let name = index.get(&names).clone();
        event[&name] = value;
        let required = ["eventSource", "eventName", "eventTime", "awsRegion", "recipientAccountId"];
        let parsed = parse(&if wrapped { envelope(event) } else { event });
        if !required.contains(&name.as_str()) {
            prop_assert!(parsed.is_ok(), "{name}: {parsed:?}");
        }
    }
}
