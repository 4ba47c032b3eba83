//! Whether two policies say the same, however they are written.
//!
//! In a policy a list has no order, one value is as good as a list of one, and an account's number as its root's ARN; what was put may
//! be shown in another of these forms.
//!
//! Source: IAM User Guide, "IAM JSON policy elements reference" and "Principal".

use super::KeyPolicy;
use serde_json::Value;
use std::collections::BTreeMap;

impl KeyPolicy {
    /// Whether the other is this policy, but for the order of lists and the ways to write one value.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        self.document() == other.document() || plain(self.document()) == plain(other.document())
    }
}

/// A value in the one form of all that say the same.
fn plain(value: &Value) -> Value {
    let mut sorted = BTreeMap::new();
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                sorted.insert(name.clone(), plain(value));
            }
            sorted.into_iter().collect()
        }
        Value::Array(items) => {
            for item in items.iter().map(plain) {
                sorted.insert(item.to_string(), item);
            }
            let mut items: Vec<Value> = sorted.into_values().collect();
            if items.len() == 1 { items.remove(0) } else { Value::Array(items) }
        }
        Value::String(text) => Value::from(account_of_root(text).unwrap_or(text)),
        // A condition's flag or number is as good as its text.
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        Value::Null => Value::Null,
    }
}

/// The account whose root an ARN names: `arn:aws:iam::111122223333:root`.
fn account_of_root(arn: &str) -> Option<&str> {
    let (_, account) = arn.strip_prefix("arn:")?.split_once(":iam::")?;
    account.strip_suffix(":root").filter(|account| account.bytes().all(|it| it.is_ascii_digit()))
}
