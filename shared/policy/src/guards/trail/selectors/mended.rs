//! Selectors that leave management events out, written so that they record them too.

use super::{Selectors, as_api, as_option};
use serde_json::Value;

const BASIC: &str = r#"[{"ReadWriteType":"All","IncludeManagementEvents":true}"#;
const ADVANCED: &str = r#"[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}"#;
/// How many basic ones a trail has at most. Source: CloudTrail API Reference, InvalidEventSelectorsException.
const BASIC_LIMIT: usize = 5;
/// CloudTrail takes a category in no other form.
const MANAGEMENT: &str = r#"["Management"]"#;

impl Selectors {
    /// The option of `put-event-selectors` for all management events and what else these select; with a word to fill in where that
    /// is too long for a command.
    pub(in super::super) fn with_management_events(&self) -> String {
        let (name, list) = match &self.written {
            Some((name, list)) => (*name, as_api(list)),
            None => ("event-selectors", Value::Null),
        };
        let is_basic = name == "event-selectors";
        let mut all = String::from(if is_basic { BASIC } else { ADVANCED });
        let mut count = 1;
        for selector in list.as_array().into_iter().flatten() {
            let other = if is_basic {
                data_events(selector)
            } else {
                Some(selector.to_string()).filter(|it| !it.contains(MANAGEMENT))
            };
            if let Some(other) = other {
                all.push(',');
                all.push_str(&other);
                count += 1;
            }
        }
        all.push(']');
        let option = as_option(name, &all).filter(|_| !is_basic || count <= BASIC_LIMIT);
        option.unwrap_or_else(|| format!("--{name} SELECTORS"))
    }
}

/// What a basic selector selects besides management events. Where it doesn't tell of which calls, it means all, as the API does.
fn data_events(selector: &Value) -> Option<String> {
    let data = selector.get("DataResources").filter(|it| it.get(0).is_some())?;
    let calls = selector.get("ReadWriteType").and_then(Value::as_str).unwrap_or("All");
    Some(format!(r#"{{"ReadWriteType":"{calls}","IncludeManagementEvents":false,"DataResources":{data}}}"#))
}
