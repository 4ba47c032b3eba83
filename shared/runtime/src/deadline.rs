//! The invocation's deadline, and what of it belongs to which step.
//!
//! Reading may take time only as long as repairing and paging still can: the last thing an invocation
//! gives up is telling somebody.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// When each step must be over.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    again: Instant,
    ask: Instant,
    gather: Instant,
    write: Instant,
    apply: Instant,
    page: Instant,
}

/// A step of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Looking again at what was perhaps looked at too early, as long as Ask.
    Again,
    /// Asking what is no use waiting for, in the first half of Gather: the rest is for what is asked because of it.
    Ask,
    /// Reading the state.
    Gather,
    /// The calls that write, at the head of Apply: a call that is cut off here can still be read back, and
    /// one that was cut off may have been carried out all the same.
    Write,
    /// Ensuring effects, and reading back.
    Apply,
    /// Sending the page.
    Page,
}

impl Deadline {
    /// Splits the time until `deadline_ms` (milliseconds since 1970, as Lambda tells it).
    #[must_use]
    pub fn at_epoch_ms(deadline_ms: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::within(Duration::from_millis(deadline_ms).saturating_sub(now))
    }

    /// Splits the time that is left: half for reading, a quarter each for repairing and paging, where the
    /// latter two need no more than five seconds. Two fifths of the repair's share are kept for reading back.
    #[must_use]
    pub fn within(left: Duration) -> Self {
        let now = Instant::now();
        // Lambda freezes the process at the deadline; the receipt must be out by then.
        let left = left.saturating_sub(Duration::from_millis(200));
        let share = (left / 4).min(Duration::from_secs(5));
        let gather = left.saturating_sub(share * 2);
        Self {
            again: now + gather / 2,
            ask: now + gather / 2,
            gather: now + gather,
            write: now + left.saturating_sub(share + share * 2 / 5),
            apply: now + left.saturating_sub(share),
            page: now + left,
        }
    }

    /// The same, with no time for looking again: what is shown is believed.
    #[must_use]
    pub fn believing(self) -> Self {
        Self { again: Instant::now(), ..self }
    }

    /// Runs `future` until the step must be over; `None` if it wasn't done by then.
    pub async fn bound<F: Future>(&self, step: Step, future: F) -> Option<F::Output> {
        tokio::time::timeout_at(self.end(step), future).await.ok()
    }

    /// Whether the step still has `duration` left.
    #[must_use]
    pub fn has(&self, step: Step, duration: Duration) -> bool {
        Instant::now() + duration < self.end(step)
    }

    fn end(&self, step: Step) -> Instant {
        match step {
            Step::Again => self.again,
            Step::Ask => self.ask,
            Step::Gather => self.gather,
            Step::Write => self.write,
            Step::Apply => self.apply,
            Step::Page => self.page,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_step_leaves_time_for_those_behind_it() {
        for seconds in [1, 3, 20, 900] {
            let whole = Duration::from_secs(seconds);
            let deadline = Deadline::within(whole);
            let ends = [Step::Ask, Step::Gather, Step::Write, Step::Apply, Step::Page]
                .map(|step| deadline.end(step));
            assert!(
                ends.is_sorted() && ends.windows(2).all(|pair| pair.first() != pair.last()),
                "{seconds} s"
            );
            assert!(deadline.has(Step::Page, whole * 7 / 10), "{seconds} s");
        }
    }
}
