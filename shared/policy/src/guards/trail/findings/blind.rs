//! What is found where no trail records any more what the guards live on.

use super::super::coverage::GUARDED;
use super::{finding, step};
use crate::names::TrailArn;
use crate::plan::{Finding, Remedy, Severity};
use jiff::Timestamp;
use std::fmt;

/// Where nobody records any more what the last trail did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Blind {
    /// In the trail's Region.
    Here,
    /// In all Regions.
    Everywhere,
    /// In all Regions but its own.
    Elsewhere,
}

/// Nobody records these services any more; `mend` makes this trail record again.
pub(in super::super) fn last_trail_gone(
    trail: &TrailArn,
    since: Timestamp,
    blind: Blind,
    services: &[&str],
    reasons: Vec<String>,
    mend: Vec<Remedy>,
) -> Finding {
    let home = &trail.place().region;
    let (region, place): (&dyn fmt::Display, _) = match blind {
        Blind::Here => (home, home.to_string()),
        Blind::Everywhere => (home, format!("{home} and the other Regions")),
        Blind::Elsewhere => (&"REGION", "the other Regions".to_owned()),
    };
    let (events, what) = if services.len() == GUARDED.len() {
        ("the management events".to_owned(), "what happens".to_owned())
    } else {
        let services = services.join(", ");
        (format!("the events of {services}"), format!("the calls of {services}"))
    };
    let mut evidence = vec![
        format!("no trail is left that logs {events} in {place}"),
        "EventBridge delivers calls only while a trail logs them: until one does, no guard that is started by events hears of them".to_owned(),
    ];
    if blind != Blind::Here {
        evidence.push("a trail of one Region, if another Region has one, isn't seen from here".to_owned());
    }
    evidence.extend(reasons);
    let look_back = [
        step("look through what happened meanwhile, which CloudTrail's event history holds for 90 days:"),
        Remedy::look_up(region, "ReadOnly", "false", Some(since)),
    ];
    Finding {
        remedies: mend.into_iter().chain(look_back).collect(),
        ..finding(
            "trail.last-trail-gone",
            Severity::Critical,
            format!("nothing records {what} in {place} any more: the last trail that did is gone"),
            evidence,
        )
    }
}
