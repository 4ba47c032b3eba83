//! Who called: the role behind a session, and how a caller is shown.

use super::*;

#[test]
fn the_role_is_the_issuer_and_never_the_session_name() {
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Deploy/ada";
    let identity =
        |arn: &str, context: Value| json!({ "type": "AssumedRole", "arn": arn, "sessionContext": context });
    let issuer = |kind: &str, arn: &str| json!({ "sessionIssuer": { "type": kind, "arn": arn } });
    for (name, identity, expected) in [
        (
            "the issuer, with its path",
            identity(SESSION, issuer("Role", "arn:aws:iam::111122223333:role/teams/Deploy")),
            Some("arn:aws:iam::111122223333:role/teams/Deploy"),
        ),
        ("no sessionContext", json!({ "arn": SESSION }), Some("arn:aws:iam::111122223333:role/Deploy")),
        (
            "sessionContext printed by a script",
            identity(SESSION, json!("[Object]")),
            Some("arn:aws:iam::111122223333:role/Deploy"),
        ),
        (
            "sessionIssuer null",
            identity(SESSION, json!({ "sessionIssuer": null })),
            Some("arn:aws:iam::111122223333:role/Deploy"),
        ),
        (
            "sessionIssuer empty",
            identity(SESSION, json!({ "sessionIssuer": {} })),
            Some("arn:aws:iam::111122223333:role/Deploy"),
        ),
        (
            "an issuer that is a user is no role",
            identity(
                "arn:aws:sts::111122223333:federated-user/ada",
                issuer("IAMUser", "arn:aws:iam::111122223333:user/ada"),
            ),
            None,
        ),
        (
            "another partition",
            identity("arn:aws-cn:sts::111122223333:assumed-role/Deploy/ada", json!({})),
            Some("arn:aws-cn:iam::111122223333:role/Deploy"),
        ),
        (
            "a session name that looks like a role",
            identity("arn:aws:sts::111122223333:assumed-role/Deploy/break-glass", json!({})),
            Some("arn:aws:iam::111122223333:role/Deploy"),
        ),
        (
            "a session name that looks like a session",
            identity("arn:aws:sts::111122223333:assumed-role/Deploy/x:assumed-role/break-glass/y", json!({})),
            Some("arn:aws:iam::111122223333:role/Deploy"),
        ),
        ("a user", identity("arn:aws:iam::111122223333:user/ada", json!({})), None),
        (
            "a user whose path looks like a session",
            identity("arn:aws:iam::111122223333:user/x:assumed-role/break-glass/ada", json!({})),
            None,
        ),
        ("no arn", json!({ "type": "AWSService", "invokedBy": "delivery.logs.amazonaws.com" }), None),
    ] {
        let change = read(&with(json!({ "userIdentity": identity })));
        assert_eq!(change.actor.role_arn().as_deref(), expected, "{name}");
    }
}

#[test]
fn a_caller_is_shown_on_one_line() {
    let identity = json!({ "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/a\nwho: nobody\u{202e}" });
    let shown = read(&with(json!({ "userIdentity": identity }))).actor.shown();
    assert!(shown.ends_with(r"a\u{a}who: nobody\u{202e}"), "{shown}");
}
