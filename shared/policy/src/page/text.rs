//! The e-mail of a page, line by line.
//!
//! Every line begins with words of ours. What came out of an event stands in it on one line, cut, and with
//! its addresses made unclickable; the end, which says what to do, is never cut for the sake of the rest.

use super::{NOT_REACHED, State, one_line};
use crate::plan::{Effect, Outcome, Remedy};
use crate::report::{Report, UnreadableEvent};
use crate::untrusted::{SHOWN, Untrusted, clean};

/// Far below SNS's 256 KiB for all formats together, and more than anybody reads.
const TEXT_LIMIT: usize = 32_000;
/// What stays for the findings, however long the rest is.
const FOUND_LIMIT: usize = 12_000;

impl<E: Effect> Report<'_, E> {
    /// The e-mail: what happened, what was found, what was done, what is left to do.
    pub(super) fn text(&self, title: &str, finding: &str, state: State) -> String {
        let mut found = format!("{title}\n\nWhat happened\n");
        self.push_change(&mut found);
        self.push_findings(&mut found);
        let mut end = String::from("\nWhat Sealwatch did\n");
        self.push_effects(&mut end);
        self.push_remedies(&mut end, state);
        push_foot(&mut end, self.pages.runbook.as_deref(), finding, &self.change.event_id.to_string());
        // What to do is never cut for the sake of what was found.
        crop(&mut end, TEXT_LIMIT - FOUND_LIMIT);
        crop(&mut found, TEXT_LIMIT - end.chars().count());
        found + &end
    }

    fn push_change(&self, text: &mut String) {
        let change = self.change;
        let ending = match &change.failure {
            Some(failure) => format!("failed with {}", failure.code),
            None => "succeeded".to_owned(),
        };
        let or_unknown =
            |text: &Option<Untrusted>| text.as_ref().map_or("unknown".to_owned(), ToString::to_string);
        field(text, "call", &format!("{} of {}, {ending}", change.event_name, change.event_source));
        field(text, "when", &change.time.to_string());
        field(text, "who", &change.actor.shown());
        field(text, "from", &or_unknown(&change.source_ip));
        field(text, "with", &or_unknown(&change.user_agent));
        field(text, "where", &format!("account {}, {}", change.place.account, change.place.region));
        field(text, "resource", self.target.as_deref().unwrap_or("not named in the record"));
    }

    fn push_findings(&self, text: &mut String) {
        text.push_str("\nWhat Sealwatch found\n");
        for finding in &self.plan.findings {
            push_data(text, &format!("  - {} ({}): {}", finding.id, finding.severity, finding.summary));
            for evidence in &finding.evidence {
                push_data(text, &format!("      {evidence}"));
            }
        }
        for reason in self.plan.reasons.iter().chain(&self.plan.assumed) {
            push_data(text, &format!("  - {reason}"));
        }
    }

    fn push_effects(&self, text: &mut String) {
        if self.plan.effects.is_empty() {
            push_line(text, "  Nothing: no repair follows from what it found.");
        }
        for (index, effect) in self.plan.effects.iter().enumerate() {
            let told = match self.outcomes.get(index) {
                Some(outcome) => self.told(outcome),
                None => format!("NOT done: {NOT_REACHED}"),
            };
            push_data(text, &format!("  - {}: {told}", effect.describe()));
        }
    }

    fn push_remedies(&self, text: &mut String, state: State) {
        text.push_str(if state == State::Repaired { "\nGood to know\n" } else { "\nWhat to do\n" });
        let mut number = 0;
        let remedies = self.remedies();
        for (about, remedies_about) in &remedies {
            // One thing to do needs no heading; of several each command must be seen to belong to its own.
            if remedies.len() > 1 {
                push_line(text, &format!("  {about}:"));
            }
            let mut is_led_to = false;
            for remedy in remedies_about {
                match remedy {
                    Remedy::Step(step) => is_led_to = step.ends_with(':'),
                    Remedy::Command(_) if !is_led_to => {
                        push_remedy(text, &Remedy::Step("run:".to_owned()), &mut number);
                        is_led_to = true;
                    }
                    Remedy::Command(_) | Remedy::Statement(_) => {}
                }
                push_remedy(text, remedy, &mut number);
            }
        }
        if remedies.is_empty() {
            push_line(text, "  Nothing is left to do.");
        }
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
}

/// The e-mail about an event of which little is known: every value in it may be somebody else's text.
pub(super) fn of_unreadable_event(
    title: &str,
    event: &UnreadableEvent,
    place: &str,
    runbook: Option<&str>,
) -> String {
    let mut text = String::new();
    let id = if event.id.is_empty() { "unknown" } else { &event.id };
    push_data(&mut text, title);
    text.push_str("\nWhat happened\n");
    field(&mut text, "event", &clean(id, SHOWN));
    field(&mut text, "where", place);
    field(&mut text, "problem", &event.error.to_string());
    text.push_str("\nWhat Sealwatch did\n");
    push_line(
        &mut text,
        "  Nothing: it can't tell what was changed. The invocation fails, so that Lambda retries it and then",
    );
    push_line(&mut text, "  puts the event on the failure queue.");
    text.push_str("\nWhat to do\n");
    push_line(
        &mut text,
        "  1. Read the event on the failure queue or in CloudTrail by its id, and look at the resource it names.",
    );
    push_foot(&mut text, runbook, UnreadableEvent::FINDING, &clean(id, SHOWN));
    text
}

fn push_foot(text: &mut String, runbook: Option<&str>, finding: &str, event: &str) {
    let runbook = match runbook {
        Some(address) => format!("{address}#{}", finding.replace('.', "-")),
        None => format!("README.md, \"Runbook\", `{finding}`"),
    };
    text.push('\n');
    push_line(text, &format!("Runbook: {runbook}"));
    push_data(text, &format!("Event: {event}"));
}

fn push_remedy(text: &mut String, remedy: &Remedy, number: &mut usize) {
    match remedy {
        Remedy::Step(step) => {
            *number += 1;
            push_data(text, &format!("  {number}. {step}"));
        }
        Remedy::Command(command) => push_line(text, &format!("       {command}")),
        Remedy::Statement(statement) => {
            let shown = serde_json::to_string_pretty(statement).unwrap_or_else(|_| statement.to_string());
            for line in shown.lines() {
                push_line(text, &format!("       {line}"));
            }
        }
    }
}

fn field(text: &mut String, name: &str, value: &str) {
    push_data(text, &format!("  {name:<10} {value}"));
}

/// A line with text of somebody else's: mail clients make a link of whatever looks like an address.
fn push_data(text: &mut String, line: &str) {
    if line.contains("://") {
        return push_line(text, &line.replace("://", "[:]//"));
    }
    push_line(text, line);
}

/// Appends exactly one line, whatever the text holds: the last guard against a forged one.
fn push_line(text: &mut String, line: &str) {
    text.push_str(&one_line(line));
    text.push('\n');
}

fn crop(text: &mut String, limit: usize) {
    const NOTE: &str = "\n… (cut; the receipt holds the rest)\n";
    if text.chars().count() > limit {
        let kept: String = text.chars().take(limit.saturating_sub(NOTE.len())).collect();
        *text = kept + NOTE;
    }
}
