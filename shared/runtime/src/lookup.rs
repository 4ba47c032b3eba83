//! CloudTrail's own event history of 90 days: the recorded calls of one name, the latest first.
//!
//! The history is kept whether or not a trail is logging. What of it can't be read may have been what was looked
//! for, so nobody is told that it wasn't there. What a call means is its reader's to say.

use crate::clients::Clients;
use crate::deadline::{Deadline, Step};
use crate::trouble::{Trouble, call};
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use sealwatch_policy::change::{Change, Parsed, parse_text};

const OPERATION: &str = "cloudtrail:LookupEvents";

/// Pages of fifty; more such calls in 90 days are no administration but an attempt to hide one. Failed calls count too,
/// which anybody can make, so that it is no small number; the deadline bounds it as well.
const PAGES: usize = 20;

/// What a reader makes of one recorded call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It looks on.
    More,
    /// It needs no earlier ones.
    Enough,
    /// The record leaves open whether it is one of those that are looked for.
    Unclear,
}

/// What a recorded call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// What is looked for.
    It,
    /// Something else.
    Another,
    /// The record doesn't say.
    Unclear,
}

/// The latest call of `name` that succeeded before `change` and was about what is looked for.
///
/// # Errors
/// As [`calls`]; also if a later one, of before the change, doesn't say what it is about.
pub async fn latest_before(
    clients: &Clients,
    change: &Change,
    name: &str,
    deadline: &Deadline,
    about: impl Fn(&Change) -> About,
) -> Result<Option<Change>, Trouble> {
    let mut latest = None;
    calls(clients, name, deadline, |call| {
        // Of the same second nobody can tell which came first, and a twin of the change would hide it.
        let is_before = call.failure.is_none() && call.event_id != change.event_id && call.time < change.time;
        match about(&call) {
            About::It if is_before => {
                latest = Some(call);
                Seen::Enough
            }
            About::Unclear if is_before => Seen::Unclear,
            About::It | About::Another | About::Unclear => Seen::More,
        }
    })
    .await?;
    Ok(latest)
}

/// Shows the recorded calls of `name` to a reader, the latest first, until it has seen enough.
///
/// # Errors
/// If the history can't be read, has more such calls than are worth reading, or holds one that can't be read and is
/// later than what was enough.
pub async fn calls(
    clients: &Clients,
    name: &str,
    deadline: &Deadline,
    mut reader: impl FnMut(Change) -> Seen,
) -> Result<(), Trouble> {
    let mut token = None;
    let mut unreadable = 0_usize;
    for _ in 0..PAGES {
        let attribute = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::EventName)
            .attribute_value(name)
            .build()
            .map_err(|error| Trouble::unclear(OPERATION, &error.to_string()))?;
        let asked = clients.cloudtrail().lookup_events().lookup_attributes(attribute).set_next_token(token);
        let answer = call(deadline, Step::Gather, OPERATION, asked.send()).await?;
        let Some(events) = answer.events else {
            return Err(Trouble::unclear(OPERATION, "the answer has no list of events"));
        };
        for event in &events {
            match call_of(event).map_or(Seen::Unclear, &mut reader) {
                Seen::More => {}
                Seen::Enough => return whole(name, unreadable),
                Seen::Unclear => unreadable += 1,
            }
        }
        token = answer.next_token;
        if token.is_none() {
            return whole(name, unreadable);
        }
    }
    let why = format!("the history holds more than {} calls of {name}", PAGES * 50);
    Err(Trouble::unclear(OPERATION, &why))
}

/// One of those that can't be read may have been the one.
fn whole(name: &str, unreadable: usize) -> Result<(), Trouble> {
    if unreadable == 0 {
        return Ok(());
    }
    let why = format!("{unreadable} recorded calls of {name} can't be read");
    Err(Trouble::unclear(OPERATION, &why))
}

/// The call that an entry of the history records.
fn call_of(event: &Event) -> Option<Change> {
    match parse_text(event.cloud_trail_event()?) {
        Ok(Parsed::Change(call)) => Some(*call),
        Ok(Parsed::NotAManagementCall(_)) | Err(_) => None,
    }
}
