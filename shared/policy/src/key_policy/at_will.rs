//! Conditions that whoever calls can meet: what they compare is for the caller to choose, or everybody has it.
//!
//! Only about Allow statements and callers whose account may be anybody's. A Deny on such a key shuts nobody out.

use super::condition::{ContextValue, RequestContext, holds};
use super::document::KeyPolicy;
use super::meet::meet;
use super::statement::{Condition, Effect, Statement, Text};
use super::truth::Truth;
use std::net::IpAddr;

/// Values of one condition that are tried at most, and conditions on one key: what hostile policies may cost is bounded.
const TRIED: usize = 8;

/// Keys whose value the caller chooses: in the request, by the way it is made, or in an account of their own.
///
/// Source: KMS Developer Guide, "AWS KMS condition keys"; IAM User Guide, "AWS global condition context keys".
const CHOSEN: [&str; 24] = [
    "aws:AssumedRoot",
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalType",
    "aws:Referer",
    "aws:SourceIdentity",
    "aws:TagKeys",
    "aws:UserAgent",
    "aws:username",
    "aws:ViaAWSService",
    "kms:DataKeyPairSpec",
    "kms:EncryptionAlgorithm",
    "kms:EncryptionContextKeys",
    "kms:GrantConstraintType",
    "kms:GrantIsForAWSResource",
    "kms:GrantOperations",
    "kms:KeyAgreementAlgorithm",
    "kms:MacAlgorithm",
    "kms:MessageType",
    "kms:ReEncryptOnSameKey",
    "kms:SigningAlgorithm",
    "kms:ViaService",
];
const CHOSEN_FAMILIES: [&str; 3] = ["aws:principaltag/", "aws:requesttag/", "kms:encryptioncontext:"];

/// Keys that many have a value for, and nobody chooses which: values that share nothing but their form. A caller
/// may also lack the key.
const OWNED: [(&str, [&str; 2]); 6] = [
    ("aws:PrincipalOrgID", ["o-0000000000", "o-zzzzzzzzzz"]),
    (
        "aws:PrincipalOrgPaths",
        ["o-0000000000/r-0000/ou-0000-00000000/", "o-zzzzzzzzzz/r-zzzz/ou-zzzz-zzzzzzzz/"],
    ),
    ("aws:SourceVpc", ["vpc-00000000000000000", "vpc-fffffffffffffffff"]),
    ("aws:SourceVpce", ["vpce-00000000000000000", "vpce-fffffffffffffffff"]),
    ("aws:userid", ["AIDA2222222222222222A", "AIDAZZZZZZZZZZZZZZZZZ"]),
    ("aws:userid", ["AROA2222222222222222A:0", "AROAZZZZZZZZZZZZZZZZZ:z"]),
];

/// Of each statement, which of its conditions whoever calls can meet.
pub(super) struct AtWill(Vec<Vec<bool>>);

impl AtWill {
    pub(super) fn of(policy: &KeyPolicy) -> Self {
        let of = |statement: &Statement| match statement.effect {
            Effect::Allow => {
                statement.conditions.iter().map(|it| is_met(it, &statement.conditions)).collect()
            }
            Effect::Deny | Effect::Unclear => Vec::new(),
        };
        Self(policy.statements.iter().map(of).collect())
    }

    pub(super) fn contains(&self, statement: usize, condition: usize) -> bool {
        self.0.get(statement).and_then(|met| met.get(condition)).is_some_and(|met| *met)
    }
}

/// Whether some request of anybody meets `condition`, and with it all others on the same key.
fn is_met(condition: &Condition, all: &[Condition]) -> bool {
    let key = condition.key.as_str();
    let on_key: Vec<&Condition> = all.iter().filter(|it| it.key.eq_ignore_ascii_case(key)).collect();
    if on_key.len() > TRIED {
        return false;
    }
    if on_key.iter().all(|it| is_any_address(it)) {
        return true;
    }
    let met_by = |value: ContextValue| {
        let context = RequestContext::default().with(key, value);
        on_key.iter().all(|it| holds(it, &context) == Truth::Yes)
    };
    let with = |value: &str| met_by(ContextValue::Present(vec![value.to_owned()]));
    let owned: Vec<_> = OWNED.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key)).collect();
    if !owned.is_empty() {
        return met_by(ContextValue::Absent)
            || owned.iter().any(|(_, values)| values.iter().all(|it| with(it)));
    }
    is_chosen(key)
        && (met_by(ContextValue::Absent)
            || with("x")
            || on_key.iter().flat_map(|it| values(it)).any(|value| with(&value)))
}

fn is_chosen(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    CHOSEN.iter().any(|it| it.eq_ignore_ascii_case(key))
        || CHOSEN_FAMILIES.iter().any(|it| lower.starts_with(it))
}

/// Texts that the values of a condition match.
fn values(condition: &Condition) -> impl Iterator<Item = String> {
    let known = condition.values.iter().filter_map(|value| match value {
        Text::Known(text) => Some(text),
        Text::Unread(_) => None,
    });
    // Stars and question marks are themselves for operators without wildcards.
    known.take(TRIED).flat_map(|text| [Some(text.clone()), meet(text, "*", 'x')]).flatten()
}

/// Whether a condition is that the caller has an address, whichever.
fn is_any_address(condition: &Condition) -> bool {
    let operator = condition.operator.to_ascii_lowercase();
    let is_any = |value: &Text| match value {
        Text::Known(range) => range.split_once('/').is_some_and(|(address, bits)| {
            address.parse::<IpAddr>().is_ok() && bits.trim_start_matches('0').is_empty() && !bits.is_empty()
        }),
        Text::Unread(_) => false,
    };
    let name = operator.rsplit(':').next().unwrap_or_default();
    let is_positive = name == "ipaddress" || name == "ipaddressifexists";
    is_positive && condition.key.eq_ignore_ascii_case("aws:SourceIp") && condition.values.iter().any(is_any)
}
