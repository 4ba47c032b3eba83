//! Aliases that policy names: moved, deleted, made again, or none of policy's business.

use super::*;

const TEXT: &str =
    "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"\n[keys]\nprotect = [\"alias/prod-*\"]\n";

fn call(name: &str, alias: &str) -> Change {
    change_of(&record(name, json!({ "aliasName": alias, "targetKeyId": "other" })))
}

fn key(id: &str) -> Reading<KeyArn> {
    Reading::Known(KeyArn::new(arn().place().clone(), id).unwrap())
}

fn facts(alias: Reading<KeyArn>, alias_before: Reading<KeyArn>) -> Facts {
    Facts { alias, alias_before, ..Facts::none() }
}

#[test]
fn an_alias_that_policy_names_is_to_stay_where_it_is() {
    use Severity::{High, Medium};
    for (name, call, facts, severity) in [
        ("moved", call("UpdateAlias", "alias/logs"), facts(key("new"), key("old")), Some(High)),
        ("set to what it was", call("UpdateAlias", "alias/logs"), facts(key("old"), key("old")), None),
        (
            "set, from where isn't known",
            call("UpdateAlias", "alias/logs"),
            facts(key("new"), Reading::Absent),
            Some(Medium),
        ),
        (
            "set, from where can't be read",
            call("UpdateAlias", "alias/logs"),
            facts(key("new"), Reading::Unreadable(denied())),
            Some(Medium),
        ),
        ("deleted", call("DeleteAlias", "alias/logs"), facts(Reading::Absent, key("old")), Some(High)),
        (
            "deleted, from where isn't known",
            call("DeleteAlias", "alias/logs"),
            facts(Reading::Absent, Reading::Absent),
            Some(High),
        ),
        (
            "deleted and made again elsewhere",
            call("DeleteAlias", "alias/logs"),
            facts(key("new"), key("old")),
            Some(High),
        ),
        ("deleted and made again", call("DeleteAlias", "alias/logs"), facts(key("old"), key("old")), None),
        (
            "a protected one",
            call("DeleteAlias", "alias/prod-db"),
            facts(Reading::Absent, key("old")),
            Some(High),
        ),
    ] {
        let plan = plan_under(TEXT, &call, &facts);
        let found: Vec<_> = plan.findings.iter().map(|finding| (finding.id, finding.severity)).collect();
        let expected: Vec<_> = severity.map(|severity| ("key.alias-moved", severity)).into_iter().collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(plan.effects, [], "{name}: no alias is moved back");
    }
}

#[test]
fn an_alias_that_policy_does_not_name_is_ignored_without_a_call() {
    let call = call("DeleteAlias", "alias/other");
    assert_eq!(plan_under(TEXT, &call, &Facts::none()).verdict, Verdict::Ignored);
    assert_eq!(target_to_read(&policy(TEXT), &call, time(NOW)), None);
}

#[test]
fn where_an_alias_points_is_unknown_if_it_cannot_be_read() {
    let plan = plan_under(
        TEXT,
        &call("UpdateAlias", "alias/logs"),
        &facts(Reading::Unreadable(unreadable()), key("old")),
    );
    assert_eq!(
        (plan.verdict, ids(&plan), plan.retryable),
        (Verdict::Unknown, vec!["key.state-unknown"], true)
    );
}

#[test]
fn it_is_told_where_policy_names_it_and_how_it_goes_back() {
    let plan = plan_under(TEXT, &call("DeleteAlias", "alias/logs"), &facts(Reading::Absent, key("old")));
    assert!(
        evidence(&plan).contains("policy gives it to log groups that match `*` (line 2)"),
        "{}",
        evidence(&plan)
    );
    let remedies: Vec<String> = plan.findings[0].remedies.iter().map(ToString::to_string).collect();
    assert!(
        remedies.contains(
            &"aws kms create-alias --region eu-central-1 --alias-name alias/logs --target-key-id old"
                .to_owned()
        ),
        "{remedies:?}"
    );
}
