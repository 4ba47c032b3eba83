//! Log groups in a state file.

use super::{StateError, name, wrong};
use crate::{LogGroup, World};
use sealwatch_policy::names::{KeyArn, LogGroupArn};
use serde::Deserialize;
use std::collections::BTreeMap;

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

impl World {
    pub(super) fn seed_log_group(&mut self, entry: LogGroupEntry, path: &str) -> Result<(), StateError> {
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
}
