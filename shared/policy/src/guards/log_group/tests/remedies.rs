//! What a finding tells its reader: severity, title, statement, commands, and nothing unclean.

use super::*;

#[test]
fn severities_are_those_of_what_is_lost() {
    let worst = |change: Change, facts: Facts| decide(&policy(PLAIN), &change, &facts, now()).severity();
    for (name, change, facts, expected) in [
        ("never encrypted", create(), mendable(), Some(Severity::Medium)),
        ("taken away", disassociate(), mendable(), Some(Severity::High)),
        ("an unfit key", create(), bare(KeyReading::Absent), Some(Severity::High)),
        ("unreadable", create(), facts(Reading::Unreadable(unreadable())), Some(Severity::High)),
        ("an attempt", failed("DisassociateKmsKey", json!(null)), mendable(), Some(Severity::Low)),
        ("compliant", create(), keyed(KEY), None),
    ] {
        assert_eq!(worst(change, facts), expected, "{name}");
    }
}

fn finding<'a>(plan: &'a Plan<Effect>, id: &str) -> &'a Finding {
    plan.findings.iter().find(|finding| finding.id == id).unwrap_or_else(|| panic!("{id} in {plan:?}"))
}

fn commands(plan: &Plan<Effect>) -> Vec<String> {
    let remedies = plan.findings.iter().flat_map(|finding| &finding.remedies);
    remedies
        .filter_map(|remedy| match remedy {
            Remedy::Command(command) => Some(command.clone()),
            Remedy::Step(_) | Remedy::Statement(_) => None,
        })
        .collect()
}

#[test]
fn a_missing_permission_comes_with_the_exact_statement() {
    let closed = but(|key| {
        key.policy = with_policy(|it| {
            it["Statement"].as_array_mut().unwrap().pop();
        });
    });
    let plan = decide(&policy(PLAIN), &create(), &bare(closed.clone()), now());
    let statement = finding(&plan, "log-group.key-unusable")
        .remedies
        .iter()
        .find_map(|remedy| match remedy {
            Remedy::Statement(statement) => Some(statement.clone()),
            Remedy::Step(_) | Remedy::Command(_) => None,
        })
        .unwrap();
    assert_eq!(statement["Principal"], json!({ "Service": "logs.eu-central-1.amazonaws.com" }));
    // With the statement added, the repair follows.
    let KeyReading::Known(mut mended) = closed else { panic!() };
    mended.policy = with_policy(|it| it["Statement"][1] = statement);
    let plan = decide(&policy(PLAIN), &create(), &bare(KeyReading::Known(mended)), now());
    assert_eq!(plan.effects.len(), 1, "{plan:?}");
}

#[test]
fn every_title_names_its_group() {
    for facts in [
        mendable(),
        bare(KeyReading::Absent),
        bare(KeyReading::Unreadable(unreadable())),
        facts(Reading::NotAsked),
    ] {
        for finding in decide(&policy(PLAIN), &create(), &facts, now()).findings {
            assert!(finding.summary.contains(NAME), "{}", finding.summary);
        }
    }
}

#[test]
fn commands_can_be_pasted_into_a_shell() {
    let alias = "\"$(aws kms describe-key --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:alias/payments --query KeyMetadata.Arn --output text)\"";
    for (name, group, facts, policy, expected) in [
        (
            "a key by its ARN",
            NAME,
            mendable(),
            policy(PLAIN),
            format!(
                "aws logs associate-kms-key --region eu-central-1 --log-group-name {NAME} --kms-key-id {KEY}"
            ),
        ),
        (
            "a name with a hash",
            "/payments/#1",
            mendable(),
            policy(PLAIN),
            format!(
                "aws logs associate-kms-key --region eu-central-1 --log-group-name '/payments/#1' --kms-key-id {KEY}"
            ),
        ),
        (
            "a name like an option",
            "--debug",
            mendable(),
            ruled("alias/payments"),
            format!(
                "aws logs associate-kms-key --region eu-central-1 --log-group-name=--debug --kms-key-id {KEY}"
            ),
        ),
        (
            "an alias, which the API doesn't take",
            NAME,
            bare(KeyReading::Assumed),
            policy(PLAIN),
            format!(
                "aws logs associate-kms-key --region eu-central-1 --log-group-name {NAME} --kms-key-id {alias}"
            ),
        ),
        (
            "an unapproved key",
            NAME,
            told(keyed(STRANGER), &[(ALIAS, known(good(KEY)))]),
            approving(&format!("\"{KEY}\""), PLAIN),
            format!(
                "aws logs associate-kms-key --region eu-central-1 --log-group-name {NAME} --kms-key-id {alias}"
            ),
        ),
        (
            "an unreadable group",
            "--debug",
            facts(Reading::Unreadable(unreadable())),
            policy(PLAIN),
            "aws logs describe-log-groups --region eu-central-1 --log-group-name-prefix=--debug".to_owned(),
        ),
        (
            "a disabled key",
            NAME,
            bare(but(|key| key.state = KeyState::Disabled)),
            policy(PLAIN),
            format!("aws kms enable-key --region eu-central-1 --key-id {KEY}"),
        ),
    ] {
        let change = change("CreateLogGroup", json!({ "logGroupName": group }), json!({}));
        let commands = commands(&decide(&policy, &change, &facts, now()));
        assert_eq!(commands.first(), Some(&expected), "{name}");
    }
}

/// A list that names another account's key alone would approve none of this account's.
#[test]
fn approving_a_foreign_key_keeps_our_own_approved() {
    let plan = decide(&policy(PLAIN), &associate(), &keyed(FOREIGN), now());
    let step = finding(&plan, "log-group.unapproved-key").remedies[0].to_string();
    assert!(
        step.contains("list it in `approved_keys`, and \"arn:aws:kms:*:111122223333:key/*\" too"),
        "{step}"
    );
    let followed = approving(&format!("\"{FOREIGN}\", \"arn:aws:kms:*:111122223333:key/*\""), PLAIN);
    for key in [FOREIGN, KEY, STRANGER] {
        assert_eq!(decide(&followed, &associate(), &keyed(key), now()).verdict, Compliant, "{key}");
    }
}

#[test]
fn approving_a_foreign_key_keeps_those_approved_whose_accounts_rules_name() {
    let rule = "[[log_groups.keys]]\nmatch = \"/x/*\"\nkey = \"arn:{partition}:kms:{region}:777788889999:alias/logs\"\n";
    let plan = decide(&policy_text(rule), &associate(), &keyed(FOREIGN), now());
    let step = finding(&plan, "log-group.unapproved-key").remedies[0].to_string();
    for account in ["111122223333", "777788889999"] {
        assert!(step.contains(&format!("\"arn:aws:kms:*:{account}:key/*\"")), "{step}");
    }
}

#[test]
fn a_deletion_is_cancelled_before_the_key_is_enabled_and_associated() {
    let pending =
        bare(but(|key| key.state = KeyState::PendingDeletion { deletion_date: Some("soon\n".to_owned()) }));
    let plan = decide(&policy(PLAIN), &create(), &pending, now());
    let verbs: Vec<String> = commands(&plan)
        .iter()
        .map(|command| command.split(' ').take(3).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(verbs, ["aws kms cancel-key-deletion", "aws kms enable-key", "aws logs associate-kms-key"]);
    assert!(finding(&plan, "log-group.key-unusable").evidence.iter().all(|line| !line.contains('\n')));
}

#[test]
fn a_passing_trouble_is_worth_another_try() {
    let throttled = |retryable| {
        KeyReading::Unreadable(Unreadable { why: "kms:DescribeKey: Throttling".to_owned(), retryable })
    };
    for retryable in [true, false] {
        assert_eq!(
            decide(&policy(PLAIN), &create(), &bare(throttled(retryable)), now()).retryable,
            retryable
        );
    }
}

#[test]
fn facts_are_shown_clean() {
    let evil = "x\n\u{202e}\u{1b}[2J";
    let facts = Facts {
        group: Reading::Known(GroupState {
            key: Some(evil.to_owned()),
            class: Some(evil.to_owned()),
            created: None,
        }),
        tags: Reading::Known(BTreeMap::from([(evil.to_owned(), format!("{evil}{}", "y".repeat(10_000)))])),
        keys: BTreeMap::new(),
    };
    let shown = facts.shown().to_string();
    assert!(!shown.contains('\u{202e}') && !shown.contains("\\n") && !shown.contains("\\u001b"), "{shown}");
    assert!(shown.len() < 2_000);
    let plan = decide(
        &approving(&format!("\"{KEY}\""), PLAIN),
        &create(),
        &told(facts, &[(ALIAS, known(good(KEY)))]),
        now(),
    );
    assert!(!format!("{:?}{:?}", plan.findings, plan.reasons).contains("\\n"), "{plan:?}");
}
