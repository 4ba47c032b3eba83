//! Faults of the file as a whole and of `[log_groups]`: where each is, what it is, what to do.

use super::super::Faults;
use super::*;

#[test]
fn a_fault_says_where_what_and_what_to_do() {
    check(vec![
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
            "a table that is none",
            page("log_groups = 3\n"),
            2,
            "`log_groups` is of the wrong type (integer)",
            "a table",
        ),
    ]);
}

#[test]
fn a_fault_in_a_key_rule_says_where_what_and_what_to_do() {
    let rule = |key: &str| format!("mode = \"page\"\n[[log_groups.keys]]\nmatch = \"*\"\nkey = {key}\n");
    check(vec![
        (
            "an unknown key of a rule",
            format!("{}kms = 1\n", rule("\"alias/logs\"")),
            5,
            "unknown key `kms` in `log_groups.keys[0]`",
            "match, key",
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
    ]);
}

#[test]
fn a_fault_in_the_approved_keys_says_where_what_and_what_to_do() {
    check(vec![
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
    ]);
}

#[test]
fn all_faults_are_told_in_the_order_of_their_lines() {
    let found = faults(
        "mode = \"enforce\"\nextra = 1\n[log_groups]\napproved_keys = [\"a\", \"b\"]\n[[log_groups.keys]]\nkey = \"c\"\n[trails]\nrequire = [\"all\"]\n[[exempt]]\nguard = \"nobody\"\nuntil = \"soon\"\n[pages]\nfrom = \"loud\"\nrunbook = \"wiki\"\n",
    );
    let lines: Vec<usize> = found.iter().map(|fault| fault.line).collect();
    // The exemption lacks a reason and what it exempts, beside a bad guard and a bad date.
    assert_eq!(lines, [1, 2, 4, 4, 5, 6, 8, 9, 9, 10, 11, 13, 14], "{found:#?}");
    let shown = Faults(found.clone()).to_string();
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
