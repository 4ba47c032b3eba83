//! What a replay comes to, in numbers that add up.

use crate::archive::Counts;
use sealwatch_policy::change::Actor;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::plan::Severity;
use sealwatch_policy::receipt::Receipt;
use sealwatch_policy::untrusted::{SHOWN, clean};
use sealwatch_world::key::UNTOLD;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The counts of one replay, or of a part of one.
#[derive(Default)]
pub struct Summary {
    pub counts: Counts,
    /// Calls that no guard handles, and of which nothing follows for a replay.
    pub unhandled: usize,
    /// Changes that no guard handles, but of which the replayed account learns.
    pub learned: usize,
    /// Changes that are not judged because of an option, by the first that leaves each out.
    pub left_out: BTreeMap<&'static str, usize>,
    /// The worst finding of what was judged, shown or not.
    pub worst: Option<Severity>,
    /// Changes that a guard judged and that are shown.
    pub receipts: usize,
    /// Changes that a guard judged and that `--severity` hides.
    pub hidden: usize,
    /// Keys of which the events alone don't tell enough.
    pub untold_keys: BTreeSet<String>,
    /// What a reader should know before the numbers are believed.
    pub notes: Vec<String>,
    pub verdicts: BTreeMap<&'static str, usize>,
    /// Findings by how bad they are and what they are called, worst first.
    pub findings: BTreeMap<(Reverse<Severity>, String), usize>,
    /// Effects by the kind of state and what became of them.
    pub effects: BTreeMap<(String, String), usize>,
    /// Pages by what became of them, and why they weren't sent.
    pub pages: BTreeMap<(String, String), usize>,
    /// Findings by who called.
    principals: BTreeMap<String, usize>,
}

/// As many of the noisiest principals are named.
const NAMED: usize = 10;

impl Summary {
    pub fn new(counts: Counts, notes: Vec<String>) -> Self {
        Self { unhandled: counts.of_no_interest + counts.further_uses, counts, notes, ..Self::default() }
    }

    pub fn leave_out(&mut self, option: &'static str) {
        *self.left_out.entry(option).or_default() += 1;
    }

    /// Takes in what was judged, shown or not.
    pub fn judge(&mut self, receipt: &Receipt) {
        self.worst = self.worst.max(receipt.findings.iter().map(|finding| finding.severity).max());
        if receipt.guard == Guard::Key && is_untold(&receipt.facts) {
            self.untold_keys.extend(receipt.target.clone());
        }
    }

    /// Notes that a state file would tell more.
    pub fn ask_for_state(&mut self) {
        let keys = self.untold_keys.len();
        if keys > 0 {
            let were = if keys == 1 { "was" } else { "were" };
            self.notes.push(format!(
                "{} {were} there before these events, which don't tell enough of them; --state does",
                of(keys, "key")
            ));
        }
    }

    /// Takes in what is shown.
    pub fn show(&mut self, receipt: &Receipt, actor: &Actor) {
        if !receipt.findings.is_empty() {
            // A role, not one of its sessions.
            let role = actor.role_arn().map(|role| clean(&role, SHOWN));
            let who = role.unwrap_or_else(|| actor.shown());
            *self.principals.entry(who).or_default() += receipt.findings.len();
        }
        self.receipts += 1;
        *self.verdicts.entry(receipt.verdict.as_str()).or_default() += 1;
        for finding in &receipt.findings {
            *self.findings.entry((Reverse(finding.severity), finding.id.clone())).or_default() += 1;
        }
        for effect in &receipt.effects {
            *self.effects.entry((effect.ensure.clone(), effect.outcome.clone())).or_default() += 1;
        }
        if let Some(page) = &receipt.page {
            let why = page.error.clone().unwrap_or_default();
            *self.pages.entry((page.outcome.clone(), why)).or_default() += 1;
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
            hidden,
            untold_keys,
            notes,
            verdicts,
            findings,
            effects,
            pages,
            principals,
        } = part;
        self.counts.join(counts);
        self.unhandled += unhandled;
        self.learned += learned;
        add(&mut self.left_out, left_out);
        self.worst = self.worst.max(worst);
        self.receipts += receipts;
        self.hidden += hidden;
        self.untold_keys.extend(untold_keys);
        self.notes.extend(notes);
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
            first_passed_over,
            troubles: _,
            of_no_interest: _,
            further_uses: _,
        } = &self.counts;
        let other: usize = others.values().sum();
        let (judged, left_out) = (self.receipts + self.hidden, self.left_out.values().sum::<usize>());
        let relevant = judged + self.learned + left_out + copies;
        write!(f, "{} read in {}: {judged} judged, ", of(*records, "event"), of(*files, "file"))?;
        if left_out > 0 {
            write!(f, "{left_out} left out, ")?;
        }
        writeln!(
            f,
            "{} not handled by a guard, {copies} {}, {}, {unreadable} unreadable",
            self.unhandled + self.learned,
            if *copies == 1 { "copy" } else { "copies" },
            of(other, "no management call"),
        )?;
        writeln!(
            f,
            "  {relevant} of them relevant; {} of these tell the replayed account only of keys, tags and uses",
            self.learned
        )?;
        if *passed_over > 0 {
            let first = first_passed_over.as_deref().unwrap_or_default();
            writeln!(
                f,
                "  {passed_over} × a file whose name doesn't say JSON, passed over, first `{first}`"
            )?;
        }
        let narrowed = self.narrowed();
        if !narrowed.is_empty() {
            writeln!(f, "  {} shown; left out: {}", self.receipts, narrowed.join(", "))?;
        }
        for (why, count) in others {
            writeln!(f, "  {count} × {why}")?;
        }
        let verdicts = self.verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}"));
        lines(f, "verdicts", [joined(verdicts)])?;
        lines(f, "findings", self.by_severity())?;
        lines(f, "repairs", self.repairs())?;
        let pages =
            self.pages.iter().map(|((outcome, why), count)| format!("{count} {}", page(outcome, why)));
        lines(f, "pages", [joined(pages)])?;
        let noisiest = self.noisiest();
        let noisiest = noisiest.iter().map(|(who, count)| format!("{} of {who}", of(*count, "finding")));
        lines(f, "noisiest", noisiest)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

impl Summary {
    /// How many changes each option leaves out of what is shown.
    pub fn narrowed(&self) -> Vec<String> {
        let hidden = (self.hidden > 0).then_some(("--severity", self.hidden));
        let left_out = self.left_out.iter().map(|(option, count)| (*option, *count));
        left_out.chain(hidden).map(|(option, count)| format!("{count} by {option}")).collect()
    }

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
fn page(outcome: &str, why: &str) -> String {
    match outcome {
        "replayed" => "would be sent".to_owned(),
        "withheld" if why.starts_with("the mode is ") => "withheld by the mode".to_owned(),
        "withheld" => format!("not sent: {why}"),
        other if why.is_empty() => other.to_owned(),
        other => format!("{other}: {why}"),
    }
}

/// Whether a fact is missing that a state file or older records would tell.
fn is_untold(facts: &Value) -> bool {
    match facts {
        Value::String(text) => text.starts_with(UNTOLD),
        Value::Array(of) => of.iter().any(is_untold),
        Value::Object(of) => of.values().any(is_untold),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// So many of something.
pub fn of(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_no_mode_withholds_is_just_not_sent() {
        for (outcome, why, told) in [
            ("replayed", "", "would be sent"),
            ("withheld", "the mode is `observe`", "withheld by the mode"),
            ("withheld", "the command line sends no pages", "not sent: the command line sends no pages"),
            ("failed", "AuthorizationError", "failed: AuthorizationError"),
            ("sent", "", "sent"),
        ] {
            assert_eq!(page(outcome, why), told, "{outcome}");
        }
    }
}
