//! How receipts are put where there is room for a few words only.

use sealwatch_policy::receipt::{EffectLine, Receipt};

/// The resource's name within its account and Region.
pub fn resource(receipt: &Receipt) -> &str {
    let name = receipt.target.as_deref().map_or("not named", within_account);
    name.strip_prefix("log-group:").unwrap_or(name)
}

/// What would be ensured, and what became of it.
pub fn effect(effect: &EffectLine) -> String {
    let value = effect.value.as_deref().map(|value| format!(" → {}", within_account(value)));
    let what = format!("{}{}", effect.ensure, value.unwrap_or_default());
    match effect.outcome.as_str() {
        "withheld" => format!("{what}, withheld"),
        "replayed" => format!("would ensure {what}"),
        other => format!("{what}: {other}"),
    }
}

/// What became of an effect or a page, as a column of its own says it.
pub fn outcome(outcome: &str) -> &str {
    match outcome {
        "replayed" => "would be",
        other => other,
    }
}

/// What became of the page; `None` if nothing pages.
pub fn page(receipt: &Receipt) -> Option<String> {
    receipt.page.as_ref().map(|page| match page.outcome.as_str() {
        "replayed" => "would page".to_owned(),
        _ => format!("page withheld: mode {}", receipt.mode.as_str()),
    })
}

/// An ARN without what tells the account and Region.
fn within_account(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}
