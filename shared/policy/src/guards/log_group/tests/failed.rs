//! Calls that failed, and calls that are another's business.

use super::*;

#[test]
fn a_failed_call_changed_nothing() {
    check(vec![
        (
            "a failed creation",
            policy(PLAIN),
            failed("CreateLogGroup", json!(null)),
            facts(Reading::NotAsked),
            Ignored,
            &[],
            None,
        ),
        (
            "a failed creation with parameters",
            policy(PLAIN),
            failed("CreateLogGroup", json!({ "logGroupName": NAME })),
            mendable(),
            Ignored,
            &[],
            None,
        ),
        (
            "a failed association",
            policy(PLAIN),
            failed("AssociateKmsKey", json!({ "logGroupName": NAME })),
            mendable(),
            Ignored,
            &[],
            None,
        ),
        (
            "a failed removal",
            policy(PLAIN),
            failed("DisassociateKmsKey", json!({ "logGroupName": NAME })),
            mendable(),
            Violation,
            DENIED,
            None,
        ),
        (
            "a failed removal that names nothing",
            policy(PLAIN),
            failed("DisassociateKmsKey", json!(null)),
            facts(Reading::NotAsked),
            Violation,
            DENIED,
            None,
        ),
        (
            "a failed removal of query results' key",
            policy(PLAIN),
            failed(
                "DisassociateKmsKey",
                json!({ "resourceIdentifier": "arn:aws:logs:eu-central-1:111122223333:query-result:*" }),
            ),
            facts(Reading::NotAsked),
            Violation,
            DENIED,
            None,
        ),
        (
            "an error without a code",
            policy(PLAIN),
            change("CreateLogGroup", json!(null), json!({ "errorMessage": "no" })),
            mendable(),
            Ignored,
            &[],
            None,
        ),
    ]);
}

#[test]
fn other_calls_are_no_business_of_this_guard() {
    check(vec![
        ("DeleteLogGroup", policy(PLAIN), named("DeleteLogGroup"), mendable(), Ignored, &[], None),
        ("another casing", policy(PLAIN), named("createLogGroup"), mendable(), Ignored, &[], None),
        (
            "another service",
            policy(PLAIN),
            change(
                "CreateLogGroup",
                json!({ "logGroupName": NAME }),
                json!({ "eventSource": "kms.amazonaws.com" }),
            ),
            mendable(),
            Ignored,
            &[],
            None,
        ),
    ]);
}
