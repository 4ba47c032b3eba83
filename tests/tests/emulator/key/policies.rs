//! What is done to a key's policy, rotation and aliases: told, and never undone.

use super::*;
use crate::lab::closed_policy;

fn put(id: &str, key: &str, policy: &Value) -> Value {
    event(id, "PutKeyPolicy", json!({ "keyId": key, "policyName": "default", "policy": policy.to_string() }))
}

#[test]
fn a_policy_that_shuts_out_logs_pages_with_what_was_taken_out() {
    let (lab, key) = lab_with_key();
    create_groups(
        &lab,
        (0..70).map(|number| (format!("/app/{number:02}"), (number % 50 == 0).then(|| key.clone()))),
    );
    lab.history(json!([
        past(
            "put-0",
            "PutKeyPolicy",
            30,
            json!({ "keyId": key, "policyName": "default", "policy": logs_policy(REGION).to_string() })
        ),
        past(
            "put-1",
            "PutKeyPolicy",
            40,
            json!({ "keyId": key, "policyName": "default", "policy": closed_policy().to_string() })
        ),
    ]));
    call(
        &lab,
        "PutKeyPolicy",
        json!({ "KeyId": key, "PolicyName": "default", "Policy": closed_policy().to_string() }),
    );
    let answer = guard(&lab, "remediate").invoke(&put("put-2", &key, &closed_policy()));
    assert_eq!(
        (finding_ids(&answer), effects(&answer)),
        (vec!["key.service-access-lost"], vec![]),
        "{answer}"
    );
    assert_eq!(answer["page"]["severity"], "critical");
    assert_eq!(lab.count("logs:DescribeLogGroups"), 2, "all of them, for each may be shut out by itself");
    let email = email(&lab);
    for told in ["/app/00", "/app/50", "taken out: {\"Sid\":\"Logs\"", "aws kms put-key-policy"] {
        assert!(email.contains(told), "{told}: {email}");
    }
    assert_eq!(writes(&lab), Vec::<String>::new());
}

#[test]
fn a_policy_that_changes_nothing_for_those_who_use_the_key_is_no_page() {
    let (lab, key) = lab_with_key();
    create_groups(&lab, [("/app/one".to_owned(), Some(key.clone()))]);
    let answer = guard(&lab, "remediate").invoke(&put("put-1", &key, &logs_policy(REGION)));
    assert_eq!((&answer["verdict"], &answer["page"]), (&json!("compliant"), &Value::Null), "{answer}");
}

#[test]
fn a_rotation_that_was_switched_off_pages() {
    let (lab, key) = lab_with_key();
    call(&lab, "EnableKeyRotation", json!({ "KeyId": key }));
    let guard = guard(&lab, "remediate");
    let still_on = guard.invoke(&event("rotation-1", "DisableKeyRotation", json!({ "keyId": key })));
    assert_eq!(still_on["verdict"], "compliant", "{still_on}");
    call(&lab, "DisableKeyRotation", json!({ "KeyId": key }));
    let off = guard.invoke(&event("rotation-2", "DisableKeyRotation", json!({ "keyId": key })));
    assert_eq!(finding_ids(&off), ["key.rotation-off"], "{off}");
}

#[test]
fn an_alias_that_policy_names_is_held_against_where_it_pointed() {
    let (lab, key) = lab_with_key();
    let other = create_key(&lab);
    call(&lab, "CreateAlias", json!({ "AliasName": "alias/logs", "TargetKeyId": other }));
    let created = json!({ "aliasName": "alias/logs", "targetKeyId": key });
    lab.history(json!([past("made-1", "CreateAlias", 30, created)]));
    let guard = lab.guard("key-guard", &crate::lab::policy("remediate"));
    let moved =
        |id: &str| event(id, "UpdateAlias", json!({ "aliasName": "alias/logs", "targetKeyId": other }));
    let answer = guard.invoke(&moved("moved-1"));
    assert_eq!(finding_ids(&answer), ["key.alias-moved"], "{answer}");
    assert!(email(&lab).contains(&format!("it pointed to {key} before")), "{}", email(&lab));
    call(&lab, "UpdateAlias", json!({ "AliasName": "alias/logs", "TargetKeyId": key }));
    let back = guard.invoke(&moved("moved-2"));
    assert_eq!(back["verdict"], "compliant", "{back}");
    call(&lab, "DeleteAlias", json!({ "AliasName": "alias/logs" }));
    let mut deleted = event("deleted-1", "DeleteAlias", json!({ "aliasName": "alias/logs" }));
    deleted["detail"]["resources"] = json!([{ "ARN": key }, { "ARN": arn("kms", "alias/logs") }]);
    let gone = guard.invoke(&deleted);
    assert_eq!(finding_ids(&gone), ["key.alias-moved"], "{gone}");
    assert_eq!((writes(&lab), lab.published().len()), (vec![], 2));
}
