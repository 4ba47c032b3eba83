//! Keys in a state file.

use super::{StateError, name, wrong};
use crate::{Key, World};
use jiff::Timestamp;
use sealwatch_policy::facts::{KeyManager, KeySpec, KeyState, KeyUsage};
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_policy::names::{KeyArn, is_alias};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A KMS key. What is left out is assumed to be as a key for logs should be.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// `arn:aws:kms:REGION:ACCOUNT:key/ID`
    pub arn: String,
    /// Aliases of the key, each `alias/NAME`.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// `KeyState` as DescribeKey gives it, such as `Enabled`, `Disabled`, `PendingDeletion`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("enum" = [
        "Creating", "Enabled", "Disabled", "PendingDeletion", "PendingImport", "PendingReplicaDeletion",
        "Unavailable", "Updating", null
    ])))]
    pub state: Option<String>,
    /// When a key that is scheduled for deletion dies (RFC 3339).
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub deletion_date: Option<Timestamp>,
    /// `KeySpec`, such as `SYMMETRIC_DEFAULT`.
    #[serde(default)]
    pub spec: Option<String>,
    /// `KeyUsage`, such as `ENCRYPT_DECRYPT`.
    #[serde(default)]
    pub usage: Option<String>,
    /// `KeyManager`: `CUSTOMER` or `AWS`.
    #[serde(default)]
    pub manager: Option<String>,
    /// The key policy: an object, or the document as a text.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>", extend("default" = null)))]
    pub policy: Option<AsWritten>,
    /// The key's tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// When the key was last used for cryptography (RFC 3339).
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub last_use: Option<Timestamp>,
}

/// JSON as it is written: a `Value` keeps one of two equal keys, and a policy with both is none.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct AsWritten(Box<RawValue>);

impl PartialEq for AsWritten {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

/// `KeyState` as DescribeKey may give it.
const KEY_STATES: [&str; 8] = [
    "Creating",
    "Enabled",
    "Disabled",
    "PendingDeletion",
    "PendingImport",
    "PendingReplicaDeletion",
    "Unavailable",
    "Updating",
];

impl World {
    pub(super) fn seed_key(&mut self, entry: KeyEntry, path: &str) -> Result<(), StateError> {
        let arn = name(KeyArn::parse(&entry.arn), path, "arn")?;
        let regional = self.at(arn.place());
        for alias in entry.aliases {
            if !is_alias(&alias) {
                return Err(wrong(path, "aliases", "an alias is written `alias/NAME`"));
            }
            if regional.aliases.insert(alias, Some(arn.id().to_owned())).is_some() {
                return Err(wrong(path, "aliases", "the alias stands twice in its account and Region"));
            }
        }
        if entry.state.as_deref().is_some_and(|state| !KEY_STATES.contains(&state)) {
            return Err(wrong(path, "state", &format!("a key's state is one of {}", KEY_STATES.join(", "))));
        }
        let deletion_date = entry.deletion_date.map(|date| date.to_string());
        let state = entry.state.as_deref().map(|state| KeyState::named(state).dying_on(deletion_date));
        let policy =
            entry.policy.map(|policy| KeyPolicy::parse(policy.0.get()).map_err(|error| error.to_string()));
        let key = Key {
            state,
            spec: entry.spec.as_deref().map(KeySpec::named),
            usage: entry.usage.as_deref().map(KeyUsage::named),
            manager: entry.manager.as_deref().map(KeyManager::named),
            policy,
            tags: entry.tags,
            deleted: false,
            last_use: entry.last_use,
        };
        match regional.keys.insert(arn.id().to_owned(), key) {
            Some(_) => Err(wrong(path, "arn", "the key stands twice")),
            None => Ok(()),
        }
    }
}
