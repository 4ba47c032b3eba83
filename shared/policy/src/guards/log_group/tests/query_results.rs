//! The key of query results: judged by the call alone, and never mended.

use super::*;

#[test]
fn query_results_are_judged_by_the_call_and_never_mended() {
    const RESULTS: &str = "arn:aws:logs:eu-central-1:111122223333:query-result:*";
    let to = |key: &str| {
        change("AssociateKmsKey", json!({ "resourceIdentifier": RESULTS, "kmsKeyId": key }), json!({}))
    };
    let none = || facts(Reading::NotAsked);
    let unapproved: &[&str] = &["query-results.unapproved-key"];
    check(vec![
        (
            "key removed",
            policy(PLAIN),
            identified("DisassociateKmsKey", RESULTS),
            none(),
            Violation,
            &["query-results.key-removed"],
            None,
        ),
        (
            "key removed, whatever the group's facts",
            policy(PLAIN),
            identified("DisassociateKmsKey", RESULTS),
            mendable(),
            Violation,
            &["query-results.key-removed"],
            None,
        ),
        (
            "key removed in another account",
            policy(PLAIN),
            identified("DisassociateKmsKey", "arn:aws:logs:eu-central-1:444455556666:query-result:*"),
            none(),
            Unknown,
            UNCLEAR,
            None,
        ),
        ("any key of this account will do", policy(PLAIN), to(STRANGER), none(), Compliant, &[], None),
        ("a key of another account", policy(PLAIN), to(FOREIGN), none(), Violation, unapproved, None),
        (
            "a key that isn't told",
            policy(PLAIN),
            identified("AssociateKmsKey", RESULTS),
            none(),
            Unknown,
            unapproved,
            None,
        ),
        ("an approved key", approving(&format!("\"{KEY}\""), PLAIN), to(KEY), none(), Compliant, &[], None),
        (
            "a key approved by wildcard",
            approving("\"arn:{partition}:kms:*:{account}:key/*\"", PLAIN),
            to(STRANGER),
            none(),
            Compliant,
            &[],
            None,
        ),
        (
            "an unapproved key",
            approving(&format!("\"{KEY}\""), PLAIN),
            to(STRANGER),
            none(),
            Violation,
            unapproved,
            None,
        ),
        (
            "a key that an approved alias may stand for",
            approving("\"alias/shared\"", PLAIN),
            to(STRANGER),
            none(),
            Unknown,
            unapproved,
            None,
        ),
        (
            "the record doesn't say which key",
            approving(&format!("\"{KEY}\""), PLAIN),
            identified("AssociateKmsKey", RESULTS),
            none(),
            Unknown,
            unapproved,
            None,
        ),
    ]);
}
