//! What shows a key to be in use: what is asked, what an answer is worth, and what one that is missing hides.

use super::*;
use aws_sdk_kms::types::{GrantListEntry, Tag};

/// A day on which KMS tracks uses already: 2026-05-01.
const TRACKED: i64 = 1_777_593_600;

#[tokio::test]
async fn a_key_that_is_as_it_should_be_costs_one_call() {
    for name in ["CancelKeyDeletion", "EnableKey"] {
        let account = Account::of(&["Enabled"]);
        let (receipt, failed) = account.handle(&event(name, &json!({ "keyId": KEY }))).await;
        assert_eq!((&receipt["verdict"], failed.is_none()), (&json!("compliant"), true), "{receipt}");
        assert_eq!(account.calls(), [("DescribeKey", 1)]);
    }
}

#[tokio::test]
async fn a_key_that_was_used_lately_costs_no_look_at_log_groups() {
    let account = Account::of(&["Disabled", "Enabled"]);
    let (receipt, failed) = account.handle(&disabled()).await;
    assert_eq!((outcomes(&receipt), failed.is_none()), (vec![("key-enabled", "applied")], true), "{receipt}");
    let calls = [
        ("DescribeKey", 2),
        ("ListAliases", 1),
        ("GetKeyLastUsage", 1),
        ("ListGrants", 1),
        ("ListKeyPolicies", 1),
        ("DescribeTrails", 1),
        ("LookupEvents", 4),
        ("EnableKey", 1),
        ("Publish", 1),
    ];
    assert_eq!(account.calls(), calls);
}

#[tokio::test]
async fn the_look_through_log_groups_ends_at_the_first_that_uses_the_key() {
    let groups = pages(vec![
        vec![group("/app/bare", None), group("/app/other", Some(OTHER))],
        Vec::new(),
        vec![group("/app/first", Some(KEY)), group("/app/second", Some(KEY))],
        vec![group("/app/third", Some(KEY))],
    ]);
    let account = Account { groups, ..Account::never_used(&["Disabled", "Enabled"], TRACKED) };
    let (receipt, _) = account.handle(&disabled()).await;
    assert_eq!(outcomes(&receipt), [("key-enabled", "applied")], "{receipt}");
    assert_eq!(receipt["facts"]["log_groups"]["using"], json!([group("/app/first", None).log_group_arn()]));
    assert_eq!((&receipt["facts"]["log_groups"]["looked_at"], account.groups.num_calls()), (&json!(3), 3));
}

#[tokio::test]
async fn nothing_found_anywhere_is_told_and_nothing_is_written() {
    let account = Account::never_used(&["PendingDeletion"], TRACKED);
    let (receipt, failed) = account.handle(&scheduled()).await;
    assert!(failed.is_none() && account.writes() == 0, "{receipt}");
    let evidence = receipt["findings"][0]["evidence"].to_string();
    for source in ["GetKeyLastUsage", "DescribeTrails", "ListGrants", "ListKeyPolicies", "DescribeLogGroups"]
    {
        assert!(evidence.contains(source), "{source}: {evidence}");
    }
}

#[tokio::test]
async fn a_key_older_than_what_kms_tracks_is_not_unused() {
    let account = Account::never_used(&["PendingDeletion"], CREATED);
    let (receipt, failed) = account.handle(&scheduled()).await;
    assert!(matches!(failed, Some(Unfinished::Unknown(_))), "{receipt}");
    assert_eq!((&receipt["verdict"], &receipt["page"]["severity"]), (&json!("unknown"), &json!("high")));
    assert!(receipt["findings"][0]["evidence"].to_string().contains("but the key is older"), "{receipt}");
    assert_eq!(account.writes(), 0);
}

#[tokio::test]
async fn a_source_that_is_denied_is_told_and_hides_no_other() {
    type Deny = fn(&mut Account);
    let sources: [(&str, &str, Deny); 6] = [
        ("aliases", "ListAliases", |it| it.aliases = mock!(Kms::list_aliases).then_http_response(denied)),
        ("last_use", "GetKeyLastUsage", |it| {
            it.last_use = mock!(Kms::get_key_last_usage).then_http_response(denied);
        }),
        ("trails", "DescribeTrails", |it| {
            it.trails = mock!(CloudTrail::describe_trails).then_http_response(denied);
        }),
        ("grants", "ListGrants", |it| it.grants = mock!(Kms::list_grants).then_http_response(denied)),
        ("shared", "ListKeyPolicies", |it| {
            it.policies = mock!(Kms::list_key_policies).then_http_response(denied);
        }),
        ("log_groups", "DescribeLogGroups", |it| {
            it.groups = mock!(Logs::describe_log_groups).then_http_response(denied);
        }),
    ];
    let policy = "mode = \"remediate\"\n[keys]\nprotect = [\"alias/prod-*\"]\n";
    for (fact, operation, deny) in sources {
        let mut account = Account::never_used(&["PendingDeletion"], TRACKED);
        deny(&mut account);
        let (receipt, failed) = account.handle_by(policy, &scheduled()).await;
        assert!(matches!(failed, Some(Unfinished::Unknown(_))), "{operation}: {receipt}");
        assert!(receipt["facts"][fact].to_string().contains(operation), "{operation}: {}", receipt["facts"]);
        assert_eq!((account.writes(), account.published.num_calls()), (0, 1), "{operation}");
        for (other, _, _) in sources.iter().filter(|(other, _, _)| *other != fact) {
            let told = receipt["facts"][other].to_string();
            assert!(
                !told.contains("AccessDenied") && !told.contains("not asked"),
                "{operation}, {other}: {told}"
            );
        }
        // Another source that shows use settles it all the same.
        let mut account = Account::never_used(&["PendingDeletion", "Disabled"], TRACKED);
        account.policies = mock!(Kms::list_key_policies).then_output(|| {
            ListKeyPoliciesOutput::builder().policy_names("default").policy_names("AWS_RAM").build()
        });
        if fact == "shared" {
            account.trails = trails(KEY);
        }
        deny(&mut account);
        let (receipt, _) = account.handle_by(policy, &scheduled()).await;
        assert_eq!(outcomes(&receipt)[0], ("key-not-pending-deletion", "applied"), "{operation}: {receipt}");
    }
}

#[tokio::test]
async fn an_answer_without_its_list_is_no_answer() {
    type Empty = fn(&mut Account);
    let sources: [(&str, Empty); 5] = [
        ("aliases", |it| {
            it.aliases = mock!(Kms::list_aliases).then_output(|| ListAliasesOutput::builder().build())
        }),
        ("grants", |it| {
            it.grants = mock!(Kms::list_grants).then_output(|| ListGrantsOutput::builder().build())
        }),
        ("shared", |it| {
            it.policies =
                mock!(Kms::list_key_policies).then_output(|| ListKeyPoliciesOutput::builder().build());
        }),
        ("trails", |it| {
            it.trails =
                mock!(CloudTrail::describe_trails).then_output(|| DescribeTrailsOutput::builder().build());
        }),
        ("log_groups", |it| {
            it.groups =
                mock!(Logs::describe_log_groups).then_output(|| DescribeLogGroupsOutput::builder().build());
        }),
    ];
    for (fact, empty) in sources {
        let mut account = Account::never_used(&["PendingDeletion"], TRACKED);
        empty(&mut account);
        let (receipt, _) = account.handle(&scheduled()).await;
        assert!(receipt["facts"][fact].to_string().contains("has no list"), "{fact}: {receipt}");
        assert_eq!(account.writes(), 0, "{fact}");
    }
}

#[tokio::test]
async fn every_page_of_a_list_counts() {
    let grants = mock!(Kms::list_grants)
        .match_requests(|request| request.key_id() == Some(KEY) && request.limit() == Some(100))
        .then_compute_output(|request| {
            let role = GrantListEntry::builder()
                .grant_id("g-1")
                .grantee_principal("arn:aws:iam::111122223333:role/app");
            let service =
                GrantListEntry::builder().grant_id("g-2").grantee_service_principal("dynamodb.amazonaws.com");
            match request.marker() {
                None => {
                    ListGrantsOutput::builder().grants(role.build()).truncated(true).next_marker("2").build()
                }
                Some(_) => ListGrantsOutput::builder().grants(service.build()).truncated(false).build(),
            }
        });
    let account = Account { grants, ..Account::never_used(&["Disabled", "Enabled"], TRACKED) };
    let (receipt, _) = account.handle(&disabled()).await;
    assert_eq!(outcomes(&receipt), [("key-enabled", "applied")], "{receipt}");
    assert!(
        receipt["findings"][0]["evidence"].to_string().contains("dynamodb.amazonaws.com holds the grant g-2")
    );
    assert_eq!((account.grants.num_calls(), account.groups.num_calls()), (2, 0));
}

#[tokio::test]
async fn only_an_alias_that_points_to_the_key_protects_it() {
    let policy = "mode = \"remediate\"\n[keys]\nprotect = [\"alias/prod-*\"]\n";
    for (target, expected) in [(ID, 1), ("1a2b3c4d-0000-4a4a-8b8b-000000000002", 0)] {
        let aliases = mock!(Kms::list_aliases)
            .match_requests(|request| request.key_id() == Some(KEY) && request.limit() == Some(100))
            .then_output(move || ListAliasesOutput::builder().aliases(alias("alias/prod-a", target)).build());
        let account = Account { aliases, ..Account::never_used(&["Disabled", "Enabled"], TRACKED) };
        account.handle_by(policy, &disabled()).await;
        assert_eq!(account.writes(), expected, "{target}");
    }
}

#[tokio::test]
async fn a_tag_that_protects_is_asked_for_if_policy_names_one() {
    let policy = "mode = \"remediate\"\n[keys]\nprotect_tags = { tier = \"prod\" }\n";
    let tags = mock!(Kms::list_resource_tags).then_output(|| {
        let tag = Tag::builder().tag_key("tier").tag_value("prod").build().unwrap();
        ListResourceTagsOutput::builder().tags(tag).build()
    });
    let account = Account { tags, ..Account::never_used(&["Disabled", "Enabled"], TRACKED) };
    let (receipt, _) = account.handle_by(policy, &disabled()).await;
    assert_eq!(outcomes(&receipt), [("key-enabled", "applied")], "{receipt}");
}

#[tokio::test]
async fn a_trail_that_names_its_key_by_id_or_alias_uses_it_too() {
    let by_alias = "arn:aws:kms:eu-central-1:111122223333:alias/some";
    for (named, expected) in
        [(KEY, 1), (ID, 1), (by_alias, 1), ("alias/some", 1), ("alias/else", 0), (OTHER, 0)]
    {
        let account =
            Account { trails: trails(named), ..Account::never_used(&["Disabled", "Enabled"], TRACKED) };
        account.handle(&disabled()).await;
        assert_eq!(account.writes(), expected, "{named}");
    }
    let account = Account { trails: trails("what?"), ..Account::never_used(&["Disabled"], TRACKED) };
    let (receipt, _) = account.handle(&disabled()).await;
    assert!(receipt["facts"]["trails"].to_string().contains("no key's name"), "{receipt}");
}

#[tokio::test]
async fn a_use_without_a_time_is_no_answer() {
    let last_use = mock!(Kms::get_key_last_usage).then_output(|| {
        let data = KeyLastUsageData::builder().operation(KeyLastUsageTrackingOperation::Decrypt);
        GetKeyLastUsageOutput::builder().key_last_usage(data.build()).build()
    });
    let account = Account { last_use, ..Account::of(&["PendingDeletion"]) };
    let (receipt, _) = account.handle(&scheduled()).await;
    assert!(receipt["facts"]["last_use"].to_string().contains("has no time"), "{receipt}");
    assert_eq!(account.writes(), 0);
}

#[tokio::test]
async fn of_a_key_that_is_gone_only_those_that_used_it_are_asked() {
    let describe = mock!(Kms::describe_key).then_http_response(|| error(400, "NotFoundException"));
    let groups = pages(vec![vec![group("/app/one", Some(KEY))]]);
    let account = Account { describe, groups, ..Account::of(&["Enabled"]) };
    let gone = json!({
        "version": "0", "id": "gone-1", "detail-type": "KMS CMK Deletion", "source": "aws.kms", "account": "111122223333",
        "time": "2026-11-03T09:12:44Z", "region": "eu-central-1", "resources": [KEY], "detail": { "key-id": ID },
    });
    let (receipt, _) = account.handle(&gone).await;
    assert_eq!(receipt["findings"][0]["id"], "key.deleted", "{receipt}");
    assert_eq!(receipt["findings"][0]["severity"], "critical");
    assert_eq!(
        account.calls(),
        [("DescribeKey", 1), ("DescribeTrails", 1), ("DescribeLogGroups", 1), ("Publish", 1)]
    );
}

#[tokio::test]
async fn a_description_that_leaves_out_name_or_state_is_no_answer() {
    let nameless = || {
        DescribeKeyOutput::builder().key_metadata(KeyMetadata::builder().key_id(ID).build().unwrap()).build()
    };
    let stateless = || {
        let metadata = KeyMetadata::builder().key_id(ID).arn(KEY).build();
        DescribeKeyOutput::builder().key_metadata(metadata.unwrap()).build()
    };
    let empty = || DescribeKeyOutput::builder().build();
    let rules = [
        mock!(Kms::describe_key).then_output(nameless),
        mock!(Kms::describe_key).then_output(stateless),
        mock!(Kms::describe_key).then_output(empty),
        mock!(Kms::describe_key).then_http_response(denied),
    ];
    for describe in rules {
        let account = Account { describe, ..Account::of(&["Enabled"]) };
        let (receipt, failed) = account.handle(&scheduled()).await;
        assert!(matches!(failed, Some(Unfinished::Unknown(_))), "{receipt}");
        assert_eq!(receipt["findings"][0]["id"], "key.state-unknown");
        assert_eq!(account.calls(), [("DescribeKey", 1), ("Publish", 1)]);
    }
}

#[tokio::test]
async fn a_key_of_another_account_or_region_is_never_asked_for() {
    let foreign = "arn:aws:kms:eu-central-1:999999999999:key/1a2b3c4d-0000-4a4a-8b8b-000000000001";
    let mut elsewhere = disabled();
    elsewhere["awsRegion"] = json!("us-east-1");
    let mut other = disabled();
    other["recipientAccountId"] = json!("999999999999");
    for event in [event("DisableKey", &json!({ "keyId": foreign })), elsewhere, other] {
        let account = Account::of(&["Disabled"]);
        let (receipt, failed) = account.handle(&event).await;
        assert!(matches!(failed, Some(Unfinished::Unknown(_))), "{receipt}");
        assert_eq!(account.calls(), [("Publish", 1)], "{event}");
    }
}

#[tokio::test]
async fn a_rotation_that_no_such_key_has_is_no_finding() {
    let switched = event("DisableKeyRotation", &json!({ "keyId": KEY }));
    let account = Account::of(&["Enabled"]);
    let (receipt, _) = account.handle(&switched).await;
    assert_eq!(receipt["findings"][0]["id"], "key.rotation-off", "{receipt}");
    assert_eq!(account.calls(), [("DescribeKey", 1), ("GetKeyRotationStatus", 1), ("Publish", 1)]);
    let unsupported = || error(400, "UnsupportedOperationException");
    let rotation = mock!(Kms::get_key_rotation_status).then_http_response(unsupported);
    let account = Account { rotation, ..Account::of(&["Enabled"]) };
    let (receipt, _) = account.handle(&switched).await;
    assert_eq!(receipt["verdict"], "compliant", "{receipt}");
}

#[tokio::test(start_paused = true)]
async fn log_groups_are_asked_for_at_the_pace_of_their_quota_and_as_long_as_there_is_time() {
    let endless: Vec<Vec<LogGroup>> =
        (0..1_000).map(|page| vec![group(&format!("/app/{page}"), None)]).collect();
    let account = Account { groups: pages(endless), ..Account::never_used(&["PendingDeletion"], TRACKED) };
    let (receipt, failed) = account.handle(&scheduled()).await;
    assert!(matches!(failed, Some(Unfinished::Unknown(_))), "{receipt}");
    let cut = receipt["facts"]["log_groups"]["cut_short"].as_str().unwrap();
    assert!(cut.contains("ran out of time after"), "{cut}");
    // Half of ten seconds, less than ten a second.
    let calls = account.groups.num_calls();
    assert!((30..=50).contains(&calls), "{calls}");
    assert_eq!(account.writes(), 0);
}
