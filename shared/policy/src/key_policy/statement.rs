//! One statement as a tolerant model: what is understood is typed, every oddity is a stated doubt.
//!
//! Reading a statement never fails and never drops anything: a value that can't be compared stays in its
//! place as the reason why, so that it can neither match nor fail to match.

use crate::untrusted::clean;
use serde_json::{Map, Value};

/// Characters of a document's text that a reason quotes at most.
const QUOTED: usize = 96;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// Such as "statement 2 (`AllowLogs`)", cleaned; counted from 1.
    pub(super) label: String,
    pub(super) sid: Option<String>,
    pub(super) effect: Effect,
    pub(super) principals: Vec<Principal>,
    pub(super) actions: Vec<Text>,
    pub(super) resources: Vec<Text>,
    pub(super) conditions: Vec<Condition>,
    /// What about the statement isn't understood.
    pub(super) doubts: Vec<String>,
    /// The statement as it stands in the document.
    pub(super) written: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
    /// Missing or unknown: may be either.
    Unclear,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Principal {
    /// `"*"` or `{"AWS": "*"}`: services too.
    Everyone,
    Service(String),
    /// An account id, or the ARN of an account, user or role.
    Aws(String),
    /// A federated or canonical user: never a service.
    Other(String),
    Unread(String),
}

/// One value of a list: text that can be compared, or the reason why it can't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    Known(String),
    Unread(String),
}

/// One operator on one context key; a statement's conditions all have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) operator: String,
    pub(super) key: String,
    pub(super) values: Vec<Text>,
}

/// What `${` means, which depends on the policy's `Version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variables {
    Replaced,
    Literal,
}

impl Statement {
    pub(super) fn read(index: usize, value: &Value, variables: Variables) -> Self {
        let number = index.saturating_add(1);
        let Value::Object(map) = value else {
            return Self::unread(number, format!("it is {} and no object", quote(value)), value);
        };
        let mut doubts = Vec::new();
        let sid = map.get("Sid").and_then(Value::as_str).map(str::to_owned);
        let label = match &sid {
            Some(sid) if !sid.is_empty() => format!("statement {number} (`{}`)", excerpt(sid)),
            Some(_) | None => format!("statement {number}"),
        };
        let effect = match map.get("Effect") {
            // Source: IAM User Guide, "Effect": the value is case-sensitive.
            Some(Value::String(effect)) if effect == "Allow" => Effect::Allow,
            Some(Value::String(effect)) if effect == "Deny" => Effect::Deny,
            Some(other) => {
                doubts.push(format!("its `Effect` {} is unknown", quote(other)));
                Effect::Unclear
            }
            None => {
                doubts.push("it has no `Effect`".to_owned());
                Effect::Unclear
            }
        };
        let principals = read_principals(map, &mut doubts);
        let actions = read_list(map, "Action", "NotAction", variables, &mut doubts);
        let resources = read_list(map, "Resource", "NotResource", variables, &mut doubts);
        let conditions = read_conditions(map.get("Condition"), variables, &mut doubts);
        for name in map.keys().filter(|name| !ELEMENTS.contains(&name.as_str())) {
            doubts.push(format!("its element `{}` is unknown", excerpt(name)));
        }
        let written = value.clone();
        Self { label, sid, effect, principals, actions, resources, conditions, doubts, written }
    }

    fn unread(number: usize, doubt: String, value: &Value) -> Self {
        let unread = || vec![Text::Unread(doubt.clone())];
        Self {
            label: format!("statement {number}"),
            sid: None,
            effect: Effect::Unclear,
            principals: vec![Principal::Unread(doubt.clone())],
            actions: unread(),
            resources: unread(),
            conditions: Vec::new(),
            doubts: Vec::new(),
            written: value.clone(),
        }
    }
}

const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// `Action` or `Resource`. Without the element its place is taken by a doubt, with the `Not…` twin beside
/// it the twin is a doubt of its own.
fn read_list(
    map: &Map<String, Value>,
    name: &str,
    negated: &str,
    variables: Variables,
    doubts: &mut Vec<String>,
) -> Vec<Text> {
    let twin = map.contains_key(negated).then(|| format!("its `{negated}` isn't evaluated"));
    match (map.get(name), twin) {
        (Some(value), twin) => {
            doubts.extend(twin);
            items(value).iter().map(|item| read_text(name, item, variables)).collect()
        }
        (None, Some(twin)) => vec![Text::Unread(twin)],
        (None, None) => vec![Text::Unread(format!("it has no `{name}`"))],
    }
}

fn read_text(name: &str, value: &Value, variables: Variables) -> Text {
    match value {
        Value::String(text) if variables == Variables::Replaced && text.contains("${") => {
            Text::Unread(format!("its `{name}` value {} has a policy variable", quote(value)))
        }
        Value::String(text) => Text::Known(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Text::Unread(format!("its `{name}` value {} is not text", quote(value)))
        }
    }
}

fn read_principals(map: &Map<String, Value>, doubts: &mut Vec<String>) -> Vec<Principal> {
    let twin = map.contains_key("NotPrincipal").then(|| "its `NotPrincipal` isn't evaluated".to_owned());
    let Some(value) = map.get("Principal") else {
        return vec![Principal::Unread(twin.unwrap_or_else(|| "it has no `Principal`".to_owned()))];
    };
    doubts.extend(twin);
    match value {
        Value::Object(types) => types
            .iter()
            .flat_map(|(kind, named)| items(named).iter().map(move |item| read_principal(kind, item)))
            .collect(),
        Value::String(_) | Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) => items(value)
            .iter()
            .map(|item| {
                if item.as_str() == Some("*") {
                    Principal::Everyone
                } else {
                    Principal::Unread(format!("its `Principal` {} is unknown", quote(item)))
                }
            })
            .collect(),
    }
}

fn read_principal(kind: &str, value: &Value) -> Principal {
    let unread = |what: &str| {
        Principal::Unread(format!("its `Principal` {} of `{}` {what}", quote(value), excerpt(kind)))
    };
    let Value::String(name) = value else {
        return unread("is not text");
    };
    // Wildcards inside a principal's name aren't documented and KMS refuses them: not to be guessed at.
    let patterned = name.contains(['*', '?']) || name.contains("${");
    match kind {
        "AWS" if name == "*" => Principal::Everyone,
        "AWS" | "Service" if patterned => unread("has a wildcard"),
        "Service" => Principal::Service(name.clone()),
        "AWS" => Principal::Aws(name.clone()),
        "Federated" | "CanonicalUser" => Principal::Other(name.clone()),
        _ => unread("is of an unknown type"),
    }
}

fn read_conditions(value: Option<&Value>, variables: Variables, doubts: &mut Vec<String>) -> Vec<Condition> {
    let operators = match value {
        None => return Vec::new(),
        Some(Value::Object(operators)) => operators,
        Some(other) => {
            doubts.push(format!("its `Condition` {} is not an object", quote(other)));
            return Vec::new();
        }
    };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else {
            doubts.push(format!("its condition `{}` is not an object", excerpt(operator)));
            continue;
        };
        for (key, value) in keys {
            let values = items(value).iter().map(|item| read_condition_value(key, item, variables)).collect();
            conditions.push(Condition { operator: operator.clone(), key: key.clone(), values });
        }
    }
    conditions
}

/// Booleans and whole numbers stand for their text, as AWS takes them; fractions have several spellings.
fn read_condition_value(key: &str, value: &Value, variables: Variables) -> Text {
    match value {
        Value::Bool(flag) => Text::Known(flag.to_string()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Text::Known(number.to_string()),
        Value::String(_) | Value::Number(_) | Value::Null | Value::Array(_) | Value::Object(_) => {
            read_text(&excerpt(key), value, variables)
        }
    }
}

/// A list's items, or the single value that may stand in place of a list.
fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::String(_) | Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {
            std::slice::from_ref(value)
        }
    }
}

/// Text of the document as a reason shows it.
pub(super) fn excerpt(text: &str) -> String {
    clean(text, QUOTED)
}

pub(super) fn quote(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!("`{}`", excerpt(&text))
}
