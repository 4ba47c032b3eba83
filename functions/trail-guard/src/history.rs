//! How a trail was set up before a change, from CloudTrail's own event history of 90 days.
//!
//! Looks for the latest CreateTrail or UpdateTrail of exactly this trail before the change: their responses
//! describe the whole trail.

use sealwatch_policy::change::Change;
use sealwatch_policy::facts::{Reading, Unreadable};
use sealwatch_policy::guards::trail::{Settings, Target};
use sealwatch_policy::names::TrailArn;
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::deadline::Deadline;
use sealwatch_runtime::lookup::{About, latest_before};

/// The settings before `change`; absent if the history doesn't tell.
pub async fn before(
    boot: &Boot,
    change: &Change,
    trail: &TrailArn,
    deadline: &Deadline,
) -> Reading<Settings> {
    let about = |call: &Change| match Target::of(call) {
        Target::Trail(named) if named == *trail => About::It,
        Target::Trail(_) | Target::EventDataStore => About::Another,
        Target::Unclear(_) => About::Unclear,
    };
    // Side by side: a trail that was deleted and made again has its latest description in either.
    let (updated, created) = tokio::join!(
        latest_before(&boot.clients, change, "UpdateTrail", deadline, about),
        latest_before(&boot.clients, change, "CreateTrail", deadline, about)
    );
    match (updated, created) {
        (Ok(updated), Ok(created)) => {
            let found = updated.into_iter().chain(created).max_by_key(|it| it.time);
            found.map_or(Reading::Absent, |earlier| Reading::Known(Settings::after(&earlier, None)))
        }
        (Err(trouble), _) | (_, Err(trouble)) => Reading::Unreadable(trouble.into()),
    }
}

/// What an instance saw itself stands in where the history doesn't tell.
pub fn or_seen(told: Reading<Settings>, seen: Option<Settings>) -> Reading<Settings> {
    match (told, seen) {
        (Reading::Absent | Reading::Unreadable(Unreadable { .. }), Some(seen)) => Reading::Known(seen),
        (told, _) => told,
    }
}
