//! Whether a trail left its organization, held against what it was before.

use super::*;

fn off(request: Value) -> Change {
    change_of(&record("UpdateTrail", request))
}

/// As a tool says it: the flag alone.
fn flag_alone() -> Change {
    off(json!({ "name": TRAIL, "isOrganizationTrail": false }))
}

/// As the console says it, of whatever trail.
fn form() -> Change {
    off(json!({
        "name": TRAIL, "s3BucketName": "example-trail-logs", "s3KeyPrefix": "", "snsTopicName": "",
        "isMultiRegionTrail": true, "cloudWatchLogsLogGroupArn": "", "isOrganizationTrail": false,
    }))
}

fn was(organization: Option<bool>) -> Facts {
    Facts { earlier: Reading::Known(Settings { organization, ..good_settings() }), ..good() }
}

fn found(change: &Change, facts: &Facts) -> Vec<(&'static str, Severity)> {
    plan(change, facts).findings.iter().map(|finding| (finding.id, finding.severity)).collect()
}

const OFF: [(&str, Severity); 1] = [("trail.organization-off", Severity::High)];
const MAYBE_OFF: [(&str, Severity); 1] = [("trail.organization-off", Severity::Medium)];
const MAYBE_MOVED: [(&str, Severity); 1] = [("trail.redirected", Severity::Medium)];

#[test]
fn a_trail_that_left_its_organization_is_told_by_what_it_was() {
    let text = off(json!({ "name": TRAIL, "isOrganizationTrail": "false" }));
    let other = off(json!({ "name": TRAIL, "isMultiRegionTrail": true }));
    let on = off(json!({ "name": TRAIL, "isOrganizationTrail": true }));
    let mut hidden = off(Value::Null);
    hidden.response = json!({ "trailARN": TRAIL });
    let still = with_settings(|it| it.organization = Some(true));
    let still = Facts { earlier: was(Some(true)).earlier, ..still };
    for (name, change, facts, expected) in [
        ("a tool", flag_alone(), was(Some(true)), OFF.to_vec()),
        ("the console", form(), was(Some(true)), OFF.to_vec()),
        ("a tool that writes flags as texts", text, was(Some(true)), OFF.to_vec()),
        ("a record without its request", hidden.clone(), was(Some(true)), OFF.to_vec()),
        ("an ordinary trail", flag_alone(), was(Some(false)), vec![]),
        ("an ordinary trail in the console", form(), was(Some(false)), vec![]),
        ("an ordinary trail, by nobody knows what", hidden, was(Some(false)), vec![]),
        ("undone meanwhile", flag_alone(), still, vec![]),
        ("another setting", other, was(Some(true)), vec![]),
        ("switched on, and off by a later call", on, was(Some(true)), vec![]),
        ("a stop", change("StopLogging"), was(Some(true)), vec![]),
    ] {
        assert_eq!(found(&change, &facts), expected, "{name}");
    }
}

#[test]
fn without_a_history_no_console_update_makes_a_page_of_its_own() {
    let nothing = |earlier| Facts { earlier, ..good() };
    for earlier in [Reading::Absent, Reading::Unreadable(unreadable()), Reading::NotAsked] {
        assert_eq!(found(&flag_alone(), &nothing(earlier.clone())), MAYBE_OFF);
        assert_eq!(found(&form(), &nothing(earlier.clone())), MAYBE_MOVED, "which pages already");
        let told = plan(&form(), &nothing(earlier)).findings[0].evidence.join("; ");
        assert!(told.contains("organization trail"), "{told}");
    }
    let bucket = json!({ "name": TRAIL, "s3BucketName": "example-trail-logs", "isOrganizationTrail": false });
    let listed = policy(&format!("{POLICY}buckets = [\"example-*\"]\n"));
    let hiding = decide(&listed, &off(bucket), &nothing(Reading::Absent), NOW.parse().unwrap());
    assert_eq!(ids(&hiding), ["trail.organization-off"], "a listed bucket in the call hides nothing");
    assert_eq!(found(&flag_alone(), &was(None)), MAYBE_OFF);
    assert_eq!(
        found(&form(), &was(None)),
        MAYBE_OFF,
        "where it delivers is known, and makes no page that could say it"
    );
    let replayed = plan(&flag_alone(), &nothing(Reading::Assumed(good_settings())));
    assert_eq!(ids(&replayed), Vec::<&str>::new());
    assert!(replayed.assumed.iter().any(|it| it.contains("no organization trail before")));
}

#[test]
fn only_a_delegate_of_its_organization_changes_a_trail_of_another_account() {
    let mut record = record("UpdateTrail", json!({ "name": TRAIL, "isOrganizationTrail": false }));
    record["recipientAccountId"] = json!("444455556666");
    let plan = plan(&change_of(&record), &good());
    assert_eq!(ids(&plan), ["trail.organization-off"]);
    assert_eq!(plan.findings[0].severity, Severity::High);
    assert!(plan.findings[0].evidence[1].contains("444455556666"), "{:?}", plan.findings[0].evidence);
    let not_told = with_settings(|it| it.organization = None);
    assert_eq!(found(&change_of(&record), &not_told), MAYBE_OFF, "what isn't told isn't read as off");
}

#[test]
fn the_history_is_asked_where_the_call_may_have_switched_it_off() {
    let listed = policy(&format!("{POLICY}buckets = [\"example-*\"]\n"));
    let asked = |change: &Change, organization| {
        let settings = Settings { organization, ..good_settings() };
        let state = TrailState { arn: trail(), settings };
        questions(&listed, change, Some(&state), NOW.parse().unwrap()).earlier
    };
    assert!(asked(&flag_alone(), Some(false)));
    assert!(!asked(&flag_alone(), Some(true)), "it is one still");
    assert!(!asked(&off(json!({ "name": TRAIL, "isOrganizationTrail": true })), Some(false)));
    assert!(!asked(&off(json!({ "name": TRAIL, "kmsKeyId": KEY })), Some(false)));
}

#[test]
fn a_trail_that_left_its_organization_is_switched_back_by_one_exact_command() {
    let plan = plan(&flag_alone(), &was(Some(true)));
    let command =
        format!("aws cloudtrail update-trail --region eu-central-1 --name {TRAIL} --is-organization-trail");
    assert_eq!(plan.findings[0].remedies[1].to_string(), command);
    assert_eq!(ensured(&plan), Vec::<&str>::new());
}
