//! The trail guard: nobody turns the record off.
//!
//! Tells what a change is about, which questions the account must answer, and, in [`decide`], what follows from
//! the answers. The trail's own state decides, never what the call asked for; an effect touches nothing but
//! the one setting that is in violation.

mod blindness;
mod coverage;
mod decide;
mod destination;
mod encryption;
mod failed;
mod findings;
mod judgement;
mod key_owner;
mod options;
mod organization;
mod rebuild;
mod selectors;
mod settings;
mod shown;
#[cfg(test)]
mod tests;
pub mod too_early;

pub use coverage::OtherTrail;
pub use decide::decide;
pub use selectors::{Recorded, Rewritten, Selectors};
pub use settings::{Named, Settings, trail_of_response};

use crate::change::Change;
use crate::facts::{KeyReading, Reading};
use crate::guards::Guard;
use crate::names::{KeyRef, Place, Region, TrailArn};
use crate::plan;
use crate::policy::{Exempt, Policy, TrailRequirement};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The calls that this guard handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `CreateTrail`
    Create,
    /// `UpdateTrail`
    Update,
    /// `DeleteTrail`
    Delete,
    /// `StopLogging`
    Stop,
    /// `StartLogging`
    Start,
    /// `PutEventSelectors`
    PutSelectors,
    /// `PutInsightSelectors`
    PutInsights,
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One trail.
    Trail(TrailArn),
    /// An event data store, which is no trail.
    EventDataStore,
    /// The record doesn't say, or says something that can't be.
    Unclear(String),
}

/// A trail, as DescribeTrails shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailState {
    /// The trail: its ARN holds its owner and home Region.
    pub arn: TrailArn,
    /// How it is set up.
    pub settings: Settings,
}

/// What GetTrailStatus shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// `IsLogging`; `None` if it wasn't told.
    pub logging: Option<bool>,
    /// Whether it was ever started (`StartLoggingTime`, `StopLoggingTime`); `None` if that isn't known.
    pub started: Option<bool>,
    /// `LatestDeliveryError`
    pub delivery_error: Option<String>,
    /// `LatestDigestDeliveryError`
    pub digest_error: Option<String>,
    /// `LatestCloudWatchLogsDeliveryError`
    pub log_group_error: Option<String>,
}

/// What the account answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The trail that the change names. Assumed: what it doesn't tell is taken to be as policy wants it.
    pub trail: Reading<TrailState>,
    /// Whether it is logging and delivers.
    pub status: Reading<Status>,
    /// What it records.
    pub selectors: Reading<Selectors>,
    /// Its tags.
    pub tags: Reading<BTreeMap<String, String>>,
    /// How it was set up before the change.
    pub earlier: Reading<Settings>,
    /// The Region of its bucket, where its key must be.
    pub bucket_region: Reading<Region>,
    /// The keys that were asked for.
    pub keys: BTreeMap<KeyRef, KeyReading>,
    /// The other trails that reach the change's Region.
    pub others: Reading<Vec<OtherTrail>>,
}

/// What must be asked once the trail itself is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Questions {
    /// Whether its tags matter.
    pub tags: bool,
    /// Whether its event selectors matter.
    pub selectors: bool,
    /// Whether it matters how it was set up before.
    pub earlier: bool,
    /// Whether the Region of its bucket matters: it needs a key.
    pub bucket_region: bool,
}

/// "This trail is so."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The trail.
    pub trail: TrailArn,
    /// How it must be.
    pub ensure: Ensure,
}

/// A setting of a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ensure {
    /// It is logging.
    Logging,
    /// Its files are encrypted with this key; an alias only in a replay that doesn't know the key behind it.
    Key(KeyRef),
    /// Its log files are validated.
    Validation,
}

impl Call {
    /// Which of the guard's calls a change is.
    #[must_use]
    pub fn of(change: &Change) -> Option<Self> {
        if change.event_source.raw() != "cloudtrail.amazonaws.com" {
            return None;
        }
        match change.event_name.raw() {
            "CreateTrail" => Some(Self::Create),
            "UpdateTrail" => Some(Self::Update),
            "DeleteTrail" => Some(Self::Delete),
            "StopLogging" => Some(Self::Stop),
            "StartLogging" => Some(Self::Start),
            "PutEventSelectors" => Some(Self::PutSelectors),
            "PutInsightSelectors" => Some(Self::PutInsights),
            _ => None,
        }
    }
}

impl Target {
    /// Reads the target out of `name` or `trailName`, a short name or an ARN, or out of the response.
    ///
    /// A short name is one of the caller's account and Region, unless the response names another owner: a delegated
    /// administrator changes the organization's trail. The Region is always the call's own, because a trail
    /// can be changed in its home Region only.
    #[must_use]
    pub fn of(change: &Change) -> Self {
        let named = change.request_text("name").or_else(|| change.request_text("trailName"));
        let in_response = trail_of_response(change);
        let Some(name) = named else {
            if is_about_event_data_store(change) {
                return Self::EventDataStore;
            }
            return match in_response {
                Some(arn) => Self::Trail(arn),
                None => Self::Unclear("the record names no trail".to_owned()),
            };
        };
        if name.starts_with("arn:") {
            return TrailArn::parse(name).map_or_else(|error| Self::Unclear(error.to_string()), Self::Trail);
        }
        let mut place = change.place.clone();
        if let Some(arn) = in_response.filter(|arn| arn.name() == name) {
            place.account = arn.place().account.clone();
        }
        TrailArn::new(place, name).map_or_else(|error| Self::Unclear(error.to_string()), Self::Trail)
    }

    /// The target's ARN, if it has one.
    #[must_use]
    pub fn arn(&self) -> Option<String> {
        match self {
            Self::Trail(arn) => Some(arn.to_string()),
            Self::EventDataStore | Self::Unclear(_) => None,
        }
    }
}

/// PutInsightSelectors takes an event data store in the place of a trail.
fn is_about_event_data_store(change: &Change) -> bool {
    Call::of(change) == Some(Call::PutInsights)
        && (change.request_text("eventDataStore").is_some()
            || change.response.get("eventDataStoreArn").is_some_and(|arn| arn.is_string()))
}

/// The trail that must be read before anything can be decided; `None` if the change and the policy alone
/// decide.
#[must_use]
pub fn trail_to_read(policy: &Policy, change: &Change, now: Timestamp) -> Option<TrailArn> {
    match Target::of(change) {
        Target::Trail(trail) if decide::settled(policy, change, &trail, now).is_none() => Some(trail),
        Target::Trail(_) | Target::EventDataStore | Target::Unclear(_) => None,
    }
}

/// What else must be asked; `None` stands for a trail that is gone.
#[must_use]
pub fn questions(policy: &Policy, change: &Change, state: Option<&TrailState>, now: Timestamp) -> Questions {
    let Some(state) = state else {
        return Questions { earlier: true, ..Questions::default() };
    };
    let needs_key = state.settings.key == Named::Nothing && policy.requires(TrailRequirement::Encryption);
    Questions {
        // ListTags answers the owner in the home Region only.
        tags: asks_for_tags(policy, now) && is_ours(change, &state.arn),
        // Also where policy doesn't require them: a trail that records no management events is as good as none.
        selectors: true,
        earlier: destination::asks_for_earlier(policy, change)
            || blindness::may_be_narrowed(change, state)
            || organization::asks_for_earlier(change, state)
            || key_owner::asks_for_earlier(policy, change, state),
        bucket_region: needs_key && policy.trails.key.is_some() && is_ours(change, &state.arn),
    }
}

/// Whether this function may act on a trail: its owner and home Region are the change's.
fn is_ours(change: &Change, trail: &TrailArn) -> bool {
    *trail.place() == change.place
}

/// The key that policy wants for a trail whose bucket is in this Region, where the key must be too.
///
/// `None` if policy names none; a text says why it can't be.
#[must_use]
pub fn wanted_key(policy: &Policy, trail: &TrailArn, bucket: &Region) -> Option<Result<KeyRef, String>> {
    let place = Place { account: trail.place().account.clone(), region: bucket.clone() };
    let template = policy.trails.key.as_ref()?;
    Some(template.at(&place).map_err(|error| error.to_string()))
}

/// The keys to look at, once the bucket's Region is known.
#[must_use]
pub fn keys_to_read(policy: &Policy, trail: &TrailArn, bucket: &Region) -> BTreeSet<KeyRef> {
    let key = wanted_key(policy, trail, bucket).and_then(Result::ok);
    // A key of another Region is refused unread: no call could make it usable.
    key.filter(|key| key.place().region == *bucket).into_iter().collect()
}

/// Whether the other trails must be looked at: this one doesn't record what the guards live on, or all Regions any more, or is gone, and
/// nobody knows yet whether one is left that does. A trail that never logged takes nothing away by not logging.
///
/// May be asked before the selectors are known: a trail that isn't logging records nothing whatever they say.
#[must_use]
pub fn others_matter(
    change: &Change,
    trail: &Reading<TrailState>,
    status: &Reading<Status>,
    selectors: &Reading<Selectors>,
) -> bool {
    match trail {
        Reading::Absent => true,
        Reading::Known(state) | Reading::Assumed(state) => {
            blindness::may_be_narrowed(change, state)
                || !never_started(change, status) && !coverage::is_full(status, selectors)
        }
        Reading::NotAsked | Reading::Unreadable(_) => false,
    }
}

/// Whether a trail is surely one that was made and not started yet: one whose stop succeeded was.
fn never_started(change: &Change, status: &Reading<Status>) -> bool {
    match status {
        _ if Call::of(change) == Some(Call::Stop) => false,
        Reading::Known(status) | Reading::Assumed(status) => {
            status.logging == Some(false) && status.started == Some(false)
        }
        Reading::NotAsked | Reading::Absent | Reading::Unreadable(_) => false,
    }
}

fn asks_for_tags(policy: &Policy, now: Timestamp) -> bool {
    policy.exemptions_of(Guard::Trail, now).any(|exemption| matches!(exemption.what, Exempt::Tag { .. }))
}

impl Facts {
    /// Nothing asked yet.
    #[must_use]
    pub fn none() -> Self {
        Self {
            trail: Reading::NotAsked,
            status: Reading::NotAsked,
            selectors: Reading::NotAsked,
            tags: Reading::NotAsked,
            earlier: Reading::NotAsked,
            bucket_region: Reading::NotAsked,
            keys: BTreeMap::new(),
            others: Reading::NotAsked,
        }
    }
}

impl plan::Effect for Effect {
    fn ensure(&self) -> &'static str {
        match self.ensure {
            Ensure::Logging => "trail-logging",
            Ensure::Key(_) => "trail-key",
            Ensure::Validation => "trail-validation",
        }
    }

    fn target(&self) -> String {
        self.trail.to_string()
    }

    fn value(&self) -> Option<String> {
        match &self.ensure {
            Ensure::Key(key) => Some(key.to_string()),
            Ensure::Logging | Ensure::Validation => None,
        }
    }

    fn describe(&self) -> String {
        let name = self.trail.name();
        match &self.ensure {
            Ensure::Logging => format!("start the logging of trail {name}"),
            Ensure::Key(key) => format!("encrypt the files of trail {name} with the key {key}"),
            Ensure::Validation => format!("switch on the log file validation of trail {name}"),
        }
    }
}
