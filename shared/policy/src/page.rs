//! Pages: what a person is told, and how.
//!
//! Makes one page of a report: an e-mail to read, one line for a phone, the notification that chat
//! integrations on AWS take, and attributes for subscription filters. Text that somebody else wrote
//! stands in it cut and escaped, so that it can't add a line, a link or a mention. Sends nothing.

mod chat;
mod remedies;
mod text;

use crate::guard::Guard;
use crate::names::Arn;
use crate::plan::{Effect, Finding, Outcome, Remedy, Severity};
use crate::policy::Mode;
use crate::report::{NOT_REACHED, Report, UnreadableEvent};
use crate::untrusted::{clean, is_plain, is_printable_ascii};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// SNS takes fewer than 100 characters.
const SUBJECT_LIMIT: usize = 99;
/// One text message, as far as GSM 03.38 counts.
const SMS_LIMIT: usize = 160;
/// Longer than any command, and short enough that no single text pushes the rest off the page.
const LINE_LIMIT: usize = 1_500;

/// A page in all its formats.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The worst severity among the findings.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// The e-mail's subject: ASCII, at most 99 characters.
    pub subject: String,
    /// The e-mail's text.
    pub text: String,
    /// One line for a phone.
    pub sms: String,
    /// The custom notification for chat integrations on AWS.
    pub chat: Value,
    /// Message attributes for filter policies.
    pub attributes: BTreeMap<&'static str, String>,
}

/// What a page says, before it is put into the formats that it is sent in.
pub(crate) struct Said<'a> {
    pub(crate) severity: Severity,
    worst: &'a Finding,
    state: State,
    pub(crate) title: String,
    pub(crate) text: String,
}

impl Page {
    /// The message in SNS's `MessageStructure=json`.
    #[must_use]
    pub fn message(&self) -> String {
        json!({ "default": self.chat.to_string(), "email": self.text, "sms": self.sms }).to_string()
    }

    /// The page for an event that can't be read at all, without a runbook's address.
    #[must_use]
    pub fn of_unreadable_event(guard: Guard, event: &UnreadableEvent) -> Self {
        Self::of_unreadable_event_with(guard, event, None)
    }

    /// The page for an event that can't be read at all; `runbook` is the policy's `pages.runbook`.
    #[must_use]
    pub fn of_unreadable_event_with(guard: Guard, event: &UnreadableEvent, runbook: Option<&str>) -> Self {
        let (severity, finding) = (UnreadableEvent::SEVERITY, UnreadableEvent::FINDING);
        // SNS refuses an empty attribute.
        let told = |text: &str| {
            if text.is_empty() { "unknown".to_owned() } else { clean(text, 80) }
        };
        let (account, region) = (&told(&event.account), &told(&event.region));
        let title =
            format!("{} the {guard} guard got an event that it can't read", severity.as_str().to_uppercase());
        let text = text::of_unreadable_event(&title, event, &format!("account {account}, {region}"), runbook);
        let context = [
            ("severity", severity.as_str()),
            ("finding", finding),
            ("guard", guard.as_str()),
            ("account", account),
            ("region", region),
        ];
        let steps = ["read the event on the failure queue".to_owned()];
        Self {
            severity,
            subject: ascii_line(&format!("[Sealwatch] {title}"), SUBJECT_LIMIT),
            sms: ascii_line(&format!("Sealwatch {title}; {account}/{region}"), SMS_LIMIT),
            chat: chat::notification(&title, &text, &steps, None, &context),
            attributes: attributes(severity, guard, finding, account, region),
            title,
            text,
        }
    }
}

impl<E: Effect> Report<'_, E> {
    /// The page for this report; `None` if it has nothing that pages.
    ///
    /// What pages: a finding at or above the policy's `pages.from`, and any effect that didn't work.
    #[must_use]
    pub fn page(&self) -> Option<Page> {
        let Said { severity, worst, state, title, text } = self.said()?;
        let place = &self.change.place;
        let resource = self.target.as_deref().and_then(Arn::split).map_or("-", |arn| arn.resource);
        let name = resource.strip_prefix("log-group:").unwrap_or(resource);
        let upper = severity.as_str().to_uppercase();
        // Only the name is ever cut: a cut account id would be another account's.
        let headline = |sender: &str, limit: usize| {
            let head = format!("{sender} {upper} {} ", worst.id);
            let tail = format!(" {} {}{}", place.account, place.region, state.suffix());
            let name = ascii_line(name, limit.saturating_sub(head.len() + tail.len()));
            ascii_line(&format!("{head}{name}{tail}"), limit)
        };
        let remedies = self.remedies();
        let steps = remedies.iter().flat_map(|(_, remedies)| remedies);
        let steps: Vec<String> = steps.map(|remedy| step_in_chat(remedy)).collect();
        let context = [
            ("severity", severity.as_str()),
            ("finding", worst.id),
            ("guard", self.guard.as_str()),
            ("account", place.account.as_str()),
            ("region", place.region.as_str()),
        ];
        Some(Page {
            severity,
            subject: headline("[Sealwatch]", SUBJECT_LIMIT),
            sms: headline("Sealwatch", SMS_LIMIT),
            chat: chat::notification(&title, &text, &steps, self.target.as_deref(), &context),
            attributes: attributes(
                severity,
                self.guard,
                worst.id,
                place.account.as_str(),
                place.region.as_str(),
            ),
            title,
            text,
        })
    }

    /// What a page says, whatever format it is sent in; `None` if nothing pages.
    pub(crate) fn said(&self) -> Option<Said<'_>> {
        // The first of the worst, as in the receipt; `max_by_key` takes the last.
        let worst = self.plan.findings.iter().rev().max_by_key(|finding| finding.severity)?;
        let trouble = self.trouble();
        let severity = if trouble { worst.severity.max(Severity::High) } else { worst.severity };
        if severity < self.pages.from && !trouble {
            return None;
        }
        let state = self.state();
        let title = format!("{} {}{}", severity.as_str().to_uppercase(), worst.summary, state.suffix());
        let title = one_line(&title).into_owned();
        let text = self.text(&title, worst.id, state);
        Some(Said { severity, worst, state, title, text })
    }

    /// Whether the effect that mends a finding is done.
    fn mended(&self, finding: &Finding) -> bool {
        let outcomes = self.plan.effects.iter().zip(&self.outcomes);
        let mending = |(effect, _): &(&E, &Outcome)| Some(effect.ensure()) == finding.mended_by;
        let mut mending = outcomes.filter(mending).peekable();
        mending.peek().is_some()
            && mending.all(|(_, outcome)| matches!(outcome, Outcome::Applied | Outcome::Already))
    }

    /// Whether the plan holds an effect that mends a finding.
    fn would_mend(&self, finding: &Finding) -> bool {
        self.plan.effects.iter().any(|effect| Some(effect.ensure()) == finding.mended_by)
    }

    /// Whether an effect didn't work, or nobody says what became of it.
    fn trouble(&self) -> bool {
        self.outcomes.len() < self.plan.effects.len()
            || self.outcomes.iter().any(|outcome| outcome.trouble().is_some())
    }

    fn state(&self) -> State {
        if self.plan.effects.is_empty() {
            return State::NothingToApply;
        }
        if self.trouble() {
            return State::Trouble;
        }
        let done = |outcome: &Outcome| matches!(outcome, Outcome::Applied | Outcome::Already);
        if self.outcomes.iter().all(done) {
            if self.plan.findings.iter().all(|finding| self.mended(finding)) {
                State::Repaired
            } else {
                State::RepairedInPart
            }
        } else if self.outcomes.contains(&Outcome::Withheld) {
            State::Withheld(self.mode)
        } else if self.plan.findings.iter().all(|finding| self.would_mend(finding)) {
            State::Replayed
        } else {
            State::ReplayedInPart
        }
    }
}

fn step_in_chat(remedy: &Remedy) -> String {
    let step = one_line(&remedy.to_string()).into_owned();
    match remedy {
        Remedy::Command(_) | Remedy::Statement(_) if !chat::shows(&step) => {
            "take the next command or statement from the e-mail: chat can't show it as it is".to_owned()
        }
        Remedy::Command(_) | Remedy::Statement(_) | Remedy::Step(_) => step,
    }
}

/// How far a resource has been brought back to what policy wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    NothingToApply,
    Repaired,
    RepairedInPart,
    Withheld(Mode),
    Trouble,
    Replayed,
    ReplayedInPart,
}

impl State {
    fn suffix(self) -> &'static str {
        match self {
            Self::NothingToApply => "",
            Self::Repaired => " (repaired)",
            Self::RepairedInPart => " (repaired in part)",
            Self::Withheld(Mode::Observe) => " (not repaired: mode observe)",
            Self::Withheld(Mode::Page) => " (not repaired: mode page)",
            Self::Withheld(Mode::Remediate) => " (not repaired)",
            Self::Trouble => " (REPAIR FAILED)",
            Self::Replayed => " (would be repaired)",
            Self::ReplayedInPart => " (would be repaired in part)",
        }
    }
}

fn attributes(
    severity: Severity,
    guard: Guard,
    finding: &str,
    account: &str,
    region: &str,
) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("severity", severity.as_str().to_owned()),
        ("guard", guard.as_str().to_owned()),
        ("finding", finding.to_owned()),
        ("account", account.to_owned()),
        ("region", region.to_owned()),
    ])
}

fn one_line(text: &str) -> Cow<'_, str> {
    if text.len() <= LINE_LIMIT && is_printable_ascii(text) {
        return Cow::Borrowed(text);
    }
    let plain = |character| if is_plain(character) { character } else { ' ' };
    let mut line: String = text.chars().take(LINE_LIMIT).map(plain).collect();
    if text.chars().nth(LINE_LIMIT).is_some() {
        line.push('…');
    }
    Cow::Owned(line)
}

/// One line of printable ASCII, at most `limit` characters, cut in the middle so that its end stays.
fn ascii_line(text: &str, limit: usize) -> String {
    let printable = |character: char| {
        if character.is_ascii_graphic() || character == ' ' { character } else { '?' }
    };
    let line: Vec<char> = text.chars().map(printable).collect();
    if line.len() <= limit {
        return line.into_iter().collect();
    }
    let tail = limit / 2;
    let head = limit.saturating_sub(tail + 3);
    line.iter()
        .take(head)
        .chain("...".chars().collect::<Vec<_>>().iter())
        .chain(line.iter().skip(line.len() - tail))
        .collect()
}

#[cfg(test)]
mod tests;
