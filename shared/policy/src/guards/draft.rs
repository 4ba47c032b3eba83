//! A plan in the making: what was found, what mends it, and what couldn't be told.
//!
//! Whatever can't be told is collected and becomes one finding of its own; it never makes an effect. What is
//! right or wrong is each guard's own.

use crate::facts::Unreadable;
use crate::plan::{Effect, Finding, Plan, Verdict};
use std::cmp::Reverse;

/// A plan in the making.
#[derive(Debug)]
pub(super) struct Draft<E> {
    pub(super) findings: Vec<Finding>,
    pub(super) effects: Vec<E>,
    pub(super) reasons: Vec<String>,
    pub(super) assumed: Vec<String>,
    /// What can't be told.
    unclear: Vec<String>,
    pub(super) retryable: bool,
    /// Whether what was found may be no violation.
    unsure: bool,
}

impl<E: Effect> Draft<E> {
    pub(super) fn new() -> Self {
        Self {
            findings: Vec::new(),
            effects: Vec::new(),
            reasons: Vec::new(),
            assumed: Vec::new(),
            unclear: Vec::new(),
            retryable: false,
            unsure: false,
        }
    }

    /// A finding with the effect that mends it, if there is one.
    pub(super) fn found(&mut self, mut finding: Finding, effect: Option<E>) {
        finding.mended_by = effect.as_ref().map(Effect::ensure);
        self.findings.push(finding);
        self.effects.extend(effect);
    }

    /// A fact couldn't be read.
    pub(super) fn unread(&mut self, what: &str, error: &Unreadable) {
        self.retryable |= error.retryable;
        self.doubt(&format!("{what}: {}", error.why));
    }

    /// Something can't be told.
    pub(super) fn doubt(&mut self, what: &str) {
        self.unclear.push(what.to_owned());
    }

    /// What was found may be no violation: the findings stand, and nothing is done about them.
    pub(super) fn be_unsure(&mut self) {
        self.unsure = true;
        self.effects.clear();
        self.findings.iter_mut().for_each(|finding| finding.mended_by = None);
    }

    /// What can't be told of names or tags may exempt the resource.
    pub(super) fn may_be_exempt(&mut self, what: &str, unreadable: Option<&Unreadable>) {
        if self.findings.is_empty() {
            return;
        }
        self.be_unsure();
        match unreadable {
            Some(error) => self.unread(what, error),
            None => self.doubt(&format!("{what}: nobody asked")),
        }
    }

    /// The plan; `unknown` makes the finding of what couldn't be told.
    pub(super) fn plan(mut self, unknown: impl FnOnce(Vec<String>) -> Finding) -> Plan<E> {
        let violated = !self.findings.is_empty() && !self.unsure;
        if !self.unclear.is_empty() {
            self.findings.push(unknown(self.unclear));
        }
        // The worst first; of equals in the order in which they were judged.
        self.findings.sort_by_key(|finding| Reverse(finding.severity));
        let verdict = match (violated, self.findings.is_empty()) {
            (true, _) => Verdict::Violation,
            (false, false) => Verdict::Unknown,
            (false, true) => Verdict::Compliant,
        };
        Plan {
            verdict,
            findings: self.findings,
            effects: self.effects,
            reasons: self.reasons,
            assumed: self.assumed,
            retryable: self.retryable,
        }
    }
}
