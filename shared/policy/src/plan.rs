//! A plan: what a guard's `decide` returns.
//!
//! Findings, the effects that would mend them, and why. A plan is data: whoever carries it out has no
//! choices left, and nothing here carries anything out.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Look at it some day.
    Low,
    /// Look at it this week.
    Medium,
    /// Look at it today.
    High,
    /// Get up.
    Critical,
}

/// The answer to "is this as policy wants it?".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is.
    Compliant,
    /// It isn't; the findings say how.
    Violation,
    /// It can't be told; the findings say why.
    Unknown,
    /// Policy exempts it.
    Exempt,
    /// There is nothing to judge: the call failed, or the resource is gone.
    Ignored,
}

/// Something that policy does not allow, or that can't be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// A stable id, such as `log-group.unencrypted`; the README's runbook is ordered by it.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence.
    pub summary: String,
    /// The facts that show it, each a sentence of its own.
    pub evidence: Vec<String>,
    /// What a person does about it, in order.
    pub remedies: Vec<Remedy>,
    /// The kind of effect that mends it, if the plan holds one that does.
    pub mended_by: Option<&'static str>,
}

/// One step of a repair by hand.
#[derive(Debug, Clone, PartialEq)]
pub enum Remedy {
    /// In words.
    Step(String),
    /// A command to paste into a shell, fully quoted.
    Command(String),
    /// A statement to add to a key policy.
    Statement(Value),
}

/// What a command begins with that looks calls up in CloudTrail's event history.
pub(crate) const LOOK_UP: &str = "aws cloudtrail lookup-events";

/// What `decide` returns: `E` is the guard's own kind of effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<E> {
    /// The answer.
    pub verdict: Verdict,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// The states to ensure, in an order that is safe to stop between any two.
    pub effects: Vec<E>,
    /// Why: the rule, the exemption, the facts that were decisive.
    pub reasons: Vec<String>,
    /// What was taken for granted because nothing told otherwise (replay only).
    pub assumed: Vec<String>,
    /// Whether a fact couldn't be read for a reason that may pass, so that trying again is worth it.
    pub retryable: bool,
}

/// A state to ensure, as receipts and pages show it.
pub trait Effect {
    /// The kind of state, such as `log-group-key`.
    fn ensure(&self) -> &'static str;
    /// The ARN of the resource that it is ensured on.
    fn target(&self) -> String;
    /// The wanted value, if the kind alone doesn't say it.
    fn value(&self) -> Option<String>;
    /// What it does, as a person would say it: "associate key … with …".
    fn describe(&self) -> String;
    /// Whether it can't be ensured while the effect before it isn't.
    fn needs_previous(&self) -> bool {
        false
    }
}

/// What became of one effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Done, and seen on reading back.
    Applied,
    /// It was so already.
    Already,
    /// The mode doesn't allow it.
    Withheld,
    /// AWS or the shield said no; trying again won't help.
    Refused {
        /// What was said, cleaned.
        why: String,
        /// What a person does about it.
        remedies: Vec<Remedy>,
    },
    /// It didn't work, and might another time.
    Failed {
        /// What went wrong, cleaned.
        why: String,
    },
    /// Taken by the replay world, or only shown by it.
    Replayed,
}

impl<E> Plan<E> {
    /// A plan without findings and effects.
    #[must_use]
    pub fn settled(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self {
            verdict,
            findings: Vec::new(),
            effects: Vec::new(),
            reasons: vec![reason.into()],
            assumed: Vec::new(),
            retryable: false,
        }
    }

    /// A plan of one finding and no effect.
    #[must_use]
    pub fn found(verdict: Verdict, finding: Finding, reason: impl Into<String>) -> Self {
        Self { findings: vec![finding], ..Self::settled(verdict, reason) }
    }

    /// The worst severity among the findings.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

impl Outcome {
    /// The outcome as receipts write it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Already => "already",
            Self::Withheld => "withheld",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
            Self::Replayed => "replayed",
        }
    }

    /// What went wrong, if anything did.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        match self {
            Self::Refused { why, .. } | Self::Failed { why } => Some(why),
            Self::Applied | Self::Already | Self::Withheld | Self::Replayed => None,
        }
    }
}

impl Remedy {
    /// The command that looks up the calls of which `attribute` is `value`.
    pub(crate) fn look_up(
        region: &dyn fmt::Display,
        attribute: &str,
        value: &str,
        since: Option<Timestamp>,
    ) -> Self {
        let wanted = shell_word(&format!("AttributeKey={attribute},AttributeValue={value}"));
        let since = since.map(|time| format!(" --start-time {time}")).unwrap_or_default();
        Self::Command(format!("{LOOK_UP} --region {region} --lookup-attributes {wanted}{since}"))
    }
}

impl Severity {
    /// The severity as files and receipts write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Verdict {
    /// The verdict as receipts write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::Violation => "violation",
            Self::Unknown => "unknown",
            Self::Exempt => "exempt",
            Self::Ignored => "ignored",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(text) | Self::Command(text) => f.write_str(text),
            Self::Statement(statement) => write!(f, "{statement}"),
        }
    }
}

/// `text` as one word of a POSIX shell.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=,@%+".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
