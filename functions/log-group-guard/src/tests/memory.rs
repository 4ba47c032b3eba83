//! What an instance remembers: of a key, and when it reads it anew; of events and pages.

use super::*;

fn policy_in(mode: &str) -> String {
    POLICY.replacen("remediate", mode, 1)
}

#[tokio::test]
async fn a_key_is_read_once_for_events_that_follow_each_other_in_every_mode() {
    let (bare, keyed) = (groups(&[("/app/foo", None)]), groups(&[("/app/foo", Some(KEY))]));
    let repaired = vec![bare.clone(), keyed.clone(), bare.clone(), keyed];
    for (mode, answers, outcome, pages) in [
        ("observe", vec![bare.clone(); 2], "withheld", 0),
        ("page", vec![bare; 2], "withheld", 2),
        ("remediate", repaired, "applied", 2),
    ] {
        let (look, associate, (described, policy), published) =
            (looks(answers), associates(), key(), published());
        let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
        let guard = guard_by(&policy_in(mode), logs, (&described, &policy), &published);
        for id in ["1", "2"] {
            assert_eq!(
                handle(&guard, &created(id)).await.unwrap()["effects"][0]["outcome"],
                outcome,
                "{mode}"
            );
        }
        assert_eq!([&described, &policy, &published].map(Rule::num_calls), [1, 1, pages], "{mode}");
    }
}

#[tokio::test]
async fn a_key_that_could_not_be_used_is_read_anew_in_every_mode() {
    let (bare, keyed) = (groups(&[("/app/foo", None)]), groups(&[("/app/foo", Some(KEY))]));
    for (mode, outcome) in [("observe", "withheld"), ("page", "withheld"), ("remediate", "applied")] {
        let look = looks(vec![bare.clone(), bare.clone(), keyed.clone()]);
        let (described, policy) = key_in(&[KeyState::Disabled, KeyState::Enabled]);
        let (associate, published) = (associates(), published());
        let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
        let guard = guard_by(&policy_in(mode), logs, (&described, &policy), &published);
        let first = handle(&guard, &created("1")).await.unwrap();
        assert!(first["findings"].to_string().contains("log-group.key-unusable"), "{mode}: {first}");
        let second = handle(&guard, &created("2")).await.unwrap();
        assert_eq!(second["effects"][0]["outcome"], outcome, "{mode}: {second}");
        assert_eq!([&described, &policy].map(Rule::num_calls), [2, 2], "{mode}");
    }
}

#[tokio::test]
async fn a_key_of_an_association_that_was_refused_is_read_anew() {
    let (look, (described, policy), published) =
        (looks(vec![groups(&[("/app/foo", None)]); 2]), key(), published());
    let associate = mock!(Logs::associate_kms_key)
        .then_error(|| AssociateKmsKeyError::generic(code("AccessDeniedException")));
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look, &associate]);
    let guard = guard(logs, (&described, &policy), &published);
    for id in ["1", "2"] {
        assert_eq!(handle(&guard, &created(id)).await.unwrap()["effects"][0]["outcome"], "refused");
    }
    assert_eq!([&described, &policy].map(Rule::num_calls), [2, 2]);
}

#[tokio::test]
async fn an_event_that_comes_again_is_told_as_a_duplicate_and_pages_once() {
    let look = looks(vec![groups(&[("/app/foo", None)]); 3]);
    let ((described, policy), published) = (key(), published());
    let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look]);
    let guard = guard_by(&policy_in("page"), logs, (&described, &policy), &published);
    for (id, duplicate, page) in [("1", false, "sent"), ("1", true, "withheld"), ("2", false, "sent")] {
        let receipt = handle(&guard, &created(id)).await.unwrap();
        assert_eq!((&receipt["duplicate"], &receipt["page"]["outcome"]), (&json!(duplicate), &json!(page)));
    }
}

/// Whoever can have an event delivered may have chosen its id.
#[tokio::test]
async fn no_id_of_an_event_withholds_the_page_of_another() {
    let bare = groups(&[("/app/foo", None)]);
    let guard = |published: &Rule| {
        let (look, (described, policy)) = (looks(vec![bare.clone(); 2]), key());
        let logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&look]);
        guard_by(&policy_in("page"), logs, (&described, &policy), published)
    };
    let published = published();
    let first = handle(&guard(&published), &created("1")).await.unwrap();
    let title = first["page"]["title"].as_str().unwrap();
    for id in [format!("1 {title}"), format!("1 1 {title}")] {
        let guard = guard(&published);
        handle(&guard, &created(&id)).await.unwrap();
        let receipt = handle(&guard, &created("1")).await.unwrap();
        assert_eq!(receipt["page"]["outcome"], "sent", "{id}");
    }
}
