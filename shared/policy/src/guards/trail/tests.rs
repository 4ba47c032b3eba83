//! The trail guard's decisions in tables: settings, states and calls, and what a reader of the design expects.

use super::*;
use crate::change::{Parsed, parse};
use crate::facts::{KeyFacts, KeyManager, KeyPolicyFact, KeySpec, KeyState, KeyUsage, Unreadable};
use crate::key_policy::KeyPolicy;
use crate::names::KeyArn;
use crate::plan::{Plan, Remedy, Severity, Verdict};
use serde_json::{Value, json};

const TRAIL: &str = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit";
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
const POLICY: &str = "mode = \"remediate\"\n[trails]\nkey = \"alias/trails\"\n";
const NOW: &str = "2026-11-03T09:13:00Z";

fn record(name: &str, request: Value) -> Value {
    json!({
        "eventSource": "cloudtrail.amazonaws.com", "eventName": name, "eventTime": "2026-11-03T09:12:44Z",
        "eventID": "e-1", "awsRegion": "eu-central-1", "recipientAccountId": "111122223333",
        "requestParameters": request, "responseElements": null,
        "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/somebody" },
    })
}

fn change_of(record: &Value) -> Change {
    match parse(record).unwrap() {
        Parsed::Change(change) => *change,
        Parsed::NotAManagementCall(why) => panic!("{why}"),
    }
}

fn change(name: &str) -> Change {
    let field = if name.starts_with("Put") { "trailName" } else { "name" };
    change_of(&record(name, json!({ field: "audit" })))
}

fn trail() -> TrailArn {
    TrailArn::parse(TRAIL).unwrap()
}

fn region(name: &str) -> Region {
    Region::parse(name).unwrap()
}

/// Everything as policy requires.
fn good_settings() -> Settings {
    Settings {
        bucket: Named::Is("example-trail-logs".to_owned()),
        prefix: Named::Nothing,
        topic: Named::Nothing,
        log_group: Named::Nothing,
        log_role: Named::Nothing,
        key: Named::Is(KEY.to_owned()),
        multi_region: Some(true),
        validation: Some(true),
        organization: Some(false),
        global_events: Some(true),
    }
}

fn logging(logging: bool) -> Reading<Status> {
    Reading::Known(Status { logging: Some(logging), ..Status::default() })
}

fn good() -> Facts {
    Facts {
        trail: Reading::Known(TrailState { arn: trail(), settings: good_settings() }),
        status: logging(true),
        selectors: Reading::Known(Selectors::by_default()),
        // Nothing is known of an earlier trail of its name.
        earlier: Reading::Absent,
        ..Facts::none()
    }
}

fn with_settings(changed: impl Fn(&mut Settings)) -> Facts {
    let mut settings = good_settings();
    changed(&mut settings);
    Facts { trail: Reading::Known(TrailState { arn: trail(), settings }), ..good() }
}

/// A key that lets CloudTrail in, in this state.
fn key(state: &str) -> KeyReading {
    let policy = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "kms:*", "Resource": "*"
    }});
    key_with(state, &policy)
}

fn key_with(state: &str, policy: &Value) -> KeyReading {
    KeyReading::Known(Box::new(KeyFacts {
        arn: KeyArn::parse(KEY).unwrap(),
        state: KeyState::named(state),
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        manager: KeyManager::Customer,
        policy: KeyPolicyFact::Known(KeyPolicy::from_value(policy).unwrap()),
        assumed: BTreeSet::new(),
    }))
}

fn alias() -> KeyRef {
    KeyRef::Alias { place: trail().place().clone(), alias: "alias/trails".to_owned() }
}

/// No key, and the one that policy names as read.
fn unencrypted(reading: KeyReading) -> Facts {
    Facts {
        bucket_region: Reading::Known(region("eu-central-1")),
        keys: BTreeMap::from([(alias(), reading)]),
        ..with_settings(|settings| settings.key = Named::Nothing)
    }
}

fn policy(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|faults| panic!("{faults}"))
}

fn plan(change: &Change, facts: &Facts) -> Plan<Effect> {
    decide(&policy(POLICY), change, facts, NOW.parse().unwrap())
}

fn ids(plan: &Plan<Effect>) -> Vec<&'static str> {
    plan.findings.iter().map(|finding| finding.id).collect()
}

fn ensured(plan: &Plan<Effect>) -> Vec<&'static str> {
    plan.effects.iter().map(plan::Effect::ensure).collect()
}

fn unreadable() -> Unreadable {
    Unreadable { why: "cloudtrail:X: ThrottlingException: slow down".to_owned(), retryable: true }
}

fn other(name: &str, status: Reading<Status>) -> OtherTrail {
    let arn = TrailArn::new(trail().place().clone(), name).unwrap();
    OtherTrail { arn, status, selectors: Reading::Known(Selectors::by_default()) }
}

fn selectors(value: Value) -> Reading<Selectors> {
    Reading::Known(Selectors::read(&value).unwrap())
}

#[test]
fn each_setting_is_judged_by_the_trails_own_state() {
    type Case = (&'static str, Facts, Verdict, Vec<&'static str>, Vec<&'static str>);
    let others = |trails: Vec<OtherTrail>| Reading::Known(trails);
    let logs = || others(vec![other("other", logging(true))]);
    let excluded = || {
        selectors(json!({ "eventSelectors": [{ "excludeManagementEventSources": ["kms.amazonaws.com"] }] }))
    };
    let odd = || {
        selectors(
            json!({ "advancedEventSelectors": [{ "fieldSelectors": [{ "field": "eventCategory", "equals": ["Management"] }, { "field": "eventName", "notEquals": ["X"] }] }] }),
        )
    };
    let cases: Vec<Case> = vec![
        ("all as required", good(), Verdict::Compliant, vec![], vec![]),
        (
            "no key",
            unencrypted(key("Enabled")),
            Verdict::Violation,
            vec!["trail.unencrypted"],
            vec!["trail-key"],
        ),
        (
            "no key, and the wanted one disabled",
            unencrypted(key("Disabled")),
            Verdict::Violation,
            vec!["trail.key-unusable", "trail.unencrypted"],
            vec![],
        ),
        (
            "no key, and the wanted one missing",
            unencrypted(KeyReading::Absent),
            Verdict::Violation,
            vec!["trail.key-unusable", "trail.unencrypted"],
            vec![],
        ),
        (
            "no key, and the wanted one unreadable",
            unencrypted(KeyReading::Unreadable(unreadable())),
            Verdict::Violation,
            vec!["trail.key-unusable", "trail.unencrypted"],
            vec![],
        ),
        (
            "no key, and nobody knows where the bucket is",
            Facts { bucket_region: Reading::Unreadable(unreadable()), ..unencrypted(key("Enabled")) },
            Verdict::Violation,
            vec!["trail.key-unusable", "trail.unencrypted"],
            vec![],
        ),
        (
            "no key, and no bucket",
            Facts { bucket_region: Reading::Absent, ..unencrypted(key("Enabled")) },
            Verdict::Violation,
            vec!["trail.key-unusable", "trail.unencrypted"],
            vec![],
        ),
        (
            "no key, and a bucket elsewhere with no key there",
            Facts { bucket_region: Reading::Known(region("us-east-1")), ..unencrypted(key("Enabled")) },
            Verdict::Violation,
            vec!["trail.key-unusable", "trail.unencrypted"],
            vec![],
        ),
        (
            "not logging, another one is",
            Facts { status: logging(false), others: logs(), ..good() },
            Verdict::Violation,
            vec!["trail.logging-stopped"],
            vec!["trail-logging"],
        ),
        (
            "not logging, the only one",
            Facts { status: logging(false), others: others(vec![]), ..good() },
            Verdict::Violation,
            vec!["trail.last-trail-gone", "trail.logging-stopped"],
            vec!["trail-logging"],
        ),
        (
            "not logging, the others neither",
            Facts { status: logging(false), others: others(vec![other("other", logging(false))]), ..good() },
            Verdict::Violation,
            vec!["trail.last-trail-gone", "trail.logging-stopped"],
            vec!["trail-logging"],
        ),
        (
            "not logging, another one can't be read",
            Facts {
                status: logging(false),
                others: others(vec![other("other", Reading::Unreadable(unreadable()))]),
                ..good()
            },
            Verdict::Violation,
            vec!["trail.logging-stopped", "trail.state-unknown"],
            vec!["trail-logging"],
        ),
        (
            "not logging, the list can't be read",
            Facts { status: logging(false), others: Reading::Unreadable(unreadable()), ..good() },
            Verdict::Violation,
            vec!["trail.logging-stopped", "trail.state-unknown"],
            vec!["trail-logging"],
        ),
        (
            "not validated",
            with_settings(|it| it.validation = Some(false)),
            Verdict::Violation,
            vec!["trail.validation-off"],
            vec!["trail-validation"],
        ),
        (
            "one Region",
            with_settings(|it| it.multi_region = Some(false)),
            Verdict::Violation,
            vec!["trail.single-region"],
            vec![],
        ),
        (
            "KMS left out",
            Facts { selectors: excluded(), ..good() },
            Verdict::Violation,
            vec!["trail.management-events-excluded"],
            vec![],
        ),
        (
            "nothing recorded, another one does",
            Facts {
                selectors: selectors(json!({ "eventSelectors": [{ "includeManagementEvents": false }] })),
                others: logs(),
                ..good()
            },
            Verdict::Violation,
            vec!["trail.management-events-excluded"],
            vec![],
        ),
        (
            "nothing recorded, and no other",
            Facts {
                selectors: selectors(json!({ "eventSelectors": [{ "includeManagementEvents": false }] })),
                others: others(vec![]),
                ..good()
            },
            Verdict::Violation,
            vec!["trail.last-trail-gone", "trail.management-events-excluded"],
            vec![],
        ),
        (
            "selectors that aren't understood",
            Facts { selectors: odd(), others: logs(), ..good() },
            Verdict::Unknown,
            vec!["trail.state-unknown"],
            vec![],
        ),
        (
            "selectors that can't be read",
            Facts { selectors: Reading::Unreadable(unreadable()), others: logs(), ..good() },
            Verdict::Unknown,
            vec!["trail.state-unknown"],
            vec![],
        ),
        (
            "a status that can't be read",
            Facts { status: Reading::Unreadable(unreadable()), others: logs(), ..good() },
            Verdict::Unknown,
            vec!["trail.state-unknown"],
            vec![],
        ),
        (
            "a status that doesn't say",
            Facts { status: Reading::Known(Status::default()), others: logs(), ..good() },
            Verdict::Unknown,
            vec!["trail.state-unknown"],
            vec![],
        ),
        (
            "a validation that isn't told",
            with_settings(|it| it.validation = None),
            Verdict::Unknown,
            vec!["trail.state-unknown"],
            vec![],
        ),
        (
            "delivery fails",
            Facts {
                status: Reading::Known(Status {
                    logging: Some(true),
                    started: Some(true),
                    delivery_error: Some("AccessDenied".to_owned()),
                    digest_error: None,
                }),
                ..good()
            },
            Verdict::Violation,
            vec!["trail.delivery-failing"],
            vec![],
        ),
        (
            "all of it",
            Facts {
                status: logging(false),
                others: others(vec![]),
                selectors: excluded(),
                ..{
                    let mut facts = unencrypted(key("Enabled"));
                    if let Reading::Known(state) = &mut facts.trail {
                        (state.settings.validation, state.settings.multi_region) = (Some(false), Some(false));
                    }
                    facts
                }
            },
            Verdict::Violation,
            vec![
                "trail.last-trail-gone",
                "trail.logging-stopped",
                "trail.management-events-excluded",
                "trail.unencrypted",
                "trail.validation-off",
                "trail.single-region",
            ],
            vec!["trail-logging", "trail-key", "trail-validation"],
        ),
        (
            "gone, and another one records",
            Facts { trail: Reading::Absent, others: logs(), ..Facts::none() },
            Verdict::Ignored,
            vec![],
            vec![],
        ),
        (
            "stopped and deleted before anybody looked, the only one",
            Facts { trail: Reading::Absent, others: others(vec![]), ..Facts::none() },
            Verdict::Violation,
            vec!["trail.last-trail-gone", "trail.deleted"],
            vec![],
        ),
        (
            "gone, and the others can't be read",
            Facts { trail: Reading::Absent, others: Reading::Unreadable(unreadable()), ..Facts::none() },
            Verdict::Violation,
            vec!["trail.deleted", "trail.state-unknown"],
            vec![],
        ),
        (
            "not logging, and another that records little",
            Facts {
                status: logging(false),
                others: others(vec![OtherTrail {
                    selectors: selectors(json!({ "advancedEventSelectors": [{ "fieldSelectors": [
                        { "field": "eventCategory", "equals": ["Management"] },
                        { "field": "eventSource", "equals": ["iam.amazonaws.com"] },
                    ] }] })),
                    ..other("other", logging(true))
                }]),
                ..good()
            },
            Verdict::Violation,
            vec!["trail.last-trail-gone", "trail.logging-stopped"],
            vec!["trail-logging"],
        ),
        (
            "unreadable",
            Facts { trail: Reading::Unreadable(unreadable()), ..Facts::none() },
            Verdict::Unknown,
            vec!["trail.state-unknown"],
            vec![],
        ),
        ("not looked at", Facts::none(), Verdict::Unknown, vec!["trail.state-unknown"], vec![]),
    ];
    for (name, facts, verdict, findings, effects) in cases {
        for call in ["UpdateTrail", "StopLogging", "StartLogging", "PutEventSelectors", "PutInsightSelectors"]
        {
            let plan = plan(&change(call), &facts);
            assert_eq!(
                (plan.verdict, ids(&plan), ensured(&plan)),
                (verdict, findings.clone(), effects.clone()),
                "{name}, {call}"
            );
            assert!(!plan.reasons.is_empty(), "{name} says why");
        }
    }
}

/// The console creates a trail and starts it by another call: nothing is lost, and nobody is left blind by it.
#[test]
fn a_trail_that_was_just_created_is_started_without_an_alarm() {
    let status = Status { logging: Some(false), started: Some(false), ..Status::default() };
    let facts = Facts { status: Reading::Known(status), ..good() };
    assert!(!others_matter(&change("UpdateTrail"), &facts.trail, &facts.status, &facts.selectors));
    for call in ["CreateTrail", "PutEventSelectors"] {
        let plan = plan(&change(call), &facts);
        assert_eq!((ids(&plan), ensured(&plan)), (vec!["trail.logging-stopped"], vec!["trail-logging"]));
        assert_eq!(plan.severity(), Some(Severity::Medium), "{call}");
    }
}

#[test]
fn a_trail_whose_stop_succeeded_was_started_whatever_its_status_tells() {
    let status = Status { logging: Some(false), started: Some(false), ..Status::default() };
    let facts = Facts { status: Reading::Known(status), others: Reading::Known(Vec::new()), ..good() };
    assert!(others_matter(&change("StopLogging"), &facts.trail, &facts.status, &facts.selectors));
    assert_eq!(
        ids(&plan(&change("StopLogging"), &facts)),
        ["trail.last-trail-gone", "trail.logging-stopped"]
    );
}

#[test]
fn what_a_call_asked_for_changes_nothing_about_the_plan() {
    let facts = unencrypted(key("Enabled"));
    let expected = plan(&change("UpdateTrail"), &facts);
    for request in [
        json!({ "name": "audit", "kmsKeyId": "" }),
        json!({ "name": TRAIL, "kmsKeyId": "" }),
        json!({ "name": TRAIL }),
        json!({ "name": "audit", "kmsKeyId": KEY }),
        json!({ "name": "audit", "isMultiRegionTrail": true, "enableLogFileValidation": false }),
    ] {
        assert_eq!(plan(&change_of(&record("UpdateTrail", request.clone())), &facts), expected, "{request}");
    }
}

#[test]
fn policy_may_require_less() {
    let less = policy("mode = \"remediate\"\n[trails]\nrequire = []\n");
    let facts = Facts {
        selectors: selectors(
            json!({ "eventSelectors": [{ "excludeManagementEventSources": ["kms.amazonaws.com"] }] }),
        ),
        ..with_settings(|it| {
            it.key = Named::Nothing;
            (it.validation, it.multi_region) = (Some(false), Some(false));
        })
    };
    let relaxed = decide(&less, &change("UpdateTrail"), &facts, NOW.parse().unwrap());
    assert_eq!((relaxed.verdict, ids(&relaxed)), (Verdict::Compliant, vec![]));
    let stopped = Facts { status: logging(false), others: Reading::Known(Vec::new()), ..facts };
    let blind = decide(&less, &change("StopLogging"), &stopped, NOW.parse().unwrap());
    assert_eq!(ids(&blind), ["trail.last-trail-gone"], "blindness is never allowed");
    assert!(blind.effects.is_empty());
}

#[test]
fn without_a_key_in_the_policy_an_unencrypted_trail_is_reported_and_not_repaired() {
    let no_key = policy("mode = \"remediate\"\n");
    let plan = decide(&no_key, &change("CreateTrail"), &unencrypted(key("Enabled")), NOW.parse().unwrap());
    assert_eq!((ids(&plan), ensured(&plan)), (vec!["trail.unencrypted"], vec![]));
    assert!(plan.findings[0].remedies.iter().any(|it| it.to_string().contains("[trails]")));
}

#[test]
fn the_key_is_asked_for_in_the_region_of_the_bucket() {
    let asked = keys_to_read(&policy(POLICY), &trail(), &region("us-east-1"));
    let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
    assert_eq!(asked, ["arn:aws:kms:us-east-1:111122223333:alias/trails"]);
    let fixed =
        policy(&format!("[trails]\nkey = \"{KEY}\"\n").replace("[trails]", "mode = \"remediate\"\n[trails]"));
    assert!(keys_to_read(&fixed, &trail(), &region("us-east-1")).is_empty(), "no call could make it fit");
    let facts =
        Facts { bucket_region: Reading::Known(region("us-east-1")), ..unencrypted(KeyReading::Absent) };
    let plan = decide(&fixed, &change("UpdateTrail"), &facts, NOW.parse().unwrap());
    assert_eq!(ids(&plan), ["trail.key-unusable", "trail.unencrypted"]);
    assert!(
        plan.findings[0].evidence[0].contains("the trail's bucket in us-east-1"),
        "{:?}",
        plan.findings[0]
    );
}

#[test]
fn a_key_that_shuts_cloudtrail_out_is_never_used_and_the_statements_are_printed() {
    let closed = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*"
    }});
    let plan = plan(&change("CreateTrail"), &unencrypted(key_with("Enabled", &closed)));
    assert_eq!((ids(&plan), ensured(&plan)), (vec!["trail.key-unusable", "trail.unencrypted"], vec![]));
    let statements = plan.findings[0].remedies.iter().filter(|it| matches!(it, Remedy::Statement(_)));
    assert_eq!(statements.count(), 2);
}

#[test]
fn a_trail_of_another_account_or_region_is_never_acted_on() {
    for arn in [
        "arn:aws:cloudtrail:eu-central-1:444455556666:trail/audit",
        "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit",
    ] {
        let change = change_of(&record("UpdateTrail", json!({ "name": arn })));
        let mut facts = Facts {
            status: logging(false),
            others: Reading::Known(Vec::new()),
            ..unencrypted(key("Enabled"))
        };
        if let Reading::Known(state) = &mut facts.trail {
            state.arn = TrailArn::parse(arn).unwrap();
            state.settings.validation = Some(false);
        }
        let plan = plan(&change, &facts);
        assert_eq!(ensured(&plan), Vec::<&str>::new(), "{arn}");
        assert_eq!(plan.severity(), Some(Severity::Critical));
        let place = trail_place(arn);
        let first = plan.findings[0].remedies[0].to_string();
        assert!(first.contains(place.account.as_str()) && first.contains(place.region.as_str()), "{first}");
        assert!(plan.findings.iter().all(|finding| finding.mended_by.is_none()));
    }
}

fn trail_place(arn: &str) -> Place {
    TrailArn::parse(arn).unwrap().place().clone()
}

#[test]
fn the_target_is_read_from_names_arns_and_responses() {
    let of = |name: &str, request: Value, response: Value| {
        let mut record = record(name, request);
        record["responseElements"] = response;
        Target::of(&change_of(&record))
    };
    let arn = |text: &str| Target::Trail(TrailArn::parse(text).unwrap());
    let delegated = "arn:aws:cloudtrail:eu-central-1:444455556666:trail/audit";
    let sample = "arn:aws:cloudtrail:us-east-2:111122223333:trail/audit";
    assert_eq!(of("UpdateTrail", json!({ "name": "audit" }), json!(null)), arn(TRAIL));
    assert_eq!(of("UpdateTrail", json!({ "name": TRAIL }), json!("null")), arn(TRAIL));
    assert_eq!(of("PutEventSelectors", json!({ "trailName": "audit" }), json!({})), arn(TRAIL));
    assert_eq!(
        of("UpdateTrail", json!({ "name": "audit" }), json!({ "trailARN": delegated })),
        arn(delegated)
    );
    assert_eq!(
        of("UpdateTrail", json!({ "name": "audit" }), json!({ "trailARN": sample })),
        arn(TRAIL),
        "the Region is the call's"
    );
    assert_eq!(of("UpdateTrail", json!(null), json!({ "trailARN": TRAIL })), arn(TRAIL));
    assert_eq!(
        of(
            "PutInsightSelectors",
            json!({ "eventDataStore": "arn:aws:cloudtrail:eu-central-1:111122223333:eventdatastore/x" }),
            json!(null)
        ),
        Target::EventDataStore
    );
    for (request, name) in [
        (json!(null), "StopLogging"),
        (json!({}), "DeleteTrail"),
        (json!({ "name": "arn:aws:s3:::bucket" }), "StopLogging"),
        (json!({ "name": "a\nb c" }), "StopLogging"),
        (json!({ "name": 7 }), "PutInsightSelectors"),
    ] {
        assert!(matches!(of(name, request.clone(), json!(null)), Target::Unclear(_)), "{request}");
        let plan = plan(&change_of(&record(name, request)), &Facts::none());
        assert_eq!((plan.verdict, ids(&plan)), (Verdict::Unknown, vec!["trail.target-unclear"]));
    }
}

#[test]
fn a_deleted_trail_is_rebuilt_from_what_is_known() {
    let gone = |earlier, selectors, others| Facts {
        trail: Reading::Absent,
        earlier,
        selectors,
        others: Reading::Known(others),
        ..Facts::none()
    };
    let custom = selectors(
        json!({ "eventSelectors": [{ "readWriteType": "All", "dataResources": [{ "type": "AWS::S3::Object", "values": ["arn:aws:s3"] }] }] }),
    );
    let known = plan(
        &change("DeleteTrail"),
        &gone(Reading::Known(good_settings()), custom, vec![other("other", logging(true))]),
    );
    assert_eq!((known.verdict, ids(&known)), (Verdict::Violation, vec!["trail.deleted"]));
    let commands: Vec<String> = known.findings[0].remedies.iter().skip(1).map(ToString::to_string).collect();
    assert_eq!(
        commands,
        [
            "aws cloudtrail create-trail --region eu-central-1 --name audit --s3-bucket-name example-trail-logs --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/1234abcd --is-multi-region-trail --enable-log-file-validation --no-is-organization-trail --include-global-service-events".to_owned(),
            format!("aws cloudtrail put-event-selectors --region eu-central-1 --trail-name {TRAIL} --event-selectors '[{{\"ReadWriteType\":\"All\",\"DataResources\":[{{\"Type\":\"AWS::S3::Object\",\"Values\":[\"arn:aws:s3\"]}}]}}]'"),
            format!("aws cloudtrail start-logging --region eu-central-1 --name {TRAIL}"),
        ]
    );
    let unknown = plan(&change("DeleteTrail"), &gone(Reading::Absent, Reading::NotAsked, Vec::new()));
    assert_eq!(ids(&unknown), ["trail.last-trail-gone", "trail.deleted"]);
    assert!(unknown.effects.is_empty());
    assert!(unknown.findings[1].remedies[1].to_string().contains("--s3-bucket-name BUCKET"));
    let evidence = unknown.findings[1].evidence.join("\n");
    for field in ["bucket", "KMS key", "log file validation", "event selectors"] {
        assert!(evidence.contains(field), "{field} is said to be unknown: {evidence}");
    }
    let back = plan(&change("DeleteTrail"), &good());
    assert_eq!(
        (back.verdict, ids(&back)),
        (Verdict::Violation, vec!["trail.deleted"]),
        "it was made again since"
    );
    let settings = Settings { bucket: Named::Is("old-bucket".to_owned()), ..good_settings() };
    let elsewhere = plan(&change("DeleteTrail"), &Facts { earlier: Reading::Known(settings), ..good() });
    assert_eq!(ids(&elsewhere), ["trail.redirected", "trail.deleted"], "and the new one delivers elsewhere");
}

#[test]
fn a_destination_is_held_against_history_or_the_list() {
    let update = |request: Value| change_of(&record("UpdateTrail", request));
    let bucket = || update(json!({ "name": "audit", "s3BucketName": "example-trail-logs" }));
    let earlier = |changed: fn(&mut Settings)| {
        let mut settings = good_settings();
        changed(&mut settings);
        Facts { earlier: Reading::Known(settings), ..good() }
    };
    let elsewhere = |it: &mut Settings| it.bucket = Named::Is("old-bucket".to_owned());
    let listed = |buckets: &str| policy(&format!("{POLICY}buckets = [{buckets}]\n"));
    let judge = |policy: &Policy, change: &Change, facts: &Facts| {
        decide(policy, change, facts, NOW.parse().unwrap())
            .findings
            .iter()
            .map(|it| (it.id, it.severity))
            .collect::<Vec<_>>()
    };
    let plain = policy(POLICY);
    let moved = vec![("trail.redirected", Severity::High)];
    let unsure = vec![("trail.redirected", Severity::Medium)];
    assert_eq!(judge(&plain, &bucket(), &earlier(|_| {})), [], "the console names the bucket it has");
    assert_eq!(judge(&plain, &bucket(), &earlier(elsewhere)), moved);
    assert_eq!(
        judge(&plain, &update(json!({ "name": "audit" })), &earlier(elsewhere)),
        [],
        "the call didn't move it"
    );
    let hidden = judge(&plain, &update(json!(null)), &earlier(elsewhere));
    assert_eq!(hidden, [("trail.target-unclear", Severity::High)], "nor does it say of what");
    let mut omitted = bucket();
    omitted.request = Value::Null;
    omitted.response = json!({ "trailARN": TRAIL, "s3BucketName": "example-trail-logs" });
    assert_eq!(judge(&plain, &omitted, &earlier(elsewhere)), moved, "the record hides what the call named");
    assert_eq!(
        judge(&plain, &change("CreateTrail"), &earlier(elsewhere)),
        moved,
        "made again under its name"
    );
    assert_eq!(judge(&plain, &change("CreateTrail"), &Facts { earlier: Reading::Absent, ..good() }), []);
    assert_eq!(judge(&plain, &bucket(), &Facts { earlier: Reading::Absent, ..good() }), unsure);
    assert_eq!(
        judge(&plain, &bucket(), &Facts { earlier: Reading::Unreadable(unreadable()), ..good() }),
        unsure
    );
    assert_eq!(judge(&plain, &bucket(), &Facts { earlier: Reading::Assumed(good_settings()), ..good() }), []);
    assert_eq!(judge(&listed("\"example-*\""), &bucket(), &Facts { earlier: Reading::Absent, ..good() }), []);
    assert_eq!(
        judge(&listed("\"central-logs\""), &change("StartLogging"), &good()),
        moved,
        "whatever the call"
    );
    let topic = || update(json!({ "name": "audit", "snsTopicName": "" }));
    let had_topic =
        |it: &mut Settings| it.topic = Named::Is("arn:aws:sns:eu-central-1:111122223333:trails".to_owned());
    assert_eq!(judge(&listed("\"example-*\""), &topic(), &earlier(had_topic)), moved);
    let group = || update(json!({ "name": "audit", "cloudWatchLogsLogGroupArn": "" }));
    let had_group = |it: &mut Settings| {
        it.log_group = Named::Is("arn:aws:logs:eu-central-1:111122223333:log-group:trails:*".to_owned())
    };
    assert_eq!(judge(&plain, &group(), &earlier(had_group)), moved);
    assert_eq!(judge(&plain, &group(), &earlier(|_| {})), []);
}

#[test]
fn a_delivery_error_about_the_key_names_the_key() {
    let failing = |error: &str| Facts {
        status: Reading::Known(Status {
            logging: Some(true),
            started: Some(true),
            delivery_error: None,
            digest_error: Some(error.to_owned()),
        }),
        ..good()
    };
    let about_key = plan(&change("StartLogging"), &failing("KMS.DisabledException"));
    assert!(about_key.findings[0].evidence.iter().any(|it| it.contains(KEY)), "{:?}", about_key.findings);
    let about_bucket = plan(&change("StartLogging"), &failing("NoSuchBucket"));
    assert!(
        !about_bucket.findings[0].evidence.iter().any(|it| it.contains(KEY)),
        "{:?}",
        about_bucket.findings
    );
}

#[test]
fn a_call_that_failed_changes_nothing_and_an_attempt_to_weaken_is_told() {
    let denied = |name: &str, request: Value| {
        let mut record = record(name, request);
        record["errorCode"] = json!("AccessDenied");
        record["errorMessage"] = json!("not authorized");
        let plan = plan(&change_of(&record), &Facts::none());
        assert!(plan.effects.is_empty());
        (plan.verdict, ids(&plan))
    };
    let told = (Verdict::Violation, vec!["trail.attempt-denied"]);
    let quiet = (Verdict::Ignored, vec![]);
    for (name, request) in [
        ("StopLogging", json!({ "name": "audit" })),
        ("StopLogging", json!(null)),
        ("DeleteTrail", json!({ "name": TRAIL })),
        ("UpdateTrail", json!(null)),
        ("UpdateTrail", json!({ "name": "audit", "kmsKeyId": "" })),
        ("UpdateTrail", json!({ "name": "audit", "enableLogFileValidation": false })),
        ("UpdateTrail", json!({ "name": "audit", "isMultiRegionTrail": "false" })),
        ("UpdateTrail", json!({ "name": "audit", "s3BucketName": "mine" })),
        (
            "PutEventSelectors",
            json!({ "trailName": "audit", "eventSelectors": [{ "includeManagementEvents": false }] }),
        ),
        ("PutEventSelectors", json!(null)),
    ] {
        assert_eq!(denied(name, request.clone()), told, "{name} {request}");
    }
    for (name, request) in [
        ("CreateTrail", json!({ "name": "audit" })),
        ("StartLogging", json!({ "name": "audit" })),
        ("PutInsightSelectors", json!({ "trailName": "audit" })),
        ("UpdateTrail", json!({ "name": "audit", "kmsKeyId": KEY, "enableLogFileValidation": true })),
        (
            "PutEventSelectors",
            json!({ "trailName": "audit", "eventSelectors": [{ "readWriteType": "All" }] }),
        ),
    ] {
        assert_eq!(denied(name, request.clone()), quiet, "{name} {request}");
    }
}

#[test]
fn exemptions_by_name_principal_and_tag() {
    let exempt =
        |what: &str| policy(&format!("{POLICY}[[exempt]]\nguard = \"trail\"\n{what}\nreason = \"test\"\n"));
    let bad = || Facts {
        tags: Reading::Known(BTreeMap::from([("tier".to_owned(), "scratch".to_owned())])),
        ..unencrypted(key("Enabled"))
    };
    let verdict = |policy: &Policy, facts: &Facts| {
        decide(policy, &change("UpdateTrail"), facts, NOW.parse().unwrap()).verdict
    };
    assert_eq!(verdict(&exempt("match = \"aud*\""), &bad()), Verdict::Exempt);
    assert_eq!(verdict(&exempt("match = \"audi\""), &bad()), Verdict::Violation);
    assert_eq!(verdict(&exempt("principal = \"arn:aws:iam::*:user/somebody\""), &bad()), Verdict::Exempt);
    assert_eq!(verdict(&exempt("principal = \"arn:aws:iam::*:user/else\""), &bad()), Verdict::Violation);
    let by_tag = exempt("tag = { key = \"tier\", value = \"scratch\" }");
    assert_eq!(verdict(&by_tag, &bad()), Verdict::Exempt);
    assert_eq!(
        verdict(&by_tag, &Facts { tags: Reading::Known(BTreeMap::new()), ..bad() }),
        Verdict::Violation
    );
    let unread = decide(
        &by_tag,
        &change("UpdateTrail"),
        &Facts { tags: Reading::Unreadable(unreadable()), ..bad() },
        NOW.parse().unwrap(),
    );
    assert_eq!((unread.verdict, ensured(&unread)), (Verdict::Unknown, vec![]), "never a write on a guess");
    assert_eq!(
        ids(&unread),
        ["trail.state-unknown", "trail.unencrypted"],
        "what is wrong is told all the same"
    );
    let fine = Facts { tags: Reading::Unreadable(unreadable()), ..good() };
    assert_eq!(verdict(&by_tag, &fine), Verdict::Compliant, "where nothing is wrong tags don't matter");
    assert!(
        trail_to_read(&exempt("match = \"aud*\""), &change("UpdateTrail"), NOW.parse().unwrap()).is_none()
    );
}

#[test]
fn questions_are_the_fewest_that_are_exact() {
    let now = NOW.parse().unwrap();
    let state = |facts: Facts| match facts.trail {
        Reading::Known(state) => state,
        Reading::NotAsked | Reading::Assumed(_) | Reading::Absent | Reading::Unreadable(_) => {
            panic!("not known")
        }
    };
    let asked = questions(&policy(POLICY), &change("UpdateTrail"), Some(&state(good())), now);
    assert_eq!(asked, Questions { selectors: true, ..Questions::default() });
    let bare =
        questions(&policy(POLICY), &change("UpdateTrail"), Some(&state(unencrypted(key("Enabled")))), now);
    assert!(bare.bucket_region);
    let matter =
        |facts: &Facts| others_matter(&change("UpdateTrail"), &facts.trail, &facts.status, &facts.selectors);
    assert!(!matter(&good()));
    assert!(matter(&Facts { status: logging(false), ..good() }));
    let early = Facts { status: logging(false), selectors: Reading::NotAsked, ..good() };
    assert!(matter(&early), "before the selectors are known");
    assert!(matter(&Facts { trail: Reading::Absent, ..Facts::none() }));
    assert!(!matter(&Facts { trail: Reading::Unreadable(unreadable()), ..Facts::none() }));
}

/// Facts after the effects give no further effects, and stopping between any two leaves a plan of the rest.
#[test]
fn it_converges_from_every_combination() {
    for bits in 0..16_u8 {
        let is = |bit: u8| bits & (1 << bit) != 0;
        let mut facts = if is(0) { unencrypted(key("Enabled")) } else { good() };
        facts.status = logging(!is(1));
        facts.others = Reading::Known(Vec::new());
        if let Reading::Known(state) = &mut facts.trail {
            state.settings.validation = Some(!is(2));
            state.settings.multi_region = Some(!is(3));
        }
        let mut left = plan(&change("UpdateTrail"), &facts).effects;
        while !left.is_empty() {
            let effect = left.remove(0);
            if let Reading::Known(state) = &mut facts.trail {
                match effect.ensure {
                    Ensure::Logging => facts.status = logging(true),
                    Ensure::Key(key) => state.settings.key = Named::Is(key.to_string()),
                    Ensure::Validation => state.settings.validation = Some(true),
                }
            }
            assert_eq!(plan(&change("UpdateTrail"), &facts).effects, left, "{bits:b}");
        }
        assert!(plan(&change("StartLogging"), &facts).effects.is_empty());
    }
}

#[test]
fn the_last_trail_is_said_to_be_mended_only_if_logging_again_mends_it() {
    let stopped =
        |selectors| Facts { status: logging(false), selectors, others: Reading::Known(Vec::new()), ..good() };
    let mended = plan(&change("StopLogging"), &stopped(Reading::Known(Selectors::by_default())));
    assert_eq!(mended.findings[0].mended_by, Some("trail-logging"));
    let mute = plan(
        &change("StopLogging"),
        &stopped(selectors(json!({ "eventSelectors": [{ "includeManagementEvents": false }] }))),
    );
    assert_eq!((mute.findings[0].id, mute.findings[0].mended_by), ("trail.last-trail-gone", None));
    let few = plan(
        &change("StopLogging"),
        &stopped(selectors(json!({ "advancedEventSelectors": [{ "fieldSelectors": [
            { "field": "eventCategory", "equals": ["Management"] },
            { "field": "eventSource", "equals": ["iam.amazonaws.com"] },
        ] }] }))),
    );
    assert_eq!((few.findings[0].id, few.findings[0].mended_by), ("trail.last-trail-gone", None));
    assert!(
        few.findings[0].remedies.iter().any(|it| it.to_string().contains("put-event-selectors")),
        "logging alone doesn't make it record: {few:?}"
    );
}

/// What a person reads to do must be possible: no start of a trail that is gone or that logs already.
#[test]
fn the_way_back_from_blindness_fits_how_it_came_about() {
    let mute = || selectors(json!({ "eventSelectors": [{ "includeManagementEvents": false }] }));
    let none = || Reading::Known(Vec::new());
    let told = |call: &str, facts: Facts| {
        let plan = decide(
            &policy(&format!("{POLICY}require = [\"logging\"]\n")),
            &change(call),
            &facts,
            NOW.parse().unwrap(),
        );
        assert_eq!(plan.findings[0].id, "trail.last-trail-gone", "{call}");
        plan.findings[0].remedies.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let start = format!("aws cloudtrail start-logging --region eu-central-1 --name {TRAIL}");
    let gone = told("DeleteTrail", Facts { trail: Reading::Absent, others: none(), ..Facts::none() });
    assert!(!gone.contains(&start) && gone[0].contains("create this one again"), "{gone:?}");
    let stopped = told("StopLogging", Facts { status: logging(false), others: none(), ..good() });
    assert_eq!(stopped[0], start);
    assert!(!stopped.iter().any(|it| it.contains("put-event-selectors")), "{stopped:?}");
    let muted = told("PutEventSelectors", Facts { selectors: mute(), others: none(), ..good() });
    assert!(!muted.contains(&start), "{muted:?}");
    assert!(muted.iter().any(|it| it.contains("put-event-selectors")), "{muted:?}");
    let both =
        told("StopLogging", Facts { status: logging(false), selectors: mute(), others: none(), ..good() });
    assert!(both.contains(&start) && both.iter().any(|it| it.contains("put-event-selectors")), "{both:?}");
    for way in [gone, stopped, muted, both] {
        assert!(way.last().unwrap().contains("lookup-events"), "{way:?}");
    }
}

#[test]
fn a_trail_elsewhere_without_a_key_has_a_remedy() {
    let elsewhere = "arn:aws:cloudtrail:eu-central-1:444455556666:trail/audit";
    let change = change_of(&record("UpdateTrail", json!({ "name": elsewhere })));
    let mut facts = with_settings(|settings| settings.key = Named::Nothing);
    if let Reading::Known(state) = &mut facts.trail {
        state.arn = TrailArn::parse(elsewhere).unwrap();
    }
    let plan = plan(&change, &facts);
    assert_eq!((ids(&plan), ensured(&plan)), (vec!["trail.unencrypted"], vec![]));
    let commands: Vec<String> = plan.findings[0].remedies.iter().map(ToString::to_string).collect();
    assert!(commands[0].contains("444455556666"), "{commands:?}");
    assert!(
        commands.iter().any(|it| it.contains("--kms-key-id KEY_ARN") && it.contains(elsewhere)),
        "{commands:?}"
    );
}

/// A replay that assumes the selectors doesn't know them.
#[test]
fn selectors_that_nobody_told_are_named_as_not_known() {
    let facts = Facts {
        trail: Reading::Absent,
        earlier: Reading::Known(good_settings()),
        selectors: Reading::Assumed(Selectors::by_default()),
        others: Reading::Known(vec![other("other", logging(true))]),
        ..Facts::none()
    };
    let evidence = plan(&change("DeleteTrail"), &facts).findings[0].evidence.join("\n");
    assert!(evidence.contains("event selectors"), "{evidence}");
}

#[test]
fn a_redirected_trail_is_set_back_by_one_exact_command() {
    let command = |policy: &Policy, request: Value, earlier: fn(&mut Settings), now: fn(&mut Settings)| {
        let mut before = good_settings();
        earlier(&mut before);
        let facts = Facts { earlier: Reading::Known(before), ..with_settings(now) };
        let plan = decide(policy, &change_of(&record("UpdateTrail", request)), &facts, NOW.parse().unwrap());
        assert_eq!(ids(&plan), ["trail.redirected"]);
        plan.findings[0].remedies[1].to_string()
    };
    let update =
        |options: &str| format!("aws cloudtrail update-trail --region eu-central-1 --name {TRAIL} {options}");
    let plain = policy(POLICY);
    assert_eq!(
        command(
            &plain,
            json!({ "name": "audit", "s3BucketName": "mine", "s3KeyPrefix": "a b" }),
            |_| {},
            |it| {
                it.bucket = Named::Is("mine".to_owned());
                it.prefix = Named::Is("a b".to_owned());
            },
        ),
        update("--s3-bucket-name example-trail-logs --s3-key-prefix ''")
    );
    assert_eq!(
        command(
            &plain,
            json!({ "name": "audit", "snsTopicName": "", "cloudWatchLogsLogGroupArn": "" }),
            |it| {
                it.topic = Named::Is("arn:aws:sns:eu-central-1:111122223333:t".to_owned());
                it.log_group = Named::Is("arn:aws:logs:eu-central-1:111122223333:log-group:t:*".to_owned());
                it.log_role = Named::Is("arn:aws:iam::111122223333:role/r".to_owned());
            },
            |_| {},
        ),
        update(
            "--sns-topic-name arn:aws:sns:eu-central-1:111122223333:t --cloud-watch-logs-log-group-arn 'arn:aws:logs:eu-central-1:111122223333:log-group:t:*' --cloud-watch-logs-role-arn arn:aws:iam::111122223333:role/r"
        )
    );
    let listed = policy(&format!("{POLICY}buckets = [\"central-*\"]\n"));
    assert_eq!(
        command(&listed, json!({ "name": "audit" }), |_| {}, |_| {}),
        update("--s3-bucket-name BUCKET")
    );
}
