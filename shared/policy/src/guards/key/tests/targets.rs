//! Which key a record is about, in every way that records name one.

use super::*;

const MRK: &str = "mrk-1234abcd12ab34cd56ef1234567890ab";

fn target(record: &Value) -> Target {
    Target::of(&change_of(record))
}

fn here(id: &str) -> Target {
    Target::Key(KeyRef::Key(KeyArn::new(arn().place().clone(), id).unwrap()))
}

fn named(key: &str) -> Value {
    record("DisableKey", json!({ "keyId": key }))
}

#[test]
fn a_key_is_found_however_it_is_named() {
    assert_eq!(target(&named(ID)), here(ID));
    assert_eq!(target(&named(&arn().to_string())), here(ID));
    assert_eq!(target(&named(MRK)), here(MRK));
    let mut only_resources = record("DeleteKey", Value::Null);
    only_resources["resources"] = json!([{ "ARN": arn().to_string(), "accountId": "111122223333" }]);
    assert_eq!(target(&only_resources), here(ID));
    let mut only_response = record("ScheduleKeyDeletion", Value::Null);
    only_response["responseElements"] = json!({ "keyId": arn().to_string() });
    assert_eq!(target(&only_response), here(ID));
    let mut details = record("DeleteExpiredKeyMaterial", Value::Null);
    details["serviceEventDetails"] = json!({ "keyId": ID });
    assert_eq!(target(&details), here(ID));
}

#[test]
fn behind_an_alias_is_the_key_that_the_record_tells() {
    let alias = "arn:aws:kms:eu-central-1:111122223333:alias/app";
    for name in ["alias/app", alias] {
        let mut record = named(name);
        assert_eq!(target(&record), Target::Key(KeyRef::parse(alias, arn().place()).unwrap()), "{name}");
        for resources in [
            json!([{ "ARN": alias }, { "ARN": arn().to_string() }]),
            json!([{ "arn": arn().to_string() }, { "ARN": alias }]),
        ] {
            record["resources"] = resources;
            assert_eq!(target(&record), here(ID), "{name}");
        }
    }
}

#[test]
fn an_arn_of_another_region_is_the_calls_unless_it_may_be_both() {
    let elsewhere = |id: &str| named(&format!("arn:aws:kms:us-west-2:111122223333:key/{id}"));
    assert_eq!(target(&elsewhere(ID)), here(ID));
    assert!(matches!(target(&elsewhere(MRK)), Target::Unclear(_)));
}

#[test]
fn what_is_no_key_is_unclear() {
    for name in [
        "",
        "../x",
        "a b",
        "arn:aws:kms:eu-central-1:111122223333:key/",
        "arn:aws:s3:::bucket",
        "alias/",
        "key/abc",
        "arn:aws-cn:kms:eu-central-1:111122223333:key/abc",
    ] {
        assert!(matches!(target(&named(name)), Target::Unclear(_)), "{name}");
    }
    assert!(matches!(target(&record("DisableKey", Value::Null)), Target::Unclear(_)));
    assert!(matches!(
        target(&record("DeleteAlias", json!({ "aliasName": arn().to_string() }))),
        Target::Unclear(_)
    ));
}

#[test]
fn another_accounts_key_is_never_touched() {
    let foreign = KeyArn::parse(&format!("arn:aws:kms:eu-central-1:999999999999:key/{ID}")).unwrap();
    let change = change_of(&record("ScheduleKeyDeletion", json!({ "keyId": foreign.to_string() })));
    let mut facts = used("PendingDeletion");
    facts.key = Reading::Known(Description { arn: foreign, ..description("PendingDeletion") });
    let plan = plan(&change, &facts);
    assert_eq!((plan.verdict, plan.effects.len()), (Verdict::Unknown, 0));
    assert_eq!(ids(&plan), ["key.state-unknown"]);
}

#[test]
fn an_answer_about_another_key_is_no_answer() {
    let other = KeyArn::new(arn().place().clone(), "other").unwrap();
    let mut facts = used("PendingDeletion");
    facts.key = Reading::Known(Description { arn: other, ..description("PendingDeletion") });
    let plan = plan(&change("ScheduleKeyDeletion"), &facts);
    assert_eq!((plan.verdict, plan.effects.len()), (Verdict::Unknown, 0));
}
