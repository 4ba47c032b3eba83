//! The sample events themselves: complete envelopes that AWS could have sent, and that agree with themselves.

#![expect(clippy::expect_used, clippy::panic, reason = "a sample that can't be read fails the test")]

mod samples;

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use samples::{HOSTILE, change_of, could_forge, event, names, path, texts};
use sealwatch_policy::change::OF_KMS;
use sealwatch_policy::guards::Guard;
use serde_json::Value;
use std::collections::BTreeSet;

/// Whether KMS tells it by itself: then there is no record of a call inside.
fn is_of_kms(event: &Value) -> bool {
    event["detail-type"].as_str().is_some_and(|detail_type| OF_KMS.contains(&detail_type))
}

#[test]
fn every_sample_is_an_envelope_that_the_function_can_read() {
    for name in names() {
        let text = std::fs::read_to_string(path(&name)).unwrap();
        let envelope: EventBridgeEvent<Value> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let service = envelope.source.strip_prefix("aws.").expect("the source is a service");
        match envelope.detail["eventType"].as_str() {
            Some("AwsApiCall") => assert_eq!(envelope.detail_type, "AWS API Call via CloudTrail", "{name}"),
            Some("AwsServiceEvent") => {
                assert_eq!(envelope.detail_type, "AWS Service Event via CloudTrail", "{name}");
            }
            other => assert!(other.is_none() && is_of_kms(&event(&name)), "{name}"),
        }
        if !is_of_kms(&event(&name)) {
            assert_eq!(envelope.detail["eventSource"], format!("{service}.amazonaws.com"), "{name}");
        }
        let guard = Guard::of(&change_of(&event(&name))).expect("a guard handles every sample");
        assert_eq!(name.split('/').next(), Some(guard.as_str()), "the folder is the guard's");
    }
}

#[test]
fn ids_are_unique() {
    let mut seen = BTreeSet::new();
    for name in names() {
        let event = event(&name);
        // Only a call is a request.
        let ids = match event["detail"]["eventType"].as_str() {
            Some("AwsApiCall") => {
                vec![&event["id"], &event["detail"]["eventID"], &event["detail"]["requestID"]]
            }
            Some(_) => vec![&event["id"], &event["detail"]["eventID"]],
            None => vec![&event["id"]],
        };
        for id in ids {
            let id = id.as_str().unwrap_or_else(|| panic!("{name} lacks an id"));
            assert!(seen.insert(id.to_owned()), "{name}: the id {id} stands twice");
        }
    }
}

#[test]
fn the_envelope_says_what_the_record_says() {
    for name in names() {
        let event = event(&name);
        let (envelope, record) = (&event, &event["detail"]);
        let change = change_of(&event);
        assert_eq!(change.time.to_string(), envelope["time"].as_str().unwrap(), "{name}");
        assert_eq!(change.place.region.as_str(), envelope["region"], "{name}");
        assert_eq!(change.place.account.as_str(), "111122223333", "{name}");
        if is_of_kms(&event) {
            let key = envelope["resources"][0].as_str().unwrap();
            assert!(key.ends_with(record["key-id"].as_str().unwrap()), "{name}");
            continue;
        }
        assert_eq!(envelope["time"], record["eventTime"], "{name}");
        assert_eq!(envelope["account"], record["recipientAccountId"], "{name}");
        assert_eq!(envelope["region"], record["awsRegion"], "{name}");
        assert_eq!(record["userIdentity"]["accountId"], envelope["account"], "{name}");
        assert_eq!(record["eventCategory"], "Management", "{name}");
        assert_eq!(record["managementEvent"], true, "{name}");
    }
}

#[test]
fn only_the_hostile_samples_hold_what_could_forge_a_line() {
    for name in names() {
        let mut event = event(&name);
        // A policy is JSON in a text, and has lines of its own; what stands in it has none.
        if let Some(policy) = event["detail"]["requestParameters"]["policy"].as_str() {
            event["detail"]["requestParameters"]["policy"] = serde_json::from_str(policy).unwrap();
        }
        let forging: Vec<&str> = texts(&event).into_iter().filter(|text| could_forge(text)).collect();
        assert_eq!(!forging.is_empty(), HOSTILE.contains(&name.as_str()), "{name}: {forging:?}");
    }
    for name in HOSTILE {
        let longest = texts(&event(name)).iter().map(|text| text.chars().count()).max();
        assert_eq!(longest, Some(10_000), "{name}");
        let file = std::fs::read_to_string(path(name)).unwrap();
        assert!(file.is_ascii(), "{name}: the file itself is safe to print");
    }
}

#[test]
fn addresses_and_accounts_are_those_of_documentation() {
    let account = regex::Regex::new(r"\b\d{12}\b").expect("a valid expression");
    let address = regex::Regex::new(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b").expect("a valid expression");
    for name in names() {
        let event = event(&name);
        let ip = event["detail"]["sourceIPAddress"].as_str().unwrap_or_default().to_owned();
        assert!(!address.is_match(&ip) || ip.starts_with("192.0.2."), "{name}: {ip}");
        for text in texts(&event).into_iter().filter(|text| text.contains("arn:")) {
            for found in account.find_iter(text) {
                // The tail of a key's id is twelve digits, too.
                let of_an_id = found.as_str().starts_with("00000000");
                let known = ["111122223333", "444455556666"].contains(&found.as_str());
                assert!(of_an_id || known, "{name}: {text}");
            }
        }
    }
}

#[test]
fn the_samples_are_one_day_in_order() {
    let mut times: Vec<_> = names().iter().map(|name| change_of(&event(name)).time.to_string()).collect();
    times.sort();
    assert!(times.iter().all(|time| time.starts_with("2026-11-03T")), "{times:?}");
    let distinct: BTreeSet<_> = times.iter().collect();
    assert_eq!(distinct.len(), times.len(), "no two at the same second");
}
