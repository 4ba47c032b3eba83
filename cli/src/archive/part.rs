//! What a file came to, or several: the changes that matter, and counts of all else.

use super::Changes;
use super::scan::uses::Uses;
use crate::output::tell;
use sealwatch_policy::change::{Change, Parsed, parse};
use sealwatch_policy::untrusted::{SHOWN, clean};
use sealwatch_world::interest::{Interest, interest};
use sealwatch_world::state::State;
use serde::Deserialize as _;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// As many troubles of one file are told, and one more: a file of nothing else must not fill memory and screen.
const TOLD: usize = 100;
/// As many of the things that can't be read are named where there is little room; standard error names more.
const NAMED: usize = 100;

/// What was found, by what it turned out to be.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub files: usize,
    /// Pieces of JSON that could have been events.
    pub records: usize,
    /// Files and records that can't be read.
    pub unreadable: usize,
    /// What the first of them are, and why, in the order of the files.
    pub troubles: Vec<String>,
    /// Valid events that are no management calls, by reason.
    pub others: BTreeMap<String, usize>,
    /// Calls of which a replay makes nothing.
    pub of_no_interest: usize,
    /// Uses of a key within an hour of one that counts already.
    pub further_uses: usize,
    /// Further copies of a change.
    pub copies: usize,
    /// Files in folders whose names don't say JSON.
    pub passed_over: usize,
    /// The first of them.
    pub first_passed_over: Option<String>,
}

/// What one file came to, or several.
#[derive(Default)]
pub struct Part {
    pub changes: Changes,
    pub uses: Uses,
    pub counts: Counts,
    /// What couldn't be read, with the number of its file.
    troubles: Vec<(usize, String)>,
    /// What to do about them; each is told once.
    pub remedies: BTreeSet<&'static str>,
}

impl Part {
    /// Takes in an event, or counts it; `at` is where in the file it begins.
    pub fn event(&mut self, place: impl Display, at: u64, event: &Value) {
        self.counts.records += 1;
        match parse(event) {
            Ok(parsed) => self.parsed(parsed),
            Err(_) if is_state(event) => {
                *self.counts.others.entry("a state file (give it with --state)".to_owned()).or_default() += 1;
            }
            Err(_) if is_digest(event) => {
                *self.counts.others.entry("a digest file of CloudTrail's".to_owned()).or_default() += 1;
            }
            Err(error) => match unwrapping(event) {
                Some(how) => self.unreadable(&format_args!("{place} (byte {at})"), &how),
                None => self.unreadable(&format_args!("{place} (byte {at})"), &error),
            },
        }
    }

    /// Takes in what a record turned out to be, which counts already.
    pub fn parsed(&mut self, parsed: Parsed) {
        match parsed {
            Parsed::Change(change) => self.take(change),
            Parsed::NotAManagementCall(why) => *self.counts.others.entry(why).or_default() += 1,
        }
    }

    fn take(&mut self, change: Box<Change>) {
        match interest(change.event_source.raw(), change.event_name.raw()) {
            Interest::Whole => self.changes.push(change),
            // A call that failed used nothing.
            Interest::Use if change.failure.is_none() => self.counts.further_uses += self.uses.take(change),
            Interest::None | Interest::Use => self.counts.of_no_interest += 1,
        }
    }

    pub fn unreadable(&mut self, place: &dyn Display, error: &dyn Display) {
        self.counts.unreadable += 1;
        if self.troubles.len() < TOLD {
            self.troubles.push((0, clean(&format!("{place}: {error}"), 1_000)));
        } else if self.troubles.len() == TOLD {
            self.troubles
                .push((0, clean(&format!("{place}: {error}; what comes behind is only counted"), 1_000)));
        }
    }

    /// The same of a file that can't be got.
    pub fn not_got(&mut self, place: &dyn Display, error: &std::io::Error) {
        self.unreadable(place, error);
        #[cfg(feature = "live")]
        if let Some(told) = error.get_ref().and_then(|error| error.downcast_ref::<crate::aws::told::Told>()) {
            self.remedies.extend(told.remedy);
        }
    }

    /// Says which file its troubles are of.
    pub fn number_troubles(&mut self, file: usize) {
        self.troubles.iter_mut().for_each(|(number, _)| *number = file);
    }

    /// Tells on standard error what couldn't be read, in the order of the files.
    pub fn tell(&mut self) {
        self.troubles.sort_by_key(|(file, _)| *file);
        for (_, trouble) in self.troubles.drain(..) {
            tell(format_args!("sealwatch: can't read {trouble}"));
            if self.counts.troubles.len() < NAMED {
                self.counts.troubles.push(trouble);
            }
        }
        for remedy in std::mem::take(&mut self.remedies) {
            tell(format_args!("sealwatch: {remedy}"));
        }
    }

    /// What would be told.
    #[cfg(test)]
    pub fn troubles(&self) -> impl Iterator<Item = &str> {
        self.troubles.iter().map(|(_, trouble)| trouble.as_str())
    }

    pub fn join(&mut self, part: Self) {
        let Self { changes, uses, counts, troubles, remedies } = part;
        self.changes.extend(changes);
        self.counts.further_uses += self.uses.join(uses);
        self.troubles.extend(troubles);
        self.remedies.extend(remedies);
        self.counts.join(counts);
    }
}

impl Counts {
    pub fn pass_over(&mut self, file: impl Display) {
        self.passed_over += 1;
        self.first_passed_over.get_or_insert_with(|| clean(&file.to_string(), SHOWN));
    }

    /// Takes in what another part came to.
    pub fn join(&mut self, other: Self) {
        let Counts {
            files,
            records,
            unreadable,
            troubles,
            others,
            of_no_interest,
            further_uses,
            copies,
            passed_over,
            first_passed_over,
        } = other;
        self.files += files;
        self.records += records;
        self.unreadable += unreadable;
        let room = NAMED.saturating_sub(self.troubles.len());
        self.troubles.extend(troubles.into_iter().take(room));
        self.of_no_interest += of_no_interest;
        self.further_uses += further_uses;
        self.copies += copies;
        self.passed_over += passed_over;
        self.first_passed_over = self.first_passed_over.take().or(first_passed_over);
        for (why, count) in others {
            *self.others.entry(why).or_default() += count;
        }
    }
}

/// Whether this is a state file that lies among the events.
fn is_state(document: &Value) -> bool {
    let named = |field| document.get(field).is_some_and(Value::is_array);
    (named("keys") || named("log_groups") || named("trails")) && State::deserialize(document).is_ok()
}

/// How to get at an event that a queue, a topic or a failed invocation carries as a text.
fn unwrapping(document: &Value) -> Option<&'static str> {
    let has = |pointer: &str| document.pointer(pointer).is_some();
    if has("/messageId") && has("/body") {
        Some("it is a message of SQS: replay what `jq -r '.Records[].body'` makes of the file")
    } else if has("/Messages/0/Body") {
        Some("it holds messages of SQS: replay what `jq -r '.Messages[].Body'` makes of it")
    } else if has("/Sns/Message") {
        Some("it is a message of SNS: replay what `jq -r '.Records[].Sns.Message'` makes of the file")
    } else if has("/Message") && has("/Type") {
        Some("it is a message of SNS: replay what `jq -r .Message` makes of it")
    } else if has("/requestPayload") {
        Some("it tells of a Lambda invocation: replay what `jq .requestPayload` makes of it")
    } else if has("/QueryResultRows") {
        Some(
            "it is what CloudTrail Lake found: replay what `jq -r '.QueryResultRows[][].eventJson // empty'` makes of it",
        )
    } else if has("/events/0/message") {
        Some("it holds events of a log group: replay what `jq -r '.events[].message'` makes of it")
    } else if has("/results/0/0/field") {
        Some(
            "it is what Logs Insights found: replay what `jq -r '.results[][] | select(.field == \"@message\").value'` makes of it",
        )
    } else {
        None
    }
}

/// CloudTrail's digest files lie beside its log files, and hold no events.
fn is_digest(document: &Value) -> bool {
    ["digestStartTime", "digestS3Object", "logFiles"].iter().all(|field| document.get(field).is_some())
}
