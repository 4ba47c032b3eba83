//! The trail guard's built binary, end to end: what it leaves in the emulator's own trails.

use crate::lab::{ACCOUNT, Function, Lab, REGION, failed};
use serde_json::{Value, json};

pub const NAME: &str = "audit";
pub const BUCKET: &str = "example-trail-logs";

fn arn() -> String {
    format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{NAME}")
}

/// A policy in `mode` that gives trails the key behind `alias/trails`.
fn policy(mode: &str) -> String {
    format!("mode = \"{mode}\"\n[trails]\nkey = \"alias/trails\"\n")
}

pub fn event(id: &str, name: &str, request: Value) -> Value {
    let mut event = crate::lab::event(id, name, request);
    event["source"] = json!("aws.cloudtrail");
    event["detail"]["eventSource"] = json!("cloudtrail.amazonaws.com");
    event
}

fn updated(id: &str) -> Value {
    event(id, "UpdateTrail", json!({ "name": NAME }))
}

pub fn stopped(id: &str) -> Value {
    event(id, "StopLogging", json!({ "name": NAME }))
}

/// The key policy that AWS documents for CloudTrail, beside the account's own statement.
fn trail_key_policy() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "kms:GenerateDataKey*", "Resource": "*",
          "Condition": { "StringEquals": { "aws:SourceArn": arn() },
                         "StringLike": { "kms:EncryptionContext:aws:cloudtrail:arn": format!("arn:aws:cloudtrail:*:{ACCOUNT}:trail/*") } } },
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "kms:DescribeKey", "Resource": "*" },
    ]})
}

fn create_key(lab: &Lab, policy: &Value) -> String {
    let created = lab.call("TrentService.CreateKey", json!({ "Policy": policy.to_string() }));
    let arn = created["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    lab.call("TrentService.CreateAlias", json!({ "AliasName": "alias/trails", "TargetKeyId": arn }));
    arn
}

pub fn call(lab: &Lab, operation: &str, parameters: Value) -> Value {
    lab.call(&format!("CloudTrail_20131101.{operation}"), parameters)
}

/// A bucket, a key behind `alias/trails`, and a logging trail with neither key nor validation.
fn lab_with_trail() -> (Lab, String) {
    let lab = Lab::start();
    lab.create_bucket(BUCKET, REGION);
    let key = create_key(&lab, &trail_key_policy());
    call(
        &lab,
        "CreateTrail",
        json!({ "Name": NAME, "S3BucketName": BUCKET, "S3KeyPrefix": "all", "IsMultiRegionTrail": true }),
    );
    call(&lab, "StartLogging", json!({ "Name": NAME }));
    (lab, key)
}

/// As policy requires.
fn make_good(lab: &Lab, key: &str) {
    call(lab, "UpdateTrail", json!({ "Name": NAME, "KmsKeyId": key, "EnableLogFileValidation": true }));
}

pub fn described(lab: &Lab) -> Value {
    call(lab, "DescribeTrails", json!({ "trailNameList": [NAME] }))["trailList"][0].clone()
}

pub fn is_logging(lab: &Lab) -> bool {
    call(lab, "GetTrailStatus", json!({ "Name": NAME }))["IsLogging"] == json!(true)
}

fn guard(lab: &Lab, mode: &str) -> Function {
    lab.guard("trail-guard", &policy(mode))
}

pub fn finding_ids(receipt: &Value) -> Vec<&str> {
    receipt["findings"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect()
}

pub fn effects(receipt: &Value) -> Vec<(&str, &str)> {
    let effects = receipt["effects"].as_array().unwrap().iter();
    effects.map(|it| (it["ensure"].as_str().unwrap(), it["outcome"].as_str().unwrap())).collect()
}

fn email(lab: &Lab) -> String {
    let message: Value = serde_json::from_str(lab.published()[0]["Message"].as_str().unwrap()).unwrap();
    message["email"].as_str().unwrap().to_owned()
}

const READS: [&str; 3] =
    ["cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"];

#[test]
fn a_trail_as_required_costs_three_reads_and_no_page() {
    let (lab, key) = lab_with_trail();
    make_good(&lab, &key);
    let answer = guard(&lab, "remediate").invoke(&updated("good-1"));
    assert_eq!((&answer["verdict"], &answer["page"]), (&json!("compliant"), &Value::Null), "{answer}");
    let mut called = lab.operations();
    called.sort();
    assert_eq!(called, READS);
}

#[test]
fn only_what_is_in_violation_is_changed_and_read_back() {
    let (lab, key) = lab_with_trail();
    call(&lab, "StopLogging", json!({ "Name": NAME }));
    let before = described(&lab);
    let answer = guard(&lab, "remediate").invoke(&stopped("stopped-1"));
    assert_eq!(
        effects(&answer),
        [("trail-logging", "applied"), ("trail-key", "applied"), ("trail-validation", "applied")],
        "{answer}"
    );
    assert!(is_logging(&lab));
    let mut expected = before;
    expected["KmsKeyId"] = json!(key);
    expected["LogFileValidationEnabled"] = json!(true);
    assert_eq!(described(&lab), expected, "nothing else has changed");
    assert_eq!(
        lab.parameters("UpdateTrail"),
        [
            json!({ "Name": arn(), "KmsKeyId": key }),
            json!({ "Name": arn(), "EnableLogFileValidation": true })
        ]
    );
    let writes: Vec<String> = lab
        .operations()
        .into_iter()
        .filter(|it| it.ends_with(":StartLogging") || it.ends_with(":UpdateTrail"))
        .collect();
    assert_eq!(
        writes,
        ["cloudtrail:StartLogging", "cloudtrail:UpdateTrail", "cloudtrail:UpdateTrail"],
        "logging first"
    );
    assert_eq!(lab.published().len(), 1);
}

#[test]
fn observe_and_page_mode_leave_the_trail_untouched() {
    for (mode, pages) in [("observe", 0), ("page", 1)] {
        let (lab, _) = lab_with_trail();
        call(&lab, "StopLogging", json!({ "Name": NAME }));
        let before = described(&lab);
        let answer = guard(&lab, mode).invoke(&stopped("stopped-1"));
        assert!(effects(&answer).iter().all(|(_, outcome)| *outcome == "withheld"), "{answer}");
        assert_eq!((described(&lab), is_logging(&lab)), (before, false));
        assert_eq!(lab.published().len(), pages);
        assert_eq!((lab.count("cloudtrail:UpdateTrail"), lab.count("cloudtrail:StartLogging")), (0, 0));
    }
}

#[test]
fn its_own_calls_come_back_as_events_and_are_compliant() {
    let (lab, key) = lab_with_trail();
    call(&lab, "StopLogging", json!({ "Name": NAME }));
    let guard = guard(&lab, "remediate");
    guard.invoke(&stopped("stopped-1"));
    let writes = || lab.count("cloudtrail:UpdateTrail") + lab.count("cloudtrail:StartLogging");
    assert_eq!(writes(), 3);
    for (number, own) in [
        event("own-1", "StartLogging", json!({ "name": arn() })),
        event("own-2", "UpdateTrail", json!({ "name": arn(), "kmsKeyId": key })),
        event("own-3", "UpdateTrail", json!({ "name": arn(), "enableLogFileValidation": true })),
        stopped("stopped-1"),
    ]
    .iter()
    .enumerate()
    {
        let answer = guard.invoke(own);
        assert_eq!((&answer["verdict"], &answer["page"]), (&json!("compliant"), &Value::Null), "{number}");
    }
    assert_eq!((writes(), lab.published().len()), (3, 1));
}

#[test]
fn the_last_trail_is_told_and_another_that_records_is_no_alarm() {
    let (lab, key) = lab_with_trail();
    make_good(&lab, &key);
    call(&lab, "StopLogging", json!({ "Name": NAME }));
    let guard = guard(&lab, "page");
    let alone = guard.invoke(&stopped("alone-1"));
    assert_eq!(finding_ids(&alone), ["trail.last-trail-gone", "trail.logging-stopped"], "{alone}");
    assert_eq!(alone["page"]["severity"], "critical");
    call(&lab, "CreateTrail", json!({ "Name": "second", "S3BucketName": BUCKET }));
    let idle = guard.invoke(&stopped("idle-1"));
    assert_eq!(
        finding_ids(&idle),
        ["trail.last-trail-gone", "trail.logging-stopped"],
        "it isn't logging yet"
    );
    call(&lab, "StartLogging", json!({ "Name": "second" }));
    let here = guard.invoke(&stopped("here-1"));
    let told = here["findings"][0]["summary"].as_str().unwrap();
    assert!(told.starts_with("nothing records what happens in the other Regions"), "{here}");
    let wide = json!({ "Name": "second", "IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": true });
    call(&lab, "UpdateTrail", wide);
    let second = guard.invoke(&stopped("second-1"));
    assert_eq!(finding_ids(&second), ["trail.logging-stopped"], "{second}");
    let blind = json!({ "TrailName": "second", "EventSelectors": [{ "IncludeManagementEvents": false, "DataResources": [{ "Type": "AWS::S3::Object", "Values": ["arn:aws:s3"] }] }] });
    call(&lab, "PutEventSelectors", blind);
    let mute = guard.invoke(&stopped("mute-1"));
    assert_eq!(finding_ids(&mute)[0], "trail.last-trail-gone", "it records no management events: {mute}");
}

#[test]
fn a_deleted_trail_pages_with_the_command_that_makes_it_anew() {
    let (lab, key) = lab_with_trail();
    make_good(&lab, &key);
    let guard = guard(&lab, "remediate");
    let record = event("past-1", "UpdateTrail", json!({ "name": NAME }));
    let mut record = record["detail"].clone();
    record["responseElements"] = json!({ "name": NAME, "trailARN": arn(), "s3BucketName": BUCKET, "kmsKeyId": key,
        "isMultiRegionTrail": true, "logFileValidationEnabled": true, "isOrganizationTrail": false, "includeGlobalServiceEvents": true });
    record["eventTime"] = json!("2026-11-02T09:12:44Z");
    lab.history(json!([{ "EventId": "past-1", "EventName": "UpdateTrail", "EventTime": "2026-11-02T09:12:44Z", "CloudTrailEvent": record.to_string() }]));
    call(&lab, "DeleteTrail", json!({ "Name": NAME }));
    let answer = guard.invoke(&event("deleted-1", "DeleteTrail", json!({ "name": arn() })));
    assert_eq!(finding_ids(&answer), ["trail.last-trail-gone", "trail.deleted"], "{answer}");
    let email = email(&lab);
    assert!(
        email.contains(&format!("--s3-bucket-name {BUCKET} --kms-key-id {key} --is-multi-region-trail")),
        "{email}"
    );
    assert!(email.contains("event selectors"), "what isn't known is named: {email}");
    assert_eq!(effects(&answer), []);
}

#[test]
fn a_moved_trail_is_held_against_cloudtrails_own_history() {
    let (lab, key) = lab_with_trail();
    make_good(&lab, &key);
    lab.create_bucket("elsewhere", REGION);
    let guard = guard(&lab, "page");
    let moved = |id: &str| event(id, "UpdateTrail", json!({ "name": NAME, "s3BucketName": "elsewhere" }));
    let unsure = guard.invoke(&moved("unsure-1"));
    assert_eq!(
        (finding_ids(&unsure), &unsure["findings"][0]["severity"]),
        (vec!["trail.redirected"], &json!("medium"))
    );
    let mut record =
        event("past-1", "CreateTrail", json!({ "name": NAME, "s3BucketName": BUCKET }))["detail"].clone();
    record["responseElements"] =
        json!({ "name": NAME, "trailARN": arn(), "s3BucketName": BUCKET, "s3KeyPrefix": "all" });
    record["eventTime"] = json!("2026-10-02T09:12:44Z");
    lab.history(json!([{ "EventId": "past-1", "EventName": "CreateTrail", "EventTime": "2026-10-02T09:12:44Z", "CloudTrailEvent": record.to_string() }]));
    let same = event("same-1", "UpdateTrail", json!({ "name": NAME, "s3BucketName": BUCKET }));
    assert_eq!(finding_ids(&guard.invoke(&same)), Vec::<&str>::new(), "it is where it was");
    call(&lab, "UpdateTrail", json!({ "Name": NAME, "S3BucketName": "elsewhere" }));
    let known = guard.invoke(&moved("known-1"));
    assert_eq!(
        (finding_ids(&known), &known["findings"][0]["severity"]),
        (vec!["trail.redirected"], &json!("high")),
        "{known}"
    );
}

#[test]
fn a_key_that_does_not_serve_is_never_set() {
    let closed = crate::lab::closed_policy();
    for trouble in ["closed", "disabled", "missing", "bucket-elsewhere"] {
        let lab = Lab::start();
        lab.create_bucket(BUCKET, if trouble == "bucket-elsewhere" { "eu-west-1" } else { REGION });
        if trouble != "missing" {
            let open = trail_key_policy();
            let key = create_key(&lab, if trouble == "closed" { &closed } else { &open });
            if trouble == "disabled" {
                lab.call("TrentService.DisableKey", json!({ "KeyId": key }));
            }
        }
        call(
            &lab,
            "CreateTrail",
            json!({ "Name": NAME, "S3BucketName": BUCKET, "IsMultiRegionTrail": true, "EnableLogFileValidation": true }),
        );
        call(&lab, "StartLogging", json!({ "Name": NAME }));
        let answer = guard(&lab, "remediate").invoke(&updated("update-1"));
        assert_eq!(finding_ids(&answer), ["trail.key-unusable", "trail.unencrypted"], "{trouble}: {answer}");
        assert_eq!((effects(&answer), lab.count("cloudtrail:UpdateTrail")), (vec![], 0), "{trouble}");
        if trouble == "closed" {
            let email = email(&lab);
            assert!(
                email.contains("AllowCloudTrailToEncrypt") && email.contains("AllowCloudTrailToDescribeKey"),
                "{email}"
            );
        }
    }
}

#[test]
fn cloudtrails_own_refusal_pages_with_the_statements() {
    let (lab, _) = lab_with_trail();
    lab.fault(json!({ "service": "cloudtrail", "operation": "UpdateTrail", "kind": "error", "status": 400,
        "code": "InsufficientEncryptionPolicyException", "message": "Insufficient permissions to access S3 bucket or KMS key.", "times": 1 }));
    let answer = guard(&lab, "remediate").invoke(&updated("update-1"));
    assert_eq!(effects(&answer), [("trail-key", "refused"), ("trail-validation", "applied")], "{answer}");
    let email = email(&lab);
    assert!(email.contains("\"kms:GenerateDataKey*\"") && email.contains("kms:Decrypt"), "{email}");
}

#[test]
fn conflicts_and_throttles_are_waited_out() {
    let (lab, key) = lab_with_trail();
    call(&lab, "StopLogging", json!({ "Name": NAME }));
    lab.fault(json!({ "service": "cloudtrail", "operation": "UpdateTrail", "kind": "error", "status": 400,
        "code": "ConflictException", "message": "another change is under way", "times": 1 }));
    for operation in ["StartLogging", "DescribeTrails", "GetTrailStatus", "GetEventSelectors"] {
        lab.fault(json!({ "service": "cloudtrail", "operation": operation, "kind": "throttle", "times": 1 }));
    }
    let answer = guard(&lab, "remediate").invoke(&stopped("stopped-1"));
    assert!(effects(&answer).iter().all(|(_, outcome)| *outcome == "applied"), "{answer}");
    assert_eq!((described(&lab)["KmsKeyId"].clone(), is_logging(&lab)), (json!(key), true));
}

#[test]
fn whatever_read_is_denied_pages_and_is_never_taken_for_an_answer() {
    for (service, operation) in [
        ("cloudtrail", "DescribeTrails"),
        ("cloudtrail", "GetTrailStatus"),
        ("cloudtrail", "GetEventSelectors"),
        ("cloudtrail", "ListTags"),
        ("s3", "HeadBucket"),
        ("kms", "DescribeKey"),
        ("kms", "GetKeyPolicy"),
    ] {
        let (lab, _) = lab_with_trail();
        lab.fault(json!({ "service": service, "operation": operation, "kind": "access-denied" }));
        let tags = "[[exempt]]\nguard = \"trail\"\ntag = { key = \"tier\", value = \"scratch\" }\nreason = \"scratch\"\n";
        let guard = lab.guard("trail-guard", &format!("{}{tags}", policy("remediate")));
        guard.invoke(&updated("update-1"));
        let receipt = &guard.receipts(1)[0];
        assert_eq!(receipt["page"]["outcome"], "sent", "{operation}: {receipt}");
        assert!(
            !effects(receipt).iter().any(|(ensure, _)| *ensure == "trail-key" && service != "cloudtrail"),
            "{operation}"
        );
        assert_eq!(
            described(&lab).get("KmsKeyId").is_some(),
            matches!(operation, "GetTrailStatus" | "GetEventSelectors"),
            "{operation}"
        );
        assert!(lab.published()[0]["Message"].as_str().unwrap().contains(operation), "{operation} is named");
    }
}

#[test]
fn whatever_write_is_denied_pages_with_what_the_role_lacks() {
    for operation in ["StartLogging", "UpdateTrail"] {
        let (lab, _) = lab_with_trail();
        call(&lab, "StopLogging", json!({ "Name": NAME }));
        lab.fault(json!({ "service": "cloudtrail", "operation": operation, "kind": "access-denied" }));
        let answer = guard(&lab, "remediate").invoke(&stopped("stopped-1"));
        assert!(effects(&answer).iter().any(|(_, outcome)| *outcome == "refused"), "{operation}: {answer}");
        let email = email(&lab);
        assert!(email.contains(&format!("\"Action\": \"cloudtrail:{operation}\"")), "{email}");
        assert_eq!(is_logging(&lab), operation == "UpdateTrail", "the other effects are tried all the same");
    }
}

#[test]
fn a_delivery_error_about_the_key_names_the_key() {
    let (lab, key) = lab_with_trail();
    make_good(&lab, &key);
    lab.trail_status(json!({ "TrailARN": arn(), "LatestDeliveryError": "KMS.DisabledException" }));
    let answer = guard(&lab, "remediate").invoke(&event("start-1", "StartLogging", json!({ "name": NAME })));
    assert_eq!(finding_ids(&answer), ["trail.delivery-failing"], "{answer}");
    assert!(email(&lab).contains(&key));
}

#[test]
fn a_log_group_that_the_trail_cannot_write_to_is_told() {
    let (lab, key) = lab_with_trail();
    make_good(&lab, &key);
    lab.trail_status(json!({ "TrailARN": arn(), "LatestCloudWatchLogsDeliveryError": "AccessDenied" }));
    let guard = guard(&lab, "remediate");
    let answer = guard.invoke(&event("start-1", "StartLogging", json!({ "name": NAME })));
    assert_eq!(answer["verdict"], "compliant", "it writes to none: {answer}");
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:trail:*";
    call(
        &lab,
        "UpdateTrail",
        json!({
            "Name": NAME, "CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/trail",
        }),
    );
    let answer = guard.invoke(&event("start-2", "StartLogging", json!({ "name": NAME })));
    assert_eq!(finding_ids(&answer), ["trail.delivery-failing"], "{answer}");
    assert!(email(&lab).contains(group));
}

#[test]
fn selectors_are_read_as_the_api_shows_them() {
    let (lab, key) = lab_with_trail();
    make_good(&lab, &key);
    let guard = guard(&lab, "page");
    let put = |selectors: Value| {
        let mut request = selectors;
        request["TrailName"] = json!(NAME);
        call(&lab, "PutEventSelectors", request);
    };
    let field = |field: &str, operator: &str, value: &str| json!({ "Field": field, operator: [value] });
    let kms = json!({ "AdvancedEventSelectors": [{ "FieldSelectors": [field("eventCategory", "Equals", "Management"), field("eventSource", "NotEquals", "kms.amazonaws.com")] }] });
    let named = json!({ "AdvancedEventSelectors": [{ "FieldSelectors": [field("eventCategory", "Equals", "Management"), field("eventName", "NotEquals", "StopLogging")] }] });
    let whole = json!({ "AdvancedEventSelectors": [{ "FieldSelectors": [field("eventCategory", "Equals", "Management")] }] });
    let cases = [
        (
            json!({ "EventSelectors": [{ "ReadWriteType": "All", "IncludeManagementEvents": true, "ExcludeManagementEventSources": ["kms.amazonaws.com"] }] }),
            vec!["trail.management-events-excluded"],
        ),
        (kms, vec!["trail.management-events-excluded"]),
        (whole, vec![]),
        (named, vec!["trail.state-unknown"]),
    ];
    for (number, (selectors, expected)) in cases.into_iter().enumerate() {
        put(selectors.clone());
        let id = format!("put-{number}");
        guard.invoke(&event(&id, "PutEventSelectors", json!({ "trailName": NAME })));
        let receipts = guard.receipts(number + 1);
        assert_eq!(finding_ids(&receipts[number]), expected, "{selectors}");
    }
}

#[test]
fn an_event_of_another_region_or_a_trail_of_another_owner_is_never_acted_on() {
    let (lab, _) = lab_with_trail();
    let guard = guard(&lab, "remediate");
    let mut elsewhere = updated("elsewhere-1");
    elsewhere["detail"]["awsRegion"] = json!("us-east-1");
    assert!(failed(&guard.invoke(&elsewhere)));
    let foreign = format!("arn:aws:cloudtrail:{REGION}:999999999999:trail/{NAME}");
    assert!(failed(&guard.invoke(&event("foreign-1", "UpdateTrail", json!({ "name": foreign })))));
    assert!(guard.receipts(2).iter().all(|receipt| receipt["findings"][0]["id"] == "trail.state-unknown"));
    assert_eq!((lab.count("cloudtrail:UpdateTrail"), lab.published().len()), (0, 2));
}

#[test]
fn a_trail_that_is_gone_by_then_is_no_error_while_another_one_records() {
    let (lab, _) = lab_with_trail();
    call(
        &lab,
        "CreateTrail",
        json!({ "Name": "second", "S3BucketName": BUCKET, "IsMultiRegionTrail": true }),
    );
    call(&lab, "StartLogging", json!({ "Name": "second" }));
    call(&lab, "DeleteTrail", json!({ "Name": NAME }));
    let answer = guard(&lab, "remediate").invoke(&updated("late-1"));
    assert_eq!((&answer["verdict"], &answer["page"]), (&json!("ignored"), &Value::Null), "{answer}");
}

/// With the last trail stopped, EventBridge delivers no event of its deletion: that of the stop must tell it.
#[test]
fn the_last_trail_stopped_and_deleted_before_anybody_looks_is_told() {
    let (lab, _) = lab_with_trail();
    call(&lab, "DeleteTrail", json!({ "Name": NAME }));
    let answer = guard(&lab, "remediate").invoke(&stopped("late-1"));
    assert_eq!(finding_ids(&answer), ["trail.last-trail-gone", "trail.deleted"], "{answer}");
    assert_eq!(answer["page"]["severity"], "critical");
}

/// LookupEvents allows two calls a second in an account, so that anybody may use them up.
#[test]
fn what_is_less_urgent_never_keeps_the_last_trail_from_being_told() {
    for (service, operation) in
        [("cloudtrail", "LookupEvents"), ("s3", "HeadBucket"), ("cloudtrail", "GetEventSelectors")]
    {
        let (lab, _) = lab_with_trail();
        lab.fault(json!({ "service": service, "operation": operation, "kind": "delay", "seconds": 30 }));
        let guard = guard(&lab, "page");
        let event = if operation == "LookupEvents" {
            call(&lab, "DeleteTrail", json!({ "Name": NAME }));
            event("deleted-1", "DeleteTrail", json!({ "name": NAME }))
        } else {
            call(&lab, "StopLogging", json!({ "Name": NAME }));
            stopped("stopped-1")
        };
        guard.invoke(&event);
        let receipt = &guard.receipts(1)[0];
        assert_eq!(finding_ids(receipt)[0], "trail.last-trail-gone", "{operation}: {receipt}");
        assert_eq!(receipt["page"]["outcome"], "sent", "{operation}");
    }
}

/// The record that CloudTrail's history holds of a call on the trail.
fn past(id: &str, name: &str, time: &str, bucket: &str) -> Value {
    let mut record = event(id, name, json!({ "name": NAME, "s3BucketName": bucket }))["detail"].clone();
    record["responseElements"] =
        json!({ "name": NAME, "trailARN": arn(), "s3BucketName": bucket, "s3KeyPrefix": "all" });
    record["eventTime"] = json!(time);
    json!({ "EventId": id, "EventName": name, "EventTime": time, "CloudTrailEvent": record.to_string() })
}

#[test]
fn a_redirection_is_not_hidden_by_a_twin_a_new_trail_or_what_was_seen_afterwards() {
    let (lab, key) = lab_with_trail();
    make_good(&lab, &key);
    lab.create_bucket("elsewhere", REGION);
    call(&lab, "UpdateTrail", json!({ "Name": NAME, "S3BucketName": "elsewhere" }));
    let guard = guard(&lab, "page");
    guard.invoke(&event("start-1", "StartLogging", json!({ "name": NAME })));
    let moved = |id: &str| event(id, "UpdateTrail", json!({ "name": NAME, "s3BucketName": "elsewhere" }));
    let seen_late = guard.invoke(&moved("moved-1"));
    assert_eq!(
        finding_ids(&seen_late),
        ["trail.redirected"],
        "what was seen after the call is no before: {seen_late}"
    );
    lab.history(json!([
        past("twin-1", "UpdateTrail", "2026-11-03T09:12:44Z", "elsewhere"),
        past("old-1", "CreateTrail", "2026-10-02T09:12:44Z", BUCKET),
    ]));
    let twin = guard.invoke(&moved("moved-2"));
    assert_eq!(
        (finding_ids(&twin), &twin["findings"][0]["severity"]),
        (vec!["trail.redirected"], &json!("high")),
        "{twin}"
    );
    let again = guard.invoke(&event("deleted-1", "DeleteTrail", json!({ "name": NAME })));
    assert_eq!(
        finding_ids(&again),
        ["trail.redirected", "trail.deleted"],
        "deleted and made again elsewhere: {again}"
    );
}

#[test]
fn the_latest_description_of_a_trail_that_was_made_again_is_its_creation() {
    let (lab, key) = lab_with_trail();
    make_good(&lab, &key);
    lab.history(json!([
        past("new-1", "CreateTrail", "2026-10-20T09:12:44Z", BUCKET),
        past("old-2", "UpdateTrail", "2026-10-03T09:12:44Z", "old-bucket"),
        past("old-1", "CreateTrail", "2026-10-02T09:12:44Z", "old-bucket"),
    ]));
    let saved = event("saved-1", "UpdateTrail", json!({ "name": NAME, "s3BucketName": BUCKET }));
    let answer = guard(&lab, "page").invoke(&saved);
    assert_eq!(answer["verdict"], "compliant", "{answer}");
}
