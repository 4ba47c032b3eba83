//! Whether a trail that recorded a whole organization records one account only since the change.
//!
//! A console sends the flag as off with each change of any other trail, so a call that names it proves nothing: what
//! counts is that the trail was an organization's before. Its accounts outside the home account lose their trail.

use super::{Call, Facts, TrailState, destination, settings};
use crate::change::Change;
use crate::facts::Reading;
use crate::names::TrailArn;

/// What can be said about whom a trail records.
pub(super) enum Organization {
    /// It is an organization's, it was none before, or the call didn't ask.
    Kept,
    /// The same, if what nothing tells of is as it was.
    Assumed,
    /// It was an organization's and no longer is.
    Left(String),
    /// It is none, the call asked for that, and whether it was one before isn't known.
    MayHaveLeft(String),
}

/// Whether it matters if the trail was an organization's before the change.
pub(super) fn asks_for_earlier(change: &Change, state: &TrailState) -> bool {
    state.settings.organization != Some(true) && may_switch_off(change)
}

/// A record that leaves its request out may have asked for anything.
fn may_switch_off(change: &Change) -> bool {
    Call::of(change) == Some(Call::Update)
        && (!change.request.is_object() || settings::flag(change.request.get(FLAG)) == Some(false))
}

const FLAG: &str = "isOrganizationTrail";

pub(super) fn judge(change: &Change, facts: &Facts, trail: &TrailArn, state: &TrailState) -> Organization {
    if !asks_for_earlier(change, state) {
        return Organization::Kept;
    }
    if state.settings.organization.is_none() {
        return Organization::MayHaveLeft("nothing tells whether it is one now".to_owned());
    }
    // CloudTrail lets another account than the owner change a trail only as its organization's delegate.
    if change.place.account != trail.place().account {
        let delegate = &change.place.account;
        let told = format!("the call came from account {delegate}, a delegate of the trail's organization");
        return Organization::Left(told);
    }
    let why = match &facts.earlier {
        Reading::Known(earlier) => match earlier.organization {
            Some(true) => {
                return Organization::Left("before the call it was an organization trail".to_owned());
            }
            Some(false) => return Organization::Kept,
            None => "what is known of it from before the call doesn't tell".to_owned(),
        },
        Reading::Assumed(_) => return Organization::Assumed,
        Reading::Absent => destination::NO_HISTORY.to_owned(),
        Reading::Unreadable(error) => error.why.clone(),
        Reading::NotAsked => destination::NOT_ASKED.to_owned(),
    };
    Organization::MayHaveLeft(why)
}
