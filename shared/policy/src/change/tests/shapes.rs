//! What is read as a change, however odd it looks, and which valid events are none.

use super::*;

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
        ("a rotated key", native("KMS CMK Rotation"), "KMS CMK Rotation"),
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
fn what_kms_tells_without_a_trail_is_a_change() {
    let told = json!({
        "version": "0",
        "id": "99999999-aaaa-bbbb-cccc-000000000000",
        "detail-type": "KMS CMK Deletion",
        "source": "aws.kms",
        "account": "111122223333",
        "time": "2026-11-20T16:37:50Z",
        "region": "us-west-2",
        "resources": ["arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
        "detail": { "key-id": "1234abcd-12ab-34cd-56ef-1234567890ab" }
    });
    let change = read(&told);
    assert!(change.is("kms.amazonaws.com", "KMS CMK Deletion"));
    assert_eq!(change.event_id.raw(), "99999999-aaaa-bbbb-cccc-000000000000");
    assert_eq!(change.time.to_string(), "2026-11-20T16:37:50Z");
    assert_eq!(change.actor.shown(), "aws.kms");
    assert_eq!(change.request_text("key-id"), Some("1234abcd-12ab-34cd-56ef-1234567890ab"));
    assert!(raw(change.resources.first()).unwrap().contains(":key/"));

    let mut rotated = told.clone();
    rotated["detail-type"] = json!("KMS CMK Rotation");
    assert!(matches!(parse(&rotated), Ok(Parsed::NotAManagementCall(_))));
    for field in ["id", "time", "account", "region"] {
        let mut cut = told.clone();
        cut.as_object_mut().unwrap().remove(field);
        assert!(parse(&cut).is_err(), "without {field}");
    }
    let mut forged = told;
    forged["source"] = json!("com.example");
    assert!(matches!(parse(&forged), Ok(Parsed::NotAManagementCall(_))));
}

#[test]
fn a_service_event_keeps_its_details() {
    let event = with(json!({
        "eventType": "AwsServiceEvent", "requestParameters": null, "serviceEventDetails": { "keyId": "1234abcd" },
    }));
    assert_eq!(read(&event).request_text("keyId"), Some("1234abcd"));
}
