//! The guard against an AWS that answers as the test says: which calls with which parameters, and what
//! becomes of answers that no emulator can be made to give.

mod early;
mod others;
mod past;
mod tags;

use super::*;
use aws_sdk_cloudtrail::Client as CloudTrail;
use aws_sdk_cloudtrail::operation::describe_trails::DescribeTrailsOutput;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::operation::start_logging::StartLoggingError;
use aws_sdk_cloudtrail::operation::update_trail::UpdateTrailOutput;
use aws_sdk_cloudtrail::types::error::{ConflictException, TrailNotFoundException};
use aws_sdk_cloudtrail::types::{Event, EventSelector, ReadWriteType, Trail};
use aws_sdk_sns::Client as Sns;
use aws_sdk_sns::operation::publish::PublishOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use lambda_runtime::{Context, LambdaEvent};
use sealwatch_policy::names::Region;
use sealwatch_policy::policy::Policy;
use sealwatch_runtime::clients::Clients;
use sealwatch_runtime::desk::Unfinished;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

const TRAIL: &str = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit";
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-0000-4a4a-8b8b-000000000001";

fn trail(arn: &str, validation: bool) -> Trail {
    Trail::builder()
        .name("audit")
        .trail_arn(arn)
        .s3_bucket_name("example-trail-logs")
        .kms_key_id(KEY)
        .is_multi_region_trail(true)
        .log_file_validation_enabled(validation)
        .home_region("eu-central-1")
        .build()
}

fn trails(found: Vec<Trail>) -> DescribeTrailsOutput {
    DescribeTrailsOutput::builder().set_trail_list(Some(found)).build()
}

/// The looks at the trail by its ARN, one answer after the other.
fn looks(answers: Vec<DescribeTrailsOutput>) -> Rule {
    let rule = mock!(CloudTrail::describe_trails)
        .match_requests(|request| request.trail_name_list() == [TRAIL.to_owned()]);
    let mut sequence = rule.sequence();
    for answer in answers {
        sequence = sequence.output(move || answer.clone());
    }
    sequence.build()
}

fn statuses(answers: &[bool]) -> Rule {
    let mut sequence = mock!(CloudTrail::get_trail_status).sequence();
    for logging in answers.iter().copied() {
        sequence = sequence.output(move || GetTrailStatusOutput::builder().is_logging(logging).build());
    }
    sequence.build()
}

fn selectors() -> Rule {
    mock!(CloudTrail::get_event_selectors).then_output(|| {
        let all =
            EventSelector::builder().read_write_type(ReadWriteType::All).include_management_events(true);
        GetEventSelectorsOutput::builder().event_selectors(all.build()).build()
    })
}

fn published() -> Rule {
    mock!(Sns::publish).then_output(|| PublishOutput::builder().message_id("1").build())
}

const POLICY: &str = "mode = \"remediate\"\n[trails]\nkey = \"alias/trails\"\n";

fn guard(cloudtrail: CloudTrail, published: &Rule) -> Function<TrailGuard> {
    guard_by(POLICY, cloudtrail, published)
}

fn guard_by(policy: &str, cloudtrail: CloudTrail, published: &Rule) -> Function<TrailGuard> {
    let policy = Policy::parse(policy).unwrap();
    let boot = Boot {
        guard: Guard::Trail,
        mode: policy.mode_of(Guard::Trail),
        policy,
        region: Region::parse("eu-central-1").unwrap(),
        role: None,
        topic: Some("arn:aws:sns:eu-central-1:111122223333:pages".to_owned()),
        clients: Clients::of(
            mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, []),
            mock_client!(aws_sdk_kms, RuleMode::MatchAny, []),
            mock_client!(aws_sdk_sns, RuleMode::MatchAny, [published]),
            cloudtrail,
        ),
    };
    Function::new(boot, Desk::writing_to(std::io::sink()), TrailGuard::default())
}

fn event(name: &str, request: &Value) -> Value {
    json!({
        "eventSource": "cloudtrail.amazonaws.com", "eventName": name, "eventID": "1", "awsRegion": "eu-central-1",
        "eventTime": "2026-11-03T09:12:44Z", "recipientAccountId": "111122223333", "userIdentity": { "type": "IAMUser" },
        "requestParameters": request,
    })
}

async fn handle(guard: &Function<TrailGuard>, event: &Value) -> Result<Value, Unfinished> {
    handle_within(10_000, guard, event).await
}

/// The same with so many milliseconds.
async fn handle_within(left: i64, guard: &Function<TrailGuard>, event: &Value) -> Result<Value, Unfinished> {
    let mut context = Context::default();
    context.deadline = u64::try_from(Timestamp::now().as_millisecond() + left).unwrap();
    context.invoked_function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:guard".to_owned();
    let answer = guard.handle(LambdaEvent::new(to_raw_value(event).unwrap(), context)).await?;
    Ok(serde_json::from_str(answer.get()).unwrap())
}

fn meta(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message("said so").build()
}

fn named() -> Value {
    json!({ "name": "audit" })
}

#[tokio::test]
async fn a_selector_that_leaves_out_what_it_records_is_no_answer() {
    let look = looks(vec![trails(vec![trail(TRAIL, true)])]);
    let (status, published, others) = (statuses(&[true, true]), published(), others());
    let selectors = mock!(CloudTrail::get_event_selectors).then_output(|| {
        GetEventSelectorsOutput::builder().event_selectors(EventSelector::builder().build()).build()
    });
    let rules = [&look, &others, &status, &selectors];
    let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules);
    let error = handle(&guard(cloudtrail, &published), &event("StartLogging", &named())).await.unwrap_err();
    assert!(matches!(&error, Unfinished::Unknown(_)), "{error}");
}

#[tokio::test]
async fn one_setting_is_one_update_with_that_setting_alone() {
    let look = looks(vec![trails(vec![trail(TRAIL, false)]), trails(vec![trail(TRAIL, true)])]);
    let (status, selectors, published) = (statuses(&[true]), selectors(), published());
    let update = mock!(CloudTrail::update_trail)
        .match_requests(|request| {
            request.name() == Some(TRAIL)
                && request.enable_log_file_validation() == Some(true)
                && request.kms_key_id().is_none()
                && request.s3_bucket_name().is_none()
                && request.is_multi_region_trail().is_none()
        })
        .then_output(|| UpdateTrailOutput::builder().build());
    let cloudtrail =
        mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, [&look, &status, &selectors, &update]);
    let receipt = handle(&guard(cloudtrail, &published), &event("UpdateTrail", &named())).await.unwrap();
    assert_eq!(receipt["effects"][0]["outcome"], "applied");
    let calls = [&look, &status, &selectors, &update, &published].map(Rule::num_calls);
    assert_eq!(calls, [2, 1, 1, 1, 1]);
}

#[tokio::test]
async fn another_trail_is_no_answer() {
    let other = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit-2";
    let look = looks(vec![trails(vec![trail(other, true)])]);
    let (status, selectors, published, others) = (statuses(&[true]), selectors(), published(), others());
    let history = no_history();
    let rules = [&look, &others, &status, &selectors, &history];
    let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules);
    let receipt = handle(&guard(cloudtrail, &published), &event("UpdateTrail", &named())).await.unwrap();
    assert_eq!((&receipt["verdict"], published.num_calls()), (&json!("ignored"), 0), "another one records");
}

fn no_history() -> Rule {
    mock!(CloudTrail::lookup_events)
        .then_output(|| LookupEventsOutput::builder().set_events(Some(Vec::new())).build())
}

#[tokio::test]
async fn an_answer_without_a_list_is_no_answer() {
    let look = looks(vec![DescribeTrailsOutput::builder().build()]);
    let published = published();
    let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, [&look]);
    let error = handle(&guard(cloudtrail, &published), &event("UpdateTrail", &named())).await.unwrap_err();
    assert!(matches!(&error, Unfinished::Unknown(_)), "{error}");
    assert_eq!(published.num_calls(), 1);
}

/// Another trail covers the Region, so that nothing but the logging is wrong.
fn others() -> Rule {
    mock!(CloudTrail::describe_trails)
        .match_requests(|request| request.trail_name_list().is_empty())
        .then_output(|| trails(vec![trail("arn:aws:cloudtrail:eu-central-1:111122223333:trail/other", true)]))
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_read_back_before_it_is_called_failed() {
    let look = looks(vec![trails(vec![trail(TRAIL, true)])]);
    // The trail, the other one, and the trail again.
    let (status, selectors, published, others) =
        (statuses(&[false, true, true]), selectors(), published(), others());
    let start = mock!(CloudTrail::start_logging)
        .then_http_response(|| HttpResponse::new(StatusCode::try_from(500).unwrap(), SdkBody::from("{}")));
    let rules = [&look, &others, &status, &selectors, &start];
    let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules);
    let receipt = handle(&guard(cloudtrail, &published), &event("StopLogging", &named())).await.unwrap();
    assert_eq!(receipt["effects"][0]["outcome"], "applied", "{receipt}");
}

#[tokio::test]
async fn a_conflict_is_waited_out_and_a_trail_that_goes_meanwhile_is_looked_at_again() {
    let look = looks(vec![trails(vec![trail(TRAIL, true)]), trails(Vec::new())]);
    let (selectors, published, others, history) = (selectors(), published(), others(), no_history());
    let own = mock!(CloudTrail::get_trail_status)
        .match_requests(|request| request.name() == Some(TRAIL))
        .sequence()
        .output(|| GetTrailStatusOutput::builder().is_logging(false).build())
        .error(not_found_status)
        .build();
    let other = mock!(CloudTrail::get_trail_status)
        .match_requests(|request| request.name() != Some(TRAIL))
        .then_output(|| GetTrailStatusOutput::builder().is_logging(true).build());
    let start = mock!(CloudTrail::start_logging)
        .sequence()
        .error(|| {
            let conflict = ConflictException::builder().meta(meta("ConflictException")).build();
            StartLoggingError::ConflictException(conflict)
        })
        .error(|| {
            let gone = TrailNotFoundException::builder().meta(meta("TrailNotFoundException")).build();
            StartLoggingError::TrailNotFoundException(gone)
        })
        .build();
    let rules = [&look, &others, &own, &other, &selectors, &start, &history];
    let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules);
    let receipt = handle(&guard(cloudtrail, &published), &event("StopLogging", &named())).await.unwrap();
    assert_eq!((&receipt["verdict"], &receipt["effects"]), (&json!("ignored"), &json!([])), "{receipt}");
    assert_eq!((start.num_calls(), published.num_calls()), (2, 0));
}

fn not_found_status() -> aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusError {
    let gone = TrailNotFoundException::builder().meta(meta("TrailNotFoundException")).build();
    aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusError::TrailNotFoundException(gone)
}

#[tokio::test]
async fn what_was_written_before_the_trail_was_gone_stands_in_the_receipt() {
    let gone = || trails(Vec::new());
    let look = looks(vec![trails(vec![trail(TRAIL, false)]), gone(), gone()]);
    let (selectors, published, others, history) = (selectors(), published(), others(), no_history());
    let status = statuses(&[false, true, true, true]);
    let start = mock!(CloudTrail::start_logging)
        .then_output(|| aws_sdk_cloudtrail::operation::start_logging::StartLoggingOutput::builder().build());
    let update = mock!(CloudTrail::update_trail).then_error(|| {
        let gone = TrailNotFoundException::builder().meta(meta("TrailNotFoundException")).build();
        aws_sdk_cloudtrail::operation::update_trail::UpdateTrailError::TrailNotFoundException(gone)
    });
    let rules = [&look, &others, &status, &selectors, &start, &update, &history];
    let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules);
    let receipt = handle(&guard(cloudtrail, &published), &event("StopLogging", &named())).await.unwrap();
    assert_eq!(receipt["verdict"], "ignored", "{receipt}");
    let reasons = receipt["reasons"].to_string();
    assert!(reasons.contains("before it was gone: start the logging of trail audit: applied"), "{reasons}");
}
