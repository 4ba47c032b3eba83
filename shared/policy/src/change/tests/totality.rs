//! Properties over any JSON: reading never panics, and no optional field breaks a record.

use super::*;
use proptest::prelude::*;

/// Any JSON of a small size, with CloudTrail's field names among its keys.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("AWS API Call via CloudTrail")),
        Just(json!("2026-11-20T08:15:00Z")),
        Just(json!("111122223333")),
        Just(json!("us-east-1")),
    ];
    let key = prop::sample::select(vec![
        "detail",
        "detail-type",
        "eventName",
        "eventSource",
        "eventTime",
        "awsRegion",
        "recipientAccountId",
        "userIdentity",
        "sessionContext",
        "sessionIssuer",
        "arn",
        "type",
        "resources",
        "eventID",
        "errorCode",
        "requestParameters",
        "eventCategory",
    ]);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..8).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn parsing_is_total(event in any_json()) {
        let _ = parse(&event);
    }

    #[test]
    fn one_field_of_any_shape_never_breaks_a_record(
        index in any::<prop::sample::Index>(),
        value in any_json(),
        wrapped in any::<bool>(),
    ) {
        let mut event = record();
        let names: Vec<String> = event.as_object().unwrap().keys().cloned().collect();
        let name = index.get(&names).clone();
        event[&name] = value;
        let required = ["eventSource", "eventName", "eventTime", "awsRegion", "recipientAccountId"];
        let parsed = parse(&if wrapped { envelope(event) } else { event });
        if !required.contains(&name.as_str()) {
            prop_assert!(parsed.is_ok(), "{name}: {parsed:?}");
        }
    }
}
