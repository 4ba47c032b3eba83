//! Properties over generated policies: no panic, no order, and a statement that truly is what's missing.

use super::super::openings;
use super::*;
use proptest::prelude::*;
use proptest::sample::select;

/// Any JSON, with the words of a policy thrown in.
fn any_json() -> impl Strategy<Value = Value> {
    let words = select(vec![
        "*",
        "Allow",
        "Deny",
        "kms:*",
        "kms:Decrypt",
        "${aws:username}",
        "true",
        "arn:aws:kms:*",
        GROUP,
        "::::::",
        "",
        "logs.us-east-1.amazonaws.com",
        "2012-10-17",
    ]);
    let keys = select(vec![
        "Version",
        "Statement",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "Condition",
        "AWS",
        "Service",
        "StringLike",
        "ArnLike",
        "Null",
        "Bool",
        "ForAnyValue:StringEqualsIfExists",
        "Sid",
        "x",
        "kms:EncryptionContext:aws:logs:arn",
        "aws:SourceArn",
        "kms:CallerAccount",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(keys.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

/// One value of a statement's element: mostly sound, at times odd.
fn element(sound: Vec<Value>) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        12 => select(sound).prop_map(Some),
        1 => Just(None),
        1 => any_json().prop_map(Some),
    ]
}

/// Statements from parts that reach CloudWatch Logs, nearly reach it, or aren't understood.
fn any_statement() -> impl Strategy<Value = Value> {
    let effect = element(vec![json!("Allow"), json!("Allow"), json!("Deny")]);
    let principal = element(vec![
        json!("*"),
        json!({ "AWS": "*" }),
        json!({ "AWS": "111122223333" }),
        json!({ "Service": "logs.us-east-1.amazonaws.com" }),
        json!({ "Service": "logs.us-west-2.amazonaws.com" }),
    ]);
    let action = element(vec![
        json!("kms:*"),
        json!("*"),
        json!("kms:Decrypt"),
        json!(["kms:Encrypt", "kms:GenerateDataKey*"]),
        json!(["kms:ReEncrypt*", "kms:Describe*"]),
        json!("kms:PutKeyPolicy"),
    ]);
    let resource =
        element(vec![json!("*"), json!(key().to_string()), json!("arn:aws:kms:us-east-1:1:key/x")]);
    let operator = select(vec![
        "StringEquals",
        "StringNotEquals",
        "ArnLike",
        "ArnNotLike",
        "StringLikeIfExists",
        "ForAnyValue:StringLike",
        "ForAllValues:StringNotLike",
        "Null",
        "Bool",
        "DateLessThan",
    ]);
    let name = select(vec![
        "kms:EncryptionContext:aws:logs:arn",
        "aws:SourceArn",
        "aws:SourceAccount",
        "aws:PrincipalOrgID",
        "kms:CallerAccount",
        "aws:SecureTransport",
    ]);
    let value = element(vec![
        json!(GROUP),
        json!("*"),
        json!("true"),
        json!("false"),
        json!("111122223333"),
        json!("arn:aws:logs:us-east-1:111122223333:*"),
        json!(["x", "y"]),
    ]);
    let sid = prop::option::of(select(vec!["AllowCloudWatchLogs", "AllowCloudWatchLogs2", "S"]));
    let condition = prop::option::of((operator, name, value));
    (effect, principal, action, resource, condition, sid).prop_map(
        |(effect, principal, action, resource, condition, sid)| {
            let elements = [
                ("Effect", effect),
                ("Principal", principal),
                ("Action", action),
                ("Resource", resource),
                ("Condition", condition.map(|(operator, name, value)| json!({ operator: { name: value } }))),
                ("Sid", sid.map(Value::from)),
            ];
            Value::Object(elements.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?))).collect())
        },
    )
}

fn any_policy() -> impl Strategy<Value = Value> {
    let version =
        prop_oneof![4 => Just(json!("2012-10-17")), 1 => Just(json!("2008-10-17")), 1 => any_json()];
    (prop::collection::vec(any_statement(), 0..6), version)
        .prop_map(|(statements, version)| json!({ "Version": version, "Statement": statements }))
}

fn statements(document: &Value) -> Vec<Value> {
    document["Statement"].as_array().unwrap().clone()
}

fn replaced(document: &Value, statements: Vec<Value>) -> Value {
    let mut changed = document.clone();
    changed["Statement"] = Value::from(statements);
    changed
}

fn added(document: &Value, statement: Value) -> Value {
    let mut all = statements(document);
    all.push(statement);
    replaced(document, all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn arbitrary_json_never_panics(document in any_json(), text in any::<String>()) {
        for document in [document.clone(), json!({ "Statement": document.clone() }), json!({ "Statement": [document] })] {
            if let Ok(policy) = KeyPolicy::from_value(&document) {
                prop_assert_eq!(policy.document(), &document);
                let access = kind(&logs_access(&policy, &key(), &group()));
                // By kind: serde_json may read a fraction's last digit otherwise than it wrote it.
                let reread = KeyPolicy::parse(&document.to_string()).unwrap();
                prop_assert_eq!(kind(&logs_access(&reread, &key(), &group())), access);
            }
        }
        let _ = KeyPolicy::parse(&text);
    }

    #[test]
    fn a_damaged_policy_never_panics(document in any_policy(), at in any::<prop::sample::Index>(), put in "\\PC{0,3}") {
        let mut text: Vec<char> = document.to_string().chars().collect();
        let at = at.index(text.len());
        text.splice(at..=at, put.chars());
        if let Ok(policy) = KeyPolicy::parse(&text.into_iter().collect::<String>()) {
            let _ = logs_access(&policy, &key(), &group());
        }
    }

    #[test]
    fn adding_the_missing_statement_allows(document in any_policy()) {
        if let ServiceAccess::Missing { actions, statements: mut missing } = answer(&document) {
            prop_assert!(!actions.is_empty());
            let statement = missing.pop().unwrap();
            prop_assert!(missing.is_empty());
            let sids: Vec<Value> = statements(&document).iter().map(|it| it["Sid"].clone()).collect();
            prop_assert!(!sids.contains(&statement["Sid"]));
            prop_assert_eq!(answer(&added(&document, statement)), ServiceAccess::Allowed);
        }
    }

    #[test]
    fn the_order_of_statements_doesnt_matter(document in any_policy()) {
        let reversed = statements(&document).into_iter().rev().collect();
        prop_assert_eq!(kind(&answer(&document)), kind(&answer(&replaced(&document, reversed))));
    }

    #[test]
    fn a_further_deny_never_allows(document in any_policy(), other in any_statement()) {
        let other = with(json!({}), json!({ "Effect": "Deny", "Principal": other["Principal"],
            "Action": other["Action"], "Resource": other["Resource"], "Condition": other["Condition"] }));
        let before = kind(&answer(&document));
        let after = kind(&answer(&added(&document, other)));
        prop_assert!(after != Allowed || before == Allowed, "{:?} became {:?}", before, after);
        prop_assert!(before != Denied || after == Denied, "{:?} became {:?}", before, after);
    }

    #[test]
    fn nobody_is_let_in_newly_by_the_same_policy_or_a_further_deny(document in any_policy(), other in any_statement()) {
        let read = |document: &Value| KeyPolicy::from_value(document).unwrap();
        let denied = added(&document, with(other, json!({ "Effect": "Deny" })));
        let reversed = replaced(&document, statements(&document).into_iter().rev().collect());
        for now in [&document, &denied, &reversed] {
            prop_assert_eq!(openings(&read(now), Some(&read(&document)), &key()).found, []);
        }
    }

    #[test]
    fn a_doubt_never_allows(document in any_policy()) {
        let doubtful = statements(&document).into_iter().map(|it| with(it, json!({ "Unless": 1 }))).collect();
        let access = answer(&replaced(&document, doubtful));
        prop_assert!(matches!(kind(&access), Missing | Unknown), "{:?}", access);
    }

    #[test]
    fn an_allowed_policy_stays_allowed_beside_an_odd_allow(document in any_policy(), odd in any_statement()) {
        if answer(&document) == ServiceAccess::Allowed {
            let odd = with(odd, json!({ "Effect": "Allow", "Unless": 1 }));
            prop_assert_eq!(answer(&added(&document, odd)), ServiceAccess::Allowed);
        }
    }
}

/// The properties above mean little unless every kind of answer is generated.
#[test]
fn generated_policies_get_every_kind_of_answer() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = [Allowed, Missing, Denied, Unknown].map(|expected| (expected, 0));
    for _ in 0..1_000 {
        let access = kind(&answer(&any_policy().new_tree(&mut runner).unwrap().current()));
        seen.iter_mut().filter(|(expected, _)| *expected == access).for_each(|(_, count)| *count += 1);
    }
    assert!(seen.iter().all(|(_, count)| *count >= 20), "{seen:?}");
}
