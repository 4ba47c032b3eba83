//! What CloudTrail's event history, and the instance itself, tell of a trail before the change.

use super::*;

#[tokio::test]
async fn a_history_too_long_to_read_is_never_taken_for_none() {
    let look = looks(vec![trails(vec![trail(TRAIL, true)])]);
    let (status, selectors, published) = (statuses(&[true]), selectors(), published());
    let history = mock!(CloudTrail::lookup_events).then_output(|| {
        let noise = Event::builder().event_id("x").cloud_trail_event("{\"eventName\": 7}").build();
        LookupEventsOutput::builder().events(noise).next_token("more").build()
    });
    let rules = [&look, &status, &selectors, &history];
    let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules);
    let moved = json!({ "name": "audit", "s3BucketName": "example-trail-logs" });
    let receipt = handle(&guard(cloudtrail, &published), &event("UpdateTrail", &moved)).await.unwrap();
    assert_eq!(receipt["findings"][0]["id"], "trail.redirected");
    assert!(receipt["findings"][0]["evidence"][1].as_str().unwrap().contains("more than 1000"), "{receipt}");
    assert_eq!(history.num_calls(), 40, "twenty pages of either sort of call");
}

#[tokio::test]
async fn a_recorded_call_that_cannot_be_read_may_have_been_the_one() {
    let look = looks(vec![trails(vec![trail(TRAIL, true)])]);
    let (status, selectors, published) = (statuses(&[true]), selectors(), published());
    let history = mock!(CloudTrail::lookup_events).then_output(|| {
        let noise = Event::builder().event_id("x").cloud_trail_event("{\"eventName\": 7}").build();
        LookupEventsOutput::builder().events(noise).build()
    });
    let rules = [&look, &status, &selectors, &history];
    let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules);
    let moved = json!({ "name": "audit", "s3BucketName": "example-trail-logs" });
    let receipt = handle(&guard(cloudtrail, &published), &event("UpdateTrail", &moved)).await.unwrap();
    assert!(receipt["findings"][0]["evidence"][1].as_str().unwrap().contains("can't be read"), "{receipt}");
}

#[tokio::test]
async fn a_recorded_call_that_names_no_trail_may_have_been_the_one() {
    let bare = json!({ "name": "audit", "s3BucketName": "theirs" });
    for (about, nameless, told) in [
        ("before", json!({ "eventTime": "2026-11-03T09:12:43Z" }), true),
        ("later", json!({ "eventTime": "2026-11-03T09:12:45Z" }), false),
        ("failed", json!({ "eventTime": "2026-11-03T09:12:43Z", "errorCode": "AccessDenied" }), false),
    ] {
        let mut record = event("UpdateTrail", &Value::Null);
        record["eventID"] = json!("nameless-1");
        record.as_object_mut().unwrap().extend(nameless.as_object().unwrap().clone());
        for name in ["UpdateTrail", "CreateTrail", "DeleteTrail"] {
            let look = match name {
                "DeleteTrail" => looks(vec![trails(Vec::new())]),
                _ => looks(vec![trails(vec![trail(TRAIL, true)])]),
            };
            let (status, selectors, published, others) =
                (statuses(&[true]), selectors(), published(), others());
            let record = record.to_string();
            let history = mock!(CloudTrail::lookup_events).then_output(move || {
                let nameless = Event::builder().event_id("x").cloud_trail_event(&record).build();
                LookupEventsOutput::builder().events(nameless).build()
            });
            let rules = [&look, &others, &status, &selectors, &history];
            let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules);
            let receipt = handle(&guard(cloudtrail, &published), &event(name, &bare)).await.unwrap();
            let shown = receipt["facts"]["earlier"].to_string();
            assert_eq!(shown.contains("can't be read"), told, "{about}, {name}: {receipt}");
            assert_eq!(history.num_calls(), 2, "{about}, {name}");
        }
    }
}

#[tokio::test]
async fn what_an_instance_saw_itself_rebuilds_a_trail_that_the_history_no_longer_tells_of() {
    let look = looks(vec![trails(vec![trail(TRAIL, true)]), trails(Vec::new())]);
    let (status, selectors, published, others) =
        (statuses(&[true, true]), selectors(), published(), others());
    let history = no_history();
    let rules = [&look, &others, &status, &selectors, &history];
    let guard = guard(mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules), &published);
    handle(&guard, &event("StartLogging", &named())).await.unwrap();
    let mut deleted = event("DeleteTrail", &named());
    deleted["eventTime"] = json!("2999-01-01T00:00:00Z");
    let receipt = handle(&guard, &deleted).await.unwrap();
    let told = receipt["findings"][0].to_string();
    assert!(told.contains("--s3-bucket-name example-trail-logs"), "{told}");
    assert_eq!(history.num_calls(), 2, "both sorts of calls are looked for");
}
