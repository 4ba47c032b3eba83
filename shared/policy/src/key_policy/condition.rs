//! Whether one condition of a statement holds for what is known about a request.
//!
//! String, ARN, Bool and Null operators are evaluated with IAM's rules for absent keys, `…IfExists` and the
//! set operators. Any other operator, and any key about which nothing is known, is a doubt, never an answer.

use super::meet::can_meet;
use super::statement::{Condition, Text, excerpt};
use super::truth::Truth;
use crate::untrusted::clean;
use crate::wildcard;
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a condition that are told at most.
const TOLD: usize = 200;

/// What is known about one context key of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextValue {
    /// The key is there with exactly these values (several only for a multi-valued key).
    Present(Vec<String>),
    /// The key may be missing; if it is there, its value is one of these.
    PresentIfAtAll(Vec<String>),
    /// The key is there with one value, of which only patterns are known; it matches one of these.
    Like(Vec<String>),
    /// The key isn't in the request.
    Absent,
    /// Nothing is known.
    Unknown,
}

/// The context of a request. Keys are case-insensitive; a key that nothing is said about is `Unknown`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestContext {
    keys: BTreeMap<String, ContextValue>,
    families: BTreeMap<String, ContextValue>,
}

impl RequestContext {
    /// Says what is known about `key`.
    #[must_use]
    pub fn with(mut self, key: &str, value: ContextValue) -> Self {
        self.keys.insert(key.to_ascii_lowercase(), value);
        self
    }

    /// Says what is known about every key that begins with `prefix` and isn't named itself.
    #[must_use]
    pub fn with_family(mut self, prefix: &str, value: ContextValue) -> Self {
        self.families.insert(prefix.to_ascii_lowercase(), value);
        self
    }

    /// What is known about `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> &ContextValue {
        let key = key.to_ascii_lowercase();
        self.keys
            .get(&key)
            // Of nested families the longest prefix speaks: it is the last one in order.
            .or_else(|| {
                self.families.iter().rev().find(|(prefix, _)| key.starts_with(*prefix)).map(|(_, v)| v)
            })
            .unwrap_or(&ContextValue::Unknown)
    }
}

/// A condition operator taken apart, such as `ForAnyValue:StringNotLikeIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Compare { how: Comparison, sense: Sense, scope: Scope, absent: Absence },
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equals,
    EqualsIgnoreCase,
    Like,
    Arn,
    Bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    /// One of the policy's values matches.
    Positive,
    /// None of them does.
    Negated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Single,
    ForAnyValue,
    ForAllValues,
}

/// What holds of a key that the request doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absence {
    AsOperatorSays,
    IfExists,
}

impl Operator {
    /// `None` for an operator that isn't evaluated here (numbers, dates, addresses, unknown ones).
    fn read(name: &str) -> Option<Self> {
        use Comparison::{Arn, Bool, Equals, EqualsIgnoreCase, Like};
        use Sense::{Negated, Positive};
        let name = name.to_ascii_lowercase();
        if name == "null" {
            return Some(Self::Null);
        }
        let (scope, name) = match name.split_once(':') {
            None => (Scope::Single, name.as_str()),
            Some(("foranyvalue", rest)) => (Scope::ForAnyValue, rest),
            Some(("forallvalues", rest)) => (Scope::ForAllValues, rest),
            Some(_) => return None,
        };
        let (absent, name) = match name.strip_suffix("ifexists") {
            Some(name) => (Absence::IfExists, name),
            None => (Absence::AsOperatorSays, name),
        };
        let (how, sense) = match name {
            "stringequals" => (Equals, Positive),
            "stringnotequals" => (Equals, Negated),
            "stringequalsignorecase" => (EqualsIgnoreCase, Positive),
            "stringnotequalsignorecase" => (EqualsIgnoreCase, Negated),
            "stringlike" => (Like, Positive),
            "stringnotlike" => (Like, Negated),
            // Source: IAM User Guide, "ARN condition operators": ArnEquals and ArnLike behave identically.
            "arnequals" | "arnlike" => (Arn, Positive),
            "arnnotequals" | "arnnotlike" => (Arn, Negated),
            "bool" => (Bool, Positive),
            _ => return None,
        };
        Some(Self::Compare { how, sense, scope, absent })
    }
}

/// Whether `condition` holds in `context`.
pub(super) fn holds(condition: &Condition, context: &RequestContext) -> Truth {
    let Condition { operator: name, key, values } = condition;
    let Some(operator) = Operator::read(name) else {
        return Truth::maybe(format!("the condition operator `{}` isn't evaluated", excerpt(name)));
    };
    let key = excerpt(key);
    if values.is_empty() {
        return Truth::maybe(format!("the condition on `{key}` has no values"));
    }
    let one = |value: &String| Some(vec![value.clone()]);
    if let ContextValue::Like(patterns) = context.get(&condition.key) {
        return holds_like(operator, &key, values, patterns);
    }
    // Every request that is possible by what is known: the key's values, or `None` without the key.
    let possible: Vec<Option<Vec<String>>> = match context.get(&condition.key) {
        ContextValue::Present(values) => vec![Some(values.clone()).filter(|values| !values.is_empty())],
        ContextValue::PresentIfAtAll(forms) => forms.iter().map(one).chain([None]).collect(),
        ContextValue::Absent => vec![None],
        ContextValue::Like(_) | ContextValue::Unknown => Vec::new(),
    };
    let answers: Vec<Truth> =
        possible.iter().map(|present| holds_for(operator, &key, values, present.as_deref())).collect();
    match answers.split_first() {
        Some((first, rest)) if rest.iter().all(|answer| answer == first) => first.clone(),
        Some(_) | None => Truth::maybe(format!("what the request says for `{key}` isn't known")),
    }
}

/// A condition as a sentence has it, cleaned: `StringEquals aws:PrincipalOrgID o-abc`.
pub(super) fn told(condition: &Condition) -> String {
    let Condition { operator, key, values } = condition;
    let values: Vec<&str> = values
        .iter()
        .map(|value| match value {
            Text::Known(text) | Text::Unread(text) => text.as_str(),
        })
        .collect();
    clean(&format!("{operator} {key} {}", values.join(", ")), TOLD)
}

/// Whether `one` never holds where `other` doesn't. Says no where that isn't plain.
pub(super) fn is_no_wider(one: &Condition, other: &Condition) -> bool {
    let same = one.operator.eq_ignore_ascii_case(&other.operator) && one.key.eq_ignore_ascii_case(&other.key);
    let (Some(ones), Some(others), true) = (known(one), known(other), same) else {
        return false;
    };
    match Operator::read(&one.operator) {
        Some(Operator::Compare { sense: Sense::Positive, .. }) => ones.is_subset(&others),
        Some(Operator::Compare { sense: Sense::Negated, .. }) => ones.is_superset(&others),
        Some(Operator::Null) | None => ones == others,
    }
}

/// A condition's values, if all are understood: a reason why not is cut short, and equals nothing.
fn known(condition: &Condition) -> Option<BTreeSet<&str>> {
    let values = condition.values.iter().map(|value| match value {
        Text::Known(text) => Some(text.as_str()),
        Text::Unread(_) => None,
    });
    values.collect()
}

/// Whether the condition holds for one possible request.
///
/// Source: IAM User Guide, "Condition operators" (absent keys, `…IfExists`, Null) and "Set operators".
fn holds_for(operator: Operator, key: &str, values: &[Text], present: Option<&[String]>) -> Truth {
    let (how, sense, scope, absent) = match operator {
        Operator::Null => return is_null(values, present),
        Operator::Compare { how, sense, scope, absent } => (how, sense, scope, absent),
    };
    let Some(present) = present else {
        return match (scope, absent, sense) {
            (Scope::ForAllValues, Absence::AsOperatorSays | Absence::IfExists, _) => Truth::Yes,
            (Scope::ForAnyValue, Absence::AsOperatorSays, _) => Truth::No,
            // "Yes without the key" against "no without a matching value": AWS doesn't say which wins.
            (Scope::ForAnyValue, Absence::IfExists, _) => {
                Truth::maybe(format!("`ForAnyValue` with `IfExists` on `{key}`, which the request lacks"))
            }
            (Scope::Single, Absence::IfExists, _) | (Scope::Single, _, Sense::Negated) => Truth::Yes,
            (Scope::Single, Absence::AsOperatorSays, Sense::Positive) => Truth::No,
        };
    };
    let compare = |actual: &String| {
        let matched = Truth::any(values.iter().map(|value| matches(how, value, actual)));
        match sense {
            Sense::Positive => matched,
            Sense::Negated => matched.not(),
        }
    };
    match (scope, present) {
        (Scope::Single, [actual]) => compare(actual),
        (Scope::Single, _) => Truth::maybe(format!("`{key}` has several values and no set operator")),
        (Scope::ForAnyValue, actual) => Truth::any(actual.iter().map(compare)),
        (Scope::ForAllValues, actual) => Truth::all(actual.iter().map(compare)),
    }
}

/// Whether the condition holds for a value that matches one of these patterns: never if none of them meets the policy's.
fn holds_like(operator: Operator, key: &str, values: &[Text], patterns: &[String]) -> Truth {
    let (how, sense) = match operator {
        Operator::Null => return is_null(values, Some(patterns)),
        Operator::Compare { how, sense, scope: _, absent: _ } => (how, sense),
    };
    let possible = |value: &Text| match (value, how) {
        (Text::Unread(_), _) | (_, Comparison::Bool | Comparison::EqualsIgnoreCase) => true,
        (Text::Known(text), Comparison::Equals) => {
            // Neither an account nor a name has these characters.
            !text.contains(['*', '?']) && patterns.iter().any(|it| wildcard::matches(it, text))
        }
        (Text::Known(text), Comparison::Like) => patterns.iter().any(|it| can_meet(text, it)),
        (Text::Known(text), Comparison::Arn) => patterns.iter().any(|it| arns_meet(text, it)),
    };
    let unknown = || Truth::maybe(format!("what the request says for `{key}` isn't known"));
    match (values.iter().any(possible), sense) {
        (true, Sense::Positive | Sense::Negated) => unknown(),
        (false, Sense::Positive) => Truth::No,
        (false, Sense::Negated) => Truth::Yes,
    }
}

/// `"true"`: the key must be missing. `"false"`: it must be there.
fn is_null(values: &[Text], present: Option<&[String]>) -> Truth {
    let missing = if present.is_none() { "true" } else { "false" };
    Truth::any(values.iter().map(|value| matches(Comparison::Bool, value, missing)))
}

fn matches(how: Comparison, expected: &Text, actual: &str) -> Truth {
    let expected = match expected {
        Text::Known(expected) => expected,
        Text::Unread(why) => return Truth::maybe(why.as_str()),
    };
    match how {
        Comparison::Equals => Truth::from(expected == actual),
        Comparison::EqualsIgnoreCase => Truth::from(expected.eq_ignore_ascii_case(actual)),
        Comparison::Like => Truth::from(wildcard::matches(expected, actual)),
        Comparison::Arn => arn_like(expected, actual),
        Comparison::Bool if ["true", "false"].iter().any(|text| expected.eq_ignore_ascii_case(text)) => {
            Truth::from(expected.eq_ignore_ascii_case(actual))
        }
        Comparison::Bool => Truth::maybe(format!("`{}` is neither true nor false", excerpt(expected))),
    }
}

/// Each of the six parts of an ARN is matched for itself, so that a `*` doesn't cross the first five colons.
///
/// A pattern that isn't a whole ARN matches nothing by AWS's documentation. Where a laxer reading (missing
/// parts are `*`, or the pattern is matched as plain text) would match, that is a doubt: as part of a Deny
/// a wrong "no" would be an allowance.
fn arn_like(pattern: &str, actual: &str) -> Truth {
    let expected: Vec<&str> = pattern.splitn(6, ':').collect();
    let whole = expected.len() == 6;
    match (parts_match(&expected, actual), whole) {
        (parts, true) => Truth::from(parts),
        (parts, false) if parts || wildcard::matches(pattern, actual) => {
            Truth::maybe(format!("the pattern `{}` isn't a whole ARN", excerpt(pattern)))
        }
        (_, false) => Truth::No,
    }
}

/// Whether a whole ARN can match both patterns, part by part; a pattern that isn't whole may mean anything.
fn arns_meet(left: &str, right: &str) -> bool {
    let (left, right): (Vec<&str>, Vec<&str>) =
        (left.splitn(6, ':').collect(), right.splitn(6, ':').collect());
    left.len() != 6 || left.iter().zip(right).all(|(left, right)| can_meet(left, right))
}

/// Whether `pattern` as a `Resource` covers `actual`.
///
/// Source: IAM User Guide, "Resource": a `*` stays within its part of the ARN, and an incomplete ARN is
/// completed with `*`. Tools and older pages match the text as a whole; where the two differ it is a doubt.
pub(super) fn resource_covers(pattern: &str, actual: &str) -> Truth {
    let expected: Vec<&str> = pattern.splitn(6, ':').collect();
    match (parts_match(&expected, actual), wildcard::matches(pattern, actual)) {
        (true, true) => Truth::Yes,
        (false, false) => Truth::No,
        (true, false) | (false, true) => {
            Truth::maybe(format!("whether the resource `{}` covers the key", excerpt(pattern)))
        }
    }
}

/// Compares part by part; a part that the pattern lacks matches anything.
fn parts_match(expected: &[&str], actual: &str) -> bool {
    let actual: Vec<&str> = actual.splitn(6, ':').collect();
    actual.len() == 6 && expected.iter().zip(actual).all(|(pattern, part)| wildcard::matches(pattern, part))
}
