//! The sections `[trails]`, `[keys]` and `[pages]`: every value they take, and the faults of others.

use super::*;

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
fn a_fault_in_the_trails_says_where_what_and_what_to_do() {
    check(vec![
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
    ]);
}

#[test]
fn a_fault_in_the_keys_says_where_what_and_what_to_do() {
    check(vec![
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
    ]);
}

#[test]
fn a_fault_in_the_pages_says_where_what_and_what_to_do() {
    check(vec![
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
    ]);
}
