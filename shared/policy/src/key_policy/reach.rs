//! Whom a key policy lets in beyond services: who outside the account, and whether the account keeps control.
//!
//! Asks for what is possible: an outsider who must meet a condition that outsiders can meet is let in under
//! conditions, one who certainly can't isn't. Grants and IAM policies are not looked at.

use super::at_will::AtWill;
use super::condition::{RequestContext, holds, told};
use super::document::KeyPolicy;
use super::evaluate::{Caller, account_of};
use super::outsiders::{Candidate, Outsider, candidates, context};
use super::statement::{Effect, Principal, Statement};
use super::through;
use super::truth::{Truth, extend_unique};
use super::view::{Answer, Conditions, View};
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
    /// Conditions that count for nothing, since whoever calls can meet them.
    pub at_will: Vec<String>,
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
    let (candidates, mut not_asked) = candidates(&policies, key);
    let (now_at_will, before_at_will) = (AtWill::of(policy), earlier.map(AtWill::of));
    let mut found = Vec::new();
    for candidate in candidates {
        let context = context(&candidate.caller, key);
        let anybody = candidate.who.is_anybody();
        let view = |policy, at_will: Option<_>| View {
            conditions: conditions(policy, &context, at_will.filter(|_| anybody)),
            ..View {
                policy,
                key,
                caller: Caller::Principal(&candidate.caller),
                context: &context,
                conditions: Vec::new(),
            }
        };
        let now = view(policy, Some(&now_at_will));
        let before = earlier.map(|earlier| view(earlier, before_at_will.as_ref()));
        ask(&mut found, &candidate, &now, before.as_ref());
    }
    let (sources, more) = through::sources(&policies, key);
    not_asked += more;
    for source in sources {
        let view = |policy| through::view(policy, key, &source);
        ask(&mut found, &source.candidate, &view(policy), earlier.map(view).as_ref());
    }
    Openings { found: found.into_iter().map(|(_, opening)| opening).collect(), not_asked }
}

/// Adds what is new for one candidate and not told yet.
fn ask(
    found: &mut Vec<(Candidate, Opening)>,
    candidate: &Candidate,
    now: &View<'_>,
    before: Option<&View<'_>>,
) {
    let mut compare = Comparison::new(now.context);
    for action in ACTIONS_ACROSS_ACCOUNTS {
        let answer = now.answer(action);
        let known = before.is_some_and(|before| !answer.is_wider(&before.answer(action), &mut compare));
        let told = found.iter().any(|(who, it)| who.stands_for(candidate) && it.says(action, &answer));
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

/// Whether each statement's conditions hold in `context`, or by the will of whoever calls.
fn conditions(policy: &KeyPolicy, context: &RequestContext, at_will: Option<&AtWill>) -> Vec<Conditions> {
    let of = |(number, statement): (usize, &Statement)| {
        let mut met = Vec::new();
        let hold =
            Truth::all(statement.conditions.iter().enumerate().map(|(index, condition)| {
                match holds(condition, context) {
                    Truth::Maybe(_) if at_will.is_some_and(|at_will| at_will.contains(number, index)) => {
                        met.push(told(condition));
                        Truth::Yes
                    }
                    Truth::Maybe(_) => Truth::maybe(told(condition)),
                    certain @ (Truth::Yes | Truth::No) => certain,
                }
            }));
        Conditions { hold, at_will: met }
    };
    policy.statements.iter().enumerate().map(of).collect()
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
    let mut doubts = Vec::new();
    for candidate in candidates {
        let context = context(&candidate, key);
        let (caller, conditions) = (Caller::Principal(&candidate), conditions(policy, &context, None));
        match (View { policy, key, caller, context: &context, conditions }).answer("kms:PutKeyPolicy").truth {
            Truth::Yes => return Administration::Kept,
            Truth::No => {}
            Truth::Maybe(why) => extend_unique(&mut doubts, why),
        }
    }
    if doubts.is_empty() { Administration::Lost } else { Administration::UnderConditions(doubts) }
}

impl Opening {
    fn of(who: Outsider) -> Self {
        Self {
            who,
            surely: BTreeSet::new(),
            perhaps: BTreeSet::new(),
            by: Vec::new(),
            conditions: Vec::new(),
            at_will: Vec::new(),
        }
    }

    fn add(&mut self, action: &'static str, answer: Answer<'_>) {
        extend_unique(&mut self.by, answer.allows.iter().map(|statement| statement.label.clone()));
        extend_unique(&mut self.at_will, answer.at_will);
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
