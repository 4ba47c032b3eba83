//! The key guard's questions and effects, answered and taken by the world.
//!
//! The same steps in the same order as against AWS. Uses count as far as the records tell of them; where they tell of
//! none at all, that a key wasn't used isn't known.

use crate::{Key, Regional, World};
use jiff::Timestamp;
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::{KeyManager, KeyState, Reading, Unreadable};
use sealwatch_policy::guards::key::{
    Act, Description, Effect, Ensure, Facts, History, LastUse, LogGroups, MultiRegion, Past, Questions, Scan,
    Target, questions, scan, target_to_read,
};
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_policy::names::{KeyArn, KeyRef, LogGroupArn, TrailArn};
use sealwatch_policy::plan::Outcome;
use sealwatch_policy::policy::Policy;
use std::collections::BTreeSet;

/// How a reason begins that a state file or older records would take away.
pub const UNTOLD: &str = "nothing that was recorded tells";

/// Who makes the repairs of a replay.
const REPLAY: &str = "Sealwatch";

/// The facts that the world knows about the key or alias a change names.
#[must_use]
pub fn gather(world: &World, policy: &Policy, change: &Change, now: Timestamp) -> Facts {
    let mut facts = Facts::none();
    let reference = match target_to_read(policy, change, now) {
        None | Some(Target::Unclear(_)) => return facts,
        Some(Target::Alias(alias)) => {
            (facts.alias, facts.alias_before) = world.alias(&alias);
            return facts;
        }
        Some(Target::Key(reference)) => reference,
    };
    let Some(arn) = world.named(&reference) else {
        let why = format!("{UNTOLD} which key the alias stands for");
        facts.key = Reading::Unreadable(Unreadable::for_good(why));
        return facts;
    };
    let Some((regional, key)) = world.found(&arn) else {
        let why = format!("{UNTOLD} of this key");
        facts.key = Reading::Unreadable(Unreadable::for_good(why));
        return facts;
    };
    let description = key.description(&arn);
    let is_there = (!key.deleted).then_some(&description);
    let asked = questions(policy, change, is_there, now);
    facts.key = match is_there {
        None => Reading::Absent,
        Some(key) if key.assumed.is_empty() => Reading::Known(description.clone()),
        Some(_) => Reading::Assumed(description.clone()),
    };
    key.answer(&mut facts, &asked, regional, change, &arn);
    if asked.usage || asked.policy {
        facts.trails = Reading::Assumed(world.trails_under(&arn));
    }
    if scan(policy, &asked, &facts, now) != Scan::None {
        facts.log_groups = Reading::Assumed(regional.log_groups_under(&arn));
    }
    facts
}

/// Ensures an effect in the world.
pub fn apply(world: &mut World, effect: &Effect, now: Timestamp) -> Outcome {
    let keys = &mut world.at(effect.key.place()).keys;
    let Some(key) = keys.get_mut(effect.key.id()).filter(|key| !key.deleted) else {
        return Outcome::Failed { why: "the key no longer exists".to_owned() };
    };
    let is_pending = key.is_pending_deletion();
    let (already, state, act) = match effect.ensure {
        Ensure::NotPendingDeletion => (!is_pending, KeyState::Disabled, Act::Cancelled),
        Ensure::Enabled if is_pending => {
            return Outcome::Failed { why: "the key is still scheduled for deletion".to_owned() };
        }
        Ensure::Enabled => (key.state == Some(KeyState::Enabled), KeyState::Enabled, Act::Enabled),
    };
    if already {
        return Outcome::Already;
    }
    key.state = Some(state);
    key.rescued = true;
    key.past.push(Past { time: now, act, actor: Some(REPLAY.to_owned()), event_id: "replayed".to_owned() });
    Outcome::Replayed
}

impl World {
    fn named(&self, reference: &KeyRef) -> Option<KeyArn> {
        match reference {
            KeyRef::Key(arn) => Some(arn.clone()),
            KeyRef::Alias { place, alias } => {
                let id = self.places.get(place)?.aliases.get(alias)?.as_deref()?;
                KeyArn::new(place.clone(), id).ok()
            }
        }
    }

    fn found(&self, arn: &KeyArn) -> Option<(&Regional, &Key)> {
        let regional = self.places.get(arn.place())?;
        Some((regional, regional.keys.get(arn.id())?))
    }

    /// Where an alias points, and where it pointed before.
    fn alias(&self, alias: &KeyRef) -> (Reading<KeyArn>, Reading<KeyArn>) {
        let KeyRef::Alias { place, alias } = alias else { return (Reading::NotAsked, Reading::NotAsked) };
        let Some(regional) = self.places.get(place) else { return (Reading::NotAsked, Reading::NotAsked) };
        let key = |id: &str| match KeyArn::new(place.clone(), id) {
            Ok(arn) => Reading::Known(arn),
            Err(error) => Reading::Unreadable(Unreadable::for_good(error.to_string())),
        };
        let now = match regional.aliases.get(alias) {
            Some(Some(id)) => key(id),
            Some(None) => Reading::Absent,
            None => Reading::Unreadable(Unreadable::for_good("the record doesn't tell where it points")),
        };
        (now, regional.aliases_before.get(alias).map_or(Reading::Absent, |id| key(id)))
    }

    /// The account's trails that encrypt with a key, wherever they are at home.
    fn trails_under(&self, arn: &KeyArn) -> Vec<TrailArn> {
        let trails = self.places.values().flat_map(|regional| &regional.trails);
        let uses = |(trail, known): &(&TrailArn, &crate::Trail)| {
            let key = known.settings.key.name().and_then(|key| KeyRef::parse(key, trail.place()).ok());
            !known.deleted && key.and_then(|key| self.named(&key)).as_ref() == Some(arn)
        };
        trails.filter(uses).map(|(trail, _)| trail.clone()).collect()
    }
}

impl Regional {
    fn log_groups_under(&self, arn: &KeyArn) -> LogGroups {
        let wanted = arn.to_string();
        let using = self.log_groups.iter().filter(|(_, group)| group.key.as_ref() == Some(&wanted));
        LogGroups {
            using: using.map(|(name, _)| LogGroupArn::new(arn.place().clone(), name.clone())).collect(),
            looked_at: self.log_groups.len(),
            cut_short: None,
        }
    }

    fn aliases_of(&self, arn: &KeyArn) -> BTreeSet<String> {
        let points_to = |(_, id): &(&String, &Option<String>)| id.as_deref() == Some(arn.id());
        self.aliases.iter().filter(points_to).map(|(alias, _)| alias.clone()).collect()
    }
}

impl Key {
    pub(crate) fn is_pending_deletion(&self) -> bool {
        matches!(self.state, Some(KeyState::PendingDeletion { .. } | KeyState::PendingReplicaDeletion))
    }

    fn description(&self, arn: &KeyArn) -> Description {
        let facts = self.facts(arn.clone());
        // Of these two nothing follows here but for the rescue, and that says so.
        let assumed = facts.assumed.into_iter().filter(|it| *it == "enabled").collect();
        Description {
            arn: arn.clone(),
            state: facts.state,
            manager: KeyManager::Customer,
            origin: self.origin,
            created: self.created,
            multi_region: self.multi_region.clone().unwrap_or(MultiRegion::NotTold),
            assumed,
        }
    }

    fn answer(
        &self,
        facts: &mut Facts,
        asked: &Questions,
        regional: &Regional,
        change: &Change,
        arn: &KeyArn,
    ) {
        if asked.aliases {
            facts.aliases = Reading::Assumed(regional.aliases_of(arn));
        }
        if asked.tags {
            facts.tags = Reading::Assumed(self.tags.clone());
        }
        if asked.usage && !self.deleted {
            facts.last_use = self.last_use(regional.tells_of_use);
            facts.grants = Reading::Assumed(self.grants.values().cloned().collect());
            facts.shared = self.shared.map_or(Reading::Assumed(false), Reading::Known);
        } else if asked.usage {
            (facts.last_use, facts.grants, facts.shared) =
                (Reading::Absent, Reading::Absent, Reading::Absent);
        }
        if asked.history {
            facts.history = Reading::Known(self.history(change));
        }
        if asked.policy {
            facts.policy = read(self.policy.as_ref());
            facts.earlier_policy = read(self.policy_before.as_ref());
        }
        if asked.rotation {
            facts.rotation = self
                .rotation
                .map_or_else(|| Reading::Unreadable(Unreadable::for_good(UNTOLD)), Reading::Known);
        }
    }

    /// Source: KMS API reference, GetKeyLastUsage: tracking begins with the key at the latest.
    fn last_use(&self, records_tell: bool) -> Reading<LastUse> {
        let created = self.created;
        let answer = |used, tracking_since| LastUse { used, tracking_since, created };
        match &self.last_use {
            Some(Some(used)) => Reading::Known(answer(Some(used.clone()), self.tracking_since)),
            Some(None) => Reading::Known(answer(None, self.tracking_since)),
            // Made while the records tell of uses, and none of it.
            None if records_tell && self.made => Reading::Assumed(answer(None, created)),
            None => {
                let why = format!("{UNTOLD} when the key was last used");
                Reading::Unreadable(Unreadable::for_good(why))
            }
        }
    }

    fn history(&self, change: &Change) -> History {
        let mut past = self.past.clone();
        past.sort();
        // Before the records nobody knows what was done to a key that they don't show being made.
        let since = (!self.made).then(|| self.recorded_since.unwrap_or(change.time));
        History { past, since, state_before: self.state_before.clone(), own: Some(REPLAY.to_owned()) }
    }
}

fn read(policy: Option<&Result<KeyPolicy, String>>) -> Reading<KeyPolicy> {
    match policy {
        Some(Ok(policy)) => Reading::Known(policy.clone()),
        Some(Err(why)) => Reading::Unreadable(Unreadable::for_good(why.clone())),
        None => Reading::Absent,
    }
}
