//! A trail's judgement in the making: each setting in turn, each with its own finding.
//!
//! An effect touches only what is in violation, logging before encryption, and only where the trail is at home.
//! What can't be told is collected and becomes one finding of its own.

use super::coverage::{Coverage, Left};
use super::destination::{self, Destination};
use super::key_owner::{self, KeyOwner};
use super::organization::{self, Organization};
use super::{Call, Effect, Ensure, Facts, Recorded, Status, TrailState, findings};
use crate::change::Change;
use crate::facts::Reading;
use crate::guards::draft::Draft;
use crate::names::TrailArn;
use crate::plan::{self, Finding, Plan, Remedy, Verdict};
use crate::policy::{Policy, TrailRequirement};

/// A plan in the making.
pub(super) struct Judgement<'a> {
    pub(super) policy: &'a Policy,
    change: &'a Change,
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
            self.management_events();
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

    /// The trail of a call that wasn't its deletion is gone by now. Whoever stops the last trail and deletes it
    /// leaves no later event to tell of that.
    pub(super) fn vanished(&mut self) {
        match Left::of(&self.facts.others) {
            Left::Trail { .. } => {}
            Left::None(_) | Left::Unknown { .. } => self.deleted(),
        }
    }

    pub(super) fn deleted(&mut self) {
        self.draft.findings.push(findings::deleted(self.trail, self.facts));
        self.left();
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
            Some(false) => self.draft.findings.push(findings::single_region(self.trail)),
            None => self.not_told("records all Regions", "whether it records all Regions"),
        }
    }

    fn management_events(&mut self) {
        const WHAT: &str = "whether it records management events";
        let selectors = match &self.facts.selectors {
            Reading::Known(selectors) => selectors,
            Reading::Assumed(selectors) => {
                self.assume("has the event selectors of a new trail");
                selectors
            }
            Reading::Absent => return self.draft.doubt(&format!("{WHAT}: it has no event selectors")),
            Reading::Unreadable(error) => return self.draft.unread(WHAT, error),
            Reading::NotAsked => return self.draft.doubt(&format!("{WHAT}: nobody asked")),
        };
        match selectors.records_management_events() {
            Recorded::Yes => {}
            Recorded::No { what, .. } => {
                self.draft.findings.push(findings::management_events_excluded(self.trail, selectors, what));
            }
            Recorded::Unknown(why) => self.draft.doubt(&format!("{WHAT}: {why}")),
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

    /// Whether anything is left that records this Region, if this trail doesn't.
    fn coverage(&mut self) {
        match Coverage::of(&self.facts.status, &self.facts.selectors) {
            Coverage::Full => {}
            Coverage::None(_) if super::never_started(self.change, &self.facts.status) => {}
            Coverage::None(_) => self.left(),
            Coverage::Unknown { .. } => {
                // Its own doubt stands already; another trail that records makes it no alarm.
                if let Left::Trail { arn, .. } = Left::of(&self.facts.others) {
                    self.draft.reasons.push(format!("the trail {arn} records this Region"));
                }
            }
        }
    }

    fn left(&mut self) {
        if let Reading::Assumed(_) = self.facts.others {
            let place = &self.change.place;
            self.draft.assumed.push(format!(
                "account {}, {}: assumed to have no trails beside those that the records or the state tell of",
                place.account, place.region
            ));
        }
        match Left::of(&self.facts.others) {
            Left::Trail { arn, assumed } => {
                if assumed {
                    self.draft
                        .assumed
                        .push(format!("trail {arn}: assumed to be logging and to reach this Region"));
                }
                self.draft.reasons.push(format!("the trail {arn} still records this Region"));
            }
            Left::None(reasons) => {
                let mut finding =
                    findings::last_trail_gone(self.trail, self.change.time, reasons, self.record_again());
                if Coverage::once_logging(&self.facts.selectors) == Coverage::Full {
                    let restart = self.draft.effects.iter().find(|effect| effect.ensure == Ensure::Logging);
                    finding.mended_by = restart.map(plan::Effect::ensure);
                }
                self.draft.findings.push(finding);
            }
            Left::Unknown { why, retryable } => {
                self.draft.retryable |= retryable;
                let why = why.join("; ");
                self.draft.doubt(&format!("whether any trail is left that records this Region: {why}"));
            }
        }
    }

    /// What a person does so that this trail records again.
    fn record_again(&self) -> Vec<Remedy> {
        if self.facts.trail == Reading::Absent {
            let step = "make a trail log at once: create this one again, as told below, or start another one";
            return vec![Remedy::Step(step.to_owned())];
        }
        let is_logging = matches!(
            &self.facts.status,
            Reading::Known(Status { logging: Some(true), .. })
                | Reading::Assumed(Status { logging: Some(true), .. })
        );
        let is_mute = matches!(Coverage::once_logging(&self.facts.selectors), Coverage::None(_));
        let start = if is_logging { Vec::new() } else { findings::start_by_hand(self.trail) };
        let record = match &self.facts.selectors {
            Reading::Known(it) | Reading::Assumed(it) if is_mute => findings::record_by_hand(self.trail, it),
            Reading::Known(_)
            | Reading::Assumed(_)
            | Reading::Absent
            | Reading::Unreadable(_)
            | Reading::NotAsked => Vec::new(),
        };
        start.into_iter().chain(record).collect()
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
