//! Gathers the facts: the group, then side by side what its state makes worth asking.
//!
//! The fewest calls that are exact: one DescribeLogGroups; for a group without a key also DescribeKey and
//! GetKeyPolicy of the key that policy names, and its tags if policy asks. Nothing here writes, and an
//! answer about another group, account or Region is no answer.

use aws_sdk_cloudwatchlogs::types::LogGroup;
use aws_sdk_kms::types::KeyMetadata;
use jiff::Timestamp;
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::{
    KeyFacts, KeyManager, KeyPolicyFact, KeyReading, KeySpec, KeyState, KeyUsage, Reading, Unreadable,
};
use sealwatch_policy::guards::log_group::{Facts, GroupState, group_to_read, questions};
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_policy::names::{KeyArn, KeyRef, LogGroupArn, Place};
use sealwatch_policy::untrusted::clean;
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::clients::Clients;
use sealwatch_runtime::deadline::{Deadline, Step};
use sealwatch_runtime::trouble::{Trouble, call};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a key's facts may serve. They only tell whether the key is fit; what is wrong with the group
/// is read for each event.
const KEY_AGE_LIMIT: Duration = Duration::from_secs(60);

/// Reads the account, and remembers keys for a short while.
#[derive(Debug, Default)]
pub struct Reader {
    keys: Mutex<BTreeMap<KeyRef, (Instant, KeyFacts)>>,
}

impl Reader {
    /// The facts about the group that a change names, read now.
    pub async fn gather(&self, boot: &Boot, change: &Change, now: Timestamp, deadline: &Deadline) -> Facts {
        let mut facts = Facts { group: Reading::NotAsked, tags: Reading::NotAsked, keys: BTreeMap::new() };
        let Some(group) = group_to_read(&boot.policy, change, now) else {
            return facts;
        };
        facts.group = describe_group(boot, &group, Step::Gather, deadline).await;
        let Reading::Known(state) = &facts.group else {
            return facts;
        };
        let questions = questions(&boot.policy, &group, state, now);
        for reference in &questions.keys_if_at_hand {
            if let Some(known) = self.remembered_by_arn(reference) {
                facts.keys.insert(reference.clone(), KeyReading::Known(Box::new(known)));
            }
        }
        let tags = async {
            match questions.tags {
                true => tags(&boot.clients, &group, deadline).await,
                false => Reading::NotAsked,
            }
        };
        let (tags, keys) = tokio::join!(tags, self.keys(&boot.clients, questions.keys, deadline));
        facts.tags = tags;
        facts.keys.extend(keys);
        facts
    }

    /// Forgets all keys, when one has kept a group from being repaired: it may be mended the next minute.
    pub fn forget_keys(&self) {
        self.locked(BTreeMap::clear);
    }

    async fn keys(
        &self,
        clients: &Clients,
        wanted: BTreeSet<KeyRef>,
        deadline: &Deadline,
    ) -> Vec<(KeyRef, KeyReading)> {
        let mut readings = Vec::new();
        // Mostly one key; several only where policy approves keys by alias.
        for reference in wanted {
            let reading = match self.remembered(&reference) {
                Some(facts) => KeyReading::Known(Box::new(facts)),
                None => read_key(clients, &reference, deadline).await,
            };
            if let KeyReading::Known(facts) = &reading {
                self.remember(&reference, facts);
            }
            readings.push((reference, reading));
        }
        readings
    }

    fn remember(&self, reference: &KeyRef, facts: &KeyFacts) {
        if matches!(facts.policy, KeyPolicyFact::Known(_)) {
            self.locked(|keys| {
                keys.entry(reference.clone()).or_insert_with(|| (Instant::now(), facts.clone()));
            });
        }
    }

    fn remembered(&self, reference: &KeyRef) -> Option<KeyFacts> {
        self.locked(|keys| {
            keys.retain(|_, (read_at, _)| read_at.elapsed() < KEY_AGE_LIMIT);
            keys.get(reference).map(|(_, facts)| facts.clone())
        })
    }

    fn remembered_by_arn(&self, reference: &KeyRef) -> Option<KeyFacts> {
        let KeyRef::Key(arn) = reference else { return None };
        self.locked(|keys| {
            keys.retain(|_, (read_at, _)| read_at.elapsed() < KEY_AGE_LIMIT);
            keys.values().find(|(_, facts)| facts.arn == *arn).map(|(_, facts)| facts.clone())
        })
    }

    fn locked<T>(&self, with: impl FnOnce(&mut BTreeMap<KeyRef, (Instant, KeyFacts)>) -> T) -> T {
        with(&mut self.keys.lock().unwrap_or_else(PoisonError::into_inner))
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
    if group.place().region != boot.region {
        let why =
            format!("this function reads {}, the log group is in {}", boot.region, group.place().region);
        return Reading::Unreadable(Unreadable::for_good(why));
    }
    let asked = boot.clients.logs().describe_log_groups().log_group_name_prefix(group.name().as_str());
    let answer = match call(deadline, step, "logs:DescribeLogGroups", asked.send()).await {
        Ok(answer) => answer,
        Err(trouble) => return Reading::Unreadable(trouble.into()),
    };
    let found =
        answer.log_groups().iter().find(|found| found.log_group_name() == Some(group.name().as_str()));
    match found {
        Some(found) => state_of(found, group),
        None => Reading::Absent,
    }
}

/// Holds the answer against the account and Region that the event named.
fn state_of(found: &LogGroup, group: &LogGroupArn) -> Reading<GroupState> {
    let arn = found.log_group_arn().or(found.arn()).unwrap_or_default();
    match LogGroupArn::parse(arn) {
        Ok(arn) if arn == *group => Reading::Known(GroupState {
            key: found.kms_key_id().filter(|key| !key.is_empty()).map(|key| clean(key, 256)),
            class: found.log_group_class().map(|class| clean(class.as_str(), 60)),
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
        Ok(answer) => Reading::Known(answer.tags().cloned().unwrap_or_default().into_iter().collect()),
        Err(trouble) if trouble.is("ResourceNotFoundException") => Reading::Absent,
        Err(trouble) => Reading::Unreadable(trouble.into()),
    }
}

/// A key with its policy: side by side by ARN, one after the other by alias, which GetKeyPolicy doesn't take.
async fn read_key(clients: &Clients, reference: &KeyRef, deadline: &Deadline) -> KeyReading {
    let (described, policy) = match reference {
        KeyRef::Key(arn) => {
            tokio::join!(describe_key(clients, reference, deadline), key_policy(clients, arn, deadline))
        }
        KeyRef::Alias { .. } => match describe_key(clients, reference, deadline).await {
            Ok((arn, metadata)) => {
                let policy = key_policy(clients, &arn, deadline).await;
                (Ok((arn, metadata)), policy)
            }
            Err(error) => return unread(error),
        },
    };
    match described {
        Ok((arn, metadata)) => KeyReading::Known(Box::new(facts_of(arn, &metadata, policy))),
        Err(error) => unread(error),
    }
}

fn unread(trouble: Trouble) -> KeyReading {
    if trouble.is("NotFoundException") { KeyReading::Absent } else { KeyReading::Unreadable(trouble.into()) }
}

async fn describe_key(
    clients: &Clients,
    reference: &KeyRef,
    deadline: &Deadline,
) -> Result<(KeyArn, KeyMetadata), Trouble> {
    let asked = clients.kms().describe_key().key_id(reference.to_string());
    let answer = call(deadline, Step::Gather, "kms:DescribeKey", asked.send()).await?;
    let unclear = |why: &str| Trouble {
        why: format!("kms:DescribeKey of {reference}: {why}"),
        code: None,
        kind: sealwatch_runtime::trouble::Kind::Refused,
    };
    let metadata = answer.key_metadata.ok_or_else(|| unclear("the answer has no metadata"))?;
    let arn =
        KeyArn::parse(metadata.arn().unwrap_or_default()).map_err(|error| unclear(&error.to_string()))?;
    Ok((arn, metadata))
}

async fn key_policy(clients: &Clients, key: &KeyArn, deadline: &Deadline) -> KeyPolicyFact {
    let asked = clients.kms().get_key_policy().key_id(key.to_string()).policy_name("default");
    let document = match call(deadline, Step::Gather, "kms:GetKeyPolicy", asked.send()).await {
        Ok(answer) => answer.policy,
        Err(trouble) => return KeyPolicyFact::Unreadable(trouble.into()),
    };
    match KeyPolicy::parse(document.as_deref().unwrap_or_default()) {
        Ok(policy) => KeyPolicyFact::Known(policy),
        Err(error) => KeyPolicyFact::Unreadable(Unreadable::for_good(error.to_string())),
    }
}

/// What KMS leaves out of its answer is named `unnamed`, which nothing takes for fit.
fn facts_of(arn: KeyArn, metadata: &KeyMetadata, policy: KeyPolicyFact) -> KeyFacts {
    const UNNAMED: &str = "unnamed";
    let deletion_date = metadata.deletion_date().map(ToString::to_string);
    let state = KeyState::named(metadata.key_state().map_or(UNNAMED, |state| state.as_str()));
    KeyFacts {
        state: state.dying_on(deletion_date),
        spec: KeySpec::named(metadata.key_spec().map_or(UNNAMED, |spec| spec.as_str())),
        usage: KeyUsage::named(metadata.key_usage().map_or(UNNAMED, |usage| usage.as_str())),
        manager: KeyManager::named(metadata.key_manager().map_or(UNNAMED, |manager| manager.as_str())),
        arn,
        policy,
        assumed: BTreeSet::new(),
    }
}
