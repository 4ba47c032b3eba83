//! Policy files and what becomes of them: the shipped one, DESIGN's example, and every fault with its line.

use super::{ApprovedKey, Exempt, Exemption, Fault, KeyTemplate, Mode, Policy, TrailRequirement};
use crate::change::Actor;
use crate::guards::Guard;
use crate::names::{AccountId, Place, Region};
use crate::plan::Severity;
use crate::untrusted::Untrusted;
use jiff::Timestamp;
use jiff::civil::date;
use std::collections::{BTreeMap, BTreeSet};

const SHIPPED: &str = include_str!("../../../../policy.toml");

/// The example of the design, word for word but for the account behind `…`.
const EXAMPLE: &str = r#"mode = "observe"                 # observe: receipts, metrics · page: and SNS · remediate: and effects

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

fn parsed(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|faults| panic!("{faults}\nin:\n{text}"))
}

fn faults(text: &str) -> Vec<Fault> {
    Policy::parse(text).map_or_else(|faults| faults.0, |policy| panic!("no fault in {text:?}: {policy:?}"))
}

fn place(account: &str, region: &str) -> Place {
    Place { account: AccountId::parse(account).unwrap(), region: Region::parse(region).unwrap() }
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

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

#[test]
fn every_value_of_every_key_is_understood() {
    let policy = parsed(
        "mode = \"page\"\n[trails]\nmode = \"observe\"\nrequire = [\"logging\", \"logging\"]\nbuckets = [\"example-trail-logs\", \"aws-cloudtrail-logs-*-????????\"]\n[keys]\nmode = \"remediate\"\nin_use_days = 65535\n[pages]\nfrom = \"critical\"\nrunbook = \"https://wiki.example.com/sealwatch?page=1\"\n",
    );
    assert_eq!(policy.mode_of(Guard::LogGroup), Mode::Page);
    assert_eq!(policy.mode_of(Guard::Trail), Mode::Observe);
    assert_eq!(policy.mode_of(Guard::Key), Mode::Remediate);
    assert_eq!(policy.trails.require, BTreeSet::from([TrailRequirement::Logging]));
    assert_eq!(policy.trails.buckets, ["example-trail-logs", "aws-cloudtrail-logs-*-????????"]);
    assert_eq!(policy.keys.in_use_days, 65_535);
    assert_eq!(policy.pages.from, Severity::Critical);
    assert_eq!(policy.pages.runbook.as_deref(), Some("https://wiki.example.com/sealwatch?page=1"));
    for (text, expected) in [
        ("info", Severity::Info),
        ("low", Severity::Low),
        ("medium", Severity::Medium),
        ("high", Severity::High),
    ] {
        assert_eq!(parsed(&format!("mode = \"page\"\npages.from = \"{text}\"")).pages.from, expected);
    }
    assert!(parsed("mode = \"page\"\ntrails.require = []").trails.require.is_empty());
    assert!(parsed("mode = \"page\"\ntrails.buckets = []").trails.buckets.is_empty());
}

#[test]
fn a_fault_says_where_what_and_what_to_do() {
    const EXEMPT: &str = "[[exempt]]\nguard = \"key\"\nmatch = \"x\"\nreason = \"r\"\n";
    let rule = |key: &str| format!("mode = \"page\"\n[[log_groups.keys]]\nmatch = \"*\"\nkey = {key}\n");
    let page = |rest: &str| format!("mode = \"page\"\n{rest}");
    let cases: Vec<(&str, String, usize, &str, &str)> = vec![
        ("an empty file", String::new(), 1, "`mode` is missing", "mode = \"observe\""),
        ("a file of comments", "# nothing\n\n".into(), 1, "`mode` is missing", "\"remediate\""),
        (
            "an unknown mode",
            "mode = \"enforce\"".into(),
            1,
            "`mode` can't be `enforce`",
            "observe, page, remediate",
        ),
        ("a mode in capitals", "mode = \"Observe\"".into(), 1, "`Observe`", "observe, page, remediate"),
        (
            "a mode that is no text",
            "\nmode = true".into(),
            2,
            "`mode` is of the wrong type (boolean)",
            "text in quotes",
        ),
        ("no TOML", "mode = \"page\"\n[log_groups\n".into(), 2, "", "valid TOML"),
        ("a key without a value", "mode =\n".into(), 1, "", "valid TOML"),
        (
            "a key that stands twice",
            "mode = \"page\"\nmode = \"observe\"\n".into(),
            2,
            "duplicate",
            "valid TOML",
        ),
        ("a table that stands twice", page("[keys]\n[pages]\n[keys]\n"), 4, "duplicate", "valid TOML"),
        ("an unknown table", page("[loggroups]\n"), 2, "unknown key `loggroups` in the file", "log_groups"),
        (
            "an unknown key",
            page("[log_groups]\nkey = \"alias/logs\"\n"),
            3,
            "unknown key `key` in `log_groups`",
            "approved_keys",
        ),
        (
            "an unknown key of a rule",
            format!("{}kms = 1\n", rule("\"alias/logs\"")),
            5,
            "unknown key `kms` in `log_groups.keys[0]`",
            "match, key",
        ),
        (
            "a table that is none",
            page("log_groups = 3\n"),
            2,
            "`log_groups` is of the wrong type (integer)",
            "a table",
        ),
        (
            "one rule for a list",
            page("[log_groups.keys]\nmatch = \"*\"\nkey = \"alias/logs\"\n"),
            2,
            "`log_groups.keys` is of the wrong type (table)",
            "[[log_groups.keys]]",
        ),
        (
            "a rule that is no table",
            page("log_groups.keys = [\n \"alias/logs\",\n]\n"),
            3,
            "`log_groups.keys` is of the wrong type (string)",
            "[[log_groups.keys]]",
        ),
        (
            "a rule without match",
            page("\n[[log_groups.keys]]\nkey = \"alias/logs\"\n"),
            3,
            "`log_groups.keys[0].match` is missing",
            "wildcard over log-group names",
        ),
        (
            "a rule without key",
            page("\n[[log_groups.keys]]\nmatch = \"*\"\n"),
            3,
            "`log_groups.keys[0].key` is missing",
            "alias/logs",
        ),
        ("a key id", rule("\"1234abcd-12ab-34cd-56ef-1234567890ab\""), 4, "is not a key", "a key ARN"),
        ("a bare name", rule("\"logs\""), 4, "`logs` is not a key", "alias/logs"),
        ("an empty key", rule("\"\""), 4, "is not a key", "alias/logs"),
        ("another service's ARN", rule("\"arn:aws:s3:::bucket\""), 4, "is not a key", "an alias ARN"),
        ("an ARN without account", rule("\"arn:aws:kms:us-east-1::key/abc\""), 4, "is not a key", "key ARN"),
        (
            "an ARN of the wrong partition",
            rule("\"arn:aws-cn:kms:us-east-1:111122223333:alias/logs\""),
            4,
            "is not a key",
            "{partition}",
        ),
        (
            "an unknown placeholder",
            rule("\"alias/{environment}\""),
            4,
            "is not a key",
            "{partition}, {region} and {account}",
        ),
        ("a wildcard as a rule's key", rule("\"alias/logs-*\""), 4, "is not a key", "alias/logs"),
        ("a key with a line break", rule("\"alias/a\\nb\""), 4, "`alias/a\\u{a}b`", "alias/logs"),
        (
            "an approved key that is none",
            page("[log_groups]\napproved_keys = [\n  \"alias/ok\",\n  \"nonsense\",\n]\n"),
            5,
            "`nonsense` is not a key",
            "alias",
        ),
        (
            "an approved key that is no text",
            page("log_groups.approved_keys = [7]\n"),
            2,
            "wrong type (integer)",
            "texts in quotes",
        ),
        (
            "approved keys that are no list",
            page("log_groups.approved_keys = \"alias/logs\"\n"),
            2,
            "wrong type (string)",
            "list of texts",
        ),
        (
            "a wildcard over aliases",
            page("log_groups.approved_keys = [\"arn:aws:kms:*:111122223333:alias/*\"]\n"),
            2,
            "wildcard over aliases",
            "key ARNs",
        ),
        (
            "a hidden rule",
            page(
                "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/a\"\n[[log_groups.keys]]\nmatch = \"/payments/*\"\nkey = \"alias/b\"\n",
            ),
            6,
            "the rule for `/payments/*` never applies: `*` on line 2",
            "narrower rule above",
        ),
        (
            "a rule that stands twice",
            page(
                "[[log_groups.keys]]\nmatch = \"/a\"\nkey = \"alias/a\"\n[[log_groups.keys]]\nmatch = \"/a\"\nkey = \"alias/a\"\n",
            ),
            6,
            "never applies: `/a` on line 2",
            "remove it",
        ),
        (
            "a rule hidden by one with a bad key",
            page(
                "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"bad\"\n[[log_groups.keys]]\nmatch = \"/a\"\nkey = \"alias/a\"\n",
            ),
            4,
            "`bad` is not a key",
            "alias",
        ),
        (
            "an unknown requirement",
            page("[trails]\nrequire = [\"logging\", \"encrypted\"]\n"),
            3,
            "`trails.require` can't be `encrypted`",
            "encryption, logging, multi-region, validation, management-events",
        ),
        (
            "a trail key that is none",
            page("[trails]\nkey = \"trails\"\n"),
            3,
            "`trails` is not a key",
            "alias",
        ),
        (
            "a bucket by its ARN",
            page("[trails]\nbuckets = [\n \"example-trail-logs\",\n \"arn:aws:s3:::example\",\n]\n"),
            5,
            "`arn:aws:s3:::example` is no wildcard over bucket names",
            "bare name",
        ),
        (
            "a bucket with a prefix",
            page("[trails]\nbuckets = [\"example-trail-logs/AWSLogs\"]\n"),
            3,
            "`example-trail-logs/AWSLogs` is no wildcard",
            "bare name",
        ),
        (
            "a bucket in capitals",
            page("[trails]\nbuckets = [\"Example\"]\n"),
            3,
            "`Example` is no wildcard",
            "bare name",
        ),
        (
            "a bucket without a name",
            page("[trails]\nbuckets = [\"\"]\n"),
            3,
            "`` is no wildcard",
            "bare name",
        ),
        ("a bucket that is no list", page("[trails]\nbuckets = \"a\"\n"), 3, "`trails.buckets`", "list"),
        ("zero days", page("[keys]\nin_use_days = 0\n"), 3, "`keys.in_use_days`", "1 to 65535"),
        (
            "days below zero",
            page("[keys]\nin_use_days = -1\n"),
            3,
            "`keys.in_use_days`",
            "whole number of days",
        ),
        (
            "too many days",
            page("[keys]\nin_use_days = 65536\n"),
            3,
            "`keys.in_use_days`",
            "whole number of days",
        ),
        (
            "days in quotes",
            page("[keys]\nin_use_days = \"90\"\n"),
            3,
            "wrong type (string)",
            "whole number of days",
        ),
        ("half a day", page("[keys]\nin_use_days = 0.5\n"), 3, "wrong type (float)", "whole number of days"),
        (
            "protection that is no alias",
            page("[keys]\nprotect = [\"prod-*\"]\n"),
            3,
            "`prod-*` is no wildcard over aliases",
            "alias/prod-*",
        ),
        (
            "a tag that is no text",
            page("[keys]\nprotect_tags = { tier = 1 }\n"),
            3,
            "`keys.protect_tags.tier` is of the wrong type",
            "text in quotes",
        ),
        (
            "an unknown severity",
            page("[pages]\nfrom = \"warning\"\n"),
            3,
            "`pages.from` can't be `warning`",
            "info, low, medium, high, critical",
        ),
        (
            "a runbook without TLS",
            page("[pages]\nrunbook = \"http://wiki.example.com\"\n"),
            3,
            "no https address",
            "https://wiki.example.com/sealwatch",
        ),
        (
            "a runbook with an anchor",
            page("[pages]\nrunbook = \"https://wiki.example.com/#top\"\n"),
            3,
            "no https address",
            "without a `#` part",
        ),
        (
            "a runbook of two lines",
            page("[pages]\nrunbook = \"https://wiki.example.com/\\nx\"\n"),
            3,
            "no https address",
            "https://",
        ),
        (
            "an exemption without reason",
            page("\n[[exempt]]\nguard = \"key\"\nmatch = \"x\"\n"),
            3,
            "`exempt[0].reason` is missing",
            "audits",
        ),
        (
            "an exemption with a blank reason",
            page(&EXEMPT.replace("\"r\"", "\"  \"")),
            5,
            "empty `reason`",
            "say why",
        ),
        (
            "an exemption without guard",
            page("[[exempt]]\nmatch = \"x\"\nreason = \"r\"\n"),
            2,
            "without `guard`",
            "\"log-group\", \"trail\" or \"key\"",
        ),
        (
            "an exemption of an unknown guard",
            page(&EXEMPT.replace("\"key\"", "\"log_group\"")),
            3,
            "can't be `log_group`",
            "log-group, trail, key",
        ),
        (
            "an exemption of nothing",
            page("[[exempt]]\nguard = \"key\"\nreason = \"r\"\n"),
            2,
            "exactly one of `match`, `tag`, `principal`; this one has 0",
            "one thing an entry",
        ),
        (
            "an exemption of two things",
            page(&format!("{EXEMPT}principal = \"*\"\n")),
            2,
            "this one has 2",
            "one thing an entry",
        ),
        (
            "an exempt principal that is a name",
            page("[[exempt]]\nguard = \"key\"\nprincipal = \"break-glass\"\nreason = \"r\"\n"),
            4,
            "`break-glass` is no wildcard over ARNs",
            "arn:aws:iam::",
        ),
        (
            "an exempt tag that is a text",
            page("[[exempt]]\nguard = \"key\"\ntag = \"tier\"\nreason = \"r\"\n"),
            4,
            "`exempt[0].tag` is of the wrong type",
            "a table",
        ),
        (
            "an exempt tag without value",
            page("[[exempt]]\nguard = \"key\"\ntag = { key = \"tier\" }\nreason = \"r\"\n"),
            4,
            "`exempt[0].tag.value` is missing",
            "the tag's value",
        ),
        (
            "a date in quotes",
            page(&format!("{EXEMPT}until = \"2027-01-31\"\n")),
            6,
            "`exempt[0].until` is of the wrong type (string)",
            "without quotes",
        ),
        (
            "a date with a time",
            page(&format!("{EXEMPT}until = 2027-01-31T00:00:00Z\n")),
            6,
            "`exempt[0].until`",
            "2027-01-31",
        ),
        ("a day that no month has", page(&format!("{EXEMPT}until = 2027-02-30\n")), 6, "", ""),
        (
            "one exemption for a list",
            page("[exempt]\nguard = \"key\"\nmatch = \"x\"\nreason = \"r\"\n"),
            2,
            "`exempt` is of the wrong type",
            "[[exempt]]",
        ),
        (
            "an unknown key of an exemption",
            page(&format!("{EXEMPT}expires = 2027-01-31\n")),
            6,
            "unknown key `expires` in `exempt[0]`",
            "until",
        ),
    ];
    for (name, text, line, problem, remedy) in cases {
        let found = faults(&text);
        let first = found.first().unwrap();
        assert_eq!(first.line, line, "{name}: {first}");
        assert!(first.problem.contains(problem), "{name}: {first}");
        assert!(first.remedy.contains(remedy), "{name}: {first}");
        assert!(!first.problem.is_empty() && !first.remedy.is_empty(), "{name}");
        assert!(!first.to_string().contains('\n'), "{name}: {first}");
        // The same fault on the same line where lines end as they do on Windows.
        let windows = faults(&text.replace('\n', "\r\n"));
        assert_eq!(windows, found, "{name}");
    }
}

#[test]
fn all_faults_are_told_in_the_order_of_their_lines() {
    let found = faults(
        "mode = \"enforce\"\nextra = 1\n[log_groups]\napproved_keys = [\"a\", \"b\"]\n[[log_groups.keys]]\nkey = \"c\"\n[trails]\nrequire = [\"all\"]\n[[exempt]]\nguard = \"nobody\"\nuntil = \"soon\"\n[pages]\nfrom = \"loud\"\nrunbook = \"wiki\"\n",
    );
    let lines: Vec<usize> = found.iter().map(|fault| fault.line).collect();
    // The exemption lacks a reason and what it exempts, beside a bad guard and a bad date.
    assert_eq!(lines, [1, 2, 4, 4, 5, 6, 8, 9, 9, 10, 11, 13, 14], "{found:#?}");
    let shown = super::Faults(found.clone()).to_string();
    assert_eq!(shown.lines().count(), found.len());
    assert!(
        shown.starts_with(
            "line 1, column 8: `mode` can't be `enforce`; write one of: observe, page, remediate"
        ),
        "{shown}"
    );
}

#[test]
fn columns_count_characters_and_not_bytes() {
    for (name, text, line, column) in [
        (
            "behind letters of two bytes",
            "mode = \"page\"\nkeys = { protect_tags = { \"schlüssel\" = 1 } }",
            2,
            41,
        ),
        ("behind a tab", "mode = \"page\"\n[keys]\n\tnext = 1", 3, 2),
        ("behind a comment of wide characters", "# ключ 鍵 🔑\nmode = 1", 2, 8),
    ] {
        let found = faults(text);
        let first = found.first().unwrap();
        assert_eq!((first.line, first.column), (line, column), "{name}: {first}");
    }
}

#[test]
fn a_fault_shows_hostile_text_escaped_and_cut() {
    let found =
        faults(&format!("mode = \"page\"\n[pages]\nfrom = \"\\u001b[2J\\u202e{}\"", "x".repeat(10_000)));
    let shown = found.first().unwrap().to_string();
    assert!(shown.contains(r"\u{1b}[2J\u{202e}x"), "{shown}");
    assert!(shown.len() < 400, "{shown}");
}

#[test]
fn an_exemption_ends_with_its_last_day_in_utc() {
    let text = "mode = \"page\"\n[[exempt]]\nguard = \"key\"\nmatch = \"x\"\nreason = \"r\"\nuntil = 2027-01-31\n[[exempt]]\nguard = \"key\"\nmatch = \"y\"\nreason = \"r\"\n";
    let policy = parsed(text);
    let live = |time: &str| -> Vec<usize> {
        policy.exemptions_of(Guard::Key, at(time)).map(|exemption| exemption.line).collect()
    };
    for (name, time, expected) in [
        ("long before", "2020-01-01T00:00:00Z", vec![2, 7]),
        ("the day before", "2027-01-30T23:59:59Z", vec![2, 7]),
        ("the first moment of the last day", "2027-01-31T00:00:00Z", vec![2, 7]),
        ("the last moment of the last day", "2027-01-31T23:59:59.999Z", vec![2, 7]),
        ("the first moment after", "2027-02-01T00:00:00Z", vec![7]),
        ("after, though not yet so in the west", "2027-01-31T20:00:00-08:00", vec![7]),
        ("long after", "2099-01-01T00:00:00Z", vec![7]),
    ] {
        assert_eq!(live(time), expected, "{name}");
    }
    assert_eq!(policy.exemptions_of(Guard::LogGroup, at("2020-01-01T00:00:00Z")).count(), 0);
}

fn exempt_principal(pattern: &str) -> Exemption {
    let text = format!(
        "mode = \"page\"\n[[exempt]]\nguard = \"log-group\"\nprincipal = '{pattern}'\nreason = \"r\"\n"
    );
    parsed(&text).exemptions.remove(0)
}

#[test]
fn a_caller_is_exempt_by_what_it_can_not_choose() {
    const ROLE: &str = "arn:aws:iam::111122223333:role/break-glass";
    let session = |arn: &str, issuer: Option<&str>| Actor {
        arn: Some(Untrusted::new(arn)),
        issuer: issuer.map(Untrusted::new),
        ..Actor::default()
    };
    let role = "arn:aws:iam::111122223333:role/break-glass*";
    let by_session = "arn:aws:sts::111122223333:assumed-role/break-glass/*";
    for (name, pattern, arn, issuer, expected) in [
        (
            "the role's session",
            role,
            "arn:aws:sts::111122223333:assumed-role/break-glass/ada",
            Some(ROLE),
            true,
        ),
        (
            "the role's session without an issuer",
            role,
            "arn:aws:sts::111122223333:assumed-role/break-glass/ada",
            None,
            true,
        ),
        (
            "another role",
            role,
            "arn:aws:sts::111122223333:assumed-role/Deploy/ada",
            Some("arn:aws:iam::111122223333:role/Deploy"),
            false,
        ),
        (
            "a role of that name in another account",
            role,
            "arn:aws:sts::444455556666:assumed-role/break-glass/ada",
            Some("arn:aws:iam::444455556666:role/break-glass"),
            false,
        ),
        (
            "a role of that name under a path",
            role,
            "arn:aws:sts::111122223333:assumed-role/break-glass/ada",
            Some("arn:aws:iam::111122223333:role/teams/break-glass"),
            false,
        ),
        (
            "a session called like the role",
            role,
            "arn:aws:sts::111122223333:assumed-role/Deploy/break-glass",
            None,
            false,
        ),
        (
            "any name with that ending, as a session name",
            "arn:aws:*::*:*break-glass",
            "arn:aws:sts::111122223333:assumed-role/Deploy/break-glass",
            None,
            false,
        ),
        (
            "any name with that ending, as a session name beside its issuer",
            "arn:aws:*::*:*break-glass",
            "arn:aws:sts::111122223333:assumed-role/Deploy/break-glass",
            Some("arn:aws:iam::111122223333:role/Deploy"),
            false,
        ),
        (
            "any name with that piece, as a federated user",
            "arn:aws:*::*:*break-glass*",
            "arn:aws:sts::111122223333:federated-user/break-glass",
            None,
            false,
        ),
        (
            "a federated user that the pattern names as one",
            "arn:aws:sts::111122223333:federated-user/ada",
            "arn:aws:sts::111122223333:federated-user/ada",
            None,
            true,
        ),
        (
            "a session name that holds a session",
            "arn:*:iam::*:role/break-glass*",
            "arn:aws:sts::111122223333:assumed-role/Deploy/x:assumed-role/break-glass/y",
            None,
            false,
        ),
        (
            "a user whose path holds a session",
            "arn:*:iam::*:role/break-glass*",
            "arn:aws:iam::111122223333:user/x:assumed-role/break-glass/ada",
            None,
            false,
        ),
        (
            "a pattern over sessions",
            by_session,
            "arn:aws:sts::111122223333:assumed-role/break-glass/ada",
            Some(ROLE),
            true,
        ),
        (
            "a pattern over sessions, another role",
            by_session,
            "arn:aws:sts::111122223333:assumed-role/Deploy/break-glass",
            None,
            false,
        ),
        (
            "a pattern for one session",
            "arn:aws:sts::111122223333:assumed-role/Deploy/pipeline",
            "arn:aws:sts::111122223333:assumed-role/Deploy/pipeline",
            Some("arn:aws:iam::111122223333:role/Deploy"),
            true,
        ),
        ("a user", "arn:aws:iam::111122223333:user/ada", "arn:aws:iam::111122223333:user/ada", None, true),
        (
            "a user with a longer name",
            "arn:aws:iam::111122223333:user/ada",
            "arn:aws:iam::111122223333:user/adam",
            None,
            false,
        ),
        (
            "in other capitals",
            "arn:aws:iam::111122223333:user/ada",
            "arn:aws:iam::111122223333:user/Ada",
            None,
            false,
        ),
        ("everybody", "arn:*:*:*:*:*", "arn:aws:sts::111122223333:assumed-role/Deploy/ada", None, true),
        ("root", "arn:aws:iam::*:root", "arn:aws:iam::111122223333:root", None, true),
    ] {
        let actor = session(arn, issuer);
        assert_eq!(exempt_principal(pattern).covers_actor(&actor), expected, "{name}");
    }
}

#[test]
fn a_caller_without_an_arn_is_never_exempt() {
    let actor = Actor {
        issuer: Some(Untrusted::new("arn:aws:iam::111122223333:role/break-glass")),
        invoked_by: Some(Untrusted::new("arn:aws:iam::111122223333:role/break-glass")),
        principal_id: Some(Untrusted::new("arn:aws:iam::111122223333:role/break-glass")),
        ..Actor::default()
    };
    assert!(!exempt_principal("arn:*:*:*:*:*").covers_actor(&actor));
    assert!(!exempt_principal("arn:*:*:*:*:*").covers_actor(&Actor::default()));
}

#[test]
fn an_exemption_covers_only_its_own_kind() {
    let policy = parsed(
        "mode = \"page\"\n[[exempt]]\nguard = \"log-group\"\nmatch = \"/dev/*\"\nreason = \"r\"\n[[exempt]]\nguard = \"log-group\"\ntag = { key = \"tier\", value = \"dev*\" }\nreason = \"r\"\n",
    );
    let tagged = |value: &str| BTreeMap::from([("tier".to_owned(), value.to_owned())]);
    let [by_name, by_tag] = policy.exemptions.as_slice() else { panic!("{policy:?}") };
    assert!(by_name.covers_name("/dev/api") && by_name.covers_name("/dev/"));
    assert!(
        !by_name.covers_name("/dev") && !by_name.covers_name("/prod/dev/") && !by_name.covers_name("/DEV/x")
    );
    assert!(!by_name.covers_tags(&tagged("dev*")) && !by_name.covers_actor(&Actor::default()));
    // A tag is compared as it stands: a value with a star is no wildcard.
    assert!(by_tag.covers_tags(&tagged("dev*")) && !by_tag.covers_tags(&tagged("dev1")));
    assert!(!by_tag.covers_tags(&BTreeMap::new()) && !by_tag.covers_name("/dev/api"));
}

#[test]
fn placeholders_stand_for_the_place_of_the_resource() {
    const OPEN: &str = "arn:{partition}:kms:{region}:{account}:alias/logs";
    for (name, template, region, expected) in [
        ("commercial", OPEN, "eu-central-1", Some("arn:aws:kms:eu-central-1:111122223333:alias/logs")),
        ("China", OPEN, "cn-north-1", Some("arn:aws-cn:kms:cn-north-1:111122223333:alias/logs")),
        ("GovCloud", OPEN, "us-gov-west-1", Some("arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/logs")),
        (
            "European sovereign",
            OPEN,
            "eusc-de-east-1",
            Some("arn:aws-eusc:kms:eusc-de-east-1:111122223333:alias/logs"),
        ),
        (
            "a bare alias",
            "alias/logs",
            "cn-northwest-1",
            Some("arn:aws-cn:kms:cn-northwest-1:111122223333:alias/logs"),
        ),
        (
            "inside the alias",
            "alias/logs-{region}",
            "eu-west-1",
            Some("arn:aws:kms:eu-west-1:111122223333:alias/logs-eu-west-1"),
        ),
        (
            "another account's key",
            "arn:{partition}:kms:{region}:444455556666:key/mrk-12",
            "us-east-1",
            Some("arn:aws:kms:us-east-1:444455556666:key/mrk-12"),
        ),
        (
            "China's partition by name, in China",
            "arn:aws-cn:kms:{region}:{account}:alias/logs",
            "cn-north-1",
            Some("arn:aws-cn:kms:cn-north-1:111122223333:alias/logs"),
        ),
        (
            "China's partition by name, elsewhere",
            "arn:aws-cn:kms:{region}:{account}:alias/logs",
            "us-east-1",
            None,
        ),
        (
            "GovCloud's partition by name, in GovCloud",
            "arn:aws-us-gov:kms:{region}:{account}:alias/logs",
            "us-gov-east-1",
            Some("arn:aws-us-gov:kms:us-gov-east-1:111122223333:alias/logs"),
        ),
        (
            "GovCloud's partition by name, elsewhere",
            "arn:aws-us-gov:kms:{region}:{account}:alias/logs",
            "us-east-1",
            None,
        ),
        (
            "an open partition beside a fixed Region",
            "arn:{partition}:kms:cn-north-1:{account}:alias/logs",
            "cn-north-1",
            Some("arn:aws-cn:kms:cn-north-1:111122223333:alias/logs"),
        ),
        (
            "a fixed Region",
            "arn:aws:kms:us-east-1:111122223333:key/abc",
            "eu-west-1",
            Some("arn:aws:kms:us-east-1:111122223333:key/abc"),
        ),
    ] {
        let template = KeyTemplate::parse(template).unwrap_or_else(|error| panic!("{name}: {error}"));
        let key = template.at(&place("111122223333", region)).ok().map(|key| key.to_string());
        assert_eq!(key.as_deref(), expected, "{name}");
    }
}

#[test]
fn an_approved_wildcard_must_match_some_kms_key() {
    let faults = |pattern: &str| {
        Policy::parse(&format!("mode = \"page\"\nlog_groups.approved_keys = [\"{pattern}\"]\n"))
    };
    for pattern in ["arn:aws:kms:*", "arn:*", "arn:*:kms:{region}:{account}:key/*", "arn:aws:k?s:*:*:key/a*"]
    {
        assert!(faults(pattern).is_ok(), "{pattern}");
    }
    for pattern in [
        "arn:aws:logs:*:111122223333:log-group:*",
        "arn:aws:kms:*:111122223333:keys/*",
        "arn:aws:kms:*:111122223333:1a2b*",
        "arn:aws:s3:::*",
    ] {
        let faults = faults(pattern).unwrap_err().0;
        assert!(faults[0].problem.contains("matches no KMS key"), "{pattern}: {faults:?}");
    }
}

#[test]
fn approved_keys_are_keys_or_wildcards_over_key_arns() {
    let policy = parsed(
        "mode = \"page\"\nlog_groups.approved_keys = [\"alias/a\", \"arn:{partition}:kms:{region}:{account}:key/*\", \"arn:aws:kms:*:444455556666:key/mrk-??\"]\n",
    );
    let [alias, own, other] = policy.log_groups.approved_keys.as_slice() else { panic!("{policy:?}") };
    assert!(matches!(alias, ApprovedKey::Key(_)));
    let here = place("111122223333", "cn-north-1");
    for (name, pattern, key, expected) in [
        ("own key", own, "arn:aws-cn:kms:cn-north-1:111122223333:key/abc", true),
        ("another account's", own, "arn:aws-cn:kms:cn-north-1:444455556666:key/abc", false),
        ("another Region's", own, "arn:aws-cn:kms:cn-northwest-1:111122223333:key/abc", false),
        ("by number of characters", other, "arn:aws:kms:eu-west-1:444455556666:key/mrk-12", true),
        ("too long", other, "arn:aws:kms:eu-west-1:444455556666:key/mrk-123", false),
        ("an alias is no wildcard", alias, "alias/a", false),
    ] {
        assert_eq!(pattern.is_pattern_of(key, &here), expected, "{name}");
    }
}

#[test]
fn rules_that_only_overlap_hide_nothing() {
    let policy = parsed(
        "mode = \"page\"\n[[log_groups.keys]]\nmatch = \"/a/*\"\nkey = \"alias/a\"\n[[log_groups.keys]]\nmatch = \"*/b\"\nkey = \"alias/b\"\n[[log_groups.keys]]\nmatch = \"/a\"\nkey = \"alias/c\"\n",
    );
    for (group, expected) in
        [("/a/b", Some("alias/a")), ("/x/b", Some("alias/b")), ("/a", Some("alias/c")), ("/x", None)]
    {
        assert_eq!(policy.key_rule(group).map(|rule| rule.key.as_str()), expected, "{group}");
    }
}
