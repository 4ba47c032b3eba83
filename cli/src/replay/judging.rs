//! The replay itself: one change after the other is judged, and what follows from it is rendered meanwhile.
//!
//! Only judging needs the world as the change before left it. Receipts are made, narrowed and rendered on all cores, in batches,
//! and come out in order of time.

use super::Arguments;
use super::filter::UNTIL;
use super::in_order::in_order;
use super::show::{Format, Show};
use super::summary::Summary;
#[cfg(feature = "live")]
use super::{in_order::one_by_one, live::Account};
use crate::archive::Changes;
use indicatif::{ProgressBar, ProgressStyle};
use sealwatch_policy::change::Change;
use sealwatch_policy::policy::Policy;
use sealwatch_policy::receipt::Receipt;
use sealwatch_world::World;
use sealwatch_world::replay::{Effects, Judgement, judge};
use std::io::IsTerminal as _;

/// Judged changes that are rendered together.
const BATCH: usize = 100;

/// All that a replay needs.
pub struct Replay<'a> {
    pub arguments: &'a Arguments,
    pub policy: &'a Policy,
    pub world: World,
    /// In order of time.
    pub changes: Changes,
    pub jobs: usize,
}

/// Changes that follow on each other, with what was made of each.
struct Batch<J> {
    judged: Vec<(Box<Change>, J)>,
    /// Changes among them that no guard handles, or that an option leaves out.
    summary: Summary,
    /// All of them.
    changes: u64,
}

impl Replay<'_> {
    /// Shows the receipts, and gives the sums of all.
    pub fn run<S: Show>(self, mut show: S, mut summary: Summary) -> anyhow::Result<Summary> {
        let Self { arguments, policy, mut world, changes, jobs } = self;
        let bar = progress(arguments.format, changes.len());
        let take = |(part, sums, changes)| {
            bar.inc(changes);
            summary.join(sums);
            show.take(part)
        };
        #[cfg(feature = "live")]
        if arguments.live {
            let mut account = Account::new(policy, arguments.apply)?;
            // The account learns nothing from a change, and what an option leaves out must not be repaired either.
            let before = |change: &Change| arguments.filter.leaves_out(change);
            // A call takes long: each receipt is shown as soon as it is known.
            let batches = batches(arguments, changes, 1, before, |change| account.judge(change));
            let ended =
                one_by_one(batches, |batch| render::<S, _>(arguments, batch, |_, receipt| receipt), take);
            bar.finish_and_clear();
            // What was repaired before an error is shown all the same.
            show.end(&summary)?;
            return ended.map(|()| summary);
        }
        let effects = if arguments.counterfactual { Effects::Taken } else { Effects::Shown };
        let judge = |change: &Change| Ok(judge(&mut world, policy, change, effects));
        let receipt = |change: &Change, judgement: Judgement| judgement.receipt(policy, change);
        let before = |change: &Change| (!arguments.filter.reaches(change)).then_some(UNTIL);
        let batches = batches(arguments, changes, BATCH, before, judge);
        in_order(jobs, batches, |batch| render::<S, _>(arguments, batch, receipt), take)?;
        bar.finish_and_clear();
        if arguments.state.is_none() {
            summary.ask_for_state();
        }
        show.end(&summary)?;
        Ok(summary)
    }
}

/// A bar on standard error; none where that is no terminal, nor where receipts are written to the same one meanwhile.
fn progress(format: Format, changes: usize) -> ProgressBar {
    if format == Format::Json && std::io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(changes).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} changes judged, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// Judges the changes that no option leaves out `before`, batch by batch.
fn batches<J>(
    arguments: &Arguments,
    changes: Changes,
    size: usize,
    before: impl Fn(&Change) -> Option<&'static str>,
    mut judge: impl FnMut(&Change) -> anyhow::Result<Option<J>>,
) -> impl Iterator<Item = anyhow::Result<Batch<J>>> {
    let mut changes = changes.into_iter().peekable();
    std::iter::from_fn(move || {
        changes.peek()?;
        let mut batch = Batch { judged: Vec::with_capacity(size), summary: Summary::default(), changes: 0 };
        while batch.judged.len() < size
            && let Some(change) = changes.next()
        {
            batch.changes += 1;
            if let Some(option) = before(&change) {
                batch.summary.leave_out(option);
                continue;
            }
            match judge(&change) {
                Ok(None) => batch.summary.learned += 1,
                Ok(Some(judged)) => match arguments.filter.leaves_out(&change) {
                    Some(option) => batch.summary.leave_out(option),
                    None => batch.judged.push((change, judged)),
                },
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(batch))
    })
}

/// Makes the receipts of a batch, and of them what is shown.
fn render<S: Show, J>(
    arguments: &Arguments,
    batch: Batch<J>,
    receipt: impl Fn(&Change, J) -> Receipt,
) -> anyhow::Result<(S::Part, Summary, u64)> {
    let Batch { judged, mut summary, changes } = batch;
    let mut receipts = Vec::with_capacity(judged.len());
    for (change, judged) in judged {
        let receipt = receipt(&change, judged);
        summary.judge(&receipt);
        if arguments.filter.shows_receipt(&receipt) {
            summary.show(&receipt, &change.actor);
            receipts.push(receipt);
        } else {
            summary.hidden += 1;
        }
    }
    Ok((S::render(&receipts)?, summary, changes))
}
