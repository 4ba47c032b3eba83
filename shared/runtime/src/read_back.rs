//! Reading back: an effect counts as done once the resource shows it.
//!
//! AWS is eventually consistent, so what isn't there yet is looked for until the step's time is over. What the resource
//! shows, and what a person does about it, each guard says itself.

use crate::deadline::{Deadline, Step};
use crate::trouble::Trouble;
use sealwatch_policy::facts::Unreadable;
use sealwatch_policy::plan::{Outcome, Remedy};
use std::time::Duration;

/// How long to wait before looking once more, or before a call that something stood in the way of.
pub const PAUSE: Duration = Duration::from_millis(300);

/// What a resource shows of an effect.
#[derive(Debug)]
pub enum Seen {
    /// It is so.
    Done,
    /// It isn't so, and may be yet; what is shown instead.
    Otherwise(String),
    /// It isn't so, and waiting doesn't make it so.
    Never(Outcome),
    /// The resource is gone.
    Gone,
    /// It can't be told.
    Unread(Unreadable),
}

/// Looks until the effect is seen; `None` if the resource is gone.
///
/// `accepted` says what AWS took, as a sentence that goes on; `unseeable` is what a person does where the resource
/// can't be read for good: trying again would write once more and see as little.
pub async fn read_back<F: Future<Output = Seen>>(
    deadline: &Deadline,
    accepted: &str,
    unseeable: impl FnOnce() -> Vec<Remedy>,
    look: impl Fn() -> F,
) -> Option<Outcome> {
    loop {
        let shown = match look().await {
            Seen::Done => return Some(Outcome::Applied),
            Seen::Gone => return None,
            Seen::Never(outcome) => return Some(outcome),
            Seen::Unread(Unreadable { why, retryable: false }) => {
                let why = format!("{accepted}, but it can't be read back: {why}");
                return Some(Outcome::Refused { why, remedies: unseeable() });
            }
            Seen::Unread(Unreadable { why, retryable: true }) => why,
            Seen::Otherwise(shown) => shown,
        };
        if !deadline.has(Step::Apply, PAUSE * 2) {
            let why = format!("{accepted}, but reading back shows {shown}");
            return Some(Outcome::Failed { why });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What became of a write that met trouble, which may have been carried out all the same: the resource tells. `None` if it is
/// gone.
#[must_use]
pub fn after_trouble(trouble: Trouble, shown: Seen) -> Option<Outcome> {
    match shown {
        Seen::Done => Some(Outcome::Applied),
        Seen::Gone => None,
        Seen::Never(outcome) => Some(outcome),
        Seen::Otherwise(_) | Seen::Unread(_) => Some(Outcome::Failed { why: trouble.why }),
    }
}
