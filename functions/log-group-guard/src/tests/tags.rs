//! The tags by which policy may exempt a log group.

use super::*;
use aws_sdk_cloudwatchlogs::operation::list_tags_for_resource::{
    ListTagsForResourceError, ListTagsForResourceOutput,
};
use std::collections::HashMap;

const ARN: &str = "arn:aws:logs:eu-central-1:111122223333:log-group:/app/foo";

/// A bare group whose tags are answered like that.
async fn handled(tags: &Rule) -> (Result<Value, Unfinished>, usize) {
    let policy_file = format!(
        "{POLICY}[[exempt]]\nguard = \"log-group\"\ntag = {{ key = \"tier\", value = \"dev\" }}\nreason = \"throw-away\"\n"
    );
    let look = looks(vec![groups(&[("/app/foo", None)]), groups(&[("/app/foo", Some(KEY))])]);
    let (associate, (described, policy), published) = (associates(), key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate, tags]);
    let guard = guard_by(&policy_file, logs, (&described, &policy), &published);
    (handle(&guard, &created("1")).await, associate.num_calls())
}

#[tokio::test]
async fn a_group_is_exempt_by_its_tags_and_without_any_is_not() {
    let dev = HashMap::from([("tier".to_owned(), "dev".to_owned())]);
    for (tags, verdict, associations) in
        [(Some(dev), "exempt", 0), (Some(HashMap::new()), "violation", 1), (None, "violation", 1)]
    {
        let rule = mock!(Logs::list_tags_for_resource)
            .match_requests(|request| request.resource_arn() == Some(ARN))
            .then_output(move || ListTagsForResourceOutput::builder().set_tags(tags.clone()).build());
        let (receipt, associated) = handled(&rule).await;
        let receipt = receipt.unwrap();
        assert_eq!((&receipt["verdict"], associated), (&json!(verdict), associations), "{receipt}");
    }
}

#[tokio::test]
async fn tags_that_cannot_be_read_withhold_the_repair() {
    let denied = || ListTagsForResourceError::generic(code("AccessDeniedException"));
    let rule = mock!(Logs::list_tags_for_resource).then_error(denied);
    let (answer, associated) = handled(&rule).await;
    let error = answer.unwrap_err();
    assert!(matches!(&error, Unfinished::Unknown(_)), "{error}");
    assert_eq!(associated, 0);
}
