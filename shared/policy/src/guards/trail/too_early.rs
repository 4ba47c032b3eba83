//! Whether a look at a trail came too early: what was read contradicts a call that succeeded only just now.

use super::{Call, Selectors, Status, TrailState};
use crate::change::Change;
use crate::facts::Reading;
use crate::guards::fresh::is_fresh;
use jiff::Timestamp;

/// Whether the trail isn't there though a call on it succeeded, is still there, or isn't set up as the call told.
#[must_use]
pub fn trail(change: &Change, trail: &Reading<TrailState>, now: Timestamp) -> bool {
    let Some(call) = Call::of(change) else { return false };
    let is_untouched = match trail {
        Reading::Absent => call != Call::Delete,
        Reading::Known(state) => match call {
            Call::Delete => true,
            Call::Create | Call::Update => state.settings.contradict(change),
            Call::Stop | Call::Start | Call::PutSelectors | Call::PutInsights => false,
        },
        Reading::NotAsked | Reading::Assumed(_) | Reading::Unreadable(_) => false,
    };
    is_untouched && is_fresh(change, now)
}

/// Whether the trail is still logging, or not yet.
#[must_use]
pub fn status(change: &Change, status: &Reading<Status>, now: Timestamp) -> bool {
    let Reading::Known(Status { logging: Some(logging), .. }) = status else { return false };
    let is_untouched = match Call::of(change) {
        Some(Call::Stop) => *logging,
        Some(Call::Start) => !*logging,
        Some(Call::Create | Call::Update | Call::Delete | Call::PutSelectors | Call::PutInsights) | None => {
            false
        }
    };
    is_untouched && is_fresh(change, now)
}

/// Whether the trail records something else than what the call told it to, as far as that is judged.
#[must_use]
pub fn selectors(change: &Change, selectors: &Reading<Selectors>, now: Timestamp) -> bool {
    let Reading::Known(shown) = selectors else { return false };
    if Call::of(change) != Some(Call::PutSelectors) || !is_fresh(change, now) {
        return false;
    }
    let told = Selectors::read(&change.response).or_else(|| Selectors::read(&change.request));
    // The lists themselves may come back in another order, or with what is the default written out.
    told.is_some_and(|told| told.records_management_events() != shown.records_management_events())
}
