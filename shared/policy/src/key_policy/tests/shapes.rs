//! The document itself: single values and lists, versions, texts within texts, and what isn't a policy.

use super::super::KeyPolicyError;
use super::*;

#[test]
fn documents() {
    let documented = || logs(json!({}));
    let literal = json!({ "StringNotLike": { "kms:EncryptionContext:aws:logs:arn": "${aws:username}" } });
    check(vec![
        (
            "one statement in place of a list",
            json!({ "Version": "2012-10-17", "Statement": documented() }),
            Allowed,
        ),
        ("an empty list of statements", json!({ "Version": "2012-10-17", "Statement": [] }), Missing),
        ("without Version and Id", json!({ "Statement": [documented()] }), Allowed),
        ("the old Version", json!({ "Version": "2008-10-17", "Statement": [documented()] }), Allowed),
        ("an unknown Version", json!({ "Version": "2030-01-01", "Statement": [documented()] }), Unknown),
        (
            "an unknown Version and no grant",
            json!({ "Version": "2030-01-01", "Statement": [root()] }),
            Unknown,
        ),
        (
            "an unknown Version and a Deny",
            json!({ "Version": "2030-01-01", "Statement": [deny(json!({}))] }),
            Unknown,
        ),
        ("a Version of the wrong type", json!({ "Version": 2012, "Statement": [documented()] }), Unknown),
        (
            "an unknown element of the document",
            json!({ "version": "2012-10-17", "Statement": [documented()] }),
            Unknown,
        ),
        ("an Id of the wrong type decides nothing", json!({ "Id": 7, "Statement": [documented()] }), Allowed),
        (
            "variables are literal text without a Version",
            json!({ "Statement": [logs(json!({ "Condition": literal }))] }),
            Allowed,
        ),
        (
            "variables are literal text in the old Version",
            json!({ "Version": "2008-10-17", "Statement": [logs(json!({ "Condition": literal }))] }),
            Allowed,
        ),
        ("variables in the new Version", when(literal.clone()), Unknown),
        (
            "lists in place of single values everywhere",
            policy([json!({
                "Sid": "S", "Effect": "Allow", "Principal": { "Service": ["logs.us-east-1.amazonaws.com"] },
                "Action": ["kms:*"], "Resource": ["*"],
                "Condition": { "ArnLike": { "kms:EncryptionContext:aws:logs:arn": [GROUP] } },
            })]),
            Allowed,
        ),
        (
            "single values in place of lists everywhere",
            json!({ "Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Principal": { "Service": "logs.us-east-1.amazonaws.com" }, "Action": "kms:*",
                "Resource": "*", "Condition": { "ArnLike": { "kms:EncryptionContext:aws:logs:arn": GROUP } },
            } }),
            Allowed,
        ),
        ("a text that holds the document", json!(policy([documented()]).to_string()), Allowed),
    ]);
}

#[test]
fn statements() {
    let documented = || logs(json!({}));
    let role = json!({ "AWS": "arn:aws:iam::111122223333:role/x" });
    check(vec![
        ("an unknown element", policy([logs(json!({ "Unless": "weekend" }))]), Unknown),
        (
            "an unknown element in another's grant",
            policy([logs(json!({ "Unless": 1, "Principal": role }))]),
            Missing,
        ),
        (
            "a doubtful Allow beside a clear one",
            policy([logs(json!({ "Unless": 1 })), documented()]),
            Allowed,
        ),
        ("effect in lower case", policy([logs(json!({ "Effect": null, "effect": "Allow" }))]), Unknown),
        ("Effect with a lower-case value", policy([logs(json!({ "Effect": "allow" }))]), Unknown),
        ("no Effect may be a Deny", policy([documented(), logs(json!({ "Effect": null }))]), Unknown),
        (
            "an unknown Effect may be a Deny",
            policy([documented(), deny(json!({ "Effect": "Audit" }))]),
            Unknown,
        ),
        (
            "an unknown Effect for somebody else can't matter",
            policy([documented(), deny(json!({ "Effect": "Audit", "Principal": role }))]),
            Allowed,
        ),
        ("an Effect of the wrong type", policy([logs(json!({ "Effect": ["Allow"] }))]), Unknown),
        ("a statement that is text", policy([documented(), json!("Allow")]), Unknown),
        ("a statement that is a list", policy([json!([documented()])]), Unknown),
        ("an empty statement", policy([documented(), json!({})]), Unknown),
        ("a Sid of the wrong type decides nothing", policy([logs(json!({ "Sid": 7 }))]), Allowed),
        (
            "Action and NotAction together",
            policy([logs(json!({ "NotAction": "kms:ScheduleKeyDeletion" }))]),
            Unknown,
        ),
    ]);
}

#[test]
fn what_is_no_policy_is_an_error() {
    let not_json =
        |text| assert!(matches!(KeyPolicy::parse(text), Err(KeyPolicyError::NotJson(_))), "{text}");
    for text in ["", "{", "{'Statement': []}", r#"{"Statement": []} x"#, "\"{\""] {
        not_json(text);
    }
    for text in [
        "null",
        "42",
        "[]",
        "{}",
        r#"{"statement": []}"#,
        r#"{"Statement": null}"#,
        r#"{"Statement": "x"}"#,
        r#""[]""#,
        r#""\"{}\"""#,
        r#"{"Statement": [], "Statement": []}"#,
        r#"{"Statement": {"Effect": "Deny", "Effect": "Allow"}}"#,
    ] {
        assert!(matches!(KeyPolicy::parse(text), Err(KeyPolicyError::NotAPolicy(_))), "{text}");
    }
}

#[test]
fn errors_stay_on_one_line() {
    let error = KeyPolicy::parse("{\"Statement\": [], \"a\\nb\": 1, \"a\\nb\": 2}").unwrap_err();
    assert!(!error.to_string().contains('\n'), "{error}");
    assert!(error.to_string().contains("stands twice"), "{error}");
}

#[test]
fn the_document_is_kept_as_read() {
    let document = policy([logs(json!({ "Unless": { "day": ["weekend", 7, null] } }))]);
    assert_eq!(KeyPolicy::from_value(&document).unwrap().document(), &document);
    assert_eq!(KeyPolicy::parse(&document.to_string()).unwrap().document(), &document);
    assert_eq!(KeyPolicy::parse(&json!(document.to_string()).to_string()).unwrap().document(), &document);
}
