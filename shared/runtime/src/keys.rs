//! Reads KMS keys, and remembers those that are to be put to use for a short while.
//!
//! A key is asked for in its own Region. What KMS doesn't tell is never filled in: a policy that can't be
//! read is unreadable with its reason. Nothing here judges whether a key is fit, and nothing writes.

use crate::clients::Clients;
use crate::deadline::{Deadline, Step};
use crate::lock::lock;
use crate::trouble::{Trouble, call};
use aws_sdk_kms::types::KeyMetadata;
use sealwatch_policy::facts::{
    KeyFacts, KeyManager, KeyPolicyFact, KeyReading, KeySpec, KeyState, KeyUsage, Unreadable,
};
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_policy::names::{KeyArn, KeyRef};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long a key's facts may serve. They only tell whether the key is fit; what is wrong with the resource
/// that is to use it is read for each event.
const AGE_LIMIT: Duration = Duration::from_secs(60);

/// The keys that were read a moment ago.
#[derive(Debug, Default)]
pub struct Keys {
    known: Mutex<BTreeMap<KeyRef, (Instant, KeyFacts)>>,
}

impl Keys {
    /// Each wanted key with its policy: as remembered, else as KMS tells within the step Gather.
    pub async fn read(
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

    /// A key by its ARN, if it is remembered, by whatever name it was asked for; costs no call.
    pub fn at_hand(&self, reference: &KeyRef) -> Option<KeyReading> {
        let KeyRef::Key(arn) = reference else { return None };
        self.locked(|known| {
            let found = known.values().find(|(_, facts)| facts.arn == *arn);
            found.map(|(_, facts)| KeyReading::Known(Box::new(facts.clone())))
        })
    }

    /// Forgets all keys, when one has kept a resource from being repaired: it may be mended the next minute.
    pub fn forget(&self) {
        self.locked(BTreeMap::clear);
    }

    fn remember(&self, reference: &KeyRef, facts: &KeyFacts) {
        if matches!(facts.policy, KeyPolicyFact::Known(_)) {
            self.locked(|known| {
                known.entry(reference.clone()).or_insert_with(|| (Instant::now(), facts.clone()));
            });
        }
    }

    fn remembered(&self, reference: &KeyRef) -> Option<KeyFacts> {
        self.locked(|known| known.get(reference).map(|(_, facts)| facts.clone()))
    }

    /// The memory, without what is too old.
    fn locked<T>(&self, with: impl FnOnce(&mut BTreeMap<KeyRef, (Instant, KeyFacts)>) -> T) -> T {
        let mut known = lock(&self.known);
        known.retain(|_, (read_at, _)| read_at.elapsed() < AGE_LIMIT);
        with(&mut known)
    }
}

/// A key with its policy: side by side by ARN, one after the other by alias, which GetKeyPolicy doesn't take.
async fn read_key(clients: &Clients, reference: &KeyRef, deadline: &Deadline) -> KeyReading {
    let (described, policy) = match reference {
        KeyRef::Key(arn) => {
            tokio::join!(
                describe_key(clients, reference, Step::Gather, deadline),
                key_policy(clients, arn, deadline)
            )
        }
        KeyRef::Alias { .. } => match describe_key(clients, reference, Step::Gather, deadline).await {
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

/// What DescribeKey shows now, with the key's own ARN, also where it was asked for by alias.
///
/// # Errors
/// If the call fails, or its answer doesn't say which key it describes.
pub async fn describe_key(
    clients: &Clients,
    reference: &KeyRef,
    step: Step,
    deadline: &Deadline,
) -> Result<(KeyArn, KeyMetadata), Trouble> {
    let kms = clients.kms_in(&reference.place().region);
    let asked = kms.describe_key().key_id(reference.to_string());
    let answer = call(deadline, step, "kms:DescribeKey", asked.send()).await?;
    let unclear = |why: &str| Trouble::unclear(&format!("kms:DescribeKey of {reference}"), why);
    let metadata = answer.key_metadata.ok_or_else(|| unclear("the answer has no metadata"))?;
    let arn =
        KeyArn::parse(metadata.arn().unwrap_or_default()).map_err(|error| unclear(&error.to_string()))?;
    Ok((arn, metadata))
}

/// The key's policy now.
///
/// Source: KMS API reference, GetKeyPolicy: "Cross-account use: No."
pub async fn key_policy(clients: &Clients, key: &KeyArn, deadline: &Deadline) -> KeyPolicyFact {
    let owner = &key.place().account;
    if clients.account().is_some_and(|own| own != owner) {
        let why =
            format!("the key is account {owner}'s, and KMS shows a key's policy only to its own account");
        return KeyPolicyFact::Unreadable(Unreadable::for_good(why));
    }
    let kms = clients.kms_in(&key.place().region);
    let asked = kms.get_key_policy().key_id(key.to_string()).policy_name("default");
    let document = match call(deadline, Step::Gather, "kms:GetKeyPolicy", asked.send()).await {
        Ok(answer) => answer.policy,
        Err(trouble) => return KeyPolicyFact::Unreadable(trouble.into()),
    };
    match KeyPolicy::parse(document.as_deref().unwrap_or_default()) {
        Ok(policy) => KeyPolicyFact::Known(policy),
        Err(error) => KeyPolicyFact::Unreadable(Unreadable::for_good(error.to_string())),
    }
}

/// What KMS leaves out of its answer is named so, which nothing takes for fit.
const UNNAMED: &str = "unnamed";

/// The key's state, with the date on which it dies if it does.
#[must_use]
pub fn state_of(metadata: &KeyMetadata) -> KeyState {
    let state = KeyState::named(metadata.key_state().map_or(UNNAMED, |state| state.as_str()));
    state.dying_on(metadata.deletion_date().map(ToString::to_string))
}

/// Who manages the key.
#[must_use]
pub fn manager_of(metadata: &KeyMetadata) -> KeyManager {
    KeyManager::named(metadata.key_manager().map_or(UNNAMED, |manager| manager.as_str()))
}

fn facts_of(arn: KeyArn, metadata: &KeyMetadata, policy: KeyPolicyFact) -> KeyFacts {
    KeyFacts {
        state: state_of(metadata),
        spec: KeySpec::named(metadata.key_spec().map_or(UNNAMED, |spec| spec.as_str())),
        usage: KeyUsage::named(metadata.key_usage().map_or(UNNAMED, |usage| usage.as_str())),
        manager: manager_of(metadata),
        arn,
        policy,
        assumed: BTreeSet::new(),
    }
}
