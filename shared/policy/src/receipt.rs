//! The receipt: the one JSON line that an invocation ends with.
//!
//! Holds the change, the facts, the plan and what became of it, with the field names that other people's
//! scripts rely on. Every text in it that came out of an event is cleaned. It judges nothing.

use crate::guard::Guard;
use crate::page::{Page, Said};
use crate::plan::{Effect, Finding, Outcome, Severity, Verdict};
use crate::policy::Mode;
use crate::report::{NOT_REACHED, Report, UnreadableEvent};
use crate::untrusted::{Untrusted, clean};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// One JSON line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(title = "Sealwatch receipt"))]
pub struct Receipt {
    /// CloudTrail's id of the recorded call.
    pub event_id: String,
    /// The recorded operation, such as `CreateLogGroup`.
    pub event_name: String,
    /// The guard that judged it.
    pub guard: Guard,
    /// The ARN of the resource, or null if the record doesn't name one.
    pub target: Option<String>,
    /// The account that the call was made in.
    pub account: String,
    /// The Region that the call was made in.
    pub region: String,
    /// When the call was made (RFC 3339, UTC).
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub time: String,
    /// The mode that the guard ran in.
    pub mode: Mode,
    /// The answer.
    pub verdict: Verdict,
    /// What is wrong, worst first.
    pub findings: Vec<FindingLine>,
    /// The states to ensure, and what became of each.
    pub effects: Vec<EffectLine>,
    /// The page, or null if nothing pages.
    pub page: Option<PageLine>,
    /// Why: rules, exemptions, decisive facts.
    pub reasons: Vec<String>,
    /// What was taken for granted because nothing told otherwise.
    pub assumed: Vec<String>,
    /// Who called, from where, and how the call ended.
    pub change: ChangeLine,
    /// The facts that were read after the event.
    pub facts: Value,
    /// Whether this instance had seen the event before.
    pub duplicate: bool,
    /// Milliseconds of each step; null in a replay.
    pub timings_ms: Option<Timings>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindingLine {
    /// A stable id, such as `log-group.unencrypted`.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence.
    pub summary: String,
    /// The facts that show it.
    pub evidence: Vec<String>,
    /// What a person does about it, in order.
    pub remedy: Vec<String>,
}

/// One effect and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EffectLine {
    /// The kind of state, such as `log-group-key`.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = [
        "log-group-key", "trail-key", "trail-logging", "trail-validation", "key-not-pending-deletion", "key-enabled"
    ])))]
    pub ensure: String,
    /// The resource's ARN.
    pub target: String,
    /// The wanted value, if the kind alone doesn't say it.
    pub value: Option<String>,
    /// `applied`, `already`, `withheld`, `refused`, `failed` or `replayed`.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = [
        "applied", "already", "withheld", "refused", "failed", "replayed"
    ])))]
    pub outcome: String,
    /// What went wrong, if anything did.
    pub error: Option<String>,
}

/// The page and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PageLine {
    /// The worst severity among the findings.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// The e-mail's text.
    pub text: String,
    /// `sent`, `withheld`, `failed` or `replayed`.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["sent", "withheld", "failed", "replayed"])))]
    pub outcome: String,
    /// Why it failed or was withheld.
    pub error: Option<String>,
}

/// What became of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageOutcome {
    /// SNS took it.
    Sent,
    /// Not sent, for a reason that is no failure.
    Withheld(String),
    /// It couldn't be sent.
    Failed(String),
    /// Shown by a replay.
    Replayed,
}

/// The caller and the end of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangeLine {
    /// The called service.
    pub source: String,
    /// Who called.
    pub actor: String,
    /// From where.
    pub source_ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// The error code, if the call failed.
    pub error_code: Option<String>,
    /// The error message, if the call failed and told one.
    pub error_message: Option<String>,
}

/// Milliseconds of each step of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timings {
    /// From the recorded call to the start of the invocation.
    pub event_age: i64,
    /// Reading the state.
    pub gather: u64,
    /// Ensuring the effects, with reading back.
    pub apply: u64,
    /// Sending the page.
    pub page: u64,
}

impl Receipt {
    /// The receipt for an event that can't be read at all; `received` stands for the time that it doesn't tell.
    #[must_use]
    pub fn of_unreadable_event(
        guard: Guard,
        mode: Mode,
        event: &UnreadableEvent,
        received: Timestamp,
        page: (Page, &PageOutcome),
    ) -> Self {
        let UnreadableEvent { id, account, region, error } = event;
        let finding = FindingLine {
            id: UnreadableEvent::FINDING.to_owned(),
            severity: UnreadableEvent::SEVERITY,
            summary: "an event can't be read".to_owned(),
            evidence: vec![error.to_string()],
            remedy: vec!["read the event on the failure queue, and look at the resource it names".to_owned()],
        };
        Self {
            event_id: id.clone(),
            event_name: "unknown".to_owned(),
            guard,
            target: None,
            account: account.clone(),
            region: region.clone(),
            time: received.to_string(),
            mode,
            verdict: Verdict::Unknown,
            findings: vec![finding],
            effects: Vec::new(),
            page: Some(PageLine::of(page.0, page.1)),
            reasons: vec!["the event can't be read".to_owned()],
            assumed: Vec::new(),
            change: ChangeLine {
                source: "unknown".to_owned(),
                actor: "unknown".to_owned(),
                source_ip: None,
                user_agent: None,
                error_code: None,
                error_message: None,
            },
            facts: Value::Null,
            duplicate: false,
            timings_ms: None,
        }
    }
}

impl PageLine {
    fn of(page: Page, outcome: &PageOutcome) -> Self {
        Self::new(page.severity, page.title, page.text, outcome)
    }

    fn new(severity: Severity, title: String, text: String, outcome: &PageOutcome) -> Self {
        Self {
            severity,
            title,
            text,
            outcome: outcome.as_str().to_owned(),
            error: outcome.trouble().map(|why| clean(why, 600)),
        }
    }
}

impl<E: Effect> Report<'_, E> {
    /// The receipt, with the page that was made of this report and what became of it.
    #[must_use]
    pub fn receipt(self, page: Option<(Page, PageOutcome)>) -> Receipt {
        self.receipt_with(page.map(|(page, outcome)| PageLine::of(page, &outcome)))
    }

    /// The receipt of a report whose page goes nowhere, so that the formats it would be sent in aren't made.
    #[must_use]
    pub fn receipt_of_replay(self, outcome: &PageOutcome) -> Receipt {
        let line = |said: Said<'_>| PageLine::new(said.severity, said.title, said.text, outcome);
        let page = self.said().map(line);
        self.receipt_with(page)
    }

    fn receipt_with(self, page: Option<PageLine>) -> Receipt {
        let shown = |text: &Option<Untrusted>| text.as_ref().map(ToString::to_string);
        let effects = self.effect_lines();
        let Self { guard, mode, change, target, facts, plan, .. } = self;
        let failure = change.failure.as_ref();
        Receipt {
            event_id: change.event_id.to_string(),
            event_name: change.event_name.to_string(),
            guard,
            target,
            account: change.place.account.to_string(),
            region: change.place.region.to_string(),
            time: change.time.to_string(),
            mode,
            verdict: plan.verdict,
            findings: plan.findings.into_iter().map(FindingLine::of).collect(),
            effects,
            page,
            reasons: plan.reasons,
            assumed: plan.assumed,
            change: ChangeLine {
                source: change.event_source.to_string(),
                actor: change.actor.shown(),
                source_ip: shown(&change.source_ip),
                user_agent: shown(&change.user_agent),
                error_code: failure.map(|failure| failure.code.to_string()),
                error_message: failure.and_then(|failure| shown(&failure.message)),
            },
            facts,
            duplicate: false,
            timings_ms: None,
        }
    }

    fn effect_lines(&self) -> Vec<EffectLine> {
        let line = |(index, effect): (usize, &E)| {
            let outcome = self.outcomes.get(index);
            let trouble = outcome.map_or(Some(NOT_REACHED), Outcome::trouble);
            EffectLine {
                ensure: effect.ensure().to_owned(),
                target: effect.target(),
                value: effect.value(),
                outcome: outcome.map_or("failed", Outcome::as_str).to_owned(),
                error: trouble.map(|why| clean(why, 600)),
            }
        };
        self.plan.effects.iter().enumerate().map(line).collect()
    }
}

impl FindingLine {
    fn of(finding: Finding) -> Self {
        let Finding { id, severity, summary, evidence, remedies, mended_by: _ } = finding;
        let remedy = remedies.iter().map(ToString::to_string).collect();
        Self { id: id.to_owned(), severity, summary, evidence, remedy }
    }
}

impl PageOutcome {
    /// The outcome as receipts write it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Withheld(_) => "withheld",
            Self::Failed(_) => "failed",
            Self::Replayed => "replayed",
        }
    }

    fn trouble(&self) -> Option<&str> {
        match self {
            Self::Withheld(why) | Self::Failed(why) => Some(why),
            Self::Sent | Self::Replayed => None,
        }
    }
}
