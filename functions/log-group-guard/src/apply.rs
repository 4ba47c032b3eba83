//! Applies the effects: associates the key with exactly the group of the plan, then reads back.
//!
//! Makes no choices. It is called in the mode `remediate` only, and in any other the shield would refuse its calls.

use crate::gather::describe_group;
use sealwatch_policy::facts::Reading;
use sealwatch_policy::guards::log_group::{Effect, GroupState, look};
use sealwatch_policy::names::{KeyArn, KeyRef, LogGroupArn};
use sealwatch_policy::plan::{Outcome, Remedy};
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::deadline::{Deadline, Step};
use sealwatch_runtime::read_back::{PAUSE, Seen, after_trouble, read_back};
use sealwatch_runtime::trouble::{Kind, call};
use serde_json::json;

/// Ensures one effect; `None` if the group is gone.
pub async fn ensure(boot: &Boot, Effect { group, key }: &Effect, deadline: &Deadline) -> Option<Outcome> {
    let KeyRef::Key(key) = key else {
        let why = format!("AssociateKmsKey takes a key's ARN, and {key} is an alias");
        return Some(Outcome::Refused { why, remedies: Vec::new() });
    };
    loop {
        let asked = boot
            .clients
            .logs()
            .associate_kms_key()
            .log_group_name(group.name().as_str())
            .kms_key_id(key.to_string());
        let Err(trouble) = call(deadline, Step::Write, "logs:AssociateKmsKey", asked.send()).await else {
            let look = || seen(boot, group, key, deadline);
            return read_back(deadline, "AssociateKmsKey was accepted", || unseeable(group), look).await;
        };
        // Another call on the same group was under way.
        if trouble.is("OperationAbortedException") && deadline.has(Step::Write, PAUSE * 2) {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        // Whether it is the group that wasn't found, the group tells.
        if trouble.kind == Kind::Passing || trouble.is("ResourceNotFoundException") {
            return after_trouble(trouble, seen(boot, group, key, deadline).await);
        }
        let remedies = match trouble.kind {
            Kind::Denied => missing_access(group, key, &trouble.why),
            Kind::Passing | Kind::Refused => Vec::new(),
        };
        return Some(Outcome::Refused { why: trouble.why, remedies });
    }
}

async fn seen(boot: &Boot, group: &LogGroupArn, key: &KeyArn, deadline: &Deadline) -> Seen {
    match describe_group(boot, group, Step::Apply, deadline).await {
        Reading::Known(state) if state.key.as_deref() == Some(&key.to_string()) => Seen::Done,
        Reading::Absent => Seen::Gone,
        Reading::Known(GroupState { key: Some(other), .. }) => Seen::Never(Outcome::Failed {
            why: format!("reading back shows the key {other}, which somebody else has associated"),
        }),
        Reading::Unreadable(unreadable) => Seen::Unread(unreadable),
        Reading::Known(GroupState { key: None, .. }) | Reading::Assumed(_) | Reading::NotAsked => {
            Seen::Otherwise("no key".to_owned())
        }
    }
}

/// What a person does where the group can't be read back.
pub fn unseeable(group: &LogGroupArn) -> Vec<Remedy> {
    let step =
        "let this function's role call logs:DescribeLogGroups, and look whether the group has its key:";
    vec![Remedy::Step(step.to_owned()), look(group)]
}

/// What is missing after a denial. The preflight has read the key and found its policy open to CloudWatch
/// Logs, so it is this function's role, unless the text says otherwise.
fn missing_access(group: &LogGroupArn, key: &KeyArn, why: &str) -> Vec<Remedy> {
    let step = |text: &str| Remedy::Step(text.to_owned());
    let own = json!({ "Effect": "Allow", "Action": "logs:AssociateKmsKey", "Resource": group.to_string() });
    let describe = json!({ "Effect": "Allow", "Action": "kms:DescribeKey", "Resource": key.to_string() });
    if why.contains("is not authorized to perform: logs:AssociateKmsKey") {
        return vec![
            step("this function's role may not associate keys; add this statement to it:"),
            Remedy::Statement(own),
        ];
    }
    vec![
        step(
            "CloudWatch Logs may not use the key for this caller: either this function's role lacks kms:DescribeKey (add this statement to it),",
        ),
        Remedy::Statement(describe),
        step("or the key's policy was narrowed since it was read a moment ago; look at it:"),
        Remedy::Command(format!(
            "aws kms get-key-policy --region {} --key-id {key} --policy-name default --output text",
            key.place().region
        )),
    ]
}
