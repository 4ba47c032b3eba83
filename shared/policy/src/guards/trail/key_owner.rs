//! Whether a trail's files can be read by the leave of another account only: its key is that account's.
//!
//! Many give the trails of all their accounts a key of one account. Policy names it; where policy names none, what counts is that
//! the trail had another one before.

use super::{Call, Facts, Named, TrailState, destination};
use crate::change::Change;
use crate::facts::Reading;
use crate::names::{AccountId, KeyRef, TrailArn};
use crate::policy::Policy;

/// What can be said about the owner of a trail's key.
pub(super) enum KeyOwner {
    /// The trail's account, one that policy names, or the same as before.
    Right,
    /// The same, if what nothing tells of is as it was.
    Assumed,
    /// The key isn't one that can be understood.
    Unclear,
    /// An account that policy doesn't name, or that is new.
    Foreign { owner: AccountId, why: String, before: Option<String> },
    /// The call set the key, and whether that is new isn't known.
    MayBeForeign { owner: AccountId, why: String },
}

/// Whether it matters which key the trail had before the change.
pub(super) fn asks_for_earlier(policy: &Policy, change: &Change, state: &TrailState) -> bool {
    policy.trails.key.is_none()
        && match Call::of(change) {
            Some(Call::Update) => destination::names_any(change, &["kmsKeyId"]),
            // A trail that is deleted and made again under its name has the new one's key.
            Some(Call::Create | Call::Delete) => true,
            Some(Call::Stop | Call::Start | Call::PutSelectors | Call::PutInsights) | None => false,
        }
        && matches!(foreign(&state.arn, &state.settings.key), Ok(Some(_)))
}

/// The owner of a key that isn't the trail's account's.
fn foreign(trail: &TrailArn, key: &Named) -> Result<Option<AccountId>, ()> {
    let Named::Is(key) = key else { return Ok(None) };
    let owner = KeyRef::parse(key, trail.place()).map_err(|_| ())?.place().account.clone();
    Ok((owner != trail.place().account).then_some(owner))
}

pub(super) fn judge(
    policy: &Policy,
    change: &Change,
    facts: &Facts,
    trail: &TrailArn,
    state: &TrailState,
) -> KeyOwner {
    let owner = match foreign(trail, &state.settings.key) {
        Ok(None) => return KeyOwner::Right,
        Ok(Some(owner)) => owner,
        Err(()) => return KeyOwner::Unclear,
    };
    if let Some(key) = &policy.trails.key {
        return match key.at(trail.place()) {
            Ok(named) if named.place().account == owner => KeyOwner::Right,
            Ok(_) | Err(_) => {
                let why = format!("`key` under [trails] in the policy file is {}", key.as_str());
                KeyOwner::Foreign { owner, why, before: None }
            }
        };
    }
    if !asks_for_earlier(policy, change, state) {
        return KeyOwner::Right;
    }
    let why = match &facts.earlier {
        Reading::Known(earlier) => match (&earlier.key, foreign(trail, &earlier.key)) {
            (Named::Is(_), Ok(Some(before))) if before == owner => return KeyOwner::Right,
            (Named::Is(before), _) => {
                let why = format!("before the call it was {before}");
                return KeyOwner::Foreign { owner, why, before: Some(before.clone()) };
            }
            (Named::Nothing, _) => {
                let why = "before the call it had none".to_owned();
                return KeyOwner::Foreign { owner, why, before: None };
            }
            (Named::NotTold, _) => "what is known of it from before the call doesn't tell its key".to_owned(),
        },
        Reading::Assumed(_) => return KeyOwner::Assumed,
        Reading::Absent if Call::of(change) == Some(Call::Create) => {
            "nothing is known of an earlier trail of its name".to_owned()
        }
        Reading::Absent => destination::NO_HISTORY.to_owned(),
        Reading::Unreadable(error) => error.why.clone(),
        Reading::NotAsked => destination::NOT_ASKED.to_owned(),
    };
    KeyOwner::MayBeForeign { owner, why }
}
