//! Which trail a call is about, whose it is, and who is exempt.

use super::*;

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
fn a_key_is_looked_at_where_its_arn_says_if_that_is_a_region() {
    for (key, region, word) in [
        (KEY, "eu-central-1", KEY),
        (
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd",
            "us-east-1",
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd",
        ),
        ("alias/trails", "eu-central-1", "alias/trails"),
        ("arn:aws:kms::111122223333:key/1", "eu-central-1", "arn:aws:kms::111122223333:key/1"),
        ("arn:aws:kms:$(id):111122223333:key/1", "eu-central-1", "'arn:aws:kms:$(id):111122223333:key/1'"),
        ("arn:aws:kms:a-1;id:111122223333:key/1", "eu-central-1", "'arn:aws:kms:a-1;id:111122223333:key/1'"),
    ] {
        let failing = Status {
            logging: Some(true),
            started: Some(true),
            delivery_error: Some("KMS.DisabledException".to_owned()),
            ..Status::default()
        };
        let named = with_settings(|it| it.key = Named::Is(key.to_owned()));
        let plan = plan(&change("StartLogging"), &Facts { status: Reading::Known(failing), ..named });
        let finding = plan.findings.iter().find(|it| it.id == "trail.delivery-failing").unwrap();
        let command = format!("aws kms describe-key --region {region} --key-id {word}");
        assert!(finding.remedies.contains(&Remedy::Command(command)), "{key}: {:?}", finding.remedies);
    }
}
