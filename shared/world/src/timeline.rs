//! Puts changes in the order in which they happened.
//!
//! CloudTrail delivers late, twice and out of order. By event time, then by event id, each id once: the
//! same changes give the same replay however they were collected.

use sealwatch_policy::change::Change;
use std::collections::BTreeSet;

/// The changes in order of time, and how many copies were left out.
#[must_use]
pub fn order(mut changes: Vec<Change>) -> (Vec<Change>, usize) {
    let before = changes.len();
    changes.sort_by(|a, b| (a.time, &a.event_id, &a.place).cmp(&(b.time, &b.event_id, &b.place)));
    let mut seen = BTreeSet::new();
    changes.retain(|change| seen.insert(change.event_id.clone()));
    let copies = before - changes.len();
    (changes, copies)
}
