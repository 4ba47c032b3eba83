//! What nobody records any more: by service, and in the Regions where no guard hears of the change.

use super::*;

const GONE: &str = "trail.last-trail-gone";

fn one_region(other: OtherTrail) -> OtherTrail {
    OtherTrail { multi_region: Some(false), ..other }
}

fn without(source: &str) -> Reading<Selectors> {
    selectors(json!({ "eventSelectors": [{ "excludeManagementEventSources": [source] }] }))
}

/// Deleted, and it recorded all Regions or not.
fn deleted(multi_region: Option<bool>, others: Vec<OtherTrail>) -> Facts {
    Facts {
        trail: Reading::Absent,
        earlier: Reading::Known(Settings { multi_region, ..good_settings() }),
        others: Reading::Known(others),
        ..Facts::none()
    }
}

fn narrowing() -> Change {
    change_of(&record("UpdateTrail", json!({ "name": "audit", "isMultiRegionTrail": false })))
}

fn narrowed(before: Option<bool>, others: Vec<OtherTrail>) -> Facts {
    let earlier = Settings { multi_region: before, ..good_settings() };
    Facts {
        earlier: Reading::Known(earlier),
        others: Reading::Known(others),
        ..with_settings(|it| it.multi_region = Some(false))
    }
}

#[test]
fn a_service_that_no_other_trail_records_is_named() {
    let lame = || OtherTrail { selectors: without("kms.amazonaws.com"), ..other("lame", logging(true)) };
    let alone = plan(&change("DeleteTrail"), &deleted(Some(false), vec![lame()]));
    assert_eq!(ids(&alone), [GONE, "trail.deleted"]);
    let told = &alone.findings[0];
    assert_eq!(
        told.summary,
        "nothing records the calls of kms.amazonaws.com in eu-central-1 any more: the last trail that did is gone"
    );
    assert!(
        told.evidence.iter().any(|it| it.ends_with("trail/lame: not recorded: calls of kms.amazonaws.com"))
    );

    let deaf = OtherTrail { selectors: without("rds.amazonaws.com"), ..other("deaf", logging(true)) };
    let both = plan(&change("DeleteTrail"), &deleted(Some(false), vec![lame(), deaf.clone()]));
    assert_eq!(ids(&both), ["trail.deleted"], "one records what the other leaves out: {both:?}");
    let stopped = Facts { status: logging(false), others: Reading::Known(vec![lame()]), ..good() };
    assert_eq!(ids(&plan(&change("StopLogging"), &stopped)), [GONE, "trail.logging-stopped"]);
    let vanished = plan(&change("UpdateTrail"), &deleted(Some(false), vec![lame()]));
    assert_eq!(ids(&vanished), [GONE, "trail.deleted"]);
}

#[test]
fn what_is_left_is_told_with_what_it_leaves_out() {
    let lame = OtherTrail {
        selectors: selectors(json!({ "advancedEventSelectors": [{ "fieldSelectors": [
            { "field": "eventCategory", "equals": ["Management"] },
            { "field": "eventSource", "notEquals": ["iam.amazonaws.com"] },
        ] }] })),
        ..other("lame", logging(true))
    };
    let plan = plan(&change("DeleteTrail"), &deleted(Some(true), vec![lame]));
    assert_eq!(ids(&plan), ["trail.deleted"]);
    let reason = &plan.reasons[0];
    assert!(reason.ends_with("lame still records all Regions (not recorded: calls of iam.amazonaws.com)"));
}

#[test]
fn selectors_that_drop_a_service_say_if_nobody_records_it() {
    let dropped = |others| Facts { selectors: without("kms.amazonaws.com"), others, ..good() };
    let put = |others| plan(&change("PutEventSelectors"), &dropped(others));
    assert!(others_matter(
        &change("PutEventSelectors"),
        &good().trail,
        &logging(true),
        &without("kms.amazonaws.com")
    ));
    let alone = put(Reading::Known(Vec::new()));
    assert_eq!(ids(&alone), ["trail.management-events-excluded"]);
    assert_eq!(
        alone.findings[0].evidence[1],
        "no other trail records kms.amazonaws.com: no guard hears of its calls"
    );
    for others in [Reading::Known(vec![other("other", logging(true))]), Reading::NotAsked] {
        assert_eq!(put(others).findings[0].evidence.len(), 1);
    }
}

#[test]
fn a_trail_of_all_regions_needs_another_of_all_regions() {
    let home = || one_region(other("home", logging(true)));
    let all = || other("all", logging(true));
    let stopped = |others| Facts { status: logging(false), others: Reading::Known(others), ..good() };
    let stop = || change("StopLogging");
    let delete = || change("DeleteTrail");
    for (name, change, facts, place) in [
        ("narrowed, alone", narrowing(), narrowed(Some(true), vec![]), Some("the other Regions")),
        (
            "narrowed, one left here",
            narrowing(),
            narrowed(Some(true), vec![home()]),
            Some("the other Regions"),
        ),
        ("narrowed, one left for all", narrowing(), narrowed(Some(true), vec![home(), all()]), None),
        ("as narrow as before", narrowing(), narrowed(Some(false), vec![]), None),
        ("narrow, and not asked to be", change("UpdateTrail"), narrowed(Some(true), vec![]), None),
        ("deleted, one left here", delete(), deleted(Some(true), vec![home()]), Some("the other Regions")),
        ("deleted, one left for all", delete(), deleted(Some(true), vec![home(), all()]), None),
        ("a narrow one deleted", delete(), deleted(Some(false), vec![home()]), None),
        (
            "deleted, none left",
            delete(),
            deleted(Some(true), vec![]),
            Some("eu-central-1 and the other Regions"),
        ),
        ("a narrow one deleted, none left", delete(), deleted(Some(false), vec![]), Some("eu-central-1")),
        ("stopped, one left here", stop(), stopped(vec![home()]), Some("the other Regions")),
        ("stopped, none left", stop(), stopped(vec![]), Some("eu-central-1 and the other Regions")),
        ("vanished, one left here", stop(), deleted(Some(true), vec![home()]), Some("the other Regions")),
    ] {
        let plan = plan(&change, &facts);
        let gone: Vec<&str> =
            plan.findings.iter().filter(|it| it.id == GONE).map(|it| it.summary.as_str()).collect();
        let expected = place.map(|place| {
            format!("nothing records what happens in {place} any more: the last trail that did is gone")
        });
        assert_eq!(gone, Vec::from_iter(expected.as_deref()), "{name}");
        assert!(!ids(&plan).contains(&"trail.state-unknown"), "{name}");
    }
}

#[test]
fn whether_it_recorded_all_regions_is_unknown_where_nothing_tells() {
    let home = || one_region(other("home", logging(true)));
    let doubts = |plan: &Plan<Effect>| {
        let unknown = plan.findings.iter().find(|it| it.id == "trail.state-unknown");
        unknown.map(|it| it.evidence.join("\n")).unwrap_or_default()
    };
    for (change, facts) in [
        (narrowing(), narrowed(None, vec![home()])),
        (change("DeleteTrail"), deleted(None, vec![home()])),
        (change("DeleteTrail"), Facts { earlier: Reading::Absent, ..deleted(None, vec![home()]) }),
    ] {
        let plan = plan(&change, &facts);
        assert!(!ids(&plan).contains(&GONE) && doubts(&plan).contains("the other Regions"), "{plan:?}");
    }
    let unread = Facts { earlier: Reading::Unreadable(unreadable()), ..deleted(None, vec![home()]) };
    assert!(plan(&change("DeleteTrail"), &unread).retryable, "asking again may help");
    let lenient = policy(&format!("{POLICY}require = [\"logging\"]\n"));
    let decided = |earlier| {
        decide(&lenient, &narrowing(), &narrowed(earlier, vec![home()]), NOW.parse().unwrap()).findings.len()
    };
    assert_eq!(
        (decided(None), decided(Some(true))),
        (0, 1),
        "trails of one Region are what this policy is fine with"
    );
    let replayed = narrowed(Some(false), vec![home()]);
    let Reading::Known(earlier) = replayed.earlier.clone() else { panic!("known") };
    let replayed = plan(&narrowing(), &Facts { earlier: Reading::Assumed(earlier), ..replayed });
    assert!(replayed.assumed.iter().any(|it| it.contains("its own Region only before")), "{replayed:?}");
    let told = plan(&narrowing(), &narrowed(Some(false), vec![home()]));
    assert!(told.assumed.is_empty(), "what is known isn't assumed: {told:?}");
    let untold = OtherTrail { multi_region: None, ..other("untold", logging(true)) };
    let plan = plan(&narrowing(), &narrowed(Some(true), vec![untold]));
    assert!(doubts(&plan).contains("isn't told"), "{plan:?}");
}

/// What a person reads mends it, and logging again doesn't where the trail is narrow.
#[test]
fn a_narrowed_trail_is_widened_by_hand() {
    let narrow = plan(&narrowing(), &narrowed(Some(true), vec![]));
    let widen =
        format!("aws cloudtrail update-trail --region eu-central-1 --name {TRAIL} --is-multi-region-trail");
    let remedies: Vec<String> = narrow.findings[0].remedies.iter().map(ToString::to_string).collect();
    assert_eq!(remedies[0], widen);
    assert!(remedies[2].contains("--region REGION"), "{remedies:?}");
    let facts = Facts { status: logging(false), ..narrowed(Some(true), vec![]) };
    assert_eq!(plan(&narrowing(), &facts).findings[0].mended_by, None);
    let stopped = Facts { status: logging(false), others: Reading::Known(vec![]), ..good() };
    assert_eq!(plan(&change("StopLogging"), &stopped).findings[0].mended_by, Some("trail-logging"));
}

#[test]
fn a_call_that_may_narrow_has_history_and_others_looked_at() {
    let narrow = with_settings(|it| it.multi_region = Some(false));
    let Reading::Known(state) = &narrow.trail else { panic!("known") };
    let mut hidden = narrowing();
    hidden.request = Value::Null;
    for (change, matters) in
        [(narrowing(), true), (hidden, true), (change("UpdateTrail"), false), (change("StartLogging"), false)]
    {
        let asked = questions(
            &policy(&format!("{POLICY}buckets = [\"*\"]\n")),
            &change,
            Some(state),
            NOW.parse().unwrap(),
        );
        assert_eq!(others_matter(&change, &narrow.trail, &logging(true), &good().selectors), matters);
        assert_eq!(asked.earlier, matters);
    }
    assert!(!others_matter(&narrowing(), &good().trail, &logging(true), &good().selectors));
}

/// What a trail's selectors left out all along, it takes nowhere by being stopped.
#[test]
fn what_a_trail_never_recorded_is_not_lost_with_it() {
    let data_only = || selectors(json!({ "eventSelectors": [{ "includeManagementEvents": false }] }));
    let home = || one_region(other("home", logging(true)));
    let lame = || OtherTrail { selectors: without("kms.amazonaws.com"), ..other("lame", logging(true)) };
    let facts = |selectors, logs, others| Facts {
        selectors,
        status: logging(logs),
        others: Reading::Known(others),
        ..good()
    };
    for (call, facts) in [
        ("StopLogging", facts(data_only(), false, vec![home()])),
        ("StartLogging", facts(data_only(), true, vec![home()])),
        ("UpdateTrail", facts(data_only(), true, vec![home()])),
        ("StopLogging", facts(without("kms.amazonaws.com"), false, vec![lame()])),
    ] {
        let plan = plan(&change(call), &facts);
        assert!(!ids(&plan).contains(&GONE), "{call}: {plan:?}");
        assert_eq!(plan.verdict, Verdict::Violation, "{call}: what it leaves out is told");
    }
    let put = plan(&change("PutEventSelectors"), &facts(data_only(), true, vec![home()]));
    assert!(ids(&put).contains(&GONE), "this call may have taken it away: {put:?}");
}

/// Deleted, and made again under its name before anybody looked.
#[test]
fn a_trail_that_was_made_again_narrower_leaves_the_other_regions_blind() {
    let home = || one_region(other("home", logging(true)));
    let never = Reading::Known(Status { logging: Some(false), started: Some(false), ..Status::default() });
    let wide =
        |multi_region| Reading::Known(Settings { multi_region: Some(multi_region), ..good_settings() });
    for (call, earlier, status, gone) in [
        ("DeleteTrail", wide(true), logging(true), true),
        ("DeleteTrail", wide(true), never.clone(), true),
        ("CreateTrail", wide(true), never.clone(), true),
        ("CreateTrail", wide(false), never.clone(), false),
        ("CreateTrail", Reading::Absent, never, false),
    ] {
        let facts = Facts { earlier, status, ..narrowed(None, vec![home()]) };
        let plan = plan(&change(call), &facts);
        assert_eq!(ids(&plan).contains(&GONE), gone, "{call}: {plan:?}");
        assert!(!ids(&plan).contains(&"trail.state-unknown"), "{call}: {plan:?}");
    }
}

/// Policy may not ask for management events; the guards live on them all the same.
#[test]
fn a_service_that_nobody_records_any_more_is_told_whatever_policy_asks_for() {
    let lenient = policy(&format!("{POLICY}require = [\"logging\"]\n"));
    let decided = |others| {
        let facts =
            Facts { selectors: without("kms.amazonaws.com"), others: Reading::Known(others), ..good() };
        let plan = decide(&lenient, &change("PutEventSelectors"), &facts, NOW.parse().unwrap());
        (ids(&plan), plan.findings.first().map_or(0, |finding| finding.evidence.len()))
    };
    assert_eq!(decided(vec![]), (vec!["trail.management-events-excluded"], 2));
    assert_eq!(decided(vec![other("other", logging(true))]), (vec![], 0));
}
