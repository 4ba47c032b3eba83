//! The shipped policy and the design's example: what they mean, however the TOML is written.

use super::*;
use jiff::civil::date;

pub(super) const SHIPPED: &str = include_str!("../../../../../policy.toml");

/// The example of the design, word for word but for the account behind `…`.
pub(super) const EXAMPLE: &str = r#"mode = "observe"                 # observe: receipts, metrics · page: and SNS · remediate: and effects

[log_groups]
mode = "remediate"               # a guard may differ from the global mode
approved_keys = []               # empty: any usable customer key is fine on a group that has one
[[log_groups.keys]]              # first match wins; `*` any run of characters, `?` one
match = "/payments/*"
key   = "arn:{partition}:kms:{region}:{account}:alias/payments-logs"
[[log_groups.keys]]
match = "*"
key   = "alias/logs"             # alias, alias ARN or key ARN; the API gets the key's ARN

[trails]
key     = "alias/trails"
require = ["encryption", "logging", "multi-region", "validation", "management-events"]

[keys]
in_use_days = 90
protect     = ["alias/prod-*"]   # protected whatever the evidence says
protect_tags = { tier = "prod" }

[[exempt]]
guard  = "log-group"
match  = "/aws/lambda/dev-*"
reason = "throw-away environments"
until  = 2027-01-31              # optional

[pages]
from = "low"
"#;

fn all_requirements() -> BTreeSet<TrailRequirement> {
    BTreeSet::from([
        TrailRequirement::Encryption,
        TrailRequirement::Logging,
        TrailRequirement::MultiRegion,
        TrailRequirement::Validation,
        TrailRequirement::ManagementEvents,
    ])
}

#[test]
fn the_shipped_policy_observes_and_exempts_nothing() {
    let policy = parsed(SHIPPED);
    for guard in [Guard::LogGroup, Guard::Trail, Guard::Key] {
        assert_eq!(policy.mode_of(guard), Mode::Observe);
    }
    assert!(policy.log_groups.approved_keys.is_empty());
    assert_eq!(policy.key_rule("/any/name").unwrap().key.as_str(), "alias/logs");
    assert!(policy.exemptions.is_empty());
    assert_eq!(policy.pages.from, Severity::Low);
    assert_eq!(policy.pages.runbook, None);
}

#[test]
fn the_shipped_policy_writes_out_the_defaults() {
    let (shipped, least) = (parsed(SHIPPED), parsed("mode = \"observe\""));
    assert_eq!(shipped.trails, least.trails);
    assert_eq!(shipped.keys, least.keys);
    assert_eq!(shipped.pages, least.pages);
    assert_eq!(shipped.exemptions, least.exemptions);
    assert_eq!(shipped.log_groups.mode, least.log_groups.mode);
    assert_eq!(shipped.log_groups.approved_keys, least.log_groups.approved_keys);
}

#[test]
fn the_examples_in_the_shipped_policy_are_valid_when_taken_out_of_their_comments() {
    let example = |line: &str| {
        let key = line.trim_start_matches("# ").split(" =").next().unwrap_or_default().trim();
        line.starts_with("# ")
            && (line.starts_with("# [[")
                || ["match", "key", "guard", "reason", "until", "runbook"].contains(&key))
    };
    let text: String = SHIPPED
        .lines()
        .map(|line| if example(line) { line.trim_start_matches("# ") } else { line })
        .collect::<Vec<_>>()
        .join("\n");
    let policy = parsed(&text);
    assert_eq!(policy.log_groups.rules.len(), 2);
    assert_eq!(policy.exemptions.len(), 1);
    assert!(policy.pages.runbook.is_some());
}

#[test]
fn the_design_example_means_what_the_design_says() {
    let policy = parsed(EXAMPLE);
    assert_eq!(policy.mode, Mode::Observe);
    assert_eq!(policy.mode_of(Guard::LogGroup), Mode::Remediate);
    assert_eq!(policy.mode_of(Guard::Trail), Mode::Observe);
    assert_eq!(policy.mode_of(Guard::Key), Mode::Observe);
    let rules: Vec<_> = policy
        .log_groups
        .rules
        .iter()
        .map(|rule| (rule.line, rule.pattern.as_str(), rule.key.as_str()))
        .collect();
    assert_eq!(
        rules,
        [
            (6, "/payments/*", "arn:{partition}:kms:{region}:{account}:alias/payments-logs"),
            (9, "*", "alias/logs"),
        ]
    );
    assert_eq!(policy.key_rule("/payments/api").unwrap().line, 6);
    assert_eq!(policy.key_rule("/payments").unwrap().line, 9);
    assert_eq!(policy.key_rule("/Payments/api").unwrap().line, 9);
    assert_eq!(policy.trails.key.as_ref().unwrap().as_str(), "alias/trails");
    assert_eq!(policy.trails.require, all_requirements());
    assert_eq!(policy.keys.in_use_days, 90);
    assert_eq!(policy.keys.protect, ["alias/prod-*"]);
    assert_eq!(policy.keys.protect_tags, BTreeMap::from([("tier".to_owned(), "prod".to_owned())]));
    assert_eq!(
        policy.exemptions,
        [Exemption {
            line: 22,
            guard: Guard::LogGroup,
            what: Exempt::Name("/aws/lambda/dev-*".to_owned()),
            reason: "throw-away environments".to_owned(),
            until: Some(date(2027, 1, 31)),
        }]
    );
    assert_eq!(policy.pages.from, Severity::Low);
}

#[test]
fn other_ways_to_write_toml_say_the_same() {
    let crlf = EXAMPLE.replace('\n', "\r\n");
    let tabs = EXAMPLE.replace("   ", "\t");
    let dotted = "mode = \"observe\"\nlog_groups.mode = \"remediate\"\nlog_groups.keys = [\n { match = \"/payments/*\", key = \"arn:{partition}:kms:{region}:{account}:alias/payments-logs\" },\n { match = \"*\", key = 'alias/logs' },\n]\ntrails.key = \"alias/trails\"\nkeys = { protect = [\"alias/prod-*\"], protect_tags.tier = \"prod\" }\n";
    let plain = parsed(EXAMPLE);
    assert_eq!(parsed(&crlf), plain);
    assert_eq!(parsed(&tabs), plain);
    let dotted = parsed(dotted);
    assert_eq!(dotted.trails, plain.trails);
    assert_eq!(dotted.keys, plain.keys);
    let rules = |policy: &Policy| -> Vec<_> {
        policy.log_groups.rules.iter().map(|rule| (rule.pattern.clone(), rule.key.clone())).collect()
    };
    assert_eq!(rules(&dotted), rules(&plain));
    assert_eq!(dotted.log_groups.rules.iter().map(|rule| rule.line).collect::<Vec<_>>(), [4, 5]);
}
