//! A report: all there is to tell about one change, before it is told to anybody.
//!
//! A receipt and a page are made of it. It judges nothing.

use crate::change::{Change, ParseError, read};
use crate::guard::Guard;
use crate::names::Region;
use crate::plan::{Outcome, Plan, Severity};
use crate::policy::{Mode, Pages};
use crate::untrusted::clean;
use serde_json::Value;

/// Said of an effect that no outcome is known of: listed all the same, never dropped.
pub(crate) const NOT_REACHED: &str = "it was not reached";

/// Everything there is to tell about one change.
pub struct Report<'a, E> {
    /// The guard that judged it.
    pub guard: Guard,
    /// The mode that the guard runs in.
    pub mode: Mode,
    /// The policy's `[pages]`.
    pub pages: &'a Pages,
    /// The change.
    pub change: &'a Change,
    /// The target's ARN, if the change names one.
    pub target: Option<String>,
    /// The facts, as the guard shows them.
    pub facts: Value,
    /// The plan.
    pub plan: Plan<E>,
    /// What became of each effect of the plan, in its order.
    pub outcomes: Vec<Outcome>,
}

/// What little is known of an event that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableEvent {
    /// Its id, if it has one.
    pub id: String,
    /// Its account, if it tells one.
    pub account: String,
    /// The Region of the function that got it.
    pub region: String,
    /// Why it can't be read.
    pub error: ParseError,
}

impl UnreadableEvent {
    /// The finding that it is.
    pub const FINDING: &'static str = "event.unreadable";
    /// How bad that is.
    pub const SEVERITY: Severity = Severity::High;

    /// Picks out of the event what can be picked out, cleaned.
    #[must_use]
    pub fn of(event: &str, region: &Region, error: ParseError) -> Self {
        let event = read(event).unwrap_or(Value::Null);
        let told = |pointers: [&str; 3]| {
            let text = pointers.iter().find_map(|pointer| event.pointer(pointer)?.as_str());
            clean(text.filter(|text| !text.is_empty()).unwrap_or("unknown"), 80)
        };
        Self {
            id: told(["/detail/eventID", "/eventID", "/id"]),
            account: told(["/account", "/detail/recipientAccountId", "/recipientAccountId"]),
            region: region.to_string(),
            error,
        }
    }
}
