//! The log-group guard's questions and effects, answered and taken by the world.
//!
//! The same steps in the same order as against AWS: the group, then what its state makes worth asking.

use crate::World;
use jiff::Timestamp;
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::{KeyReading, Reading, Unreadable};
use sealwatch_policy::guards::log_group::{Effect, Facts, GroupState, group_to_read, questions};
use sealwatch_policy::plan::Outcome;
use sealwatch_policy::policy::Policy;
use sealwatch_policy::untrusted::clean;
use std::collections::BTreeMap;

/// The facts that the world knows about the group a change names.
#[must_use]
pub fn gather(world: &World, policy: &Policy, change: &Change, now: Timestamp) -> Facts {
    let mut facts = Facts { group: Reading::NotAsked, tags: Reading::NotAsked, keys: BTreeMap::new() };
    let Some(group) = group_to_read(policy, change, now) else {
        return facts;
    };
    let Some(known) = world.group(&group) else {
        let why = "nothing that was recorded tells of this log group";
        facts.group = Reading::Unreadable(Unreadable::for_good(why));
        return facts;
    };
    // What a record said of a key or class is still somebody else's text.
    let shown = |text: &Option<String>| text.as_ref().map(|text| clean(text, 256));
    let state = GroupState { key: shown(&known.key), class: shown(&known.class), created: None };
    let questions = questions(policy, &group, &state, now);
    if questions.tags {
        facts.tags = match world.group_tags(&group) {
            Some(tags) => Reading::Known(tags.clone()),
            None => Reading::Assumed(BTreeMap::new()),
        };
    }
    for reference in questions.keys {
        let reading = world.key(&reference);
        facts.keys.insert(reference, reading);
    }
    for reference in questions.keys_if_at_hand {
        match world.key(&reference) {
            // A key that only this group tells of: CloudWatch Logs took it, and no more is known.
            KeyReading::Assumed => {}
            reading @ (KeyReading::Known(_) | KeyReading::Absent | KeyReading::Unreadable(_)) => {
                facts.keys.insert(reference, reading);
            }
        }
    }
    facts.group = Reading::Known(state);
    facts
}

/// Ensures an effect in the world.
pub fn apply(world: &mut World, effect: &Effect) -> Outcome {
    let key = effect.key.to_string();
    match world.at(effect.group.place()).log_groups.get_mut(effect.group.name()) {
        Some(group) if group.key.as_ref() == Some(&key) => Outcome::Already,
        Some(group) => {
            group.key = Some(key);
            Outcome::Replayed
        }
        None => Outcome::Failed { why: "the log group no longer exists".to_owned() },
    }
}
