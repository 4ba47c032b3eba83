//! The association: which call it is, and what became of it by what the group shows.

use super::*;
use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsError;
use aws_sdk_cloudwatchlogs::types::error::{OperationAbortedException, ResourceNotFoundException};
use sealwatch_policy::names::LogGroupArn;

/// Server errors as long as the SDK tries.
fn never_answers() -> Rule {
    mock!(Logs::associate_kms_key).sequence().http_status(503, None).repeatedly().build()
}

#[tokio::test]
async fn a_repair_is_one_association_of_the_keys_arn_and_is_read_back() {
    let bare = groups(&[("/app/foo", None), ("/app/foobar", None)]);
    let (look, associate) =
        (looks(vec![bare, groups(&[("/app/foo", Some(KEY)), ("/app/foobar", None)])]), associates());
    let (described, policy) = key();
    let published = published();
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let receipt = handle(&guard(logs, (&described, &policy), &published), &created("1")).await.unwrap();
    assert_eq!(receipt["effects"][0]["outcome"], "applied");
    let calls = [&look, &associate, &described, &policy, &published].map(Rule::num_calls);
    assert_eq!(calls, [2, 1, 1, 1, 1]);
}

#[tokio::test]
async fn a_group_that_is_deleted_before_its_association_is_nothing_to_do() {
    let gone = groups(&[("/app/foobar", None)]);
    let look = looks(vec![groups(&[("/app/foo", None)]), gone.clone(), gone]);
    let associate = mock!(Logs::associate_kms_key).then_error(|| {
        AssociateKmsKeyError::ResourceNotFoundException(
            ResourceNotFoundException::builder()
                .message("The specified log group does not exist.")
                .meta(code("ResourceNotFoundException"))
                .build(),
        )
    });
    let ((described, policy), published) = (key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let receipt = handle(&guard(logs, (&described, &policy), &published), &created("1")).await.unwrap();
    assert_eq!(
        (&receipt["verdict"], &receipt["effects"], &receipt["page"]),
        (&json!("ignored"), &json!([]), &Value::Null)
    );
    assert_eq!([&look, &associate, &published].map(Rule::num_calls), [3, 1, 0]);
}

#[tokio::test]
async fn an_association_that_another_call_aborted_is_tried_again() {
    let look = looks(vec![groups(&[("/app/foo", None)]), groups(&[("/app/foo", Some(KEY))])]);
    let associate = mock!(Logs::associate_kms_key)
        .sequence()
        .error(|| {
            AssociateKmsKeyError::OperationAbortedException(
                OperationAbortedException::builder()
                    .message("another call")
                    .meta(code("OperationAbortedException"))
                    .build(),
            )
        })
        .output(|| AssociateKmsKeyOutput::builder().build())
        .build();
    let ((described, policy), published) = (key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let receipt = handle(&guard(logs, (&described, &policy), &published), &created("1")).await.unwrap();
    assert_eq!(receipt["effects"][0]["outcome"], "applied");
    assert_eq!(associate.num_calls(), 2);
}

#[tokio::test]
async fn an_association_without_an_answer_is_done_if_reading_back_shows_it() {
    let look = looks(vec![groups(&[("/app/foo", None)]), groups(&[("/app/foo", Some(KEY))])]);
    let (associate, (described, policy), published) = (never_answers(), key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let receipt = handle(&guard(logs, (&described, &policy), &published), &created("1")).await.unwrap();
    assert_eq!(receipt["effects"][0]["outcome"], "applied", "{receipt}");
    assert_eq!(look.num_calls(), 2);
}

#[tokio::test]
async fn an_association_without_an_answer_has_failed_if_reading_back_does_not_show_it() {
    let bare = groups(&[("/app/foo", None)]);
    let look = looks(vec![bare.clone(), bare]);
    let (associate, (described, policy), published) = (never_answers(), key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let error = handle(&guard(logs, (&described, &policy), &published), &created("1")).await.unwrap_err();
    assert!(matches!(&error, Unfinished::Effect(why) if why.contains("logs:AssociateKmsKey")), "{error}");
    assert_eq!([&look, &published].map(Rule::num_calls), [2, 1]);
}

#[tokio::test]
async fn an_association_without_an_answer_is_not_called_accepted_where_another_key_is_shown() {
    let other = "arn:aws:kms:eu-central-1:111122223333:key/other";
    let look = looks(vec![groups(&[("/app/foo", None)]), groups(&[("/app/foo", Some(other))])]);
    let (associate, (described, policy), published) = (never_answers(), key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let error = handle(&guard(logs, (&described, &policy), &published), &created("1")).await.unwrap_err();
    assert!(
        matches!(&error, Unfinished::Effect(why) if why.contains(other) && !why.contains("accepted")),
        "{error}"
    );
}

#[tokio::test]
async fn an_association_that_may_not_be_read_back_is_told_and_not_tried_again() {
    let denied = || DescribeLogGroupsError::generic(code("AccessDeniedException"));
    let bare = groups(&[("/app/foo", None)]);
    let look = mock!(Logs::describe_log_groups).sequence().output(move || bare.clone()).error(denied).build();
    let (associate, (described, policy), published) = (associates(), key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let receipt = handle(&guard(logs, (&described, &policy), &published), &created("1")).await.unwrap();
    let effect = &receipt["effects"][0];
    assert_eq!(effect["outcome"], "refused", "{receipt}");
    assert!(
        effect["error"].as_str().unwrap().contains("was accepted, but it can't be read back"),
        "{effect}"
    );
    assert_eq!([&associate, &published].map(Rule::num_calls), [1, 1]);
}

#[tokio::test]
async fn an_association_that_reading_back_contradicts_has_failed() {
    let other = "arn:aws:kms:eu-central-1:111122223333:key/other";
    let look = looks(vec![groups(&[("/app/foo", None)]), groups(&[("/app/foo", Some(other))])]);
    let (associate, (described, policy), published) = (associates(), key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let error = handle(&guard(logs, (&described, &policy), &published), &created("1")).await.unwrap_err();
    assert!(matches!(&error, Unfinished::Effect(why) if why.contains(other)), "{error}");
    assert_eq!(published.num_calls(), 1);
}

#[test]
fn a_group_named_like_an_option_is_still_looked_for_by_its_name() {
    for (name, expected) in [
        ("/app/foo", "--log-group-name-prefix /app/foo"),
        ("--debug", "--log-group-name-prefix=--debug"),
        ("-#", "--log-group-name-prefix='-#'"),
    ] {
        let arn = format!("arn:aws:logs:eu-central-1:111122223333:log-group:{name}");
        let remedies = crate::apply::unseeable(&LogGroupArn::parse(&arn).unwrap());
        let command = format!("aws logs describe-log-groups --region eu-central-1 {expected}");
        assert_eq!(remedies.last().unwrap().to_string(), command);
    }
}
