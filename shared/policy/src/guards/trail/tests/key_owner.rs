//! Whose key encrypts a trail's files, held against policy, or against what it was before.

use super::*;

const THEIRS: &str = "arn:aws:kms:eu-central-1:777788889999:key/aaaa1111";
const ALSO_THEIRS: &str = "arn:aws:kms:eu-central-1:777788889999:key/bbbb2222";
const OTHERS: &str = "arn:aws:kms:eu-central-1:444455556666:key/cccc3333";
const NO_KEY: &str = "mode = \"remediate\"\n";
const FOREIGN: [(&str, Severity); 1] = [("trail.key-foreign", Severity::High)];
const MAYBE_FOREIGN: [(&str, Severity); 1] = [("trail.key-foreign", Severity::Medium)];

fn keyed(key: &str) -> Change {
    change_of(&record("UpdateTrail", json!({ "name": TRAIL, "kmsKeyId": key })))
}

fn is(key: &str, earlier: Reading<Settings>) -> Facts {
    Facts { earlier, ..with_settings(|it| it.key = Named::Is(key.to_owned())) }
}

fn was(key: Named) -> Reading<Settings> {
    Reading::Known(Settings { key, ..good_settings() })
}

fn was_key(key: &str) -> Reading<Settings> {
    was(Named::Is(key.to_owned()))
}

fn judged(text: &str, change: &Change, facts: &Facts) -> Plan<Effect> {
    decide(&policy(text), change, facts, NOW.parse().unwrap())
}

fn found(text: &str, change: &Change, facts: &Facts) -> Vec<(&'static str, Severity)> {
    judged(text, change, facts).findings.iter().map(|finding| (finding.id, finding.severity)).collect()
}

#[test]
fn without_a_key_in_the_policy_a_key_of_a_new_account_is_told() {
    let moved = keyed(THEIRS);
    let mut hidden = change_of(&record("UpdateTrail", Value::Null));
    hidden.response = json!({ "trailARN": TRAIL });
    let other = change_of(&record("UpdateTrail", json!({ "name": TRAIL, "isMultiRegionTrail": true })));
    for (name, change, facts, expected) in [
        ("ours before", &moved, is(THEIRS, was_key(KEY)), FOREIGN.to_vec()),
        ("none before", &moved, is(THEIRS, was(Named::Nothing)), FOREIGN.to_vec()),
        ("a third account's before", &moved, is(THEIRS, was_key(OTHERS)), FOREIGN.to_vec()),
        ("what is no key before", &moved, is(THEIRS, was_key("arn:x")), FOREIGN.to_vec()),
        ("a record without its request", &hidden, is(THEIRS, was_key(KEY)), FOREIGN.to_vec()),
        ("named otherwise than it is", &keyed(KEY), is(THEIRS, was_key(KEY)), FOREIGN.to_vec()),
        ("theirs before", &moved, is(THEIRS, was_key(THEIRS)), vec![]),
        ("another key of theirs before", &moved, is(THEIRS, was_key(ALSO_THEIRS)), vec![]),
        ("set back meanwhile", &moved, is(KEY, was_key(KEY)), vec![]),
        ("another setting", &other, is(THEIRS, was_key(KEY)), vec![]),
        ("a start", &change("StartLogging"), is(THEIRS, was_key(KEY)), vec![]),
        ("made anew", &change("CreateTrail"), is(THEIRS, Reading::Absent), MAYBE_FOREIGN.to_vec()),
        ("made again, ours before", &change("CreateTrail"), is(THEIRS, was_key(KEY)), FOREIGN.to_vec()),
        ("made again, theirs before", &change("CreateTrail"), is(THEIRS, was_key(THEIRS)), vec![]),
        ("not known before", &moved, is(THEIRS, was(Named::NotTold)), MAYBE_FOREIGN.to_vec()),
        ("no history", &moved, is(THEIRS, Reading::Absent), MAYBE_FOREIGN.to_vec()),
        ("history unreadable", &moved, is(THEIRS, Reading::Unreadable(unreadable())), MAYBE_FOREIGN.to_vec()),
        ("history not asked", &moved, is(THEIRS, Reading::NotAsked), MAYBE_FOREIGN.to_vec()),
    ] {
        assert_eq!(found(NO_KEY, change, &facts), expected, "{name}");
    }
    let replayed = judged(NO_KEY, &moved, &is(THEIRS, Reading::Assumed(good_settings())));
    assert_eq!(ids(&replayed), Vec::<&str>::new());
    assert!(replayed.assumed.iter().any(|it| it.contains("a key of the same account before")));
}

#[test]
fn a_key_of_an_account_that_policy_doesnt_name_is_told_whatever_the_call() {
    for (name, key, expected) in [
        ("an alias of ours", "alias/trails", FOREIGN.to_vec()),
        ("a third account's", OTHERS, FOREIGN.to_vec()),
        ("this key", THEIRS, vec![]),
        ("another key of that account", ALSO_THEIRS, vec![]),
        ("an alias of that account", "arn:{partition}:kms:{region}:777788889999:alias/trails", vec![]),
    ] {
        let text = format!("{NO_KEY}[trails]\nkey = \"{key}\"\n");
        for change in [keyed(THEIRS), change("StartLogging"), change("CreateTrail")] {
            assert_eq!(found(&text, &change, &is(THEIRS, Reading::Absent)), expected, "{name}");
        }
    }
}

#[test]
fn no_encryption_required_is_no_leave_to_take_the_files_away() {
    let text = format!("{NO_KEY}[trails]\nrequire = [\"logging\"]\n");
    assert_eq!(found(&text, &keyed(THEIRS), &is(THEIRS, was_key(KEY))), FOREIGN);
}

#[test]
fn a_deleted_trail_that_is_there_again_is_judged_by_the_key_that_it_had() {
    let ids = |earlier| {
        let plan = judged(NO_KEY, &change("DeleteTrail"), &is(THEIRS, earlier));
        plan.findings.iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert!(ids(was_key(KEY)).contains(&"trail.key-foreign"));
    assert!(!ids(was_key(THEIRS)).contains(&"trail.key-foreign"));
}

#[test]
fn a_key_that_is_none_is_a_doubt() {
    for key in ["arn:aws:s3:::x", "arn:aws:kms:eu-central-1:1:key/a", "a key"] {
        let plan = judged(POLICY, &change("StartLogging"), &is(key, Reading::NotAsked));
        assert_eq!(ids(&plan), ["trail.state-unknown"], "{key}");
    }
}

#[test]
fn the_history_is_asked_where_the_call_may_have_set_a_foreign_key() {
    let listed = format!("{NO_KEY}[trails]\nbuckets = [\"example-*\"]\n");
    let asked = |text: &str, change: &Change, key: &str| {
        let settings = Settings { key: Named::Is(key.to_owned()), ..good_settings() };
        let state = TrailState { arn: trail(), settings };
        questions(&policy(text), change, Some(&state), NOW.parse().unwrap()).earlier
    };
    assert!(asked(&listed, &keyed(THEIRS), THEIRS));
    assert!(!asked(&listed, &keyed(KEY), KEY), "it is ours");
    assert!(asked(&listed, &change("CreateTrail"), THEIRS));
    assert!(asked(&listed, &change("DeleteTrail"), THEIRS));
    assert!(!asked(&listed, &change("StopLogging"), THEIRS));
    assert!(!asked(&format!("{listed}key = \"alias/trails\"\n"), &keyed(THEIRS), THEIRS), "policy decides");
}

#[test]
fn the_key_before_is_set_back_by_one_exact_command_and_by_a_person() {
    let plan = judged(NO_KEY, &keyed(THEIRS), &is(THEIRS, was_key(KEY)));
    let command =
        format!("aws cloudtrail update-trail --region eu-central-1 --name {TRAIL} --kms-key-id {KEY}");
    assert_eq!(plan.findings[0].remedies[1].to_string(), command);
    assert_eq!(ensured(&plan), Vec::<&str>::new());
    let hostile = judged(NO_KEY, &keyed(THEIRS), &is(THEIRS, was_key("x; rm -rf ~")));
    assert!(hostile.findings[0].remedies[1].to_string().ends_with("--kms-key-id 'x; rm -rf ~'"));
}
