//! Calls that failed: which of them were attempts to weaken a trail.
//!
//! Judged by what the call asked for. A record that doesn't show it counts as an attempt if the call can
//! weaken at all. A failed call changed nothing, so nothing follows but a word about it.

use super::selectors::{Recorded, Selectors};
use super::{Call, destination};
use crate::change::Change;
use serde_json::Value;

/// What a failed call tried to weaken, in words; `None` if it would have weakened nothing.
pub(super) fn attempt(change: &Change, call: Call) -> Option<&'static str> {
    match call {
        Call::Create | Call::Start | Call::PutInsights => None,
        Call::Delete => Some("delete a trail"),
        Call::Stop => Some("stop a trail's logging"),
        Call::Update => update(change),
        Call::PutSelectors => {
            let records = Selectors::read(&change.request).map(|it| it.records_management_events());
            (records != Some(Recorded::Yes)).then_some("change what a trail records")
        }
    }
}

fn update(change: &Change) -> Option<&'static str> {
    let request = &change.request;
    if !request.is_object() {
        return Some("change a trail; the record doesn't say how");
    }
    let is_off = |field: &str| match request.get(field) {
        Some(Value::Bool(flag)) => !flag,
        Some(Value::String(text)) => text == "false",
        _ => false,
    };
    if request.get("kmsKeyId").and_then(Value::as_str) == Some("") {
        Some("take a trail's KMS key away")
    } else if is_off("enableLogFileValidation") {
        Some("switch off a trail's log file validation")
    } else if is_off("isMultiRegionTrail") {
        Some("make a trail record one Region only")
    } else if is_off("isOrganizationTrail") || is_off("includeGlobalServiceEvents") {
        Some("make a trail record less")
    } else if destination::names_a_destination(change) {
        Some("set where a trail delivers")
    } else {
        None
    }
}
