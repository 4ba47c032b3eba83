//! What CloudTrail's event history tells: who did what to the key, the policy and the alias before.

use super::*;

fn ago(hours: i64) -> String {
    (Timestamp::now() - jiff::SignedDuration::from_hours(hours)).to_string()
}

fn of_key(id: &str, name: &str, hours: i64, key: &str) -> Value {
    past(id, name, &ago(hours), &json!({ "keyId": key }))
}

/// What is recorded of the key's past, in order.
fn acts(receipt: &Value) -> Vec<&str> {
    let calls = receipt["facts"]["history"]["calls"].as_array().unwrap().iter();
    calls.map(|call| call["event_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_history_holds_what_succeeded_on_this_key_in_order_of_time() {
    let mut failed = of_key("failed-1", "DisableKey", 3, KEY);
    failed["errorCode"] = json!("AccessDenied");
    let lookup = history(vec![
        of_key("e-1", "EnableKey", 5, ID),
        of_key("d-1", "DisableKey", 4, KEY),
        failed,
        of_key("other-1", "DisableKey", 2, OTHER),
        of_key("c-1", "CancelKeyDeletion", 8, KEY),
        of_key("s-1", "ScheduleKeyDeletion", 9, ID),
    ]);
    let account = Account { lookup, ..Account::of(&["PendingDeletion", "Disabled"]) };
    let (receipt, _) = account.handle(&scheduled()).await;
    assert_eq!(acts(&receipt), ["s-1", "c-1", "e-1", "d-1"], "{receipt}");
    assert_eq!(outcomes(&receipt), [("key-not-pending-deletion", "applied")], "it was disabled before");
    assert_eq!(account.lookup.num_calls(), 4, "one lookup a name");
}

#[tokio::test]
async fn a_history_that_cannot_be_read_leaves_the_key_disabled() {
    let unreadable = json!({ "eventName": "DisableKey", "eventSource": 7 });
    let mut keyless = of_key("keyless-1", "DisableKey", 1, KEY);
    keyless["requestParameters"] = Value::Null;
    for (lookup, told) in [
        (mock!(CloudTrail::lookup_events).then_http_response(denied), "AccessDenied"),
        (mock!(CloudTrail::lookup_events).then_output(|| LookupEventsOutput::builder().build()), "no list"),
        (history(vec![unreadable]), "can't be read"),
        (history(vec![keyless]), "can't be read"),
    ] {
        let account = Account { lookup, ..Account::of(&["PendingDeletion", "Disabled"]) };
        let (receipt, _) = account.handle(&scheduled()).await;
        assert_eq!(outcomes(&receipt), [("key-not-pending-deletion", "applied")], "{receipt}");
        assert!(receipt["facts"]["history"].to_string().contains(told), "{told}: {receipt}");
    }
}

#[tokio::test]
async fn a_key_that_an_exempt_caller_may_just_have_disabled_is_enabled_only_once_the_history_shows_the_call()
{
    const POLICY: &str = "mode = \"remediate\"\n[[exempt]]\nguard = \"key\"\nprincipal = \"arn:aws:iam::111122223333:role/break-glass\"\nreason = \"incident\"\n";
    let event = scheduled();
    for (name, lookup, expected) in [
        ("it lags behind", history(Vec::new()), vec![("key-not-pending-deletion", "applied")]),
        (
            "it has caught up",
            history(vec![event.clone()]),
            vec![("key-not-pending-deletion", "applied"), ("key-enabled", "applied")],
        ),
    ] {
        let states = ["PendingDeletion", "Disabled", "Enabled"];
        let account = Account { lookup, ..Account::of(&states[..=expected.len()]) };
        let (receipt, unfinished) = account.handle_by(POLICY, &event).await;
        assert_eq!(outcomes(&receipt), expected, "{name}: {receipt}");
        assert_eq!(account.enable.num_calls(), expected.len() - 1, "{name}");
        assert_eq!(account.published.num_calls(), 1, "{name}");
        assert!(unfinished.is_none(), "{name}: to try again so soon would show no more");
    }
}

#[tokio::test]
async fn a_history_too_long_to_read_is_never_taken_for_none() {
    let lookup = mock!(CloudTrail::lookup_events).then_output(|| {
        let other = of_key("other-1", "DisableKey", 2, OTHER);
        let noise = Event::builder().event_id("x").cloud_trail_event(other.to_string()).build();
        LookupEventsOutput::builder().events(noise).next_token("more").build()
    });
    let account = Account { lookup, ..Account::of(&["PendingDeletion", "Disabled"]) };
    let (receipt, _) = account.handle(&scheduled()).await;
    assert!(receipt["facts"]["history"].to_string().contains("more than 1000"), "{receipt}");
    assert_eq!(account.lookup.num_calls(), 20, "nothing more is asked of a history that can't be read whole");
}

/// Lets the account in, and with `services` CloudWatch Logs too.
pub fn policy(services: bool) -> String {
    let root = json!({ "Sid": "Account", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" });
    let logs = json!({ "Sid": "Logs", "Effect": "Allow", "Principal": { "Service": "logs.eu-central-1.amazonaws.com" },
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"], "Resource": "*" });
    let statements = if services { vec![root, logs] } else { vec![root] };
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

pub fn put(id: &str, time: &str, key: &str, policy: &str) -> Value {
    past(id, "PutKeyPolicy", time, &json!({ "keyId": key, "policyName": "default", "policy": policy }))
}

fn made(policy: &Value) -> Value {
    let mut created = past("created-1", "CreateKey", &ago(48), policy);
    created["responseElements"] = json!({ "keyMetadata": { "arn": KEY, "keyId": ID } });
    created
}

/// A change of a key policy that shuts out CloudWatch Logs, of which one log group uses the key.
async fn shut_out(past: Vec<Value>) -> Value {
    let groups = pages(vec![vec![group("/app/one", Some(KEY))], vec![group("/app/two", None)]]);
    let account = Account { groups, lookup: history(past), ..Account::of(&["Enabled"]) };
    let change = put("now-1", "2026-11-03T09:12:44Z", KEY, &policy(false));
    let (receipt, _) = account.handle(&change).await;
    assert_eq!(receipt["findings"][0]["id"], "key.service-access-lost", "{receipt}");
    assert_eq!(account.groups.num_calls(), 2, "each group may be shut out by itself");
    receipt
}

#[tokio::test]
async fn the_earlier_policy_is_the_latest_before_the_change() {
    let receipt = shut_out(vec![
        put("twin-1", "2026-11-03T09:12:44Z", KEY, &policy(false)),
        put("other-1", "2026-11-02T09:12:44Z", OTHER, &policy(false)),
        put("last-1", "2026-11-01T09:12:44Z", KEY, &policy(true)),
        put("old-1", "2026-10-01T09:12:44Z", KEY, &policy(false)),
    ])
    .await;
    let evidence = receipt["findings"][0]["evidence"].to_string();
    assert!(evidence.contains("taken out: {") && evidence.contains("logs.eu-central-1"), "{evidence}");
}

#[tokio::test]
async fn without_an_earlier_change_the_key_has_the_policy_that_it_was_made_with() {
    let mut created = made(&json!({ "policy": policy(true) }));
    created["eventTime"] = json!("2026-11-01T09:12:44Z");
    let evidence = shut_out(vec![created.clone()]).await["findings"][0]["evidence"].to_string();
    assert!(evidence.contains("taken out: {"), "{evidence}");
    created["requestParameters"] = json!({ "description": "KMS gives it the default policy" });
    let evidence = shut_out(vec![created.clone()]).await["findings"][0]["evidence"].to_string();
    assert!(evidence.contains("its statements are those of the earlier policy"), "{evidence}");
    created["requestParameters"] = Value::Null;
    let evidence = shut_out(vec![created]).await["findings"][0]["evidence"].to_string();
    assert!(evidence.contains("doesn't show the policy"), "{evidence}");
    let evidence = shut_out(Vec::new()).await["findings"][0]["evidence"].to_string();
    assert!(evidence.contains("no history tells"), "{evidence}");
}

pub const ALIAS: &str = "arn:aws:kms:eu-central-1:111122223333:alias/logs";
pub const POLICY: &str = "mode = \"remediate\"\n[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"\n";

/// The alias points to the key now, or nowhere.
fn resolves(is_there: bool) -> Rule {
    let rule = mock!(Kms::describe_key).match_requests(|request| request.key_id() == Some(ALIAS));
    if is_there {
        rule.then_output(|| described("Enabled"))
    } else {
        rule.then_http_response(|| error(400, "NotFoundException"))
    }
}

fn pointed(name: &str, time: &str, alias: &str, target: &str) -> Value {
    past(&format!("{name}-{time}"), name, time, &json!({ "aliasName": alias, "targetKeyId": target }))
}

#[tokio::test]
async fn where_a_moved_alias_pointed_is_what_the_history_tells_last() {
    let moved = pointed("UpdateAlias", "2026-11-03T09:12:44Z", "alias/logs", ID);
    for (records, verdict, severity) in [
        (vec![pointed("CreateAlias", "2026-10-01T00:00:00Z", "alias/logs", OTHER)], "violation", "high"),
        (vec![pointed("CreateAlias", "2026-10-01T00:00:00Z", "alias/logs", ID)], "compliant", ""),
        (
            vec![
                pointed("CreateAlias", "2026-10-01T00:00:00Z", "alias/logs", OTHER),
                pointed("UpdateAlias", "2026-10-02T00:00:00Z", "alias/logs", KEY),
                pointed("UpdateAlias", "2026-10-03T00:00:00Z", "alias/logs-2", OTHER),
            ],
            "compliant",
            "",
        ),
        (Vec::new(), "violation", "medium"),
    ] {
        let account =
            Account { describe: resolves(true), lookup: history(records), ..Account::of(&["Enabled"]) };
        let (receipt, _) = account.handle_by(POLICY, &moved).await;
        assert_eq!(receipt["verdict"], verdict, "{receipt}");
        assert_eq!(receipt["findings"][0]["severity"].as_str().unwrap_or_default(), severity, "{receipt}");
        assert_eq!((account.describe.num_calls(), account.lookup.num_calls()), (1, 2));
    }
}

#[tokio::test]
async fn the_record_of_its_deletion_names_the_key_behind_an_alias() {
    let mut deleted = event("DeleteAlias", &json!({ "aliasName": "alias/logs" }));
    deleted["resources"] = json!([{ "ARN": ALIAS }, { "ARN": OTHER }]);
    let account = Account { describe: resolves(false), ..Account::of(&["Enabled"]) };
    let (receipt, _) = account.handle_by(POLICY, &deleted).await;
    assert_eq!(receipt["facts"]["alias_before"], OTHER, "{receipt}");
    assert_eq!(account.calls(), [("DescribeKey", 1), ("Publish", 1)]);
    deleted["resources"] = Value::Null;
    let lookup = history(vec![pointed("CreateAlias", "2026-10-01T00:00:00Z", "alias/logs", ID)]);
    let account = Account { describe: resolves(false), lookup, ..Account::of(&["Enabled"]) };
    let (receipt, _) = account.handle_by(POLICY, &deleted).await;
    assert_eq!(receipt["facts"]["alias_before"], KEY, "{receipt}");
}

#[tokio::test]
async fn an_alias_that_policy_does_not_name_costs_no_call() {
    let account = Account::of(&["Enabled"]);
    let moved = pointed("UpdateAlias", "2026-11-03T09:12:44Z", "alias/else", ID);
    let (receipt, _) = account.handle_by(POLICY, &moved).await;
    assert_eq!((&receipt["verdict"], account.calls()), (&json!("ignored"), vec![]), "{receipt}");
}

/// CloudTrail's history is up to a quarter of an hour late; what the instance did itself isn't; what an event told it may be forged.
#[tokio::test]
async fn what_the_instance_did_and_not_what_it_was_told_completes_the_history() {
    let account = Account::of(&["Disabled", "Enabled", "PendingDeletion", "Disabled", "Enabled"]);
    let guard = account.guard("mode = \"remediate\"\n");
    let (first, _) = account.handle_in(&guard, &disabled()).await;
    assert_eq!(outcomes(&first), [("key-enabled", "applied")], "{first}");
    let (second, _) = account.handle_in(&guard, &scheduled()).await;
    let calls = second["facts"]["history"]["calls"].as_array().unwrap();
    let told: Vec<&str> = calls.iter().map(|it| it["act"].as_str().unwrap()).collect();
    assert_eq!(told, ["enabled"], "{second}");
}
