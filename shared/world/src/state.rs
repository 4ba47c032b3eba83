//! The state file: what a replay's world knows before the first change.
//!
//! A JSON object with lists of keys, log groups and trails, each by its ARN. A part that is left out is
//! not known; a part that is misspelt or malformed is an error that says where.

use crate::{Key, LogGroup, World};
use jiff::Timestamp;
use sealwatch_policy::facts::{KeyManager, KeySpec, KeyState, KeyUsage};
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_policy::names::{Arn, KeyArn, LogGroupArn, NameError, is_alias};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use thiserror::Error;

/// A state file.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(title = "Sealwatch replay state"))]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Where the schema of this file is found; ignored.
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    /// KMS keys.
    #[serde(default)]
    pub keys: Vec<KeyEntry>,
    /// Log groups.
    #[serde(default)]
    pub log_groups: Vec<LogGroupEntry>,
    /// Trails.
    #[serde(default)]
    pub trails: Vec<Trail>,
}

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
    pub policy: Option<Value>,
    /// The key's tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// When the key was last used for cryptography (RFC 3339).
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub last_use: Option<Timestamp>,
}

/// A log group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LogGroupEntry {
    /// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`
    pub arn: String,
    /// The ARN of the key that it uses, or null.
    #[serde(default)]
    pub kms_key: Option<String>,
    /// `logGroupClass`, such as `STANDARD`.
    #[serde(default)]
    pub class: Option<String>,
    /// The group's tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A trail, in its home Region.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// `arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME`
    pub arn: String,
    /// The key that it uses, or null.
    #[serde(default)]
    pub kms_key: Option<String>,
    /// The bucket that it writes to.
    #[serde(default)]
    pub bucket: Option<String>,
    /// Whether it is logging.
    #[serde(default)]
    pub logging: Option<bool>,
    /// Whether it covers all Regions.
    #[serde(default)]
    pub multi_region: Option<bool>,
    /// Whether log files are validated.
    #[serde(default)]
    pub validation: Option<bool>,
    /// The trail's tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Why a state file can't be used.
#[derive(Debug, Error)]
pub enum StateError {
    /// Not JSON, or not of the published shape.
    #[error("at `{path}`: {problem}")]
    Shape {
        /// Where in the document.
        path: String,
        /// What is wrong, with line and column.
        problem: String,
    },
    /// A name that isn't one.
    #[error("at `{path}`: {source}")]
    Name {
        /// Where in the document.
        path: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// Something else that can't be.
    #[error("at `{path}`: {problem}")]
    Value {
        /// Where in the document.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

impl World {
    /// The world that a state file describes.
    ///
    /// # Errors
    /// If the text isn't JSON of the published schema, or holds a name that isn't one.
    pub fn from_state(text: &str) -> Result<Self, StateError> {
        let deserializer = &mut serde_json::Deserializer::from_str(text);
        let state: State =
            serde_path_to_error::deserialize(deserializer).map_err(|error| StateError::Shape {
                path: error.path().to_string(),
                problem: error.inner().to_string(),
            })?;
        let mut world = Self::default();
        for (index, entry) in state.keys.into_iter().enumerate() {
            world.seed_key(entry, &format!("keys[{index}]"))?;
        }
        for (index, entry) in state.log_groups.into_iter().enumerate() {
            let path = format!("log_groups[{index}].arn");
            let arn = LogGroupArn::parse(&entry.arn).map_err(|source| StateError::Name { path, source })?;
            let group = LogGroup {
                key: entry.kms_key,
                class: entry.class,
                tags: entry.tags,
            };
            world.at(arn.place()).log_groups.insert(arn.name().clone(), group);
        }
        for (index, trail) in state.trails.into_iter().enumerate() {
            let arn = Arn::split(&trail.arn).filter(|arn| arn.service == "cloudtrail");
            let name =
                arn.and_then(|arn| Some((arn.place()?, arn.resource.strip_prefix("trail/")?.to_owned())));
            let Some((place, name)) = name else {
                let problem =
                    "not the ARN of a trail (`arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME`)".to_owned();
                return Err(StateError::Value {
                    path: format!("trails[{index}].arn"),
                    problem,
                });
            };
            world.at(&place).trails.insert(name, trail);
        }
        Ok(world)
    }

    fn seed_key(&mut self, entry: KeyEntry, path: &str) -> Result<(), StateError> {
        let arn = KeyArn::parse(&entry.arn).map_err(|source| StateError::Name {
            path: format!("{path}.arn"),
            source,
        })?;
        let regional = self.at(arn.place());
        for alias in entry.aliases {
            if !is_alias(&alias) {
                let problem = "an alias is written `alias/NAME`".to_owned();
                return Err(StateError::Value {
                    path: format!("{path}.aliases"),
                    problem,
                });
            }
            regional.aliases.insert(alias, Some(arn.id().to_owned()));
        }
        let deletion_date = entry.deletion_date.map(|date| date.to_string());
        let state = entry
            .state
            .as_deref()
            .map(|state| KeyState::named(state).dying_on(deletion_date));
        let key = Key {
            state,
            spec: entry.spec.as_deref().map(KeySpec::named),
            usage: entry.usage.as_deref().map(KeyUsage::named),
            manager: entry.manager.as_deref().map(KeyManager::named),
            policy: entry
                .policy
                .map(|policy| KeyPolicy::from_value(&policy).map_err(|error| error.to_string())),
            tags: entry.tags,
            deleted: false,
            last_use: entry.last_use,
        };
        regional.keys.insert(arn.id().to_owned(), key);
        Ok(())
    }
}
