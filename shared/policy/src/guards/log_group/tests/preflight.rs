//! Keys that the preflight doesn't pass: a group stays without a key rather than get one of them.

use super::*;

#[test]
fn no_key_is_associated_that_the_preflight_does_not_pass() {
    let in_state = |state| bare(but(|key| key.state = state));
    check(vec![
        ("disabled", policy(PLAIN), create(), in_state(KeyState::Disabled), Violation, UNFIT, None),
        (
            "pending deletion",
            policy(PLAIN),
            create(),
            in_state(KeyState::PendingDeletion { deletion_date: None }),
            Violation,
            UNFIT,
            None,
        ),
        (
            "pending replica deletion",
            policy(PLAIN),
            create(),
            in_state(KeyState::PendingReplicaDeletion),
            Violation,
            UNFIT,
            None,
        ),
        (
            "without material",
            policy(PLAIN),
            create(),
            in_state(KeyState::PendingImport),
            Violation,
            UNFIT,
            None,
        ),
        (
            "being created",
            policy(PLAIN),
            create(),
            in_state(KeyState::named("Creating")),
            Violation,
            UNFIT,
            None,
        ),
        (
            "unavailable",
            policy(PLAIN),
            create(),
            in_state(KeyState::named("Unavailable")),
            Violation,
            UNFIT,
            None,
        ),
        (
            "in a state of the future",
            policy(PLAIN),
            create(),
            in_state(KeyState::named("Resting")),
            Violation,
            UNFIT,
            None,
        ),
        (
            "asymmetric",
            policy(PLAIN),
            create(),
            bare(but(|key| key.spec = KeySpec::named("RSA_2048"))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "for signing",
            policy(PLAIN),
            create(),
            bare(but(|key| key.usage = KeyUsage::named("SIGN_VERIFY"))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "for codes",
            policy(PLAIN),
            create(),
            bare(but(|key| key.usage = KeyUsage::named("GENERATE_VERIFY_MAC"))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "an AWS managed key",
            policy(PLAIN),
            create(),
            bare(but(|key| key.manager = KeyManager::named("AWS"))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a key of another Region behind the alias",
            policy(PLAIN),
            create(),
            bare(known(good("arn:aws:kms:eu-west-1:111122223333:key/abc"))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a policy without CloudWatch Logs",
            policy(PLAIN),
            create(),
            bare(but(|key| {
                key.policy = with_policy(|it| {
                    it["Statement"].as_array_mut().unwrap().pop();
                })
            })),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a policy for another Region's CloudWatch Logs",
            policy(PLAIN),
            create(),
            bare(but(|key| {
                key.policy = with_policy(|it| {
                    it["Statement"][1]["Principal"] = json!({ "Service": "logs.eu-west-1.amazonaws.com" })
                })
            })),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a policy for another group",
            policy(PLAIN),
            create(),
            bare(but(|key| {
                key.policy = with_policy(|it| {
                    it["Statement"][1]["Condition"] =
                        json!({ "ArnEquals": { "kms:EncryptionContext:aws:logs:arn": format!("{GROUP}2") } })
                })
            })),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a policy for exactly this group",
            policy(PLAIN),
            create(),
            bare(but(|key| {
                key.policy = with_policy(|it| {
                    it["Statement"][1]["Condition"] =
                        json!({ "ArnEquals": { "kms:EncryptionContext:aws:logs:arn": GROUP } })
                })
            })),
            Violation,
            BARE,
            Some(KEY),
        ),
        (
            "a policy that denies",
            policy(PLAIN),
            create(),
            bare(but(|key| {
                key.policy = with_policy(|it| {
                    it["Statement"].as_array_mut().unwrap().push(json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*" }))
                })
            })),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a policy that isn't understood",
            policy(PLAIN),
            create(),
            bare(but(|key| {
                key.policy =
                    with_policy(|it| it["Statement"][1]["Condition"] = json!({ "ArnMatches": { "a": "b" } }))
            })),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a policy that can't be read",
            policy(PLAIN),
            create(),
            bare(but(|key| key.policy = KeyPolicyFact::Unreadable(unreadable()))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a key that can't be read",
            policy(PLAIN),
            create(),
            bare(KeyReading::Unreadable(unreadable())),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a key that nobody asked for",
            policy(PLAIN),
            create(),
            facts(Reading::Known(state(None))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "only another key was asked for",
            policy(PLAIN),
            create(),
            told(facts(Reading::Known(state(None))), &[(SHARED, known(good(KEY)))]),
            Violation,
            UNFIT,
            None,
        ),
        ("no such key", policy(PLAIN), create(), bare(KeyReading::Absent), Violation, UNFIT, None),
        (
            "a rule for another Region",
            ruled("arn:aws:kms:us-east-1:111122223333:alias/logs"),
            create(),
            facts(Reading::Known(state(None))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a rule for another partition",
            ruled("arn:aws-cn:kms:{region}:111122223333:alias/logs"),
            create(),
            facts(Reading::Known(state(None))),
            Violation,
            UNFIT,
            None,
        ),
        (
            "a removed key and an unfit one",
            policy(PLAIN),
            disassociate(),
            in_state(KeyState::Disabled),
            Violation,
            &["log-group.key-unusable", "log-group.key-removed"],
            None,
        ),
    ]);
}
