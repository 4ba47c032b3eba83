//! The trail guard's questions and effects, answered and taken by the world.
//!
//! The same steps in the same order as against AWS. What neither a record nor the state file told of a trail
//! is assumed to be as it should, and every answer that rests on that says so.

use crate::{Trail, World};
use jiff::Timestamp;
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::{KeyReading, Reading, Unreadable};
use sealwatch_policy::guards::trail::{
    Call, Effect, Ensure, Facts, Named, OtherTrail, Questions, Selectors, Status, TrailState, keys_to_read,
    others_matter, questions, trail_to_read,
};
use sealwatch_policy::names::{KeyRef, Place, TrailArn};
use sealwatch_policy::plan::Outcome;
use sealwatch_policy::policy::Policy;

/// The facts that the world knows about the trail a change names.
#[must_use]
pub fn gather(world: &World, policy: &Policy, change: &Change, now: Timestamp) -> Facts {
    let mut facts = Facts::none();
    let Some(arn) = trail_to_read(policy, change, now) else {
        return facts;
    };
    let Some(known) = world.trail(&arn) else {
        let why = "nothing that was recorded tells of this trail";
        facts.trail = Reading::Unreadable(Unreadable::for_good(why));
        return facts;
    };
    if known.deleted {
        facts.trail = Reading::Absent;
        facts.earlier = known.before.clone().map_or(Reading::Absent, Reading::Known);
        facts.selectors = known.selectors();
    } else {
        let state = TrailState { arn: arn.clone(), settings: known.settings.clone() };
        let asked = questions(policy, change, Some(&state), now);
        known.answer(&mut facts, &asked, &arn, Call::of(change));
        let complete = known.settings.key != Named::NotTold
            && (known.settings.multi_region == Some(true)
                || known.settings.multi_region.is_some() && known.settings.global_events.is_some())
            && known.settings.validation.is_some();
        facts.trail = if complete { Reading::Known(state) } else { Reading::Assumed(state) };
        world.keys_of(known, &arn, policy, &mut facts);
    }
    if others_matter(change, &facts.trail, &facts.status, &facts.selectors) {
        facts.others = Reading::Assumed(world.other_trails(&arn, &change.place));
    }
    facts
}

/// Ensures an effect in the world.
pub fn apply(world: &mut World, effect: &Effect) -> Outcome {
    let trails = &mut world.at(effect.trail.place()).trails;
    let Some(trail) = trails.get_mut(&effect.trail).filter(|trail| !trail.deleted) else {
        return Outcome::Failed { why: "the trail no longer exists".to_owned() };
    };
    let done = |already: bool| if already { Outcome::Already } else { Outcome::Replayed };
    match &effect.ensure {
        Ensure::Logging => done(trail.logging.replace(true) == Some(true)),
        Ensure::Validation => {
            trail.repaired.validation = true;
            done(trail.settings.validation.replace(true) == Some(true))
        }
        Ensure::Key(key) => {
            trail.repaired.key = true;
            let key = Named::Is(key.to_string());
            done(std::mem::replace(&mut trail.settings.key, key.clone()) == key)
        }
    }
}

impl World {
    /// The key that policy wants, where it is asked for, and the trail's own as far as it is known anyhow.
    fn keys_of(&self, trail: &Trail, arn: &TrailArn, policy: &Policy, facts: &mut Facts) {
        if let Reading::Known(region) | Reading::Assumed(region) = &facts.bucket_region {
            for wanted in keys_to_read(policy, arn, region) {
                let reading = self.key(&wanted);
                facts.keys.insert(wanted, reading);
            }
        }
        let own = trail.settings.key.name().and_then(|key| KeyRef::parse(key, arn.place()).ok());
        if let Some(own) = own {
            match self.key(&own) {
                // A key that only this trail tells of: CloudTrail took it, and no more is known.
                KeyReading::Assumed => {}
                reading @ (KeyReading::Known(_) | KeyReading::Absent | KeyReading::Unreadable(_)) => {
                    facts.keys.insert(own, reading);
                }
            }
        }
    }

    /// The trails beside this one that reach a place: its own, and those elsewhere that record all Regions. An
    /// organization's trail reaches every account that is known.
    fn other_trails(&self, besides: &TrailArn, reaching: &Place) -> Vec<OtherTrail> {
        let reaches = |arn: &TrailArn, trail: &Trail| {
            let (home, settings) = (arn.place(), &trail.settings);
            (home.account == reaching.account || settings.organization == Some(true))
                && (home.region == reaching.region
                    || settings.multi_region != Some(false)
                        && home.region.partition() == reaching.region.partition())
        };
        // Whether the account belongs to the trail's organization, and whether a trail elsewhere records all
        // Regions where nothing tells, is assumed.
        let is_sure = |arn: &TrailArn, trail: &Trail| {
            let home = arn.place();
            home.account == reaching.account
                && (home.region == reaching.region || trail.settings.multi_region == Some(true))
        };
        self.places
            .values()
            .flat_map(|regional| &regional.trails)
            .filter(|(arn, trail)| *arn != besides && !trail.deleted && reaches(arn, trail))
            .map(|(arn, trail)| OtherTrail {
                arn: arn.clone(),
                multi_region: trail.settings.multi_region,
                status: match trail.status() {
                    Reading::Known(status) if !is_sure(arn, trail) => Reading::Assumed(status),
                    status @ (Reading::Known(_)
                    | Reading::Assumed(_)
                    | Reading::Absent
                    | Reading::Unreadable(_)
                    | Reading::NotAsked) => status,
                },
                selectors: trail.selectors(),
            })
            .collect()
    }
}

impl Trail {
    fn answer(&self, facts: &mut Facts, asked: &Questions, arn: &TrailArn, call: Option<Call>) {
        facts.status = self.status();
        if asked.selectors {
            facts.selectors = self.selectors();
        }
        if asked.tags {
            facts.tags = self
                .tags
                .clone()
                .map_or_else(|| Reading::Assumed(std::collections::BTreeMap::new()), Reading::Known);
        }
        if asked.earlier {
            facts.earlier = match (&self.before, call) {
                (Some(before), _) => Reading::Known(before.clone()),
                // The records tell of no trail of that name before.
                (None, Some(Call::Create)) => Reading::Absent,
                (None, _) => Reading::Assumed(self.settings.clone()),
            };
        }
        if asked.bucket_region {
            facts.bucket_region = self
                .bucket_region
                .clone()
                .map_or_else(|| Reading::Assumed(arn.place().region.clone()), Reading::Known);
        }
    }

    fn status(&self) -> Reading<Status> {
        let status = |logging| Status {
            logging: Some(logging),
            started: self.started,
            delivery_error: self.delivery_error.clone(),
            digest_error: None,
            log_group_error: None,
        };
        match self.logging {
            Some(logging) => Reading::Known(status(logging)),
            None => Reading::Assumed(status(true)),
        }
    }

    fn selectors(&self) -> Reading<Selectors> {
        match &self.selectors {
            Some(Ok(selectors)) => Reading::Known(selectors.clone()),
            Some(Err(why)) => Reading::Unreadable(Unreadable::for_good(why.clone())),
            None => Reading::Assumed(Selectors::by_default()),
        }
    }
}
