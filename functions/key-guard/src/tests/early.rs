//! Looks that come too early: what the guard makes of answers from before the call, and how often it asks.

use super::past::{ALIAS, POLICY, policy, put};
use super::*;

/// What GetKeyRotationStatus shows, one answer after the other, the last for good.
fn rotations(shown: &[bool]) -> Rule {
    let mut looks = mock!(Kms::get_key_rotation_status).sequence();
    for rotated in shown.iter().copied() {
        looks =
            looks.output(move || GetKeyRotationStatusOutput::builder().key_rotation_enabled(rotated).build());
    }
    looks.repeatedly().build()
}

fn rotation_off() -> Value {
    event("DisableKeyRotation", &json!({ "keyId": KEY }))
}

/// The key that the alias points to, one answer after the other, the last for good; none if that has no id.
fn pointing(keys: &[&'static str]) -> Rule {
    let rule = mock!(Kms::describe_key).match_requests(|request| request.key_id() == Some(ALIAS));
    let mut looks = rule.sequence();
    for key in keys.iter().copied() {
        looks = if key.is_empty() {
            looks.http_response(|| error(400, "NotFoundException"))
        } else {
            looks.output(move || {
                let metadata = KeyMetadata::builder().key_id(key).arn(key).key_state(KeyState::Enabled);
                DescribeKeyOutput::builder().key_metadata(metadata.build().unwrap()).build()
            })
        };
    }
    looks.repeatedly().build()
}

#[tokio::test(start_paused = true)]
async fn a_state_from_before_the_call_is_looked_at_again() {
    let states = ["Enabled", "Enabled", "PendingDeletion", "PendingDeletion", "Enabled"];
    let account = Account::of(&states);
    let (receipt, failed) = account.handle_by("mode = \"page\"\n", &scheduled()).await;
    assert!(failed.is_none(), "{receipt}");
    assert_eq!((&receipt["verdict"], account.describe.num_calls()), (&json!("violation"), 3));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_enabled_again_is_believed_after_some_looks() {
    let minutes_ago = |minutes| (Timestamp::now() - jiff::SignedDuration::from_mins(minutes)).to_string();
    let request = json!({ "keyId": KEY });
    for (time, name, is_looked_at_again) in [
        (minutes_ago(0), "DisableKey", true),
        (minutes_ago(0), "ScheduleKeyDeletion", true),
        (minutes_ago(3), "DisableKey", false),
        (minutes_ago(0), "EnableKey", false),
    ] {
        let account = Account::of(&["Enabled"]);
        let (receipt, failed) = account.handle(&past("1", name, &time, &request)).await;
        assert!(failed.is_none(), "{receipt}");
        let looks = account.describe.num_calls();
        assert_eq!(receipt["verdict"], "compliant", "{name} at {time}");
        assert!(
            if is_looked_at_again { (3..=5).contains(&looks) } else { looks == 1 },
            "{name} at {time}: {looks}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_from_before_the_call_is_read_again_and_nothing_else_is() {
    let mut looks = mock!(Kms::get_key_policy).sequence();
    for services in [true, true, false, true] {
        looks = looks.output(move || GetKeyPolicyOutput::builder().policy(policy(services)).build());
    }
    let groups = pages(vec![vec![group("/app/one", Some(KEY))]]);
    let account = Account { policy: looks.build(), groups, ..Account::of(&["Enabled"]) };
    let change = put("1", &Timestamp::now().to_string(), KEY, &policy(false));
    let (receipt, _) = account.handle(&change).await;
    assert_eq!(receipt["findings"][0]["id"], "key.service-access-lost", "{receipt}");
    let calls = account.calls();
    for (name, times) in
        [("DescribeKey", 1), ("GetKeyPolicy", 3), ("DescribeTrails", 1), ("DescribeLogGroups", 1)]
    {
        assert!(calls.contains(&(name, times)), "{name}: {calls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_is_the_one_that_was_put_costs_one_read() {
    let shown =
        mock!(Kms::get_key_policy).then_output(|| GetKeyPolicyOutput::builder().policy(policy(true)).build());
    let account = Account { policy: shown, ..Account::of(&["Enabled"]) };
    account.handle(&put("1", &Timestamp::now().to_string(), KEY, &policy(true))).await;
    assert_eq!(account.policy.num_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_from_before_the_call_is_read_again_and_nothing_else_is() {
    let account = Account { rotation: rotations(&[true, true, false, true]), ..Account::of(&["Enabled"]) };
    let (receipt, failed) = account.handle(&rotation_off()).await;
    assert!(failed.is_none(), "{receipt}");
    assert_eq!(receipt["findings"][0]["id"], "key.rotation-off", "{receipt}");
    assert_eq!(account.calls(), [("DescribeKey", 1), ("GetKeyRotationStatus", 3), ("Publish", 1)]);
}

#[tokio::test(start_paused = true)]
async fn material_that_is_still_there_is_looked_at_again() {
    let account = Account::of(&["Enabled", "PendingImport"]);
    let (receipt, _) = account.handle(&event("DeleteImportedKeyMaterial", &json!({ "keyId": KEY }))).await;
    assert_eq!(receipt["findings"][0]["id"], "key.material-deleted", "{receipt}");
    assert_eq!(account.describe.num_calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_is_still_where_it_was_is_looked_at_again() {
    let moved = json!({ "aliasName": "alias/logs", "targetKeyId": OTHER });
    for (name, keys) in [("UpdateAlias", [KEY, KEY, OTHER]), ("DeleteAlias", [KEY, KEY, ""])] {
        let earlier = past(
            "0",
            "CreateAlias",
            "2026-10-01T00:00:00Z",
            &json!({ "aliasName": "alias/logs", "targetKeyId": KEY }),
        );
        let account = Account {
            describe: pointing(&keys),
            lookup: history(vec![earlier]),
            ..Account::of(&["Enabled"])
        };
        let (receipt, _) = account.handle_by(POLICY, &event(name, &moved)).await;
        assert_eq!(receipt["findings"][0]["id"], "key.alias-moved", "{receipt}");
        assert_eq!(account.calls(), [("DescribeKey", 3), ("LookupEvents", 2), ("Publish", 1)], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_in_the_end_is_believed() {
    let account = Account { rotation: rotations(&[true]), ..Account::of(&["Enabled"]) };
    let (receipt, failed) = account.handle(&rotation_off()).await;
    assert!(failed.is_none(), "{receipt}");
    assert_eq!(receipt["verdict"], "compliant", "somebody switched it on again: {receipt}");
    assert!((3..=5).contains(&account.rotation.num_calls()), "{}", account.rotation.num_calls());
}

#[tokio::test(start_paused = true)]
async fn a_later_look_that_fails_leaves_nothing_known() {
    for code in ["AccessDeniedException", "ThrottlingException"] {
        let rotation = mock!(Kms::get_key_rotation_status)
            .sequence()
            .output(|| GetKeyRotationStatusOutput::builder().key_rotation_enabled(true).build())
            .http_response(move || error(400, code))
            .repeatedly()
            .build();
        let account = Account { rotation, ..Account::of(&["Enabled"]) };
        let (receipt, failed) = account.handle(&rotation_off()).await;
        assert!(matches!(failed, Some(Unfinished::Unknown(_))), "{code}: {receipt}");
        assert_eq!((&receipt["verdict"], account.published.num_calls()), (&json!("unknown"), 1), "{code}");
        // How long a throttled call is tried is chance: by then it may be refused or cut off.
        let unread = receipt["facts"]["rotation"]["unreadable"].as_str().unwrap();
        assert!(unread.starts_with("kms:GetKeyRotationStatus: "), "{receipt}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_is_nearly_over_leaves_one_look() {
    let account = Account { rotation: rotations(&[true, false]), ..Account::of(&["Enabled"]) };
    let guard = account.guard("mode = \"page\"\n");
    let (receipt, _) = account.handle_within(1_500, &guard, &rotation_off()).await;
    assert_eq!((&receipt["verdict"], account.rotation.num_calls()), (&json!("compliant"), 1), "{receipt}");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_repaired_and_comes_again_costs_one_look() {
    let account = Account::of(&["PendingDeletion", "Disabled", "Enabled"]);
    let guard = account.guard("mode = \"remediate\"\n");
    let event = scheduled();
    let (receipt, _) = account.handle_in(&guard, &event).await;
    assert_eq!(outcomes(&receipt), [("key-not-pending-deletion", "applied"), ("key-enabled", "applied")]);
    let before = account.describe.num_calls();
    let (receipt, failed) = account.handle_in(&guard, &event).await;
    assert!(failed.is_none(), "{receipt}");
    assert_eq!((&receipt["verdict"], account.describe.num_calls() - before), (&json!("compliant"), 1));
}
