//! Who and what is exempt, and what outweighs that.

use super::*;

fn exempt(what: &str) -> String {
    format!("[[exempt]]\nguard = \"key\"\n{what}\nreason = \"because\"\n")
}

fn aliases(names: &[&str]) -> Reading<BTreeSet<String>> {
    Reading::Known(names.iter().map(|name| (*name).to_owned()).collect())
}

fn verdict(text: &str, facts: &Facts) -> Verdict {
    plan_under(text, &change("ScheduleKeyDeletion"), facts).verdict
}

#[test]
fn an_exempt_principal_gets_a_receipt_and_no_page() {
    let text = exempt("principal = \"arn:aws:iam::111122223333:user/some*\"");
    let plan = plan_under(&text, &change("ScheduleKeyDeletion"), &Facts::none());
    assert_eq!((plan.verdict, plan.findings.len(), plan.effects.len()), (Verdict::Exempt, 0, 0));
    assert_eq!(
        target_to_read(&policy(&text), &change("ScheduleKeyDeletion"), time(NOW)),
        None,
        "and no call"
    );
}

#[test]
fn a_key_is_exempt_by_its_id_or_arn_without_a_call() {
    for pattern in [ID.to_owned(), arn().to_string()] {
        let text = exempt(&format!("match = \"{pattern}\""));
        assert_eq!(verdict(&text, &used("PendingDeletion")), Verdict::Exempt);
        assert_eq!(target_to_read(&policy(&text), &change("ScheduleKeyDeletion"), time(NOW)), None);
    }
}

#[test]
fn all_of_a_keys_aliases_must_be_exempt() {
    let text = exempt("match = \"alias/dev-*\"");
    let with = |names: &[&str]| Facts { aliases: aliases(names), ..used("PendingDeletion") };
    assert_eq!(verdict(&text, &with(&["alias/dev-a", "alias/dev-b"])), Verdict::Exempt);
    assert_eq!(verdict(&text, &with(&["alias/dev-a", "alias/payments"])), Verdict::Violation);
    assert_eq!(verdict(&text, &with(&[])), Verdict::Violation, "a key without an alias");
}

#[test]
fn protection_outweighs_an_exemption_by_alias_or_tag() {
    let protected = "[keys]\nprotect = [\"alias/prod-*\"]\nprotect_tags = { tier = \"prod\" }\n";
    let scratch =
        BTreeMap::from([("scratch".to_owned(), "yes".to_owned()), ("tier".to_owned(), "prod".to_owned())]);
    let tagged = Facts { tags: Reading::Known(scratch), ..unused("PendingDeletion") };
    let by_tag = exempt("tag = { key = \"scratch\", value = \"yes\" }");
    assert_eq!(verdict(&by_tag, &tagged), Verdict::Exempt);
    assert_eq!(verdict(&format!("{protected}{by_tag}"), &tagged), Verdict::Violation);
    let named = Facts { aliases: aliases(&["alias/prod-db"]), ..unused("PendingDeletion") };
    let by_name = exempt("match = \"alias/*\"");
    assert_eq!(verdict(&by_name, &named), Verdict::Exempt);
    assert_eq!(verdict(&format!("{protected}{by_name}"), &named), Verdict::Violation);
}

#[test]
fn protection_that_cannot_be_read_outweighs_an_exemption_too() {
    let by_alias = "[keys]\nprotect = [\"alias/prod-*\"]\n";
    let by_tag = "[keys]\nprotect_tags = { tier = \"prod\" }\n";
    let dev = BTreeMap::from([("env".to_owned(), "dev".to_owned())]);
    let tag = exempt("tag = { key = \"env\", value = \"dev\" }");
    let name = exempt("match = \"alias/app\"");
    for (text, facts) in [
        (
            format!("{by_alias}{tag}"),
            Facts {
                aliases: Reading::Unreadable(unreadable()),
                tags: Reading::Known(dev.clone()),
                ..used("PendingDeletion")
            },
        ),
        (
            format!("{by_tag}{name}"),
            Facts { tags: Reading::Unreadable(unreadable()), ..used("PendingDeletion") },
        ),
        (format!("{by_tag}{name}"), Facts { tags: Reading::NotAsked, ..used("PendingDeletion") }),
    ] {
        let plan = plan_under(&text, &change("ScheduleKeyDeletion"), &facts);
        assert_eq!((plan.verdict, plan.effects.len()), (Verdict::Unknown, 0), "{text}");
        assert!(ids(&plan).contains(&"key.deletion-scheduled"), "{text}");
    }
    // Whoever may be exempt is asked for what protects it, whatever the call.
    let asked = |text: &str, call: &str| {
        questions(&policy(text), &change(call), Some(&description("Enabled")), time(NOW))
    };
    for call in ["PutKeyPolicy", "DisableKeyRotation"] {
        assert!(asked(&format!("{by_alias}{tag}"), call).aliases, "{call}");
        assert!(asked(&format!("{by_tag}{name}"), call).tags, "{call}");
    }
}

#[test]
fn what_may_exempt_and_cannot_be_read_withholds_the_rescue_and_hides_nothing() {
    for (text, facts) in [
        (
            exempt("match = \"alias/dev-*\""),
            Facts { aliases: Reading::Unreadable(denied()), ..used("PendingDeletion") },
        ),
        (
            exempt("tag = { key = \"a\", value = \"b\" }"),
            Facts { tags: Reading::Unreadable(denied()), ..used("PendingDeletion") },
        ),
    ] {
        let plan = plan_under(&text, &change("ScheduleKeyDeletion"), &facts);
        assert_eq!(plan.verdict, Verdict::Unknown);
        assert_eq!(ids(&plan), ["key.deletion-scheduled", "key.state-unknown"]);
        assert_eq!(plan.effects, []);
    }
}

#[test]
fn a_failed_call_is_at_most_an_attempt() {
    let failed = |name: &str, request: Value| {
        let mut record = record(name, request);
        record["errorCode"] = "AccessDenied".into();
        change_of(&record)
    };
    for (name, request, finding) in [
        ("ScheduleKeyDeletion", json!({ "keyId": ID }), true),
        ("ScheduleKeyDeletion", Value::Null, true),
        ("DisableKey", Value::Null, true),
        ("PutKeyPolicy", json!({ "keyId": ID }), true),
        ("DeleteImportedKeyMaterial", json!({ "keyId": ID }), true),
        ("DisableKeyRotation", json!({ "keyId": ID }), true),
        ("EnableKey", json!({ "keyId": ID }), false),
        ("EnableKey", Value::Null, false),
        ("CancelKeyDeletion", json!({ "keyId": ID }), false),
        ("DeleteAlias", json!({ "aliasName": "alias/other" }), false),
        ("DeleteAlias", json!({ "aliasName": "alias/trails" }), true),
        ("UpdateAlias", Value::Null, true),
    ] {
        let plan = plan_under(
            "[trails]\nkey = \"alias/trails\"\n",
            &failed(name, request.clone()),
            &used("PendingDeletion"),
        );
        let expected: &[&str] = if finding { &["key.attempt-denied"] } else { &[] };
        assert_eq!(ids(&plan), expected, "{name} {request}");
        assert_eq!(plan.effects, [], "{name}");
        assert!(plan.findings.iter().all(|finding| finding.severity == Severity::Low), "{name}");
    }
    let plan = plan_under("[log_groups]\nkeys = []\n", &failed("UpdateAlias", Value::Null), &Facts::none());
    assert_eq!(ids(&plan), [""; 0], "policy names no alias at all");
}
