//! What was done to a key before, from CloudTrail's own event history of 90 days.
//!
//! Only calls that succeeded, and only those on exactly this key. A history that can't be read whole is unreadable:
//! what it leaves out may be what matters.

use crate::gather::Inquiry;
use jiff::ToSpan as _;
use sealwatch_policy::facts::Reading;
use sealwatch_policy::guards::key::{History, Past, Target};
use sealwatch_policy::names::KeyRef;
use sealwatch_runtime::lookup::{Seen, calls};

/// The calls that decide whether a key can be used.
const CALLS: [&str; 4] = ["ScheduleKeyDeletion", "CancelKeyDeletion", "DisableKey", "EnableKey"];

/// How long CloudTrail keeps its event history, in days.
const KEPT: i64 = 90;

impl Inquiry<'_> {
    /// What was done to the key, in order of time.
    pub async fn history(&self) -> Reading<History> {
        let mut past = Vec::new();
        for name in CALLS {
            let read = calls(&self.boot.clients, name, self.deadline, |call| {
                if call.failure.is_some() {
                    return Seen::More;
                }
                match Target::of(&call) {
                    Target::Key(KeyRef::Key(arn)) => {
                        past.extend(Past::of(&call).filter(|_| arn == *self.key));
                        Seen::More
                    }
                    Target::Key(KeyRef::Alias { .. }) | Target::Alias(_) | Target::Unclear(_) => {
                        Seen::Unclear
                    }
                }
            });
            if let Err(trouble) = read.await {
                return Reading::Unreadable(trouble.into());
            }
        }
        past.sort();
        past.dedup();
        Reading::Known(History {
            past,
            since: self.now.checked_sub((KEPT * 24).hours()).ok(),
            state_before: None,
            own: None,
        })
    }
}
