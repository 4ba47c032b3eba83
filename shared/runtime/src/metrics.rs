//! Metrics in CloudWatch's embedded metric format: one log line an invocation.
//!
//! Counts what the alarms and the dashboard need, by guard. Reads a receipt; calls no API.
//!
//! Format: "Embedded metric format specification" of the CloudWatch user guide.

use sealwatch_policy::plan::Severity;
use sealwatch_policy::receipt::Receipt;
use serde_json::{Map, Value, json};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Sealwatch";

/// The metrics line of one receipt. `now_ms` is milliseconds since 1970.
#[must_use]
pub fn line(receipt: &Receipt, now_ms: i64) -> Value {
    let severity =
        |wanted: Severity| receipt.findings.iter().filter(|finding| finding.severity == wanted).count();
    let effects = |outcome: &str| receipt.effects.iter().filter(|effect| effect.outcome == outcome).count();
    let page = |outcome: &str| usize::from(receipt.page.as_ref().is_some_and(|page| page.outcome == outcome));
    let counts = [
        ("FindingsInfo", "Count", severity(Severity::Info)),
        ("FindingsLow", "Count", severity(Severity::Low)),
        ("FindingsMedium", "Count", severity(Severity::Medium)),
        ("FindingsHigh", "Count", severity(Severity::High)),
        ("FindingsCritical", "Count", severity(Severity::Critical)),
        ("EffectsApplied", "Count", effects("applied")),
        ("EffectsFailed", "Count", effects("failed") + effects("refused")),
        ("EffectsWithheld", "Count", effects("withheld")),
        ("PagesSent", "Count", page("sent")),
        ("PagesFailed", "Count", page("failed")),
    ];
    let mut values = vec![("Events", "Count", json!(1))];
    // A metric costs money in each hour that it is told of, and a count of none is told by its absence.
    values.extend(
        counts
            .map(|(name, unit, count)| (name, unit, json!(count)))
            .into_iter()
            .filter(|(_, _, count)| *count != 0),
    );
    if let Some(timings) = &receipt.timings_ms {
        values.push(("EventAge", "Milliseconds", json!(timings.event_age)));
        values.push(("GatherTime", "Milliseconds", json!(timings.gather)));
        values.push(("ApplyTime", "Milliseconds", json!(timings.apply)));
        if effects("applied") > 0 {
            let spent = i64::try_from(timings.gather.saturating_add(timings.apply)).unwrap_or(i64::MAX);
            values.push(("TimeToEffect", "Milliseconds", json!(timings.event_age.saturating_add(spent))));
        }
    }
    let units: Vec<Value> =
        values.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now_ms,
            "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [["guard"]], "Metrics": units }],
        }),
    );
    line.insert("guard".to_owned(), json!(receipt.guard));
    line.extend(values.into_iter().map(|(name, _, value)| (name.to_owned(), value)));
    Value::Object(line)
}
