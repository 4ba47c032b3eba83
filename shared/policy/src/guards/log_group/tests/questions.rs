//! Which group a change is about, and what the guard asks about it before it decides.

use super::*;

#[test]
fn only_what_is_needed_is_read() {
    for (name, policy, change, expected) in [
        ("a bare group", policy(PLAIN), create(), Some(GROUP)),
        (
            "by ARN with a star",
            policy(PLAIN),
            identified("AssociateKmsKey", &format!("{GROUP}:*")),
            Some(GROUP),
        ),
        ("exempt by tag: the state comes first", policy(TAG_EXEMPT), create(), Some(GROUP)),
        ("exempt by name", policy(NAME_EXEMPT), create(), None),
        ("exempt until yesterday", policy(EXPIRED_EXEMPT), create(), Some(GROUP)),
        (
            "exempt caller",
            policy(CALLER_EXEMPT),
            by("arn:aws:sts::111122223333:assumed-role/break-glass/a", "CreateLogGroup"),
            None,
        ),
        ("failed", policy(PLAIN), failed("DisassociateKmsKey", json!({ "logGroupName": NAME })), None),
        (
            "query results",
            policy(PLAIN),
            identified("DisassociateKmsKey", "arn:aws:logs:eu-central-1:111122223333:query-result:*"),
            None,
        ),
        ("unclear", policy(PLAIN), change("CreateLogGroup", json!(null), json!({})), None),
        (
            "another account's",
            policy(PLAIN),
            identified(
                "DisassociateKmsKey",
                "arn:aws:logs:eu-central-1:444455556666:log-group:/payments/api",
            ),
            None,
        ),
        ("another call", policy(PLAIN), named("DeleteLogGroup"), None),
    ] {
        let read = group_to_read(&policy, &change, now()).map(|group| group.to_string());
        assert_eq!(read.as_deref(), expected, "{name}");
    }
}

#[test]
fn the_fewest_questions_are_asked() {
    let keys = |keys: &[&str]| -> BTreeSet<KeyRef> { keys.iter().map(|key| reference(key)).collect() };
    let asks = |wanted: &[&str], at_hand: &[&str], tags| Questions {
        keys: keys(wanted),
        keys_if_at_hand: keys(at_hand),
        tags,
    };
    let multi = "\"alias/shared\", \"arn:aws:kms:us-east-1:111122223333:alias/shared\", \"arn:aws:kms:eu-west-1:111122223333:alias/shared\"";
    for (name, policy, key, expected) in [
        ("bare", policy(PLAIN), None, asks(&[ALIAS], &[], false)),
        (
            "bare, with approved aliases",
            approving("\"alias/shared\"", PLAIN),
            None,
            asks(&[ALIAS], &[], false),
        ),
        ("bare, a tag may exempt it", policy(TAG_EXEMPT), None, asks(&[ALIAS], &[], true)),
        (
            "bare, a tag exempted it until yesterday",
            policy(EXPIRED_TAG_EXEMPT),
            None,
            asks(&[ALIAS], &[], false),
        ),
        ("bare, without a rule", policy_text(TAG_EXEMPT), None, asks(&[], &[], true)),
        (
            "bare, a rule for another Region",
            ruled("arn:aws:kms:us-east-1:111122223333:alias/logs"),
            None,
            asks(&[], &[], false),
        ),
        (
            "bare, a rule for another partition",
            ruled("arn:aws-cn:kms:{region}:111122223333:alias/logs"),
            None,
            asks(&[], &[], false),
        ),
        ("keyed, any key will do", policy(TAG_EXEMPT), Some(STRANGER), asks(&[], &[STRANGER], false)),
        (
            "keyed, approved by ARN",
            approving(&format!("\"alias/shared\", \"{STRANGER}\""), TAG_EXEMPT),
            Some(STRANGER),
            asks(&[], &[STRANGER], false),
        ),
        (
            "keyed, approved by wildcard",
            approving("\"arn:aws:kms:*:*:key/*\", \"alias/shared\"", PLAIN),
            Some(STRANGER),
            asks(&[], &[STRANGER], false),
        ),
        (
            "keyed, aliases must tell",
            approving("\"alias/shared\"", TAG_EXEMPT),
            Some(STRANGER),
            asks(&[ALIAS, SHARED], &[STRANGER], true),
        ),
        (
            "keyed, aliases of several Regions",
            approving(multi, PLAIN),
            Some(STRANGER),
            asks(&[ALIAS, SHARED], &[STRANGER], false),
        ),
        (
            "keyed, nothing to resolve",
            policy_text(&format!("log_groups.approved_keys = [\"{KEY}\"]\n{TAG_EXEMPT}")),
            Some(STRANGER),
            asks(&[], &[STRANGER], true),
        ),
        ("keyed with no ARN", policy(PLAIN), Some("nonsense"), asks(&[], &[], false)),
    ] {
        assert_eq!(questions(&policy, &group(), &state(key), now()), expected, "{name}");
    }
}

#[test]
fn only_the_stated_group_is_the_target() {
    for (name, request, expected) in [
        ("by name", json!({ "logGroupName": NAME }), Some(GROUP)),
        ("by ARN", json!({ "resourceIdentifier": GROUP }), Some(GROUP)),
        ("by ARN with a star", json!({ "resourceIdentifier": format!("{GROUP}:*") }), Some(GROUP)),
        (
            "query results",
            json!({ "resourceIdentifier": "arn:aws:logs:eu-central-1:111122223333:query-result:*" }),
            Some("arn:aws:logs:eu-central-1:111122223333:query-result:*"),
        ),
        ("a star as name", json!({ "logGroupName": "*" }), None),
        ("nothing", json!({}), None),
    ] {
        assert_eq!(
            Target::of(&change("AssociateKmsKey", request, json!({}))).arn().as_deref(),
            expected,
            "{name}"
        );
    }
}
