//! Which changes of an archive are shown: what is left out is still learned from, and counted.
//!
//! Place, guard and time also say what `--fail-on` answers for. A severity only hides.

use crate::archive::Changes;
use anyhow::bail;
use clap::ValueEnum;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sealwatch_policy::change::Change;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::names::{AccountId, Region};
use sealwatch_policy::plan::Severity;
use sealwatch_policy::receipt::Receipt;
use std::collections::BTreeSet;

/// What leaves out a change that comes later.
pub const UNTIL: &str = "--until";
/// As many places that there are, are named.
const NAMED: usize = 20;

/// Options that narrow what is shown.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is shown (all else is still learned from)")]
pub struct Filter {
    /// Only changes from then on: a day (UTC) or a time, such as 2026-10-01 or 2026-10-01T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = from)]
    since: Option<Timestamp>,
    /// Only changes up to then: a day, which counts whole, or a time
    #[arg(long, value_name = "TIME", value_parser = up_to)]
    until: Option<Timestamp>,
    /// Only this account; may be given more than once
    #[arg(long, value_name = "ACCOUNT", value_parser = |text: &str| AccountId::parse(text))]
    account: Vec<AccountId>,
    /// Only this Region; may be given more than once
    #[arg(long, value_name = "REGION", value_parser = region)]
    region: Vec<Region>,
    /// Only this guard; may be given more than once
    #[arg(long, value_enum, value_name = "GUARD")]
    guard: Vec<GuardName>,
    /// Only receipts with a finding this bad or worse; --fail-on judges the others all the same
    #[arg(long, value_enum, value_name = "SEVERITY")]
    severity: Option<Level>,
}

/// A Region's name by its shape: which there are, AWS adds to.
fn region(text: &str) -> Result<Region, String> {
    let is_word = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_lowercase());
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let shaped = text.rsplit_once('-').is_some_and(|(words, number)| {
        is_number(number) && words.contains('-') && words.split('-').all(is_word)
    });
    let region = Region::parse(text).ok().filter(|_| shaped);
    region.ok_or_else(|| "a Region's name is expected, such as eu-central-1".to_owned())
}

/// A guard by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GuardName {
    LogGroup,
    Trail,
    Key,
}

/// A severity by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Filter {
    /// What no change could be within.
    ///
    /// # Errors
    /// If `--since` is after `--until`.
    pub fn check(&self) -> anyhow::Result<()> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since > until
        {
            bail!("--since ({since}) is after --until ({until}): no change is within");
        }
        Ok(())
    }

    /// The options that are set, as they could be written.
    pub fn told(&self) -> Vec<String> {
        let Self { since, until, account, region, guard, severity } = self;
        let mut told = Vec::new();
        told.extend(since.map(|since| format!("--since {since}")));
        told.extend(until.map(|until| format!("--until {until}")));
        told.extend(account.iter().map(|account| format!("--account {account}")));
        told.extend(region.iter().map(|region| format!("--region {region}")));
        told.extend(guard.iter().map(|guard| format!("--guard {}", guard.guard())));
        told.extend(severity.map(|severity| format!("--severity {}", severity.severity())));
        told
    }

    /// Whether a change has happened by then at all.
    pub fn reaches(&self, change: &Change) -> bool {
        self.until.is_none_or(|until| change.time <= until)
    }

    /// The option that leaves a change out, the first of several.
    pub fn leaves_out(&self, change: &Change) -> Option<&'static str> {
        let Self { since, until: _, account, region, guard, severity: _ } = self;
        let of = Guard::of(change);
        if !self.reaches(change) {
            Some(UNTIL)
        } else if since.is_some_and(|since| change.time < since) {
            Some("--since")
        } else if !account.is_empty() && !account.contains(&change.place.account) {
            Some("--account")
        } else if !region.is_empty() && !region.contains(&change.place.region) {
            Some("--region")
        } else if !guard.is_empty() && !guard.iter().any(|wanted| of == Some(wanted.guard())) {
            Some("--guard")
        } else {
            None
        }
    }

    /// Which accounts and Regions are asked for that no change is of, and which there are: mostly a slip of the pen.
    pub fn matching_nothing(&self, changes: &Changes) -> Vec<String> {
        if changes.is_empty() {
            return Vec::new();
        }
        let accounts = changes.iter().map(|change| change.place.account.as_str());
        let regions = changes.iter().map(|change| change.place.region.as_str());
        let mut told = absent("account", self.account.iter().map(AccountId::as_str), accounts);
        told.extend(absent("Region", self.region.iter().map(Region::as_str), regions));
        told
    }

    /// Whether what was found is shown.
    pub fn shows_receipt(&self, receipt: &Receipt) -> bool {
        let worst = receipt.findings.iter().map(|finding| finding.severity).max();
        self.severity.is_none_or(|wanted| worst >= Some(wanted.severity()))
    }
}

fn absent<'a>(
    what: &str,
    wanted: impl Iterator<Item = &'a str>,
    there: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let mut wanted = wanted.peekable();
    if wanted.peek().is_none() {
        return Vec::new();
    }
    let there: BTreeSet<&str> = there.collect();
    let mut named: Vec<&str> = there.iter().copied().take(NAMED).collect();
    named.extend((there.len() > NAMED).then_some("…"));
    let named = named.join(", ");
    let absent = wanted.filter(|it| !there.contains(it));
    absent.map(|it| format!("no relevant event is of {what} `{it}`; there are: {named}")).collect()
}

impl GuardName {
    fn guard(self) -> Guard {
        match self {
            Self::LogGroup => Guard::LogGroup,
            Self::Trail => Guard::Trail,
            Self::Key => Guard::Key,
        }
    }
}

impl Level {
    pub fn severity(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
        }
    }
}

fn from(text: &str) -> Result<Timestamp, String> {
    time(text, Some)
}

/// A day counts to its last moment.
fn up_to(text: &str) -> Result<Timestamp, String> {
    let last = |day: Date| day.tomorrow().ok();
    let end = time(text, last)?;
    if text.parse::<Date>().is_ok() && !text.contains('T') {
        return end.checked_sub(jiff::Span::new().nanoseconds(1)).map_err(|error| error.to_string());
    }
    Ok(end)
}

fn time(text: &str, of_day: impl Fn(Date) -> Option<Date>) -> Result<Timestamp, String> {
    if text.contains('T') {
        return text.parse().map_err(|_| "write a time as 2026-10-01T12:00:00Z".to_owned());
    }
    let wrong = || "write a day as 2026-10-01, or a time as 2026-10-01T12:00:00Z".to_owned();
    // A date's parser also takes a time of day behind it, and drops that.
    let day: Date = text.parse().ok().filter(|_| text.len() == "2026-10-01".len()).ok_or_else(wrong)?;
    let day = of_day(day).and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    day.map(|day| day.timestamp()).ok_or_else(|| "no calendar holds that day".to_owned())
}
