//! The world: an in-memory AWS account, folded from recorded changes.
//!
//! It answers the questions that a guard would ask AWS and takes the effects that a guard would apply, so
//! that a replay needs no account. It knows only what a state file or a recorded change told it; what it
//! doesn't know about a key it says to be assumed, and it never refuses what AWS accepted.

pub mod interest;
pub mod key;
pub mod log_group;
mod record;
pub mod replay;
pub mod state;
pub mod timeline;
pub mod trail;

use crate::record::Waiting;
use jiff::Timestamp;
use sealwatch_policy::facts::{
    KeyFacts, KeyManager, KeyPolicyFact, KeyReading, KeySpec, KeyState, KeyUsage, Unreadable,
};
use sealwatch_policy::guards::key::{Grant, MultiRegion, Origin, Past, Use};
use sealwatch_policy::guards::trail::{Selectors, Settings};
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_policy::names::{
    AccountId, KeyArn, KeyRef, LogGroupArn, LogGroupName, Place, Region, TrailArn,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Accounts and Regions, as far as they are known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct World {
    places: BTreeMap<Place, Regional>,
}

/// One account in one Region.
#[derive(Debug, Clone, PartialEq, Default)]
struct Regional {
    log_groups: BTreeMap<LogGroupName, LogGroup>,
    /// Tags as far as they were told, also of groups that nothing else tells of.
    log_group_tags: BTreeMap<LogGroupName, BTreeMap<String, String>>,
    keys: BTreeMap<String, Key>,
    /// Where each alias points; `None` once it was deleted.
    aliases: BTreeMap<String, Option<String>>,
    /// Where each alias pointed before the last change of it that was recorded.
    aliases_before: BTreeMap<String, String>,
    /// Whether a cryptographic call was recorded here: only then do the records tell that a key was not used.
    tells_of_use: bool,
    trails: BTreeMap<TrailArn, Trail>,
}

/// A log group.
#[derive(Debug, Clone, PartialEq, Default)]
struct LogGroup {
    key: Option<String>,
    class: Option<String>,
}

/// A key; a part that nothing told is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
struct Key {
    state: Option<KeyState>,
    spec: Option<KeySpec>,
    usage: Option<KeyUsage>,
    manager: Option<KeyManager>,
    policy: Option<Result<KeyPolicy, String>>,
    /// The policy that it had before the last PutKeyPolicy.
    policy_before: Option<Result<KeyPolicy, String>>,
    tags: BTreeMap<String, String>,
    deleted: bool,
    /// Its last use; `Some(None)` if the state file says that there was none.
    last_use: Option<Option<Use>>,
    tracking_since: Option<Timestamp>,
    created: Option<Timestamp>,
    origin: Option<Origin>,
    multi_region: Option<MultiRegion>,
    grants: BTreeMap<String, Grant>,
    shared: Option<bool>,
    rotation: Option<bool>,
    /// Whether the records tell of its creation, and so of its whole life.
    made: bool,
    /// When the records first tell of it.
    recorded_since: Option<Timestamp>,
    /// What was done to it, in the order of the records.
    past: Vec<Past>,
    /// The material that was imported and no rotation has taken up yet.
    waiting: Waiting,
    /// The state that its deletion was scheduled in.
    state_before: Option<KeyState>,
    /// Whether a replay cancelled its deletion: then it doesn't die when the records say so.
    rescued: bool,
}

/// A trail; a part that nothing told is `None` or not told.
#[derive(Debug, Clone, PartialEq, Default)]
struct Trail {
    settings: Settings,
    /// How it was set up before the last CreateTrail, UpdateTrail or DeleteTrail.
    before: Option<Settings>,
    /// The last UpdateTrail: when, with what request, and in which account it was recorded.
    updated: Option<(Timestamp, Value, AccountId)>,
    logging: Option<bool>,
    /// Whether it ever logged; `None` if nothing tells.
    started: Option<bool>,
    delivery_error: Option<String>,
    /// Its event selectors, or why a recorded call doesn't show them.
    selectors: Option<Result<Selectors, String>>,
    tags: Option<BTreeMap<String, String>>,
    bucket_region: Option<Region>,
    deleted: bool,
    repaired: Repaired,
}

/// What a replay repaired of a trail: a recorded answer, which shows the trail unrepaired, doesn't undo it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Repaired {
    key: bool,
    validation: bool,
}

impl World {
    /// What is known of a key.
    #[must_use]
    pub fn key(&self, reference: &KeyRef) -> KeyReading {
        let regional = self.places.get(reference.place());
        let id = match reference {
            KeyRef::Key(arn) => arn.id(),
            KeyRef::Alias { alias, .. } => match regional.and_then(|regional| regional.aliases.get(alias)) {
                Some(Some(id)) => id,
                Some(None) => return KeyReading::Absent,
                None => return KeyReading::Assumed,
            },
        };
        let Ok(arn) = KeyArn::new(reference.place().clone(), id) else {
            return KeyReading::Absent;
        };
        match (regional.and_then(|regional| regional.keys.get(id)), reference) {
            (Some(key), _) if key.deleted => KeyReading::Absent,
            (Some(key), _) => KeyReading::Known(Box::new(key.facts(arn))),
            // An alias was told, the key behind it never.
            (None, KeyRef::Alias { .. }) => KeyReading::Known(Box::new(Key::default().facts(arn))),
            (None, KeyRef::Key(_)) => KeyReading::Assumed,
        }
    }

    /// When a key was last used, as far as it is known.
    #[must_use]
    pub fn last_use(&self, key: &KeyArn) -> Option<Timestamp> {
        let used = self.places.get(key.place())?.keys.get(key.id())?.last_use.as_ref()?;
        used.as_ref().map(|used| used.time)
    }

    /// The key that a log group uses; `None` if the world doesn't know the group.
    #[must_use]
    pub fn log_group_key(&self, group: &LogGroupArn) -> Option<Option<&str>> {
        self.group(group).map(|known| known.key.as_deref())
    }

    /// All log groups that are known, with their keys.
    pub fn log_groups(&self) -> impl Iterator<Item = (LogGroupArn, Option<&str>)> {
        self.places.iter().flat_map(|(place, regional)| {
            let arn = |name: &LogGroupName| LogGroupArn::new(place.clone(), name.clone());
            regional.log_groups.iter().map(move |(name, group)| (arn(name), group.key.as_deref()))
        })
    }

    fn trail(&self, trail: &TrailArn) -> Option<&Trail> {
        self.places.get(trail.place())?.trails.get(trail)
    }

    fn group(&self, group: &LogGroupArn) -> Option<&LogGroup> {
        self.places.get(group.place())?.log_groups.get(group.name())
    }

    fn group_tags(&self, group: &LogGroupArn) -> Option<&BTreeMap<String, String>> {
        self.places.get(group.place())?.log_group_tags.get(group.name())
    }

    fn at(&mut self, place: &Place) -> &mut Regional {
        self.places.entry(place.clone()).or_default()
    }
}

impl Key {
    fn facts(&self, arn: KeyArn) -> KeyFacts {
        let mut assumed = BTreeSet::new();
        let policy = match &self.policy {
            Some(Ok(policy)) => KeyPolicyFact::Known(policy.clone()),
            Some(Err(why)) => KeyPolicyFact::Unreadable(Unreadable::for_good(why.clone())),
            None => {
                assumed.insert("a policy that lets the service in");
                KeyPolicyFact::Assumed
            }
        };
        KeyFacts {
            state: told(self.state.as_ref(), KeyState::Enabled, "enabled", &mut assumed),
            spec: told(self.spec.as_ref(), KeySpec::SymmetricDefault, "symmetric", &mut assumed),
            usage: told(self.usage.as_ref(), KeyUsage::EncryptDecrypt, "for encryption", &mut assumed),
            manager: told(self.manager.as_ref(), KeyManager::Customer, "a customer key", &mut assumed),
            arn,
            policy,
            assumed,
        }
    }
}

/// What was told, or the assumption, noted as one.
fn told<T: Clone>(
    told: Option<&T>,
    assumption: T,
    name: &'static str,
    assumed: &mut BTreeSet<&'static str>,
) -> T {
    told.cloned().unwrap_or_else(|| {
        assumed.insert(name);
        assumption
    })
}
