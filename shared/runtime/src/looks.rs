//! Looking again at what contradicts a call that succeeded only just now: AWS is eventually consistent.
//!
//! When a look came too early each guard's policy says; here is how often and until when it is repeated. What is shown
//! in the end is believed.

use crate::deadline::{Deadline, Step};
use crate::read_back::PAUSE;
use std::slice;
use std::time::Duration;
use tokio::time::Instant;

/// How long is waited before each further look, some three seconds in all: KMS' guide says that it is typically less than a few. Longer each
/// time, because many events at once must not use up what an account may read in a second.
const PAUSES: [Duration; 4] =
    [PAUSE, Duration::from_millis(600), Duration::from_millis(1_200), Duration::from_millis(1_200)];

/// When no further look begins, however long AWS takes to answer.
const ENOUGH: Duration = Duration::from_secs(5);

/// The looks that are left for one reading.
#[derive(Debug)]
pub struct Looks<'a> {
    deadline: &'a Deadline,
    began: Instant,
    pauses: slice::Iter<'static, Duration>,
}

impl<'a> Looks<'a> {
    /// As many as are worth it, in the time that there is.
    #[must_use]
    pub fn within(deadline: &'a Deadline) -> Self {
        Self { deadline, began: Instant::now(), pauses: PAUSES.iter() }
    }

    /// Whether to look once more, after a pause, because the last look came too early.
    pub async fn again(&mut self, came_too_early: bool) -> bool {
        let Some(pause) = self.pauses.next().filter(|_| came_too_early) else { return false };
        let is_late = self.began.elapsed() + *pause > ENOUGH;
        if is_late || !self.deadline.has(Step::Again, *pause + PAUSE) {
            return false;
        }
        tokio::time::sleep(*pause).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn looks(deadline: &Deadline, too_early: usize) -> usize {
        let (mut looks, mut made) = (Looks::within(deadline), 1);
        while looks.again(made <= too_early).await {
            made += 1;
        }
        made
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_too_early_is_looked_at_four_times_more_and_no_longer_than_it_is_worth() {
        for (seconds, too_early, expected) in
            [(900, 0, 1), (900, 1, 2), (900, 3, 4), (900, 99, 5), (1, 99, 1)]
        {
            let deadline = Deadline::within(Duration::from_secs(seconds));
            assert_eq!(looks(&deadline, too_early).await, expected, "{too_early} within {seconds} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_look_begins_late_because_the_others_took_long() {
        for (takes, expected) in [(100, 5), (1_000, 3), (2_500, 2), (5_000, 1), (30_000, 1)] {
            let deadline = Deadline::within(Duration::from_secs(900));
            let (mut looks, mut made) = (Looks::within(&deadline), 0);
            loop {
                made += 1;
                tokio::time::sleep(Duration::from_millis(takes)).await;
                if !looks.again(true).await {
                    break;
                }
            }
            assert_eq!(made, expected, "{takes} ms each");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_for_it_ends_with_the_half_of_reading() {
        let deadline = Deadline::within(Duration::from_secs(5));
        let started = Instant::now();
        assert!(looks(&deadline, 99).await > 1);
        assert!(started.elapsed() < Duration::from_millis(1_300), "{:?}", started.elapsed());
        assert!(deadline.has(Step::Gather, Duration::from_secs(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_believes_what_is_shown_looks_once() {
        let deadline = Deadline::within(Duration::from_secs(900)).believing();
        assert_eq!(looks(&deadline, 99).await, 1);
        assert!(deadline.has(Step::Ask, Duration::from_secs(60)), "the other steps keep their time");
    }
}
