//! What an instance remembers of a key, and when it reads it anew.

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
