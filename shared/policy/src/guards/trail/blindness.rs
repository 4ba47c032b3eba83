//! What nobody records any more once this trail doesn't: here, or in the Regions where no guard hears of the change.
//!
//! A trail can be changed in its home Region only, so the guard there has to tell for all Regions that it recorded.

use super::coverage::{self, Coverage, GUARDED, Left, OtherTrail};
use super::findings::{self, Blind};
use super::judgement::Judgement;
use super::selectors::CLOUDTRAIL;
use super::{Call, Ensure, Facts, Status, TrailState, settings};
use crate::change::Change;
use crate::facts::Reading;
use crate::plan::{self, Remedy};
use crate::policy::TrailRequirement;

/// Whether a call may have made a trail record its own Region only. A record that leaves its request out may hold anything, and a trail that
/// was made again may differ from the one of its name.
pub(super) fn may_be_narrowed(change: &Change, state: &TrailState) -> bool {
    let may = match Call::of(change) {
        Some(Call::Update) => {
            !change.request.is_object()
                || settings::flag(change.request.get("isMultiRegionTrail")) == Some(false)
        }
        Some(Call::Create | Call::Delete) => true,
        _ => false,
    };
    may && state.settings.multi_region != Some(true)
}

impl<'a> Judgement<'a> {
    /// The trail of a call that wasn't its deletion is gone by now. Whoever stops the last trail and deletes it
    /// leaves no later event to tell of that.
    pub(super) fn vanished(&mut self) {
        if !matches!(self.rest(&GUARDED), (Left::Trails(_), None | Some(Left::Trails(_)))) {
            self.deleted();
        }
    }

    pub(super) fn deleted(&mut self) {
        self.draft.findings.push(findings::deleted(self.trail, self.facts));
        self.left(&GUARDED);
    }

    /// Whether anything is left that records what this trail doesn't.
    pub(super) fn coverage(&mut self) {
        let Facts { status, selectors, others, .. } = self.facts;
        let is_narrowed = self.is_narrowed();
        if let (Reading::Known(state) | Reading::Assumed(state), Reading::Assumed(_)) =
            (&self.facts.trail, &self.facts.earlier)
            && may_be_narrowed(self.change, state)
            && !is_narrowed
        {
            self.assume("recorded its own Region only before, too");
        }
        let never_started = super::never_started(self.change, status);
        let mut lacking = coverage::lacking(status, selectors);
        let own = Coverage::of(status, selectors, CLOUDTRAIL);
        if matches!(own, Coverage::None(_)) && !never_started {
            let is_dark = matches!(Left::of(others, &lacking, false), Left::None { services, .. } if services == lacking);
            // Where others record, what its selectors left out all along isn't lost with it.
            if !is_dark && Call::of(self.change) != Some(Call::PutSelectors) {
                lacking.retain(|it| !matches!(Coverage::of(&LOGS_AGAIN, selectors, it), Coverage::None(_)));
            }
            if is_narrowed || !lacking.is_empty() {
                self.left(&lacking);
            }
            return;
        }
        if is_narrowed {
            self.left(&[]);
        }
        if never_started {
            return;
        }
        if own != Coverage::Full {
            // Its own doubt stands already; another trail that records makes it no alarm.
            if let Left::Trails(trails) = Left::of(others, &GUARDED, false) {
                let told =
                    trails.iter().map(|(other, _)| format!("the trail {} records this Region", other.arn));
                self.draft.reasons.extend(told);
            }
        } else if let Left::None { services, .. } = Left::of(others, &lacking, false) {
            let services = services.join(", ");
            let evidence = format!("no other trail records {services}: no guard hears of its calls");
            match self.draft.findings.iter_mut().find(|it| it.id == findings::EXCLUDED) {
                Some(finding) => finding.evidence.push(evidence),
                // Also where policy doesn't ask for management events: the guards live on them.
                None => {
                    let left_out = self.selected();
                    let mut finding = findings::management_events_excluded(self.trail, left_out, false);
                    finding.evidence.push(evidence);
                    self.draft.findings.push(finding);
                }
            }
        }
    }

    /// Whether the change made it record its own Region only, or may have. Deployments set this again with each call: where nothing tells
    /// what it was, and policy doesn't ask for all Regions, it counts as what it always was.
    fn is_narrowed(&self) -> bool {
        let narrowed = match &self.facts.trail {
            Reading::Known(state) | Reading::Assumed(state) => may_be_narrowed(self.change, state),
            Reading::NotAsked | Reading::Absent | Reading::Unreadable(_) => false,
        };
        let was_wide = || self.recorded_all_regions();
        narrowed && was_wide().unwrap_or_else(|| self.policy.requires(TrailRequirement::MultiRegion))
    }

    /// Whether it recorded all Regions until the change; `None` if that isn't known.
    fn recorded_all_regions(&self) -> Option<bool> {
        match (&self.facts.trail, &self.facts.earlier) {
            (Reading::Known(state) | Reading::Assumed(state), _) if !may_be_narrowed(self.change, state) => {
                state.settings.multi_region
            }
            (_, Reading::Known(earlier) | Reading::Assumed(earlier)) => earlier.multi_region,
            // None of its name was there before.
            (Reading::Known(_) | Reading::Assumed(_), Reading::Absent)
                if Call::of(self.change) == Some(Call::Create) =>
            {
                Some(false)
            }
            (_, Reading::NotAsked | Reading::Absent | Reading::Unreadable(_)) => None,
        }
    }

    /// What is left of what the trail no longer records here, and in the other Regions if it recorded these.
    fn rest(&self, lost: &[&'static str]) -> (Left<'a>, Option<Left<'a>>) {
        let others = &self.facts.others;
        let services = if lost.is_empty() { &GUARDED } else { lost };
        let far = match (self.recorded_all_regions(), Left::of(others, services, true)) {
            (Some(false), _) => None,
            (Some(true), far) | (None, far @ Left::Trails(_)) => Some(far),
            (None, Left::None { .. } | Left::Unknown { .. }) => Some(Left::Unknown {
                why: vec!["whether it recorded them isn't known".to_owned()],
                retryable: matches!(&self.facts.earlier, Reading::Unreadable(error) if error.retryable),
            }),
        };
        (Left::of(others, lost, false), far)
    }

    /// Tells what is left of what was `lost` in this Region; nothing if it is lost in the others only.
    fn left(&mut self, lost: &[&'static str]) {
        if let Reading::Assumed(_) = self.facts.others {
            let place = &self.change.place;
            self.draft.assumed.push(format!(
                "account {}, {}: assumed to have no trails beside those that the records or the state tell of",
                place.account, place.region
            ));
        }
        match self.rest(lost) {
            (here, None) => self.tell(here, Blind::Here),
            (_, Some(far @ Left::Trails(_))) => self.tell(far, Blind::Elsewhere),
            (here @ Left::None { .. }, Some(Left::None { .. })) => self.tell(here, Blind::Everywhere),
            (here @ (Left::None { .. } | Left::Unknown { .. }), Some(Left::Unknown { .. })) => {
                self.tell(here, Blind::Here);
            }
            (here, Some(far)) => {
                self.tell(here, Blind::Here);
                self.tell(far, Blind::Elsewhere);
            }
        }
    }

    fn tell(&mut self, left: Left<'a>, blind: Blind) {
        match left {
            Left::Trails(trails) => {
                let what = if blind == Blind::Here { "this Region" } else { "all Regions" };
                for (OtherTrail { arn, selectors, .. }, assumed) in trails {
                    if assumed {
                        let assumed = format!("trail {arn}: assumed to be logging and to reach {what}");
                        self.draft.assumed.push(assumed);
                    }
                    let left_out = match selectors {
                        Reading::Known(it) | Reading::Assumed(it) => it.left_out(),
                        Reading::NotAsked | Reading::Absent | Reading::Unreadable(_) => None,
                    };
                    let left_out = left_out.map(|it| format!(" ({it})")).unwrap_or_default();
                    self.draft.reasons.push(format!("the trail {arn} still records {what}{left_out}"));
                }
            }
            Left::None { services, mut why } => {
                if self.recorded_all_regions().is_none() {
                    why.push("whether it recorded the other Regions too isn't known".to_owned());
                }
                let remedies = self.record_again();
                let mut finding =
                    findings::last_trail_gone(self.trail, self.change.time, blind, &services, why, remedies);
                if coverage::is_full(&LOGS_AGAIN, &self.facts.selectors) && !self.is_narrowed() {
                    let restart = self.draft.effects.iter().find(|effect| effect.ensure == Ensure::Logging);
                    finding.mended_by = restart.map(plan::Effect::ensure);
                }
                self.draft.findings.push(finding);
            }
            Left::Unknown { why, retryable } => {
                self.draft.retryable |= retryable;
                let what = if blind == Blind::Here { "this Region" } else { "the other Regions" };
                let why = why.join("; ");
                self.draft.doubt(&format!("whether any trail is left that records {what}: {why}"));
            }
        }
    }

    /// What a person does so that this trail records again.
    fn record_again(&self) -> Vec<Remedy> {
        let (Reading::Known(state) | Reading::Assumed(state)) = &self.facts.trail else {
            let step = "make a trail log at once: create this one again, as told below, or start another one";
            return vec![Remedy::Step(step.to_owned())];
        };
        let is_logging = matches!(
            &self.facts.status,
            Reading::Known(Status { logging: Some(true), .. })
                | Reading::Assumed(Status { logging: Some(true), .. })
        );
        let is_mute = !coverage::lacking(&LOGS_AGAIN, &self.facts.selectors).is_empty();
        let widen = self.is_narrowed().then(|| findings::widen(self.trail, &state.settings));
        let start = if is_logging { Vec::new() } else { findings::start_by_hand(self.trail) };
        let record = match &self.facts.selectors {
            Reading::Known(selectors) | Reading::Assumed(selectors) if is_mute => {
                findings::record_by_hand(self.trail, selectors)
            }
            Reading::Known(_)
            | Reading::Assumed(_)
            | Reading::Absent
            | Reading::Unreadable(_)
            | Reading::NotAsked => Vec::new(),
        };
        start.into_iter().chain(widen).chain(record).collect()
    }
}

/// A trail that was started again.
const LOGS_AGAIN: Reading<Status> = Reading::Known(Status {
    logging: Some(true),
    started: None,
    delivery_error: None,
    digest_error: None,
    log_group_error: None,
});
