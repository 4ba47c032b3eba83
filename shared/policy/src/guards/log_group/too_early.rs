//! Whether a look at a log group came too early: what was read contradicts a call that succeeded only just now.

use super::{Call, GroupState};
use crate::change::Change;
use crate::facts::Reading;
use crate::guards::fresh::is_fresh;
use crate::names::KeyArn;
use jiff::{SignedDuration, Timestamp};

/// How far a group's creation and the time of the call in its record may be apart: CloudTrail cuts its times to seconds.
const SAME: SignedDuration = SignedDuration::from_secs(5);

/// Whether the group shows nothing of the call: it isn't there, is an earlier one of its name, or has a key that the call took or
/// not the one that it gave.
#[must_use]
pub fn group(change: &Change, group: &Reading<GroupState>, now: Timestamp) -> bool {
    let Some(call) = Call::of(change) else { return false };
    let is_untouched = match group {
        Reading::Absent => true,
        Reading::Known(state) => match call {
            Call::Create => is_earlier(change, state) || lacks_the_key(change, state),
            Call::Associate => lacks_the_key(change, state),
            Call::Disassociate => state.key.is_some(),
        },
        Reading::NotAsked | Reading::Assumed(_) | Reading::Unreadable(_) => false,
    };
    is_untouched && is_fresh(change, now)
}

/// A group that was deleted and made again under its name may show itself as it was, with the key that it had.
fn is_earlier(change: &Change, state: &GroupState) -> bool {
    state.created.is_some_and(|created| change.time.duration_since(created) > SAME)
}

/// A group that was made without a key may have got one since, which contradicts nothing.
fn lacks_the_key(change: &Change, state: &GroupState) -> bool {
    match (change.request_text("kmsKeyId"), &state.key) {
        (None, _) => false,
        (Some(_), None) => true,
        // Only a key's ARN can be compared with what is shown.
        (Some(given), Some(shown)) => given != shown && KeyArn::parse(given).is_ok(),
    }
}
