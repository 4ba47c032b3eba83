//! A trail's judgement in the making: each setting in turn, each with its own finding.
//!
//! An effect touches only what is in violation, logging before encryption, and only where the trail is at home.
//! What can't be told is collected and becomes one finding of its own.

use super::destination::{self, Destination};
use super::key_owner::{self, KeyOwner};
use super::organization::{self, Organization};
use super::{Call, Effect, Ensure, Facts, Recorded, Selectors, Settings, Status, TrailState, findings};
use crate::change::Change;
use crate::facts::Reading;
use crate::guards::draft::Draft;
use crate::names::TrailArn;
use crate::plan::{Finding, Plan, Remedy, Verdict};
use crate::policy::{Policy, TrailRequirement};

/// A plan in the making.
pub(super) struct Judgement<'a> {
    pub(super) policy: &'a Policy,
    pub(super) change: &'a Change,
    pub(super) facts: &'a Facts,
    pub(super) trail: &'a TrailArn,
    /// Whether effects are this function's to make: it is the trail's owner and home Region.
    pub(super) ours: bool,
    pub(super) draft: Draft<Effect>,
}

impl<'a> Judgement<'a> {
    pub(super) fn new(policy: &'a Policy, change: &'a Change, facts: &'a Facts, trail: &'a TrailArn) -> Self {
        Self { policy, change, facts, trail, ours: super::is_ours(change, trail), draft: Draft::new() }
    }

    /// Every setting, in the order in which effects are safe: logging first, because it loses events by the minute.
    pub(super) fn judge(&mut self, state: &TrailState) {
        if Call::of(self.change) == Some(Call::Delete) {
            self.draft.findings.push(findings::made_again(self.trail));
        }
        self.logging();
        if self.policy.requires(TrailRequirement::Encryption) {
            self.encryption(state);
        }
        if self.policy.requires(TrailRequirement::Validation) {
            self.validation(state);
        }
        if self.policy.requires(TrailRequirement::MultiRegion) {
            self.multi_region(state);
        }
        if self.policy.requires(TrailRequirement::ManagementEvents) {
            self.management_events(state);
        }
        let organization = organization::judge(self.change, self.facts, self.trail, state);
        let organization = self.destination(state, organization);
        self.organization(organization);
        self.key_owner(state);
        self.coverage();
        if let Reading::Assumed(_) = self.facts.tags {
            self.assume("carries no tags");
        }
    }

    fn logging(&mut self) {
        let status = match &self.facts.status {
            Reading::Known(status) => status,
            Reading::Assumed(status) => {
                self.assume("is logging");
                status
            }
            Reading::Absent => return self.draft.doubt("whether it is logging: it has no status"),
            Reading::Unreadable(error) => return self.draft.unread("whether it is logging", error),
            Reading::NotAsked => return self.draft.doubt("whether it is logging: nobody asked"),
        };
        if self.policy.requires(TrailRequirement::Logging) {
            match status.logging {
                Some(true) => {}
                Some(false) => {
                    let never_started = super::never_started(self.change, &self.facts.status);
                    self.mend(findings::logging_stopped(self.trail, never_started), Ensure::Logging);
                }
                None => self.draft.doubt("whether it is logging: the answer doesn't say"),
            }
        }
        self.delivery(status);
    }

    fn delivery(&mut self, status: &Status) {
        let (key, log_group) = match &self.facts.trail {
            Reading::Known(TrailState { settings, .. }) | Reading::Assumed(TrailState { settings, .. }) => {
                (settings.key.name(), settings.log_group.name())
            }
            Reading::NotAsked | Reading::Absent | Reading::Unreadable(_) => (None, None),
        };
        self.draft.findings.extend(findings::delivery_failing(self.trail, status, key, log_group));
    }

    fn validation(&mut self, state: &TrailState) {
        match state.settings.validation {
            Some(true) => {}
            Some(false) => self.mend(findings::validation_off(self.trail), Ensure::Validation),
            None => self.not_told("has its log files validated", "whether its log files are validated"),
        }
    }

    fn multi_region(&mut self, state: &TrailState) {
        match state.settings.multi_region {
            Some(true) => {}
            Some(false) => self.draft.findings.push(findings::single_region(self.trail, &state.settings)),
            None => self.not_told("records all Regions", "whether it records all Regions"),
        }
    }

    fn management_events(&mut self, state: &TrailState) {
        let left_out = self.selected();
        let Settings { global_events, multi_region, .. } = state.settings;
        // A trail of all Regions can't leave them out.
        if global_events.is_none() && multi_region == Some(false) {
            self.not_told("records global services", "whether it records global services");
        }
        let without_global = global_events == Some(false);
        if left_out.is_some() || without_global {
            let finding = findings::management_events_excluded(self.trail, left_out, without_global);
            self.draft.findings.push(finding);
        }
    }

    /// What its selectors surely leave out.
    pub(super) fn selected(&mut self) -> Option<(&'a Selectors, String)> {
        const WHAT: &str = "whether it records management events";
        let facts = self.facts;
        let selectors = match &facts.selectors {
            Reading::Known(selectors) => Ok(selectors),
            Reading::Assumed(selectors) => {
                self.assume("has the event selectors of a new trail");
                Ok(selectors)
            }
            Reading::Absent => Err("it has no event selectors".to_owned()),
            Reading::Unreadable(error) => {
                self.draft.retryable |= error.retryable;
                Err(error.why.clone())
            }
            Reading::NotAsked => Err("nobody asked".to_owned()),
        };
        match selectors.map(|it| (it, it.records_management_events())) {
            Ok((_, Recorded::Yes)) => None,
            Ok((selectors, Recorded::No { what, .. })) => Some((selectors, what)),
            Ok((_, Recorded::Unknown(why))) | Err(why) => {
                self.draft.doubt(&format!("{WHAT}: {why}"));
                None
            }
        }
    }

    /// Where it delivers; gives back what is left to be told of its organization.
    fn destination(&mut self, state: &TrailState, organization: Organization) -> Organization {
        match destination::judge(self.policy, self.change, self.facts, state) {
            Destination::Right => {}
            Destination::Assumed(what) => {
                self.draft.assumed.push(format!("trail {}: {what}", self.trail.name()))
            }
            Destination::Moved(moved) => {
                let finding = findings::redirected(self.trail, moved, &self.policy.trails.buckets);
                self.draft.findings.push(finding);
            }
            Destination::MayBeMoved(why) => {
                let bucket = state.settings.bucket.name().unwrap_or("not told");
                let now = format!("its bucket is {bucket}");
                let listed = &self.policy.trails.buckets;
                let mut finding = findings::may_be_redirected(self.trail, now, why, listed);
                // The console sends both with each change of any trail: of what one gap leaves open, one finding tells.
                if let Organization::MayHaveLeft(_) = organization {
                    findings::may_have_left_too(&mut finding);
                    self.draft.findings.push(finding);
                    return Organization::Kept;
                }
                self.draft.findings.push(finding);
            }
        }
        organization
    }

    fn organization(&mut self, organization: Organization) {
        match organization {
            Organization::Kept => {}
            Organization::Assumed => self.assume("was no organization trail before"),
            Organization::Left(why) => self.draft.findings.push(findings::organization_off(self.trail, why)),
            Organization::MayHaveLeft(why) => {
                self.draft.findings.push(findings::organization_may_be_off(self.trail, why));
            }
        }
    }

    /// Whoever owns its key decides who can read its files.
    fn key_owner(&mut self, state: &TrailState) {
        let key = state.settings.key.name().unwrap_or_default();
        match key_owner::judge(self.policy, self.change, self.facts, self.trail, state) {
            KeyOwner::Right => {}
            KeyOwner::Assumed => self.assume("had a key of the same account before"),
            KeyOwner::Unclear => self.draft.doubt(&format!("whose key encrypts its files: {key} is none")),
            KeyOwner::Foreign { owner, why, before } => {
                let finding = findings::key_foreign(self.trail, &owner, key, why, before.as_deref());
                self.draft.findings.push(finding);
            }
            KeyOwner::MayBeForeign { owner, why } => {
                self.draft.findings.push(findings::key_may_be_foreign(self.trail, &owner, key, why));
            }
        }
    }

    /// A finding with the effect that mends it, where it is ours to make.
    pub(super) fn mend(&mut self, finding: Finding, ensure: Ensure) {
        let effect = self.ours.then(|| Effect { trail: self.trail.clone(), ensure });
        self.draft.found(finding, effect);
    }

    /// A setting that nobody told: taken as policy wants it in a replay that says so, else a doubt.
    pub(super) fn not_told(&mut self, assumption: &str, doubt: &str) {
        match self.facts.trail {
            Reading::Assumed(_) => self.assume(assumption),
            Reading::Known(_) | Reading::Absent | Reading::Unreadable(_) | Reading::NotAsked => {
                self.draft.doubt(&format!("{doubt}: the answer doesn't say"));
            }
        }
    }

    pub(super) fn assume(&mut self, what: &str) {
        self.draft.assumed.push(format!("trail {}: assumed that it {what}", self.trail.name()));
    }

    pub(super) fn plan(mut self) -> Plan<Effect> {
        if !self.ours {
            self.draft.reasons.push(format!(
                "the trail belongs to account {}, its home Region is {}: Sealwatch acts on it only there",
                self.trail.place().account,
                self.trail.place().region
            ));
        }
        let what = "not all of its state can be told";
        let mut plan = self.draft.plan(|unclear| findings::state_unknown(self.trail, what, unclear));
        if let Some(worst) = plan.findings.first_mut().filter(|_| !self.ours) {
            worst.remedies.insert(0, Remedy::Step(where_to_act(self.trail)));
        }
        if plan.reasons.is_empty() {
            plan.reasons.push(match plan.verdict {
                Verdict::Compliant => "the trail is as policy requires".to_owned(),
                Verdict::Violation | Verdict::Unknown | Verdict::Exempt | Verdict::Ignored => {
                    format!("policy requires of a trail: {}", self.policy.required())
                }
            });
        }
        plan
    }
}

fn where_to_act(trail: &TrailArn) -> String {
    format!(
        "act in account {}, Region {}, where the trail is at home",
        trail.place().account,
        trail.place().region
    )
}
