//! What a replay comes to, in numbers that add up.

use crate::archive::Counts;
use sealwatch_policy::change::Actor;
use sealwatch_policy::plan::Severity;
use sealwatch_policy::receipt::Receipt;
use sealwatch_policy::untrusted::{SHOWN, clean};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

/// The counts of one replay, or of a part of one.
#[derive(Default)]
pub struct Summary {
    pub counts: Counts,
    /// Calls that no guard handles, and of which nothing follows for a replay.
    pub unhandled: usize,
    /// Changes that no guard handles, but of which the replayed account learns.
    pub learned: usize,
    /// Changes that an option left out.
    pub left_out: usize,
    /// The worst finding.
    pub worst: Option<Severity>,
    /// Changes that a guard judged and that are shown.
    pub receipts: usize,
    pub verdicts: BTreeMap<&'static str, usize>,
    /// Findings by how bad they are and what they are called, worst first.
    pub findings: BTreeMap<(Reverse<Severity>, String), usize>,
    /// Effects by the kind of state and what became of them.
    pub effects: BTreeMap<(String, String), usize>,
    /// Pages by what became of them.
    pub pages: BTreeMap<String, usize>,
    /// Findings by who called.
    principals: BTreeMap<String, usize>,
}

/// As many of the noisiest principals are named.
const NAMED: usize = 10;

impl Summary {
    pub fn new(counts: Counts) -> Self {
        Self { unhandled: counts.of_no_interest + counts.further_uses, counts, ..Self::default() }
    }

    pub fn add(&mut self, receipt: &Receipt, actor: &Actor) {
        if !receipt.findings.is_empty() {
            // A role, not one of its sessions.
            let role = actor.role_arn().map(|role| clean(&role, SHOWN));
            let who = role.unwrap_or_else(|| actor.shown());
            *self.principals.entry(who).or_default() += receipt.findings.len();
        }
        self.receipts += 1;
        *self.verdicts.entry(receipt.verdict.as_str()).or_default() += 1;
        for finding in &receipt.findings {
            self.worst = self.worst.max(Some(finding.severity));
            *self.findings.entry((Reverse(finding.severity), finding.id.clone())).or_default() += 1;
        }
        for effect in &receipt.effects {
            *self.effects.entry((effect.ensure.clone(), effect.outcome.clone())).or_default() += 1;
        }
        if let Some(page) = &receipt.page {
            *self.pages.entry(page.outcome.clone()).or_default() += 1;
        }
    }

    /// Takes in what a part of the replay came to.
    pub fn join(&mut self, part: Self) {
        let Self {
            counts,
            unhandled,
            learned,
            left_out,
            worst,
            receipts,
            verdicts,
            findings,
            effects,
            pages,
            principals,
        } = part;
        self.counts.join(counts);
        self.unhandled += unhandled;
        self.learned += learned;
        self.left_out += left_out;
        self.worst = self.worst.max(worst);
        self.receipts += receipts;
        add(&mut self.verdicts, verdicts);
        add(&mut self.findings, findings);
        add(&mut self.effects, effects);
        add(&mut self.pages, pages);
        add(&mut self.principals, principals);
    }

    /// Who caused most findings, and how many.
    pub fn noisiest(&self) -> Vec<(&str, usize)> {
        let mut principals: Vec<_> =
            self.principals.iter().map(|(who, count)| (who.as_str(), *count)).collect();
        principals.sort_by_key(|(_, count)| Reverse(*count));
        principals.truncate(NAMED);
        principals
    }
}

fn add<K: Ord>(sums: &mut BTreeMap<K, usize>, counts: BTreeMap<K, usize>) {
    counts.into_iter().for_each(|(of, count)| *sums.entry(of).or_default() += count);
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            files,
            records,
            unreadable,
            others,
            copies,
            passed_over,
            troubles: _,
            of_no_interest: _,
            further_uses: _,
        } = &self.counts;
        let other: usize = others.values().sum();
        let relevant = self.receipts + self.learned + self.left_out + copies;
        writeln!(
            f,
            "{records} events read in {files} file{}: {} judged, {} not handled by a guard, {copies} copies, {other} no management calls, {unreadable} unreadable",
            if *files == 1 { "" } else { "s" },
            self.receipts,
            self.unhandled + self.learned
        )?;
        writeln!(
            f,
            "  {relevant} of them relevant; {} of these tell the replayed account only of keys, tags and uses",
            self.learned
        )?;
        if *passed_over > 0 {
            writeln!(f, "  {passed_over} × a file whose name doesn't say JSON, passed over")?;
        }
        if self.left_out > 0 {
            writeln!(f, "  {} × a change that an option leaves out", self.left_out)?;
        }
        for (why, count) in others {
            writeln!(f, "  {count} × {why}")?;
        }
        let verdicts = self.verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}"));
        lines(f, "verdicts", [joined(verdicts)])?;
        lines(f, "findings", self.by_severity())?;
        lines(f, "repairs", self.repairs())?;
        let pages = self.pages.iter().map(|(outcome, count)| format!("{count} {}", page(outcome)));
        lines(f, "pages", [joined(pages)])?;
        let noisiest = self.noisiest();
        lines(f, "noisiest", noisiest.iter().map(|(who, count)| format!("{count} findings of {who}")))
    }
}

impl Summary {
    /// Worst first, a severity a line.
    fn by_severity(&self) -> Vec<String> {
        let mut lines: BTreeMap<Reverse<Severity>, (usize, Vec<String>)> = BTreeMap::new();
        for ((severity, id), count) in &self.findings {
            let (sum, ids) = lines.entry(*severity).or_default();
            *sum += count;
            ids.push(format!("{count} {id}"));
        }
        let line = |(severity, (sum, ids)): (Reverse<Severity>, (usize, Vec<String>))| {
            format!("{sum} {}: {}", severity.0, ids.join(", "))
        };
        lines.into_iter().map(line).collect()
    }

    /// What became of the states to ensure, an outcome a line.
    fn repairs(&self) -> Vec<String> {
        let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ((ensure, outcome), count) in &self.effects {
            lines.entry(outcome).or_default().push(format!("{count} {ensure}"));
        }
        lines
            .into_iter()
            .map(|(outcome, ensured)| format!("{}: {}", repair(outcome), ensured.join(", ")))
            .collect()
    }
}

/// What became of a state to ensure.
fn repair(outcome: &str) -> &str {
    match outcome {
        "replayed" => "would be made",
        "withheld" => "withheld by the mode",
        "applied" => "made",
        "already" => "needless, it is so already",
        other => other,
    }
}

/// What became of a page.
fn page(outcome: &str) -> &str {
    match outcome {
        "replayed" => "would be sent",
        "withheld" => "withheld by the mode",
        other => other,
    }
}

fn joined(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// Under a name that stands before the first of them only.
fn lines(f: &mut fmt::Formatter<'_>, name: &str, lines: impl IntoIterator<Item = String>) -> fmt::Result {
    let mut lines = lines.into_iter().filter(|line| !line.is_empty());
    writeln!(f, "{name:<9} {}", lines.next().unwrap_or_else(|| "none".to_owned()))?;
    lines.try_for_each(|line| writeln!(f, "{:<9} {line}", ""))
}
