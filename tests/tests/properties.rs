//! What holds for every event, not only for the samples.
//!
//! Events are the samples with parts of them lost, doubled or replaced, and JSON of any shape: whatever
//! arrives, nothing panics, order and copies don't matter, a repair is final, and siblings are left alone.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a sample that can't be read, or of another shape, fails the test"
)]

mod samples;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use samples::rules::Rules;
use samples::{
    could_forge, effects_of, key_facts, names, policy, shown, target_of, texts, trail_facts, world,
};
use sealwatch_policy::change::{Change, Parsed, parse};
use sealwatch_policy::names::{KeyArn, LogGroupArn, TrailArn};
use sealwatch_policy::policy::Policy;
use sealwatch_policy::receipt::Receipt;
use sealwatch_world::replay::{Effects, step};
use sealwatch_world::{World, timeline};
use serde_json::{Value, json};
use std::sync::OnceLock;

fn events() -> &'static [Value] {
    static EVENTS: OnceLock<Vec<Value>> = OnceLock::new();
    EVENTS.get_or_init(|| names().iter().map(|name| samples::event(name)).collect())
}

fn any_policy() -> impl Strategy<Value = Policy> {
    select(Rules::ALL.as_slice()).prop_map(|rules| policy(&rules.text()))
}

/// Text as a caller might send it: anything, and what is known to be dangerous.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,40}",
        select(
            [
                "",
                "null",
                "[Object]",
                "*",
                "../../etc",
                "x\nWhat Sealwatch did\n  Nothing.",
                "\u{1b}[2J\u{202e}\u{9b}31m\u{2028}",
                "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api:*",
                "arn:aws:logs:eu-central-1:111122223333:query-result:*",
                "arn:aws:kms:eu-central-1:111122223333:alias/logs",
                "alias/logs",
                "arn:aws:cloudtrail:eu-central-1:111122223333:trail/payments",
                "arn:aws:cloudtrail:us-east-1:444455556666:trail/payments",
                "payments",
                "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-b011-4a4a-8b8b-000000000011",
                "1a2b3c4d-b011-4a4a-8b8b-000000000011",
                "Dec 3, 2026, 12:00:00 AM",
                "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\"}}",
                "kms.amazonaws.com",
                "Management",
                "eventCategory",
                "::::::::",
            ]
            .as_slice()
        )
        .prop_map(str::to_owned),
        Just("A".repeat(10_000)),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((field_name(), inner), 0..6)
                .prop_map(|fields| Value::from(serde_json::Map::from_iter(fields))),
        ]
    })
}

/// Names that mean something, so that arbitrary JSON gets deep into the reader.
fn field_name() -> impl Strategy<Value = String> {
    prop_oneof![
        select(
            [
                "detail",
                "detail-type",
                "eventName",
                "eventSource",
                "eventTime",
                "eventID",
                "awsRegion",
                "recipientAccountId",
                "userIdentity",
                "sessionContext",
                "requestParameters",
                "logGroupName",
                "resourceIdentifier",
                "kmsKeyId",
                "errorCode",
                "tags",
                "resources",
                "responseElements",
                "name",
                "trailName",
                "trailARN",
                "s3BucketName",
                "snsTopicName",
                "cloudWatchLogsLogGroupArn",
                "enableLogFileValidation",
                "logFileValidationEnabled",
                "isMultiRegionTrail",
                "tagsList",
                "eventDataStore",
                "eventSelectors",
                "readWriteType",
                "includeManagementEvents",
                "excludeManagementEventSources",
                "advancedEventSelectors",
                "fieldSelectors",
                "field",
                "equals",
                "notStartsWith",
                "keyId",
                "keyState",
                "deletionDate",
                "policy",
                "policyName",
                "bypassPolicyLockoutSafetyCheck",
                "aliasName",
                "targetKeyId",
                "serviceEventDetails",
                "key-id",
                "ARN",
                "grantId",
                "granteePrincipal",
            ]
            .as_slice()
        )
        .prop_map(str::to_owned),
        any::<String>(),
    ]
}

/// The pointers to all parts of a JSON value.
fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    let child = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                into.push(child(name));
                pointers(value, &child(name), into);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                into.push(child(&index.to_string()));
                pointers(value, &child(&index.to_string()), into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A sample with some of its parts replaced, or gone.
fn mutated_event() -> impl Strategy<Value = Value> {
    let change = (any::<Index>(), proptest::option::of(any_json()));
    (select(events()), vec(change, 0..5)).prop_map(|(mut event, changes)| {
        for (index, replacement) in changes {
            let mut all = Vec::new();
            pointers(&event, "", &mut all);
            if all.is_empty() {
                break;
            }
            let pointer = index.get(&all);
            match replacement {
                Some(value) => {
                    if let Some(part) = event.pointer_mut(pointer) {
                        *part = value;
                    }
                }
                None => {
                    let (parent, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
                    if let Some(Value::Object(fields)) = event.pointer_mut(parent) {
                        fields.remove(&name.replace("~1", "/").replace("~0", "~"));
                    }
                }
            }
        }
        event
    })
}

fn change_in(event: &Value) -> Option<Change> {
    match parse(event) {
        Ok(Parsed::Change(change)) => Some(*change),
        Ok(Parsed::NotAManagementCall(_)) | Err(_) => None,
    }
}

fn replay(changes: Vec<Change>, policy: &Policy, effects: Effects) -> (Vec<Receipt>, World) {
    let mut world = world();
    let (ordered, _) = timeline::order(changes);
    let receipts = ordered.iter().filter_map(|change| step(&mut world, policy, change, effects)).collect();
    (receipts, world)
}

/// Calls on a few groups that are each other's prefixes and children, by name and by ARN.
fn call_on_kin() -> impl Strategy<Value = (String, Value)> {
    const CALLS: [&str; 3] = ["CreateLogGroup", "AssociateKmsKey", "DisassociateKmsKey"];
    (select(CALLS.as_slice()), select(KIN.as_slice()), 0..3_u8, any::<bool>()).prop_map(
        |(call, name, how, keyed)| {
            let arn = format!("arn:aws:logs:eu-central-1:111122223333:log-group:{name}");
            let mut request = match (call, how) {
                ("CreateLogGroup", _) | (_, 0) => json!({ "logGroupName": name }),
                (_, 1) => json!({ "resourceIdentifier": arn }),
                _ => json!({ "resourceIdentifier": format!("{arn}:*") }),
            };
            if keyed && call != "DisassociateKmsKey" {
                request["kmsKeyId"] =
                    "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-3333-4a4a-8b8b-000000000003".into();
            }
            let record = json!({
                "eventID": format!("{call}-{name}-{how}-{keyed}"),
                "eventSource": "logs.amazonaws.com",
                "eventName": call,
                "eventTime": "2026-11-03T12:00:00Z",
                "awsRegion": "eu-central-1",
                "recipientAccountId": "111122223333",
                "requestParameters": request,
            });
            (name.to_owned(), record)
        },
    )
}

const KIN: [&str; 8] =
    ["/app", "/app/foo", "/app/foobar", "/app/foo/child", "/app/fo", "app/foo", "/app/foo.1", "/APP/foo"];

fn kin(name: &str) -> LogGroupArn {
    LogGroupArn::parse(&format!("arn:aws:logs:eu-central-1:111122223333:log-group:{name}"))
        .expect("a log group's name")
}

const TRAIL_CALLS: [&str; 9] = [
    "CreateTrail",
    "UpdateTrail",
    "DeleteTrail",
    "StopLogging",
    "StartLogging",
    "PutEventSelectors",
    "PutInsightSelectors",
    "AddTags",
    "RemoveTags",
];

/// Trails whose names are each other's beginnings, and one name in other accounts and Regions.
const TRAILS: [&str; 7] = [
    "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit",
    "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit-2",
    "arn:aws:cloudtrail:eu-central-1:111122223333:trail/aud",
    "arn:aws:cloudtrail:eu-central-1:111122223333:trail/Audit",
    "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit",
    "arn:aws:cloudtrail:eu-central-1:444455556666:trail/audit",
    "arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/audit",
];

fn trail(arn: &str) -> TrailArn {
    TrailArn::parse(arn).expect("a trail's ARN")
}

fn trail_call(name: &str, request: Value, response: Value) -> Value {
    json!({
        "eventID": "an-id", "eventSource": "cloudtrail.amazonaws.com", "eventName": name,
        "eventTime": "2026-11-03T12:00:00Z", "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333", "requestParameters": request, "responseElements": response,
    })
}

/// A call on one of the trails, by name where it is at home and else by ARN, with some of its parameters.
fn call_on_a_trail() -> impl Strategy<Value = (TrailArn, Value)> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (select(&TRAIL_CALLS[..7]), select(TRAILS.as_slice()), flags, 0..24_u8).prop_map(
        |(call, arn, (short, keyed, valid, wide, recorded), hour)| {
            let trail = trail(arn);
            let at_home = trail.place().account.as_str() == "111122223333"
                && trail.place().region.as_str() == "eu-central-1";
            let name = if at_home && (short || call == "CreateTrail") { trail.name() } else { arn };
            let field = if call.starts_with("Put") { "trailName" } else { "name" };
            let mut request = json!({ field: name });
            if matches!(call, "CreateTrail" | "UpdateTrail") {
                request["kmsKeyId"] = if keyed { KEY.into() } else { "".into() };
                request["enableLogFileValidation"] = valid.into();
                request["isMultiRegionTrail"] = wide.into();
            }
            if call == "PutEventSelectors" {
                request["eventSelectors"] = json!([{ "includeManagementEvents": recorded }]);
            }
            let mut record = trail_call(call, request, Value::Null);
            record["eventTime"] = format!("2026-11-03T{hour:02}:00:00Z").into();
            record["eventID"] =
                format!("{hour}-{call}-{arn}-{short}-{keyed}-{valid}-{wide}-{recorded}").into();
            (trail, record)
        },
    )
}

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-6666-4a4a-8b8b-000000000006";

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_json_never_panics(event in any_json(), policy in any_policy()) {
        if let Some(change) = change_in(&event) {
            step(&mut world(), &policy, &change, Effects::Taken);
        }
    }

    #[test]
    fn broken_samples_never_panic_and_never_forge(event in mutated_event(), policy in any_policy()) {
        if let Some(change) = change_in(&event)
            && let Some(receipt) = step(&mut world(), &policy, &change, Effects::Taken)
        {
            let mut line = serde_json::to_value(&receipt).unwrap();
            // A page has lines of its own; each for itself must be plain.
            let page = receipt.page.as_ref().map_or("", |page| page.text.as_str());
            line["page"]["text"] = Value::Null;
            for text in texts(&line).into_iter().chain(page.lines()) {
                prop_assert!(!could_forge(text), "{:?}\n{}", text, shown(&receipt));
            }
        }
    }

    /// What a caller writes freely never adds, removes or begins a line of a page.
    #[test]
    fn a_page_has_the_same_lines_whatever_the_caller_wrote(
        event in select(events()),
        free in vec(any_text(), 5),
    ) {
        let policy = policy(&Rules::Remediate.text());
        let mut written = event.clone();
        let detail = &mut written["detail"];
        let failed = detail.get("errorCode").is_some();
        detail["userIdentity"]["arn"] = json!(format!("arn:aws:sts::111122223333:assumed-role/A/{}", free[0]));
        detail["userAgent"] = json!(format!("a{}", free[1]));
        detail["sourceIPAddress"] = json!(format!("a{}", free[2]));
        if failed {
            detail["errorCode"] = json!(format!("a{}", free[3]));
            detail["errorMessage"] = json!(format!("a{}", free[4]));
        }
        let page_of = |event: &Value| {
            let change = change_in(event).expect("still a change");
            samples::play(&change, &policy, Effects::Shown).page
        };
        match (page_of(&event), page_of(&written)) {
            (Some(before), Some(after)) => {
                let first_words = |text: &str| -> Vec<String> {
                    text.lines().map(|line| line.trim_start().chars().take(9).collect()).collect()
                };
                prop_assert_eq!(first_words(&before.text), first_words(&after.text));
                prop_assert_eq!(before.title, after.title);
                prop_assert_eq!(before.attributes, after.attributes);
                prop_assert_eq!(before.subject, after.subject);
            }
            (None, None) => {}
            (before, after) => prop_assert!(false, "{:?} became {:?}", before, after),
        }
    }

    #[test]
    fn neither_order_nor_copies_matter(
        (chosen, order) in subsequence((0..events().len()).collect::<Vec<_>>(), 0..40)
            .prop_flat_map(|chosen| (Just(chosen.clone()), Just(chosen).prop_shuffle())),
        copies in vec(any::<Index>(), 0..10),
        policy in any_policy(),
        taken in any::<bool>(),
    ) {
        let effects = if taken { Effects::Taken } else { Effects::Shown };
        let changes = chosen.iter().filter_map(|index| change_in(&events()[*index])).collect();
        let (receipts, world) = replay(changes, &policy, effects);
        let mut shuffled: Vec<&Value> = order.iter().map(|index| &events()[*index]).collect();
        for copy in copies.iter().filter(|_| !order.is_empty()) {
            let event = &events()[*copy.get(&order)];
            shuffled.insert(copy.index(shuffled.len()), event);
        }
        let changes = shuffled.into_iter().filter_map(change_in).collect();
        let (receipts_again, world_again) = replay(changes, &policy, effects);
        prop_assert_eq!(receipts, receipts_again);
        prop_assert_eq!(world, world_again);
    }

    #[test]
    fn after_the_effects_there_are_no_effects(events in vec(mutated_event(), 1..6), policy in any_policy()) {
        let mut world = world();
        let (changes, _) = timeline::order(events.iter().filter_map(change_in).collect());
        for change in changes {
            let Some(receipt) = step(&mut world, &policy, &change, Effects::Taken) else { continue };
            if receipt.effects.iter().any(|effect| effect.outcome == "withheld") {
                continue;
            }
            prop_assert_eq!(effects_of(&world, &policy, &change), vec![], "{}", shown(&receipt));
        }
    }

    #[test]
    fn an_effect_is_on_what_the_call_names(event in mutated_event(), policy in any_policy()) {
        let Some(change) = change_in(&event) else { return Ok(()) };
        let before = world();
        let mut after = before.clone();
        let Some(receipt) = step(&mut after, &policy, &change, Effects::Taken) else { return Ok(()) };
        let target = target_of(&change);
        for effect in &receipt.effects {
            // An alias that a call names stands for the key behind it.
            let behind = receipt.facts["key"]["arn"].as_str();
            let named = target.as_deref().map(|target| if target.contains(":alias/") { behind.unwrap_or(target) } else { target });
            prop_assert_eq!(Some(effect.target.as_str()), named);
        }
        for (group, key) in before.log_groups() {
            if Some(group.to_string()) != target {
                prop_assert_eq!(after.log_group_key(&group), Some(key), "{}", group);
            }
        }
    }

    #[test]
    fn a_groups_kin_never_change((name, record) in call_on_kin(), policy in any_policy()) {
        let groups: Vec<Value> = KIN.iter().map(|name| json!({ "arn": kin(name).to_string() })).collect();
        let before = World::from_state(&json!({ "log_groups": groups }).to_string()).expect("a state");
        let mut after = before.clone();
        let change = change_in(&record).expect("a change");
        let receipt = step(&mut after, &policy, &change, Effects::Taken).expect("a guard's change");
        let target = kin(&name);
        prop_assert_eq!(receipt.target.clone(), Some(target.to_string()));
        for name in KIN {
            let group = kin(name);
            if group != target {
                prop_assert_eq!(after.log_group_key(&group), before.log_group_key(&group), "{}", group);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_parameters_of_trail_calls_never_panic(
        calls in vec((select(TRAIL_CALLS.as_slice()), any_json(), any_json()), 1..4),
        policy in any_policy(),
    ) {
        let mut world = world();
        for (name, mut request, response) in calls {
            // Half of them get as far as a trail.
            if let Value::Object(fields) = &mut request
                && fields.len() % 2 == 0
            {
                let field = if name.ends_with("Tags") { "resourceId" } else { "name" };
                fields.insert(field.to_owned(), TRAILS[0].into());
            }
            if let Some(change) = change_in(&trail_call(name, request, response)) {
                step(&mut world, &policy, &change, Effects::Taken);
            }
        }
    }

    #[test]
    fn calls_on_trails_end_alike_in_any_order_and_number(
        (calls, order) in vec(call_on_a_trail(), 1..12).prop_flat_map(|calls| {
            let order: Vec<usize> = (0..calls.len()).chain(0..calls.len() / 2).collect();
            (Just(calls), Just(order).prop_shuffle())
        }),
        policy in any_policy(),
        taken in any::<bool>(),
    ) {
        let effects = if taken { Effects::Taken } else { Effects::Shown };
        let changes: Vec<Change> = calls.iter().filter_map(|(_, record)| change_in(record)).collect();
        prop_assert_eq!(changes.len(), calls.len());
        let shuffled: Vec<Change> = order.iter().map(|index| changes[*index].clone()).collect();
        prop_assert_eq!(replay(changes, &policy, effects), replay(shuffled, &policy, effects));
    }

    #[test]
    fn a_repaired_trail_needs_no_repair(
        calls in vec(call_on_a_trail(), 1..12),
        rules in select([Rules::TrailKey, Rules::Buckets, Rules::OnlyLogging, Rules::FixedTrailKey].as_slice()),
    ) {
        let policy = policy(&rules.text());
        let mut world = world();
        let (changes, _) = timeline::order(calls.iter().filter_map(|(_, record)| change_in(record)).collect());
        for change in changes {
            let receipt = step(&mut world, &policy, &change, Effects::Taken).expect("a guard's change");
            prop_assert_eq!(effects_of(&world, &policy, &change), vec![], "{}", shown(&receipt));
        }
    }

    #[test]
    fn other_trails_never_change((target, record) in call_on_a_trail(), policy in any_policy()) {
        let trails: Vec<Value> = TRAILS
            .iter()
            .map(|arn| json!({ "arn": arn, "kms_key": null, "multi_region": false, "validation": false, "logging": false }))
            .collect();
        let before = World::from_state(&json!({ "trails": trails }).to_string()).expect("a state");
        let mut after = before.clone();
        let change = change_in(&record).expect("a change");
        let receipt = step(&mut after, &policy, &change, Effects::Taken).expect("a guard's change");
        prop_assert_eq!(receipt.target.clone(), Some(target.to_string()));
        let is_ours = *target.place() == change.place;
        for effect in &receipt.effects {
            prop_assert!(is_ours, "{}", shown(&receipt));
            prop_assert_eq!(&effect.target, &target.to_string());
        }
        for arn in TRAILS.map(trail) {
            if arn != target {
                // What lies around a trail is told with it, so each is looked at for itself.
                let alone = |world: &World| {
                    let facts = trail_facts(world, &arn);
                    (facts.trail, facts.status, facts.selectors, facts.tags)
                };
                prop_assert_eq!(alone(&after), alone(&before), "{}", arn);
            }
        }
    }
}

const KEY_CALLS: [&str; 19] = [
    "ScheduleKeyDeletion",
    "CancelKeyDeletion",
    "DisableKey",
    "EnableKey",
    "PutKeyPolicy",
    "DeleteImportedKeyMaterial",
    "DisableKeyRotation",
    "DeleteKey",
    "Decrypt",
    "CreateGrant",
    "RevokeGrant",
    "TagResource",
    "UntagResource",
    "ImportKeyMaterial",
    "EnableKeyRotation",
    "CreateKey",
    "CreateAlias",
    "UpdateAlias",
    "DeleteAlias",
];

/// How many of them change nothing but the key that they name.
const ON_ONE_KEY: usize = 16;

/// Keys whose ids are each other's beginnings, and one multi-Region id in two Regions.
const KEYS: [&str; 5] = [
    "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-f001-4a4a-8b8b-000000000101",
    "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-f001-4a4a-8b8b-00000000010",
    "arn:aws:kms:eu-central-1:111122223333:key/mrk-1a2b3c4df0014a4a8b8b000000000101",
    "arn:aws:kms:us-east-1:111122223333:key/mrk-1a2b3c4df0014a4a8b8b000000000101",
    "arn:aws:kms:eu-central-1:444455556666:key/1a2b3c4d-f001-4a4a-8b8b-000000000101",
];

fn key(arn: &str) -> KeyArn {
    KeyArn::parse(arn).expect("a key's ARN")
}

fn key_call(name: &str, key: &KeyArn, request: Value) -> Value {
    json!({
        "eventID": "an-id", "eventSource": "kms.amazonaws.com", "eventName": name,
        "eventTime": "2026-11-03T12:00:00Z", "awsRegion": key.place().region,
        "recipientAccountId": key.place().account, "requestParameters": request, "responseElements": null,
    })
}

/// One of the first `calls` calls, on one of the keys by its id or ARN, at some hour of the day.
fn call_on_a_key(calls: usize) -> impl Strategy<Value = (KeyArn, Value)> {
    (select(&KEY_CALLS[..calls]), select(KEYS.as_slice()), any::<bool>(), 0..3_u8, 0..24_u8).prop_map(
        |(call, arn, short, detail, hour)| {
            let key = key(arn);
            let name = if short { key.id() } else { arn };
            let mut request = json!({ "keyId": name });
            match call {
                "PutKeyPolicy" => {
                    let principal = ["*", "arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:root"]
                        [usize::from(detail)];
                    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": principal },
                        "Action": "kms:*", "Resource": "*" });
                    request["policy"] = json!({ "Statement": statement }).to_string().into();
                }
                "CreateGrant" | "RevokeGrant" => {
                    request["grantId"] = format!("grant-{detail}").into();
                    request["granteePrincipal"] = "dynamodb.eu-central-1.amazonaws.com".into();
                }
                "TagResource" => request["tags"] = json!([{ "tagKey": "tier", "tagValue": "prod" }]),
                "UntagResource" => request["tagKeys"] = json!(["tier"]),
                "CreateAlias" | "UpdateAlias" | "DeleteAlias" => {
                    let alias = ["alias/logs", "alias/prod-a", "alias/dev-a"][usize::from(detail)];
                    request = json!({ "aliasName": alias, "targetKeyId": name });
                    if call == "DeleteAlias" {
                        request = json!({ "aliasName": alias });
                    }
                }
                _ => {}
            }
            let mut record = key_call(call, &key, request);
            if call == "CreateKey" {
                record["responseElements"] = json!({ "keyMetadata": { "arn": arn, "keyState": "Enabled" } });
            }
            record["eventTime"] = format!("2026-11-03T{hour:02}:00:00Z").into();
            record["eventID"] = format!("{hour}-{call}-{arn}-{short}-{detail}").into();
            (key, record)
        },
    )
}

/// The keys, each used by a log group of its place, so that a rescue may follow.
fn world_of_keys() -> World {
    let keys: Vec<Value> = KEYS.iter().map(|arn| json!({ "arn": arn, "state": "Enabled" })).collect();
    let groups = KEYS.iter().enumerate().map(|(index, arn)| {
        let place = key(arn).place().clone();
        let group = format!("arn:aws:logs:{}:{}:log-group:/app/{index}", place.region, place.account);
        json!({ "arn": group, "kms_key": arn })
    });
    let groups: Vec<Value> = groups.collect();
    World::from_state(&json!({ "keys": keys, "log_groups": groups }).to_string()).expect("a state")
}

const KEY_RULES: [Rules; 4] =
    [Rules::Remediate, Rules::KeyProtection, Rules::KeyExemptions, Rules::UnusedKeysMatter];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_parameters_of_key_calls_never_panic(
        calls in vec((select(KEY_CALLS.as_slice()), any_json(), any_json(), any_json()), 1..4),
        policy in any_policy(),
    ) {
        let mut world = world_of_keys();
        for (name, mut request, response, resources) in calls {
            // Half of them get as far as a key.
            if let Value::Object(fields) = &mut request
                && fields.len() % 2 == 0
            {
                fields.insert("keyId".to_owned(), KEYS[0].into());
            }
            let mut record = key_call(name, &key(KEYS[0]), request);
            record["responseElements"] = response;
            record["resources"] = resources;
            if let Some(change) = change_in(&record) {
                step(&mut world, &policy, &change, Effects::Taken);
            }
        }
    }

    #[test]
    fn calls_on_keys_end_alike_in_any_order_and_number(
        (calls, order) in vec(call_on_a_key(KEY_CALLS.len()), 1..12).prop_flat_map(|calls| {
            let order: Vec<usize> = (0..calls.len()).chain(0..calls.len() / 2).collect();
            (Just(calls), Just(order).prop_shuffle())
        }),
        policy in any_policy(),
        taken in any::<bool>(),
    ) {
        let effects = if taken { Effects::Taken } else { Effects::Shown };
        let changes: Vec<Change> = calls.iter().filter_map(|(_, record)| change_in(record)).collect();
        prop_assert_eq!(changes.len(), calls.len());
        let shuffled: Vec<Change> = order.iter().map(|index| changes[*index].clone()).collect();
        prop_assert_eq!(replay(changes, &policy, effects), replay(shuffled, &policy, effects));
    }

    #[test]
    fn a_rescued_key_needs_no_rescue(
        calls in vec(call_on_a_key(KEY_CALLS.len()), 1..12),
        rules in select(KEY_RULES.as_slice()),
    ) {
        let policy = policy(&rules.text());
        let mut world = world_of_keys();
        let (changes, _) = timeline::order(calls.iter().filter_map(|(_, record)| change_in(record)).collect());
        for change in changes {
            if let Some(receipt) = step(&mut world, &policy, &change, Effects::Taken) {
                prop_assert_eq!(effects_of(&world, &policy, &change), vec![], "{}", shown(&receipt));
            }
        }
    }

    #[test]
    fn no_key_is_changed_but_the_one_that_is_named(
        (named, record) in call_on_a_key(ON_ONE_KEY),
        rules in select(KEY_RULES.as_slice()),
    ) {
        let before = world_of_keys();
        let mut after = before.clone();
        let change = change_in(&record).expect("a change");
        if let Some(receipt) = step(&mut after, &policy(&rules.text()), &change, Effects::Taken) {
            for effect in &receipt.effects {
                prop_assert_eq!(&effect.target, &named.to_string());
            }
        }
        for other in KEYS.map(key) {
            if other != named {
                prop_assert_eq!(key_facts(&after, &other), key_facts(&before, &other), "{}", other);
            }
        }
    }
}

/// The fixed point for the samples, one after the other: a repaired account stays as it is.
#[test]
fn a_replay_that_repairs_leaves_nothing_to_repair() {
    let policy = policy(&Rules::Remediate.text().replace("[trails]", "[trails]\nkey = \"alias/trails\""));
    let (receipts, world) = replay(samples::changes(), &policy, Effects::Taken);
    for ensure in [
        "log-group-key",
        "trail-logging",
        "trail-key",
        "trail-validation",
        "key-not-pending-deletion",
        "key-enabled",
    ] {
        let wanted = |receipt: &Receipt| receipt.effects.iter().any(|effect| effect.ensure == ensure);
        assert!(receipts.iter().any(wanted), "{ensure}");
    }
    for change in samples::changes() {
        assert_eq!(effects_of(&world, &policy, &change), [], "{}", change.event_id);
    }
}
