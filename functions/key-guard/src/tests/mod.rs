//! The guard against an AWS that answers as the test says: which calls with which parameters, and what
//! becomes of answers that no emulator can be made to give.

mod apply;
mod early;
mod past;
mod sources;

use super::*;
use aws_sdk_cloudtrail::Client as CloudTrail;
use aws_sdk_cloudtrail::operation::describe_trails::DescribeTrailsOutput;
use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::types::{Event, Trail};
use aws_sdk_cloudwatchlogs::Client as Logs;
use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsOutput;
use aws_sdk_cloudwatchlogs::types::LogGroup;
use aws_sdk_kms::Client as Kms;
use aws_sdk_kms::operation::cancel_key_deletion::CancelKeyDeletionOutput;
use aws_sdk_kms::operation::describe_key::DescribeKeyOutput;
use aws_sdk_kms::operation::enable_key::EnableKeyOutput;
use aws_sdk_kms::operation::get_key_last_usage::GetKeyLastUsageOutput;
use aws_sdk_kms::operation::get_key_policy::GetKeyPolicyOutput;
use aws_sdk_kms::operation::get_key_rotation_status::GetKeyRotationStatusOutput;
use aws_sdk_kms::operation::list_aliases::ListAliasesOutput;
use aws_sdk_kms::operation::list_grants::ListGrantsOutput;
use aws_sdk_kms::operation::list_key_policies::ListKeyPoliciesOutput;
use aws_sdk_kms::operation::list_resource_tags::ListResourceTagsOutput;
use aws_sdk_kms::types::{
    AliasListEntry, KeyLastUsageData, KeyLastUsageTrackingOperation, KeyMetadata, KeyState, OriginType,
};
use aws_sdk_sns::Client as Sns;
use aws_sdk_sns::operation::publish::PublishOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use lambda_runtime::{Context, LambdaEvent};
use sealwatch_policy::names::Region;
use sealwatch_runtime::clients::Clients;
use sealwatch_runtime::desk::Unfinished;
use serde_json::json;
use serde_json::value::to_raw_value;
use std::io::Write;
use std::sync::{Arc, Mutex};

const ID: &str = "1a2b3c4d-0000-4a4a-8b8b-000000000001";
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-0000-4a4a-8b8b-000000000001";
const OTHER: &str = "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-0000-4a4a-8b8b-000000000002";
/// In seconds since 1970: the key was made on 2020-01-01.
const CREATED: i64 = 1_577_836_800;

/// An AWS account, one rule a call.
struct Account {
    describe: Rule,
    aliases: Rule,
    tags: Rule,
    last_use: Rule,
    grants: Rule,
    policies: Rule,
    policy: Rule,
    rotation: Rule,
    trails: Rule,
    groups: Rule,
    lookup: Rule,
    cancel: Rule,
    enable: Rule,
    published: Rule,
    printed: Printed,
}

/// What the function prints.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Account {
    /// A key that shows these states, one look after the other, the last for good. It was used ten days ago, and nothing
    /// else shows it to be in use.
    fn of(states: &[&'static str]) -> Self {
        let now = Timestamp::now().as_second();
        Self {
            describe: describe(states),
            aliases: mock!(Kms::list_aliases)
                .then_output(|| ListAliasesOutput::builder().aliases(alias("alias/some", ID)).build()),
            tags: mock!(Kms::list_resource_tags)
                .then_output(|| ListResourceTagsOutput::builder().set_tags(Some(Vec::new())).build()),
            last_use: last_use(Some(now - 10 * 86_400), CREATED),
            grants: mock!(Kms::list_grants)
                .then_output(|| ListGrantsOutput::builder().set_grants(Some(Vec::new())).build()),
            policies: mock!(Kms::list_key_policies)
                .then_output(|| ListKeyPoliciesOutput::builder().policy_names("default").build()),
            policy: mock!(Kms::get_key_policy).then_output(|| {
                let root = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" });
                let document = json!({ "Version": "2012-10-17", "Statement": [root] });
                GetKeyPolicyOutput::builder().policy(document.to_string()).build()
            }),
            rotation: mock!(Kms::get_key_rotation_status)
                .then_output(|| GetKeyRotationStatusOutput::builder().key_rotation_enabled(false).build()),
            trails: mock!(CloudTrail::describe_trails)
                .then_output(|| DescribeTrailsOutput::builder().set_trail_list(Some(Vec::new())).build()),
            groups: pages(vec![vec![group("/app/one", None)]]),
            lookup: history(Vec::new()),
            cancel: mock!(Kms::cancel_key_deletion)
                .match_requests(|request| request.key_id() == Some(KEY))
                .then_output(|| CancelKeyDeletionOutput::builder().key_id(KEY).build()),
            enable: mock!(Kms::enable_key)
                .match_requests(|request| request.key_id() == Some(KEY))
                .then_output(|| EnableKeyOutput::builder().build()),
            published: mock!(Sns::publish).then_output(|| PublishOutput::builder().message_id("1").build()),
            printed: Printed::default(),
        }
    }

    /// The same, last used never; made on the day that is given in seconds since 1970, tracked since 2026-04-23.
    fn never_used(states: &[&'static str], created: i64) -> Self {
        Self { last_use: last_use(None, created), ..Self::of(states) }
    }

    fn guard(&self, policy: &str) -> Function<KeyGuard> {
        let policy = Policy::parse(policy).unwrap();
        let kms = [
            &self.describe,
            &self.aliases,
            &self.tags,
            &self.last_use,
            &self.grants,
            &self.policies,
            &self.policy,
            &self.rotation,
            &self.cancel,
            &self.enable,
        ];
        let boot = Boot {
            guard: Guard::Key,
            mode: policy.mode_of(Guard::Key),
            policy,
            region: Region::parse("eu-central-1").unwrap(),
            role: None,
            topic: Some("arn:aws:sns:eu-central-1:111122223333:pages".to_owned()),
            clients: Clients::of(
                mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&self.groups]),
                mock_client!(aws_sdk_kms, RuleMode::MatchAny, kms),
                mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&self.published]),
                mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, [&self.trails, &self.lookup]),
            ),
        };
        Function::new(boot, Desk::writing_to(self.printed.clone()), KeyGuard::default())
    }

    /// Handles one event in the mode `remediate`: the receipt, and why the invocation fails if it does.
    async fn handle(&self, event: &Value) -> (Value, Option<Unfinished>) {
        self.handle_by("mode = \"remediate\"\n", event).await
    }

    async fn handle_by(&self, policy: &str, event: &Value) -> (Value, Option<Unfinished>) {
        self.handle_in(&self.guard(policy), event).await
    }

    /// The same in an instance that may have handled others before.
    async fn handle_in(&self, guard: &Function<KeyGuard>, event: &Value) -> (Value, Option<Unfinished>) {
        self.handle_within(10_000, guard, event).await
    }

    /// The same with so many milliseconds.
    async fn handle_within(
        &self,
        left: i64,
        guard: &Function<KeyGuard>,
        event: &Value,
    ) -> (Value, Option<Unfinished>) {
        let mut context = Context::default();
        context.deadline = u64::try_from(Timestamp::now().as_millisecond() + left).unwrap();
        context.invoked_function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:guard".to_owned();
        let unfinished = guard.handle(LambdaEvent::new(to_raw_value(event).unwrap(), context)).await.err();
        let printed = String::from_utf8(self.printed.0.lock().unwrap().clone()).unwrap();
        (serde_json::from_str(printed.lines().last().unwrap()).unwrap(), unfinished)
    }

    /// The calls that were made, each with its number.
    fn calls(&self) -> Vec<(&'static str, usize)> {
        let rules = [
            ("DescribeKey", &self.describe),
            ("ListAliases", &self.aliases),
            ("ListResourceTags", &self.tags),
            ("GetKeyLastUsage", &self.last_use),
            ("ListGrants", &self.grants),
            ("ListKeyPolicies", &self.policies),
            ("GetKeyPolicy", &self.policy),
            ("GetKeyRotationStatus", &self.rotation),
            ("DescribeTrails", &self.trails),
            ("DescribeLogGroups", &self.groups),
            ("LookupEvents", &self.lookup),
            ("CancelKeyDeletion", &self.cancel),
            ("EnableKey", &self.enable),
            ("Publish", &self.published),
        ];
        rules.iter().map(|(name, rule)| (*name, rule.num_calls())).filter(|(_, calls)| *calls > 0).collect()
    }

    fn writes(&self) -> usize {
        self.cancel.num_calls() + self.enable.num_calls()
    }
}

fn describe(states: &[&'static str]) -> Rule {
    let mut looks =
        mock!(Kms::describe_key).match_requests(|request| request.key_id() == Some(KEY)).sequence();
    for state in states.iter().copied() {
        looks = looks.output(move || described(state));
    }
    looks.repeatedly().build()
}

fn described(state: &str) -> DescribeKeyOutput {
    let metadata = KeyMetadata::builder()
        .key_id(ID)
        .arn(KEY)
        .key_state(KeyState::from(state))
        .origin(OriginType::AwsKms)
        .creation_date(DateTime::from_secs(CREATED))
        .multi_region(false)
        .build();
    DescribeKeyOutput::builder().key_metadata(metadata.unwrap()).build()
}

fn last_use(used: Option<i64>, created: i64) -> Rule {
    mock!(Kms::get_key_last_usage).match_requests(|request| request.key_id() == Some(KEY)).then_output(
        move || {
            let data = KeyLastUsageData::builder();
            let data = match used {
                Some(time) => data
                    .operation(KeyLastUsageTrackingOperation::Decrypt)
                    .timestamp(DateTime::from_secs(time))
                    .cloud_trail_event_id("use-1"),
                None => data,
            };
            // 2026-04-23, or the day the key was made.
            let since = created.max(1_776_902_400);
            GetKeyLastUsageOutput::builder()
                .key_id(ID)
                .key_last_usage(data.build())
                .tracking_start_date(DateTime::from_secs(since))
                .key_creation_date(DateTime::from_secs(created))
                .build()
        },
    )
}

fn alias(name: &str, target: &str) -> AliasListEntry {
    AliasListEntry::builder().alias_name(name).target_key_id(target).build()
}

fn group(name: &str, key: Option<&str>) -> LogGroup {
    LogGroup::builder()
        .log_group_name(name)
        .log_group_arn(format!("arn:aws:logs:eu-central-1:111122223333:log-group:{name}"))
        .set_kms_key_id(key.map(str::to_owned))
        .build()
}

/// The account's log groups, page by page.
fn pages(pages: Vec<Vec<LogGroup>>) -> Rule {
    mock!(Logs::describe_log_groups)
        .match_requests(|request| request.limit() == Some(50) && request.log_group_name_prefix().is_none())
        .then_compute_output(move |request| {
            let number: usize = request.next_token().map_or(0, |token| token.parse().unwrap());
            let next = (number + 1 < pages.len()).then(|| (number + 1).to_string());
            DescribeLogGroupsOutput::builder()
                .set_log_groups(Some(pages[number].clone()))
                .set_next_token(next)
                .build()
        })
}

fn trails(key: &'static str) -> Rule {
    mock!(CloudTrail::describe_trails)
        .match_requests(|request| {
            request.include_shadow_trails() == Some(true) && request.trail_name_list().is_empty()
        })
        .then_output(move || {
            let trail = Trail::builder()
                .trail_arn("arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit")
                .kms_key_id(key)
                .build();
            DescribeTrailsOutput::builder().trail_list(trail).build()
        })
}

/// CloudTrail's event history: what is recorded of each name, in this order.
fn history(records: Vec<Value>) -> Rule {
    mock!(CloudTrail::lookup_events).then_compute_output(move |request| {
        let name = request.lookup_attributes()[0].attribute_value();
        let found = records.iter().filter(|record| record["eventName"] == json!(name));
        let events =
            found.map(|record| Event::builder().event_id("x").cloud_trail_event(record.to_string()).build());
        LookupEventsOutput::builder().set_events(Some(events.collect())).build()
    })
}

fn error(status: u16, code: &str) -> HttpResponse {
    let body = json!({ "__type": code, "message": "said so" }).to_string();
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))
}

fn denied() -> HttpResponse {
    error(400, "AccessDeniedException")
}

fn event(name: &str, request: &Value) -> Value {
    past(&format!("{name}-1"), name, &Timestamp::now().to_string(), request)
}

fn past(id: &str, name: &str, time: &str, request: &Value) -> Value {
    json!({
        "eventSource": "kms.amazonaws.com", "eventName": name, "eventID": id, "awsRegion": "eu-central-1",
        "eventTime": time, "recipientAccountId": "111122223333", "requestParameters": request,
        "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/somebody" },
    })
}

fn scheduled() -> Value {
    event("ScheduleKeyDeletion", &json!({ "keyId": ID, "pendingWindowInDays": 7 }))
}

fn disabled() -> Value {
    event("DisableKey", &json!({ "keyId": KEY }))
}

fn outcomes(receipt: &Value) -> Vec<(&str, &str)> {
    let effects = receipt["effects"].as_array().unwrap().iter();
    effects.map(|it| (it["ensure"].as_str().unwrap(), it["outcome"].as_str().unwrap())).collect()
}
