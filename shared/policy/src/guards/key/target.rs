//! Which key or alias a change is about, however its record names it.

use super::Call;
use crate::change::Change;
use crate::names::{KeyArn, KeyRef, Place};
use crate::untrusted::{SHOWN, clean};
use std::collections::BTreeSet;

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One key; by an alias only where the record names no key behind it.
    Key(KeyRef),
    /// One alias.
    Alias(KeyRef),
    /// The record doesn't say, or says something that can't be.
    Unclear(String),
}

impl Target {
    /// Reads the target out of the request, a bare id, an ARN or an alias; else out of the response or `resources[]`.
    #[must_use]
    pub fn of(change: &Change) -> Self {
        let found = match Call::of(change) {
            Some(Call::UpdateAlias | Call::DeleteAlias) => alias_of(change).map(Self::Alias),
            Some(
                Call::Schedule
                | Call::Cancel
                | Call::Disable
                | Call::Enable
                | Call::PutPolicy
                | Call::DeleteMaterial
                | Call::DisableRotation
                | Call::Deleted,
            )
            | None => key_of(change).map(Self::Key),
        };
        found.unwrap_or_else(Self::Unclear)
    }

    /// The target's ARN, if it has one.
    #[must_use]
    pub fn arn(&self) -> Option<String> {
        match self {
            Self::Key(reference) | Self::Alias(reference) => Some(reference.to_string()),
            Self::Unclear(_) => None,
        }
    }
}

/// The key that `resources[]` names.
///
/// Beside an alias stands the key behind it, in either order and both typed as keys: told by `:key/`.
pub(super) fn key_in_resources(change: &Change) -> Option<Result<KeyArn, String>> {
    let arn = change.resources.iter().map(|arn| arn.raw()).find(|arn| arn.contains(":key/"))?;
    Some(key_named(arn, &change.place))
}

fn key_of(change: &Change) -> Result<KeyRef, String> {
    let named = ["keyId", "key-id"].iter().find_map(|field| change.request_text(field));
    let alias = named.filter(|name| name.starts_with("alias/") || name.contains(":alias/"));
    let in_response = change.response.get("keyId").and_then(|it| it.as_str()).filter(|it| !it.is_empty());
    let elsewhere = || {
        let in_response = in_response.map(|name| key_named(name, &change.place));
        key_in_resources(change).or(in_response)
    };
    match (named, alias) {
        (Some(name), None) => key_named(name, &change.place).map(KeyRef::Key),
        // An alias may point elsewhere by now; the record tells where it pointed.
        (_, Some(alias)) => match elsewhere() {
            Some(key) => key.map(KeyRef::Key),
            None => alias_named(alias, &change.place),
        },
        (None, None) => match elsewhere() {
            Some(key) => key.map(KeyRef::Key),
            None => Err("the record names no key".to_owned()),
        },
    }
}

fn alias_of(change: &Change) -> Result<KeyRef, String> {
    let in_resources = || change.resources.iter().map(|arn| arn.raw()).find(|arn| arn.contains(":alias/"));
    let named = change.request_text("aliasName").or_else(in_resources);
    alias_named(named.ok_or_else(|| "the record names no alias".to_owned())?, &change.place)
}

fn alias_named(name: &str, place: &Place) -> Result<KeyRef, String> {
    let alias = KeyRef::parse(name, place).map_err(|error| error.to_string())?;
    match alias {
        KeyRef::Alias { .. } => Ok(alias),
        KeyRef::Key(_) => Err(format!("`{}` is a key and no alias", clean(name, SHOWN))),
    }
}

/// The key of a bare id or an ARN.
///
/// KMS answers a call in the key's own Region only, so the key's is the call's, whatever the ARN of a record
/// says. A multi-Region key's id is the same in several Regions: where the two disagree nobody can tell which is meant.
fn key_named(name: &str, place: &Place) -> Result<KeyArn, String> {
    if !name.starts_with("arn:") {
        return KeyArn::new(place.clone(), name).map_err(|error| error.to_string());
    }
    // An ARN of another partition or with a malformed account is no key's.
    let told = KeyArn::parse(name).map_err(|error| error.to_string())?;
    if told.place().region == place.region {
        return Ok(told);
    }
    if told.id().starts_with("mrk-") {
        return Err(format!("the call was made in {}, and names {told}", place.region));
    }
    let here = Place { account: told.place().account.clone(), region: place.region.clone() };
    KeyArn::new(here, told.id()).map_err(|error| error.to_string())
}

/// The key that a call made an alias point to: an id or ARN in the request, else the one that is listed.
#[must_use]
pub fn pointed_to(call: &Change) -> Option<KeyArn> {
    let named = call.request_text("targetKeyId");
    let named = named.and_then(|id| KeyArn::parse(id).or_else(|_| KeyArn::new(call.place.clone(), id)).ok());
    named.or_else(|| listed_key(call))
}

/// The one key in `resources[]`, where an alias stands beside it in either order.
#[must_use]
pub fn listed_key(call: &Change) -> Option<KeyArn> {
    let keys = call.resources.iter().filter_map(|arn| KeyArn::parse(arn.raw()).ok());
    let mut keys: BTreeSet<KeyArn> = keys.filter(|key| *key.place() == call.place).collect();
    keys.pop_first().filter(|_| keys.is_empty())
}
