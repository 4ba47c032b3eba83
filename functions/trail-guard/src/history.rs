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
use sealwatch_runtime::lookup::{Seen, calls};
use sealwatch_runtime::trouble::Trouble;

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
    let mut latest = None;
    calls(&boot.clients, name, deadline, |earlier| {
        if !is_before(&earlier, change, trail) {
            return Seen::More;
        }
        latest = Some(earlier);
        Seen::Enough
    })
    .await?;
    Ok(latest)
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
