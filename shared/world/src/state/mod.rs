//! The state file: what a replay's world knows before the first change.
//!
//! A JSON object with lists of keys, log groups and trails, each by its ARN. A part that is left out is
//! not known; a part that is misspelt or malformed is an error that says where.

mod key;
mod log_group;
mod trail;

pub use key::{AsWritten, GrantEntry, KeyEntry};
pub use log_group::LogGroupEntry;
pub use trail::TrailEntry;

use crate::World;
use sealwatch_policy::names::NameError;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
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

/// Tells `null` from a field that is left out.
fn told_or_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
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
    #[error("at `{path}`")]
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
