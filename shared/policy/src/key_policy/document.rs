//! A key policy's document: its statements, and the frame around them.
//!
//! Only a document that can't be a policy at all is an error; everything else is kept and at most a stated
//! doubt. Nothing here decides what a doubt means for a request; `evaluate` does.

use super::error::KeyPolicyError;
use super::json;
use super::statement::{Statement, Variables, excerpt, quote};
use crate::names::Place;
use serde_json::{Map, Value, json};

/// A key policy as KMS stores it.
///
/// Source: IAM User Guide, "IAM JSON policy elements reference"; KMS Developer Guide, "Key policies".
#[derive(Debug, Clone, PartialEq)]
pub struct KeyPolicy {
    document: Value,
    pub(super) statements: Vec<Statement>,
    /// Doubts about the document as a whole, such as an unknown `Version`.
    pub(super) doubts: Vec<String>,
}

impl KeyPolicy {
    /// Reads a policy's text: a JSON object, or a JSON string that holds one.
    ///
    /// # Errors
    /// If the text is not JSON, or no policy: not an object, without `Statement`, or a key stands twice.
    pub fn parse(document: &str) -> Result<Self, KeyPolicyError> {
        Self::from_value(&json::read(document)?)
    }

    /// Reads a policy that is JSON already: an object, or a string that holds the document.
    ///
    /// # Errors
    /// As [`KeyPolicy::parse`]; equal keys can only be seen inside a string.
    pub fn from_value(document: &Value) -> Result<Self, KeyPolicyError> {
        let document = match document {
            Value::String(text) => json::read(text)?,
            Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                document.clone()
            }
        };
        let not_a_policy = |reason: &str| Err(KeyPolicyError::NotAPolicy(reason.to_owned()));
        let Value::Object(policy) = &document else {
            return not_a_policy("it is not an object");
        };
        let listed = match policy.get("Statement") {
            None => return not_a_policy("it has no `Statement`"),
            Some(Value::Array(listed)) => listed.as_slice(),
            Some(single @ Value::Object(_)) => std::slice::from_ref(single),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                return not_a_policy("its `Statement` is neither an object nor a list");
            }
        };
        let (variables, doubts) = read_frame(policy);
        let statements = listed
            .iter()
            .enumerate()
            .map(|(index, value)| Statement::read(index, value, variables))
            .collect();
        Ok(Self { statements, doubts, document })
    }

    /// What KMS gives a key of `place` that is made without a policy: the account's own principals, no service.
    ///
    /// Source: KMS Developer Guide, "Default key policy".
    ///
    /// # Errors
    /// As [`KeyPolicy::parse`].
    pub fn default_in(place: &Place) -> Result<Self, KeyPolicyError> {
        let root = format!("arn:{}:iam::{}:root", place.region.partition(), place.account);
        Self::from_value(&json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" }
        ]}))
    }

    /// The statements as written, in order.
    #[must_use]
    pub fn statements_as_written(&self) -> Vec<&Value> {
        match self.document.get("Statement") {
            Some(Value::Array(listed)) => listed.iter().collect(),
            Some(single) => vec![single],
            None => Vec::new(),
        }
    }

    /// The document as read, nothing lost.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }
}

/// The elements around the statements. `Id` is a name and decides nothing.
fn read_frame(policy: &Map<String, Value>) -> (Variables, Vec<String>) {
    let mut doubts = Vec::new();
    // Source: IAM User Guide, "Version": the default is 2008-10-17, where `${…}` is literal text.
    let variables = match policy.get("Version") {
        None => Variables::Literal,
        Some(Value::String(version)) if version == "2008-10-17" => Variables::Literal,
        Some(Value::String(version)) if version == "2012-10-17" => Variables::Replaced,
        Some(other) => {
            doubts.push(format!("the policy's `Version` {} is unknown", quote(other)));
            Variables::Replaced
        }
    };
    for name in policy.keys().filter(|name| !["Version", "Id", "Statement"].contains(&name.as_str())) {
        doubts.push(format!("the policy's element `{}` is unknown", excerpt(name)));
    }
    (variables, doubts)
}
