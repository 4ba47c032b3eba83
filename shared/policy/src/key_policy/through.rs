//! Which other accounts a key's policies let in through a service that acts for them, such as CloudTrail for another
//! account's trail.
//!
//! Only accounts that conditions on the source name by their numbers. A service without such a condition is no opening:
//! most policies that AWS documents are written so.

use super::condition::{ContextValue, RequestContext, holds, told};
use super::document::KeyPolicy;
use super::evaluate::Caller;
use super::outsiders::{Candidate, Outsider};
use super::service::service_context;
use super::statement::{Condition, Effect, Principal, Text};
use super::truth::Truth;
use super::view::{Conditions, View};
use crate::names::{AccountId, KeyArn};
use crate::untrusted::clean;
use std::collections::BTreeSet;

/// Accounts and services that are asked about at most: what hostile policies may cost is bounded.
const ASKED: usize = 64;

/// A service that acts for another account.
pub(super) struct Source {
    pub(super) candidate: Candidate,
    /// None for any service.
    names: Vec<String>,
    account: String,
    context: RequestContext,
}

/// All of them that are named, and how many more are than are asked about.
pub(super) fn sources(policies: &[&KeyPolicy], key: &KeyArn) -> (Vec<Source>, usize) {
    let own = key.place().account.as_str();
    let mut named: BTreeSet<(Option<&str>, &str)> = BTreeSet::new();
    let statements = policies.iter().flat_map(|policy| &policy.statements);
    for statement in statements.filter(|statement| statement.effect != Effect::Deny) {
        let accounts = statement.conditions.iter().filter(|it| is_of_source(it)).flat_map(accounts).flatten();
        for account in accounts.filter(|account| *account != own) {
            named.extend(statement.principals.iter().filter_map(|principal| match principal {
                Principal::Everyone => Some((None, account)),
                Principal::Service(name) => Some((Some(name.as_str()), account)),
                Principal::Aws(_) | Principal::Other(_) | Principal::Unread(_) => None,
            }));
        }
    }
    let more = named.len().saturating_sub(ASKED);
    let sources = named.into_iter().take(ASKED).map(|(service, account)| Source {
        candidate: Candidate {
            who: Outsider::Through {
                service: service.map(|name| clean(name, 200)),
                account: account.to_owned(),
            },
            caller: service.unwrap_or_default().to_owned(),
        },
        names: service.map(str::to_owned).into_iter().collect(),
        account: account.to_owned(),
        context: context(account, key),
    });
    (sources.collect(), more)
}

/// A policy as such a service sees it.
pub(super) fn view<'a>(policy: &'a KeyPolicy, key: &'a KeyArn, source: &'a Source) -> View<'a> {
    let conditions = policy.statements.iter().map(|statement| {
        let hold = statement.conditions.iter().map(|condition| match acts(condition, source) {
            Truth::Maybe(_) => Truth::maybe(told(condition)),
            certain @ (Truth::Yes | Truth::No) => certain,
        });
        Conditions { hold: Truth::all(hold), at_will: Vec::new() }
    });
    View {
        policy,
        key,
        caller: Caller::Service(&source.names),
        context: &source.context,
        conditions: conditions.collect(),
    }
}

/// Whether a condition lets a service act for the account: one that names accounts has to name this one.
fn acts(condition: &Condition, source: &Source) -> Truth {
    let named: Vec<Option<&str>> = if is_positive(condition) && is_about_account(condition) {
        accounts(condition).collect()
    } else {
        Vec::new()
    };
    let others = |it: &Option<&str>| it.is_some_and(|account| account != source.account);
    if !named.is_empty() && named.iter().all(others) { Truth::No } else { holds(condition, &source.context) }
}

/// What is known of the calls of a service that acts for an account; for which of its resources isn't.
fn context(account: &str, key: &KeyArn) -> RequestContext {
    service_context(key)
        .with("aws:SourceAccount", ContextValue::Present(vec![account.to_owned()]))
        .with("kms:ViaService", ContextValue::Unknown)
        .with_family("kms:EncryptionContext:", ContextValue::Unknown)
}

/// Whether a condition says for whose resource a service acts.
fn is_of_source(condition: &Condition) -> bool {
    let key = condition.key.to_ascii_lowercase();
    is_positive(condition)
        && (key == "aws:sourceaccount" || key == "aws:sourcearn" || key.starts_with("kms:encryptioncontext:"))
}

/// Whether a condition compares with accounts or with names that hold one.
fn is_about_account(condition: &Condition) -> bool {
    let key = condition.key.to_ascii_lowercase();
    is_of_source(condition)
        || ["kms:calleraccount", "aws:principalaccount", "aws:principalarn"].contains(&key.as_str())
}

fn is_positive(condition: &Condition) -> bool {
    let operator = condition.operator.to_ascii_lowercase();
    let name = operator.rsplit(':').next().unwrap_or_default();
    ["string", "arn"].iter().any(|it| name.starts_with(it)) && !name.contains("not")
}

/// The account that each value names: the fifth part of an ARN, or the number itself where that is what is compared.
fn accounts(condition: &Condition) -> impl Iterator<Item = Option<&str>> {
    let by_number = condition.key.to_ascii_lowercase().ends_with("account");
    condition.values.iter().map(move |value| match value {
        Text::Known(text) => {
            let account = if by_number { Some(text.as_str()) } else { text.split(':').nth(4) };
            account.filter(|account| AccountId::parse(account).is_ok())
        }
        Text::Unread(_) => None,
    })
}
