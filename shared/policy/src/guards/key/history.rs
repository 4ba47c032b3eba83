//! What was done to a key before: whether it was enabled when its deletion was scheduled, whether somebody does again
//! what was undone, and how often Sealwatch has undone it.
//!
//! Known from CloudTrail's event history, which is 90 days long and up to a quarter of an hour late, and from what the guard
//! did itself. What lies before it is unknown, never "enabled"; that it lags behind is said.

use super::{Call, Description, Facts, Origin};
use crate::change::{Actor, Change};
use crate::facts::{KeyState, Reading};
use crate::guards::Guard;
use crate::policy::{Exempt, Policy};
use crate::untrusted::{SHOWN, clean};
use jiff::{SignedDuration, Timestamp, ToSpan};

/// What was done to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// `ScheduleKeyDeletion`
    Scheduled,
    /// `CancelKeyDeletion`
    Cancelled,
    /// `DisableKey`
    Disabled,
    /// `EnableKey`
    Enabled,
}

/// One call that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Past {
    /// When.
    pub time: Timestamp,
    /// What.
    pub act: Act,
    /// Who: the role behind a session, else the caller's ARN; `None` if the record names nobody.
    pub actor: Option<String>,
    /// CloudTrail's `eventID`.
    pub event_id: String,
}

/// What is known of a key's past.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// The calls, in order of time.
    pub past: Vec<Past>,
    /// Since when the history is whole; `None` if it is whole from the key's creation.
    pub since: Option<Timestamp>,
    /// The state that the deletion was scheduled in, where it is known outright.
    pub state_before: Option<KeyState>,
    /// Who Sealwatch itself is among the actors; `None` if it doesn't know.
    pub own: Option<String>,
}

/// Whether a key was enabled when its deletion was scheduled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Before {
    Enabled(String),
    Disabled(String),
    Unknown(String),
}

/// How long a disabled key may still be used: KMS spreads a state within minutes, and CloudTrail cuts its times to seconds.
///
/// Source: KMS Developer Guide, "Eventual consistency".
const SPREAD: SignedDuration = SignedDuration::from_mins(5);

/// How late CloudTrail's event history may be.
///
/// Source: CloudTrail User Guide, "Working with CloudTrail event history".
const LAG: SignedDuration = SignedDuration::from_mins(15);

/// How often the same repair is made within a day: who then still undoes it isn't stopped by another.
pub(super) const REPAIRS: usize = 3;

impl Act {
    /// The act that a call is.
    #[must_use]
    pub fn of(call: Call) -> Option<Self> {
        match call {
            Call::Schedule => Some(Self::Scheduled),
            Call::Cancel => Some(Self::Cancelled),
            Call::Disable => Some(Self::Disabled),
            Call::Enable => Some(Self::Enabled),
            Call::PutPolicy
            | Call::DeleteMaterial
            | Call::DisableRotation
            | Call::UpdateAlias
            | Call::DeleteAlias
            | Call::Deleted => None,
        }
    }
}

impl Past {
    /// The entry for a change that succeeded; `None` for one that did nothing of the kind.
    #[must_use]
    pub fn of(change: &Change) -> Option<Self> {
        if change.failure.is_some() {
            return None;
        }
        Some(Self {
            time: change.time,
            act: Act::of(Call::of(change)?)?,
            actor: who(&change.actor),
            event_id: change.event_id.raw().to_owned(),
        })
    }
}

/// Who a caller is for as long as it matters: a session's name changes, its role stays.
fn who(actor: &Actor) -> Option<String> {
    actor.role_arn().or_else(|| actor.arn.as_ref().map(|arn| arn.raw().to_owned()))
}

/// Whether the key was enabled when its deletion was scheduled.
pub(super) fn before(change: &Change, facts: &Facts, key: &Description) -> Before {
    let Some(history) = known(facts) else {
        return Before::Unknown(unread(facts).unwrap_or("nobody asked").to_owned());
    };
    match &history.state_before {
        Some(KeyState::Enabled) => return Before::Enabled("it was enabled before".to_owned()),
        Some(state) => return Before::Disabled(format!("it was {} before", state.as_str())),
        None => {}
    }
    let (last, used) = match &key.state {
        // Nothing enables, disables or uses a key while it is scheduled for deletion. So whatever came last came before,
        // whatever time the event tells.
        KeyState::PendingDeletion { .. } | KeyState::PendingReplicaDeletion => {
            (switches(change, history).next_back(), last_use(facts))
        }
        KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport | KeyState::Other(_) => {
            let Some(scheduled) = scheduled_at(change, history) else {
                return Before::Unknown("the history doesn't show the call that scheduled it".to_owned());
            };
            if let Some(twin) = switches(change, history).find(|past| past.time == scheduled) {
                return Before::Unknown(format!(
                    "another call changed its state within the same second, {}",
                    twin.time
                ));
            }
            let last = switches(change, history).rfind(|past| past.time < scheduled);
            (last, last_use(facts).filter(|used| *used < scheduled))
        }
    };
    match last {
        Some(past) if used.is_some_and(|used| proves_enabled_since(past, used)) => used_then(used),
        Some(Past { act: Act::Enabled, time, .. }) => {
            Before::Enabled(format!("it was enabled at {time}, and not disabled until it was scheduled"))
        }
        Some(Past { act: Act::Disabled, time, .. }) => {
            Before::Disabled(format!("it was disabled at {time}, before it was scheduled"))
        }
        Some(Past { act: Act::Cancelled | Act::Scheduled, time, .. }) => Before::Disabled(format!(
            "an earlier deletion was cancelled at {time}, which left it disabled, and it wasn't enabled since"
        )),
        None => without_a_switch(history, key, used, facts),
    }
}

/// Whether a use shows that the key was enabled again after a call that left it disabled.
fn proves_enabled_since(past: &Past, used: Timestamp) -> bool {
    used.duration_since(past.time) > SPREAD
}

/// That the key was disabled already when a call disabled it, in words: such a call succeeds and changes nothing.
pub(super) fn disabled_already(change: &Change, facts: &Facts) -> Option<String> {
    let history = known(facts)?;
    let last = switches(change, history).rfind(|past| past.time < change.time)?;
    let is_off = matches!(last.act, Act::Disabled | Act::Cancelled);
    let used_since = last_use(facts).is_some_and(|used| proves_enabled_since(last, used));
    (is_off && !used_since).then(|| {
        format!("the call changed nothing: the key was left disabled at {} by {}", last.time, named(last))
    })
}

/// That a later call than this one brought the key into its state, in words.
pub(super) fn done_later(change: &Change, facts: &Facts, act: Act) -> Option<String> {
    let later =
        |past: &&Past| past.act == act && past.time > change.time && past.event_id != change.event_id.raw();
    let past = known(facts)?.past.iter().rfind(later)?;
    let what = match act {
        Act::Scheduled => "scheduled for deletion",
        Act::Cancelled => "taken off deletion",
        Act::Disabled => "disabled",
        Act::Enabled => "enabled",
    };
    Some(format!(
        "it was {what} by a later call, at {} by {}: that is decided on its own event",
        past.time,
        named(past)
    ))
}

/// Whether Sealwatch itself made the call.
pub(super) fn is_own(change: &Change, facts: &Facts) -> bool {
    known(facts)
        .and_then(|history| history.own.as_ref())
        .is_some_and(|own| who(&change.actor).as_ref() == Some(own))
}

/// Whether the history shows the change itself by now, and so most likely what came before it.
pub(super) fn has_caught_up(change: &Change, facts: &Facts) -> bool {
    known(facts).is_some_and(|history| {
        history.since.is_none() || history.past.iter().any(|past| past.event_id == change.event_id.raw())
    })
}

/// Whether a call that was made shortly before the change may be missing from the history, and would tell of the state then.
pub(super) fn may_lack_what_came_before(change: &Change, facts: &Facts) -> bool {
    let is_told_outright = known(facts).is_some_and(|history| history.state_before.is_some());
    !is_told_outright && !has_caught_up(change, facts)
}

/// Whether policy exempts any caller, or did so when a call was made that the history may not show yet.
pub(super) fn was_anybody_exempt(policy: &Policy, change: &Change, now: Timestamp) -> bool {
    let since = change.time.min(now).checked_sub(LAG).unwrap_or(Timestamp::MIN);
    policy.exemptions_of(Guard::Key, since).any(|exemption| matches!(exemption.what, Exempt::Principal(_)))
}

fn known(facts: &Facts) -> Option<&History> {
    match &facts.history {
        Reading::Known(history) | Reading::Assumed(history) => Some(history),
        Reading::Unreadable(_) | Reading::Absent | Reading::NotAsked => None,
    }
}

fn named(past: &Past) -> String {
    clean(past.actor.as_deref().unwrap_or("a caller that isn't named"), SHOWN)
}

/// The calls that enabled or disabled the key, or left it disabled, but for the change itself.
fn switches<'a>(change: &'a Change, history: &'a History) -> impl DoubleEndedIterator<Item = &'a Past> {
    history.past.iter().filter(|past| past.act != Act::Scheduled && past.event_id != change.event_id.raw())
}

/// Whether somebody disabled the key within a day before its deletion was scheduled.
pub(super) fn disabled_lately(change: &Change, facts: &Facts) -> bool {
    let (Reading::Known(history) | Reading::Assumed(history)) = &facts.history else { return false };
    let Some(scheduled) = scheduled_at(change, history) else { return false };
    let since = scheduled.checked_sub(24.hours()).unwrap_or(Timestamp::MIN);
    let last = switches(change, history).rfind(|past| past.time < scheduled);
    last.is_some_and(|past| past.act == Act::Disabled && past.time >= since)
}

/// Why the history isn't known, if it isn't.
pub(super) fn unread(facts: &Facts) -> Option<&str> {
    match &facts.history {
        Reading::Known(_) | Reading::Assumed(_) => None,
        Reading::Unreadable(error) => Some(&error.why),
        Reading::Absent | Reading::NotAsked => Some("nobody asked"),
    }
}

/// Whether the history may answer when it is asked again.
pub(super) fn may_be_told_later(facts: &Facts) -> bool {
    match &facts.history {
        Reading::Unreadable(error) => error.retryable,
        Reading::Known(_) | Reading::Assumed(_) | Reading::Absent | Reading::NotAsked => false,
    }
}

/// No call is known that enabled or disabled it: it was enabled if it was used or made since the history is whole.
fn without_a_switch(history: &History, key: &Description, used: Option<Timestamp>, facts: &Facts) -> Before {
    let is_covered = |moment: &Timestamp| history.since.is_none_or(|since| since <= *moment);
    if used.filter(is_covered).is_some() {
        return used_then(used);
    }
    match key.created.filter(is_covered) {
        // Imported material comes after the key's creation, and may never have come.
        Some(created) if key.origin == Some(Origin::Kms) => {
            Before::Enabled(format!("it was made at {created}, and never disabled until it was scheduled"))
        }
        Some(_) | None => {
            let use_of_it = match &facts.last_use {
                Reading::Known(_) | Reading::Assumed(_) => "and it wasn't used in that time",
                Reading::Unreadable(_) | Reading::Absent | Reading::NotAsked => {
                    "and when it was last used isn't known"
                }
            };
            Before::Unknown(format!("no call of the last 90 days enabled or disabled it, {use_of_it}"))
        }
    }
}

fn used_then(used: Option<Timestamp>) -> Before {
    let at = used.map(|used| format!(" at {used}")).unwrap_or_default();
    Before::Enabled(format!("it was used{at}, and not disabled from then until it was scheduled"))
}

fn last_use(facts: &Facts) -> Option<Timestamp> {
    match &facts.last_use {
        Reading::Known(last) | Reading::Assumed(last) => last.used.as_ref().map(|used| used.time),
        Reading::NotAsked | Reading::Absent | Reading::Unreadable(_) => None,
    }
}

fn scheduled_at(change: &Change, history: &History) -> Option<Timestamp> {
    if Call::of(change) == Some(Call::Schedule) {
        return Some(change.time);
    }
    history.past.iter().rfind(|past| past.act == Act::Scheduled && past.time <= change.time).map(|it| it.time)
}

/// That the same caller did this before and it was undone, in words.
pub(super) fn again(change: &Change, facts: &Facts) -> Option<String> {
    let history = facts.history.known()?;
    let (act, undone_by) = match Call::of(change).and_then(Act::of)? {
        Act::Scheduled => (Act::Scheduled, Act::Cancelled),
        Act::Disabled => (Act::Disabled, Act::Enabled),
        Act::Cancelled | Act::Enabled => return None,
    };
    let who = who(&change.actor)?;
    let first = history.past.iter().rfind(|past| {
        past.act == act
            && past.actor.as_ref() == Some(&who)
            && past.time < change.time
            && past.event_id != change.event_id.raw()
    })?;
    let undone = history
        .past
        .iter()
        .find(|past| past.act == undone_by && (first.time..=change.time).contains(&past.time))?;
    let by = named(undone);
    Some(match act {
        Act::Scheduled => format!(
            "the same caller scheduled its deletion at {} already; {by} cancelled that at {}",
            first.time, undone.time
        ),
        Act::Disabled | Act::Cancelled | Act::Enabled => format!(
            "the same caller disabled it at {} already; {by} enabled it at {}",
            first.time, undone.time
        ),
    })
}

/// How often Sealwatch made a repair during the last day, if that is too often to make it once more. What others did
/// doesn't count: else whoever endangers a key could use the number up.
pub(super) fn too_often(facts: &Facts, repair: Act, now: Timestamp) -> Option<usize> {
    let history = known(facts)?;
    let own = history.own.as_ref()?;
    let since = now.checked_sub(24.hours()).unwrap_or(Timestamp::MIN);
    let is_own = |past: &&Past| past.act == repair && past.time >= since && past.actor.as_ref() == Some(own);
    let made = history.past.iter().filter(is_own).count();
    (made >= REPAIRS).then_some(made)
}
