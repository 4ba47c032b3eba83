//! Where an alias points now, and where it pointed before a change.
//!
//! DescribeKey resolves it; the record of its deletion, or CloudTrail's event history, tells the rest.

use crate::gather::look;
use jiff::Timestamp;
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::{Reading, Unreadable};
use sealwatch_policy::guards::key::{Call, Facts, listed_key, pointed_to, too_early};
use sealwatch_policy::names::{KeyArn, KeyRef};
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::deadline::Deadline;
use sealwatch_runtime::looks::settled;
use sealwatch_runtime::lookup::{About, latest_before};

/// The facts about the alias that a change names, read now.
pub async fn gather(
    boot: &Boot,
    change: &Change,
    alias: &KeyRef,
    now: Timestamp,
    deadline: &Deadline,
) -> Facts {
    let mut facts = Facts::none();
    let read = || target(boot, change, alias, deadline);
    facts.alias = settled(deadline, read, |found| too_early::alias(change, found, now)).await;
    if let Reading::Known(_) | Reading::Absent = facts.alias {
        facts.alias_before = before(boot, change, alias, deadline).await;
    }
    facts
}

/// The key that the alias points to now.
async fn target(boot: &Boot, change: &Change, alias: &KeyRef, deadline: &Deadline) -> Reading<KeyArn> {
    match look(boot, change, alias, deadline).await {
        Reading::Known(key) | Reading::Assumed(key) => Reading::Known(key.arn),
        Reading::Absent => Reading::Absent,
        Reading::NotAsked => Reading::NotAsked,
        Reading::Unreadable(error) => Reading::Unreadable(error),
    }
}

async fn before(boot: &Boot, change: &Change, alias: &KeyRef, deadline: &Deadline) -> Reading<KeyArn> {
    // The record of an alias's deletion names the key behind it.
    if Call::of(change) == Some(Call::DeleteAlias)
        && let Some(key) = listed_key(change)
    {
        return Reading::Known(key);
    }
    let about = |call: &Change| match call.request_text("aliasName") {
        Some(name) => match KeyRef::parse(name, &call.place) {
            Ok(named) if named == *alias => About::It,
            Ok(_) | Err(_) => About::Another,
        },
        None => About::Unclear,
    };
    let mut calls = Vec::new();
    // One after the other: LookupEvents takes two calls a second of a whole account. Of the same second an alias is
    // made before it is moved.
    for name in ["CreateAlias", "UpdateAlias"] {
        match latest_before(&boot.clients, change, name, deadline, about).await {
            Ok(found) => calls.extend(found),
            Err(trouble) => return Reading::Unreadable(trouble.into()),
        }
    }
    let Some(last) = calls.iter().max_by_key(|call| call.time) else { return Reading::Absent };
    match pointed_to(last) {
        Some(key) => Reading::Known(key),
        None => {
            let why = format!("the {} call of {} doesn't show the key", last.event_name, last.time);
            Reading::Unreadable(Unreadable::for_good(why))
        }
    }
}
