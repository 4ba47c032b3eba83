//! Where a trail delivers, held against history and the policy's list.

use super::*;

#[test]
fn a_destination_is_held_against_history_or_the_list() {
    let update = |request: Value| change_of(&record("UpdateTrail", request));
    let bucket = || update(json!({ "name": "audit", "s3BucketName": "example-trail-logs" }));
    let earlier = |changed: fn(&mut Settings)| {
        let mut settings = good_settings();
        changed(&mut settings);
        Facts { earlier: Reading::Known(settings), ..good() }
    };
    let elsewhere = |it: &mut Settings| it.bucket = Named::Is("old-bucket".to_owned());
    let listed = |buckets: &str| policy(&format!("{POLICY}buckets = [{buckets}]\n"));
    let judge = |policy: &Policy, change: &Change, facts: &Facts| {
        decide(policy, change, facts, NOW.parse().unwrap())
            .findings
            .iter()
            .map(|it| (it.id, it.severity))
            .collect::<Vec<_>>()
    };
    let plain = policy(POLICY);
    let moved = vec![("trail.redirected", Severity::High)];
    let unsure = vec![("trail.redirected", Severity::Medium)];
    assert_eq!(judge(&plain, &bucket(), &earlier(|_| {})), [], "the console names the bucket it has");
    assert_eq!(judge(&plain, &bucket(), &earlier(elsewhere)), moved);
    assert_eq!(
        judge(&plain, &update(json!({ "name": "audit" })), &earlier(elsewhere)),
        [],
        "the call didn't move it"
    );
    let hidden = judge(&plain, &update(json!(null)), &earlier(elsewhere));
    assert_eq!(hidden, [("trail.target-unclear", Severity::High)], "nor does it say of what");
    let mut omitted = bucket();
    omitted.request = Value::Null;
    omitted.response = json!({ "trailARN": TRAIL, "s3BucketName": "example-trail-logs" });
    assert_eq!(judge(&plain, &omitted, &earlier(elsewhere)), moved, "the record hides what the call named");
    assert_eq!(
        judge(&plain, &change("CreateTrail"), &earlier(elsewhere)),
        moved,
        "made again under its name"
    );
    assert_eq!(judge(&plain, &change("CreateTrail"), &Facts { earlier: Reading::Absent, ..good() }), []);
    assert_eq!(judge(&plain, &bucket(), &Facts { earlier: Reading::Absent, ..good() }), unsure);
    assert_eq!(
        judge(&plain, &bucket(), &Facts { earlier: Reading::Unreadable(unreadable()), ..good() }),
        unsure
    );
    assert_eq!(judge(&plain, &bucket(), &Facts { earlier: Reading::Assumed(good_settings()), ..good() }), []);
    assert_eq!(judge(&listed("\"example-*\""), &bucket(), &Facts { earlier: Reading::Absent, ..good() }), []);
    assert_eq!(
        judge(&listed("\"central-logs\""), &change("StartLogging"), &good()),
        moved,
        "whatever the call"
    );
    let topic = || update(json!({ "name": "audit", "snsTopicName": "" }));
    let had_topic =
        |it: &mut Settings| it.topic = Named::Is("arn:aws:sns:eu-central-1:111122223333:trails".to_owned());
    assert_eq!(judge(&listed("\"example-*\""), &topic(), &earlier(had_topic)), moved);
    let prefix = || update(json!({ "name": "audit", "s3KeyPrefix": "hidden" }));
    let had_prefix = |it: &mut Settings| it.prefix = Named::Is("shown".to_owned());
    let here = listed("\"example-*\"");
    assert_eq!(judge(&here, &prefix(), &earlier(had_prefix)), moved, "a list of buckets knows no prefix");
    assert_eq!(judge(&here, &prefix(), &earlier(|_| {})), []);
    assert_eq!(judge(&here, &bucket(), &earlier(had_prefix)), [], "the call didn't move it");
    assert_eq!(judge(&here, &prefix(), &Facts { earlier: Reading::Absent, ..good() }), unsure);
    let group = || update(json!({ "name": "audit", "cloudWatchLogsLogGroupArn": "" }));
    let had_group = |it: &mut Settings| {
        it.log_group = Named::Is("arn:aws:logs:eu-central-1:111122223333:log-group:trails:*".to_owned())
    };
    assert_eq!(judge(&plain, &group(), &earlier(had_group)), moved);
    assert_eq!(judge(&plain, &group(), &earlier(|_| {})), []);
}

#[test]
fn a_redirected_trail_is_set_back_by_one_exact_command() {
    let command = |policy: &Policy, request: Value, earlier: fn(&mut Settings), now: fn(&mut Settings)| {
        let mut before = good_settings();
        earlier(&mut before);
        let facts = Facts { earlier: Reading::Known(before), ..with_settings(now) };
        let plan = decide(policy, &change_of(&record("UpdateTrail", request)), &facts, NOW.parse().unwrap());
        assert_eq!(ids(&plan), ["trail.redirected"]);
        plan.findings[0].remedies[1].to_string()
    };
    let update =
        |options: &str| format!("aws cloudtrail update-trail --region eu-central-1 --name {TRAIL} {options}");
    let plain = policy(POLICY);
    assert_eq!(
        command(
            &plain,
            json!({ "name": "audit", "s3BucketName": "mine", "s3KeyPrefix": "a b" }),
            |_| {},
            |it| {
                it.bucket = Named::Is("mine".to_owned());
                it.prefix = Named::Is("a b".to_owned());
            },
        ),
        update("--s3-bucket-name example-trail-logs --s3-key-prefix ''")
    );
    // The AWS CLI would read that file, and its content would be the prefix.
    assert_eq!(
        command(
            &plain,
            json!({ "name": "audit", "s3KeyPrefix": "new" }),
            |it| it.prefix = Named::Is("file:///etc/passwd".to_owned()),
            |it| it.prefix = Named::Is("new".to_owned()),
        ),
        update(r#"--cli-input-json '{"S3KeyPrefix":"file:///etc/passwd"}'"#)
    );
    assert_eq!(
        command(
            &plain,
            json!({ "name": "audit", "snsTopicName": "", "cloudWatchLogsLogGroupArn": "" }),
            |it| {
                it.topic = Named::Is("arn:aws:sns:eu-central-1:111122223333:t".to_owned());
                it.log_group = Named::Is("arn:aws:logs:eu-central-1:111122223333:log-group:t:*".to_owned());
                it.log_role = Named::Is("arn:aws:iam::111122223333:role/r".to_owned());
            },
            |_| {},
        ),
        update(
            "--sns-topic-name arn:aws:sns:eu-central-1:111122223333:t --cloud-watch-logs-log-group-arn 'arn:aws:logs:eu-central-1:111122223333:log-group:t:*' --cloud-watch-logs-role-arn arn:aws:iam::111122223333:role/r"
        )
    );
    let listed = policy(&format!("{POLICY}buckets = [\"central-*\"]\n"));
    assert_eq!(
        command(&listed, json!({ "name": "audit" }), |_| {}, |_| {}),
        update("--s3-bucket-name BUCKET")
    );
}

#[test]
fn another_role_for_the_same_log_group_is_set_back_with_it() {
    const GROUP: &str = "arn:aws:logs:eu-central-1:111122223333:log-group:t:*";
    let role = |name: &str| Named::Is(format!("arn:aws:iam::111122223333:role/{name}"));
    let with = |group: &str, name: &str| Settings {
        log_group: Named::Is(group.to_owned()),
        log_role: role(name),
        ..good_settings()
    };
    let told = |now: Settings| {
        let facts = Facts {
            trail: Reading::Known(TrailState { arn: trail(), settings: now }),
            earlier: Reading::Known(with(GROUP, "writer")),
            ..good()
        };
        let call = json!({ "name": "audit", "cloudWatchLogsRoleArn": "arn:aws:iam::111122223333:role/x" });
        plan(&change_of(&record("UpdateTrail", call)), &facts)
    };
    let swapped = told(with(GROUP, "scratch"));
    let finding = &swapped.findings[0];
    assert_eq!(
        finding.evidence,
        [
            "the role by which it writes to its log group was arn:aws:iam::111122223333:role/writer and is arn:aws:iam::111122223333:role/scratch"
        ]
    );
    let back = format!(
        "aws cloudtrail update-trail --region eu-central-1 --name {TRAIL} --cloud-watch-logs-log-group-arn '{GROUP}' --cloud-watch-logs-role-arn arn:aws:iam::111122223333:role/writer"
    );
    assert_eq!(finding.remedies[1].to_string(), back);
    let both = told(with("arn:aws:logs:eu-central-1:111122223333:log-group:u:*", "scratch"));
    assert_eq!((both.findings[0].evidence.len(), both.findings[0].remedies[1].to_string()), (1, back));
    assert_eq!(ids(&told(with(GROUP, "writer"))), [""; 0]);
}

#[test]
fn a_list_of_buckets_is_asked_for_where_it_would_help() {
    let steps = |policy: &Policy, request: Value| {
        let facts = Facts { earlier: Reading::Absent, ..good() };
        let plan = decide(policy, &change_of(&record("UpdateTrail", request)), &facts, NOW.parse().unwrap());
        assert_eq!(ids(&plan), ["trail.redirected"]);
        let told: Vec<String> = plan.findings[0].remedies.iter().map(ToString::to_string).collect();
        told.join("\n").contains("list its bucket")
    };
    let prefix = || json!({ "name": "audit", "s3KeyPrefix": "elsewhere" });
    assert!(steps(&policy(POLICY), prefix()));
    assert!(!steps(&policy(&format!("{POLICY}buckets = [\"example-*\"]\n")), prefix()), "it is listed");
}
