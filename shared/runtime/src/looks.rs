//! Looking again at what contradicts a call that succeeded only just now: AWS is eventually consistent.
//!
//! When a look came too early each guard's policy says; here is how often and until when it is repeated. What is shown
//! in the end is believed.

use crate::deadline::{Deadline, Step};
use crate::read_back::PAUSE;
use std::time::Duration;
use tokio::time::Instant;

/// How long is waited before each further look, some three seconds in all: KMS' guide says that it is typically less than a few. Longer each
/// time, because many events at once must not use up what an account may read in a second.
const PAUSES: [Duration; 4] =
    [PAUSE, Duration::from_millis(600), Duration::from_millis(1_200), Duration::from_millis(1_200)];

/// When no further look begins, however long AWS takes to answer.
const ENOUGH: Duration = Duration::from_secs(5);

/// The further looks that are left.
struct Looks<'a> {
    deadline: &'a Deadline,
    began: Instant,
    pauses: std::slice::Iter<'static, Duration>,
}

/// Looks until the reading no longer seems to come too early, or further looks aren't worth it; gives the last.
pub async fn settled<F: Future>(
    deadline: &Deadline,
    mut look: impl FnMut() -> F,
    came_too_early: impl Fn(&F::Output) -> bool,
) -> F::Output {
    let mut looks = Looks { deadline, began: Instant::now(), pauses: PAUSES.iter() };
    loop {
        let reading = look().await;
        let pause = if came_too_early(&reading) { looks.pause() } else { None };
        let Some(pause) = pause else { return reading };
        // It needn't be held until the next.
        drop(reading);
        tokio::time::sleep(pause).await;
    }
}

impl Looks<'_> {
    /// How long to wait before the next look, if that begins early enough.
    fn pause(&mut self) -> Option<Duration> {
        let pause = *self.pauses.next()?;
        let is_worth =
            self.began.elapsed() + pause <= ENOUGH && self.deadline.has(Step::Again, pause + PAUSE);
        is_worth.then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;

    async fn looks(deadline: &Deadline, too_early: usize) -> usize {
        let mut made = 0;
        let look = || {
            made += 1;
            ready(made)
        };
        settled(deadline, look, |made| *made <= too_early).await
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
            let mut made = 0;
            let look = || {
                made += 1;
                tokio::time::sleep(Duration::from_millis(takes))
            };
            settled(&deadline, look, |()| true).await;
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
