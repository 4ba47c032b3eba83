//! What a replay's world makes of a day of calls about trails, in any order of their files.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a record that can't be read, or of another shape, fails the test"
)]

mod samples;

use samples::{change_of, policy, trail_facts};
use sealwatch_policy::facts::Reading;
use sealwatch_policy::guards::trail::{Named, Recorded, Rewritten, Settings, Status};
use sealwatch_policy::names::TrailArn;
use sealwatch_policy::receipt::Receipt;
use sealwatch_world::replay::{Effects, step};
use sealwatch_world::{World, timeline};
use serde_json::{Value, json};

const AUDIT: &str = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit";
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-6666-4a4a-8b8b-000000000006";
const RULES: &str = "mode = \"remediate\"\n[trails]\nkey = \"alias/trails\"\n";

fn arn(text: &str) -> TrailArn {
    TrailArn::parse(text).expect("a trail's ARN")
}

fn call(time: &str, name: &str, request: Value, response: Value) -> Value {
    json!({
        "eventID": format!("{time}-{name}"), "eventTime": format!("2026-11-03T{time}Z"),
        "eventSource": "cloudtrail.amazonaws.com", "eventName": name, "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333", "requestParameters": request, "responseElements": response,
        "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/somebody" },
    })
}

/// As CreateTrail and UpdateTrail answer: the whole trail, with the validation under another name.
fn answer(bucket: &str, key: Option<&str>, multi_region: bool, validation: bool) -> Value {
    let mut answer = json!({
        "name": "audit", "trailARN": AUDIT, "s3BucketName": bucket, "includeGlobalServiceEvents": true,
        "isMultiRegionTrail": multi_region, "logFileValidationEnabled": validation,
        "isOrganizationTrail": false,
    });
    if let Some(key) = key {
        answer["kmsKeyId"] = key.into();
    }
    answer
}

fn quick_create(time: &str) -> Value {
    let request = json!({ "name": "audit", "s3BucketName": "example-a", "isMultiRegionTrail": true });
    call(time, "CreateTrail", request, answer("example-a", None, true, false))
}

fn a_day() -> Vec<Value> {
    let mut denied = call("13:00:00", "StopLogging", json!({ "name": "audit" }), Value::Null);
    denied["errorCode"] = "AccessDenied".into();
    // Within the second of the creation, with an id that sorts before it.
    let mut start_at_once = call("08:00:00", "StartLogging", json!({ "name": "audit" }), Value::Null);
    start_at_once["eventID"] = "0".into();
    let everything = json!([{ "readWriteType": "All", "includeManagementEvents": true,
        "dataResources": [{ "type": "AWS::S3::Object", "values": ["arn:aws:s3"] }] }]);
    vec![
        call(
            "08:00:00",
            "CreateTrail",
            json!({ "name": "audit", "s3BucketName": "example-a", "isMultiRegionTrail": true,
                "enableLogFileValidation": true, "kmsKeyId": KEY,
                "tagsList": [{ "key": "team", "value": "audit" }] }),
            answer("example-a", Some(KEY), true, true),
        ),
        start_at_once,
        call(
            "08:05:00",
            "PutEventSelectors",
            json!({ "trailName": "audit", "eventSelectors": everything }),
            json!({ "trailARN": AUDIT, "eventSelectors": everything }),
        ),
        call(
            "09:00:00",
            "UpdateTrail",
            json!({ "name": "audit", "kmsKeyId": "" }),
            answer("example-a", None, true, true),
        ),
        call(
            "09:30:00",
            "UpdateTrail",
            json!({ "name": AUDIT, "enableLogFileValidation": false }),
            answer("example-a", None, true, false),
        ),
        call("10:00:00", "StopLogging", json!({ "name": AUDIT }), Value::Null),
        call("10:10:00", "StartLogging", json!({ "name": "audit" }), Value::Null),
        call("11:00:00", "DeleteTrail", json!({ "name": "audit" }), Value::Null),
        call(
            "12:00:00",
            "CreateTrail",
            json!({ "name": "audit", "s3BucketName": "example-b", "enableLogFileValidation": true }),
            answer("example-b", None, false, true),
        ),
        call("12:00:00", "StartLogging", json!({ "name": AUDIT }), Value::Null),
        denied,
    ]
}

fn replayed(records: &[Value], effects: Effects) -> (Vec<Receipt>, World) {
    let mut world = World::default();
    let (changes, _) = timeline::order(records.iter().map(change_of).collect());
    let rules = policy(RULES);
    let receipts = changes.iter().filter_map(|change| step(&mut world, &rules, change, effects)).collect();
    (receipts, world)
}

/// Some orders of a list, each a permutation.
fn orders<T: Clone>(of: &[T]) -> Vec<Vec<T>> {
    let backwards: Vec<T> = of.iter().rev().cloned().collect();
    let halves = of.len() / 2;
    let mut turned = of.to_vec();
    turned.rotate_left(halves);
    let (even, odd): (Vec<_>, Vec<_>) = of.iter().cloned().enumerate().partition(|(index, _)| index % 2 == 0);
    let split = odd.into_iter().chain(even).map(|(_, item)| item).collect();
    vec![of.to_vec(), backwards, turned, split]
}

#[test]
fn a_day_of_one_trail_ends_as_it_ended_in_any_order_of_its_files() {
    let day = a_day();
    let (receipts, expected) = replayed(&day, Effects::Shown);
    let facts = trail_facts(&expected, &arn(AUDIT));
    let Reading::Known(state) = &facts.trail else { panic!("{facts:?}") };
    assert_eq!(
        state.settings,
        Settings {
            bucket: Named::Is("example-b".to_owned()),
            prefix: Named::Nothing,
            topic: Named::Nothing,
            log_group: Named::Nothing,
            log_role: Named::Nothing,
            key: Named::Nothing,
            multi_region: Some(false),
            validation: Some(true),
            organization: Some(false),
            global_events: Some(true),
        },
        "the second trail of that name has nothing of the first"
    );
    assert_eq!(
        facts.status,
        Reading::Known(Status { logging: Some(true), started: Some(true), ..Status::default() })
    );
    let Reading::Known(selectors) = &facts.selectors else { panic!("{facts:?}") };
    assert_eq!(selectors.records_management_events(), Recorded::Yes);
    assert_eq!(selectors.as_option(), Rewritten::Needless, "those of a new trail");
    assert_eq!(facts.tags, Reading::Known(std::collections::BTreeMap::new()));
    for order in orders(&day) {
        let twice: Vec<Value> = order.iter().chain(&day).cloned().collect();
        for records in [order, twice] {
            assert_eq!(replayed(&records, Effects::Shown), (receipts.clone(), expected.clone()));
        }
    }
}

#[test]
fn each_step_of_the_day_is_judged_by_what_was_so_then() {
    let (receipts, _) = replayed(&a_day(), Effects::Shown);
    let told: Vec<(&str, Vec<&str>)> = receipts
        .iter()
        .map(|receipt| {
            let ids = receipt.findings.iter().map(|finding| finding.id.as_str()).collect();
            (receipt.event_name.as_str(), ids)
        })
        .collect();
    let (key, off) = ("trail.unencrypted", "trail.validation-off");
    assert_eq!(
        told,
        [
            ("CreateTrail", vec!["trail.logging-stopped"]),
            ("StartLogging", vec![]),
            ("PutEventSelectors", vec![]),
            ("UpdateTrail", vec![key]),
            ("UpdateTrail", vec![key, off]),
            ("StopLogging", vec!["trail.last-trail-gone", "trail.logging-stopped", key, off]),
            ("StartLogging", vec![key, off]),
            ("DeleteTrail", vec!["trail.last-trail-gone", "trail.deleted"]),
            (
                "CreateTrail",
                // The one of its name before recorded all Regions.
                vec![
                    "trail.last-trail-gone",
                    "trail.redirected",
                    "trail.logging-stopped",
                    key,
                    "trail.single-region",
                ],
            ),
            ("StartLogging", vec![key, "trail.single-region"]),
            ("StopLogging", vec!["trail.attempt-denied"]),
        ]
    );
}

/// Nothing else is known of it: taken to be as policy wants it, and said so, and not taken for another trail.
/// A call on another account's trail stands in the archives of both accounts, under two ids.
#[test]
fn a_call_that_two_accounts_recorded_is_judged_alike_by_both_records() {
    let move_to = |time: &str, bucket: &str| {
        let request = json!({ "name": AUDIT, "s3BucketName": bucket });
        call(time, "UpdateTrail", request, answer(bucket, None, true, false))
    };
    let elsewhere = |mut call: Value| {
        call["eventID"] = "0".into();
        call["recipientAccountId"] = "444455556666".into();
        call
    };
    let ids = |receipt: &Receipt| receipt.findings.iter().map(|it| it.id.to_string()).collect::<Vec<_>>();
    let twice = [
        quick_create("08:00:00"),
        elsewhere(move_to("09:00:00", "example-b")),
        move_to("09:00:00", "example-b"),
        move_to("10:00:00", "example-a"),
    ];
    let (receipts, _) = replayed(&twice, Effects::Shown);
    let found: Vec<_> = receipts.iter().skip(1).map(ids).collect();
    assert!(found[0].contains(&"trail.redirected".to_owned()), "{found:?}");
    assert_eq!((&found[1], &found[2]), (&found[0], &found[0]));
    // The same call made again, an hour later, moves nothing any more.
    let again =
        [quick_create("08:00:00"), move_to("09:00:00", "example-b"), move_to("10:00:00", "example-b")];
    let (receipts, _) = replayed(&again, Effects::Shown);
    assert!(!ids(&receipts[2]).contains(&"trail.redirected".to_owned()), "{receipts:#?}");
}

#[test]
fn a_trail_first_met_when_it_is_stopped() {
    let stop = call("09:00:00", "StopLogging", json!({ "name": "audit" }), Value::Null);
    let (receipts, world) = replayed(&[stop], Effects::Shown);
    let ids: Vec<&str> = receipts[0].findings.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(ids, ["trail.last-trail-gone", "trail.logging-stopped"]);
    for words in ["has a KMS key", "log files validated", "records all Regions", "no trails beside"] {
        assert!(
            receipts[0].assumed.iter().any(|it| it.contains(words)),
            "{words}: {:?}",
            receipts[0].assumed
        );
    }
    let facts = trail_facts(&world, &arn(AUDIT));
    assert_eq!(
        facts.status,
        Reading::Known(Status { logging: Some(false), started: Some(true), ..Status::default() })
    );
    assert!(matches!(facts.trail, Reading::Assumed(_)), "{facts:?}");
}

#[test]
fn with_repairs_taken_later_calls_meet_a_repaired_trail() {
    let later = [
        call("08:10:00", "PutInsightSelectors", json!({ "trailName": "audit" }), Value::Null),
        // What it doesn't ask for stays repaired, although the answer shows the trail as it was.
        call(
            "08:20:00",
            "UpdateTrail",
            json!({ "name": "audit", "includeGlobalServiceEvents": true }),
            answer("example-a", None, true, false),
        ),
        call("08:30:00", "StartLogging", json!({ "name": AUDIT }), Value::Null),
    ];
    let records: Vec<Value> = [quick_create("08:00:00")].into_iter().chain(later).collect();
    let verdicts = |effects| {
        let (receipts, _) = replayed(&records, effects);
        receipts.iter().map(|receipt| receipt.verdict.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(Effects::Shown), ["violation", "violation", "violation", "violation"]);
    assert_eq!(verdicts(Effects::Taken), ["violation", "compliant", "compliant", "compliant"]);
}

#[test]
fn with_repairs_taken_what_a_call_asks_for_happens_all_the_same() {
    let off = call(
        "08:20:00",
        "UpdateTrail",
        json!({ "name": "audit", "enableLogFileValidation": false, "kmsKeyId": "" }),
        answer("example-a", None, true, false),
    );
    let (receipts, world) = replayed(&[quick_create("08:00:00"), off], Effects::Taken);
    let ids: Vec<&str> = receipts[1].findings.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(ids, ["trail.unencrypted", "trail.validation-off"]);
    assert!(
        receipts[1].effects.iter().all(|effect| effect.outcome == "replayed"),
        "{:?}",
        receipts[1].effects
    );
    let Reading::Known(state) = trail_facts(&world, &arn(AUDIT)).trail else { panic!("it is known") };
    assert_eq!(state.settings.validation, Some(true), "and is repaired again");
}

#[test]
fn a_trail_made_anew_has_none_of_the_repairs_of_the_old_one() {
    let records = [
        quick_create("08:00:00"),
        call("09:00:00", "DeleteTrail", json!({ "name": "audit" }), Value::Null),
        quick_create("10:00:00"),
    ];
    let (receipts, _) = replayed(&records, Effects::Taken);
    assert_eq!(receipts[2].effects.len(), 3, "logging, key and validation: {:?}", receipts[2].effects);
}

/// A console's quick create in an account without trails: nothing was recorded before, so nothing is lost.
#[test]
fn a_quick_create_raises_no_alarm_about_the_last_trail() {
    let create = call(
        "09:00:00",
        "CreateTrail",
        json!({ "name": "audit", "s3BucketName": "example-trail-logs" }),
        Value::Null,
    );
    let put = call(
        "09:00:00",
        "PutEventSelectors",
        json!({ "trailName": "audit", "eventSelectors": [{ "readWriteType": "All" }] }),
        Value::Null,
    );
    let start = call("09:00:01", "StartLogging", json!({ "name": "audit" }), Value::Null);
    let (receipts, _) = replayed(&[start, put, create], Effects::Shown);
    assert!(
        receipts.iter().flat_map(|it| &it.findings).all(|it| it.id != "trail.last-trail-gone"),
        "{receipts:#?}"
    );
}

/// Terraform replaces a trail within a second, in an order that CloudTrail's times don't tell.
#[test]
fn what_is_done_to_a_trail_proves_that_it_is_there() {
    let create = call(
        "09:00:00",
        "CreateTrail",
        json!({ "name": "audit", "s3BucketName": "example-trail-logs" }),
        Value::Null,
    );
    let delete = call("09:00:00", "DeleteTrail", json!({ "name": "audit" }), Value::Null);
    let start = call("09:00:05", "StartLogging", json!({ "name": "audit" }), Value::Null);
    let (receipts, world) = replayed(&[delete, create, start], Effects::Shown);
    let last = receipts.last().unwrap();
    assert_eq!((last.event_name.as_str(), last.verdict.as_str()), ("StartLogging", "violation"), "{last:?}");
    assert!(!matches!(trail_facts(&world, &arn(AUDIT)).trail, Reading::Absent));
}

/// Nothing tells whether a trail elsewhere records all Regions: no alarm, and the receipt says what was assumed.
#[test]
fn a_trail_elsewhere_that_may_record_this_region_is_assumed_to() {
    let mut elsewhere = call("08:00:00", "StartLogging", json!({ "name": "global" }), Value::Null);
    elsewhere["awsRegion"] = json!("us-east-1");
    let stop = call("09:00:00", "StopLogging", json!({ "name": "audit" }), Value::Null);
    let (receipts, _) = replayed(&[elsewhere, stop], Effects::Shown);
    let stopped = receipts.last().unwrap();
    assert!(stopped.findings.iter().all(|it| it.id != "trail.last-trail-gone"), "{stopped:?}");
    assert!(stopped.assumed.iter().any(|it| it.contains("trail/global")), "{:?}", stopped.assumed);
}
