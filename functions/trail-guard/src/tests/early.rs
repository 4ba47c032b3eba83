//! Looks that come too early: what the guard makes of answers from before the call, and how often it asks.

use super::*;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusError;
use aws_sdk_cloudtrail::operation::start_logging::StartLoggingOutput;

fn just_now(name: &str, request: &Value) -> Value {
    let mut event = event(name, request);
    event["eventTime"] = json!(Timestamp::now().to_string());
    event
}

fn there(validation: bool) -> DescribeTrailsOutput {
    trails(vec![trail(TRAIL, validation)])
}

fn gone() -> DescribeTrailsOutput {
    trails(Vec::new())
}

/// Whether the trail logs, one look after the other, the last for good.
fn own(answers: &[bool]) -> Rule {
    let mut looks = mock!(CloudTrail::get_trail_status)
        .match_requests(|request| request.name() == Some(TRAIL))
        .sequence();
    for logging in answers.iter().copied() {
        looks = looks.output(move || GetTrailStatusOutput::builder().is_logging(logging).build());
    }
    looks.repeatedly().build()
}

fn other() -> Rule {
    mock!(CloudTrail::get_trail_status)
        .match_requests(|request| request.name() != Some(TRAIL))
        .then_output(|| GetTrailStatusOutput::builder().is_logging(true).build())
}

fn start() -> Rule {
    mock!(CloudTrail::start_logging).then_output(|| StartLoggingOutput::builder().build())
}

#[tokio::test(start_paused = true)]
async fn a_trail_that_still_logs_is_looked_at_again_and_started() {
    let look = looks(vec![there(true)]);
    let (own, other, start) = (own(&[true, true, false, true]), other(), start());
    let (selectors, published, others) = (selectors(), published(), others());
    let rules = [&look, &others, &own, &other, &selectors, &start];
    let guard = guard(mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules), &published);
    let stopped = just_now("StopLogging", &named());
    let receipt = handle(&guard, &stopped).await.unwrap();
    assert_eq!(receipt["effects"][0]["outcome"], "applied", "{receipt}");
    let calls = [&look, &own, &start, &others, &published].map(Rule::num_calls);
    assert_eq!(calls, [1, 4, 1, 1, 1], "only the look that came too early is repeated");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_repaired_and_comes_again_costs_one_look() {
    let look = looks(vec![there(true), there(true)]);
    let (own, other, start) = (own(&[false, true]), other(), start());
    let (selectors, published, others) = (selectors(), published(), others());
    let rules = [&look, &others, &own, &other, &selectors, &start];
    let guard = guard(mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules), &published);
    let stopped = just_now("StopLogging", &named());
    assert_eq!(handle(&guard, &stopped).await.unwrap()["effects"][0]["outcome"], "applied");
    assert_eq!(handle(&guard, &stopped).await.unwrap()["verdict"], "compliant");
    assert_eq!([&look, &own, &start].map(Rule::num_calls), [2, 3, 1]);
}

#[tokio::test(start_paused = true)]
async fn settings_from_before_the_call_are_looked_at_again() {
    let look = looks(vec![there(true), there(true), there(false), there(true)]);
    let (status, selectors, published) = (statuses(&[true]), selectors(), published());
    let update = mock!(CloudTrail::update_trail).then_output(|| UpdateTrailOutput::builder().build());
    let rules = [&look, &status, &selectors, &update];
    let guard = guard(mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules), &published);
    let off = json!({ "name": "audit", "enableLogFileValidation": false });
    let receipt = handle(&guard, &just_now("UpdateTrail", &off)).await.unwrap();
    assert_eq!(receipt["effects"][0]["outcome"], "applied", "{receipt}");
    let calls = [&look, &status, &selectors, &update].map(Rule::num_calls);
    assert_eq!(calls, [4, 1, 1, 1], "only the look that came too early is repeated");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_trail_that_is_still_there_is_looked_at_again() {
    let look = looks(vec![there(true), there(true), gone()]);
    let (status, selectors, published) = (statuses(&[true]), selectors(), published());
    let (others, history) = (others(), no_history());
    let rules = [&look, &others, &status, &selectors, &history];
    let guard = guard(mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules), &published);
    let receipt = handle(&guard, &just_now("DeleteTrail", &named())).await.unwrap();
    assert_eq!((&receipt["facts"]["trail"], look.num_calls()), (&json!("absent"), 3), "{receipt}");
    assert_eq!(receipt["findings"][0]["id"], "trail.deleted");
}

#[tokio::test(start_paused = true)]
async fn a_new_trail_that_is_not_there_yet_is_looked_at_again() {
    let look = looks(vec![gone(), there(false), there(true)]);
    let (status, selectors, published, history) = (statuses(&[true]), selectors(), published(), no_history());
    let update = mock!(CloudTrail::update_trail).then_output(|| UpdateTrailOutput::builder().build());
    let rules = [&look, &status, &selectors, &history, &update];
    let guard = guard(mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules), &published);
    let receipt = handle(&guard, &just_now("CreateTrail", &named())).await.unwrap();
    assert_eq!(receipt["findings"][0]["id"], "trail.validation-off", "{receipt}");
    assert_eq!([&look, &update].map(Rule::num_calls), [3, 1]);
}

#[tokio::test(start_paused = true)]
async fn selectors_from_before_the_call_are_looked_at_again() {
    let look = looks(vec![there(true)]);
    let (status, published, others) = (statuses(&[true, true]), published(), others());
    let shown = |management| {
        let all = EventSelector::builder().read_write_type(ReadWriteType::All);
        let selector = all.include_management_events(management).build();
        GetEventSelectorsOutput::builder().event_selectors(selector).build()
    };
    let own = mock!(CloudTrail::get_event_selectors)
        .match_requests(|request| request.trail_name() == Some(TRAIL))
        .sequence()
        .output(move || shown(true))
        .output(move || shown(true))
        .output(move || shown(false))
        .build();
    let other = selectors();
    let rules = [&look, &others, &status, &own, &other];
    let guard = guard(mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules), &published);
    let list = json!([{ "readWriteType": "All", "includeManagementEvents": false }]);
    let put = just_now("PutEventSelectors", &json!({ "trailName": "audit", "eventSelectors": list }));
    let receipt = handle(&guard, &put).await.unwrap();
    assert_eq!(receipt["findings"][0]["id"], "trail.management-events-excluded", "{receipt}");
    assert_eq!([&look, &own, &other].map(Rule::num_calls), [1, 3, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_in_the_end_is_believed() {
    let (look, own, selectors, published) =
        (looks(vec![there(true)]), own(&[true]), selectors(), published());
    let rules = [&look, &own, &selectors];
    let guard = guard(mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules), &published);
    let receipt = handle(&guard, &just_now("StopLogging", &named())).await.unwrap();
    assert_eq!(receipt["verdict"], "compliant", "somebody started it again: {receipt}");
    assert!((3..=5).contains(&own.num_calls()), "{}", own.num_calls());
}

#[tokio::test(start_paused = true)]
async fn a_trail_that_shows_the_call_costs_one_look() {
    let request = json!({ "name": "audit", "enableLogFileValidation": true, "kmsKeyId": KEY });
    for (name, request) in
        [("StartLogging", named()), ("UpdateTrail", request), ("PutInsightSelectors", named())]
    {
        let (look, own, selectors, published) =
            (looks(vec![there(true)]), own(&[true]), selectors(), published());
        let rules = [&look, &own, &selectors];
        let guard = guard(mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules), &published);
        let receipt = handle(&guard, &just_now(name, &request)).await.unwrap();
        assert_eq!(receipt["verdict"], "compliant", "{name}: {receipt}");
        assert_eq!([&look, &own, &selectors].map(Rule::num_calls), [1, 1, 1], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_look_that_fails_leaves_nothing_known() {
    for code in ["AccessDeniedException", "ThrottlingException"] {
        let own = mock!(CloudTrail::get_trail_status)
            .match_requests(|request| request.name() == Some(TRAIL))
            .sequence()
            .output(|| GetTrailStatusOutput::builder().is_logging(true).build())
            .error(move || GetTrailStatusError::generic(meta(code)))
            .repeatedly()
            .build();
        let (look, other, selectors) = (looks(vec![there(true)]), other(), selectors());
        let (published, others) = (published(), others());
        let rules = [&look, &others, &own, &other, &selectors];
        let guard = guard(mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules), &published);
        let error = handle(&guard, &just_now("StopLogging", &named())).await.unwrap_err();
        assert!(matches!(&error, Unfinished::Unknown(_)), "{code}: {error}");
        assert_eq!(published.num_calls(), 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_is_nearly_over_leaves_one_look() {
    let (look, own, selectors, published) =
        (looks(vec![there(true)]), own(&[true, false]), selectors(), published());
    let rules = [&look, &own, &selectors];
    let guard = guard(mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules), &published);
    let receipt = handle_within(1_500, &guard, &just_now("StopLogging", &named())).await.unwrap();
    assert_eq!((&receipt["verdict"], own.num_calls()), (&json!("compliant"), 1), "{receipt}");
}

/// What a later look showed may be what a call made of the trail that came after the first.
#[tokio::test(start_paused = true)]
async fn what_was_seen_last_is_of_the_time_of_the_last_look() {
    let in_bucket = |bucket: &str| {
        let mut seen = trail(TRAIL, true);
        seen.s3_bucket_name = Some(bucket.to_owned());
        trails(vec![seen])
    };
    let look = looks([vec![in_bucket("ours")], vec![in_bucket("theirs"); 5]].concat());
    let (status, selectors, published) = (statuses(&[true, true]), selectors(), published());
    let history = no_history();
    let rules = [&look, &status, &selectors, &history];
    let guard = guard(mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules), &published);
    let second = (Timestamp::now() + std::time::Duration::from_secs(1)).to_string();
    // It contradicts until the end, and meanwhile the second call moves the trail.
    let off = json!({ "name": "audit", "enableLogFileValidation": false });
    assert_eq!(handle(&guard, &just_now("UpdateTrail", &off)).await.unwrap()["verdict"], "compliant");
    let mut moved = event("UpdateTrail", &json!({ "name": "audit", "s3BucketName": "theirs" }));
    (moved["eventID"], moved["eventTime"]) = (json!("2"), json!(second));
    let receipt = handle(&guard, &moved).await.unwrap();
    assert_eq!(receipt["findings"][0]["id"], "trail.redirected", "{receipt}");
}
