//! Exemptions by name, tag and caller, and what only looks like one.

use super::*;

#[test]
fn what_is_exempt_is_left_alone() {
    const GLASS: &str = "arn:aws:sts::111122223333:assumed-role/break-glass/ada";
    const TRICK: &str = "arn:aws:sts::111122223333:assumed-role/Deploy/break-glass";
    check(vec![
        ("by name", policy(NAME_EXEMPT), create(), mendable(), Exempt, &[], None),
        (
            "by name, without any facts",
            policy(NAME_EXEMPT),
            disassociate(),
            facts(Reading::NotAsked),
            Exempt,
            &[],
            None,
        ),
        (
            "by name, a failed removal",
            policy(NAME_EXEMPT),
            failed("DisassociateKmsKey", json!({ "logGroupName": NAME })),
            facts(Reading::NotAsked),
            Exempt,
            &[],
            None,
        ),
        (
            "by a name that is only a prefix",
            policy(SIBLING_EXEMPT),
            create(),
            mendable(),
            Violation,
            BARE,
            Some(KEY),
        ),
        ("for another guard", policy(OTHER_GUARD_EXEMPT), create(), mendable(), Violation, BARE, Some(KEY)),
        ("yesterday", policy(EXPIRED_EXEMPT), create(), mendable(), Violation, BARE, Some(KEY)),
        ("today for the last time", policy(LAST_DAY_EXEMPT), create(), mendable(), Exempt, &[], None),
        ("by tag", policy(TAG_EXEMPT), create(), tagged(mendable(), tags("dev")), Exempt, &[], None),
        (
            "by tag, an unapproved key",
            approving(&format!("\"{KEY}\""), TAG_EXEMPT),
            associate(),
            told(tagged(keyed(STRANGER), tags("dev")), &[(ALIAS, known(good(KEY)))]),
            Exempt,
            &[],
            None,
        ),
        (
            "by another tag's value",
            policy(TAG_EXEMPT),
            create(),
            tagged(mendable(), tags("prod")),
            Violation,
            BARE,
            Some(KEY),
        ),
        (
            "no tags",
            policy(TAG_EXEMPT),
            create(),
            tagged(mendable(), Reading::Known(BTreeMap::new())),
            Violation,
            BARE,
            Some(KEY),
        ),
        (
            "tags that can't be read",
            policy(TAG_EXEMPT),
            create(),
            tagged(mendable(), Reading::Unreadable(unreadable())),
            Unknown,
            UNTOLD,
            None,
        ),
        ("tags that nobody asked for", policy(TAG_EXEMPT), create(), mendable(), Unknown, UNTOLD, None),
        (
            "tags that don't matter any more",
            policy(EXPIRED_TAG_EXEMPT),
            create(),
            tagged(mendable(), tags("dev")),
            Violation,
            BARE,
            Some(KEY),
        ),
        ("a keyed group needs no tags", policy(TAG_EXEMPT), create(), keyed(KEY), Compliant, &[], None),
        ("the caller", policy(CALLER_EXEMPT), by(GLASS, "DisassociateKmsKey"), mendable(), Exempt, &[], None),
        (
            "the caller, whose call failed",
            policy(CALLER_EXEMPT),
            change(
                "DisassociateKmsKey",
                json!(null),
                json!({ "errorCode": "AccessDenied", "userIdentity": { "arn": GLASS } }),
            ),
            mendable(),
            Exempt,
            &[],
            None,
        ),
        (
            "a caller who chose the name",
            policy(CALLER_EXEMPT),
            by(TRICK, "DisassociateKmsKey"),
            mendable(),
            Violation,
            REMOVED,
            Some(KEY),
        ),
        ("another caller", policy(CALLER_EXEMPT), disassociate(), mendable(), Violation, REMOVED, Some(KEY)),
    ]);
}
