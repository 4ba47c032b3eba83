//! Whether a look at a key or alias came too early: what was read contradicts a call that succeeded only just now.

use super::target::{listed_key, pointed_to};
use super::{Call, Description};
use crate::change::Change;
use crate::facts::{KeyState, Reading};
use crate::guards::fresh::is_fresh;
use crate::key_policy::KeyPolicy;
use crate::names::KeyArn;
use jiff::Timestamp;

/// Whether the key's state shows nothing of the call.
#[must_use]
pub fn state(change: &Change, key: &Reading<Description>, now: Timestamp) -> bool {
    let Reading::Known(Description { state, .. }) = key else { return false };
    let is_dying = matches!(state, KeyState::PendingDeletion { .. } | KeyState::PendingReplicaDeletion);
    let is_untouched = match Call::of(change) {
        Some(Call::Schedule) => !is_dying,
        Some(Call::Cancel) => is_dying,
        Some(Call::Disable) => *state == KeyState::Enabled,
        Some(Call::Enable) => is_dying || *state == KeyState::Disabled,
        Some(Call::DeleteMaterial) => matches!(state, KeyState::Enabled | KeyState::Disabled),
        Some(Call::Deleted) => true,
        Some(Call::PutPolicy | Call::DisableRotation | Call::UpdateAlias | Call::DeleteAlias) | None => false,
    };
    is_untouched && is_fresh(change, now)
}

/// Whether the key's policy isn't the one that the call set.
#[must_use]
pub fn policy(change: &Change, policy: &Reading<KeyPolicy>, now: Timestamp) -> bool {
    let Reading::Known(shown) = policy else { return false };
    if Call::of(change) != Some(Call::PutPolicy) || !is_fresh(change, now) {
        return false;
    }
    // A record that doesn't tell the policy contradicts nothing.
    let set = change.request.get("policy").and_then(|policy| KeyPolicy::from_value(policy).ok());
    set.is_some_and(|set| !set.says_the_same_as(shown))
}

/// Whether the key is still shown as rotated.
#[must_use]
pub fn rotation(change: &Change, rotation: &Reading<bool>, now: Timestamp) -> bool {
    Call::of(change) == Some(Call::DisableRotation)
        && *rotation == Reading::Known(true)
        && is_fresh(change, now)
}

/// Whether the alias doesn't point where the call put it, or is still there.
#[must_use]
pub fn alias(change: &Change, alias: &Reading<KeyArn>, now: Timestamp) -> bool {
    let Reading::Known(shown) = alias else { return false };
    let call = Call::of(change);
    let is_untouched = call == Some(Call::UpdateAlias) && pointed_to(change).is_some_and(|set| set != *shown)
        // One that points to another key was made anew.
        || call == Some(Call::DeleteAlias) && listed_key(change).is_none_or(|before| before == *shown);
    is_untouched && is_fresh(change, now)
}
