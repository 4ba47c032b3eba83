//! How receipts are put where there is room for a few words only.

use sealwatch_policy::receipt::{EffectLine, PageLine, Receipt};

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
    receipt.page.as_ref().map(page_of)
}

fn page_of(page: &PageLine) -> String {
    let why = page.error.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    match page.outcome.as_str() {
        "replayed" => "would page".to_owned(),
        outcome => format!("page {outcome}{why}"),
    }
}

/// An ARN without what tells the account and Region.
fn within_account(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(outcome: &str, error: Option<&str>) -> String {
        page_of(&PageLine {
            severity: sealwatch_policy::plan::Severity::High,
            title: String::new(),
            text: String::new(),
            outcome: outcome.to_owned(),
            error: error.map(str::to_owned),
        })
    }

    #[test]
    fn a_page_is_told_with_its_own_reason() {
        assert_eq!(told("replayed", None), "would page");
        assert_eq!(told("withheld", Some("the mode is `observe`")), "page withheld: the mode is `observe`");
        let live = "the command line sends no pages";
        assert_eq!(told("withheld", Some(live)), format!("page withheld: {live}"));
        assert_eq!(told("failed", Some("AuthorizationError")), "page failed: AuthorizationError");
        assert_eq!(told("sent", None), "page sent");
    }
}
