//! Wildcards of policy files and key policies: `*` is any run of characters, `?` exactly one.
//!
//! No other character is special, so brackets, braces and slashes match themselves. Glob crates read
//! those as syntax and would be wrong for ARNs and log-group names.

use std::collections::BTreeSet;
use wildmatch::WildMatch;

/// Whether `text` matches `pattern` as a whole, case-sensitively.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    WildMatch::new(pattern).matches(text)
}

/// Whether `text` matches `pattern` as a whole, ignoring ASCII case (IAM action names).
#[must_use]
pub fn matches_ignore_case(pattern: &str, text: &str) -> bool {
    matches(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
}

/// Whether an ARN matches a pattern of six parts, each part on its own.
///
/// A `*` in the account's place must not reach into the resource, whose path somebody else may choose.
#[must_use]
pub fn matches_arn(pattern: &str, arn: &str) -> bool {
    let (patterns, parts) = (pattern.splitn(6, ':'), arn.splitn(6, ':'));
    let six = patterns.clone().count() == 6 && parts.clone().count() == 6;
    six && patterns.zip(parts).all(|(pattern, part)| matches(pattern, part))
}

/// Whether everything that `narrow` matches, `wide` matches too.
///
/// Exact except for runs of `?` and `*` that only together say the same; there it says `false`.
#[must_use]
pub fn covers(wide: &str, narrow: &str) -> bool {
    let narrow: Vec<char> = narrow.chars().collect();
    // reachable[n]: the part of `wide` read so far covers the first n characters of `narrow`.
    let mut reachable = vec![false; narrow.len() + 1];
    if let Some(first) = reachable.first_mut() {
        *first = true;
    }
    for token in wide.chars() {
        let mut next = vec![false; reachable.len()];
        let mut any_before = false;
        for (index, reached) in reachable.iter().enumerate() {
            any_before |= *reached;
            let step = match token {
                '*' => any_before.then_some(index),
                '?' => (*reached && narrow.get(index).is_some_and(|character| *character != '*'))
                    .then_some(index + 1),
                literal => (*reached && narrow.get(index) == Some(&literal)).then_some(index + 1),
            };
            if let Some(slot) = step.and_then(|position| next.get_mut(position)) {
                *slot = true;
            }
        }
        reachable = next;
    }
    reachable.last().copied().unwrap_or(false)
}

/// Whether some text matches both patterns.
#[must_use]
pub fn overlap(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    // How far into each pattern a common text may reach.
    let mut reached = BTreeSet::new();
    let mut open = vec![(0, 0)];
    while let Some((at, beside)) = open.pop() {
        if !reached.insert((at, beside)) {
            continue;
        }
        match (one.get(at), other.get(beside)) {
            (None, None) => return true,
            // The star ends here, or takes what the other pattern asks for.
            (Some('*'), Some(_)) | (Some(_), Some('*')) => open.extend([(at + 1, beside), (at, beside + 1)]),
            (Some('*'), None) => open.push((at + 1, beside)),
            (None, Some('*')) => open.push((at, beside + 1)),
            (Some(a), Some(b)) if a == b || *a == '?' || *b == '?' => open.push((at + 1, beside + 1)),
            (Some(_) | None, Some(_) | None) => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;

    /// The oracle: the same wildcard written as a regular expression.
    fn oracle(pattern: &str, text: &str) -> bool {
        let mut expression = String::from(r"(?s)\A");
        for character in pattern.chars() {
            match character {
                '*' => expression.push_str(".*"),
                '?' => expression.push('.'),
                other => expression.push_str(&regex::escape(&other.to_string())),
            }
        }
        expression.push_str(r"\z");
        Regex::new(&expression).unwrap().is_match(text)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn agrees_with_a_regular_expression(pattern in "[ab/\\[\\]{}:*?.-]{0,12}", text in "[ab/\\[\\]{}:.*?-]{0,14}") {
            prop_assert_eq!(matches(&pattern, &text), oracle(&pattern, &text), "{} on {}", pattern, text);
        }

        #[test]
        fn agrees_on_unicode_and_newlines(pattern in "[aé*?\n]{0,8}", text in "[aé🔑\n]{0,8}") {
            prop_assert_eq!(matches(&pattern, &text), oracle(&pattern, &text));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_covered_never_matches_alone(wide in "[ab*?]{0,6}", narrow in "[ab*?]{0,6}", text in "[ab]{0,8}") {
            if covers(&wide, &narrow) && matches(&narrow, &text) {
                prop_assert!(matches(&wide, &text), "{} covers {}, but not on {}", wide, narrow, text);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_both_match_is_an_overlap(one in "[ab*?]{0,6}", other in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            if matches(&one, &text) && matches(&other, &text) {
                prop_assert!(overlap(&one, &other), "{} and {} share {}", one, other, text);
            }
        }

        #[test]
        fn with_a_text_an_overlap_is_a_match(pattern in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            prop_assert_eq!(overlap(&pattern, &text), matches(&pattern, &text));
        }
    }

    #[test]
    fn an_arns_parts_match_one_by_one() {
        let pattern = "arn:aws:iam::*:role/break-glass*";
        assert!(matches_arn(pattern, "arn:aws:iam::111122223333:role/break-glass-eu"));
        assert!(!matches_arn(pattern, "arn:aws:iam::111122223333:user/:role/break-glass/mallory"));
        assert!(!matches_arn(pattern, "arn:aws:iam::111122223333:role/:role/break-glass/mallory"));
        assert!(!matches_arn("arn:*:role/x", "arn:aws:iam::111122223333:role/x"));
    }

    #[test]
    fn wider_patterns_cover_narrower_ones() {
        for (wide, narrow, expected) in [
            ("*", "/payments/*", true),
            ("/payments/*", "/payments/eu/*", true),
            ("/payments/*", "*", false),
            ("/pay?/*", "/pays/x", true),
            ("/pay?/*", "/pay*/x", false),
            ("/a/*/c", "/a/b/*/c", true),
            ("/a/*/c", "/a/b*", false),
            ("same", "same", true),
            ("**", "?", true),
        ] {
            assert_eq!(covers(wide, narrow), expected, "{wide} over {narrow}");
        }
    }

    #[test]
    fn special_characters_of_globs_match_themselves() {
        assert!(matches("/aws/[x]/{y}", "/aws/[x]/{y}"));
        assert!(!matches("/aws/[xy]", "/aws/x"));
        assert!(matches("/aws/*", "/aws/lambda/deep/name"));
        assert!(!matches("/app/foo", "/app/foobar"));
        assert!(matches("*", ""));
        assert!(!matches("?", ""));
        assert!(matches_ignore_case("KMS:generatedatakey*", "kms:GenerateDataKeyWithoutPlaintext"));
    }
}
