//! The desk: where an invocation ends. Sends the page, writes the metrics and the receipt, and says
//! whether Lambda must try again.
//!
//! An invocation fails if somebody who should have been told wasn't, if an effect may work another time,
//! or if the state couldn't be told. Lambda then retries it and in the end keeps the event on the failure
//! queue.

use crate::boot::Boot;
use crate::deadline::Deadline;
use crate::lock::lock;
use crate::metrics;
use crate::pager;
use crate::seen::Seen;
pub use crate::unfinished::Unfinished;
use crate::unsent::Unsent;
use jiff::Timestamp;
use sealwatch_policy::change::{Change, ParseError};
use sealwatch_policy::page::Page;
use sealwatch_policy::plan::{Effect, Outcome, Verdict};
use sealwatch_policy::policy::Mode;
use sealwatch_policy::receipt::{PageOutcome, Receipt, Timings};
use sealwatch_policy::report::{Report, UnreadableEvent};
use serde_json::value::{RawValue, to_raw_value};
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What an instance remembers from one invocation to the next, and where it writes to.
pub struct Desk {
    events: Mutex<Seen>,
    paged: Mutex<Seen>,
    repaired: Mutex<Seen>,
    unsent: Mutex<Unsent>,
    keyed: RandomState,
    out: Mutex<Box<dyn Write + Send>>,
}

/// How long the steps before the desk took.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// When the invocation began.
    pub started: Timestamp,
    /// Reading the state.
    pub gather: Duration,
    /// Ensuring the effects.
    pub apply: Duration,
}

impl Desk {
    /// A desk that writes receipts and metrics to `out`: in a Lambda, standard output.
    #[must_use]
    pub fn writing_to(out: impl Write + Send + 'static) -> Self {
        Self {
            events: Mutex::default(),
            paged: Mutex::default(),
            repaired: Mutex::default(),
            unsent: Mutex::default(),
            keyed: RandomState::new(),
            out: Mutex::new(Box::new(out)),
        }
    }

    /// Pages, writes metrics and receipt, and judges whether the invocation is done.
    ///
    /// # Errors
    /// If Lambda should try again; the receipt is written all the same.
    pub async fn close<E: Effect>(
        &self,
        boot: &Boot,
        report: Report<'_, E>,
        spent: Spent,
        deadline: &Deadline,
    ) -> Result<Box<RawValue>, Unfinished> {
        let paging = Instant::now();
        let event = report.change.event_id.raw();
        let duplicate = lock(&self.events).has(event);
        let told = self.tell(boot, report.page(), event, deadline).await;
        lock(&self.events).remember(event.to_owned());
        if report.outcomes.contains(&Outcome::Applied) {
            lock(&self.repaired).remember(event.to_owned());
        }
        let judged = judge(&report, told.as_ref().map(|(_, outcome)| outcome));
        let event_age = spent.started.as_millisecond() - report.change.time.as_millisecond();
        let mut receipt = report.receipt(told);
        receipt.duplicate = duplicate;
        receipt.timings_ms = Some(Timings {
            event_age,
            gather: milliseconds(spent.gather),
            apply: milliseconds(spent.apply),
            page: milliseconds(paging.elapsed()),
        });
        if let Err(unfinished) = &judged {
            unfinished.log();
        }
        let receipt = self.write(&receipt).map_err(Unfinished::Receipt)?;
        judged.map(|()| receipt)
    }

    /// Whether this instance has repaired what the event tells of: it comes again.
    pub(crate) fn has_repaired(&self, change: &Change) -> bool {
        lock(&self.repaired).has(change.event_id.raw())
    }

    /// Pages for an event that can't be read, and writes its receipt.
    pub async fn unreadable(
        &self,
        boot: &Boot,
        event: &str,
        error: ParseError,
        deadline: &Deadline,
    ) -> Unfinished {
        // An event without an id is known again by its text; the hash is keyed, so that nobody can pick one
        // that is known already.
        let print = format!("unreadable {:x}", self.keyed.hash_one(event));
        let event = UnreadableEvent::of(event, &boot.region, error);
        let page = Page::of_unreadable_event_with(boot.guard, &event, boot.policy.pages.runbook.as_deref());
        let outcome = self.page(boot, &page, &print, deadline).await;
        let told = (page, &outcome);
        let receipt = Receipt::of_unreadable_event(boot.guard, boot.mode, &event, Timestamp::now(), told);
        let unfinished = match outcome {
            PageOutcome::Failed(why) => Unfinished::Page(why),
            PageOutcome::Sent | PageOutcome::Withheld(_) | PageOutcome::Replayed => {
                Unfinished::Event(event.error)
            }
        };
        unfinished.log();
        match self.write(&receipt) {
            Ok(_) => unfinished,
            Err(error) => Unfinished::Receipt(error),
        }
    }

    /// Sends what is owed for the event, then its own page. Gives the page that the receipt shows: one that
    /// failed, else the event's own, else the last that was owed.
    async fn tell(
        &self,
        boot: &Boot,
        own: Option<Page>,
        event: &str,
        deadline: &Deadline,
    ) -> Option<(Page, PageOutcome)> {
        let mut pages = self.owed(|unsent| unsent.of(event));
        if let Some(own) = own {
            pages.retain(|page| page.title != own.title);
            pages.push(own);
        }
        let mut told: Option<(Page, PageOutcome)> = None;
        for page in pages {
            let outcome = self.page(boot, &page, event, deadline).await;
            match &outcome {
                PageOutcome::Failed(_) => self.owed(|unsent| unsent.keep(event, &page)),
                PageOutcome::Sent | PageOutcome::Withheld(_) | PageOutcome::Replayed => {
                    self.owed(|unsent| unsent.settle(event, &page));
                }
            }
            if !matches!(told, Some((_, PageOutcome::Failed(_)))) {
                told = Some((page, outcome));
            }
        }
        told
    }

    async fn page(&self, boot: &Boot, page: &Page, event: &str, deadline: &Deadline) -> PageOutcome {
        if boot.mode == Mode::Observe {
            return PageOutcome::Withheld("the mode is `observe`".to_owned());
        }
        let Some(topic) = &boot.topic else {
            return PageOutcome::Failed("SEALWATCH_TOPIC_ARN is not set".to_owned());
        };
        // A page that says something else, such as "repaired" after "failed", is another page. A caller may have written
        // the id; its length tells where it ends.
        let print = format!("{} {event} {}", event.len(), page.title);
        if lock(&self.paged).has(&print) {
            return PageOutcome::Withheld("this event has paged already".to_owned());
        }
        match pager::send(&boot.clients, topic, page, deadline).await {
            Ok(()) => {
                lock(&self.paged).remember(print);
                PageOutcome::Sent
            }
            Err(trouble) => {
                tracing::error!(error = trouble.why, "the page could not be sent");
                PageOutcome::Failed(trouble.why)
            }
        }
    }

    /// The metrics, then the receipt: the receipt is the last line. Gives it as it was written.
    fn write(&self, receipt: &Receipt) -> std::io::Result<Box<RawValue>> {
        let metrics = to_raw_value(&metrics::Line::of(receipt, Timestamp::now().as_millisecond()))?;
        let receipt = to_raw_value(receipt)?;
        let lines = format!("{metrics}\n{receipt}\n");
        let mut out = lock(&self.out);
        out.write_all(lines.as_bytes())?;
        out.flush()?;
        Ok(receipt)
    }

    fn owed<T>(&self, with: impl FnOnce(&mut Unsent) -> T) -> T {
        with(&mut lock(&self.unsent))
    }
}

fn judge<E: Effect>(report: &Report<'_, E>, page: Option<&PageOutcome>) -> Result<(), Unfinished> {
    if let Some(PageOutcome::Failed(why)) = page {
        return Err(Unfinished::Page(why.clone()));
    }
    let failed = report.outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Failed { why } => Some(why),
        Outcome::Applied
        | Outcome::Already
        | Outcome::Withheld
        | Outcome::Refused { .. }
        | Outcome::Replayed => None,
    });
    if let Some(why) = failed {
        return Err(Unfinished::Effect(why.clone()));
    }
    if report.plan.verdict == Verdict::Unknown || report.plan.retryable {
        return Err(Unfinished::Unknown(report.plan.reasons.join("; ")));
    }
    Ok(())
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
