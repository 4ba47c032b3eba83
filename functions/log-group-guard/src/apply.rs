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
use sealwatch_runtime::read_back::{PAUSE, Seen, read_back};
use sealwatch_runtime::trouble::{Kind, Trouble, call};
use serde_json::json;

const ACCEPTED: &str = "AssociateKmsKey was accepted";

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
        match call(deadline, Step::Write, "logs:AssociateKmsKey", asked.send()).await {
            Ok(_) => {
                let look = || seen(boot, group, key, deadline);
                return read_back(deadline, ACCEPTED, || unseeable(group), look).await;
            }
            // Another call on the same group was under way.
            Err(trouble)
                if trouble.is("OperationAbortedException") && deadline.has(Step::Write, PAUSE * 2) =>
            {
                tokio::time::sleep(PAUSE).await;
            }
            Err(trouble) => return after_trouble(boot, group, key, trouble, deadline).await,
        }
    }
}

async fn after_trouble(
    boot: &Boot,
    group: &LogGroupArn,
    key: &KeyArn,
    trouble: Trouble,
    deadline: &Deadline,
) -> Option<Outcome> {
    match trouble.kind {
        // Whether it is the group that wasn't found, the group tells.
        _ if trouble.is("ResourceNotFoundException") => {
            after_no_answer(boot, group, key, trouble, deadline).await
        }
        Kind::Passing => after_no_answer(boot, group, key, trouble, deadline).await,
        Kind::Denied => {
            let remedies = missing_access(group, key, &trouble.why);
            Some(Outcome::Refused { why: trouble.why, remedies })
        }
        Kind::Refused => Some(Outcome::Refused { why: trouble.why, remedies: Vec::new() }),
    }
}

/// A call without an answer may have been carried out; the group tells. `None` if the group is gone.
async fn after_no_answer(
    boot: &Boot,
    group: &LogGroupArn,
    key: &KeyArn,
    trouble: Trouble,
    deadline: &Deadline,
) -> Option<Outcome> {
    match seen(boot, group, key, deadline).await {
        Seen::Done => Some(Outcome::Applied),
        Seen::Gone => None,
        Seen::Otherwise(_) | Seen::Never(_) | Seen::Unread(_) => Some(Outcome::Failed { why: trouble.why }),
    }
}

async fn seen(boot: &Boot, group: &LogGroupArn, key: &KeyArn, deadline: &Deadline) -> Seen {
    match describe_group(boot, group, Step::Apply, deadline).await {
        Reading::Known(state) if state.key.as_deref() == Some(&key.to_string()) => Seen::Done,
        Reading::Absent => Seen::Gone,
        // Somebody else has associated another one since.
        Reading::Known(GroupState { key: Some(other), .. }) => Seen::Never(Outcome::Failed {
            why: format!("{ACCEPTED}, but reading back shows the key {other}"),
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
