//! The state file: what a replay's world knows before the first change.
//!
//! A JSON object with lists of keys, log groups and trails, each by its ARN. A part that is left out is
//! not known; a part that is misspelt or malformed is an error that says where.

use crate::{Key, LogGroup, Repaired, Trail, World};
use jiff::Timestamp;
use sealwatch_policy::facts::{KeyManager, KeySpec, KeyState, KeyUsage};
use sealwatch_policy::guards::trail::{Named, Selectors, Settings};
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_policy::names::{KeyArn, LogGroupArn, NameError, Region, TrailArn, is_alias};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
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
    pub trails: Vec<TrailEntry>,
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
    #[cfg_attr(feature = "schema", schemars(with = "Option<Value>", extend("default" = null)))]
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
    /// The group's tags; left out: not known.
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
}

/// A trail, in its home Region. What is left out is not known, and assumed to be as policy wants it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TrailEntry {
    /// `arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME`
    pub arn: String,
    /// The ARN of the key that it uses; null: it has none.
    #[serde(default, deserialize_with = "told_or_null")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", transform = without_default))]
    pub kms_key: Option<Option<String>>,
    /// The bucket that it writes to.
    #[serde(default)]
    pub bucket: Option<String>,
    /// The Region of that bucket, where the trail's key must be; left out: assumed to be the trail's own.
    #[serde(default)]
    pub bucket_region: Option<String>,
    /// The prefix of its files in the bucket; null: none.
    #[serde(default, deserialize_with = "told_or_null")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", transform = without_default))]
    pub prefix: Option<Option<String>>,
    /// The ARN of the SNS topic that it notifies; null: none.
    #[serde(default, deserialize_with = "told_or_null")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", transform = without_default))]
    pub sns_topic: Option<Option<String>>,
    /// The ARN of the log group that it writes to; null: none.
    #[serde(default, deserialize_with = "told_or_null")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", transform = without_default))]
    pub log_group: Option<Option<String>>,
    /// The ARN of the role by which it writes there; null: none.
    #[serde(default, deserialize_with = "told_or_null")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", transform = without_default))]
    pub log_role: Option<Option<String>>,
    /// Whether it is logging.
    #[serde(default)]
    pub logging: Option<bool>,
    /// The error of the latest delivery, as GetTrailStatus tells it.
    #[serde(default)]
    pub delivery_error: Option<String>,
    /// Whether it covers all Regions.
    #[serde(default)]
    pub multi_region: Option<bool>,
    /// Whether log files are validated.
    #[serde(default)]
    pub validation: Option<bool>,
    /// Whether it is an organization's trail.
    #[serde(default)]
    pub organization: Option<bool>,
    /// Whether it records the events of global services.
    #[serde(default)]
    pub global_events: Option<bool>,
    /// `EventSelectors`, as `aws cloudtrail get-event-selectors` prints them.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<serde_json::Map<String, Value>>>", extend("minItems" = 1)))]
    pub event_selectors: Option<Value>,
    /// `AdvancedEventSelectors`, as `aws cloudtrail get-event-selectors` prints them.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<serde_json::Map<String, Value>>>", extend("minItems" = 1)))]
    pub advanced_event_selectors: Option<Value>,
    /// The trail's tags; left out: not known.
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
}

/// Tells `null` from a field that is left out.
fn told_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// What is left out isn't null: it isn't known.
#[cfg(feature = "schema")]
fn without_default(schema: &mut schemars::Schema) {
    schema.remove("default");
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
    /// The world that a state file describes.
    ///
    /// # Errors
    /// If the text isn't JSON of the published schema, or holds a name that isn't one, or one name twice.
    pub fn from_state(text: &str) -> Result<Self, StateError> {
        let state = State::parse(text)?;
        let mut world = Self::default();
        for (index, entry) in state.keys.into_iter().enumerate() {
            world.seed_key(entry, &format!("keys[{index}]"))?;
        }
        for (index, entry) in state.log_groups.into_iter().enumerate() {
            world.seed_log_group(entry, &format!("log_groups[{index}]"))?;
        }
        for (index, trail) in state.trails.into_iter().enumerate() {
            world.seed_trail(trail, &format!("trails[{index}]"))?;
        }
        Ok(world)
    }

    fn seed_key(&mut self, entry: KeyEntry, path: &str) -> Result<(), StateError> {
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

    fn seed_log_group(&mut self, entry: LogGroupEntry, path: &str) -> Result<(), StateError> {
        let arn = name(LogGroupArn::parse(&entry.arn), path, "arn")?;
        let key = entry.kms_key.map(|key| name(KeyArn::parse(&key), path, "kms_key")).transpose()?;
        let regional = self.at(arn.place());
        if let Some(tags) = entry.tags {
            regional.log_group_tags.insert(arn.name().clone(), tags);
        }
        let group = LogGroup { key: key.map(|key| key.to_string()), class: entry.class };
        match regional.log_groups.insert(arn.name().clone(), group) {
            Some(_) => Err(wrong(path, "arn", "the log group stands twice")),
            None => Ok(()),
        }
    }

    fn seed_trail(&mut self, entry: TrailEntry, path: &str) -> Result<(), StateError> {
        let arn = name(TrailArn::parse(&entry.arn), path, "arn")?;
        if let Some(Some(key)) = &entry.kms_key {
            name(KeyArn::parse(key), path, "kms_key")?;
        }
        let bucket_region = entry.bucket_region.as_deref().map(Region::parse);
        let bucket_region = bucket_region.map(|it| name(it, path, "bucket_region")).transpose()?;
        let selectors = json!({
            "eventSelectors": entry.event_selectors,
            "advancedEventSelectors": entry.advanced_event_selectors,
        });
        for (field, told) in [
            ("event_selectors", &entry.event_selectors),
            ("advanced_event_selectors", &entry.advanced_event_selectors),
        ] {
            let list = |told: &Value| {
                told.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_object))
            };
            if !told.as_ref().is_none_or(list) {
                return Err(wrong(path, field, "a list of event selectors is expected here"));
            }
        }
        let named = |told: Option<Option<String>>| match told {
            None => Named::NotTold,
            Some(None) => Named::Nothing,
            Some(Some(name)) => Named::Is(name),
        };
        let settings = Settings {
            bucket: named(entry.bucket.map(Some)),
            prefix: named(entry.prefix),
            topic: named(entry.sns_topic),
            log_group: named(entry.log_group),
            log_role: named(entry.log_role),
            key: named(entry.kms_key),
            multi_region: entry.multi_region,
            validation: entry.validation,
            organization: entry.organization,
            global_events: entry.global_events,
        };
        let trail = Trail {
            settings,
            before: None,
            logging: entry.logging,
            // One that isn't logging may have been stopped or never started: the state doesn't tell.
            started: entry.logging.filter(|logging| *logging),
            delivery_error: entry.delivery_error,
            selectors: Selectors::read(&selectors).map(Ok),
            tags: entry.tags,
            bucket_region,
            deleted: false,
            repaired: Repaired::default(),
        };
        match self.at(arn.place()).trails.insert(arn.clone(), trail) {
            Some(_) => Err(wrong(path, "arn", "the trail stands twice")),
            None => Ok(()),
        }
    }
}

impl State {
    /// Reads a state file.
    ///
    /// # Errors
    /// If the text isn't one JSON object of the published schema.
    pub fn parse(text: &str) -> Result<Self, StateError> {
        let shape = |path: String, problem: String| StateError::Shape { path, problem };
        let document: Value =
            serde_json::from_str(text).map_err(|error| shape(".".to_owned(), error.to_string()))?;
        if let Some(path) = not_an_object(&document) {
            return Err(shape(path, "a JSON object is expected here".to_owned()));
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| shape(error.path().to_string(), error.inner().to_string()))
    }
}

/// Where a list stands for an object, which serde would take field by field.
fn not_an_object(document: &Value) -> Option<String> {
    let Some(lists) = document.as_object() else { return Some(".".to_owned()) };
    lists.iter().find_map(|(name, list)| {
        let index = list.as_array()?.iter().position(|entry| !entry.is_object())?;
        Some(format!("{name}[{index}]"))
    })
}

fn name<T>(parsed: Result<T, NameError>, path: &str, field: &str) -> Result<T, StateError> {
    parsed.map_err(|source| StateError::Name { path: format!("{path}.{field}"), source })
}

fn wrong(path: &str, field: &str, problem: &str) -> StateError {
    StateError::Value { path: format!("{path}.{field}"), problem: problem.to_owned() }
}
