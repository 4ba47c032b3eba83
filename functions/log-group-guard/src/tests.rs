//! The guard against an AWS that answers as the test says: which calls with which parameters, and what
//! becomes of answers that no emulator can be made to give.

mod apply;
mod early;
mod memory;
mod tags;

use super::*;
use aws_sdk_cloudwatchlogs::Client as Logs;
use aws_sdk_cloudwatchlogs::operation::associate_kms_key::{AssociateKmsKeyError, AssociateKmsKeyOutput};
use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsOutput;
use aws_sdk_cloudwatchlogs::types::LogGroup;
use aws_sdk_kms::Client as Kms;
use aws_sdk_kms::operation::describe_key::DescribeKeyOutput;
use aws_sdk_kms::operation::get_key_policy::GetKeyPolicyOutput;
use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, KeySpec, KeyState, KeyUsageType};
use aws_sdk_sns::Client as Sns;
use aws_sdk_sns::operation::publish::{PublishError, PublishOutput};
use aws_sdk_sns::types::error::AuthorizationErrorException;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use lambda_runtime::{Context, LambdaEvent};
use sealwatch_policy::names::Region;
use sealwatch_policy::policy::Policy;
use sealwatch_runtime::clients::Clients;
use sealwatch_runtime::desk::Unfinished;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-0000-4a4a-8b8b-000000000001";
const FUNCTION: &str = "arn:aws:lambda:eu-central-1:111122223333:function:guard";
const POLICY: &str = "mode = \"remediate\"\n[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"\n";

/// A page of DescribeLogGroups: names and keys.
fn groups(groups: &[(&str, Option<&str>)]) -> DescribeLogGroupsOutput {
    let group = |(name, key): &(&str, Option<&str>)| {
        LogGroup::builder()
            .log_group_name(*name)
            .log_group_arn(format!("arn:aws:logs:eu-central-1:111122223333:log-group:{name}"))
            .set_kms_key_id(key.map(str::to_owned))
            .build()
    };
    DescribeLogGroupsOutput::builder().set_log_groups(Some(groups.iter().map(group).collect())).build()
}

/// The looks at `/app/foo`, one answer after the other.
fn looks(answers: Vec<DescribeLogGroupsOutput>) -> Rule {
    let rule = mock!(Logs::describe_log_groups)
        .match_requests(|request| request.log_group_name_prefix() == Some("/app/foo"));
    let mut sequence = rule.sequence();
    for answer in answers {
        sequence = sequence.output(move || answer.clone());
    }
    sequence.build()
}

fn associates() -> Rule {
    mock!(Logs::associate_kms_key)
        .match_requests(|request| {
            request.log_group_name() == Some("/app/foo")
                && request.kms_key_id() == Some(KEY)
                && request.resource_identifier().is_none()
        })
        .then_output(|| AssociateKmsKeyOutput::builder().build())
}

/// The usable key behind `alias/logs`: how it is described, and its policy.
fn key() -> (Rule, Rule) {
    key_in(&[KeyState::Enabled])
}

/// The same, in one state after the other, the last for good.
fn key_in(states: &[KeyState]) -> (Rule, Rule) {
    let mut described = mock!(Kms::describe_key)
        .match_requests(|request| {
            request.key_id() == Some("arn:aws:kms:eu-central-1:111122223333:alias/logs")
        })
        .sequence();
    for state in states {
        let state = state.clone();
        described = described.output(move || {
            let metadata = KeyMetadata::builder()
                .key_id("1a2b3c4d-0000-4a4a-8b8b-000000000001")
                .arn(KEY)
                .key_state(state.clone())
                .key_spec(KeySpec::SymmetricDefault)
                .key_usage(KeyUsageType::EncryptDecrypt)
                .key_manager(KeyManagerType::Customer)
                .build();
            DescribeKeyOutput::builder().key_metadata(metadata.unwrap()).build()
        });
    }
    let described = described.repeatedly().build();
    let policy = mock!(Kms::get_key_policy)
        .match_requests(|request| request.key_id() == Some(KEY))
        .then_output(|| {
            let document = json!({ "Statement": { "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": { "Service": "logs.eu-central-1.amazonaws.com" } } });
            GetKeyPolicyOutput::builder().policy(document.to_string()).build()
        });
    (described, policy)
}

fn guard(logs: Logs, key: (&Rule, &Rule), published: &Rule) -> Function<LogGroupGuard> {
    guard_by(POLICY, logs, key, published)
}

fn guard_by(
    policy_file: &str,
    logs: Logs,
    (described, policy): (&Rule, &Rule),
    published: &Rule,
) -> Function<LogGroupGuard> {
    let kms = mock_client!(aws_sdk_kms, RuleMode::MatchAny, [described, policy]);
    let sns = mock_client!(aws_sdk_sns, RuleMode::MatchAny, [published]);
    let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, []);
    let policy = Policy::parse(policy_file).unwrap();
    let mode = policy.mode_of(Guard::LogGroup);
    let boot = Boot {
        guard: Guard::LogGroup,
        policy,
        mode,
        region: Region::parse("eu-central-1").unwrap(),
        role: None,
        topic: Some("arn:aws:sns:eu-central-1:111122223333:pages".to_owned()),
        clients: Clients::of(logs, kms, sns, cloudtrail),
    };
    Function::new(boot, Desk::writing_to(std::io::sink()), LogGroupGuard::default())
}

fn published() -> Rule {
    mock!(Sns::publish).then_output(sent)
}

fn sent() -> PublishOutput {
    PublishOutput::builder().message_id("1").build()
}

fn created(id: &str) -> Value {
    json!({
        "eventSource": "logs.amazonaws.com", "eventName": "CreateLogGroup", "eventID": id, "awsRegion": "eu-central-1",
        "eventTime": "2026-11-03T09:12:44Z", "recipientAccountId": "111122223333", "userIdentity": { "type": "IAMUser" },
        "requestParameters": { "logGroupName": "/app/foo" },
    })
}

async fn handle(guard: &Function<LogGroupGuard>, event: &Value) -> Result<Value, Unfinished> {
    handle_as(FUNCTION, guard, event).await
}

async fn handle_as(
    function: &str,
    guard: &Function<LogGroupGuard>,
    event: &Value,
) -> Result<Value, Unfinished> {
    handle_within(10_000, function, guard, event).await
}

/// The same with so many milliseconds.
async fn handle_within(
    left: i64,
    function: &str,
    guard: &Function<LogGroupGuard>,
    event: &Value,
) -> Result<Value, Unfinished> {
    let mut context = Context::default();
    context.deadline = u64::try_from(Timestamp::now().as_millisecond() + left).unwrap();
    context.invoked_function_arn = function.to_owned();
    let answer = guard.handle(LambdaEvent::new(to_raw_value(event).unwrap(), context)).await?;
    Ok(serde_json::from_str(answer.get()).unwrap())
}

#[tokio::test]
async fn a_compliant_group_costs_one_call() {
    let look = looks(vec![groups(&[("/app/foo", Some(KEY))])]);
    let (described, policy) = key();
    let published = published();
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look]);
    let receipt = handle(&guard(logs, (&described, &policy), &published), &created("1")).await.unwrap();
    assert_eq!((&receipt["verdict"], &receipt["page"]), (&json!("compliant"), &Value::Null));
    assert_eq!([&look, &described, &policy, &published].map(Rule::num_calls), [1, 0, 0, 0]);
}

#[tokio::test]
async fn an_empty_page_with_another_behind_it_is_no_answer_yet() {
    let empty =
        DescribeLogGroupsOutput::builder().set_log_groups(Some(Vec::new())).next_token("more").build();
    let look = looks(vec![empty.clone(), empty, groups(&[("/app/foo", Some(KEY))])]);
    let (described, policy) = key();
    let published = published();
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look]);
    let receipt = handle(&guard(logs, (&described, &policy), &published), &created("1")).await.unwrap();
    assert_eq!((&receipt["verdict"], look.num_calls()), (&json!("compliant"), 3));
}

#[tokio::test]
async fn an_answer_without_a_list_is_no_answer() {
    let look = looks(vec![DescribeLogGroupsOutput::builder().build()]);
    let ((described, policy), published) = (key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look]);
    let error = handle(&guard(logs, (&described, &policy), &published), &created("1")).await.unwrap_err();
    assert!(matches!(&error, Unfinished::Unknown(_)), "{error}");
    assert_eq!(published.num_calls(), 1);
}

#[tokio::test]
async fn an_event_of_another_account_pages_and_costs_no_call() {
    let (look, (described, policy), published) = (looks(vec![groups(&[])]), key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look]);
    let guard = guard(logs, (&described, &policy), &published);
    let function = "arn:aws:lambda:eu-central-1:999999999999:function:guard";
    let error = handle_as(function, &guard, &created("1")).await.unwrap_err();
    assert!(matches!(&error, Unfinished::Unknown(_)), "{error}");
    assert_eq!([&look, &described, &published].map(Rule::num_calls), [0, 0, 1]);
}

#[tokio::test]
async fn a_function_that_does_not_know_its_account_takes_no_group_for_deleted() {
    let (look, (described, policy), published) = (looks(vec![groups(&[])]), key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look]);
    let guard = guard(logs, (&described, &policy), &published);
    let error = handle_as("", &guard, &created("1")).await.unwrap_err();
    assert!(matches!(&error, Unfinished::Unknown(_)), "{error}");
    assert_eq!([&look, &published].map(Rule::num_calls), [1, 1]);
}

#[tokio::test]
async fn a_page_that_is_owed_is_sent_ahead_of_one_that_says_something_else() {
    let (bare, keyed) = (groups(&[("/app/foo", None)]), groups(&[("/app/foo", Some(KEY))]));
    let look = looks(vec![bare.clone(), keyed, bare, groups(&[("/app/foo", Some("arn:of:another"))])]);
    let (associate, (described, policy)) = (associates(), key());
    let denied = || {
        let error = AuthorizationErrorException::builder().message("no").meta(code("AuthorizationError"));
        PublishError::AuthorizationErrorException(error.build())
    };
    let published = mock!(Sns::publish).sequence().error(denied).output(sent).output(sent).build();
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let guard = guard(logs, (&described, &policy), &published);
    let error = handle(&guard, &created("1")).await.unwrap_err();
    assert!(matches!(error, Unfinished::Page(_)), "{error}");
    let error = handle(&guard, &created("1")).await.unwrap_err();
    assert!(matches!(error, Unfinished::Effect(_)), "{error}");
    assert_eq!(published.num_calls(), 3, "the repair of the first try, then the failure of the second");
}

#[tokio::test]
async fn each_unreadable_event_pages_once_with_or_without_an_id() {
    let (look, (described, policy), published) = (looks(vec![groups(&[])]), key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look]);
    let guard = guard(logs, (&described, &policy), &published);
    for event in [json!({}), json!([1]), json!({}), json!({ "id": "1" }), json!({ "id": "2" }), json!([1])] {
        let error = handle(&guard, &event).await.unwrap_err();
        assert!(matches!(error, Unfinished::Event(_)), "{error}");
    }
    assert_eq!(published.num_calls(), 4);
}

fn code(code: &str) -> aws_sdk_cloudwatchlogs::error::ErrorMetadata {
    aws_sdk_cloudwatchlogs::error::ErrorMetadata::builder().code(code).build()
}
