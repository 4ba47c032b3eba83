//! Properties over generated policies, changes and facts: what holds for every decision.

use super::*;
use crate::preflight::{Consumer, Usability, usability};
use proptest::prelude::*;

fn any_policy() -> impl Strategy<Value = Policy> {
    let rules = prop::sample::select(vec![
        RULE.to_owned(),
        String::new(),
        format!("[[log_groups.keys]]\nmatch = \"*\"\nkey = \"{KEY}\"\n"),
        "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"arn:aws:kms:us-east-1:111122223333:alias/payments\"\n"
            .to_owned(),
        format!("[[log_groups.keys]]\nmatch = \"*/api\"\nkey = \"alias/shared\"\n{RULE}"),
    ]);
    let approved = prop::sample::select(vec![
        String::new(),
        "log_groups.approved_keys = [\"alias/shared\"]\n".to_owned(),
        format!("log_groups.approved_keys = [\"{STRANGER}\"]\n"),
        "log_groups.approved_keys = [\"arn:{partition}:kms:{region}:{account}:key/9*\"]\n".to_owned(),
    ]);
    let exempt = prop::collection::vec(
        prop::sample::select(vec![
            NAME_EXEMPT,
            SIBLING_EXEMPT,
            EXPIRED_EXEMPT,
            TAG_EXEMPT,
            EXPIRED_TAG_EXEMPT,
            CALLER_EXEMPT,
            OTHER_GUARD_EXEMPT,
        ]),
        0..2,
    );
    (rules, approved, exempt)
        .prop_map(|(rules, approved, exempt)| policy_text(&format!("{approved}{rules}{}", exempt.concat())))
}

fn any_change() -> impl Strategy<Value = Change> {
    let calls = prop::sample::select(vec![
        "CreateLogGroup",
        "AssociateKmsKey",
        "DisassociateKmsKey",
        "DeleteLogGroup",
    ]);
    let requests = prop::sample::select(vec![
        json!({ "logGroupName": NAME }),
        json!({ "logGroupName": NAME, "kmsKeyId": STRANGER }),
        json!({ "logGroupName": "/payments/api/child" }),
        json!({ "resourceIdentifier": GROUP }),
        json!({ "resourceIdentifier": format!("{GROUP}:*") }),
        json!({ "resourceIdentifier": "arn:aws:logs:eu-central-1:444455556666:log-group:/payments/api" }),
        json!({ "resourceIdentifier": "arn:aws:logs:eu-central-1:111122223333:query-result:*", "kmsKeyId": KEY }),
        json!({ "logGroupName": "no name" }),
        json!(null),
    ]);
    let more = prop::sample::select(vec![
        json!({}),
        json!({}),
        json!({ "errorCode": "AccessDenied" }),
        json!({ "userIdentity": { "arn": "arn:aws:sts::111122223333:assumed-role/break-glass/ada" } }),
        json!({ "userIdentity": null }),
    ]);
    (calls, requests, more).prop_map(|(call, request, more)| change(call, request, more))
}

fn any_key() -> impl Strategy<Value = KeyReading> {
    prop::sample::select(vec![
        known(good(KEY)),
        known(good(KEY)),
        known(good(STRANGER)),
        KeyReading::Assumed,
        KeyReading::Absent,
        KeyReading::Unreadable(unreadable()),
        but(|key| key.state = KeyState::Disabled),
        but(|key| key.spec = KeySpec::named("RSA_2048")),
        but(|key| key.usage = KeyUsage::named("SIGN_VERIFY")),
        but(|key| key.manager = KeyManager::named("AWS")),
        but(|key| key.policy = KeyPolicyFact::Assumed),
        but(|key| key.policy = KeyPolicyFact::Unreadable(unreadable())),
        but(|key| key.policy = with_policy(|it| it["Statement"] = json!([]))),
        but(|key| {
            key.policy =
                with_policy(|it| it["Statement"][1]["Condition"] = json!({ "Strange": { "a": "b" } }))
        }),
    ])
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let group = prop::sample::select(vec![
        Reading::NotAsked,
        Reading::Known(state(None)),
        Reading::Known(state(None)),
        Reading::Known(state(None)),
        Reading::Known(state(Some(KEY))),
        Reading::Known(state(Some(STRANGER))),
        Reading::Known(state(Some(ALIAS))),
        Reading::Known(state(Some("nonsense"))),
        Reading::Absent,
        Reading::Unreadable(unreadable()),
    ]);
    let tags = prop::sample::select(vec![
        Reading::NotAsked,
        tags("dev"),
        tags("prod"),
        Reading::Absent,
        Reading::Unreadable(unreadable()),
    ]);
    let references = prop::sample::subsequence(vec![ALIAS, KEY, SHARED, STRANGER], 0..=4);
    (group, tags, references, prop::collection::vec(any_key(), 4)).prop_map(
        |(group, tags, references, readings)| Facts {
            group,
            tags,
            keys: references
                .iter()
                .map(|text| reference(text))
                .zip(readings)
                .map(|(wanted, reading)| answered(wanted, reading))
                .collect(),
        },
    )
}

/// KMS answers about exactly the key that it was asked for by ARN.
fn answered(wanted: KeyRef, mut reading: KeyReading) -> (KeyRef, KeyReading) {
    if let (KeyRef::Key(arn), KeyReading::Known(facts)) = (&wanted, &mut reading) {
        facts.arn = arn.clone();
    }
    (wanted, reading)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn decisions_are_total_and_the_same_each_time(policy in any_policy(), change in any_change(), facts in any_facts()) {
        let plan = decide(&policy, &change, &facts, now());
        prop_assert_eq!(&plan, &decide(&policy, &change, &facts, now()));
        prop_assert!(!plan.reasons.is_empty());
        let severities: Vec<Severity> = plan.findings.iter().map(|finding| finding.severity).collect();
        prop_assert!(severities.is_sorted_by(|a, b| a >= b), "worst first: {severities:?}");
        match plan.verdict {
            Violation | Unknown => prop_assert!(!plan.findings.is_empty()),
            Compliant | Exempt | Ignored => prop_assert!(plan.findings.is_empty() && plan.effects.is_empty()),
        }
    }

    #[test]
    fn an_effect_needs_a_known_bare_group_and_a_fit_key(policy in any_policy(), change in any_change(), facts in any_facts()) {
        let plan = decide(&policy, &change, &facts, now());
        prop_assert!(plan.effects.len() <= 1);
        for effect in &plan.effects {
            prop_assert_eq!(Target::of(&change), Target::Group(effect.group.clone()));
            let bare = matches!(&facts.group, Reading::Known(GroupState { key: None, .. }));
            prop_assert!(bare);
            prop_assert!(change.failure.is_none());
            prop_assert_eq!(plan.verdict, Violation);
            let fit = facts.keys.iter().any(|(wanted, reading)| {
                matches!(usability(wanted, Some(reading), Consumer::LogGroup(&effect.group)), Usability::Usable { key, .. } if key == effect.key)
            });
            prop_assert!(fit, "{:?}", effect);
        }
    }

    #[test]
    fn what_was_mended_needs_no_mending(policy in any_policy(), change in any_change(), facts in any_facts()) {
        let plan = decide(&policy, &change, &facts, now());
        for effect in &plan.effects {
            let mut after = facts.clone();
            after.group = Reading::Known(state(Some(&effect.key.to_string())));
            let again = decide(&policy, &change, &after, now());
            prop_assert!(again.effects.is_empty());
            // Unless somebody else's facts of the very same key, read by its ARN, say that it doesn't serve.
            if !facts.keys.contains_key(&effect.key) || facts.keys.get(&effect.key) == Some(&KeyReading::Assumed) {
                prop_assert_eq!(again.verdict, Compliant, "{:?}", again);
            }
        }
    }

    #[test]
    fn what_was_asked_is_enough_to_decide(policy in any_policy(), change in any_change(), facts in any_facts(), reading in any_key()) {
        let Some(group) = group_to_read(&policy, &change, now()) else { return Ok(()) };
        let Reading::Known(state) = &facts.group else { return Ok(()) };
        let asked = questions(&policy, &group, state, now());
        let answered = Facts {
            group: facts.group.clone(),
            tags: if asked.tags { tags("prod") } else { Reading::NotAsked },
            keys: asked.keys.into_iter().map(|key| answered(key, reading.clone())).collect(),
        };
        let plan = decide(&policy, &change, &answered, now());
        let evidence = plan.findings.iter().flat_map(|finding| &finding.evidence);
        prop_assert!(evidence.clone().all(|line| !line.contains("not looked at")), "{:?}", plan);
        prop_assert!(plan.findings.iter().all(|finding| !finding.summary.contains("not looked at")), "{:?}", plan);
    }
}
