//! What a key's past tells: whether it was enabled before, who does it again, and when to stop.

use super::*;

fn scheduled_with(past: Vec<Past>) -> Facts {
    Facts { history: Reading::Known(history_of(past)), ..used("PendingDeletion") }
}

/// Whether the key would be enabled once its deletion is cancelled.
fn enables(facts: &Facts) -> bool {
    let plan = plan(&change("ScheduleKeyDeletion"), facts);
    assert_eq!(ensured(&plan).first(), Some(&"key-not-pending-deletion"), "it is rescued in any case");
    ensured(&plan).contains(&"key-enabled")
}

#[test]
fn a_key_stays_disabled_that_was_disabled_before() {
    // Its last use was at 08:00.
    for (name, past, expected) in [
        ("nothing is on record, and it was used", vec![], true),
        ("disabled after its last use", vec![past(Act::Disabled, "2026-11-03T08:30:00Z")], false),
        ("disabled, and used after that", vec![past(Act::Disabled, "2026-11-03T07:30:00Z")], true),
        (
            "disabled and enabled again",
            vec![past(Act::Disabled, "2026-11-03T08:30:00Z"), past(Act::Enabled, "2026-11-03T08:40:00Z")],
            true,
        ),
        (
            "an earlier rescue that stopped half way",
            vec![past(Act::Scheduled, "2026-11-03T08:30:00Z"), past(Act::Cancelled, "2026-11-03T08:40:00Z")],
            false,
        ),
        (
            "an earlier rescue",
            vec![
                past(Act::Scheduled, "2026-11-03T08:30:00Z"),
                past(Act::Cancelled, "2026-11-03T08:40:00Z"),
                past(Act::Enabled, "2026-11-03T08:40:01Z"),
            ],
            true,
        ),
        ("disabled within the same second", vec![past(Act::Disabled, WHEN)], false),
        // No DisableKey call succeeds on a key that is scheduled: the event's time is wrong, or forged.
        (
            "disabled after the time that the event tells",
            vec![past(Act::Disabled, "2026-11-03T09:12:50Z")],
            false,
        ),
    ] {
        assert_eq!(enables(&scheduled_with(past)), expected, "{name}");
    }
}

#[test]
fn without_a_switch_on_record_only_a_use_or_a_birth_within_it_tells() {
    let with = |created: Option<&str>, origin, used: &str| {
        let mut key = description("PendingDeletion");
        key.created = created.map(time);
        key.origin = origin;
        Facts {
            key: Reading::Known(key),
            last_use: last_used(used),
            log_groups: groups(&["/app"]),
            ..unused("PendingDeletion")
        }
    };
    let long_ago = Some("2024-01-01T00:00:00Z");
    let lately = Some("2026-10-01T00:00:00Z");
    for (name, facts, expected) in [
        ("used within the record", with(long_ago, Some(Origin::Kms), "2026-10-01T00:00:00Z"), true),
        ("used before the record", with(long_ago, Some(Origin::Kms), "2026-07-01T00:00:00Z"), false),
        ("made within the record", with(lately, Some(Origin::Kms), "2026-07-01T00:00:00Z"), true),
        (
            "made within the record, for imported material",
            with(lately, Some(Origin::Imported), "2026-07-01T00:00:00Z"),
            false,
        ),
        ("nothing tells when it was made", with(None, Some(Origin::Kms), "2026-07-01T00:00:00Z"), false),
    ] {
        assert_eq!(enables(&facts), expected, "{name}");
    }
}

#[test]
fn a_state_that_is_known_outright_decides() {
    for (state, expected) in
        [(KeyState::Enabled, true), (KeyState::Disabled, false), (KeyState::PendingImport, false)]
    {
        let history = History { state_before: Some(state.clone()), ..history_of(Vec::new()) };
        let facts = Facts { history: Reading::Known(history), ..used("PendingDeletion") };
        assert_eq!(enables(&facts), expected, "{state:?}");
    }
}

#[test]
fn scheduling_again_after_a_rescue_is_noticed() {
    let rescued = |who: &str| {
        vec![
            by(Act::Scheduled, "2026-11-03T08:30:00Z", who),
            by(Act::Cancelled, "2026-11-03T08:40:00Z", "arn:aws:iam::111122223333:role/key-guard"),
            by(Act::Enabled, "2026-11-03T08:40:01Z", "arn:aws:iam::111122223333:role/key-guard"),
        ]
    };
    let told = |past| evidence(&plan(&change("ScheduleKeyDeletion"), &scheduled_with(past)));
    let again = "the same caller scheduled its deletion at 2026-11-03T08:30:00Z already; arn:aws:iam::111122223333:role/key-guard cancelled that";
    assert!(told(rescued(SOMEBODY)).contains(again));
    assert!(!told(rescued("arn:aws:iam::111122223333:user/another")).contains("already"));
    let mut not_undone = rescued(SOMEBODY);
    not_undone.truncate(1);
    assert!(!told(not_undone).contains("already"));
}

#[test]
fn a_fight_is_left_to_people() {
    let rescue = |hour: &str| {
        [by(Act::Cancelled, &format!("{hour}:10:00Z"), OWN), by(Act::Enabled, &format!("{hour}:10:01Z"), OWN)]
    };
    let twice: Vec<Past> = ["2026-11-03T05", "2026-11-03T06"].iter().flat_map(|hour| rescue(hour)).collect();
    let thrice: Vec<Past> =
        ["2026-11-03T05", "2026-11-03T06", "2026-11-03T07"].iter().flat_map(|hour| rescue(hour)).collect();
    let long_ago: Vec<Past> =
        ["2026-11-01T05", "2026-11-01T06", "2026-11-01T07"].iter().flat_map(|hour| rescue(hour)).collect();
    for (call, state, effects) in
        [("ScheduleKeyDeletion", "PendingDeletion", 2), ("DisableKey", "Disabled", 1)]
    {
        let plan_of = |past: &[Past]| {
            plan(&change(call), &Facts { history: Reading::Known(history_of(past.to_vec())), ..used(state) })
        };
        assert_eq!(plan_of(&twice).effects.len(), effects, "{call}");
        assert_eq!(plan_of(&long_ago).effects.len(), effects, "{call}");
        let stopped = plan_of(&thrice);
        assert_eq!(stopped.effects, [], "{call}");
        assert_eq!(stopped.findings[0].severity, Severity::Critical, "{call}");
        assert!(evidence(&stopped).contains("3 times within a day already"), "{call}");
    }
}

#[test]
fn a_rescued_key_whose_past_is_not_known_is_left_to_a_person_with_the_command() {
    let read = |history| Facts { history, log_groups: groups(&["/app"]), ..unused("PendingDeletion") };
    for (history, retryable) in
        [(Reading::Unreadable(unreadable()), true), (Reading::Unreadable(denied()), false)]
    {
        let plan = plan(&change("ScheduleKeyDeletion"), &read(history));
        assert_eq!(plan.verdict, Verdict::Violation, "that it is in use is certain");
        assert_eq!(ensured(&plan), ["key-not-pending-deletion"]);
        assert_eq!(ids(&plan), ["key.deletion-scheduled", "key.state-unknown"]);
        let [scheduled, unknown] = plan.findings.as_slice() else { panic!("{plan:#?}") };
        assert_eq!(scheduled.mended_by, Some("key-not-pending-deletion"));
        assert_eq!(unknown.mended_by, None, "so the page keeps the command");
        assert!(unknown.remedies.iter().any(|it| it.to_string().starts_with("aws kms enable-key ")));
        assert_eq!(plan.retryable, retryable, "the key can be enabled once the history answers");
    }
}

#[test]
fn a_key_that_was_disabled_just_before_it_was_scheduled_is_told_to_be_unusable() {
    for (disabled, told) in [
        ("2026-11-03T09:12:00Z", vec!["key.deletion-scheduled", "key.disabled"]),
        ("2026-11-02T09:12:44Z", vec!["key.deletion-scheduled", "key.disabled"]),
        ("2026-11-02T09:12:43Z", vec!["key.deletion-scheduled"]),
    ] {
        let past = vec![past(Act::Disabled, disabled)];
        let facts = Facts {
            history: Reading::Known(history_of(past)),
            log_groups: groups(&["/app"]),
            ..unused("PendingDeletion")
        };
        let plan = plan(&change("ScheduleKeyDeletion"), &facts);
        assert_eq!(ids(&plan), told, "{disabled}");
        assert_eq!(ensured(&plan), ["key-not-pending-deletion"], "it stays disabled: {disabled}");
    }
}

#[test]
fn what_others_undid_uses_up_no_rescue() {
    let by_others: Vec<Past> = ["2026-11-03T05", "2026-11-03T06", "2026-11-03T07"]
        .iter()
        .flat_map(|hour| {
            [past(Act::Cancelled, &format!("{hour}:10:00Z")), past(Act::Enabled, &format!("{hour}:10:01Z"))]
        })
        .collect();
    assert_eq!(plan(&change("ScheduleKeyDeletion"), &scheduled_with(by_others)).effects.len(), 2);
}

#[test]
fn a_use_within_minutes_of_a_call_that_disables_proves_nothing() {
    let disabled_at = |at: &str| scheduled_with(vec![past(Act::Disabled, at)]);
    // Its last use was at 08:00.
    assert!(!enables(&disabled_at("2026-11-03T08:00:00Z")));
    assert!(!enables(&disabled_at("2026-11-03T07:55:00Z")));
    assert!(enables(&disabled_at("2026-11-03T07:54:59Z")));
}

#[test]
fn a_late_copy_undoes_nothing_that_was_done_since() {
    let later = |act| vec![past(act, "2026-11-03T09:12:50Z")];
    for (name, call, state, past, finding) in [
        (
            "scheduled again",
            "ScheduleKeyDeletion",
            "PendingDeletion",
            later(Act::Scheduled),
            "key.deletion-scheduled",
        ),
        ("disabled since", "ScheduleKeyDeletion", "Disabled", later(Act::Disabled), "key.disabled"),
        (
            "disabled since the cancelling",
            "CancelKeyDeletion",
            "Disabled",
            later(Act::Disabled),
            "key.disabled",
        ),
        ("disabled again since", "DisableKey", "Disabled", later(Act::Disabled), "key.disabled"),
    ] {
        let facts = Facts { history: Reading::Known(history_of(past)), ..used(state) };
        let plan = plan(&change(call), &facts);
        assert_eq!(
            (ids(&plan).first().copied(), plan.effects.len()),
            (Some(finding), 0),
            "{name}: {plan:#?}"
        );
        assert!(evidence(&plan).contains("by a later call, at 2026-11-03T09:12:50Z"), "{name}");
    }
}

#[test]
fn a_call_that_disabled_what_was_disabled_already_is_not_undone() {
    for (name, past, effects) in [
        ("disabled before", vec![past(Act::Disabled, "2026-11-03T08:30:00Z")], 0),
        ("left disabled by a cancelling", vec![past(Act::Cancelled, "2026-11-03T08:30:00Z")], 0),
        ("disabled before and used since", vec![past(Act::Disabled, "2026-11-03T07:30:00Z")], 1),
        (
            "enabled in between",
            vec![past(Act::Disabled, "2026-11-03T08:30:00Z"), past(Act::Enabled, "2026-11-03T08:40:00Z")],
            1,
        ),
        ("nothing on record", vec![], 1),
    ] {
        let facts = Facts { history: Reading::Known(history_of(past)), ..used("Disabled") };
        let plan = plan(&change("DisableKey"), &facts);
        assert_eq!(plan.effects.len(), effects, "{name}");
        assert_eq!(plan.findings[0].severity, Severity::Critical, "{name}: it is told in any case");
    }
}

#[test]
fn its_own_cancelling_is_recognised() {
    let mut record = record("CancelKeyDeletion", json!({ "keyId": ID }));
    record["userIdentity"] = json!({ "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/key-guard/f",
        "sessionContext": { "sessionIssuer": { "type": "Role", "arn": OWN } } });
    let plan = plan(&change_of(&record), &used("Disabled"));
    assert_eq!((plan.verdict, ids(&plan)), (Verdict::Compliant, vec![]));
    assert!(plan.reasons[0].contains("own call"));
}

#[test]
fn a_history_that_lags_behind_is_said_to() {
    let lagging = evidence(&plan(&change("ScheduleKeyDeletion"), &scheduled_with(Vec::new())));
    assert!(lagging.contains("doesn't show this call yet"), "{lagging}");
    let whole =
        evidence(&plan(&change("ScheduleKeyDeletion"), &scheduled_with(vec![itself(Act::Scheduled)])));
    assert!(!whole.contains("doesn't show this call yet"), "{whole}");
}

/// The change itself, as the history shows it once it has caught up.
fn itself(act: Act) -> Past {
    Past { event_id: "e-1".to_owned(), ..past(act, WHEN) }
}

#[test]
fn what_an_exempt_caller_may_just_have_disabled_is_not_enabled_before_the_history_shows_it() {
    const CALLER: &str = "principal = \"arn:aws:iam::111122223333:role/break-glass*\"";
    let exempt =
        |guard: &str, what: &str| format!("[[exempt]]\nguard = \"{guard}\"\n{what}\nreason = \"incident\"\n");
    let caller = exempt("key", CALLER);
    let until = |day: &str| exempt("key", &format!("{CALLER}\nuntil = {day}"));
    let whole = || vec![itself(Act::Scheduled)];
    let enabled = || vec![past(Act::Enabled, "2026-11-03T09:00:00Z")];
    for (name, policy, past, expected) in [
        ("a caller is exempt, and the history lags behind", caller.clone(), vec![], false),
        ("the same, and it was enabled shortly before", caller.clone(), enabled(), false),
        ("the same, until today", until("2026-11-03"), vec![], false),
        ("the same, until yesterday", until("2026-11-02"), vec![], true),
        ("the history shows the call", caller.clone(), whole(), true),
        ("nobody is exempt", String::new(), vec![], true),
        ("a caller is exempt for another guard", exempt("trail", CALLER), vec![], true),
        ("other keys are exempt", exempt("key", "match = \"alias/other\""), vec![], true),
        ("keys with a tag are exempt", exempt("key", "tag = { key = \"k\", value = \"v\" }"), vec![], true),
    ] {
        let plan = plan_under(&policy, &change("ScheduleKeyDeletion"), &scheduled_with(past));
        let rescue: &[&str] = match expected {
            true => &["key-not-pending-deletion", "key-enabled"],
            false => &["key-not-pending-deletion"],
        };
        assert_eq!(ensured(&plan), rescue, "{name}");
    }
}

#[test]
fn an_exemption_that_ended_since_still_holds_for_the_minutes_before_it_ended() {
    let rule = "[[exempt]]\nguard = \"key\"\nprincipal = \"arn:aws:iam::111122223333:role/break-glass\"\nuntil = 2026-11-02\nreason = \"incident\"\n";
    for (at, expected) in [("2026-11-03T00:14:59Z", 1), ("2026-11-03T00:15:00Z", 2)] {
        let mut record = record("ScheduleKeyDeletion", json!({ "keyId": ID }));
        record["eventTime"] = json!(at);
        let facts = Facts { last_use: last_used("2026-11-02T22:00:00Z"), ..scheduled_with(Vec::new()) };
        let plan = decide(&policy(rule), &change_of(&record), &facts, time("2026-11-03T00:16:00Z"));
        assert_eq!(plan.effects.len(), expected, "{at}");
    }
}

#[test]
fn a_key_that_was_left_disabled_for_an_exempt_caller_is_told_with_the_reason_and_the_command() {
    let rule = "[[exempt]]\nguard = \"key\"\nprincipal = \"arn:aws:iam::111122223333:role/break-glass\"\nreason = \"incident\"\n";
    let command = format!("aws kms enable-key --region eu-central-1 --key-id {}", arn());
    for (name, call, facts, told) in [
        (
            "scheduled",
            "ScheduleKeyDeletion",
            scheduled_with(Vec::new()),
            vec!["key.deletion-scheduled", "key.state-unknown"],
        ),
        // What Lambda's retry finds if the page couldn't be sent.
        ("scheduled, and rescued since", "ScheduleKeyDeletion", used("Disabled"), vec!["key.disabled"]),
        (
            "scheduled and cancelled by whoever wants it enabled",
            "CancelKeyDeletion",
            Facts {
                history: Reading::Known(history_of(vec![past(Act::Scheduled, "2026-11-03T09:12:00Z")])),
                ..used("Disabled")
            },
            vec!["key.disabled"],
        ),
    ] {
        let plan = plan_under(rule, &change(call), &facts);
        assert_eq!(ids(&plan), told, "{name}");
        assert!(!ensured(&plan).contains(&"key-enabled"), "{name}");
        let last = plan.findings.last().unwrap();
        assert_eq!(last.mended_by, None, "{name}: so the page keeps the command");
        assert!(last.remedies.iter().any(|it| it.to_string() == command), "{name}");
        assert!(last.evidence.join(" ").contains("policy exempts callers"), "{name}: {:?}", last.evidence);
        assert!(!plan.retryable, "{name}: the retries end before the history has caught up");
        let without = plan_under("", &change(call), &facts);
        assert!(ensured(&without).contains(&"key-enabled"), "{name}: nobody is exempt");
    }
}

#[test]
fn a_state_that_is_known_outright_needs_no_history_that_has_caught_up() {
    let rule = "[[exempt]]\nguard = \"key\"\nprincipal = \"arn:aws:iam::111122223333:role/break-glass\"\nreason = \"incident\"\n";
    let history = History { state_before: Some(KeyState::Enabled), ..history_of(Vec::new()) };
    let facts = Facts { history: Reading::Known(history), ..used("PendingDeletion") };
    let plan = plan_under(rule, &change("ScheduleKeyDeletion"), &facts);
    assert_eq!(ensured(&plan), ["key-not-pending-deletion", "key-enabled"]);
}

#[test]
fn a_disabling_is_not_undone_where_the_history_cannot_tell_that_it_was_one() {
    for (error, retryable) in [(unreadable(), true), (denied(), false)] {
        let facts = Facts { history: Reading::Unreadable(error), ..used("Disabled") };
        let plan = plan(&change("DisableKey"), &facts);
        assert_eq!((ids(&plan), plan.effects.len(), plan.retryable), (vec!["key.disabled"], 0, retryable));
        assert_eq!(plan.findings[0].severity, Severity::Critical);
    }
}
