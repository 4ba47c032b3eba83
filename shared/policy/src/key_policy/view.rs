//! A policy as one caller sees it: what it answers action by action, and whether one answer is wider than another.
//!
//! Whether conditions hold is for whoever asks to say, once for each caller. Grants and IAM policies are not looked at.

use super::condition::RequestContext;
use super::document::KeyPolicy;
use super::evaluate::{Caller, Request, concerns};
use super::statement::{Effect, Statement};
use super::truth::{Truth, extend_unique};
use super::wider::Comparison;
use crate::names::KeyArn;

/// Whether a statement's conditions hold for a caller.
pub(super) struct Conditions {
    pub(super) hold: Truth,
    /// Those that hold because whoever calls can see to it, cleaned.
    pub(super) at_will: Vec<String>,
}

/// A policy as one caller sees it.
pub(super) struct View<'a> {
    pub(super) policy: &'a KeyPolicy,
    pub(super) key: &'a KeyArn,
    pub(super) caller: Caller<'a>,
    pub(super) context: &'a RequestContext,
    /// Of each statement.
    pub(super) conditions: Vec<Conditions>,
}

/// Whether a caller may do something: surely, not, or if something holds that isn't known.
pub(super) struct Answer<'a> {
    pub(super) truth: Truth,
    /// The statements that allow it, or may.
    pub(super) allows: Vec<&'a Statement>,
    /// The statements that deny it, or may.
    denies: Vec<&'a Statement>,
    /// The conditions of those that allow it that whoever calls can meet.
    pub(super) at_will: Vec<String>,
}

impl<'a> View<'a> {
    pub(super) fn answer(&self, action: &str) -> Answer<'a> {
        let request = Request { caller: self.caller, action, key: self.key, context: self.context };
        let (mut allows, mut denies) = (Vec::new(), Vec::new());
        let (mut allowed, mut denied) = (Vec::new(), Vec::new());
        let mut at_will = Vec::new();
        for (statement, conditions) in self.policy.statements.iter().zip(&self.conditions) {
            if conditions.hold == Truth::No {
                continue;
            }
            let applies = Truth::all([concerns(statement, &request), conditions.hold.clone()]);
            if applies == Truth::No {
                continue;
            }
            if statement.effect != Effect::Deny {
                allows.push(statement);
                extend_unique(&mut at_will, conditions.at_will.iter().cloned());
                allowed.push(applies.clone().because(&statement.label));
            }
            if statement.effect != Effect::Allow {
                denies.push(statement);
                denied.push(applies.because(&format!("{}, a Deny", statement.label)));
            }
        }
        let doubts = self.policy.doubts.iter().map(|doubt| Truth::maybe(doubt.as_str()));
        let truth = Truth::all([Truth::any(allowed), Truth::any(denied).not()].into_iter().chain(doubts));
        Answer { truth, allows, denies, at_will }
    }
}

impl Answer<'_> {
    /// Whether more is allowed than before: surely, for the first time, or by other conditions.
    pub(super) fn is_wider(&self, before: &Answer<'_>, compare: &mut Comparison<'_>) -> bool {
        match (&self.truth, &before.truth) {
            (Truth::No, Truth::Yes | Truth::Maybe(_) | Truth::No) => false,
            (Truth::Yes | Truth::Maybe(_), Truth::Yes) => false,
            (Truth::Yes, Truth::Maybe(_) | Truth::No) | (Truth::Maybe(_), Truth::No) => true,
            (Truth::Maybe(_), Truth::Maybe(_)) => {
                !(compare.all_within(&self.allows, &before.allows)
                    && compare.all_within(&before.denies, &self.denies))
            }
        }
    }
}
