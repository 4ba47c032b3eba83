//! How trails looked when this instance saw them last, for where CloudTrail's event history tells nothing.
//!
//! Bounded, and gone with the instance: it closes a gap, and nothing rests on it alone.

use jiff::Timestamp;
use sealwatch_policy::guards::trail::Settings;
use sealwatch_policy::names::TrailArn;
use sealwatch_runtime::lock::lock;
use std::collections::VecDeque;
use std::sync::Mutex;

/// More than a Region shows: an account may have five trails in each.
const HELD: usize = 256;

/// One entry a trail, the one seen longest ago first.
#[derive(Debug, Default)]
pub struct Memory {
    seen: Mutex<VecDeque<(TrailArn, Timestamp, Settings)>>,
}

impl Memory {
    /// Takes in how a trail looked at a moment.
    pub fn saw(&self, trail: TrailArn, at: Timestamp, settings: Settings) {
        let mut seen = lock(&self.seen);
        seen.retain(|(arn, ..)| *arn != trail);
        if seen.len() >= HELD {
            seen.pop_front();
        }
        seen.push_back((trail, at, settings));
    }

    /// How the trail looked when this instance saw it last, if that was before `moment`.
    pub fn before(&self, trail: &TrailArn, moment: Timestamp) -> Option<Settings> {
        let seen = lock(&self.seen);
        let last = seen.iter().find(|(arn, at, _)| arn == trail && *at < moment);
        last.map(|(.., settings)| settings.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(number: usize) -> TrailArn {
        TrailArn::parse(&format!("arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit-{number}"))
            .unwrap()
    }

    #[test]
    fn the_trail_seen_longest_ago_is_forgotten_first() {
        let memory = Memory::default();
        for number in (0..HELD).chain([0, HELD]) {
            memory.saw(trail(number), Timestamp::UNIX_EPOCH, Settings::default());
        }
        let known = |number| memory.before(&trail(number), Timestamp::MAX).is_some();
        assert_eq!([0, 1, 2, HELD].map(known), [true, false, true, true]);
    }

    #[test]
    fn only_the_last_look_counts() {
        let memory = Memory::default();
        for seconds in [1, 3] {
            memory.saw(trail(1), Timestamp::from_second(seconds).unwrap(), Settings::default());
        }
        let known = |seconds| memory.before(&trail(1), Timestamp::from_second(seconds).unwrap()).is_some();
        assert_eq!([2, 3, 4].map(known), [false, false, true]);
    }
}
