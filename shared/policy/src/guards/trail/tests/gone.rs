//! Deleted trails, the last trail, and the way back.

use super::*;

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
