//! Whom a key policy lets in beyond services: who outside the account, and whether the account keeps control.
//!
//! Asks for what is possible: an outsider who must meet a condition that outsiders can meet is let in under
//! conditions, one who certainly can't isn't. Grants and IAM policies are not looked at.

use super::condition::{RequestContext, holds, told};
use super::document::KeyPolicy;
use super::evaluate::{Caller, Request, account_of, concerns};
use super::outsiders::{Candidate, Outsider, candidates, context};
use super::statement::{Effect, Principal, Statement};
use super::truth::{Truth, extend_unique};
use super::wider::Comparison;
use crate::names::KeyArn;
use std::collections::BTreeSet;

/// Somebody outside the account whom a policy lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Who.
    pub who: Outsider,
    /// What for, whatever else holds.
    pub surely: BTreeSet<&'static str>,
    /// What for under `conditions`.
    pub perhaps: BTreeSet<&'static str>,
    /// The statements that let them in, cleaned.
    pub by: Vec<String>,
    /// What has to hold for `perhaps` and can't be told from the policy.
    pub conditions: Vec<String>,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openings {
    /// Who is let in.
    pub found: Vec<Opening>,
    /// Of how many who are named nobody asked, for they are too many.
    pub not_asked: usize,
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

/// The actions that other accounts can be let do: no policy lets them change a key, or its policy.
///
/// Source: KMS API Reference, "Cross-account use" of each. RetireGrant hangs on the grant, not on a policy.
pub const ACTIONS_ACROSS_ACCOUNTS: [&str; 21] = [
    "kms:CreateGrant",
    "kms:Decapsulate",
    "kms:Decrypt",
    "kms:DeriveSharedSecret",
    "kms:DescribeKey",
    "kms:Encapsulate",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateMac",
    "kms:GetKeyRotationStatus",
    "kms:GetPublicKey",
    "kms:ListGrants",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:RevokeGrant",
    "kms:Sign",
    "kms:Verify",
    "kms:VerifyMac",
];

/// Whom outside the key's account a policy lets in whom an earlier one didn't; without that one, whom it lets in at all.
///
/// New is what is allowed surely and wasn't; and what is allowed under conditions and wasn't at all, or was under others.
/// A principal `*` isn't everyone if a condition keeps outsiders out, such as `kms:CallerAccount` in the policies that
/// AWS's own consoles write.
#[must_use]
pub fn openings(policy: &KeyPolicy, earlier: Option<&KeyPolicy>, key: &KeyArn) -> Openings {
    let policies: Vec<&KeyPolicy> = [policy].into_iter().chain(earlier).collect();
    let partition = key.place().region.partition();
    let (candidates, not_asked) = candidates(&policies, key);
    let mut found: Vec<(Candidate, Opening)> = Vec::new();
    for candidate in candidates {
        let context = context(&candidate.caller, partition);
        let now = View::of(policy, key, &candidate.caller, &context);
        let before = earlier.map(|earlier| View::of(earlier, key, &candidate.caller, &context));
        let mut compare = Comparison::new(&context);
        for action in ACTIONS_ACROSS_ACCOUNTS {
            let answer = now.answer(action);
            let known = before
                .as_ref()
                .is_some_and(|before| !is_wider(&answer, &before.answer(action), &mut compare));
            let told = found.iter().any(|(who, it)| who.stands_for(&candidate) && it.says(action, &answer));
            if answer.truth != Truth::No && !known && !told {
                match found.iter_mut().find(|(it, _)| it.who == candidate.who) {
                    Some((_, opening)) => opening.add(action, answer),
                    None => {
                        let mut opening = Opening::of(candidate.who.clone());
                        opening.add(action, answer);
                        found.push((candidate.clone(), opening));
                    }
                }
            }
        }
    }
    Openings { found: found.into_iter().map(|(_, opening)| opening).collect(), not_asked }
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
                Principal::Aws(name) | Principal::Other(name) if account_of(name) == Some(own) => {
                    candidates.push(name.clone());
                }
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
        let context = context(&candidate, partition);
        match View::of(policy, key, &candidate, &context).answer("kms:PutKeyPolicy").truth {
            Truth::Yes => return Administration::Kept,
            Truth::No => {}
            Truth::Maybe(why) => extend_unique(&mut conditions, why),
        }
    }
    if conditions.is_empty() { Administration::Lost } else { Administration::UnderConditions(conditions) }
}

impl Opening {
    fn of(who: Outsider) -> Self {
        Self {
            who,
            surely: BTreeSet::new(),
            perhaps: BTreeSet::new(),
            by: Vec::new(),
            conditions: Vec::new(),
        }
    }

    fn add(&mut self, action: &'static str, answer: Answer<'_>) {
        extend_unique(&mut self.by, answer.allows.iter().map(|statement| statement.label.clone()));
        match answer.truth {
            Truth::Yes => {
                self.surely.insert(action);
                self.perhaps.remove(action);
            }
            Truth::Maybe(why) => {
                if !self.surely.contains(action) {
                    self.perhaps.insert(action);
                }
                extend_unique(&mut self.conditions, why);
            }
            Truth::No => {}
        }
    }

    /// Whether the opening says as much of an action.
    fn says(&self, action: &str, answer: &Answer<'_>) -> bool {
        match &answer.truth {
            Truth::No => true,
            Truth::Yes => self.surely.contains(action),
            Truth::Maybe(why) => {
                let all_in = |some: &[String], others: &[String]| some.iter().all(|it| others.contains(it));
                let as_bad = all_in(why, &self.conditions) || all_in(&self.conditions, why);
                self.surely.contains(action) || (self.perhaps.contains(action) && as_bad)
            }
        }
    }
}

/// A policy as one caller sees it.
struct View<'a> {
    policy: &'a KeyPolicy,
    key: &'a KeyArn,
    caller: &'a str,
    context: &'a RequestContext,
    /// Whether the conditions of each statement hold.
    conditions: Vec<Truth>,
}

/// Whether a caller may do something: surely, not, or if something holds that isn't known.
struct Answer<'a> {
    truth: Truth,
    /// The statements that allow it, or may.
    allows: Vec<&'a Statement>,
    /// The statements that deny it, or may.
    denies: Vec<&'a Statement>,
}

impl<'a> View<'a> {
    fn of(policy: &'a KeyPolicy, key: &'a KeyArn, caller: &'a str, context: &'a RequestContext) -> Self {
        let conditions = policy.statements.iter().map(|statement| {
            Truth::all(statement.conditions.iter().map(|condition| match holds(condition, context) {
                Truth::Maybe(_) => Truth::maybe(told(condition)),
                certain @ (Truth::Yes | Truth::No) => certain,
            }))
        });
        Self { policy, key, caller, context, conditions: conditions.collect() }
    }

    fn answer(&self, action: &str) -> Answer<'a> {
        let request =
            Request { caller: Caller::Principal(self.caller), action, key: self.key, context: self.context };
        let (mut allows, mut denies) = (Vec::new(), Vec::new());
        let (mut allowed, mut denied) = (Vec::new(), Vec::new());
        for (statement, conditions) in self.policy.statements.iter().zip(&self.conditions) {
            if *conditions == Truth::No {
                continue;
            }
            let applies = Truth::all([concerns(statement, &request), conditions.clone()]);
            if applies == Truth::No {
                continue;
            }
            if statement.effect != Effect::Deny {
                allows.push(statement);
                allowed.push(applies.clone().because(&statement.label));
            }
            if statement.effect != Effect::Allow {
                denies.push(statement);
                denied.push(applies.because(&format!("{}, a Deny", statement.label)));
            }
        }
        let doubts = self.policy.doubts.iter().map(|doubt| Truth::maybe(doubt.as_str()));
        let truth = Truth::all([Truth::any(allowed), Truth::any(denied).not()].into_iter().chain(doubts));
        Answer { truth, allows, denies }
    }
}

/// Whether more is allowed than before: surely, for the first time, or by other conditions.
fn is_wider(now: &Answer<'_>, before: &Answer<'_>, compare: &mut Comparison<'_>) -> bool {
    match (&now.truth, &before.truth) {
        (Truth::No, Truth::Yes | Truth::Maybe(_) | Truth::No) => false,
        (Truth::Yes | Truth::Maybe(_), Truth::Yes) => false,
        (Truth::Yes, Truth::Maybe(_) | Truth::No) | (Truth::Maybe(_), Truth::No) => true,
        (Truth::Maybe(_), Truth::Maybe(_)) => {
            !(compare.all_within(&now.allows, &before.allows)
                && compare.all_within(&before.denies, &now.denies))
        }
    }
}
