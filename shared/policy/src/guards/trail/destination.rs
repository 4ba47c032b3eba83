//! Where a trail delivers: its bucket, topic and log group, and whether that is where it should.
//!
//! A console sends every setting with each change, so a call that names a bucket proves nothing: what the trail
//! is set to is held against the policy's list, or against how it was set up before.

use super::options::Options;
use super::settings::Moved;
use super::{Call, Facts, Named, TrailState};
use crate::change::Change;
use crate::facts::Reading;
use crate::policy::Policy;
use crate::wildcard;

/// What can be said about a trail's destination.
pub(super) enum Destination {
    /// Where it should be, as far as anybody wanted to know.
    Right,
    /// The same, if what nothing tells of is as it was (replay only).
    Assumed(String),
    /// Elsewhere.
    Moved(Vec<Moved>),
    /// The call names a destination, and how it was before isn't known.
    MayBeMoved(String),
}

pub(super) const NO_HISTORY: &str =
    "CloudTrail's event history of 90 days tells of no earlier CreateTrail or UpdateTrail";
pub(super) const NOT_ASKED: &str = "its history was not looked at";

/// Whether a call names where the trail delivers.
pub(super) fn names_a_destination(change: &Change) -> bool {
    names_bucket(change) || names_more_than_bucket(change)
}

fn names_bucket(change: &Change) -> bool {
    names_any(change, &["s3BucketName"])
}

/// What no list of buckets speaks for.
fn names_more_than_bucket(change: &Change) -> bool {
    const NAMES: [&str; 4] =
        ["s3KeyPrefix", "snsTopicName", "cloudWatchLogsLogGroupArn", "cloudWatchLogsRoleArn"];
    names_any(change, &NAMES)
}

/// A record that leaves its request out may have named anything.
pub(super) fn names_any(change: &Change, fields: &[&str]) -> bool {
    // An empty text takes the setting away, which is a change too.
    !change.request.is_object()
        || fields.iter().any(|field| change.request.get(*field).is_some_and(serde_json::Value::is_string))
}

/// Whether it matters how the trail was set up before the change.
///
/// A trail that was deleted and made again under its name delivers where the new one says.
pub(super) fn asks_for_earlier(policy: &Policy, change: &Change) -> bool {
    let unlisted = policy.trails.buckets.is_empty();
    match Call::of(change) {
        Some(Call::Update) => unlisted && names_bucket(change) || names_more_than_bucket(change),
        Some(Call::Create | Call::Delete) => unlisted,
        Some(Call::Stop | Call::Start | Call::PutSelectors | Call::PutInsights) | None => false,
    }
}

pub(super) fn judge(policy: &Policy, change: &Change, facts: &Facts, state: &TrailState) -> Destination {
    let listed = &policy.trails.buckets;
    let mut moved = Vec::new();
    if let (Named::Is(bucket), false) = (&state.settings.bucket, listed.is_empty())
        && !listed.iter().any(|pattern| wildcard::matches(pattern, bucket))
    {
        moved.push(Moved {
            what: format!("`trails.buckets` doesn't list its bucket {bucket}"),
            back: Options::one("s3-bucket-name", "BUCKET"),
        });
    }
    if !asks_for_earlier(policy, change) {
        return if moved.is_empty() { Destination::Right } else { Destination::Moved(moved) };
    }
    let now = &state.settings;
    let unread = match &facts.earlier {
        Reading::Known(earlier) => {
            let mut earlier = earlier.clone();
            if !listed.is_empty() {
                earlier.bucket = Named::NotTold;
            }
            moved.extend(now.moved_from(&earlier));
            None
        }
        Reading::Assumed(_) => {
            Some(Destination::Assumed("assumed to deliver where it did before".to_owned()))
        }
        // The name is new, or its trail is: nothing was moved.
        Reading::Absent if Call::of(change) != Some(Call::Update) => None,
        Reading::Absent => Some(Destination::MayBeMoved(NO_HISTORY.to_owned())),
        Reading::Unreadable(error) => Some(Destination::MayBeMoved(error.why.clone())),
        Reading::NotAsked => Some(Destination::MayBeMoved(NOT_ASKED.to_owned())),
    };
    match unread {
        _ if !moved.is_empty() => Destination::Moved(moved),
        Some(unread) => unread,
        None => Destination::Right,
    }
}
