//! The scenarios: which event, under which policy, and what a reader should expect.
//!
//! Each line was thought out before it was run. `near` names the findings that the case comes close to
//! and must not have; a test asks for at least one hit and one near miss of every finding.

/// The two common sorts of cases, for one guard.
macro_rules! of_guard {
    ($guard:expr) => {
        /// A case without findings, effects and page.
        const fn quiet(
            file: &'static str,
            rules: Rules,
            verdict: Verdict,
            near: Ids,
            expect: &'static str,
        ) -> Scenario {
            Scenario::quiet($guard, file, rules, verdict, near, expect)
        }

        /// A violation that would page, in mode remediate, with the repairs that would follow.
        const fn found(
            file: &'static str,
            rules: Rules,
            findings: Ids,
            effects: Ensured,
            near: Ids,
            expect: &'static str,
        ) -> Scenario {
            Scenario::found($guard, file, rules, findings, effects, near, expect)
        }
    };
}
use of_guard;

mod key;
mod log_group;
mod trail;

use super::rules::Rules;
use super::{Played, change_of, event, play, policy};
use sealwatch_policy::guards::Guard;
use sealwatch_policy::plan::Verdict::{self, Violation};
use sealwatch_world::replay::Effects;

/// Ids of findings.
type Ids = &'static [&'static str];

/// `ensure`, and the part of the wanted key behind its account.
type Ensured = &'static [(&'static str, &'static str)];

/// One event under one policy.
pub struct Scenario {
    pub guard: Guard,
    /// The file in the guard's folder, without `.json`.
    pub file: &'static str,
    pub rules: Rules,
    /// What a reader should expect, in words.
    pub expect: &'static str,
    pub verdict: Verdict,
    /// Worst first.
    pub findings: Ids,
    pub effects: Ensured,
    /// What becomes of the effects, all alike.
    pub outcome: &'static str,
    /// What becomes of the page; `None` if there is none.
    pub page: Option<&'static str>,
    /// Findings that it comes close to and must not have.
    pub near: Ids,
}

/// The scenarios of all guards.
pub fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    log_group::SCENARIOS.iter().chain(trail::SCENARIOS).chain(key::SCENARIOS)
}

impl Scenario {
    /// The snapshot's name, in the guard's folder.
    pub fn name(&self) -> String {
        format!("{}--{}", self.file, self.rules.name())
    }

    /// The sample's name.
    pub fn sample(&self) -> String {
        format!("{}/{}", self.guard, self.file)
    }

    pub fn play(&self) -> Played {
        play(&change_of(&event(&self.sample())), &policy(&self.rules.text()), Effects::Shown)
    }

    /// A case without findings, effects and page.
    const fn quiet(
        guard: Guard,
        file: &'static str,
        rules: Rules,
        verdict: Verdict,
        near: Ids,
        expect: &'static str,
    ) -> Self {
        Self {
            guard,
            file,
            rules,
            expect,
            verdict,
            findings: &[],
            effects: &[],
            outcome: "",
            page: None,
            near,
        }
    }

    /// A violation that would page, in mode remediate, with the repairs that would follow.
    const fn found(
        guard: Guard,
        file: &'static str,
        rules: Rules,
        findings: Ids,
        effects: Ensured,
        near: Ids,
        expect: &'static str,
    ) -> Self {
        Self {
            guard,
            file,
            rules,
            expect,
            verdict: Violation,
            findings,
            effects,
            outcome: "replayed",
            page: Some("replayed"),
            near,
        }
    }
}
