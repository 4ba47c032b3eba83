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
    let mut unreadable = 0_usize;
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
        for event in answer.events() {
            match call_of(event) {
                Some(earlier) if is_before(&earlier, change, trail) => return Ok(Some(earlier)),
                Some(_) => {}
                None => unreadable += 1,
            }
        }
        token = answer.next_token;
        if token.is_none() {
            // One of those that can't be read may have been the one.
            let why = format!("{unreadable} recorded calls of {name} can't be read");
            return if unreadable == 0 {
                Ok(None)
            } else {
                Err(Trouble::unclear("cloudtrail:LookupEvents", &why))
            };
        }
    }
    let why = format!("the history holds more than {} calls of {name}", PAGES * 50);
    Err(Trouble::unclear("cloudtrail:LookupEvents", &why))
}

/// The call that an entry of the history records.
fn call_of(event: &Event) -> Option<Change> {
    let record: Value = serde_json::from_str(event.cloud_trail_event()?).ok()?;
    match parse(&record) {
        Ok(Parsed::Change(call)) => Some(*call),
        Ok(Parsed::NotAManagementCall(_)) | Err(_) => None,
    }
}

/// Whether it succeeded, was about this trail and came before the change.
fn is_before(earlier: &Change, change: &Change, trail: &TrailArn) -> bool {
    earlier.failure.is_none()
        && earlier.event_id != change.event_id
        // Of the same second nobody can tell which came first, and a twin of the change would hide it.
        && earlier.time < change.time
        && Target::of(earlier) == Target::Trail(trail.clone())
}

/// What an instance saw itself stands in where the history doesn't tell.
pub fn or_seen(told: Reading<Settings>, seen: Option<Settings>) -> Reading<Settings> {
    match (told, seen) {
        (Reading::Absent | Reading::Unreadable(Unreadable { .. }), Some(seen)) => Reading::Known(seen),
        (told, _) => told,
    }
}
