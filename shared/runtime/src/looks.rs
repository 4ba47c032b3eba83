//! Looking again at what contradicts a call that succeeded only just now: AWS is eventually consistent.
//!
//! When a look came too early each guard's policy says; here is how often and until when it is repeated. What is shown
//! in the end is believed.

use crate::deadline::{Deadline, Step};
use crate::read_back::PAUSE;

/// Some three seconds: KMS' guide says that it is typically less than a few.
const MORE: u8 = 10;

/// The looks that are left for one reading.
#[derive(Debug)]
pub struct Looks<'a> {
    deadline: &'a Deadline,
    left: u8,
}

impl<'a> Looks<'a> {
    /// As many as are worth it, in the time that there is.
    #[must_use]
    pub fn within(deadline: &'a Deadline) -> Self {
        Self { deadline, left: MORE }
    }

    /// Whether to look once more, after a pause, because the last look came too early.
    pub async fn again(&mut self, came_too_early: bool) -> bool {
        match self.left.checked_sub(1) {
            Some(left) if came_too_early && self.deadline.has(Step::Again, PAUSE * 2) => self.left = left,
            Some(_) | None => return false,
        }
        tokio::time::sleep(PAUSE).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::Instant;

    async fn looks(deadline: &Deadline, too_early: usize) -> usize {
        let (mut looks, mut made) = (Looks::within(deadline), 1);
        while looks.again(made <= too_early).await {
            made += 1;
        }
        made
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_too_early_is_looked_at_ten_times_more_and_no_longer_than_it_is_worth() {
        for (seconds, too_early, expected) in
            [(900, 0, 1), (900, 1, 2), (900, 9, 10), (900, 99, 11), (1, 99, 1)]
        {
            let deadline = Deadline::within(Duration::from_secs(seconds));
            assert_eq!(looks(&deadline, too_early).await, expected, "{too_early} within {seconds} s");
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
