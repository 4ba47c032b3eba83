//! Whom from outside a policy lets in, and what of that is new.

use super::super::{Administration, Openings, administration, openings};
use super::*;
use crate::key_policy::meet::{can_meet, meet};
use crate::wildcard;
use proptest::prelude::*;

const OTHER: &str = "999999999999";

pub(super) fn allow(principal: Value, action: &str, condition: Value) -> Value {
    with(
        json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*" }),
        json!({ "Condition": condition }),
    )
}

pub(super) fn everyone(condition: Value) -> Value {
    allow(json!({ "AWS": "*" }), "kms:Decrypt", condition)
}

pub(super) fn let_in(now: &Value, earlier: Option<&Value>) -> Openings {
    let read = |document| KeyPolicy::from_value(document).unwrap();
    openings(&read(now), earlier.map(read).as_ref(), &key())
}

/// Each opening in a few words: who, and whether surely.
pub(super) fn told(now: &Value, earlier: Option<&Value>) -> Vec<String> {
    let openings = let_in(now, earlier);
    assert_eq!(openings.not_asked, 0);
    let words = openings.found.iter().flat_map(|it| {
        let who = it.who.described();
        let surely = (!it.surely.is_empty()).then(|| format!("{who}: surely"));
        surely.into_iter().chain((!it.perhaps.is_empty()).then(|| format!("{who}: perhaps")))
    });
    words.collect()
}

/// A case's name, the statements before and after, and what is told.
type Change = (&'static str, Vec<Value>, Vec<Value>, Vec<String>);

pub(super) const ANYBODY: &str = "everyone with an AWS account";

#[test]
fn conditions_that_name_outsiders_let_them_in() {
    let arn = |operator: &str, value: &str| everyone(json!({ operator: { "aws:PrincipalArn": value } }));
    let account =
        |operator: &str, value: Value| everyone(json!({ operator: { "kms:CallerAccount": value } }));
    let named = |pattern: &str| format!("{ANYBODY} and a user or role like `{pattern}`: surely");
    let only_denies = |condition: Value| vec![everyone(Value::Null), deny(json!({ "Condition": condition }))];
    let surely = |who: &str| vec![format!("{who}: surely")];
    let other = format!("arn:aws:iam::{OTHER}:role/evil");
    let cases: Vec<(&str, Vec<Value>, Vec<String>)> = vec![
        ("the own account", vec![account("StringEquals", json!("111122223333"))], vec![]),
        (
            "the own and another",
            vec![account("StringEquals", json!(["111122223333", OTHER]))],
            surely("account 999999999999"),
        ),
        (
            "another by its key",
            vec![everyone(json!({ "StringEquals": { "aws:PrincipalAccount": OTHER } }))],
            surely("account 999999999999"),
        ),
        (
            "a key's case is nothing",
            vec![everyone(json!({ "StringEquals": { "KMS:CALLERACCOUNT": OTHER } }))],
            surely("account 999999999999"),
        ),
        (
            "accounts by their beginning",
            vec![account("StringLike", json!("99999*"))],
            surely("whoever is like `99999*`"),
        ),
        (
            "one digit beside the own account",
            vec![account("StringLike", json!("11112222333?"))],
            surely("whoever is like `11112222333?`"),
        ),
        ("a pattern of the own account alone", vec![account("StringLike", json!("*111122223333*"))], vec![]),
        ("all accounts", vec![account("StringLike", json!("*"))], surely(ANYBODY)),
        (
            "all accounts but the own",
            vec![account("StringNotEquals", json!("111122223333"))],
            surely(ANYBODY),
        ),
        ("a star that isn't a wildcard", vec![account("StringEquals", json!("99999*"))], vec![]),
        ("another's role", vec![arn("ArnEquals", &other)], surely(&other)),
        ("another's role as text", vec![arn("StringEquals", &other)], surely(&other)),
        (
            "another's roles",
            vec![arn("ArnLike", "arn:aws:iam::999999999999:role/*")],
            surely("whoever is like `arn:aws:iam::999999999999:role/*`"),
        ),
        ("the own roles", vec![arn("ArnLike", "arn:aws:iam::111122223333:role/*")], vec![]),
        ("the own roles as text", vec![arn("StringLike", "arn:aws:iam::111122223333:role/*")], vec![]),
        (
            "roles of a name",
            vec![arn("ArnLike", "arn:aws:iam::*:role/app-*")],
            vec![named("arn:aws:iam::*:role/app-*")],
        ),
        ("roles of a name as text", vec![arn("StringLike", "*:role/Admin")], vec![named("*:role/Admin")]),
        (
            "users of a name",
            vec![arn("ArnLike", "arn:*:iam::*:user/team/?")],
            vec![named("arn:*:iam::*:user/team/?")],
        ),
        ("all roles", vec![arn("ArnLike", "arn:aws:iam::*:role/*")], surely(ANYBODY)),
        (
            "the own account's number may stand in another's path",
            vec![arn("StringLike", "*:111122223333:role/*")],
            vec![named("*:111122223333:role/*")],
        ),
        ("part by part it may not", vec![arn("ArnLike", "arn:aws:iam:*:111122223333:role/*")], vec![]),
        (
            "what no name can hold may be a name",
            vec![arn("StringLike", "*:111122223333:root")],
            vec![format!("{ANYBODY}: perhaps")],
        ),
        (
            "the own account and a name of any",
            vec![everyone(json!({
            "StringEquals": { "kms:CallerAccount": "111122223333" }, "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/Admin" } }))],
            vec![],
        ),
        (
            "the own account and any name",
            vec![everyone(json!({
            "StringEquals": { "aws:PrincipalAccount": "111122223333" }, "StringLike": { "aws:PrincipalArn": "*" } }))],
            vec![],
        ),
        (
            "another account and a name of any",
            vec![everyone(json!({
            "StringEquals": { "kms:CallerAccount": OTHER }, "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/Admin" } }))],
            vec!["account 999999999999: perhaps".to_owned()],
        ),
        (
            "a name with two patterns",
            vec![everyone(json!({
            "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/app-*" }, "StringLike": { "aws:PrincipalArn": "*-admin" } }))],
            vec![format!("{ANYBODY}: perhaps")],
        ),
        (
            "a name, but not the shortest",
            vec![everyone(json!({
            "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/app-*" }, "ArnNotLike": { "aws:PrincipalArn": ["*:role/app-", "arn:aws:iam::*:role/app-"] } }))],
            vec![named("arn:aws:iam::*:role/app-*")],
        ),
        (
            "accounts by two patterns",
            vec![everyone(json!({
            "StringLike": { "kms:CallerAccount": "9999*", "aws:PrincipalAccount": "*8888" } }))],
            vec![
                "whoever is like `*8888`: perhaps".to_owned(),
                "whoever is like `9999*`: perhaps".to_owned(),
            ],
        ),
        (
            "accounts, but not the first",
            vec![everyone(json!({
            "StringLike": { "kms:CallerAccount": "99999*" }, "StringNotEquals": { "kms:CallerAccount": ["999990000000", "999991111111"] } }))],
            vec!["whoever is like `99999*`: perhaps".to_owned()],
        ),
        ("an operator in lower case", vec![arn("stringlike", "*:role/Admin")], vec![named("*:role/Admin")]),
        (
            "a set operator",
            vec![arn("ForAnyValue:StringLikeIfExists", "*:role/Admin")],
            vec![named("*:role/Admin")],
        ),
        (
            "everyone in a list with the own",
            vec![allow(json!({ "AWS": ["111122223333", "*"] }), "kms:*", Value::Null)],
            surely(ANYBODY),
        ),
        (
            "another beside a service",
            vec![allow(json!({ "Service": "s3.amazonaws.com", "AWS": OTHER }), "kms:*", Value::Null)],
            surely("account 999999999999"),
        ),
        (
            "no Effect",
            vec![with(everyone(Value::Null), json!({ "Effect": null }))],
            vec![format!("{ANYBODY}: perhaps")],
        ),
        (
            "a name of any sort, with an organization",
            vec![everyone(json!({
            "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/Admin" }, "StringEquals": { "aws:PrincipalOrgID": "o-abc" } }))],
            vec![format!("{ANYBODY} and a user or role like `arn:aws:iam::*:role/Admin`: perhaps")],
        ),
        (
            "a Deny that leaves another out",
            only_denies(json!({ "StringNotEquals": { "aws:PrincipalAccount": ["111122223333", OTHER] } })),
            surely("account 999999999999"),
        ),
        (
            "a Deny that leaves the own out",
            only_denies(json!({ "StringNotEquals": { "aws:PrincipalAccount": "111122223333" } })),
            vec![],
        ),
        (
            "a Deny that leaves a name out",
            only_denies(json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/ci" } })),
            vec![named("arn:aws:iam::*:role/ci")],
        ),
        (
            "a Deny of what a stranger might be called",
            only_denies(
                json!({ "StringLike": { "aws:PrincipalArn": ["*:role/0*", "*:role/1*", "*:role/9*", "*:user/*"] } }),
            ),
            surely(ANYBODY),
        ),
        (
            "names that can't tell the account",
            vec![everyone(json!({ "StringLike": { "aws:userid": "AIDA1*" } }))],
            vec![format!("{ANYBODY}: perhaps")],
        ),
        (
            "another's account and a condition",
            vec![allow(
                json!({ "AWS": OTHER }),
                "kms:Sign",
                json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } }),
            )],
            vec!["account 999999999999: perhaps".to_owned()],
        ),
        ("services only", vec![logs(json!({}))], vec![]),
        (
            "the own provider",
            vec![allow(
                json!({ "Federated": "arn:aws:iam::111122223333:saml-provider/x" }),
                "kms:*",
                Value::Null,
            )],
            vec![],
        ),
        (
            "another's provider",
            vec![allow(
                json!({ "Federated": "arn:aws:iam::999999999999:saml-provider/x" }),
                "kms:*",
                Value::Null,
            )],
            vec![
                "the federated or canonical user `arn:aws:iam::999999999999:saml-provider/x`: perhaps"
                    .to_owned(),
            ],
        ),
        (
            "a public provider",
            vec![allow(json!({ "Federated": "accounts.google.com" }), "kms:*", Value::Null)],
            vec!["the federated or canonical user `accounts.google.com`: perhaps".to_owned()],
        ),
        (
            "another's own root user",
            vec![arn("ArnEquals", "arn:aws:iam::999999999999:root")],
            vec!["account 999999999999: perhaps".to_owned()],
        ),
    ];
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(name, statements, expected)| {
            let found = told(&policy(statements), None);
            (found != expected).then(|| format!("{name}: expected {expected:?}, got {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_what_is_wider_is_new() {
    let organization = |id: Value| everyone(json!({ "StringEquals": { "aws:PrincipalOrgID": id } }));
    let mine = || organization(json!("o-mine"));
    let address = |range: &str| {
        allow(json!({ "AWS": OTHER }), "kms:Decrypt", json!({ "IpAddress": { "aws:SourceIp": range } }))
    };
    let whom =
        |principal: &str, condition: Value| allow(json!({ "AWS": principal }), "kms:Decrypt", condition);
    let role = "arn:aws:iam::999999999999:role/r";
    let root = "arn:aws:iam::999999999999:root";
    let mfa = || json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } });
    let describe = |principal: Value| allow(principal, "kms:DescribeKey", Value::Null);
    let unless = |id: &str| deny(json!({ "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": id } } }));
    let accounts = |ids: Value| {
        everyone(json!({ "StringEquals": { "kms:CallerAccount": ids, "aws:PrincipalOrgID": "o-mine" } }))
    };
    let perhaps = vec![format!("{ANYBODY}: perhaps")];
    let surely = vec![format!("{ANYBODY}: surely")];
    let account = vec!["account 999999999999: surely".to_owned()];
    let account_perhaps = vec!["account 999999999999: perhaps".to_owned()];
    let cases: Vec<Change> = vec![
        ("the same", vec![mine()], vec![mine()], vec![]),
        ("another organization", vec![mine()], vec![organization(json!("o-evil"))], perhaps.clone()),
        ("one more", vec![mine()], vec![organization(json!(["o-mine", "o-evil"]))], perhaps.clone()),
        ("one less", vec![organization(json!(["o-mine", "o-evil"]))], vec![mine()], vec![]),
        (
            "any organization",
            vec![mine()],
            vec![everyone(json!({ "StringLike": { "aws:PrincipalOrgID": "o-*" } }))],
            surely.clone(),
        ),
        (
            "any endpoint",
            vec![mine()],
            vec![everyone(json!({ "StringLike": { "aws:SourceVpce": "*" } }))],
            surely.clone(),
        ),
        (
            "a further condition",
            vec![mine()],
            vec![everyone(json!({
            "StringEquals": { "aws:PrincipalOrgID": "o-mine", "aws:SourceVpce": "vpce-1" } }))],
            vec![],
        ),
        (
            "one condition less",
            vec![everyone(json!({
            "StringEquals": { "aws:PrincipalOrgID": "o-mine", "aws:SourceVpce": "vpce-1" } }))],
            vec![mine()],
            perhaps.clone(),
        ),
        ("no condition", vec![mine()], vec![everyone(Value::Null)], surely.clone()),
        (
            "another name and a list",
            vec![mine()],
            vec![with(organization(json!(["o-mine"])), json!({ "Sid": "New", "Action": ["kms:Decrypt"] }))],
            vec![],
        ),
        (
            "one action more",
            vec![mine()],
            vec![with(mine(), json!({ "Action": ["kms:Decrypt", "kms:Encrypt"] }))],
            perhaps.clone(),
        ),
        (
            "one action less",
            vec![with(mine(), json!({ "Action": ["kms:Decrypt", "kms:Encrypt"] }))],
            vec![mine()],
            vec![],
        ),
        ("a wider range", vec![address("192.0.2.0/24")], vec![address("0.0.0.0/0")], account_perhaps.clone()),
        (
            "an address for an endpoint",
            vec![whom(OTHER, json!({ "StringEquals": { "aws:SourceVpce": "vpce-1" } }))],
            vec![address("0.0.0.0/0")],
            account_perhaps.clone(),
        ),
        (
            "an account by its ARN, then by its id",
            vec![whom(root, Value::Null)],
            vec![whom(OTHER, Value::Null)],
            vec![],
        ),
        ("and under a condition", vec![whom(root, mfa())], vec![whom(OTHER, mfa())], vec![]),
        (
            "a role, then its account",
            vec![whom(role, Value::Null)],
            vec![whom(root, Value::Null)],
            account.clone(),
        ),
        ("an account, then its role", vec![whom(root, Value::Null)], vec![whom(role, Value::Null)], vec![]),
        ("everyone, then an account", vec![everyone(Value::Null)], vec![whom(root, Value::Null)], vec![]),
        (
            "an account, under a condition and then not",
            vec![whom(OTHER, mfa())],
            vec![whom(OTHER, Value::Null)],
            account.clone(),
        ),
        (
            "what was public of one action is public of another",
            vec![describe(json!("*")), mine()],
            vec![describe(json!("*")), everyone(Value::Null)],
            surely.clone(),
        ),
        (
            "the Deny that kept everyone out is gone",
            vec![everyone(Value::Null), unless("o-mine")],
            vec![everyone(Value::Null)],
            surely.clone(),
        ),
        (
            "the Deny leaves others out",
            vec![everyone(Value::Null), unless("o-mine")],
            vec![everyone(Value::Null), unless("o-evil")],
            perhaps.clone(),
        ),
        (
            "the Deny as it was, and another",
            vec![everyone(Value::Null), unless("o-mine")],
            vec![everyone(Value::Null), unless("o-mine"), unless("o-evil")],
            vec![],
        ),
        (
            "a Deny of one account is gone",
            vec![everyone(Value::Null), deny(json!({ "Principal": { "AWS": OTHER } }))],
            vec![everyone(Value::Null)],
            account,
        ),
        (
            "one account more under the same condition",
            vec![accounts(json!(["888888888888"]))],
            vec![accounts(json!(["888888888888", OTHER]))],
            account_perhaps.clone(),
        ),
        (
            "a provider of another, as before",
            vec![allow(json!({ "Federated": "accounts.google.com" }), "kms:*", Value::Null)],
            vec![allow(json!({ "Federated": "accounts.google.com" }), "kms:*", Value::Null)],
            vec![],
        ),
        (
            "a variable, as before",
            vec![everyone(json!({ "StringEquals": { "aws:PrincipalOrgID": "${aws:PrincipalTag/o}" } }))],
            vec![everyone(json!({ "StringEquals": { "aws:PrincipalOrgID": "${aws:PrincipalTag/o}" } }))],
            vec![],
        ),
        (
            "a long variable that differs at its end",
            vec![everyone(
                json!({ "StringEquals": { "aws:PrincipalOrgID": format!("${{aws:PrincipalTag/{}}}a", "o".repeat(200)) } }),
            )],
            vec![everyone(
                json!({ "StringEquals": { "aws:PrincipalOrgID": format!("${{aws:PrincipalTag/{}}}b", "o".repeat(200)) } }),
            )],
            perhaps.clone(),
        ),
        (
            "a Deny of fewer actions",
            vec![everyone(Value::Null), unless("o-mine")],
            vec![everyone(Value::Null), with(unless("o-mine"), json!({ "Action": "kms:Encrypt" }))],
            surely.clone(),
        ),
        (
            "everyone under a condition, then one account under it",
            vec![mine()],
            vec![with(mine(), json!({ "Principal": { "AWS": OTHER } }))],
            vec![],
        ),
        (
            "what isn't understood, as before",
            vec![with(everyone(Value::Null), json!({ "Action": null, "NotAction": "kms:Sign" }))],
            vec![with(everyone(Value::Null), json!({ "Action": null, "NotAction": "kms:Sign" }))],
            vec![],
        ),
        (
            "what isn't understood, otherwise",
            vec![with(everyone(Value::Null), json!({ "Action": null, "NotAction": "kms:*" }))],
            vec![with(everyone(Value::Null), json!({ "Action": null, "NotAction": "kms:Sign" }))],
            perhaps,
        ),
    ];
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(name, before, after, expected)| {
            let found = told(&policy(after), Some(&policy(before)));
            (found != expected).then(|| format!("{name}: expected {expected:?}, got {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_variable_is_none_in_the_old_version() {
    let statement = everyone(json!({ "StringEquals": { "aws:ResourceTag/x": "${aws:PrincipalTag/x}" } }));
    let versions = |version: &str| with(policy([statement.clone()]), json!({ "Version": version }));
    let (old, new) = (versions("2008-10-17"), versions("2012-10-17"));
    assert_eq!(told(&new, Some(&old)), [format!("{ANYBODY}: perhaps")]);
    assert_eq!(told(&new, Some(&new)), [""; 0]);
}

#[test]
fn control_may_hang_on_the_own_names_and_never_on_others() {
    let only = |arn: &str| {
        let root = with(root(), json!({ "Condition": { "ArnLike": { "aws:PrincipalArn": arn } } }));
        administration(&KeyPolicy::from_value(&json!({ "Statement": [root] })).unwrap(), &key())
    };
    for own in [
        "arn:aws:iam::111122223333:role/admin",
        "arn:aws:sts::111122223333:federated-user/x",
        "arn:aws:iam::*:role/*",
    ] {
        assert!(matches!(only(own), Administration::UnderConditions(_)), "{own}");
    }
    for other in ["arn:aws:iam::999999999999:role/admin", "arn:aws:iam::99*:role/admin"] {
        assert_eq!(only(other), Administration::Lost, "{other}");
    }
}

#[test]
fn each_action_that_works_across_accounts_is_asked_for_and_no_other() {
    let whom =
        |action: String| let_in(&policy([allow(json!({ "AWS": OTHER }), &action, Value::Null)]), None).found;
    for action in [
        "Encrypt",
        "Decrypt",
        "ReEncryptFrom",
        "ReEncryptTo",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "Sign",
        "Verify",
        "GenerateMac",
        "VerifyMac",
        "DeriveSharedSecret",
        "Encapsulate",
        "Decapsulate",
        "CreateGrant",
        "ListGrants",
        "RevokeGrant",
        "DescribeKey",
        "GetPublicKey",
        "GetKeyRotationStatus",
    ] {
        assert_eq!(whom(format!("kms:{action}")).len(), 1, "{action}");
    }
    for action in
        ["PutKeyPolicy", "ScheduleKeyDeletion", "DisableKey", "GetKeyPolicy", "TagResource", "RetireGrant"]
    {
        assert_eq!(whom(format!("kms:{action}")), [], "{action}");
    }
}

#[test]
fn an_opening_tells_its_statements_and_conditions() {
    let sid = |statement, sid| with(statement, json!({ "Sid": sid }));
    let openings = let_in(
        &policy([
            sid(everyone(json!({ "StringEquals": { "aws:PrincipalOrgID": ["o-a", "o-b\nc"] } })), "Org"),
            sid(allow(json!({ "AWS": OTHER }), "kms:Sign", Value::Null), "Partner"),
            sid(
                deny(
                    json!({ "Condition": { "NotIpAddress": { "aws:SourceIp": "192.0.2.0/24" } }, "Action": "kms:Decrypt" }),
                ),
                "Net",
            ),
        ]),
        None,
    );
    let [everyone, partner] = openings.found.as_slice() else { panic!("{openings:#?}") };
    assert_eq!(everyone.by, ["statement 2 (`Org`)"]);
    assert_eq!(
        everyone.conditions,
        [
            r"statement 2 (`Org`): StringEquals aws:PrincipalOrgID o-a, o-b\u{a}c",
            "statement 4 (`Net`), a Deny: NotIpAddress aws:SourceIp 192.0.2.0/24",
        ]
    );
    assert_eq!(
        (&*partner.by, partner.surely.len(), partner.perhaps.len()),
        (&["statement 3 (`Partner`)".to_owned()][..], 1, 0)
    );
}

#[test]
fn what_is_too_much_to_ask_is_told() {
    let many: Vec<String> = (0..1_000_u64).map(|number| format!("{:012}", number + 500)).collect();
    let openings =
        let_in(&policy([everyone(json!({ "StringEquals": { "kms:CallerAccount": many } }))]), None);
    assert_eq!((openings.found.len(), openings.not_asked), (128, 872));
}

#[test]
fn a_common_text_is_one_that_both_patterns_match() {
    for (left, right, expected) in [
        ("abc", "abc", Some("abc")),
        ("abc", "abd", None),
        ("a*c", "a?c", Some("axc")),
        ("*", "role/?*", Some("role/x")),
        ("a*", "*b", Some("ab")),
        ("*a", "?", Some("a")),
        ("", "*", Some("")),
        ("?", "", None),
        ("*ab*", "a*", Some("ab")),
    ] {
        assert_eq!(meet(left, right, 'x').as_deref(), expected, "{left} and {right}");
        assert_eq!(can_meet(left, right), expected.is_some(), "{left} and {right}");
    }
}

proptest! {
    #[test]
    fn a_common_text_matches_both(left in "[ab*?]{0,8}", right in "[ab*?]{0,8}", text in "[ab]{0,8}") {
        prop_assert_eq!(can_meet(&left, &right), meet(&left, &right, 'a').is_some());
        match meet(&left, &right, 'a') {
            Some(met) => prop_assert!(wildcard::matches(&left, &met) && wildcard::matches(&right, &met), "{met}"),
            None => prop_assert!(!(wildcard::matches(&left, &text) && wildcard::matches(&right, &text))),
        }
    }

    #[test]
    fn any_pattern_is_asked_about_without_a_panic(value in "[a:*?/0-9\\PC]{0,40}", text in any::<String>()) {
        for value in [value, text] {
            let document = policy([everyone(json!({ "StringLike": { "aws:PrincipalArn": value, "kms:CallerAccount": value } }))]);
            prop_assert_eq!(let_in(&document, Some(&document)).found, []);
        }
    }
}
