//! Receipts as a table for people.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, Table, Width};
use sealwatch_policy::plan::Verdict;
use sealwatch_policy::receipt::{EffectLine, Receipt};

const PIPED_WIDTH: u16 = 160;
/// A key's id on one line, to be copied: `key/` and a UUID or `mrk-` and 32 digits, between its padding.
const KEY_WIDTH: u16 = 42;
const RESOURCE: usize = 2;

pub fn draw(receipts: &[Receipt]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        // No terminal: a width that a page of a wide screen or a paper still holds.
        table.set_width(PIPED_WIDTH);
    }
    table.set_header(["TIME (UTC)", "CALL", "RESOURCE", "VERDICT", "WHY", "SEALWATCH"]);
    for receipt in receipts {
        table.add_row([
            Cell::new(&receipt.time),
            Cell::new(&receipt.event_name),
            Cell::new(resource(receipt)),
            Cell::new(receipt.verdict.as_str()).fg(color(receipt.verdict)),
            Cell::new(why(receipt)),
            Cell::new(deeds(receipt)),
        ]);
    }
    let names_key = |receipt: &Receipt| resource(receipt).starts_with("key/");
    if table.width() >= Some(PIPED_WIDTH)
        && receipts.iter().any(names_key)
        && let Some(column) = table.column_mut(RESOURCE)
    {
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(KEY_WIDTH)));
    }
    table
}

fn resource(receipt: &Receipt) -> String {
    let name = receipt.target.as_deref().map_or("not named", |arn| arn.splitn(6, ':').nth(5).unwrap_or(arn));
    let name = name.strip_prefix("log-group:").unwrap_or(name);
    format!("{name}\n{} {}", receipt.account, receipt.region)
}

/// Findings with their decisive evidence; without one, the reason.
fn why(receipt: &Receipt) -> String {
    if receipt.findings.is_empty() {
        return receipt.reasons.join("\n");
    }
    let finding = |finding: &sealwatch_policy::receipt::FindingLine| {
        let evidence = finding.evidence.first().map(|first| format!("\n  {first}")).unwrap_or_default();
        format!("{} ({}){evidence}", finding.id, finding.severity)
    };
    receipt.findings.iter().map(finding).collect::<Vec<_>>().join("\n")
}

fn deeds(receipt: &Receipt) -> String {
    let mut deeds: Vec<String> = receipt.effects.iter().map(effect).collect();
    if let Some(page) = &receipt.page {
        deeds.push(match page.outcome.as_str() {
            "replayed" => "would page".to_owned(),
            _ => format!("page withheld: mode {}", receipt.mode.as_str()),
        });
    }
    deeds.extend(receipt.assumed.iter().cloned());
    if deeds.is_empty() { "–".to_owned() } else { deeds.join("\n") }
}

fn effect(effect: &EffectLine) -> String {
    let key = |value: &str| format!(" → {}", value.splitn(6, ':').nth(5).unwrap_or(value));
    let what = format!("{}{}", effect.ensure, effect.value.as_deref().map(key).unwrap_or_default());
    match effect.outcome.as_str() {
        "withheld" => format!("{what}, withheld"),
        "replayed" => format!("would ensure {what}"),
        other => format!("{what}: {other}"),
    }
}

fn color(verdict: Verdict) -> Color {
    match verdict {
        Verdict::Compliant => Color::Green,
        Verdict::Violation => Color::Red,
        Verdict::Unknown => Color::Yellow,
        Verdict::Exempt | Verdict::Ignored => Color::Grey,
    }
}
