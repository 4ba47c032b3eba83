//! Puts changes in the order in which they happened.
//!
//! CloudTrail delivers late, twice and out of order, and its times are whole seconds. By event time, within
//! a second creations first and deletions last, then by event id; each id once an account and Region. The same changes give the
//! same replay however they were collected.

use sealwatch_policy::change::Change;
use std::collections::BTreeSet;

/// The changes in order of time, and how many copies were left out.
#[must_use]
pub fn order(mut changes: Vec<Change>) -> (Vec<Change>, usize) {
    let before = changes.len();
    changes.sort_by(|a, b| {
        let rank = |change: &Change| rank(change.event_name.raw());
        let by_time = a.time.cmp(&b.time).then_with(|| rank(a).cmp(&rank(b)));
        let by_id = || a.event_id.cmp(&b.event_id).then_with(|| a.place.cmp(&b.place));
        // Copies that differ, one of them cut: which is kept must not hang on the order of the files.
        by_time.then_with(by_id).then_with(|| format!("{a:?}").cmp(&format!("{b:?}")))
    });
    let mut seen = BTreeSet::new();
    changes.retain(|change| seen.insert((change.event_id.clone(), change.place.clone())));
    let copies = before - changes.len();
    (changes, copies)
}

/// What can't have happened before anything else within its second comes later.
///
/// A tool creates a group and associates its key within one second, and the event ids are random. A key can't be disabled
/// while it is scheduled for deletion, and cancelling comes after scheduling and before enabling.
fn rank(event_name: &str) -> u8 {
    match event_name {
        "CreateKey" | "CreateLogGroup" | "CreateTrail" => 0,
        "ScheduleKeyDeletion" => 2,
        "CancelKeyDeletion" => 3,
        "EnableKey" => 4,
        "DeleteKey" | "KMS CMK Deletion" | "DeleteLogGroup" | "DeleteTrail" => 5,
        _ => 1,
    }
}
