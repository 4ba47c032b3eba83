//! Coverage: is there a trail left that records what happens in this Region?
//!
//! EventBridge delivers CloudTrail's events only while a trail is logging them; when the last one stops, every
//! guard that is driven by events goes blind. Judges from facts alone, and an answer that isn't known is none.

use super::{Recorded, Selectors, Status};
use crate::facts::Reading;
use crate::names::TrailArn;

/// Whether a trail logs management events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// It does.
    Full,
    /// It doesn't, and why.
    None(String),
    /// It can't be told, and why.
    Unknown {
        /// The reason.
        why: String,
        /// Whether asking again later may help.
        retryable: bool,
    },
}

/// Another trail that reaches the Region: one of its own, or a shadow of one elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct OtherTrail {
    /// The trail.
    pub arn: TrailArn,
    /// Whether it is logging.
    pub status: Reading<Status>,
    /// What it records.
    pub selectors: Reading<Selectors>,
}

impl OtherTrail {
    /// Whether it logs management events.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        Coverage::of(&self.status, &self.selectors)
    }
}

impl Coverage {
    /// Judges a trail.
    pub(super) fn of(status: &Reading<Status>, selectors: &Reading<Selectors>) -> Self {
        let logging = match status {
            Reading::Known(status) | Reading::Assumed(status) => match status.logging {
                Some(true) => Self::Full,
                Some(false) => return Self::None("it isn't logging".to_owned()),
                None => Self::unknown("whether it is logging isn't told"),
            },
            Reading::Unreadable(error) => {
                Self::Unknown { why: error.why.clone(), retryable: error.retryable }
            }
            Reading::Absent => return Self::None("it no longer exists".to_owned()),
            Reading::NotAsked => Self::unknown("whether it is logging was not asked"),
        };
        let recording = match selectors {
            Reading::Known(selectors) | Reading::Assumed(selectors) => {
                match selectors.records_management_events() {
                    // A service or two left out is a finding, and still not blindness.
                    Recorded::Yes => Self::Full,
                    Recorded::No { .. } if selectors.records_changes_of_trails() => Self::Full,
                    Recorded::No { what, .. } => return Self::None(what),
                    Recorded::Unknown(why) => Self::unknown(&why),
                }
            }
            Reading::Unreadable(error) => {
                Self::Unknown { why: error.why.clone(), retryable: error.retryable }
            }
            Reading::Absent => return Self::None("it no longer exists".to_owned()),
            Reading::NotAsked => Self::unknown("its event selectors were not asked for"),
        };
        if logging == Self::Full { recording } else { logging }
    }

    /// What it would be once the trail is logging: whether its selectors let it record.
    pub(super) fn once_logging(selectors: &Reading<Selectors>) -> Self {
        let logging = Status { logging: Some(true), ..Status::default() };
        Self::of(&Reading::Known(logging), selectors)
    }

    fn unknown(why: &str) -> Self {
        Self::Unknown { why: why.to_owned(), retryable: false }
    }
}

/// What is left to record this Region, besides a trail that doesn't.
pub(super) enum Left {
    /// This one does; or is assumed to, because nothing told otherwise (replay only).
    Trail { arn: TrailArn, assumed: bool },
    /// None does; each with the reason.
    None(Vec<String>),
    /// None that surely does, and these can't be told.
    Unknown { why: Vec<String>, retryable: bool },
}

impl Left {
    pub(super) fn of(others: &Reading<Vec<OtherTrail>>) -> Self {
        let trails = match others {
            Reading::Known(trails) | Reading::Assumed(trails) => trails,
            Reading::Unreadable(error) => {
                return Self::Unknown { why: vec![error.why.clone()], retryable: error.retryable };
            }
            Reading::Absent => return Self::None(Vec::new()),
            Reading::NotAsked => {
                let why = vec!["the other trails were not looked at".to_owned()];
                return Self::Unknown { why, retryable: false };
            }
        };
        let is_assumed = |trail: &OtherTrail| matches!(trail.status, Reading::Assumed(_));
        let recording = trails.iter().filter(|trail| trail.coverage() == Coverage::Full);
        // One that is known to is better than one that may.
        if let Some(trail) = recording.min_by_key(|trail| is_assumed(trail)) {
            return Self::Trail { arn: trail.arn.clone(), assumed: is_assumed(trail) };
        }
        let judged: Vec<(&TrailArn, Coverage)> =
            trails.iter().map(|trail| (&trail.arn, trail.coverage())).collect();
        let (mut reasons, mut unknown, mut may_pass) = (Vec::new(), Vec::new(), false);
        for (arn, coverage) in judged {
            match coverage {
                Coverage::Full => {}
                Coverage::None(why) => reasons.push(format!("{arn}: {why}")),
                Coverage::Unknown { why, retryable } => {
                    unknown.push(format!("{arn}: {why}"));
                    may_pass |= retryable;
                }
            }
        }
        if unknown.is_empty() {
            Self::None(reasons)
        } else {
            Self::Unknown { why: unknown, retryable: may_pass }
        }
    }
}
