//! Trails in a state file.

#[cfg(feature = "schema")]
use super::without_default;
use super::{StateError, name, told_or_null, wrong};
use crate::{Repaired, Trail, World};
use sealwatch_policy::guards::trail::{Named, Selectors, Settings};
use sealwatch_policy::names::{KeyArn, Region, TrailArn};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

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

impl World {
    pub(super) fn seed_trail(&mut self, entry: TrailEntry, path: &str) -> Result<(), StateError> {
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
            updated: None,
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
