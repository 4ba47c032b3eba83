//! The key that policy names: where it is asked for, and what keeps it from being used.

use super::*;

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
