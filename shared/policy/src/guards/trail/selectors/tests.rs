//! Selectors, basic and advanced, and what a reader of CloudTrail's documentation expects of them.

use super::*;
use serde_json::json;

fn answer(selectors: Value) -> Recorded {
    Selectors::read(&selectors).unwrap().records_management_events()
}

fn basic(selectors: Value) -> Recorded {
    answer(json!({ "eventSelectors": selectors }))
}

/// Advanced selectors, each a list of `(field, operator, values)`.
fn advanced(selectors: Value) -> Recorded {
    let selectors: Vec<Value> = selectors
        .as_array()
        .unwrap()
        .iter()
        .map(|fields| {
            let fields: Vec<Value> = fields
                .as_array()
                .unwrap()
                .iter()
                .map(|it| {
                    let mut field = json!({ "field": it[0] });
                    for pair in it.as_array().unwrap()[1..].chunks(2) {
                        field[pair[0].as_str().unwrap()] = pair[1].clone();
                    }
                    field
                })
                .collect();
            json!({ "name": "x", "fieldSelectors": fields })
        })
        .collect();
    answer(json!({ "advancedEventSelectors": selectors }))
}

fn all_lost(recorded: &Recorded) -> bool {
    matches!(recorded, Recorded::No { all: true, .. })
}

fn kms_lost(recorded: &Recorded) -> bool {
    matches!(recorded, Recorded::No { all: false, what } if what == "not recorded: calls of kms.amazonaws.com")
}

#[test]
fn basic_selectors() {
    assert_eq!(Selectors::by_default().records_management_events(), Recorded::Yes);
    for yes in [
        json!([{ "readWriteType": "All", "includeManagementEvents": true, "dataResources": [], "excludeManagementEventSources": [] }]),
        json!([{ "readWriteType": "WriteOnly" }]),
        json!([{}]),
        json!([{ "excludeManagementEventSources": ["rdsdata.amazonaws.com"] }]),
        json!([{ "includeManagementEvents": false }, { "readWriteType": "WriteOnly", "includeManagementEvents": true }]),
        json!([{ "ReadWriteType": "All", "IncludeManagementEvents": true, "ExcludeManagementEventSources": null }]),
        json!([{ "excludeManagementEventSources": ["kms.amazonaws.com"] }, { "readWriteType": "WriteOnly" }]),
    ] {
        assert_eq!(basic(yes.clone()), Recorded::Yes, "{yes}");
    }
    assert!(all_lost(&basic(
        json!([{ "includeManagementEvents": false, "dataResources": [{ "type": "AWS::S3::Object", "values": ["arn:aws:s3"] }] }])
    )));
    assert!(all_lost(&basic(json!([{ "readWriteType": "ReadOnly" }]))));
    assert!(kms_lost(&basic(
        json!([{ "excludeManagementEventSources": ["kms.amazonaws.com", "rdsdata.amazonaws.com"] }])
    )));
    assert!(kms_lost(&basic(
        json!([{ "excludeManagementEventSources": ["kms.amazonaws.com"] }, { "readWriteType": "ReadOnly" }])
    )));
    for unclear in [
        json!([{ "readWriteType": "Some" }]),
        json!([{ "readWriteType": 1 }]),
        json!([{ "includeManagementEvents": "yes" }]),
        json!([{ "excludeManagementEventSources": "kms.amazonaws.com" }]),
        json!([{ "includeManagementEvents": false }, "[Object]"]),
        json!([null]),
        json!([{ "readWriteType": "All", "enabled": false }]),
    ] {
        assert!(matches!(basic(unclear.clone()), Recorded::Unknown(_)), "{unclear}");
    }
}

#[test]
fn advanced_selectors() {
    const CATEGORY: &str = "eventCategory";
    for yes in [
        json!([[[CATEGORY, "equals", ["Management"]]]]),
        json!([[[CATEGORY, "equals", ["Management"]], ["readOnly", "equals", ["false"]]]]),
        json!([[
            [CATEGORY, "equals", ["Management"]],
            ["eventSource", "notEquals", ["rdsdata.amazonaws.com"]]
        ]]),
        json!([
            [[CATEGORY, "equals", ["Data"]], ["resources.type", "equals", ["AWS::S3::Object"]]],
            [[CATEGORY, "equals", ["Management"]]]
        ]),
        json!([
            [[CATEGORY, "equals", ["Management"]], ["eventName", "equals", ["Decrypt"]]],
            [[CATEGORY, "equals", ["Management"]]]
        ]),
        json!([[[CATEGORY, "equals", ["Management"]], ["eventSource", "endsWith", [".amazonaws.com"]]]]),
    ] {
        assert_eq!(advanced(yes.clone()), Recorded::Yes, "{yes}");
    }
    for none in [
        json!([[[CATEGORY, "equals", ["Data"]], ["resources.type", "equals", ["AWS::S3::Object"]]]]),
        json!([[[CATEGORY, "equals", ["Management"]], ["readOnly", "equals", ["true"]]]]),
        json!([[[CATEGORY, "notEquals", ["Management"]]]]),
        json!([[
            [CATEGORY, "equals", ["NetworkActivity"]],
            ["eventSource", "equals", ["kms.amazonaws.com"]]
        ]]),
        json!([[[CATEGORY, "equals", ["Management"]], ["eventSource", "notEndsWith", [".amazonaws.com"]]]]),
    ] {
        assert!(all_lost(&advanced(none.clone())), "{none}");
    }
    for kms in [
        json!([[[CATEGORY, "equals", ["Management"]], ["eventSource", "notEquals", ["kms.amazonaws.com"]]]]),
        json!([[[CATEGORY, "equals", ["Management"]], ["eventSource", "notStartsWith", ["kms."]]]]),
        json!([[
            [CATEGORY, "equals", ["Management"]],
            ["eventSource", "startsWith", [""], "notEquals", ["kms.amazonaws.com"]]
        ]]),
    ] {
        assert!(kms_lost(&advanced(kms.clone())), "{kms}");
    }
    let one_service =
        json!([[[CATEGORY, "equals", ["Management"]], ["eventSource", "equals", ["kms.amazonaws.com"]]]]);
    assert!(
        matches!(advanced(one_service), Recorded::No { all: false, what } if what.contains("iam.amazonaws.com") && !what.contains("kms"))
    );
    for unclear in [
        json!([[[CATEGORY, "equals", ["Management"]], ["eventName", "notEquals", ["Decrypt"]]]]),
        json!([[
            [CATEGORY, "equals", ["Management"]],
            ["userIdentity.arn", "notStartsWith", ["arn:aws:iam::111122223333:role/x"]]
        ]]),
        json!([[[CATEGORY, "equals", ["Management"]], ["newField", "equals", ["x"]]]]),
        json!([[["readOnly", "equals", ["false"]]]]),
        json!([[[CATEGORY, "equals", ["Management"]], ["eventSource"]]]),
        json!([[[CATEGORY, "equals", []]]]),
        json!([[[CATEGORY, "matches", ["Management"]]]]),
        json!([[[CATEGORY, "equals", "Management"]]]),
    ] {
        assert!(matches!(advanced(unclear.clone()), Recorded::Unknown(_)), "{unclear}");
    }
}

#[test]
fn advanced_selectors_win_over_basic_ones_and_none_is_none() {
    let both = json!({
        "eventSelectors": [{ "readWriteType": "All" }],
        "advancedEventSelectors": [{ "fieldSelectors": [{ "field": "eventCategory", "equals": ["Data"] }] }],
    });
    assert!(all_lost(&answer(both)));
    for none in [
        json!({}),
        json!(null),
        json!({ "eventSelectors": [] }),
        json!({ "eventSelectors": null }),
        json!("[Object]"),
    ] {
        assert_eq!(Selectors::read(&none), None, "{none}");
    }
}

#[test]
fn a_selector_with_a_field_that_is_new_is_not_understood() {
    let fields = json!([{ "field": "eventCategory", "equals": ["Management"] }]);
    let selectors =
        json!({ "advancedEventSelectors": [{ "fieldSelectors": fields, "excludeEventNames": ["Decrypt"] }] });
    assert!(matches!(answer(selectors), Recorded::Unknown(_)));
}

#[test]
fn written_again_for_the_command_line() {
    let option = |selectors: Value| Selectors::read(&selectors).unwrap().as_option();
    assert_eq!(Selectors::by_default().as_option(), Rewritten::Needless);
    let nulls = json!({ "advancedEventSelectors": [{ "name": null, "fieldSelectors": [{ "field": "eventCategory", "equals": ["Management"] }] }] });
    let expected = r#"--advanced-event-selectors '[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]'"#;
    assert_eq!(option(nulls), Rewritten::Option(expected.to_owned()));
    let values: Vec<String> = (0..60).map(|number| format!("arn:aws:s3:::bucket-number-{number}/")).collect();
    let long =
        json!({ "eventSelectors": [{ "dataResources": [{ "type": "AWS::S3::Object", "values": values }] }] });
    assert_eq!(option(long), Rewritten::Unfit, "a command cut in the middle would swallow the next one");
}

/// The option that adds management events, and what a trail has once it is put.
fn mended(selectors: &Value) -> (String, Selectors) {
    let option = Selectors::read(selectors).unwrap().with_management_events();
    let (name, list) = option.strip_prefix("--").unwrap().split_once(' ').unwrap();
    let list = list.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap().replace(r"'\''", "'");
    let name = if name == "event-selectors" { "EventSelectors" } else { "AdvancedEventSelectors" };
    let put = Selectors::read(&json!({ name: serde_json::from_str::<Value>(&list).unwrap() })).unwrap();
    (option, put)
}

#[test]
fn management_events_come_back_and_nothing_else_goes() {
    let s3 = json!({ "type": "AWS::S3::Object", "values": ["arn:aws:s3:::it's/"] });
    let field = |name: &str, operator: &str, value: &str| json!({ "field": name, operator: [value] });
    let data = json!({ "name": "Data", "fieldSelectors": [
        field("eventCategory", "equals", "Data"), field("resources.type", "equals", "AWS::Lambda::Function")
    ] });
    let without_kms = json!({ "name": null, "fieldSelectors": [
        field("eventCategory", "equals", "Management"), field("eventSource", "notEquals", "kms.amazonaws.com")
    ] });
    for (selectors, expected) in [
        (
            json!({ "eventSelectors": [
                { "readWriteType": "ReadOnly", "includeManagementEvents": true, "dataResources": [] },
                { "includeManagementEvents": true, "excludeManagementEventSources": ["kms.amazonaws.com"] },
            ] }),
            r#"--event-selectors '[{"ReadWriteType":"All","IncludeManagementEvents":true}]'"#,
        ),
        (
            json!({ "eventSelectors": [
                { "readWriteType": "WriteOnly", "includeManagementEvents": true, "dataResources": [s3],
                  "excludeManagementEventSources": ["kms.amazonaws.com"] },
                { "includeManagementEvents": false, "dataResources": [s3] },
            ] }),
            r#"--event-selectors '[{"ReadWriteType":"All","IncludeManagementEvents":true},{"ReadWriteType":"WriteOnly","IncludeManagementEvents":false,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::it'\''s/"]}]},{"ReadWriteType":"All","IncludeManagementEvents":false,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::it'\''s/"]}]}]'"#,
        ),
        (
            json!({ "advancedEventSelectors": [without_kms, data] }),
            r#"--advanced-event-selectors '[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]},{"Name":"Data","FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::Lambda::Function"]}]}]'"#,
        ),
    ] {
        assert!(matches!(answer(selectors.clone()), Recorded::No { .. }), "{selectors}");
        let (option, put) = mended(&selectors);
        assert_eq!(option, expected);
        assert_eq!(put.records_management_events(), Recorded::Yes, "{option}");
    }
}

#[test]
fn what_makes_no_command_is_left_to_fill_in() {
    let value = format!("arn:aws:s3:::{}/", "x".repeat(1_000));
    let long = json!({ "includeManagementEvents": false, "dataResources": [{ "type": "AWS::S3::Object", "values": [value] }] });
    let option = |selectors: Value| Selectors::read(&selectors).unwrap().with_management_events();
    let cut_it_would_be_another = option(json!({ "eventSelectors": [long] }));
    assert_eq!(cut_it_would_be_another, "--event-selectors SELECTORS");
    let hostile =
        json!({ "name": "\u{202e}", "fieldSelectors": [{ "field": "eventCategory", "equals": ["Data"] }] });
    let hostile = option(json!({ "advancedEventSelectors": [hostile] }));
    assert_eq!(hostile, "--advanced-event-selectors SELECTORS");
    let data = json!({ "includeManagementEvents": false, "dataResources": [{ "type": "AWS::S3::Object", "values": ["arn:aws:s3"] }] });
    for (count, fits) in [(4, true), (5, false)] {
        let held = option(json!({ "eventSelectors": vec![data.clone(); count] }));
        assert_eq!(held != "--event-selectors SELECTORS", fits, "{count}: a trail has five at most");
    }
    // What looks like a category in a text is none.
    let named = json!({ "name": "[\"Management\"]", "fieldSelectors": [{ "field": "eventCategory", "equals": ["Data"] }] });
    assert!(option(json!({ "advancedEventSelectors": [named] })).contains(r#""Equals":["Data"]"#));
}
