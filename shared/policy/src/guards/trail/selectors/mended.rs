//! Selectors that leave management events out, written so that they record them too.

use super::{Fits, KMS, Selector, Selectors, as_api, as_option};
use serde_json::Value;

const BASIC: &str = r#"{"ReadWriteType":"All","IncludeManagementEvents":true}"#;
const ADVANCED: &str =
    r#"{"Name":"Management events","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}"#;
/// How many basic ones a trail has at most. Source: CloudTrail API Reference, EventSelector.
const BASIC_LIMIT: usize = 5;

impl Selectors {
    /// The option of `put-event-selectors` for all management events and what else these select. If that makes no command: the
    /// option's name, and what belongs into it besides the others.
    pub(in super::super) fn with_management_events(&self) -> Result<String, (&'static str, &'static str)> {
        let (name, list) = match &self.written {
            Some((name, list)) => (*name, as_api(list)),
            None => ("event-selectors", Value::Null),
        };
        let is_basic = name == "event-selectors";
        let all = if is_basic { BASIC } else { ADVANCED };
        let others = self.selectors.iter().zip(list.as_array().into_iter().flatten());
        let list: Vec<String> = [all.to_owned()].into_iter().chain(others.filter_map(other)).collect();
        let fits = !is_basic || list.len() <= BASIC_LIMIT;
        let option = as_option(name, &format!("[{}]", list.join(","))).filter(|_| fits);
        option.ok_or((name, all))
    }
}

/// What a selector selects besides management events; where nothing is told of the calls it means all, as the API does.
fn other((selector, written): (&Selector, &Value)) -> Option<String> {
    match selector {
        Selector::Basic { .. } => {
            let data = written.get("DataResources").filter(|it| it.get(0).is_some())?;
            let calls = written.get("ReadWriteType").and_then(Value::as_str).unwrap_or("All");
            Some(format!(
                r#"{{"ReadWriteType":"{calls}","IncludeManagementEvents":false,"DataResources":{data}}}"#
            ))
        }
        Selector::Advanced(fields) => {
            let mut fields = fields.iter().filter(|it| it.field == "eventCategory");
            fields.all(|it| it.fits_write_of(KMS) == Fits::No).then(|| written.to_string())
        }
        Selector::NotUnderstood(_) => Some(written.to_string()),
    }
}
