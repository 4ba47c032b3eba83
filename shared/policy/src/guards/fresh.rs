//! How long a call may still go unseen: AWS is eventually consistent, and a guard is started seconds after a call.
//!
//! Source: KMS Developer Guide, "AWS KMS eventual consistency"; CloudTrail User Guide, "Managing data consistency in CloudTrail".
//!
//! Each guard's `too_early` tells what of a reading contradicts the call that it follows. That is no verdict: what contradicts is
//! read again a few times, and what is shown then is judged, for somebody may have changed it since.

use crate::change::Change;
use jiff::{SignedDuration, Timestamp};

/// What is shown by then is taken for what somebody made of it since. No longer, because whoever makes and undoes things all day keeps
/// others' events waiting for about as long.
const SEEN_BY_ALL: SignedDuration = SignedDuration::from_secs(30);

/// Whether a call succeeded, and so lately that a reading may not show it yet.
pub(super) fn is_fresh(change: &Change, now: Timestamp) -> bool {
    change.failure.is_none() && now.duration_since(change.time).abs() < SEEN_BY_ALL
}
