//! JSON text to a value, refusing a document in which a key stands twice.
//!
//! `serde_json` keeps the last of two equal keys, so `{"Effect": "Deny", "Effect": "Allow"}` would read as
//! an Allow. AWS accepts no such policy; here it is an error and never a choice between the two.

use super::error::KeyPolicyError;
use crate::untrusted::clean;
use sealwatch_plain::json::Json;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// # Errors
/// `NotJson` if `text` is no JSON, `NotAPolicy` if a key stands twice in one object.
pub(super) fn read(text: &str) -> Result<Value, KeyPolicyError> {
    let Json(value) = serde_json::from_str(text)
        .map_err(|error| KeyPolicyError::NotJson(clean(&error.to_string(), 200)))?;
    serde_json::from_str::<UniqueKeys>(text)
        .map_err(|error| KeyPolicyError::NotAPolicy(clean(&error.to_string(), 200)))?;
    Ok(value)
}

/// Any JSON whose objects have no key twice. Holds nothing: reading it is the check.
struct UniqueKeys;

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = UniqueKeys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated keys")
    }
    fn visit_unit<E>(self) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }
    fn visit_bool<E>(self, _: bool) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }
    fn visit_i64<E>(self, _: i64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }
    fn visit_u64<E>(self, _: u64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }
    fn visit_f64<E>(self, _: f64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }
    fn visit_str<E>(self, _: &str) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<UniqueKeys, A::Error> {
        while list.next_element::<UniqueKeys>()?.is_some() {}
        Ok(UniqueKeys)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<UniqueKeys, A::Error> {
        let mut seen = BTreeSet::new();
        while let Some((key, UniqueKeys)) = object.next_entry::<String, UniqueKeys>()? {
            if let Some(key) = seen.replace(key) {
                return Err(A::Error::custom(format!("`{}` stands twice in one object", clean(&key, 64))));
            }
        }
        Ok(UniqueKeys)
    }
}
