//! Exemptions: how long one holds, whom and what it covers, and the faults in how one is written.

use super::*;
use crate::change::Actor;
use crate::untrusted::Untrusted;
use jiff::Timestamp;

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

#[test]
fn a_fault_in_an_exemption_says_where_what_and_what_to_do() {
    const EXEMPT: &str = "[[exempt]]\nguard = \"key\"\nmatch = \"x\"\nreason = \"r\"\n";
    check(vec![
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
    ]);
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
