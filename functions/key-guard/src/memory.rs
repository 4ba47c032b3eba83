//! What this instance has done itself, which CloudTrail's event history shows only a quarter of an hour later.
//!
//! Only its own repairs: what an event says may be forged, and must do no more than cause a look. Bounded, and gone with the
//! instance: it closes a gap, and nothing rests on it alone.

use jiff::{SignedDuration, Timestamp};
use sealwatch_policy::guards::key::{Act, Effect, Ensure, History, Past};
use sealwatch_policy::names::KeyArn;
use sealwatch_runtime::lock::lock;
use std::collections::VecDeque;
use std::sync::Mutex;

/// As many acts are remembered, of all keys together.
const HELD: usize = 256;

/// How far apart the times of a repair may be, here and in CloudTrail's record of it.
const SAME: SignedDuration = SignedDuration::from_secs(10);

/// Repairs of the last while.
#[derive(Debug, Default)]
pub struct Memory {
    acts: Mutex<VecDeque<(KeyArn, Past)>>,
}

impl Memory {
    /// Takes in a repair that was made.
    pub fn did(&self, effect: &Effect, by: &str, now: Timestamp) {
        let act = match effect.ensure {
            Ensure::NotPendingDeletion => Act::Cancelled,
            Ensure::Enabled => Act::Enabled,
        };
        let past = Past { time: now, act, actor: Some(by.to_owned()), event_id: format!("own {now}") };
        let mut acts = lock(&self.acts);
        if acts.len() >= HELD {
            acts.pop_front();
        }
        acts.push_back((effect.key.clone(), past));
    }

    /// Adds to a key's history what it doesn't show yet.
    pub fn complete(&self, key: &KeyArn, history: &mut History) {
        let acts = lock(&self.acts);
        let recorded = history.past.len();
        for (_, act) in acts.iter().filter(|(of, _)| of == key) {
            let is_it = |known: &Past| {
                known.actor == act.actor
                    && known.act == act.act
                    && known.time.duration_since(act.time).abs() < SAME
            };
            if !history.past.iter().take(recorded).any(is_it) {
                history.past.push(act.clone());
            }
        }
        drop(acts);
        history.past.sort();
    }
}
