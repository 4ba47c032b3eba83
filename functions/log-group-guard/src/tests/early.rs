//! Looks that come too early: what the guard makes of answers from before the call, and how often it asks.

use super::*;
use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsError;

fn just_now(name: &str, request: &Value) -> Value {
    let mut event = created("1");
    event["eventName"] = json!(name);
    event["eventTime"] = json!(Timestamp::now().to_string());
    event["requestParameters"] = request.clone();
    event
}

fn named() -> Value {
    json!({ "logGroupName": "/app/foo" })
}

fn none() -> DescribeLogGroupsOutput {
    groups(&[])
}

fn bare() -> DescribeLogGroupsOutput {
    groups(&[("/app/foo", None)])
}

fn keyed() -> DescribeLogGroupsOutput {
    groups(&[("/app/foo", Some(KEY))])
}

/// One look after the other, the last for good.
fn looks_for_good(answers: &[fn() -> DescribeLogGroupsOutput]) -> Rule {
    let mut sequence = mock!(Logs::describe_log_groups).sequence();
    for answer in answers.iter().copied() {
        sequence = sequence.output(answer);
    }
    sequence.repeatedly().build()
}

#[tokio::test(start_paused = true)]
async fn a_group_from_before_the_call_is_looked_at_again_and_repaired() {
    for (name, before) in [("CreateLogGroup", none()), ("DisassociateKmsKey", keyed())] {
        let look = looks(vec![before.clone(), before, bare(), keyed()]);
        let (associate, (described, policy), published) = (associates(), key(), published());
        let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
        let guard = guard(logs, (&described, &policy), &published);
        let receipt = handle(&guard, &just_now(name, &named())).await.unwrap();
        assert_eq!(receipt["effects"][0]["outcome"], "applied", "{name}: {receipt}");
        let calls = [&look, &associate, &described, &policy, &published].map(Rule::num_calls);
        assert_eq!(calls, [4, 1, 1, 1, 1], "{name}: only the look that came too early is repeated");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_was_made_anew_is_not_judged_by_the_earlier_one_of_its_name() {
    let made = |ago: i64, key: Option<&str>| {
        let group = LogGroup::builder()
            .log_group_name("/app/foo")
            .log_group_arn("arn:aws:logs:eu-central-1:111122223333:log-group:/app/foo")
            .creation_time(Timestamp::now().as_millisecond() - ago)
            .set_kms_key_id(key.map(str::to_owned));
        DescribeLogGroupsOutput::builder().log_groups(group.build()).build()
    };
    let look = looks(vec![made(86_400_000, Some(KEY)), made(0, None), made(0, Some(KEY))]);
    let (associate, (described, policy), published) = (associates(), key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let guard = guard(logs, (&described, &policy), &published);
    let receipt = handle(&guard, &just_now("CreateLogGroup", &named())).await.unwrap();
    assert_eq!(receipt["effects"][0]["outcome"], "applied", "{receipt}");
    assert_eq!([&look, &associate].map(Rule::num_calls), [3, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_in_the_end_is_believed() {
    for (name, shown, verdict) in
        [("CreateLogGroup", none as fn() -> _, "ignored"), ("DisassociateKmsKey", keyed, "compliant")]
    {
        let (look, (described, policy), published) = (looks_for_good(&[shown]), key(), published());
        let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look]);
        let guard = guard(logs, (&described, &policy), &published);
        let receipt = handle(&guard, &just_now(name, &named())).await.unwrap();
        assert_eq!(receipt["verdict"], verdict, "{receipt}");
        assert!((3..=5).contains(&look.num_calls()), "{name}: {}", look.num_calls());
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_shows_the_call_costs_one_look() {
    let given = json!({ "logGroupName": "/app/foo", "kmsKeyId": KEY });
    for (name, request) in
        [("CreateLogGroup", given.clone()), ("CreateLogGroup", named()), ("AssociateKmsKey", given)]
    {
        let (look, (described, policy), published) = (looks_for_good(&[keyed]), key(), published());
        let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look]);
        let guard = guard(logs, (&described, &policy), &published);
        let receipt = handle(&guard, &just_now(name, &request)).await.unwrap();
        assert_eq!((&receipt["verdict"], look.num_calls()), (&json!("compliant"), 1), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_look_that_fails_leaves_nothing_known() {
    for reason in ["AccessDeniedException", "ThrottlingException"] {
        let look = mock!(Logs::describe_log_groups)
            .sequence()
            .output(keyed)
            .error(move || DescribeLogGroupsError::generic(code(reason)))
            .repeatedly()
            .build();
        let ((described, policy), published) = (key(), published());
        let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look]);
        let guard = guard(logs, (&described, &policy), &published);
        let error = handle(&guard, &just_now("DisassociateKmsKey", &named())).await.unwrap_err();
        assert!(matches!(&error, Unfinished::Unknown(_)), "{reason}: {error}");
        assert_eq!(published.num_calls(), 1, "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_is_nearly_over_leaves_one_look() {
    let (look, (described, policy), published) = (looks_for_good(&[none, bare]), key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look]);
    let guard = guard(logs, (&described, &policy), &published);
    let event = just_now("CreateLogGroup", &named());
    let receipt = handle_within(1_500, FUNCTION, &guard, &event).await.unwrap();
    assert_eq!((&receipt["verdict"], look.num_calls()), (&json!("ignored"), 1), "{receipt}");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_repaired_and_comes_again_costs_one_look() {
    let (look, associate) = (looks_for_good(&[bare, keyed]), associates());
    let ((described, policy), published) = (key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let guard = guard(logs, (&described, &policy), &published);
    let event = just_now("DisassociateKmsKey", &named());
    assert_eq!(handle(&guard, &event).await.unwrap()["effects"][0]["outcome"], "applied");
    assert_eq!(handle(&guard, &event).await.unwrap()["verdict"], "compliant");
    assert_eq!([&look, &associate].map(Rule::num_calls), [3, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_goes_before_its_repair_is_not_waited_for() {
    let look = looks_for_good(&[bare, none]);
    let associate = mock!(Logs::associate_kms_key)
        .then_error(|| AssociateKmsKeyError::generic(code("ResourceNotFoundException")));
    let ((described, policy), published) = (key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let guard = guard(logs, (&described, &policy), &published);
    let receipt = handle(&guard, &just_now("CreateLogGroup", &named())).await.unwrap();
    assert_eq!((&receipt["verdict"], look.num_calls()), (&json!("ignored"), 3), "{receipt}");
}
