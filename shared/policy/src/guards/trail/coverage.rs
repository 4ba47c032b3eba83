//! Coverage: which trails are left that record what the guards live on, in this Region and in the others?
//!
//! EventBridge delivers CloudTrail's events only while a trail logs them; what no trail logs, the guards don't hear of.
//! Judges from facts alone, and an answer that isn't known is none.

use super::selectors::{CLOUDTRAIL, KMS, LOGS};
use super::{Recorded, Selectors, Status};
use crate::facts::Reading;
use crate::names::TrailArn;

/// The services whose changes start the guards.
pub(super) const GUARDED: [&str; 3] = [KMS, LOGS, CLOUDTRAIL];

/// Whether a trail logs the changes of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Coverage {
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
    /// Whether it records all Regions; `None` if that wasn't told.
    pub multi_region: Option<bool>,
    /// Whether it is logging.
    pub status: Reading<Status>,
    /// What it records.
    pub selectors: Reading<Selectors>,
}

impl OtherTrail {
    /// Whether no other trail is needed: it surely records all that the guards live on, in all Regions.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.multi_region == Some(true) && is_full(&self.status, &self.selectors)
    }

    fn covers(&self, service: &str, everywhere: bool, replayed: bool) -> Coverage {
        match (Coverage::of(&self.status, &self.selectors, service), self.multi_region) {
            (Coverage::Full, Some(false)) if everywhere => {
                Coverage::None(format!("it records {} only", self.arn.place().region))
            }
            (Coverage::Full, None) if everywhere && !replayed => {
                Coverage::unknown("whether it records all Regions isn't told")
            }
            (coverage, _) => coverage,
        }
    }
}

/// Whether a trail surely records all that the guards live on.
pub(super) fn is_full(status: &Reading<Status>, selectors: &Reading<Selectors>) -> bool {
    GUARDED.iter().all(|service| Coverage::of(status, selectors, service) == Coverage::Full)
}

/// What a trail surely doesn't record of that.
pub(super) fn lacking(status: &Reading<Status>, selectors: &Reading<Selectors>) -> Vec<&'static str> {
    let lacks = |service: &&str| matches!(Coverage::of(status, selectors, service), Coverage::None(_));
    GUARDED.into_iter().filter(lacks).collect()
}

impl Coverage {
    /// Judges a trail by one service.
    pub(super) fn of(status: &Reading<Status>, selectors: &Reading<Selectors>, service: &str) -> Self {
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
            Reading::Known(selectors) | Reading::Assumed(selectors) => match selectors.records(service) {
                Recorded::Yes => Self::Full,
                Recorded::No { what, .. } => return Self::None(what),
                Recorded::Unknown(why) => Self::unknown(&why),
            },
            Reading::Unreadable(error) => {
                Self::Unknown { why: error.why.clone(), retryable: error.retryable }
            }
            Reading::Absent => return Self::None("it no longer exists".to_owned()),
            Reading::NotAsked => Self::unknown("its event selectors were not asked for"),
        };
        if logging == Self::Full { recording } else { logging }
    }

    fn unknown(why: &str) -> Self {
        Self::Unknown { why: why.to_owned(), retryable: false }
    }
}

/// What is left to record some services, besides a trail that doesn't.
pub(super) enum Left<'a> {
    /// These trails do; or are assumed to, because nothing told otherwise (replay only).
    Trails(Vec<(&'a OtherTrail, bool)>),
    /// Nobody records these; each trail with the reason.
    None { services: Vec<&'static str>, why: Vec<String> },
    /// None that surely does, and these can't be told.
    Unknown { why: Vec<String>, retryable: bool },
}

impl<'a> Left<'a> {
    /// In the Region of the facts, or `everywhere`.
    pub(super) fn of(
        others: &'a Reading<Vec<OtherTrail>>,
        services: &[&'static str],
        everywhere: bool,
    ) -> Self {
        let trails = match others {
            Reading::Known(trails) | Reading::Assumed(trails) => trails.as_slice(),
            _ if services.is_empty() => &[],
            Reading::Unreadable(error) => {
                return Self::Unknown { why: vec![error.why.clone()], retryable: error.retryable };
            }
            Reading::Absent => &[],
            Reading::NotAsked => {
                let why = vec!["the other trails were not looked at".to_owned()];
                return Self::Unknown { why, retryable: false };
            }
        };
        let replayed = matches!(others, Reading::Assumed(_));
        let covers = |trail: &OtherTrail, service: &str| trail.covers(service, everywhere, replayed);
        let is_assumed = |trail: &OtherTrail| {
            matches!(trail.status, Reading::Assumed(_))
                || matches!(trail.selectors, Reading::Assumed(_))
                || everywhere && trail.multi_region.is_none()
        };
        let (mut recording, mut nobody, mut unclear) = (Vec::new(), Vec::new(), Vec::new());
        for service in services {
            let full = trails.iter().filter(|trail| covers(trail, service) == Coverage::Full);
            // One that is known to is better than one that may.
            let best = full.map(|trail| (trail, is_assumed(trail))).min_by_key(|(_, assumed)| *assumed);
            let may = |trail: &OtherTrail| matches!(covers(trail, service), Coverage::Unknown { .. });
            match best {
                Some(best) if !recording.contains(&best) => recording.push(best),
                Some(_) => {}
                None if trails.iter().any(may) => unclear.push(*service),
                None => nobody.push(*service),
            }
        }
        if nobody.is_empty() && unclear.is_empty() {
            return Self::Trails(recording);
        }
        let sought = if nobody.is_empty() { &unclear } else { &nobody };
        let (mut why, mut may_pass) = (Vec::new(), false);
        for trail in trails {
            let reason = sought.iter().find_map(|service| match covers(trail, service) {
                Coverage::None(reason) if !nobody.is_empty() => Some(reason),
                Coverage::Unknown { why, retryable } if nobody.is_empty() => {
                    may_pass |= retryable;
                    Some(why)
                }
                Coverage::Full | Coverage::None(_) | Coverage::Unknown { .. } => None,
            });
            why.extend(reason.map(|reason| format!("{}: {reason}", trail.arn)));
        }
        if nobody.is_empty() {
            Self::Unknown { why, retryable: may_pass }
        } else {
            Self::None { services: nobody, why }
        }
    }
}
