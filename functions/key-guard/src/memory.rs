//! What this instance has heard and done itself, which CloudTrail's event history shows only a quarter of an hour later.
//!
//! Every event about a key comes here, also of callers that are exempt, and so does every repair. Bounded, and gone with
//! the instance: it closes a gap, and nothing rests on it alone.

use jiff::{SignedDuration, Timestamp};
use sealwatch_policy::change::Change;
use sealwatch_policy::guards::key::{Act, Effect, Ensure, History, Past, Target};
use sealwatch_policy::names::{KeyArn, KeyRef};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// As many acts are remembered, of all keys together.
const HELD: usize = 256;

/// How far apart the times of a repair may be, here and in CloudTrail's record of it.
const SAME: SignedDuration = SignedDuration::from_secs(10);

/// Acts of the last while.
#[derive(Debug, Default)]
pub struct Memory {
    acts: Mutex<VecDeque<(KeyArn, Past)>>,
}

impl Memory {
    /// Takes in a change, if it is an act on a key.
    pub fn hear(&self, change: &Change) {
        if let (Some(past), Target::Key(KeyRef::Key(key))) = (Past::of(change), Target::of(change)) {
            self.keep(key, past);
        }
    }

    /// Takes in a repair that was made.
    pub fn did(&self, effect: &Effect, by: &str, now: Timestamp) {
        let act = match effect.ensure {
            Ensure::NotPendingDeletion => Act::Cancelled,
            Ensure::Enabled => Act::Enabled,
        };
        let past = Past { time: now, act, actor: Some(by.to_owned()), event_id: format!("own {now}") };
        self.keep(effect.key.clone(), past);
    }

    /// Adds to a key's history what it doesn't show yet, but for the change at hand, a copy of which may have been heard.
    pub fn complete(&self, key: &KeyArn, history: &mut History, change: &Change) {
        let own = history.own.clone();
        let acts = self.acts.lock().unwrap_or_else(PoisonError::into_inner);
        let others = acts.iter().filter(|(of, act)| of == key && act.event_id != change.event_id.raw());
        for (_, act) in others {
            let is_it = |known: &Past| {
                known.event_id == act.event_id
                    || own.is_some()
                        && act.actor == own
                        && known.actor == own
                        && known.act == act.act
                        && known.time.duration_since(act.time).abs() < SAME
            };
            if !history.past.iter().any(is_it) {
                history.past.push(act.clone());
            }
        }
        drop(acts);
        history.past.sort();
    }

    fn keep(&self, key: KeyArn, past: Past) {
        let mut acts = self.acts.lock().unwrap_or_else(PoisonError::into_inner);
        if acts.iter().any(|(_, known)| known.event_id == past.event_id) {
            return;
        }
        if acts.len() >= HELD {
            acts.pop_front();
        }
        acts.push_back((key, past));
    }
}
