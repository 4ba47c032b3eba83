//! What stands above the receipts: what was replayed, the sums, the timeline, findings and callers.
//!
//! Every sum that the summary knows is taken from it, so that both say the same.

use super::escape::{Attribute, Text};
use super::timeline::{SEVERITIES, Timeline};
use crate::archive::Counts;
use crate::replay::show::About;
use crate::replay::summary::{Summary, of};
use crate::replay::words;
use jiff::Timestamp;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::plan::Severity;
use sealwatch_policy::receipt::{FindingLine, Receipt};
use std::collections::BTreeMap;
use std::io::{Result, Write};

pub struct Overview {
    about: About,
    sums: Sums,
}

/// What some receipts that follow on each other come to.
#[derive(Default)]
pub struct Sums {
    /// The times of the first and the last receipt.
    span: Option<(String, String)>,
    timeline: Timeline,
    /// How often, and how bad at worst.
    findings: BTreeMap<(Guard, String), (usize, Severity)>,
}

impl Sums {
    pub fn add(&mut self, receipt: &Receipt) {
        let first = self.span.take().map_or_else(|| receipt.time.clone(), |(first, _)| first);
        self.span = Some((first, receipt.time.clone()));
        if let Ok(time) = receipt.time.parse::<Timestamp>() {
            self.timeline.add(time, receipt.findings.iter().map(|finding| finding.severity));
        }
        for FindingLine { id, severity, .. } in &receipt.findings {
            let found = self.findings.entry((receipt.guard, id.clone())).or_insert((0, *severity));
            *found = (found.0 + 1, found.1.max(*severity));
        }
    }

    fn join(&mut self, later: Self) {
        let Self { span, timeline, findings } = later;
        self.span = match (self.span.take(), span) {
            (Some((first, _)), Some((_, last))) => Some((first, last)),
            (span, None) | (None, span) => span,
        };
        self.timeline.join(timeline);
        for (of, (count, worst)) in findings {
            let found = self.findings.entry(of).or_insert((0, worst));
            *found = (found.0 + count, found.1.max(worst));
        }
    }
}

impl Overview {
    pub fn new(about: About) -> Self {
        Self { about, sums: Sums::default() }
    }

    /// Takes in what the next receipts come to.
    pub fn join(&mut self, later: Sums) {
        self.sums.join(later);
    }

    /// Writes everything down to the list that the receipts' rows follow in.
    pub fn write(&self, out: &mut impl Write, summary: &Summary) -> Result<()> {
        writeln!(out, "<header><h1>Sealwatch replay</h1>")?;
        self.about(out)?;
        writeln!(out, "</header>\n<main>")?;
        sums(out, summary)?;
        unreadable(out, summary)?;
        self.sums.timeline.write(out)?;
        writeln!(out, r#"<div class="sides">"#)?;
        self.findings(out)?;
        writeln!(out, "<div>")?;
        callers(out, summary)?;
        effects(out, summary)?;
        writeln!(out, "</div></div>")?;
        self.tools(out)?;
        if summary.receipts == 0 {
            writeln!(
                out,
                r#"<p class="none">No receipts: no guard judged any of these events, or an option left them out.</p>"#
            )?;
        } else {
            writeln!(
                out,
                r#"<div class="columns" aria-hidden="true"><span>time (UTC)</span><span>call and resource</span><span>account, Region</span><span>verdict</span><span>findings, or why not</span><span>Sealwatch</span></div>"#
            )?;
        }
        write!(out, r#"<div class="receipts">"#)
    }

    fn about(&self, out: &mut impl Write) -> Result<()> {
        let About { paths, policy, modes, world, filters } = &self.about;
        let modes = modes.iter().map(|(guard, mode)| format!("{guard} {}", mode.as_str()));
        let span = self.sums.span.as_ref().map(|(first, last)| format!("{first} – {last}"));
        writeln!(out, r#"<dl class="about">"#)?;
        for (name, value) in [
            ("replayed", paths.join(", ")),
            ("policy", policy.clone()),
            ("modes", modes.collect::<Vec<_>>().join(", ")),
            ("world", world.clone()),
            ("receipts from", span.unwrap_or_else(|| "–".to_owned())),
            ("shown", if filters.is_empty() { "all".to_owned() } else { filters.join(" ") }),
        ] {
            writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", Text(&value))?;
        }
        writeln!(out, "</dl>")
    }

    fn findings(&self, out: &mut impl Write) -> Result<()> {
        writeln!(out, "<section><h2>Findings</h2>")?;
        if self.sums.findings.is_empty() {
            return writeln!(out, r#"<p class="quiet">None.</p></section>"#);
        }
        writeln!(
            out,
            r#"<div class="scroll"><table id="findings"><thead><tr><th scope="col">guard</th><th scope="col">finding</th><th scope="col">at worst</th><th scope="col" class="n">count</th></tr></thead><tbody>"#
        )?;
        let mut findings: Vec<_> = self.sums.findings.iter().collect();
        findings.sort_by_key(|((guard, _), (count, worst))| {
            (*guard, std::cmp::Reverse(*worst), std::cmp::Reverse(*count))
        });
        for ((guard, id), (count, worst)) in findings {
            writeln!(
                out,
                r#"<tr><td>{guard}</td><td data-q="{}">{}</td><td><i class="{worst}">{worst}</i></td><td class="n">{count}</td></tr>"#,
                Attribute(id),
                Text(id)
            )?;
        }
        writeln!(out, "</tbody></table></div></section>")
    }

    /// Hidden until the script shows it.
    fn tools(&self, out: &mut impl Write) -> Result<()> {
        writeln!(
            out,
            r#"<h2 id="receipts">Receipts</h2>
<div class="tools" id="tools" role="search" hidden>
<input id="search" type="search" placeholder="Search: names, callers, event ids, anything in a receipt" aria-label="Search the receipts" autocomplete="off" spellcheck="false">
<select id="severity" aria-label="Severity"><option value="">any severity</option><option value="info">with findings</option><option value="low">low or worse</option><option value="medium">medium or worse</option><option value="high">high or worse</option><option value="critical">critical</option><option value="none">without findings</option></select>
<select id="guard" aria-label="Guard"><option value="">all guards</option>"#
        )?;
        for guard in [Guard::LogGroup, Guard::Trail, Guard::Key] {
            write!(out, r#"<option value="{guard}">{guard}</option>"#)?;
        }
        writeln!(out, "</select>\n<output id=\"told\" aria-live=\"polite\"></output>\n</div>")
    }
}

fn sums(out: &mut impl Write, summary: &Summary) -> Result<()> {
    let counts = &summary.counts;
    let with = |outcome: &str| -> usize {
        let of_kind = |((_, of), count): (&(String, String), &usize)| (of == outcome).then_some(*count);
        summary.effects.iter().filter_map(of_kind).sum()
    };
    let page = |outcome: &str| -> usize {
        let of_kind = |((of, _), count): (&(String, String), &usize)| (of == outcome).then_some(*count);
        summary.pages.iter().filter_map(of_kind).sum()
    };
    let (effects, pages) = (with("withheld"), page("withheld"));
    let findings: usize = summary.findings.values().sum();
    // Only `--live --apply` applies any.
    let repaired = if with("applied") > 0 { "repaired" } else { "would be repaired" };
    writeln!(out, r#"<section aria-label="Sums"><dl class="tiles">"#)?;
    for (id, name, count) in [
        ("records", format!("events read, in {}", of(counts.files, "file")), counts.records),
        ("judged", "judged by a guard".to_owned(), summary.receipts + summary.hidden),
        ("found", "findings".to_owned(), findings),
        ("repaired", repaired.to_owned(), with("replayed") + with("applied")),
        ("paged", "would page".to_owned(), page("replayed") + page("sent")),
        ("withheld", format!("withheld: {effects} repairs, {pages} pages"), effects + pages),
        ("unreadable", "can't be read".to_owned(), counts.unreadable),
    ] {
        let alarm = if id == "unreadable" && count > 0 { r#" class="alarm""# } else { "" };
        writeln!(out, r#"<div{alarm}><dt>{name}</dt><dd id="{id}">{count}</dd></div>"#)?;
    }
    writeln!(out, "</dl>\n<dl class=\"severities\">")?;
    for severity in SEVERITIES {
        let of = summary.findings.iter().filter(|((of, _), _)| of.0 == severity);
        let count: usize = of.map(|(_, count)| count).sum();
        writeln!(
            out,
            r#"<div><dt><i class="{severity}">{severity}</i></dt><dd id="{severity}">{count}</dd></div>"#
        )?;
    }
    writeln!(out, "</dl>\n<ul class=\"rest\">")?;
    let verdicts = summary.verdicts.iter().map(|(verdict, count)| (*count, (*verdict).to_owned()));
    let others = counts.others.iter().map(|(why, count)| (*count, format!("no management call: {why}")));
    let first = counts.first_passed_over.as_deref().unwrap_or_default();
    let passed_over = format!("files passed over: their names don't say JSON; first `{first}`");
    let rest = [
        (summary.unhandled + summary.learned, "not handled by a guard".to_owned()),
        (counts.copies, "copies".to_owned()),
        (counts.passed_over, passed_over),
    ];
    for (count, what) in verdicts.chain(rest).chain(others).filter(|(count, _)| *count > 0) {
        writeln!(out, "<li>{count} {}</li>", Text(&what))?;
    }
    for narrowed in summary.narrowed() {
        writeln!(out, "<li>left out: {}</li>", Text(&narrowed))?;
    }
    writeln!(out, "</ul>")?;
    summary
        .notes
        .iter()
        .try_for_each(|note| writeln!(out, r#"<p class="quiet">note: {}</p>"#, Text(note)))?;
    writeln!(out, "</section>")
}

/// What can't be read stands where nobody overlooks it: the sums don't hold what it tells.
fn unreadable(out: &mut impl Write, summary: &Summary) -> Result<()> {
    let Counts { unreadable, troubles, .. } = &summary.counts;
    if *unreadable == 0 {
        return Ok(());
    }
    writeln!(out, r#"<section><h2>What can't be read: {unreadable}</h2><pre class="facts" id="troubles">"#)?;
    troubles.iter().try_for_each(|trouble| writeln!(out, "{}", Text(trouble)))?;
    let rest = unreadable - troubles.len().min(*unreadable);
    if rest > 0 {
        writeln!(out, "… and {rest} more, named on standard error")?;
    }
    writeln!(out, "</pre></section>")
}

fn callers(out: &mut impl Write, summary: &Summary) -> Result<()> {
    let callers = summary.noisiest();
    if callers.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        r#"<section><h2>Callers with the most findings</h2><div class="scroll"><table id="callers"><thead><tr><th scope="col">caller</th><th scope="col" class="n">findings</th></tr></thead><tbody>"#
    )?;
    for (who, count) in callers {
        writeln!(out, r#"<tr><td>{}</td><td class="n">{count}</td></tr>"#, Text(who))?;
    }
    writeln!(out, "</tbody></table></div></section>")
}

fn effects(out: &mut impl Write, summary: &Summary) -> Result<()> {
    if summary.effects.is_empty() && summary.pages.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        r#"<section><h2>Repairs and pages</h2><div class="scroll"><table id="effects"><thead><tr><th scope="col">state to ensure</th><th scope="col">outcome</th><th scope="col" class="n">count</th></tr></thead><tbody>"#
    )?;
    let effects = summary.effects.iter().map(|((ensure, outcome), count)| (ensure.as_str(), outcome, count));
    let pages = summary.pages.iter().map(|((outcome, _), count)| ("a page", outcome, count));
    for (what, outcome, count) in effects.chain(pages) {
        let outcome = words::outcome(outcome);
        writeln!(
            out,
            r#"<tr><td>{}</td><td>{}</td><td class="n">{count}</td></tr>"#,
            Text(what),
            Text(outcome)
        )?;
    }
    writeln!(out, "</tbody></table></div></section>")
}
