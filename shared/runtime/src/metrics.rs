//! Metrics in CloudWatch's embedded metric format: one log line an invocation.
//!
//! Counts what the alarms and the dashboard need, by guard. Reads a receipt; calls no API.
//!
//! Format: "Embedded metric format specification" of the CloudWatch user guide.

use sealwatch_policy::guards::Guard;
use sealwatch_policy::plan::Severity;
use sealwatch_policy::receipt::Receipt;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Sealwatch";

/// The metrics of one receipt, written as one line.
#[derive(Debug)]
pub struct Line {
    guard: Guard,
    /// In milliseconds since 1970.
    now_ms: i64,
    /// By name, with the unit.
    values: Vec<(&'static str, &'static str, i64)>,
}

impl Line {
    /// The metrics of a receipt.
    #[must_use]
    pub fn of(receipt: &Receipt, now_ms: i64) -> Self {
        let mut values = vec![("Events", "Count", 1)];
        // A metric costs money in each hour that it is told of, and a count of none is told by its absence.
        values.extend(counts(receipt).into_iter().filter(|(_, _, count)| *count != 0));
        if let Some(timings) = &receipt.timings_ms {
            values.push(("EventAge", "Milliseconds", timings.event_age));
            values.push(("GatherTime", "Milliseconds", whole(timings.gather)));
            values.push(("ApplyTime", "Milliseconds", whole(timings.apply)));
            if effects(receipt, "applied") > 0 {
                let spent = whole(timings.gather.saturating_add(timings.apply));
                values.push(("TimeToEffect", "Milliseconds", timings.event_age.saturating_add(spent)));
            }
        }
        Self { guard: receipt.guard, now_ms, values }
    }
}

fn counts(receipt: &Receipt) -> [(&'static str, &'static str, i64); 10] {
    let severity = |wanted: Severity| {
        whole(receipt.findings.iter().filter(|finding| finding.severity == wanted).count())
    };
    let page = |outcome: &str| i64::from(receipt.page.as_ref().is_some_and(|page| page.outcome == outcome));
    [
        ("FindingsInfo", "Count", severity(Severity::Info)),
        ("FindingsLow", "Count", severity(Severity::Low)),
        ("FindingsMedium", "Count", severity(Severity::Medium)),
        ("FindingsHigh", "Count", severity(Severity::High)),
        ("FindingsCritical", "Count", severity(Severity::Critical)),
        ("EffectsApplied", "Count", effects(receipt, "applied")),
        ("EffectsFailed", "Count", effects(receipt, "failed") + effects(receipt, "refused")),
        ("EffectsWithheld", "Count", effects(receipt, "withheld")),
        ("PagesSent", "Count", page("sent")),
        ("PagesFailed", "Count", page("failed")),
    ]
}

fn effects(receipt: &Receipt, outcome: &str) -> i64 {
    whole(receipt.effects.iter().filter(|effect| effect.outcome == outcome).count())
}

fn whole(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// What tells CloudWatch which of a line's members are metrics.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: i64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [[&'a str; 1]; 1],
    metrics: Vec<Metric<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric<'a> {
    name: &'a str,
    unit: &'a str,
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let metrics = self.values.iter().map(|(name, unit, _)| Metric { name, unit }).collect();
        let directive = Directive { namespace: NAMESPACE, dimensions: [["guard"]], metrics };
        let mut line = serializer.serialize_map(None)?;
        let metadata = Metadata { timestamp: self.now_ms, cloud_watch_metrics: [directive] };
        line.serialize_entry("_aws", &metadata)?;
        line.serialize_entry("guard", &self.guard)?;
        for (name, _, value) in &self.values {
            line.serialize_entry(name, value)?;
        }
        line.end()
    }
}
