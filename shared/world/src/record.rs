//! Folds a recorded change into the world.
//!
//! Only a call that succeeded changes anything, and only what its record says is learned from it. A call
//! that the world has no use for leaves it as it was.

mod cloudtrail;
mod kms;
mod logs;
mod material;

pub(crate) use material::Waiting;

use crate::World;
use crate::interest::{Interest, interest};
use sealwatch_policy::change::Change;
use serde_json::Value;
use std::collections::BTreeMap;

impl World {
    /// Takes in one change.
    pub fn record(&mut self, change: &Change) {
        if change.failure.is_some() {
            return;
        }
        let source = change.event_source.raw();
        match interest(source, change.event_name.raw()) {
            Interest::None => return,
            Interest::Use => return kms::record_use(self, change),
            Interest::Whole => {}
        }
        match source {
            "logs.amazonaws.com" => logs::record(self, change),
            "kms.amazonaws.com" => kms::record(self, change),
            "cloudtrail.amazonaws.com" => cloudtrail::record(self, change),
            _ => {}
        }
    }
}

/// Tags as `{"k": "v"}`, as `[{"tagKey": "k", "tagValue": "v"}]` (KMS) or as `[{"key": "k", "value": "v"}]`
/// (CloudTrail), whichever stands there.
fn tags(value: Option<&Value>) -> BTreeMap<String, String> {
    let pair = |key: Option<&Value>, value: Option<&Value>| {
        Some((key?.as_str()?.to_owned(), value.and_then(Value::as_str).unwrap_or("").to_owned()))
    };
    match value {
        Some(Value::Object(map)) => {
            map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
        }
        Some(Value::Array(list)) => {
            let either = |tag: &Value| {
                pair(tag.get("tagKey"), tag.get("tagValue"))
                    .or_else(|| pair(tag.get("key"), tag.get("value")))
            };
            list.iter().filter_map(either).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
