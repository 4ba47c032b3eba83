//! Each setting by the trail's own state, and policies that require less.

use super::*;

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
                    ..Status::default()
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
fn a_delivery_error_about_the_key_names_the_key() {
    let failing = |error: &str| Facts {
        status: Reading::Known(Status {
            logging: Some(true),
            started: Some(true),
            digest_error: Some(error.to_owned()),
            ..Status::default()
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
fn a_log_group_that_the_trail_cannot_write_to_is_told_while_it_is_its_own() {
    let failing = |log_group: Named, delivery_error: Option<&str>| {
        let mut facts = with_settings(|it| it.log_group = log_group.clone());
        facts.status = Reading::Known(Status {
            logging: Some(true),
            started: Some(true),
            delivery_error: delivery_error.map(str::to_owned),
            log_group_error: Some("AccessDenied".to_owned()),
            ..Status::default()
        });
        plan(&change("StartLogging"), &facts)
    };
    let group = || Named::Is("arn:aws:logs:eu-central-1:111122223333:log-group:trail:*".to_owned());
    let alone = failing(group(), None);
    assert_eq!(ids(&alone), ["trail.delivery-failing"]);
    let finding = &alone.findings[0];
    assert_eq!(finding.summary, "trail audit can't write to its log group");
    assert_eq!(finding.evidence, ["LatestCloudWatchLogsDeliveryError: AccessDenied"]);
    let steps = format!("{:?}", finding.remedies);
    assert!(steps.contains("log-group:trail:*") && !steps.contains("bucket"), "{steps}");

    let both = failing(group(), Some("NoSuchBucket"));
    assert_eq!(both.findings[0].summary, "trail audit can't deliver its files");
    assert_eq!(
        both.findings[0].evidence,
        ["LatestDeliveryError: NoSuchBucket", "LatestCloudWatchLogsDeliveryError: AccessDenied"]
    );
    let steps = format!("{:?}", both.findings[0].remedies);
    assert!(steps.contains("log-group:trail:*") && steps.contains("bucket"), "{steps}");

    assert_eq!(failing(Named::Nothing, None).verdict, Verdict::Compliant, "it no longer writes to one");
}
