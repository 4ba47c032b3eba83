//! A report: all there is to tell about one change, before it is told to anybody.
//!
//! A receipt and a page are made of it. It judges nothing.

use crate::change::Change;
use crate::guard::Guard;
use crate::plan::{Outcome, Plan};
use crate::policy::{Mode, Pages};
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
    pub plan: &'a Plan<E>,
    /// What became of each effect of the plan, in its order.
    pub outcomes: &'a [Outcome],
}
