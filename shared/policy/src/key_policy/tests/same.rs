//! Which policies are one policy in two ways to write it.

use super::*;

fn same(one: &Value, two: &Value) -> bool {
    let policy = |it| KeyPolicy::from_value(it).unwrap();
    let answers = [(one, two), (two, one)].map(|(one, two)| policy(one).says_the_same_as(&policy(two)));
    assert_eq!(answers[0], answers[1], "{one} and {two}");
    answers[0]
}

fn with(field: &str, value: Value) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "kms:*", "Resource": "*" });
    statement[field] = value;
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

#[test]
fn how_a_policy_is_written_makes_it_no_other_one() {
    let condition = |value: Value| with("Condition", json!({ "Bool": { "aws:SecureTransport": value } }));
    for (one, two) in [
        (with("Action", json!("kms:*")), with("Action", json!(["kms:*"]))),
        (with("Action", json!(["kms:A", "kms:B"])), with("Action", json!(["kms:B", "kms:A", "kms:B"]))),
        (
            with("Principal", json!({ "AWS": ["111122223333", "444455556666"] })),
            with(
                "Principal",
                json!({ "AWS": ["arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:root"] }),
            ),
        ),
        (condition(json!(true)), condition(json!("true"))),
        (
            json!({ "Statement": [], "Version": "2012-10-17" }),
            json!({ "Version": "2012-10-17", "Statement": [] }),
        ),
        (
            json!({ "Statement": [{ "Sid": "a", "Effect": "Deny" }, { "Sid": "b" }] }),
            json!({ "Statement": [{ "Sid": "b" }, { "Effect": "Deny", "Sid": "a" }] }),
        ),
    ] {
        assert!(same(&one, &two), "{one} and {two}");
    }
}

#[test]
fn what_a_policy_says_makes_it_another_one() {
    let usual = with("Action", json!("kms:*"));
    for other in [
        with("Action", json!("kms:Decrypt")),
        with("Action", json!(["kms:*", "kms:Decrypt"])),
        with("Effect", json!("Deny")),
        with("Principal", json!({ "AWS": "444455556666" })),
        with("Principal", json!({ "AWS": "arn:aws:iam::111122223333:role/root" })),
        with("Principal", json!({ "AWS": "arn:aws:iam::111122223333:user/x:root" })),
        with("Principal", json!("111122223333")),
        with("Condition", json!({ "Bool": { "aws:SecureTransport": "true" } })),
        json!({ "Version": "2012-10-17", "Statement": [] }),
    ] {
        assert!(!same(&usual, &other), "{other}");
    }
}

#[test]
fn a_policy_of_many_levels_is_compared_in_no_time() {
    let deep = |innermost: &str| {
        let nested = (0..100).fold(json!(innermost), |inner, _| json!([{ "\"": inner }, 1]));
        json!({ "Statement": [{ "Condition": nested }] })
    };
    assert!(same(&deep("a"), &deep("a")));
    assert!(!same(&deep("a"), &deep("b")));
}
