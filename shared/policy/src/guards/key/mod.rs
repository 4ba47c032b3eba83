//! The key guard: no key dies while something needs it.
//!
//! Tells what a change is about, which questions the account must answer, and, in [`decide`], what follows from
//! the answers. Whether a key is in use is an answer with evidence; without one nothing is written.

mod alias;
mod decide;
mod failed;
mod findings;
mod history;
mod judgement;
mod life;
mod policy_change;
mod shown;
mod target;
#[cfg(test)]
mod tests;
pub mod too_early;
mod usage;

pub use decide::decide;
pub use findings::import_again;
pub use history::{Act, History, Past};
pub use target::{Target, listed_key, pointed_to};
pub use usage::{Evidence, Grant, LastUse, LogGroups, Usage, Use};

use crate::change::Change;
use crate::facts::{KeyManager, KeyState, Reading};
use crate::guards::Guard;
use crate::key_policy::KeyPolicy;
use crate::names::{KeyArn, KeyRef, TrailArn};
use crate::plan;
use crate::policy::{Exempt, Policy};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The calls and events that this guard handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `ScheduleKeyDeletion`
    Schedule,
    /// `CancelKeyDeletion`, which leaves a key disabled.
    Cancel,
    /// `DisableKey`
    Disable,
    /// `EnableKey`
    Enable,
    /// `PutKeyPolicy`
    PutPolicy,
    /// `DeleteImportedKeyMaterial`, or the material expired.
    DeleteMaterial,
    /// `DisableKeyRotation`
    DisableRotation,
    /// `UpdateAlias`
    UpdateAlias,
    /// `DeleteAlias`
    DeleteAlias,
    /// The key's end.
    Deleted,
}

/// A key, as DescribeKey shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The key.
    pub arn: KeyArn,
    /// `KeyState`, with the `DeletionDate`.
    pub state: KeyState,
    /// `KeyManager`
    pub manager: KeyManager,
    /// Where its material comes from; `None` if that wasn't told.
    pub origin: Option<Origin>,
    /// `CreationDate`
    pub created: Option<Timestamp>,
    /// Whether it is one of several keys of the same id.
    pub multi_region: MultiRegion,
    /// What is taken for granted about it because nothing told it (replay only).
    pub assumed: BTreeSet<&'static str>,
}

/// `Origin` of DescribeKey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `AWS_KMS`
    Kms,
    /// `EXTERNAL`: imported, and KMS keeps no copy to fall back on.
    Imported,
    /// `AWS_CLOUDHSM`, `EXTERNAL_KEY_STORE`, or one that is new.
    KeyStore,
}

/// `MultiRegionConfiguration` of DescribeKey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MultiRegion {
    /// An ordinary key.
    No,
    /// The primary of these replicas.
    Primary {
        /// Their Regions.
        replicas: Vec<String>,
    },
    /// A replica.
    Replica {
        /// The Region of its primary.
        primary: String,
    },
    /// It wasn't told.
    NotTold,
}

/// What the account answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The key that the change names.
    pub key: Reading<Description>,
    /// Its aliases, each `alias/NAME`.
    pub aliases: Reading<BTreeSet<String>>,
    /// Its tags.
    pub tags: Reading<BTreeMap<String, String>>,
    /// What KMS tells of its last use.
    pub last_use: Reading<LastUse>,
    /// The trails that encrypt with it.
    pub trails: Reading<Vec<TrailArn>>,
    /// Its grants.
    pub grants: Reading<Vec<Grant>>,
    /// Whether it is shared with other accounts through AWS RAM.
    pub shared: Reading<bool>,
    /// The log groups that encrypt with it.
    pub log_groups: Reading<LogGroups>,
    /// What was done to it before.
    pub history: Reading<History>,
    /// Its policy.
    pub policy: Reading<KeyPolicy>,
    /// The policy that it had before the change.
    pub earlier_policy: Reading<KeyPolicy>,
    /// Whether it is rotated each year or so.
    pub rotation: Reading<bool>,
    /// The key that the changed alias points to.
    pub alias: Reading<KeyArn>,
    /// The key that the changed alias pointed to before.
    pub alias_before: Reading<KeyArn>,
}

/// What must be asked once the key itself is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Questions {
    /// Whether its aliases matter.
    pub aliases: bool,
    /// Whether its tags matter.
    pub tags: bool,
    /// Whether it matters if the key is in use: last use, trails, grants, sharing, and perhaps log groups.
    pub usage: bool,
    /// Whether it matters what was done to it before.
    pub history: bool,
    /// Whether its policy matters, before and now, and who needs it: all trails and log groups.
    pub policy: bool,
    /// Whether its rotation matters.
    pub rotation: bool,
}

/// How far the log groups must be looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// Nobody needs to know.
    None,
    /// To the first that uses the key.
    First,
    /// To the last, for each may be shut out by itself.
    All,
}

/// "This key is so."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The key.
    pub key: KeyArn,
    /// How it must be.
    pub ensure: Ensure,
}

/// A state of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ensure {
    /// It isn't scheduled for deletion.
    NotPendingDeletion,
    /// It is enabled.
    Enabled,
}

impl Call {
    /// Which of the guard's calls a change is.
    #[must_use]
    pub fn of(change: &Change) -> Option<Self> {
        if change.event_source.raw() != "kms.amazonaws.com" {
            return None;
        }
        match change.event_name.raw() {
            "ScheduleKeyDeletion" => Some(Self::Schedule),
            "CancelKeyDeletion" => Some(Self::Cancel),
            "DisableKey" => Some(Self::Disable),
            "EnableKey" => Some(Self::Enable),
            "PutKeyPolicy" => Some(Self::PutPolicy),
            "DeleteImportedKeyMaterial"
            | "DeleteExpiredKeyMaterial"
            | "KMS Imported Key Material Expiration" => Some(Self::DeleteMaterial),
            "DisableKeyRotation" => Some(Self::DisableRotation),
            "UpdateAlias" => Some(Self::UpdateAlias),
            "DeleteAlias" => Some(Self::DeleteAlias),
            "DeleteKey" | "KMS CMK Deletion" => Some(Self::Deleted),
            _ => None,
        }
    }
}

/// The key or alias that must be read before anything can be decided; `None` if the change and the policy alone
/// decide.
#[must_use]
pub fn target_to_read(policy: &Policy, change: &Change, now: Timestamp) -> Option<Target> {
    match Target::of(change) {
        Target::Unclear(_) => None,
        target @ (Target::Key(_) | Target::Alias(_)) => {
            decide::settled(policy, change, &target, now).is_none().then_some(target)
        }
    }
}

/// What else must be asked of a key; `None` stands for one that is gone.
#[must_use]
pub fn questions(policy: &Policy, change: &Change, key: Option<&Description>, now: Timestamp) -> Questions {
    let Some(call) = Call::of(change) else {
        return Questions::default();
    };
    let life = match key {
        Some(key) => life::in_danger(call, &key.state),
        None => matches!(call, Call::Deleted | Call::Schedule),
    };
    let judges_policy = call == Call::PutPolicy && key.is_some();
    let judges = life || judges_policy || call == Call::DisableRotation;
    let exempts = |what: fn(&Exempt) -> bool| {
        judges && policy.exemptions_of(Guard::Key, now).any(|exemption| what(&exemption.what))
    };
    let (by_name, by_tag) =
        (exempts(|what| matches!(what, Exempt::Name(_))), exempts(|what| matches!(what, Exempt::Tag { .. })));
    // What protects a key outweighs what exempts it, so whoever may be exempt is asked for both.
    let may_be_exempt = by_name || by_tag;
    // A key that is gone took its aliases and tags with it.
    let is_there = key.is_some();
    Questions {
        aliases: is_there
            && (life || judges_policy || by_name || may_be_exempt && !policy.keys.protect.is_empty()),
        tags: is_there && (by_tag || (life || may_be_exempt) && !policy.keys.protect_tags.is_empty()),
        usage: life,
        history: life && is_there,
        policy: judges_policy,
        rotation: call == Call::DisableRotation && is_there,
    }
}

/// How far the log groups must be looked through, once all else that was asked is known.
#[must_use]
pub fn scan(policy: &Policy, asked: &Questions, facts: &Facts, now: Timestamp) -> Scan {
    if asked.policy && facts.policy.known().is_some() {
        Scan::All
    } else if asked.usage && !matches!(usage::usage(policy, facts, now), Usage::InUse { .. }) {
        Scan::First
    } else {
        Scan::None
    }
}

/// Whether this function may act on a key: its account and Region are the change's.
fn is_ours(change: &Change, key: &KeyArn) -> bool {
    *key.place() == change.place
}

impl Facts {
    /// Nothing asked yet.
    #[must_use]
    pub fn none() -> Self {
        Self {
            key: Reading::NotAsked,
            aliases: Reading::NotAsked,
            tags: Reading::NotAsked,
            last_use: Reading::NotAsked,
            trails: Reading::NotAsked,
            grants: Reading::NotAsked,
            shared: Reading::NotAsked,
            log_groups: Reading::NotAsked,
            history: Reading::NotAsked,
            policy: Reading::NotAsked,
            earlier_policy: Reading::NotAsked,
            rotation: Reading::NotAsked,
            alias: Reading::NotAsked,
            alias_before: Reading::NotAsked,
        }
    }
}

impl Origin {
    /// Reads AWS's name of an origin.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "AWS_KMS" => Self::Kms,
            "EXTERNAL" => Self::Imported,
            _ => Self::KeyStore,
        }
    }
}

impl plan::Effect for Effect {
    fn ensure(&self) -> &'static str {
        match self.ensure {
            Ensure::NotPendingDeletion => "key-not-pending-deletion",
            Ensure::Enabled => "key-enabled",
        }
    }

    fn target(&self) -> String {
        self.key.to_string()
    }

    fn value(&self) -> Option<String> {
        None
    }

    fn describe(&self) -> String {
        match self.ensure {
            Ensure::NotPendingDeletion => format!("cancel the deletion of key {}", self.key.id()),
            Ensure::Enabled => format!("enable key {}", self.key.id()),
        }
    }

    /// A key that is scheduled for deletion can't be enabled.
    fn needs_previous(&self) -> bool {
        self.ensure == Ensure::Enabled
    }
}

/// Whether policy names an alias: as a key for logs or trails, or among those that it protects.
#[must_use]
pub fn is_named_alias(policy: &Policy, alias: &KeyRef) -> bool {
    alias::is_named(policy, alias)
}
