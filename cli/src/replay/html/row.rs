//! One receipt: a row that unfolds. There may be many thousand, so it is written with few elements.

use super::escape::Text;
use crate::replay::words;
use sealwatch_policy::receipt::{EffectLine, FindingLine, PageLine, Receipt};
use serde_json::Value;
use std::io::{Result, Write};

pub fn write(out: &mut impl Write, receipt: &Receipt) -> Result<()> {
    write!(out, r#"<li data-g="{}""#, receipt.guard)?;
    if let Some(worst) = receipt.findings.iter().map(|finding| finding.severity).max() {
        write!(out, r#" data-s="{worst}""#)?;
    }
    out.write_all(br#"><details><summary class="row">"#)?;
    summary(out, receipt)?;
    out.write_all(b"</summary><div class=\"body\">")?;
    body(out, receipt)?;
    out.write_all(b"</div></details></li>\n")
}

fn summary(out: &mut impl Write, receipt: &Receipt) -> Result<()> {
    let time = receipt.time.trim_end_matches('Z').replacen('T', " ", 1);
    let verdict = receipt.verdict.as_str();
    write!(
        out,
        "<time>{}</time><span class=\"call\"><b>{}</b>{}</span><span class=\"place\">{}\n{}</span><span class=\"verdict {verdict}\">{verdict}</span><span class=\"what{}\">",
        Text(&time),
        Text(&receipt.event_name),
        Text(words::resource(receipt)),
        Text(&receipt.account),
        Text(&receipt.region),
        if receipt.findings.is_empty() { " quiet" } else { "" },
    )?;
    // Lines of one element, where each could be an element of its own.
    for FindingLine { id, severity, .. } in &receipt.findings {
        writeln!(out, r#"<i class="{severity}">{severity}</i> {}"#, Text(id))?;
    }
    if receipt.findings.is_empty() {
        write!(out, "{}", Text(&receipt.reasons.join("; ")))?;
    }
    out.write_all(br#"</span><span class="deeds">"#)?;
    for EffectLine { ensure, outcome, .. } in &receipt.effects {
        writeln!(out, "{}: {}", Text(ensure), Text(words::outcome(outcome)))?;
    }
    if let Some(page) = &receipt.page {
        write!(out, "page: {}", Text(words::outcome(&page.outcome)))?;
    }
    out.write_all(b"</span>")
}

fn body(out: &mut impl Write, receipt: &Receipt) -> Result<()> {
    for found in &receipt.findings {
        finding(out, found)?;
    }
    circumstances(out, receipt)?;
    if let Some(PageLine { text, outcome, error, .. }) = &receipt.page {
        let why = error.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        let outcome = words::outcome(outcome);
        write!(out, r#"<details class="more"><summary>Page, {outcome}{}</summary>"#, Text(&why))?;
        write!(out, "<pre>{}</pre></details>", Text(text))?;
    }
    write!(
        out,
        r#"<details class="more"><summary>Receipt as JSON, but for what stands above</summary><pre>{}</pre></details>"#,
        Text(&json(receipt)?)
    )
}

/// A field a line, without those that stand above as they are: twice they would be two fifths of a large page.
fn json(receipt: &Receipt) -> Result<String> {
    let receipt = serde_json::to_value(receipt)?;
    let above = |name: &str| matches!(name, "findings" | "page" | "reasons" | "assumed");
    let fields = receipt.as_object().into_iter().flatten().filter(|(name, _)| !above(name));
    let lines: Vec<String> = fields.map(|(name, value)| format!("\n  \"{name}\": {value}")).collect();
    Ok(format!("{{{}\n}}", lines.join(",")))
}

fn finding(out: &mut impl Write, finding: &FindingLine) -> Result<()> {
    let FindingLine { id, severity, summary, evidence, remedy } = finding;
    write!(
        out,
        r#"<div class="finding"><h3><i class="{severity}">{severity}</i> {}</h3><p>{}</p>"#,
        Text(id),
        Text(summary)
    )?;
    evidence.iter().try_for_each(|evidence| write!(out, r#"<p class="quiet">{}</p>"#, Text(evidence)))?;
    remedy.iter().try_for_each(|step| self::step(out, step))?;
    out.write_all(b"</div>")
}

/// INVARIANT: a step in words never begins with `aws ` or a brace, because the guards' steps begin with words of their own.
fn step(out: &mut impl Write, step: &str) -> Result<()> {
    let statement = || step.starts_with('{').then(|| serde_json::from_str::<Value>(step).ok()).flatten();
    if step.starts_with("aws ") {
        write!(out, r#"<pre class="copy"><code>{}</code></pre>"#, Text(step))
    } else if let Some(statement) = statement() {
        write!(out, r#"<pre class="copy"><code>{}</code></pre>"#, Text(&format!("{statement:#}")))
    } else {
        write!(out, r#"<p class="step">{}</p>"#, Text(step))
    }
}

/// Who called, what follows, and why.
fn circumstances(out: &mut impl Write, receipt: &Receipt) -> Result<()> {
    let change = &receipt.change;
    let failure = change.error_code.as_ref().map(|code| match &change.error_message {
        Some(message) => format!("{code}: {message}"),
        None => code.clone(),
    });
    let optional = [
        ("resource", receipt.target.as_ref()),
        ("caller", Some(&change.actor)),
        ("from", change.source_ip.as_ref()),
        ("with", change.user_agent.as_ref()),
        ("failed", failure.as_ref()),
    ];
    out.write_all(br#"<pre class="facts">"#)?;
    for (name, text) in optional {
        text.into_iter().try_for_each(|text| line(out, name, text))?;
    }
    for effect in &receipt.effects {
        let EffectLine { ensure: _, target, value: _, outcome: _, error } = effect;
        let why = error.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
        line(out, "effect", &format!("{} on {target}{why}", words::effect(effect)))?;
    }
    receipt.reasons.iter().try_for_each(|reason| line(out, "why", reason))?;
    receipt.assumed.iter().try_for_each(|assumed| line(out, "assumed", assumed))?;
    line(out, "guard", &format!("{}, mode {}", receipt.guard, receipt.mode.as_str()))?;
    line(out, "event", &receipt.event_id)?;
    out.write_all(b"</pre>")
}

fn line(out: &mut impl Write, name: &str, text: &str) -> Result<()> {
    writeln!(out, "{name:<9} {}", Text(text))
}
