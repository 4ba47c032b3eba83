//! What GetEventSelectors shows of a trail, in the shape that the policy reads from records and state files too.
//!
//! What an answer leaves out isn't filled in: of a call it would mean a default, of an answer it tells nothing.

use crate::gather::not_found;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::AdvancedFieldSelector;
use sealwatch_policy::facts::{Reading, Unreadable};
use sealwatch_policy::guards::trail::Selectors;
use sealwatch_policy::names::TrailArn;
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::deadline::{Deadline, Step};
use sealwatch_runtime::trouble::call;
use serde_json::{Value, json};

/// What the trail records now.
pub async fn selectors(boot: &Boot, trail: &TrailArn, deadline: &Deadline) -> Reading<Selectors> {
    let asked = boot.clients.cloudtrail().get_event_selectors().trail_name(trail.to_string());
    match call(deadline, Step::Gather, "cloudtrail:GetEventSelectors", asked.send()).await {
        Ok(answer) => match Selectors::read(&as_json(&answer)) {
            Some(selectors) => Reading::Known(selectors),
            None => Reading::Unreadable(Unreadable::for_good("GetEventSelectors: the answer holds none")),
        },
        Err(trouble) if trouble.is("TrailNotFoundException") => not_found(boot, trail),
        Err(trouble) => Reading::Unreadable(trouble.into()),
    }
}

const NOT_TOLD: &str = "not told";

fn as_json(answer: &GetEventSelectorsOutput) -> Value {
    let basic = answer.event_selectors().iter().map(|selector| {
        let resources = selector.data_resources().iter();
        json!({
            "readWriteType": selector.read_write_type().map_or(NOT_TOLD, |kind| kind.as_str()),
            "includeManagementEvents": selector.include_management_events().map_or(json!(NOT_TOLD), |it| json!(it)),
            "excludeManagementEventSources": selector.exclude_management_event_sources(),
            "dataResources": resources
                .map(|it| json!({ "type": it.r#type(), "values": it.values() }))
                .collect::<Vec<_>>(),
        })
    });
    let advanced = answer.advanced_event_selectors().iter().map(|selector| {
        let fields: Vec<Value> = selector.field_selectors().iter().map(field_selector).collect();
        json!({ "name": selector.name(), "fieldSelectors": fields })
    });
    json!({
        "eventSelectors": basic.collect::<Vec<_>>(),
        "advancedEventSelectors": advanced.collect::<Vec<_>>(),
    })
}

fn field_selector(selector: &AdvancedFieldSelector) -> Value {
    let lists = [
        ("equals", selector.equals()),
        ("startsWith", selector.starts_with()),
        ("endsWith", selector.ends_with()),
        ("notEquals", selector.not_equals()),
        ("notStartsWith", selector.not_starts_with()),
        ("notEndsWith", selector.not_ends_with()),
    ];
    let named = [("field".to_owned(), json!(selector.field()))];
    let lists = lists.into_iter().filter(|(_, values)| !values.is_empty());
    named.into_iter().chain(lists.map(|(name, values)| (name.to_owned(), json!(values)))).collect()
}
