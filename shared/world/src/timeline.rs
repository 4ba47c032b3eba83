//! Puts changes in the order in which they happened.
//!
//! CloudTrail delivers late, twice and out of order, and its times are whole seconds. By event time, within
//! a second creations first and deletions last, then by event id; each id once an account and Region. The same changes give the
//! same replay however they were collected.

use jiff::Timestamp;
use sealwatch_policy::change::Change;
use sealwatch_policy::names::Place;
use sealwatch_policy::untrusted::Untrusted;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::HashSet;

/// The changes in order of time, and how many copies were left out.
#[must_use]
pub fn order<C: Borrow<Change>>(changes: Vec<C>) -> (Vec<C>, usize) {
    let total = changes.len();
    // Changes are large: their places in the list are sorted, and each is moved once.
    let keyed = |(index, change): (usize, &C)| {
        let change = change.borrow();
        (change.time, rank(change.event_name.raw()), index)
    };
    let mut order: Vec<(Timestamp, u8, usize)> = changes.iter().enumerate().map(keyed).collect();
    let of = |index: usize| changes.get(index).map(C::borrow);
    order.sort_by(|(time, rank, index), (other_time, other_rank, other)| {
        (time, rank).cmp(&(other_time, other_rank)).then_with(|| match (of(*index), of(*other)) {
            (Some(a), Some(b)) => by_id(a).cmp(&by_id(b)).then_with(|| among_copies(a, b)),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
    });
    let mut seen = HashSet::with_capacity(total);
    order.retain(|(_, _, index)| of(*index).is_some_and(|change| seen.insert(by_id(change))));
    let order: Vec<usize> = order.into_iter().map(|(_, _, index)| index).collect();
    let copies = total - order.len();
    let mut changes: Vec<Option<C>> = changes.into_iter().map(Some).collect();
    (order.into_iter().filter_map(|index| changes.get_mut(index)?.take()).collect(), copies)
}

/// What copies of a change have in common.
fn by_id(change: &Change) -> (&Untrusted, &Place) {
    (&change.event_id, &change.place)
}

/// Puts copies of one change in order: copies may differ, one of them cut, and which is kept must not hang on the order in which
/// they were read.
#[must_use]
pub fn among_copies(a: &Change, b: &Change) -> Ordering {
    // Also of equal objects: they may be written in another order, in which they are shown.
    format!("{a:?}").cmp(&format!("{b:?}"))
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
