//! Whether a statement reaches farther than another that is about the same call.
//!
//! Compares as written what isn't understood. It never takes a wider statement for a narrower one, and may do the opposite.

use super::condition::{RequestContext, holds, is_no_wider};
use super::statement::{Principal, Statement, Text};
use super::truth::Truth;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::ptr;

/// Comparisons for one caller. Each is made once, for statements may be long and calls many.
pub(super) struct Comparison<'a> {
    context: &'a RequestContext,
    /// By address.
    made: BTreeMap<(*const Statement, *const Statement), bool>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(context: &'a RequestContext) -> Self {
        Self { context, made: BTreeMap::new() }
    }

    /// Whether each of `some` reaches no farther than one of `others`.
    pub(super) fn all_within(&mut self, some: &[&Statement], others: &[&Statement]) -> bool {
        some.iter().all(|one| others.iter().any(|other| self.is_within(one, other)))
    }

    fn is_within(&mut self, one: &Statement, other: &Statement) -> bool {
        let (context, key) = (self.context, (ptr::from_ref(one), ptr::from_ref(other)));
        *self.made.entry(key).or_insert_with(|| no_wider(one, other, context))
    }
}

/// Whether `one` applies at most where `other` does, both being about one caller's call of one action.
///
/// A condition that surely holds for the caller limits nobody.
fn no_wider(one: &Statement, other: &Statement, context: &RequestContext) -> bool {
    if remainder(one) != remainder(other) {
        return false;
    }
    other
        .conditions
        .iter()
        .filter(|condition| holds(condition, context) != Truth::Yes)
        .all(|condition| one.conditions.iter().any(|its| is_no_wider(its, condition)))
        // Read alike as well, for a policy's `Version` decides what is a variable.
        || (one.conditions == other.conditions && one.written.get("Condition") == other.written.get("Condition"))
}

/// What else is written in a statement: all but its name and what is compared otherwise.
fn remainder(statement: &Statement) -> Value {
    let understood = statement.doubts.is_empty();
    let principals = statement.principals.iter().all(|it| !matches!(it, Principal::Unread(_)));
    let actions = statement.actions.iter().all(|it| matches!(it, Text::Known(_)));
    let Value::Object(written) = &statement.written else {
        return statement.written.clone();
    };
    let rest = written.iter().filter(|(name, _)| match name.as_str() {
        "Sid" => false,
        "Condition" => !understood,
        "Principal" => !(understood && principals),
        "Action" => !(understood && actions),
        _ => true,
    });
    canonical(&Value::Object(rest.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>()))
}

/// The same whatever the order of a list, and whether one value stands in a list or for itself.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(canonical).collect();
            items.sort_by_cached_key(Value::to_string);
            items.dedup();
            match items.as_slice() {
                [single] => single.clone(),
                [] | [_, _, ..] => Value::Array(items),
            }
        }
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), canonical(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
