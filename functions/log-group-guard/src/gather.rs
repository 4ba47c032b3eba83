//! Gathers the facts: the group, then side by side what its state makes worth asking.
//!
//! The fewest calls that are exact: one DescribeLogGroups; for a group without a key also DescribeKey and
//! GetKeyPolicy of the key that policy names, and its tags if policy asks. Nothing here writes, and an
//! answer about another group, account or Region is no answer.

use aws_sdk_cloudwatchlogs::types::LogGroup;
use jiff::Timestamp;
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::{Reading, Unreadable};
use sealwatch_policy::guards::log_group::{Facts, GroupState, group_to_read, questions, too_early};
use sealwatch_policy::names::{LogGroupArn, Place};
use sealwatch_policy::untrusted::clean;
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::clients::Clients;
use sealwatch_runtime::deadline::{Deadline, Step};
use sealwatch_runtime::keys::Keys;
use sealwatch_runtime::looks::settled;
use sealwatch_runtime::trouble::{Trouble, call};
use std::collections::BTreeMap;

/// Reads the account, and remembers keys for a short while.
#[derive(Debug, Default)]
pub struct Reader {
    keys: Keys,
}

impl Reader {
    /// The facts about the group that a change names, read now.
    pub async fn gather(&self, boot: &Boot, change: &Change, now: Timestamp, deadline: &Deadline) -> Facts {
        let mut facts = Facts { group: Reading::NotAsked, tags: Reading::NotAsked, keys: BTreeMap::new() };
        let Some(group) = group_to_read(&boot.policy, change, now) else {
            return facts;
        };
        let read = || describe_group(boot, &group, Step::Gather, deadline);
        facts.group = settled(deadline, read, |found| too_early::group(change, found, now)).await;
        let Reading::Known(state) = &facts.group else {
            return facts;
        };
        let questions = questions(&boot.policy, &group, state, now);
        for reference in &questions.keys_if_at_hand {
            if let Some(reading) = self.keys.at_hand(reference) {
                facts.keys.insert(reference.clone(), reading);
            }
        }
        let tags = async {
            match questions.tags {
                true => tags(&boot.clients, &group, deadline).await,
                false => Reading::NotAsked,
            }
        };
        let (tags, keys) = tokio::join!(tags, self.keys.read(&boot.clients, questions.keys, deadline));
        facts.tags = tags;
        facts.keys.extend(keys);
        facts
    }

    /// Forgets all keys, when one has kept a group from being repaired: it may be mended the next minute.
    pub fn forget_keys(&self) {
        self.keys.forget();
    }
}

/// The state of exactly this group.
///
/// A prefix is no name, but results come sorted by name, so the group itself, if it exists, is the first.
pub async fn describe_group(
    boot: &Boot,
    group: &LogGroupArn,
    step: Step,
    deadline: &Deadline,
) -> Reading<GroupState> {
    if let Some(unreadable) = boot.foreign(group.place()) {
        return Reading::Unreadable(unreadable);
    }
    let name = group.name().as_str();
    let listed = match first_groups(&boot.clients, name, step, deadline).await {
        Ok(listed) => listed,
        Err(unreadable) => return Reading::Unreadable(unreadable),
    };
    match listed.iter().find(|found| found.log_group_name() == Some(name)) {
        Some(found) => state_of(found, group),
        None => boot.absent("such log group"),
    }
}

/// The first groups whose names begin with `prefix`. A page may be empty and still have another behind it.
async fn first_groups(
    clients: &Clients,
    prefix: &str,
    step: Step,
    deadline: &Deadline,
) -> Result<Vec<LogGroup>, Unreadable> {
    const OPERATION: &str = "logs:DescribeLogGroups";
    let mut next = None;
    loop {
        let asked = clients.logs().describe_log_groups().log_group_name_prefix(prefix).set_next_token(next);
        let answer = call(deadline, step, OPERATION, asked.send()).await?;
        let Some(listed) = answer.log_groups else {
            return Err(Trouble::unclear(OPERATION, "the answer has no list of log groups").into());
        };
        if !listed.is_empty() || answer.next_token.is_none() {
            return Ok(listed);
        }
        next = answer.next_token;
    }
}

/// Holds the answer against the account and Region that the event named.
fn state_of(found: &LogGroup, group: &LogGroupArn) -> Reading<GroupState> {
    let arn = found.log_group_arn().or(found.arn()).unwrap_or_default();
    match LogGroupArn::parse(arn) {
        Ok(arn) if arn == *group => Reading::Known(GroupState {
            key: found.kms_key_id().filter(|key| !key.is_empty()).map(|key| clean(key, 256)),
            class: found.log_group_class().map(|class| clean(class.as_str(), 60)),
            created: found.creation_time().and_then(|time| Timestamp::from_millisecond(time).ok()),
        }),
        Ok(arn) => {
            let Place { account, region } = arn.place();
            let why =
                format!("DescribeLogGroups answers for account {account} in {region}, not for the event's");
            Reading::Unreadable(Unreadable::for_good(why))
        }
        Err(error) => Reading::Unreadable(Unreadable::for_good(format!("DescribeLogGroups: {error}"))),
    }
}

async fn tags(
    clients: &Clients,
    group: &LogGroupArn,
    deadline: &Deadline,
) -> Reading<BTreeMap<String, String>> {
    let asked = clients.logs().list_tags_for_resource().resource_arn(group.to_string());
    match call(deadline, Step::Gather, "logs:ListTagsForResource", asked.send()).await {
        // Whether an untagged group's are empty or left out isn't documented; the call names no other group.
        Ok(answer) => Reading::Known(answer.tags().cloned().unwrap_or_default().into_iter().collect()),
        Err(trouble) if trouble.is("ResourceNotFoundException") => Reading::Absent,
        Err(trouble) => Reading::Unreadable(trouble.into()),
    }
}
