//! What a replay's world makes of several calls about a key: what it was used for, what was done to it before, and what
//! becomes of a rescued one.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a record that can't be read, or of another shape, fails the test"
)]

mod samples;

use samples::{change_of, effects_of, policy};
use sealwatch_policy::receipt::Receipt;
use sealwatch_world::replay::{Effects, step};
use sealwatch_world::{World, timeline};
use serde_json::{Value, json};

const ID: &str = "1a2b3c4d-f001-4a4a-8b8b-000000000101";
const OTHER: &str = "1a2b3c4d-f002-4a4a-8b8b-000000000102";
const RULES: &str = "mode = \"remediate\"\n";
const SEALWATCH: &str = "arn:aws:sts::111122223333:assumed-role/sealwatch-key-guard/sealwatch-key-guard";

const DYING: &str = "key.deletion-scheduled";
const DISABLED: &str = "key.disabled";
const CANCEL: &str = "key-not-pending-deletion";
const ENABLE: &str = "key-enabled";

fn arn(id: &str) -> String {
    format!("arn:aws:kms:eu-central-1:111122223333:key/{id}")
}

/// A call at a time of 2026, `MM-DDTHH:MM:SS`.
fn call(time: &str, name: &str, request: Value) -> Value {
    json!({
        "eventID": format!("{time}-{name}"), "eventTime": format!("2026-{time}Z"),
        "eventSource": "kms.amazonaws.com", "eventName": name, "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333", "requestParameters": request, "responseElements": null,
        "userIdentity": { "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Custodian/monday" },
    })
}

fn on_key(time: &str, name: &str) -> Value {
    call(time, name, json!({ "keyId": ID }))
}

fn schedule(time: &str) -> Value {
    let mut call = on_key(time, "ScheduleKeyDeletion");
    call["responseElements"] = json!({ "keyId": arn(ID), "keyState": "PendingDeletion",
        "deletionDate": "Dec 3, 2026, 12:00:00 AM" });
    call
}

fn by(mut call: Value, session: &str) -> Value {
    call["userIdentity"]["arn"] = session.into();
    call
}

/// A cryptographic call, with the keys in `resources[]`, as CloudTrail records it.
fn used(time: &str, name: &str, request: Value, keys: &[&str]) -> Value {
    let mut call = call(time, name, request);
    let resources = keys.iter().map(|id| json!({ "accountId": "111122223333", "ARN": arn(id) }));
    call["resources"] = resources.collect();
    call
}

/// KMS deletes the key at last.
fn end(time: &str) -> Value {
    json!({
        "eventID": format!("{time}-end"), "eventTime": format!("2026-{time}Z"), "eventType": "AwsServiceEvent",
        "eventSource": "kms.amazonaws.com", "eventName": "DeleteKey", "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333", "requestParameters": null, "responseElements": null,
        "userIdentity": { "accountId": "111122223333", "invokedBy": "AWS Internal" },
        "serviceEventDetails": { "keyId": ID }, "resources": [{ "ARN": arn(ID) }],
    })
}

/// A key that a log group uses, so that it matters, and whatever else is known of it.
fn state(told: &Value) -> Value {
    let mut key = json!({ "arn": arn(ID), "state": "Enabled", "origin": "AWS_KMS" });
    for (name, value) in told.as_object().into_iter().flatten() {
        key[name] = value.clone();
    }
    json!({
        "keys": [key],
        "log_groups": [{
            "arn": "arn:aws:logs:eu-central-1:111122223333:log-group:/app", "kms_key": arn(ID),
        }],
    })
}

fn replayed(state: &Value, records: &[Value], effects: Effects) -> (Vec<Receipt>, World) {
    let mut world = World::from_state(&state.to_string()).unwrap_or_else(|error| panic!("{error}"));
    let (changes, _) = timeline::order(records.iter().map(change_of).collect());
    let rules = policy(RULES);
    let receipts = changes.iter().filter_map(|change| step(&mut world, &rules, change, effects)).collect();
    (receipts, world)
}

/// The receipt of the last call.
fn last(state: &Value, records: &[Value]) -> Receipt {
    replayed(state, records, Effects::Shown)
        .0
        .pop()
        .unwrap_or_else(|| panic!("a guard handles the last call"))
}

fn ids(receipt: &Receipt) -> Vec<&str> {
    receipt.findings.iter().map(|finding| finding.id.as_str()).collect()
}

fn ensured(receipt: &Receipt) -> Vec<&str> {
    receipt.effects.iter().map(|effect| effect.ensure.as_str()).collect()
}

fn evidence(receipt: &Receipt) -> String {
    receipt.findings.iter().flat_map(|finding| finding.evidence.clone()).collect::<Vec<_>>().join("\n")
}

fn severity(receipt: &Receipt) -> &str {
    receipt.findings.first().map_or("none", |finding| finding.severity.as_str())
}

/// Some orders of a list, each a permutation.
fn orders<T: Clone>(of: &[T]) -> Vec<Vec<T>> {
    let backwards: Vec<T> = of.iter().rev().cloned().collect();
    let mut turned = of.to_vec();
    turned.rotate_left(of.len() / 2);
    vec![of.to_vec(), backwards, turned]
}

// What counts as use.

#[test]
fn a_recorded_use_makes_a_later_deletion_critical() {
    let alias = call("11-01T07:00:00", "CreateAlias", json!({ "aliasName": "alias/app", "targetKeyId": ID }));
    for (name, record) in [
        ("by id", used("11-01T08:00:00", "GenerateDataKey", json!({ "keyId": ID }), &[])),
        ("by ARN", used("11-01T08:00:00", "Encrypt", json!({ "keyId": arn(ID) }), &[ID])),
        ("by alias", used("11-01T08:00:00", "Sign", json!({ "keyId": "alias/app" }), &[])),
        (
            "by an alias' ARN",
            used(
                "11-01T08:00:00",
                "Encrypt",
                json!({ "keyId": "arn:aws:kms:eu-central-1:111122223333:alias/app" }),
                &[],
            ),
        ),
        ("named by the ciphertext", used("11-01T08:00:00", "Decrypt", json!({}), &[ID])),
        ("decrypted with", used("11-01T08:00:00", "ReEncrypt", json!({}), &[ID, OTHER])),
        ("encrypted with", used("11-01T08:00:00", "ReEncrypt", json!({}), &[OTHER, ID])),
    ] {
        let receipt = last(&json!({}), &[alias.clone(), record, schedule("11-03T09:00:00")]);
        assert_eq!((ids(&receipt), severity(&receipt)), (vec![DYING], "critical"), "{name}");
        assert!(evidence(&receipt).contains("2026-11-01T08:00:00Z"), "{name}: {}", evidence(&receipt));
        assert_eq!(ensured(&receipt), [CANCEL, ENABLE], "{name}: a key that is used is enabled");
    }
}

#[test]
fn what_is_no_use_of_the_key_shows_none() {
    let decrypt = |time: &str| used(time, "Decrypt", json!({}), &[ID]);
    let mut failed = decrypt("11-01T08:00:00");
    failed["errorCode"] = "DisabledException".into();
    let mut elsewhere = decrypt("11-01T08:00:00");
    elsewhere["awsRegion"] = "us-east-1".into();
    for (name, record) in [
        ("it failed", failed),
        ("it came later", decrypt("11-03T09:00:01")),
        ("of another key", used("11-01T08:00:00", "Decrypt", json!({}), &[OTHER])),
        ("of a key of the same id in another Region", elsewhere),
        ("a look", on_key("11-01T08:00:00", "DescribeKey")),
    ] {
        let (receipts, _) = replayed(&json!({}), &[record, schedule("11-03T09:00:00")], Effects::Shown);
        assert_eq!(receipts.len(), 1, "{name}");
        assert_eq!((receipts[0].verdict.as_str(), severity(&receipts[0])), ("unknown", "high"), "{name}");
        assert!(receipts[0].effects.is_empty(), "{name}");
    }
}

#[test]
fn a_use_that_is_too_long_ago_counts_no_more() {
    for (day, severity_then) in [("08-05T09:00:00", "critical"), ("08-05T08:59:59", "low")] {
        let records = [used(day, "Decrypt", json!({}), &[ID]), schedule("11-03T09:00:00")];
        assert_eq!(severity(&last(&json!({}), &records)), severity_then, "ninety days: {day}");
    }
}

/// The records began long after the key: that they show no use says nothing.
#[test]
fn a_key_that_is_older_than_the_records_was_not_shown_to_be_unused() {
    let old = json!({ "keys": [{ "arn": arn(ID), "state": "Enabled", "created": "2021-01-01T00:00:00Z" }] });
    let records = [used("11-01T08:00:00", "Decrypt", json!({}), &[OTHER]), schedule("11-03T09:00:00")];
    assert_eq!(severity(&last(&old, &records)), "high");

    let mut create = call("11-02T00:00:00", "CreateKey", json!({}));
    create["responseElements"] = json!({ "keyMetadata": { "arn": arn(ID), "keyState": "Enabled" } });
    let [other, scheduled] = records;
    assert_eq!(severity(&last(&json!({}), &[other, create, scheduled])), "low", "this one they know whole");
}

// What was done before.

#[test]
fn a_key_that_was_disabled_before_stays_disabled_in_any_order_of_the_files() {
    let records = [on_key("09-01T08:00:00", "DisableKey"), schedule("11-03T09:00:00"), end("12-03T00:10:00")];
    for told in [json!({}), json!({ "state": null })] {
        let (expected, world) = replayed(&state(&told), &records, Effects::Shown);
        let told_of: Vec<_> = expected.iter().map(|receipt| (ids(receipt), ensured(receipt))).collect();
        assert_eq!(
            told_of,
            [(vec![DISABLED], vec![ENABLE]), (vec![DYING], vec![CANCEL]), (vec!["key.deleted"], vec![])]
        );
        for order in orders(&records) {
            let twice: Vec<Value> = order.iter().chain(&records).cloned().collect();
            for records in [order, twice] {
                assert_eq!(
                    replayed(&state(&told), &records, Effects::Shown),
                    (expected.clone(), world.clone())
                );
            }
        }
    }
}

#[test]
fn disabled_and_then_scheduled_at_once_is_rescued_and_told_to_be_unusable() {
    let records = [on_key("11-03T08:59:58", "DisableKey"), schedule("11-03T09:00:00")];
    let receipt = last(&state(&json!({})), &records);
    assert_eq!(ids(&receipt), [DYING, DISABLED]);
    assert_eq!(ensured(&receipt), [CANCEL], "a key that was disabled before stays disabled");
    let page = receipt.page.as_ref().unwrap_or_else(|| panic!("it pages"));
    assert!(page.title.ends_with("(would be repaired in part)"), "{}", page.title);
    assert!(page.text.contains("aws kms enable-key"), "{}", page.text);

    let (receipts, _) = replayed(&state(&json!({})), &records, Effects::Taken);
    let [disabled, scheduled] = receipts.as_slice() else { panic!("{receipts:?}") };
    assert_eq!(ensured(disabled), [ENABLE], "where the first call is undone in time");
    assert_eq!(ensured(scheduled), [CANCEL, ENABLE], "it was enabled before the second");
}

#[test]
fn a_key_of_which_the_records_tell_too_little_stays_disabled() {
    let made =
        json!({ "state": null, "created": "2024-01-01T00:00:00Z", "last_use": "2026-11-01T00:00:00Z" });
    let receipt = last(&state(&made), &[schedule("11-03T09:00:00")]);
    assert_eq!(ids(&receipt), [DYING, "key.state-unknown"]);
    assert_eq!(ensured(&receipt), [CANCEL], "somebody may have disabled it before the records begin");

    let decrypt = used("11-02T00:00:00", "Decrypt", json!({}), &[ID]);
    let receipt = last(&state(&made), &[decrypt, schedule("11-03T09:00:00")]);
    assert_eq!(ensured(&receipt), [CANCEL, ENABLE], "the records show that it was used, and no call since");
}

#[test]
fn whoever_schedules_it_again_after_a_rescue_is_named() {
    let rescue = [
        schedule("11-03T09:00:00"),
        by(on_key("11-03T09:01:00", "CancelKeyDeletion"), SEALWATCH),
        by(on_key("11-03T09:01:01", "EnableKey"), SEALWATCH),
    ];
    let again = |session: &str| {
        let records: Vec<Value> =
            rescue.iter().cloned().chain([by(schedule("11-03T10:00:00"), session)]).collect();
        let (receipts, _) = replayed(&state(&json!({})), &records, Effects::Shown);
        let quiet = |receipt: &Receipt| receipt.findings.is_empty();
        assert!(quiet(&receipts[2]), "Sealwatch's own call comes back and finds nothing: {receipts:?}");
        (evidence(&receipts[3]), receipts[3].effects.len())
    };
    let (told, effects) = again("arn:aws:sts::111122223333:assumed-role/Custodian/tuesday");
    assert!(
        told.contains("the same caller scheduled its deletion at 2026-11-03T09:00:00Z already"),
        "{told}"
    );
    assert!(told.contains("role/sealwatch-key-guard cancelled that at 2026-11-03T09:01:00Z"), "{told}");
    assert_eq!(effects, 2, "and it is rescued again");
    let (told, _) = again("arn:aws:sts::111122223333:assumed-role/Somebody/monday");
    assert!(!told.contains("the same caller"), "{told}");
}

#[test]
fn a_deletion_that_a_person_cancelled_is_told_by_what_the_key_was_before() {
    let cancelled = |told: Value| {
        let records = [schedule("11-02T09:00:00"), on_key("11-03T09:00:00", "CancelKeyDeletion")];
        last(&state(&told), &records)
    };
    let enabled = cancelled(json!({}));
    assert_eq!((ids(&enabled), ensured(&enabled)), (vec![DISABLED], vec![ENABLE]), "it was enabled before");
    let disabled = cancelled(json!({ "state": "Disabled" }));
    assert_eq!((disabled.verdict.as_str(), ids(&disabled)), ("compliant", vec![]), "it is as it was");
    let unknown = cancelled(json!({ "state": null }));
    assert_eq!((ids(&unknown), ensured(&unknown)), (vec![DISABLED], vec![]), "a person decides");
}

// With repairs.

#[test]
fn a_rescued_key_outlives_its_recorded_end() {
    let records = [schedule("11-03T09:00:00"), end("12-03T00:10:00")];
    let verdicts = |effects| {
        let (receipts, _) = replayed(&state(&json!({})), &records, effects);
        receipts.iter().map(|receipt| (receipt.verdict.as_str(), receipt.findings.len())).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(Effects::Shown), [("violation", 1), ("violation", 1)]);
    assert_eq!(verdicts(Effects::Taken), [("violation", 1), ("compliant", 0)]);
}

#[test]
fn a_rescued_key_is_what_it_was_before_and_needs_no_second_rescue() {
    let rules = policy(RULES);
    for (told, before) in [
        (json!({}), "Enabled"),
        (json!({ "state": "Disabled" }), "Disabled"),
        (json!({ "state": null }), "Disabled"),
    ] {
        let scheduled = schedule("11-03T09:00:00");
        let (_, world) = replayed(&state(&told), std::slice::from_ref(&scheduled), Effects::Taken);
        assert_eq!(effects_of(&world, &rules, &change_of(&scheduled)), [], "a fixed point: {told}");
        let look = change_of(&on_key("11-03T09:05:00", "DisableKeyRotation"));
        let receipt =
            step(&mut world.clone(), &rules, &look, Effects::Shown).unwrap_or_else(|| panic!("a guard's"));
        assert_eq!(receipt.facts["key"]["state"], before, "{told}: {}", receipt.facts["key"]);
    }
}

#[test]
fn an_end_in_a_deletion_that_was_scheduled_after_the_rescue_is_an_end() {
    // Nothing shows use, so nothing is rescued.
    let made = json!({ "keys": [{ "arn": arn(ID), "state": "Enabled" }] });
    let records = [schedule("11-03T09:00:00"), end("12-03T00:10:00")];
    let (receipts, _) = replayed(&made, &records, Effects::Taken);
    assert_eq!(ids(&receipts[1]), ["key.deleted"]);

    let group = json!({ "logGroupName": "/late", "kmsKeyId": arn(ID) });
    let mut late = call("11-02T00:00:00", "CreateLogGroup", group);
    late["eventSource"] = "logs.amazonaws.com".into();
    let [scheduled, ended] = records;
    let (receipts, _) = replayed(&made, &[late, scheduled, ended], Effects::Taken);
    assert!(ids(&receipts[2]).is_empty(), "a group that a record tells of uses it: {receipts:?}");
}

/// Three times a day, and then a person must: whoever schedules it a fourth time isn't stopped by a machine.
#[test]
fn sealwatch_does_not_fight() {
    let hours = ["09", "12", "15", "18"];
    let mut records: Vec<Value> = hours.map(|hour| schedule(&format!("11-03T{hour}:00:00"))).to_vec();
    let (receipts, _) = replayed(&state(&json!({})), &records, Effects::Taken);
    let rescued: Vec<bool> = receipts.iter().map(|receipt| !receipt.effects.is_empty()).collect();
    assert_eq!(rescued, [true, true, true, false]);
    assert!(evidence(&receipts[3]).contains("3 times within a day already"), "{}", evidence(&receipts[3]));
    assert_eq!(severity(&receipts[3]), "critical");

    records[3] = schedule("11-04T09:00:01");
    let (receipts, _) = replayed(&state(&json!({})), &records, Effects::Taken);
    assert_eq!(ensured(&receipts[3]), [CANCEL, ENABLE], "the next day is another");
}

/// Where the records show Sealwatch at work, a replay with repairs meets its calls a second time.
#[test]
fn a_repair_that_was_made_and_is_replayed_counts_once() {
    let day = |hour: &str| {
        [
            schedule(&format!("11-03T{hour}:00:00")),
            by(on_key(&format!("11-03T{hour}:00:05"), "CancelKeyDeletion"), SEALWATCH),
            by(on_key(&format!("11-03T{hour}:00:06"), "EnableKey"), SEALWATCH),
        ]
    };
    let records: Vec<Value> = ["09", "12", "15"].into_iter().flat_map(day).collect();
    let (receipts, _) = replayed(&state(&json!({})), &records, Effects::Taken);
    let rescues = receipts.iter().filter(|receipt| ensured(receipt) == [CANCEL, ENABLE]).count();
    assert_eq!(rescues, 3, "{receipts:#?}");
}

// Material.

#[test]
fn material_that_is_imported_again_makes_the_key_whole() {
    let imported = state(&json!({ "origin": "EXTERNAL" }));
    let records = [
        on_key("11-03T09:00:00", "DeleteImportedKeyMaterial"),
        on_key("11-03T09:20:00", "ImportKeyMaterial"),
        on_key("11-03T09:30:00", "EnableKey"),
    ];
    let (receipts, _) = replayed(&imported, &records, Effects::Taken);
    let told: Vec<_> = receipts.iter().map(|receipt| (receipt.event_name.as_str(), ids(receipt))).collect();
    assert_eq!(
        told,
        [("DeleteImportedKeyMaterial", vec!["key.material-deleted"]), ("EnableKey", vec![])],
        "an import is no call that weakens"
    );
}

/// Source: KMS developer guide, "Delete imported key material": only material that is the key's own for good takes it along.
#[test]
fn material_that_waits_for_its_rotation_leaves_the_key_alone() {
    let import = |id: Value| {
        let mut call = call(
            "11-03T09:00:00",
            "ImportKeyMaterial",
            json!({ "keyId": ID, "importType": "NEW_KEY_MATERIAL" }),
        );
        call["responseElements"] = json!({ "keyId": arn(ID), "keyMaterialId": id });
        call
    };
    let delete = |id: Value| {
        call("11-03T11:00:00", "DeleteImportedKeyMaterial", json!({ "keyId": ID, "keyMaterialId": id }))
    };
    let rotate = || on_key("11-03T10:00:00", "RotateKeyOnDemand");
    let expired = || call("11-03T11:00:00", "DeleteExpiredKeyMaterial", json!({ "keyId": ID }));
    let (new, other) = (|| json!("aa11"), || json!("bb22"));
    let (gone, unknown) = (vec!["key.material-deleted"], vec!["key.state-unknown"]);
    let of = |state: Value| json!({ "origin": "EXTERNAL", "state": state });
    for (name, state_before, records, expected) in [
        ("the new one", of(json!("Enabled")), vec![import(new()), delete(new())], vec![]),
        (
            "the new one, which was rotated to",
            of(json!("Enabled")),
            vec![import(new()), rotate(), delete(new())],
            gone.clone(),
        ),
        ("the current one", of(json!("Enabled")), vec![import(new()), delete(other())], gone.clone()),
        (
            "the current one, not named",
            of(json!("Enabled")),
            vec![import(new()), delete(Value::Null)],
            gone.clone(),
        ),
        (
            "the new one twice",
            of(json!("Enabled")),
            vec![
                import(new()),
                delete(new()),
                call(
                    "11-03T12:00:00",
                    "DeleteImportedKeyMaterial",
                    json!({ "keyId": ID, "keyMaterialId": "aa11" }),
                ),
            ],
            gone.clone(),
        ),
        (
            "one of two, of which one isn't named",
            of(json!("Enabled")),
            vec![import(Value::Null), delete(other())],
            unknown.clone(),
        ),
        ("the first", of(json!("PendingImport")), vec![import(new()), delete(new())], gone.clone()),
        ("maybe the first", of(Value::Null), vec![import(new()), delete(new())], unknown.clone()),
        ("nothing is known of imports", of(json!("Enabled")), vec![delete(new())], gone.clone()),
        ("one expired, whichever", of(json!("Enabled")), vec![import(new()), expired()], unknown),
        ("the only one expired", of(json!("Enabled")), vec![expired()], gone),
    ] {
        let (receipts, _) = replayed(&state(&state_before), &records, Effects::Taken);
        let last = receipts.last().expect("the deletion is judged");
        assert_eq!(ids(last), expected, "{name}: {last:#?}");
    }
}

/// Source: KMS developer guide, "Import key material": new material is taken into use by a rotation only.
#[test]
fn material_that_is_imported_to_wait_switches_nothing_on() {
    let import =
        call("11-03T09:00:00", "ImportKeyMaterial", json!({ "keyId": ID, "importType": "NEW_KEY_MATERIAL" }));
    let disabled = state(&json!({ "origin": "EXTERNAL", "state": "Disabled" }));
    let (receipts, _) =
        replayed(&disabled, &[import, on_key("11-03T09:30:00", "CancelKeyDeletion")], Effects::Shown);
    assert_eq!(ids(&receipts[0]), [DISABLED]);
}

/// Source: KMS API reference, DeleteImportedKeyMaterial: a key that is scheduled for deletion stays so.
#[test]
fn material_of_a_dying_key_that_is_deleted_too_is_told() {
    let imported = state(&json!({ "origin": "EXTERNAL" }));
    let records = [schedule("11-03T09:00:00"), on_key("11-03T09:00:10", "DeleteImportedKeyMaterial")];
    let receipt = last(&imported, &records);
    assert_eq!((ids(&receipt), severity(&receipt)), (vec![DYING], "critical"));
    assert!(
        evidence(&receipt).contains("to cancel the deletion doesn't bring it back"),
        "{}",
        evidence(&receipt)
    );
}
