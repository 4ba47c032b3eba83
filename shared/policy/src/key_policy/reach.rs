//! Whom a key policy lets in beyond services: who outside the account, and whether the account keeps control.
//!
//! Asks for what is possible: an outsider who must meet a condition that outsiders can meet is let in under
//! conditions, one who certainly can't isn't. Grants and IAM policies are not looked at.

use super::condition::{ContextValue, RequestContext};
use super::document::KeyPolicy;
use super::evaluate::{Caller, Request, account_of, applies};
use super::statement::{Effect, Principal};
use super::truth::{Truth, extend_unique};
use crate::names::KeyArn;
use crate::untrusted::clean;
use std::collections::BTreeSet;

/// Somebody outside the account whom a policy lets in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// Who: a principal as the policy writes it, or everyone.
    pub who: Outsider,
    /// What for, of the actions that matter.
    pub actions: BTreeSet<&'static str>,
    /// What has to hold beside that and can't be told from the policy; empty if nothing has to.
    pub conditions: Vec<String>,
}

/// Who is outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outsider {
    /// Anybody with an AWS account.
    Everyone,
    /// Another account, or a user or role of one, cleaned.
    Principal(String),
    /// A federated or canonical user, cleaned.
    Other(String),
}

/// Whether the key's own account can still change its policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Administration {
    /// Somebody can.
    Kept,
    /// Somebody can if something holds that can't be told from the policy.
    UnderConditions(Vec<String>),
    /// Nobody can, and only AWS Support could help.
    Lost,
}

/// The actions that are asked for: use, and control.
const ACTIONS: [&str; 9] = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:CreateGrant",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:DisableKey",
    "kms:DescribeKey",
];

/// Whom outside the key's account a policy lets in.
///
/// A principal `*` isn't everyone if a condition keeps outsiders out, such as `kms:CallerAccount` in the policies that AWS's
/// own consoles write.
#[must_use]
pub fn openings(policy: &KeyPolicy, key: &KeyArn) -> Vec<Opening> {
    let own = key.place().account.as_str();
    let mut openings = Vec::new();
    let stranger = stranger(policy, key);
    openings.extend(opening(policy, key, Outsider::Everyone, &stranger));
    let mut named = BTreeSet::new();
    let mut others = BTreeSet::new();
    for statement in policy.statements.iter().filter(|statement| statement.effect != Effect::Deny) {
        for principal in &statement.principals {
            match principal {
                Principal::Aws(name) if account_of(name).is_some_and(|account| account != own) => {
                    named.insert(name.as_str());
                }
                Principal::Other(name) => {
                    others.insert(clean(name, 200));
                }
                // A bare unique id is a user or role that was deleted, and comes back for nobody.
                Principal::Aws(_) | Principal::Everyone | Principal::Service(_) | Principal::Unread(_) => {}
            }
        }
    }
    // Who comes in with everyone is told with everyone.
    for name in named {
        let told = Outsider::Principal(clean(name, 200));
        openings.extend(opening(policy, key, told, name));
    }
    openings.extend(others.into_iter().map(|name| Opening {
        who: Outsider::Other(name),
        actions: BTreeSet::new(),
        conditions: vec!["what it may do isn't evaluated".to_owned()],
    }));
    openings
}

/// Whether anybody of the key's account can still change its policy.
#[must_use]
pub fn administration(policy: &KeyPolicy, key: &KeyArn) -> Administration {
    let own = key.place().account.as_str();
    let partition = key.place().region.partition();
    let mut candidates = vec![format!("arn:{partition}:iam::{own}:root")];
    for statement in policy.statements.iter().filter(|statement| statement.effect != Effect::Deny) {
        for principal in &statement.principals {
            match principal {
                Principal::Aws(name) if account_of(name) == Some(own) => candidates.push(name.clone()),
                Principal::Everyone
                | Principal::Aws(_)
                | Principal::Other(_)
                | Principal::Service(_)
                | Principal::Unread(_) => {}
            }
        }
    }
    let mut conditions = Vec::new();
    for candidate in candidates {
        let context = context(&candidate, own);
        match reach(policy, key, &candidate, "kms:PutKeyPolicy", &context) {
            Truth::Yes => return Administration::Kept,
            Truth::No => {}
            Truth::Maybe(why) => extend_unique(&mut conditions, why),
        }
    }
    if conditions.is_empty() { Administration::Lost } else { Administration::UnderConditions(conditions) }
}

/// A role of an account that the policy doesn't know.
fn stranger(policy: &KeyPolicy, key: &KeyArn) -> String {
    let text = policy.document().to_string();
    let unused = (0..).map(|offset: u64| format!("{:012}", 210_987_654_321_u64.wrapping_add(offset)));
    let account = unused.take(1 << 16).find(|account| !text.contains(account.as_str()));
    let account = account.unwrap_or_else(|| "210987654321".to_owned());
    format!("arn:{}:iam::{account}:role/outsider", key.place().region.partition())
}

/// What a policy lets one outsider do, if anything.
fn opening(policy: &KeyPolicy, key: &KeyArn, who: Outsider, caller: &str) -> Option<Opening> {
    let account = account_of(caller)?;
    let context = context(caller, account);
    let mut actions = BTreeSet::new();
    let mut conditions = Vec::new();
    let mut surely = false;
    for action in ACTIONS {
        match reach(policy, key, caller, action, &context) {
            Truth::Yes => {
                surely = true;
                actions.insert(action);
            }
            Truth::No => {}
            Truth::Maybe(why) => {
                actions.insert(action);
                extend_unique(&mut conditions, why);
            }
        }
    }
    if surely {
        conditions.clear();
    }
    (!actions.is_empty()).then_some(Opening { who, actions, conditions })
}

/// Whether a policy lets a caller do something: surely, not, or if something holds that isn't known.
fn reach(policy: &KeyPolicy, key: &KeyArn, caller: &str, action: &str, context: &RequestContext) -> Truth {
    let request = Request { caller: Caller::Principal(caller), action, key, context };
    let of = |wanted: fn(Effect) -> bool| {
        let statements = policy.statements.iter().filter(move |statement| wanted(statement.effect));
        Truth::any(statements.map(|statement| match applies(statement, &request) {
            Truth::Maybe(why) => {
                Truth::Maybe(why.into_iter().map(|why| format!("{}: {why}", statement.label)).collect())
            }
            certain @ (Truth::Yes | Truth::No) => certain,
        }))
    };
    let allowed = of(|effect| effect != Effect::Deny);
    let denied = of(|effect| effect != Effect::Allow);
    let doubts = policy.doubts.iter().map(|doubt| Truth::maybe(doubt.as_str()));
    Truth::all([allowed, denied.not()].into_iter().chain(doubts))
}

/// What is known of a person's or role's calls; of all else nothing, for they may bring it about.
fn context(caller: &str, account: &str) -> RequestContext {
    let one = |value: &str| ContextValue::Present(vec![value.to_owned()]);
    let arn = if caller.starts_with("arn:") && !caller.ends_with(":root") {
        one(caller)
    } else {
        ContextValue::Unknown
    };
    RequestContext::default()
        .with("kms:CallerAccount", one(account))
        .with("aws:PrincipalAccount", one(account))
        .with("aws:PrincipalArn", arn)
        .with("aws:PrincipalIsAWSService", one("false"))
        .with("aws:SecureTransport", one("true"))
        .with("aws:SourceArn", ContextValue::Absent)
        .with("aws:SourceAccount", ContextValue::Absent)
}
