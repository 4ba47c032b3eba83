//! Which readings contradict a call that succeeded only just now, and may come from before it.

use super::*;

const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/other";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn set_up(changed: impl Fn(&mut Settings)) -> Reading<TrailState> {
    with_settings(changed).trail
}

#[test]
fn a_trail_that_is_not_as_the_record_tells_may_be_as_it_was_before() {
    let update = |request: Value, response: Value| {
        let mut record = record("UpdateTrail", request);
        record["responseElements"] = response;
        change_of(&record)
    };
    for (request, response, expected) in [
        (json!({ "name": "audit" }), Value::Null, false),
        (json!({ "name": "audit", "s3BucketName": "example-trail-logs" }), Value::Null, false),
        (json!({ "name": "audit", "s3BucketName": "elsewhere" }), Value::Null, true),
        (json!({ "name": "audit", "s3KeyPrefix": "p" }), Value::Null, true),
        (json!({ "name": "audit", "snsTopicName": "t" }), Value::Null, true),
        (json!({ "name": "audit", "snsTopicName": "" }), Value::Null, false),
        (json!({ "name": "audit", "kmsKeyId": "" }), json!({ "trailARN": TRAIL }), true),
        (json!({ "name": "audit", "kmsKeyId": ARN }), Value::Null, true),
        (json!({ "name": "audit", "kmsKeyId": KEY }), Value::Null, false),
        // Which key is behind an alias the response tells.
        (json!({ "name": "audit", "kmsKeyId": "alias/other" }), Value::Null, false),
        (json!({ "name": "audit", "kmsKeyId": "alias/other" }), json!({ "kmsKeyId": ARN }), true),
        (json!({ "name": "audit", "kmsKeyId": "alias/other" }), json!({ "kmsKeyId": KEY }), false),
        (json!({ "name": "audit", "enableLogFileValidation": false }), Value::Null, true),
        (json!({ "name": "audit", "enableLogFileValidation": true }), Value::Null, false),
        (json!({ "name": "audit" }), json!({ "logFileValidationEnabled": false }), true),
        (json!({ "name": "audit", "isMultiRegionTrail": false }), Value::Null, true),
        (json!({ "name": "audit", "isOrganizationTrail": true }), Value::Null, true),
        (json!({ "name": "audit", "isOrganizationTrail": false }), Value::Null, false),
        (Value::Null, Value::Null, false),
    ] {
        let change = update(request.clone(), response.clone());
        let early = too_early::trail(&change, &good().trail, now());
        assert_eq!(early, expected, "{request}, {response}");
    }
    let keyless = set_up(|settings| settings.key = Named::Nothing);
    let change = update(json!({ "name": "audit", "kmsKeyId": "alias/other" }), Value::Null);
    assert!(too_early::trail(&change, &keyless, now()), "some key it must have");
    let untold = set_up(|settings| settings.validation = None);
    let change = update(json!({ "name": "audit", "enableLogFileValidation": false }), Value::Null);
    assert!(!too_early::trail(&change, &untold, now()), "an answer that doesn't say contradicts nothing");
}

#[test]
fn a_trail_that_is_gone_or_still_there_may_be_so_no_longer() {
    for (name, early_if_there, early_if_gone) in [
        ("CreateTrail", false, true),
        ("UpdateTrail", false, true),
        ("DeleteTrail", true, false),
        ("StopLogging", false, true),
        ("PutInsightSelectors", false, true),
        ("ListTrails", false, false),
    ] {
        let early = |reading| too_early::trail(&change(name), &reading, now());
        assert_eq!((early(good().trail), early(Reading::Absent)), (early_if_there, early_if_gone), "{name}");
        assert!(!early(Reading::Unreadable(unreadable())), "{name}");
    }
}

#[test]
fn a_trail_that_logs_after_it_was_stopped_may_not_do_so_any_more() {
    for (name, shown, expected) in [
        ("StopLogging", true, true),
        ("StopLogging", false, false),
        ("StartLogging", false, true),
        ("StartLogging", true, false),
        ("UpdateTrail", false, false),
    ] {
        assert_eq!(too_early::status(&change(name), &logging(shown), now()), expected, "{name} {shown}");
    }
    let untold = Reading::Known(Status::default());
    assert!(!too_early::status(&change("StopLogging"), &untold, now()));
}

#[test]
fn selectors_that_record_something_else_may_be_those_from_before() {
    let basic = |management: bool| json!([{ "readWriteType": "All", "includeManagementEvents": management }]);
    let put = |list: Value| {
        change_of(&record("PutEventSelectors", json!({ "trailName": "audit", "eventSelectors": list })))
    };
    let early = |change: &Change, shown: Value| {
        too_early::selectors(change, &selectors(json!({ "eventSelectors": shown })), now())
    };
    assert!(early(&put(basic(false)), basic(true)));
    assert!(early(&put(basic(true)), basic(false)));
    assert!(!early(&put(basic(false)), basic(false)));
    // The same in another form.
    assert!(!early(&put(json!([{}])), basic(true)));
    assert!(!early(&change("PutEventSelectors"), basic(true)), "the record doesn't tell them");
    assert!(!early(&change("UpdateTrail"), basic(false)));
    let mut answered = record("PutEventSelectors", json!({ "trailName": "audit" }));
    answered["responseElements"] = json!({ "eventSelectors": basic(false) });
    assert!(early(&change_of(&answered), basic(true)));
}

#[test]
fn only_a_call_that_succeeded_within_thirty_seconds_may_go_unseen() {
    let stopped = |time: &str| Change { time: time.parse().unwrap(), ..change("StopLogging") };
    for (time, expected) in [(NOW, true), ("2026-11-03T09:12:31Z", true), ("2026-11-03T09:12:30Z", false)] {
        assert_eq!(too_early::status(&stopped(time), &logging(true), now()), expected, "{time}");
        assert_eq!(too_early::trail(&stopped(time), &Reading::Absent, now()), expected, "{time}");
    }
    let mut failed = record("StopLogging", json!({ "name": "audit" }));
    failed["errorCode"] = json!("AccessDenied");
    assert!(!too_early::status(&change_of(&failed), &logging(true), now()));
}
