//! What holds whatever the facts and the call are.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;

fn reading<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Reading<T>> {
    let known = select(values.clone()).prop_map(Reading::Known);
    let assumed = select(values).prop_map(Reading::Assumed);
    let other = select(vec![0_u8, 1, 2, 3]).prop_map(|which| match which {
        0 => Reading::NotAsked,
        1 => Reading::Absent,
        2 => Reading::Unreadable(unreadable()),
        _ => Reading::Unreadable(denied()),
    });
    prop_oneof![4 => known, 1 => assumed, 2 => other]
}

const STATES: [&str; 8] = [
    "Enabled",
    "Disabled",
    "PendingDeletion",
    "PendingReplicaDeletion",
    "PendingImport",
    "Unavailable",
    "Creating",
    "New",
];
const CALLS: [&str; 11] = [
    "ScheduleKeyDeletion",
    "CancelKeyDeletion",
    "DisableKey",
    "EnableKey",
    "PutKeyPolicy",
    "DeleteImportedKeyMaterial",
    "DeleteExpiredKeyMaterial",
    "DisableKeyRotation",
    "DeleteKey",
    "UpdateAlias",
    "DeleteAlias",
];
const POLICIES: [&str; 4] = [
    "",
    "[keys]\nprotect = [\"alias/prod\"]\nprotect_tags = { tier = \"prod\" }\n",
    "[[exempt]]\nguard = \"key\"\nmatch = \"alias/dev\"\nreason = \"r\"\n",
    "[[exempt]]\nguard = \"key\"\ntag = { key = \"tier\", value = \"dev\" }\nreason = \"r\"\n",
];

prop_compose! {
    fn any_facts()(
        key in reading(STATES.map(description).to_vec()),
        aliases in reading(vec![BTreeSet::new(), BTreeSet::from(["alias/prod".to_owned()]), BTreeSet::from(["alias/dev".to_owned()])]),
        tags in reading(vec![BTreeMap::new(), BTreeMap::from([("tier".to_owned(), "prod".to_owned())]), BTreeMap::from([("tier".to_owned(), "dev".to_owned())])]),
        last_use in reading(vec![
            LastUse { used: None, tracking_since: None, created: None },
            LastUse { used: None, tracking_since: Some(time("2026-04-23T00:00:00Z")), created: Some(time("2026-09-01T00:00:00Z")) },
            LastUse { used: Some(Use { time: time("2026-11-01T00:00:00Z"), operation: None, event_id: None }), tracking_since: None, created: None },
            LastUse { used: Some(Use { time: time("2026-01-01T00:00:00Z"), operation: None, event_id: None }), tracking_since: None, created: None },
        ]),
        trails in reading(vec![Vec::new(), vec![trail("audit")]]),
        grants in reading(vec![Vec::new(), vec![grant("rds.amazonaws.com", None)], vec![grant("arn:aws:iam::111122223333:role/a", None)]]),
        shared in reading(vec![true, false]),
        log_groups in reading(vec![
            LogGroups { using: vec![group("/a")], looked_at: 1, cut_short: None },
            LogGroups { using: Vec::new(), looked_at: 9, cut_short: None },
            LogGroups { using: Vec::new(), looked_at: 9, cut_short: Some(unreadable()) },
        ]),
        history in reading(vec![
            history_of(Vec::new()),
            history_of(vec![past(Act::Disabled, "2026-11-03T08:30:00Z")]),
            history_of(vec![past(Act::Scheduled, "2026-11-03T08:30:00Z"), past(Act::Cancelled, "2026-11-03T08:31:00Z")]),
            History::default(),
        ]),
        rotation in reading(vec![true, false]),
    ) -> Facts {
        Facts { key, aliases, tags, last_use, trails, grants, shared, log_groups, history, rotation, ..Facts::none() }
    }
}

fn in_use(policy: &Policy, facts: &Facts) -> bool {
    matches!(super::super::usage::usage(policy, facts, time(NOW)), Usage::InUse { .. })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_written_without_evidence_of_use(facts in any_facts(), call in select(CALLS.to_vec()), text in select(POLICIES.to_vec())) {
        let plan = plan_under(text, &change(call), &facts);
        if !plan.effects.is_empty() {
            prop_assert_eq!(plan.verdict, Verdict::Violation);
            prop_assert!(in_use(&policy(text), &facts));
            prop_assert!(matches!(call, "ScheduleKeyDeletion" | "CancelKeyDeletion" | "DisableKey"));
            prop_assert!(plan.effects.iter().all(|effect| effect.key == arn()));
            prop_assert!(!plan.findings.is_empty());
        }
    }

    #[test]
    fn after_the_effects_there_are_none(facts in any_facts(), call in select(CALLS.to_vec()), text in select(POLICIES.to_vec())) {
        let plan = plan_under(text, &change(call), &facts);
        let mut state = match &facts.key {
            Reading::Known(key) | Reading::Assumed(key) => key.state.clone(),
            Reading::NotAsked | Reading::Absent | Reading::Unreadable(_) => return Ok(()),
        };
        for effect in &plan.effects {
            state = match effect.ensure {
                Ensure::NotPendingDeletion => KeyState::Disabled,
                Ensure::Enabled => KeyState::Enabled,
            };
        }
        let after = Facts { key: Reading::Known(Description { state, ..description("Enabled") }), ..facts };
        let again = plan_under(text, &change(call), &after);
        // A rescue that stopped half way, or couldn't tell whether to enable, is gone on with and never turned back.
        let allowed: &[&str] = if plan.effects.is_empty() { &["key-not-pending-deletion", "key-enabled"] } else { &[] };
        prop_assert!(ensured(&again).iter().all(|effect| allowed.contains(effect)), "{:?} {:?}", plan, again);
    }

    #[test]
    fn a_key_that_cannot_be_told_to_be_well_is_never_compliant(facts in any_facts(), call in select(CALLS.to_vec())) {
        let plan = plan(&change(call), &facts);
        if matches!(facts.key, Reading::Unreadable(_) | Reading::NotAsked) {
            prop_assert!(plan.verdict != Verdict::Compliant, "{plan:?}");
        }
        if let Reading::Known(key) = &facts.key
            && matches!(key.state, KeyState::PendingDeletion { .. } | KeyState::PendingReplicaDeletion)
            && !matches!(call, "UpdateAlias" | "DeleteAlias")
        {
            prop_assert!(ids(&plan).contains(&"key.deletion-scheduled"), "{plan:?}");
        }
    }

    #[test]
    fn every_source_that_is_missing_is_told(facts in any_facts()) {
        let plan = plan(&change("ScheduleKeyDeletion"), &facts);
        if ids(&plan).contains(&"key.deletion-scheduled") && matches!(facts.trails, Reading::Unreadable(_)) {
            prop_assert!(evidence(&plan).contains("whether a trail uses it"), "{}", evidence(&plan));
        }
    }
}
