//! How a trail was set up before a change, from CloudTrail's own event history of 90 days.
//!
//! Looks for the latest CreateTrail or UpdateTrail of exactly this trail before the change: their responses
//! describe the whole trail. The history is kept whether or not a trail is logging.

use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use sealwatch_policy::change::{Change, Parsed, parse};
use sealwatch_policy::facts::{Reading, Unreadable};
use sealwatch_policy::guards::trail::{Settings, Target};
use sealwatch_policy::names::TrailArn;
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::deadline::{Deadline, Step};
use sealwatch_runtime::trouble::{Trouble, call};
use serde_json::Value;

/// Pages of fifty; more such calls in 90 days are no administration but an attempt to hide one.
const PAGES: usize = 5;

/// The settings before `change`; absent if the history doesn't tell.
pub async fn before(
    boot: &Boot,
    change: &Change,
    trail: &TrailArn,
    deadline: &Deadline,
) -> Reading<Settings> {
    // Side by side: a trail that was deleted and made again has its latest description in either.
    let (updated, created) = tokio::join!(
        latest(boot, change, trail, "UpdateTrail", deadline),
        latest(boot, change, trail, "CreateTrail", deadline)
    );
    match (updated, created) {
        (Ok(updated), Ok(created)) => {
            let found = updated.into_iter().chain(created).max_by_key(|it| it.time);
            found.map_or(Reading::Absent, |earlier| Reading::Known(Settings::after(&earlier, None)))
        }
        (Err(trouble), _) | (_, Err(trouble)) => Reading::Unreadable(trouble.into()),
    }
}

async fn latest(
    boot: &Boot,
    change: &Change,
    trail: &TrailArn,
    name: &str,
    deadline: &Deadline,
) -> Result<Option<Change>, Trouble> {
    let mut token = None;
    for _ in 0..PAGES {
        let attribute = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::EventName)
            .attribute_value(name)
            .build()
            .map_err(|error| Trouble::unclear("cloudtrail:LookupEvents", &error.to_string()))?;
        let asked =
            boot.clients.cloudtrail().lookup_events().lookup_attributes(attribute).set_next_token(token);
        let answer = call(deadline, Step::Gather, "cloudtrail:LookupEvents", asked.send()).await?;
        // They come latest first.
        let found = answer.events().iter().find_map(|event| of_trail(event, change, trail));
        if found.is_some() {
            return Ok(found);
        }
        token = answer.next_token;
        if token.is_none() {
            return Ok(None);
        }
    }
    let why = format!("the history holds more than {} calls of {name}", PAGES * 50);
    Err(Trouble::unclear("cloudtrail:LookupEvents", &why))
}

/// The recorded call, if it succeeded, was about this trail and came before the change.
fn of_trail(event: &Event, change: &Change, trail: &TrailArn) -> Option<Change> {
    let record: Value = serde_json::from_str(event.cloud_trail_event()?).ok()?;
    let Ok(Parsed::Change(earlier)) = parse(&record) else { return None };
    let right = earlier.failure.is_none()
        && earlier.event_id != change.event_id
        // Of the same second nobody can tell which came first, and a twin of the change would hide it.
        && earlier.time < change.time
        && Target::of(&earlier) == Target::Trail(trail.clone());
    right.then_some(*earlier)
}

/// What an instance saw itself stands in where the history doesn't tell.
pub fn or_seen(told: Reading<Settings>, seen: Option<Settings>) -> Reading<Settings> {
    match (told, seen) {
        (Reading::Absent | Reading::Unreadable(Unreadable { .. }), Some(seen)) => Reading::Known(seen),
        (told, _) => told,
    }
}
