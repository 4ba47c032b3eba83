//! The other trails: which are looked at, and what an answer about one that is at home elsewhere tells.

use super::*;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsError;

fn home(name: &str) -> String {
    format!("arn:aws:cloudtrail:eu-central-1:111122223333:trail/{name}")
}

fn one_region(arn: &str) -> Trail {
    let mut trail = trail(arn, true);
    trail.is_multi_region_trail = Some(false);
    trail.include_global_service_events = Some(true);
    trail
}

fn listed(found: Vec<Trail>) -> Rule {
    mock!(CloudTrail::describe_trails)
        .match_requests(|request| request.trail_name_list().is_empty())
        .then_output(move || trails(found.clone()))
}

/// The trail recorded all Regions by CloudTrail's own history.
fn recorded_all() -> Rule {
    let mut earlier = event("UpdateTrail", &named());
    earlier["eventID"] = json!("0");
    earlier["eventTime"] = json!("2026-11-02T09:12:44Z");
    earlier["responseElements"] = json!({ "name": "audit", "trailARN": TRAIL, "isMultiRegionTrail": true });
    let told = earlier.to_string();
    mock!(CloudTrail::lookup_events).then_output(move || {
        let seen = Event::builder().event_id("0").event_name("UpdateTrail").cloud_trail_event(&told);
        LookupEventsOutput::builder().events(seen.build()).build()
    })
}

fn ids(receipt: &Value) -> Vec<&str> {
    receipt["findings"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_narrowed_trail_has_the_others_looked_at_up_to_one_of_all_regions() {
    let narrowing = event("UpdateTrail", &json!({ "name": "audit", "isMultiRegionTrail": false }));
    for (others, expected, asked) in [
        (vec![], vec!["trail.last-trail-gone", "trail.single-region"], 1),
        (vec![one_region(&home("other-b"))], vec!["trail.last-trail-gone", "trail.single-region"], 2),
        (
            vec![one_region(&home("other-b")), trail(&home("other-c"), true), trail(&home("other-d"), true)],
            vec!["trail.single-region"],
            3,
        ),
    ] {
        let (look, history) = (looks(vec![trails(vec![one_region(TRAIL)])]), recorded_all());
        let (listed, status, selectors) = (listed(others), statuses(&[true, true, true, true]), selectors());
        let published = published();
        let rules = [&look, &listed, &status, &selectors, &history];
        let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules);
        let receipt = handle(&guard(cloudtrail, &published), &narrowing).await.unwrap();
        assert_eq!((ids(&receipt), status.num_calls()), (expected, asked), "{receipt}");
    }
}

#[tokio::test]
async fn a_trail_of_another_account_or_region_that_is_not_found_from_here_is_not_gone() {
    for (other, expected) in [
        ("arn:aws:cloudtrail:eu-central-1:444455556666:trail/org", ["trail.deleted", "trail.state-unknown"]),
        ("arn:aws:cloudtrail:us-east-1:111122223333:trail/far", ["trail.deleted", "trail.state-unknown"]),
        (&home("gone"), ["trail.last-trail-gone", "trail.deleted"]),
    ] {
        let (look, history) = (looks(vec![trails(Vec::new())]), recorded_all());
        let (listed, published) = (listed(vec![trail(other, true)]), published());
        let status = mock!(CloudTrail::get_trail_status).then_error(not_found_status);
        let selectors = mock!(CloudTrail::get_event_selectors).then_error(|| {
            let gone = TrailNotFoundException::builder().meta(meta("TrailNotFoundException")).build();
            GetEventSelectorsError::TrailNotFoundException(gone)
        });
        let rules = [&look, &listed, &status, &selectors, &history];
        let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules);
        let receipt = handle(&guard(cloudtrail, &published), &event("DeleteTrail", &named())).await.unwrap();
        assert_eq!(ids(&receipt), expected, "{other}: {receipt}");
    }
}
