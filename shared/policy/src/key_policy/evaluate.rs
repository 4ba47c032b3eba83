//! What a key policy says about one request: one caller, one action, one key, one context.
//!
//! A Deny that may apply outweighs any Allow, and an Allow that only may apply is never an allowance. The
//! policy alone is judged: IAM policies, grants and organization policies are not.

use super::condition::{RequestContext, holds, resource_covers};
use super::document::KeyPolicy;
use super::statement::{Effect, Principal, Statement, Text, excerpt};
use super::truth::{Truth, extend_unique};
use crate::names::{AccountId, Arn, KeyArn};
use crate::wildcard;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller<'a> {
    /// A service by the names that it goes by; a statement for any of them is for the service.
    Service(&'a [String]),
    /// A user or role by its ARN, or an account by its id or its `:root` ARN.
    Principal(&'a str),
}

/// A call with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// Who makes it.
    pub caller: Caller<'a>,
    /// Such as `kms:Decrypt`.
    pub action: &'a str,
    /// The key whose policy is asked.
    pub key: &'a KeyArn,
    /// What is known about the request's context keys.
    pub context: &'a RequestContext,
}

/// The policy's answer to one request. Statements are named as in "statement 2 (`AllowLogs`)", cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// A statement allows it and none can deny it.
    Allowed {
        /// The first statement that allows it.
        by: String,
    },
    /// A statement denies it.
    Denied {
        /// The first statement that denies it.
        by: String,
    },
    /// Nothing allows it and nothing can deny it: a statement that allows it settles the matter.
    Missing,
    /// Can't tell: never to be taken for allowed.
    Unknown {
        /// What the doubt is about.
        doubt: Doubt,
        /// The reasons, each naming its statement.
        why: Vec<String>,
    },
}

/// What an unknown answer hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It may be allowed already; a further Allow would settle it.
    MaybeAllowed,
    /// It may be denied, or the document as a whole isn't understood; a further Allow may not help.
    MaybeDenied,
}

/// Evaluates `policy` for `request`.
///
/// Source: IAM User Guide, "Policy evaluation logic": an explicit Deny wins, then an Allow, else nothing.
#[must_use]
pub fn evaluate(policy: &KeyPolicy, request: &Request<'_>) -> Access {
    let mut allowed = None;
    let mut denied = None;
    let mut maybe_allowed = Vec::new();
    let mut maybe_denied = policy.doubts.clone();
    for statement in &policy.statements {
        let Statement { label, effect, .. } = statement;
        match (applies(statement, request), effect) {
            (Truth::No, Effect::Allow | Effect::Deny | Effect::Unclear) => {}
            (Truth::Yes, Effect::Allow) => allowed = allowed.or(Some(label)),
            (Truth::Yes, Effect::Deny) => denied = denied.or(Some(label)),
            (Truth::Maybe(why), Effect::Allow) => extend_unique(&mut maybe_allowed, reasons(label, why)),
            (Truth::Maybe(why), Effect::Deny | Effect::Unclear) => {
                extend_unique(&mut maybe_denied, reasons(label, why));
            }
            (Truth::Yes, Effect::Unclear) => {
                extend_unique(&mut maybe_denied, [format!("{label}: its `Effect` is unknown")]);
            }
        }
    }
    // A document that isn't understood as a whole gives no definite answer, not even a Deny.
    match (denied, allowed) {
        (Some(by), _) if policy.doubts.is_empty() => Access::Denied { by: by.clone() },
        _ if !maybe_denied.is_empty() => Access::Unknown { doubt: Doubt::MaybeDenied, why: maybe_denied },
        (_, Some(by)) => Access::Allowed { by: by.clone() },
        (_, None) if !maybe_allowed.is_empty() => {
            Access::Unknown { doubt: Doubt::MaybeAllowed, why: maybe_allowed }
        }
        (_, None) => Access::Missing,
    }
}

fn reasons(label: &str, why: Vec<String>) -> impl Iterator<Item = String> {
    why.into_iter().map(move |why| format!("{label}: {why}"))
}

/// Whether a statement applies: all of its parts match. One that certainly doesn't settles it.
fn applies(statement: &Statement, request: &Request<'_>) -> Truth {
    let conditions = statement.conditions.iter().map(|condition| holds(condition, request.context));
    Truth::all([concerns(statement, request)].into_iter().chain(conditions))
}

/// Whether a statement is about a request, its conditions aside.
pub(super) fn concerns(statement: &Statement, request: &Request<'_>) -> Truth {
    let Statement {
        label: _,
        sid: _,
        effect: _,
        principals,
        actions,
        resources,
        conditions: _,
        doubts,
        written: _,
    } = statement;
    let key = request.key.to_string();
    let action =
        any_text(actions, |action| Truth::from(wildcard::matches_ignore_case(action, request.action)));
    let resource = any_text(resources, |pattern| resource_covers(pattern, &key));
    let principal = Truth::any(principals.iter().map(|principal| names(principal, request.caller)));
    let doubts = doubts.iter().map(|doubt| Truth::maybe(doubt.as_str()));
    Truth::all([action, principal, resource].into_iter().chain(doubts))
}

fn any_text(texts: &[Text], matches: impl Fn(&str) -> Truth) -> Truth {
    Truth::any(texts.iter().map(|text| match text {
        Text::Known(text) => matches(text),
        Text::Unread(why) => Truth::maybe(why.as_str()),
    }))
}

fn names(principal: &Principal, caller: Caller<'_>) -> Truth {
    match (principal, caller) {
        (Principal::Everyone, _) => Truth::Yes,
        (Principal::Service(name), Caller::Service(service)) => {
            Truth::from(service.iter().any(|known| known.eq_ignore_ascii_case(name)))
        }
        (Principal::Aws(name), Caller::Principal(caller)) => Truth::from(covers(name, caller)),
        (Principal::Aws(_), Caller::Service(_)) | (Principal::Service(_), Caller::Principal(_)) => Truth::No,
        (Principal::Other(name), Caller::Principal(caller)) if name == caller => {
            Truth::maybe(format!("whether anybody calls as `{}`", excerpt(name)))
        }
        (Principal::Other(_), Caller::Principal(_) | Caller::Service(_)) => Truth::No,
        (Principal::Unread(why), _) => Truth::maybe(why.as_str()),
    }
}

/// A statement for an account is for all of it, as far as the account's own policies let them.
fn covers(principal: &str, caller: &str) -> bool {
    principal == caller || whole_account(principal).is_some_and(|account| account_of(caller) == Some(account))
}

/// The account that a principal stands for as a whole: by its id, or by its `:root` ARN.
pub(super) fn whole_account(principal: &str) -> Option<&str> {
    match Arn::split(principal) {
        Some(arn) => (arn.service == "iam" && arn.resource == "root").then_some(arn.account),
        None => account_of(principal),
    }
}

/// The account of a principal; `None` for the unique id of a user or role that is deleted.
pub(super) fn account_of(principal: &str) -> Option<&str> {
    match Arn::split(principal) {
        Some(arn) => Some(arn.account),
        None => AccountId::parse(principal).is_ok().then_some(principal),
    }
}
