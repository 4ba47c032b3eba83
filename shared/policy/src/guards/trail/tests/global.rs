//! The events of global services: left out by a flag, or recorded in a Region that isn't the trail's.

use super::*;

fn narrow(global_events: Option<bool>) -> Facts {
    with_settings(|it| (it.multi_region, it.global_events) = (Some(false), global_events))
}

fn told(plan: &Plan<Effect>, id: &str) -> (Vec<String>, Vec<String>) {
    let finding = plan.findings.iter().find(|it| it.id == id).unwrap();
    (finding.evidence.clone(), finding.remedies.iter().map(ToString::to_string).collect())
}

#[test]
fn a_flag_that_leaves_them_out_is_events_left_out() {
    let plan = plan(&change("UpdateTrail"), &narrow(Some(false)));
    assert_eq!(ids(&plan), ["trail.management-events-excluded", "trail.single-region"]);
    let (evidence, remedies) = told(&plan, "trail.management-events-excluded");
    assert_eq!(evidence, ["it leaves out the events of global services such as IAM"]);
    let command = format!(
        "aws cloudtrail update-trail --region eu-central-1 --name {TRAIL} --include-global-service-events"
    );
    let step = "record the events of global services again:".to_owned();
    assert_eq!(remedies, [step, command], "no selector is replaced for it");

    let both = Facts {
        selectors: selectors(json!({ "eventSelectors": [{ "readWriteType": "ReadOnly" }] })),
        others: Reading::Known(vec![other("other", logging(true))]),
        ..narrow(Some(false))
    };
    let both = super::plan(&change("UpdateTrail"), &both);
    let (evidence, remedies) = told(&both, "trail.management-events-excluded");
    assert_eq!((evidence.len(), remedies.len()), (2, 4), "{evidence:?} {remedies:?}");
}

#[test]
fn one_that_isnt_told_is_unknown_where_it_can_be_off() {
    let untold = plan(&change("UpdateTrail"), &narrow(None));
    assert_eq!(ids(&untold), ["trail.state-unknown", "trail.single-region"]);
    let wide = plan(&change("UpdateTrail"), &with_settings(|it| it.global_events = None));
    assert_eq!(ids(&wide), [""; 0], "AWS lets no trail of all Regions leave them out");
}

#[test]
fn a_trail_is_widened_by_a_command_that_aws_takes() {
    for (global, options) in [
        (Some(true), "--is-multi-region-trail"),
        (Some(false), "--is-multi-region-trail --include-global-service-events"),
        (None, "--is-multi-region-trail --include-global-service-events"),
    ] {
        let (_, remedies) = told(&plan(&change("UpdateTrail"), &narrow(global)), "trail.single-region");
        assert!(remedies[0].ends_with(&format!("audit {options}")), "{remedies:?}");
    }
}

#[test]
fn where_they_are_recorded_is_told_of_a_trail_that_is_elsewhere() {
    for (home, recorded) in [
        ("eu-central-1", Some("us-east-1")),
        ("us-east-1", None),
        ("us-gov-east-1", Some("us-gov-west-1")),
        ("us-gov-west-1", None),
        ("cn-northwest-1", Some("cn-north-1")),
        ("eusc-de-east-1", None),
    ] {
        let place = Place { region: region(home), ..trail().place().clone() };
        let arn = TrailArn::new(place, "audit").unwrap();
        let settings = Settings { multi_region: Some(false), ..good_settings() };
        let mut change = change("StartLogging");
        change.place.region = region(home);
        let facts = Facts { trail: Reading::Known(TrailState { arn, settings }), ..good() };
        let (evidence, _) = told(&plan(&change, &facts), "trail.single-region");
        assert_eq!(
            evidence[0].split(" record in ").nth(1).and_then(|it| it.split(' ').next()),
            recorded,
            "{home}"
        );
    }
}

#[test]
fn a_look_that_shows_them_as_before_comes_too_early() {
    let call =
        change_of(&record("UpdateTrail", json!({ "name": "audit", "includeGlobalServiceEvents": false })));
    let now = "2026-11-03T09:12:45Z".parse().unwrap();
    assert!(too_early::trail(&call, &narrow(Some(true)).trail, now));
    assert!(!too_early::trail(&call, &narrow(Some(false)).trail, now));
    let Reading::Known(state) = narrow(Some(false)).trail else { panic!("known") };
    assert_eq!(state.settings.shown()["global_events"], false);
}
