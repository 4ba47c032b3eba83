//! Receipts as a table for people, drawn when its widths are known: at the end.

use super::show::Show;
use super::summary::Summary;
use super::words;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, Width};
use sealwatch_policy::plan::Verdict;
use sealwatch_policy::receipt::{FindingLine, Receipt};
use std::ffi::OsString;
use std::io::Write;

const PIPED_WIDTH: u16 = 160;
/// From here on a call's name stands on one line.
const CALL_FROM: u16 = 120;
/// A time and a verdict on one line, between their padding.
const TIME_WIDTH: u16 = 22;
const VERDICT_WIDTH: u16 = 11;
/// A key's id on one line, to be copied: `key/` and a UUID or `mrk-` and 32 digits, between its padding.
const KEY_WIDTH: u16 = 42;
const TIME: usize = 0;
const CALL: usize = 1;
const RESOURCE: usize = 2;
const VERDICT: usize = 3;

pub struct Table<W> {
    out: W,
    drawn: comfy_table::Table,
    names_key: bool,
    /// The longest word of a call's name.
    longest_call: usize,
}

impl<W: Write> Table<W> {
    pub fn new(out: W) -> Self {
        let mut drawn = comfy_table::Table::new();
        drawn.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        // No terminal: a width that a page of a wide screen or a paper still holds.
        let asked = || columns(std::env::var("COLUMNS").ok()?.as_str());
        let width = drawn.width().or_else(asked).unwrap_or(PIPED_WIDTH);
        drawn.set_width(width);
        if is_plain(std::env::var_os("NO_COLOR"), std::env::var_os("TERM")) {
            drawn.force_no_tty();
        }
        drawn.set_header(["TIME (UTC)", "CALL", "RESOURCE", "VERDICT", "WHY", "SEALWATCH"]);
        Self { out, drawn, names_key: false, longest_call: 0 }
    }
}

/// A width that a table can have.
fn columns(told: &str) -> Option<u16> {
    told.parse().ok().filter(|width| *width >= 80)
}

/// Whether a terminal is to get no colours: by no-color.org where the variable isn't empty, or because it has none.
fn is_plain(no_color: Option<OsString>, term: Option<OsString>) -> bool {
    no_color.is_some_and(|value| !value.is_empty()) || term.is_some_and(|term| term == "dumb")
}

/// A receipt's cells.
pub struct Row {
    verdict: Verdict,
    names_key: bool,
    time: String,
    call: String,
    resource: String,
    why: String,
    deeds: String,
}

impl<W: Write> Show for Table<W> {
    type Part = Vec<Row>;

    fn render(receipts: &[Receipt]) -> anyhow::Result<Vec<Row>> {
        let row = |receipt: &Receipt| Row {
            verdict: receipt.verdict,
            names_key: words::resource(receipt).starts_with("key/"),
            time: receipt.time.clone(),
            call: receipt.event_name.clone(),
            resource: resource(receipt),
            why: why(receipt),
            deeds: deeds(receipt),
        };
        Ok(receipts.iter().map(row).collect())
    }

    fn take(&mut self, rows: Vec<Row>) -> anyhow::Result<()> {
        for Row { verdict, names_key, time, call, resource, why, deeds } in rows {
            self.names_key |= names_key;
            let longest = call.split(' ').map(str::len).max().unwrap_or_default();
            self.longest_call = self.longest_call.max(longest);
            self.drawn.add_row([
                Cell::new(time),
                Cell::new(call),
                Cell::new(resource),
                Cell::new(verdict.as_str()).fg(color(verdict)),
                Cell::new(why),
                Cell::new(deeds),
            ]);
        }
        Ok(())
    }

    fn end(mut self, summary: &Summary) -> anyhow::Result<()> {
        let call = u16::try_from(self.longest_call + 2).ok();
        let width = self.drawn.width();
        for (index, least) in [
            (TIME, Some(TIME_WIDTH)),
            (VERDICT, Some(VERDICT_WIDTH)),
            (CALL, call.filter(|_| width >= Some(CALL_FROM))),
            (RESOURCE, Some(KEY_WIDTH).filter(|_| width >= Some(PIPED_WIDTH) && self.names_key)),
        ] {
            if let (Some(least), Some(column)) = (least, self.drawn.column_mut(index)) {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
            }
        }
        write!(self.out, "{}\n\n{summary}", self.drawn)?;
        Ok(self.out.flush()?)
    }
}

fn resource(receipt: &Receipt) -> String {
    format!("{}\n{} {}", words::resource(receipt), receipt.account, receipt.region)
}

/// Findings with their decisive evidence; without one, the reason.
fn why(receipt: &Receipt) -> String {
    if receipt.findings.is_empty() {
        return receipt.reasons.join("\n");
    }
    let finding = |finding: &FindingLine| {
        let evidence = finding.evidence.first().map(|first| format!("\n  {first}")).unwrap_or_default();
        format!("{} ({}){evidence}", finding.id, finding.severity)
    };
    receipt.findings.iter().map(finding).collect::<Vec<_>>().join("\n")
}

fn deeds(receipt: &Receipt) -> String {
    let effects = receipt.effects.iter().map(words::effect);
    let deeds: Vec<String> =
        effects.chain(words::page(receipt)).chain(receipt.assumed.iter().cloned()).collect();
    if deeds.is_empty() { "–".to_owned() } else { deeds.join("\n") }
}

fn color(verdict: Verdict) -> Color {
    match verdict {
        Verdict::Compliant => Color::Green,
        Verdict::Violation => Color::Red,
        Verdict::Unknown => Color::Yellow,
        Verdict::Exempt | Verdict::Ignored => Color::Grey,
    }
}
