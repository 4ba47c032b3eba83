//! Pages: what a person is told, and how.
//!
//! Makes one page of a report: an e-mail to read, one line for a phone, the notification that chat
//! integrations on AWS take, and attributes for subscription filters. Text that somebody else wrote
//! stands in it cut and escaped, so that it can't add a line, a link or a mention. Sends nothing.

mod chat;

use crate::change::ParseError;
use crate::guards::Guard;
use crate::plan::{Effect, Outcome, Remedy, Severity};
use crate::policy::Mode;
use crate::receipt::{NOT_REACHED, Report};
use crate::untrusted::{clean, is_plain};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// SNS refuses longer subjects.
const SUBJECT_LIMIT: usize = 100;
/// One text message, as far as GSM 03.38 counts.
const SMS_LIMIT: usize = 160;
/// Far below SNS's 256 KiB for all formats together, and more than anybody reads.
const TEXT_LIMIT: usize = 24_000;

/// A page in all its formats.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The worst severity among the findings.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// The e-mail's subject: ASCII, at most 100 characters.
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

impl Page {
    /// The message in SNS's `MessageStructure=json`.
    #[must_use]
    pub fn message(&self) -> String {
        json!({ "default": self.chat.to_string(), "email": self.text, "sms": self.sms }).to_string()
    }

    /// The page for an event that can't be read at all.
    #[must_use]
    pub fn of_unreadable_event(
        guard: Guard,
        account: &str,
        region: &str,
        event_id: &str,
        error: &ParseError,
    ) -> Self {
        let severity = Severity::High;
        // SNS refuses an empty attribute.
        let told = |text: &str| {
            if text.is_empty() {
                "unknown".to_owned()
            } else {
                clean(text, 80)
            }
        };
        let (account, region, event_id) = (&told(account), &told(region), told(event_id));
        let title = format!("HIGH the {guard} guard got an event that it can't read");
        let text = format!(
            "{title}\n\nWhat happened\n  event      {event_id}\n  where      account {account}, {region}\n  problem    {error}\n\n\
             What Sealwatch did\n  Nothing: it can't tell what was changed. The invocation fails, so that Lambda retries it and then\n  puts the event on the failure queue.\n\n\
             What to do\n  1. Read the event on the failure queue or in CloudTrail by its id, and look at the resource it names.\n"
        );
        Self {
            severity,
            subject: ascii_line(&format!("[Sealwatch] {title}"), SUBJECT_LIMIT),
            sms: ascii_line(&format!("Sealwatch {title}; {account}/{region}"), SMS_LIMIT),
            chat: chat::notification(
                &title,
                &text,
                &["read the event on the failure queue".to_owned()],
                &[("guard", guard.as_str())],
            ),
            attributes: attributes(severity, guard, "event.unreadable", account, region),
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
        // The first of the worst, as in the receipt; `max_by_key` takes the last.
        let worst = self
            .plan
            .findings
            .iter()
            .rev()
            .max_by_key(|finding| finding.severity)?;
        let trouble = self.trouble();
        let severity = if trouble {
            worst.severity.max(Severity::High)
        } else {
            worst.severity
        };
        if severity < self.pages.from && !trouble {
            return None;
        }
        let place = &self.change.place;
        let state = self.state();
        let title = one_line(&format!(
            "{} {}{}",
            severity.as_str().to_uppercase(),
            worst.summary,
            state.suffix()
        ));
        let name = self
            .target
            .as_deref()
            .and_then(|arn| arn.rsplit(':').next())
            .unwrap_or("-");
        let line = format!("{} {name} {} {}", worst.id, place.account, place.region);
        let upper = severity.as_str().to_uppercase();
        let text = crop(self.text(&title, worst.id, state), TEXT_LIMIT);
        let steps: Vec<String> = self.remedies(state).iter().map(ToString::to_string).collect();
        let context = [
            ("severity", severity.as_str()),
            ("finding", worst.id),
            ("guard", self.guard.as_str()),
            ("account", place.account.as_str()),
            ("region", place.region.as_str()),
        ];
        Some(Page {
            severity,
            subject: ascii_line(
                &format!("[Sealwatch] {upper} {line}{}", state.suffix()),
                SUBJECT_LIMIT,
            ),
            sms: ascii_line(&format!("Sealwatch {upper} {line}{}", state.suffix()), SMS_LIMIT),
            chat: chat::notification(&title, &text, &steps, &context),
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

    fn text(&self, title: &str, finding: &str, state: State) -> String {
        let mut text = format!("{title}\n\nWhat happened\n");
        let change = self.change;
        let ending = match &change.failure {
            Some(failure) => format!("failed with {}", failure.code),
            None => "succeeded".to_owned(),
        };
        let or_unknown = |text: &Option<_>| text.as_ref().map_or("unknown".to_owned(), ToString::to_string);
        field(
            &mut text,
            "call",
            &format!("{} of {}, {ending}", change.event_name, change.event_source),
        );
        field(&mut text, "when", &change.time.to_string());
        field(&mut text, "who", &change.actor.shown());
        field(&mut text, "from", &or_unknown(&change.source_ip));
        field(&mut text, "with", &or_unknown(&change.user_agent));
        field(
            &mut text,
            "where",
            &format!("account {}, {}", change.place.account, change.place.region),
        );
        field(
            &mut text,
            "resource",
            self.target.as_deref().unwrap_or("not named in the record"),
        );
        text.push_str("\nWhat Sealwatch found\n");
        for finding in &self.plan.findings {
            push_line(
                &mut text,
                &format!("  - {} ({}): {}", finding.id, finding.severity, finding.summary),
            );
            for evidence in &finding.evidence {
                push_line(&mut text, &format!("      {evidence}"));
            }
        }
        for reason in self.plan.reasons.iter().chain(&self.plan.assumed) {
            push_line(&mut text, &format!("  - {reason}"));
        }
        text.push_str("\nWhat Sealwatch did\n");
        if self.plan.effects.is_empty() {
            push_line(&mut text, "  Nothing: no repair follows from what it found.");
        }
        for (index, effect) in self.plan.effects.iter().enumerate() {
            let told = match self.outcomes.get(index) {
                Some(outcome) => self.told(outcome),
                None => format!("NOT done: {NOT_REACHED}"),
            };
            push_line(&mut text, &format!("  - {}: {told}", effect.describe()));
        }
        self.push_remedies(&mut text, state);
        let runbook = match &self.pages.runbook {
            Some(address) => format!("{address}#{}", finding.replace('.', "-")),
            None => format!("README.md, \"Runbook\", `{finding}`"),
        };
        let _ = write!(text, "\nRunbook: {runbook}\nEvent: {}\n", change.event_id);
        text
    }

    fn push_remedies(&self, text: &mut String, state: State) {
        text.push_str(if state == State::Repaired {
            "\nGood to know\n"
        } else {
            "\nWhat to do\n"
        });
        let mut number = 0;
        for remedy in self.remedies(state) {
            match remedy {
                Remedy::Step(step) => {
                    number += 1;
                    push_line(text, &format!("  {number}. {step}"));
                }
                Remedy::Command(command) => push_line(text, &format!("       {command}")),
                Remedy::Statement(statement) => {
                    let shown =
                        serde_json::to_string_pretty(statement).unwrap_or_else(|_| statement.to_string());
                    for line in shown.lines() {
                        push_line(text, &format!("       {line}"));
                    }
                }
            }
        }
        if number == 0 && state == State::Repaired {
            push_line(text, "  Nothing is left to do.");
        }
    }

    /// What is left to a person: of a repaired resource only what is good to know.
    fn remedies(&self, state: State) -> Vec<&Remedy> {
        let refused = self.outcomes.iter().flat_map(|outcome| match outcome {
            Outcome::Refused { remedies, .. } => remedies.as_slice(),
            Outcome::Applied
            | Outcome::Already
            | Outcome::Withheld
            | Outcome::Failed { .. }
            | Outcome::Replayed => &[],
        });
        let found = self.plan.findings.iter().flat_map(|finding| &finding.remedies);
        let repaired = state == State::Repaired;
        refused
            .chain(found.filter(|remedy| !repaired || matches!(remedy, Remedy::Step(_))))
            .collect()
    }

    fn told(&self, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Applied => "done, and seen on reading back".to_owned(),
            Outcome::Already => "it was so already".to_owned(),
            Outcome::Withheld => format!("NOT done: the mode is `{}`", self.mode.as_str()),
            Outcome::Refused { why, .. } => format!("NOT done, refused: {}", clean(why, 600)),
            Outcome::Failed { why } => format!("NOT done, failed: {}", clean(why, 600)),
            Outcome::Replayed => "would be done (replay)".to_owned(),
        }
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
            State::Repaired
        } else if self.outcomes.contains(&Outcome::Withheld) {
            State::Withheld(self.mode)
        } else {
            State::Replayed
        }
    }
}

/// How far a resource has been brought back to what policy wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    NothingToApply,
    Repaired,
    Withheld(Mode),
    Trouble,
    Replayed,
}

impl State {
    fn suffix(self) -> &'static str {
        match self {
            Self::NothingToApply => "",
            Self::Repaired => " (repaired)",
            Self::Withheld(Mode::Observe) => " (not repaired: mode observe)",
            Self::Withheld(Mode::Page) => " (not repaired: mode page)",
            Self::Withheld(Mode::Remediate) => " (not repaired)",
            Self::Trouble => " (REPAIR FAILED)",
            Self::Replayed => " (would be repaired)",
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

fn field(text: &mut String, name: &str, value: &str) {
    push_line(text, &format!("  {name:<10} {value}"));
}

/// Appends exactly one line, whatever the text holds: the last guard against a forged one.
fn push_line(text: &mut String, line: &str) {
    text.push_str(&one_line(line));
    text.push('\n');
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| if is_plain(character) { character } else { ' ' })
        .collect()
}

/// One line of printable ASCII, at most `limit` characters, cut in the middle so that its end stays.
fn ascii_line(text: &str, limit: usize) -> String {
    let printable = |character: char| {
        if character.is_ascii_graphic() || character == ' ' {
            character
        } else {
            '?'
        }
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

fn crop(text: String, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text;
    }
    let mut cut: String = text.chars().take(limit).collect();
    cut.push_str("\n… (cut; the receipt holds the rest)\n");
    cut
}

#[cfg(test)]
mod tests;
