//! Keys in a policy: placeholders, approved keys and wildcards, and which rule's key a group gets.

use super::super::{ApprovedKey, KeyTemplate};
use super::*;
use crate::names::{AccountId, Place, Region};

fn place(account: &str, region: &str) -> Place {
    Place { account: AccountId::parse(account).unwrap(), region: Region::parse(region).unwrap() }
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
