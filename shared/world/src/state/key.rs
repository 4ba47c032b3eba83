//! Keys in a state file.

#[cfg(feature = "schema")]
use super::without_default;
use super::{StateError, name, told_or_null, wrong};
use crate::{Key, World};
use jiff::Timestamp;
use sealwatch_policy::facts::{KeyManager, KeySpec, KeyState, KeyUsage};
use sealwatch_policy::guards::key::{Grant, MultiRegion, Origin, Use};
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_policy::names::{KeyArn, is_alias};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
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
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = "^[A-Z0-9_]+$")))]
    pub spec: Option<String>,
    /// `KeyUsage`, such as `ENCRYPT_DECRYPT`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = "^[A-Z0-9_]+$")))]
    pub usage: Option<String>,
    /// `KeyManager`: `CUSTOMER` or `AWS`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["CUSTOMER", "AWS", null])))]
    pub manager: Option<String>,
    /// The key policy: an object, or the document as a text.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>", extend("default" = null)))]
    pub policy: Option<AsWritten>,
    /// The key's tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// When the key was last used for cryptography (RFC 3339); null: KMS has recorded no use. Left out: not known, unless
    /// the records tell.
    #[serde(default, deserialize_with = "told_or_null")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", transform = without_default))]
    pub last_use: Option<Option<Timestamp>>,
    /// `TrackingStartDate`: since when KMS records its uses (RFC 3339).
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub tracking_since: Option<Timestamp>,
    /// `CreationDate` (RFC 3339).
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub created: Option<Timestamp>,
    /// `Origin` of its material.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("enum" = [
        "AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE", null
    ])))]
    pub origin: Option<String>,
    /// The Regions of the replicas of a multi-Region primary.
    #[serde(default)]
    pub replica_regions: Option<Vec<String>>,
    /// The Region of the primary of a multi-Region replica.
    #[serde(default)]
    pub primary_region: Option<String>,
    /// Its grants; left out: assumed to be those that the records tell of.
    #[serde(default)]
    pub grants: Vec<GrantEntry>,
    /// Whether it is shared with other accounts through AWS RAM; left out: assumed not to be.
    #[serde(default)]
    pub shared: Option<bool>,
    /// Whether it is rotated automatically.
    #[serde(default)]
    pub rotation: Option<bool>,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GrantEntry {
    /// `GrantId`
    pub id: String,
    /// Who may use the key by it: an ARN, or a service such as `rds.amazonaws.com`.
    pub grantee: String,
    /// Who may retire it.
    #[serde(default)]
    pub retiring: Option<String>,
}

/// JSON as it is written: a `Value` keeps one of two equal keys, and a policy with both is none.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct AsWritten(Box<RawValue>);

impl AsWritten {
    /// Whether an object stands there, or the text of one.
    fn is_document(&self) -> bool {
        let is_object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).is_ok();
        is_object(self.0.get())
            || serde_json::from_str::<String>(self.0.get()).is_ok_and(|text| is_object(&text))
    }
}

impl PartialEq for AsWritten {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

/// `KeyState` as DescribeKey may give it.
const STATES: [&str; 8] = [
    "Creating",
    "Enabled",
    "Disabled",
    "PendingDeletion",
    "PendingImport",
    "PendingReplicaDeletion",
    "Unavailable",
    "Updating",
];

/// `Origin` as DescribeKey may give it.
const ORIGINS: [&str; 4] = ["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"];

/// `KeyManager` as DescribeKey may give it.
const MANAGERS: [&str; 2] = ["CUSTOMER", "AWS"];

const NO_DOCUMENT: &str = "the policy itself is expected, as an object or a text: \
    `aws kms get-key-policy --key-id ID --policy-name default --query Policy --output text` prints it";

fn may_be_named(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}

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
        if entry.state.as_deref().is_some_and(|state| !STATES.contains(&state)) {
            return Err(wrong(path, "state", &format!("a key's state is one of {}", STATES.join(", "))));
        }
        if entry.origin.as_deref().is_some_and(|origin| !ORIGINS.contains(&origin)) {
            return Err(wrong(path, "origin", &format!("a key's origin is one of {}", ORIGINS.join(", "))));
        }
        // AWS adds specs and usages: only what can't be the name of one is a slip of the pen.
        for (field, given) in [("spec", &entry.spec), ("usage", &entry.usage)] {
            if given.as_deref().is_some_and(|name| !may_be_named(name)) {
                return Err(wrong(path, field, "it is written in capitals, as DescribeKey gives it"));
            }
        }
        if entry.manager.as_deref().is_some_and(|manager| !MANAGERS.contains(&manager)) {
            return Err(wrong(path, "manager", "a key's manager is one of CUSTOMER, AWS"));
        }
        if entry.policy.as_ref().is_some_and(|policy| !policy.is_document()) {
            return Err(wrong(path, "policy", NO_DOCUMENT));
        }
        let multi_region = match (entry.replica_regions, entry.primary_region) {
            (Some(_), Some(_)) => {
                return Err(wrong(path, "primary_region", "a key is a primary or a replica, not both"));
            }
            (Some(replicas), None) => MultiRegion::Primary { replicas },
            (None, Some(primary)) => MultiRegion::Replica { primary },
            (None, None) => MultiRegion::NotTold,
        };
        let used = |time| Use { time, operation: None, event_id: None };
        let grants = entry.grants.into_iter().map(|GrantEntry { id, grantee, retiring }| {
            (id.clone(), Grant { id, grantee: Some(grantee), retiring, created: None })
        });
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
            last_use: entry.last_use.map(|time| time.map(used)),
            tracking_since: entry.tracking_since,
            created: entry.created,
            origin: entry.origin.as_deref().map(Origin::named),
            multi_region: Some(multi_region).filter(|it| *it != MultiRegion::NotTold),
            grants: grants.collect(),
            shared: entry.shared,
            rotation: entry.rotation,
            ..Key::default()
        };
        match regional.keys.insert(arn.id().to_owned(), key) {
            Some(_) => Err(wrong(path, "arn", "the key stands twice")),
            None => Ok(()),
        }
    }
}
