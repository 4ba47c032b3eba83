//! What KMS's calls tell: keys, their states, policies, aliases and tags.

use super::{tags, texts};
use crate::{Key, World};
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::{KeyManager, KeySpec, KeyState, KeyUsage};
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_policy::names::{Arn, KeyArn, Place};
use sealwatch_policy::untrusted::clean;
use serde_json::{Value, json};

pub(super) fn record(world: &mut World, change: &Change) {
    let name = change.event_name.raw();
    if let "CreateAlias" | "UpdateAlias" | "DeleteAlias" = name {
        return record_alias(world, change);
    }
    if !tells_of_a_key(name) {
        return;
    }
    let Some(arn) = key_of(world, change) else { return };
    let key = world.at(arn.place()).keys.entry(arn.id().to_owned()).or_default();
    match name {
        "CreateKey" => *key = created(change, &arn),
        "PutKeyPolicy" if change.request_text("policyName").is_none_or(|policy| policy == "default") => {
            key.policy = Some(change.request_text("policy").map_or_else(
                || Err("the recorded PutKeyPolicy call doesn't show the policy".to_owned()),
                read_policy,
            ));
        }
        "EnableKey" | "ImportKeyMaterial" => key.state = Some(KeyState::Enabled),
        "DisableKey" | "CancelKeyDeletion" => key.state = Some(KeyState::Disabled),
        "DeleteImportedKeyMaterial" | "DeleteExpiredKeyMaterial" => key.state = Some(KeyState::PendingImport),
        "ScheduleKeyDeletion" => key.state = Some(scheduled(change)),
        "DeleteKey" => key.deleted = true,
        "TagResource" => key.tags.extend(tags(change.request.get("tags"))),
        "UntagResource" => {
            let removed = texts(change.request.get("tagKeys"));
            key.tags.retain(|tag, _| !removed.contains(tag));
        }
        _ => {}
    }
}

fn tells_of_a_key(name: &str) -> bool {
    matches!(
        name,
        "CreateKey"
            | "PutKeyPolicy"
            | "EnableKey"
            | "DisableKey"
            | "ImportKeyMaterial"
            | "DeleteImportedKeyMaterial"
            | "DeleteExpiredKeyMaterial"
            | "ScheduleKeyDeletion"
            | "CancelKeyDeletion"
            | "DeleteKey"
            | "TagResource"
            | "UntagResource"
    )
}

fn record_alias(world: &mut World, change: &Change) {
    let Some(alias) = change.request_text("aliasName") else {
        return;
    };
    let target = change.request_text("targetKeyId").and_then(|target| bare_id(target));
    if let (None, "CreateAlias" | "UpdateAlias") = (target, change.event_name.raw()) {
        return;
    }
    let aliases = &mut world.at(&change.place).aliases;
    aliases.insert(alias.to_owned(), target.map(str::to_owned));
}

/// The key that a call is about: by its id, ARN or alias in the request, in the response, or in `resources[]`.
///
/// The Region is the call's own: in AWS's samples the ARN's Region can differ from it.
fn key_of(world: &World, change: &Change) -> Option<KeyArn> {
    let named = change.request_text("keyId").map(str::to_owned);
    let metadata =
        change.response.get("keyMetadata").and_then(|metadata| metadata.get("arn")).and_then(Value::as_str);
    let resource = change.resources.iter().map(|arn| arn.raw()).find(|arn| arn.contains(":key/"));
    let text = named.or_else(|| metadata.or(resource).map(str::to_owned))?;
    let mut place = change.place.clone();
    if let Some(owner) = Arn::split(&text).and_then(|arn| arn.place()) {
        place.account = owner.account;
    }
    let alias = text.split_once("alias/").map(|(_, name)| format!("alias/{name}"));
    match alias {
        Some(alias) => {
            let id = world.places.get(&place)?.aliases.get(&alias)?.clone()?;
            KeyArn::new(place, &id).ok()
        }
        None => KeyArn::new(place, bare_id(&text)?).ok(),
    }
}

fn bare_id(text: &str) -> Option<&str> {
    let id = text.rsplit_once(":key/").map_or(text, |(_, id)| id);
    (!id.is_empty() && !id.contains(':') && !id.contains('/')).then_some(id)
}

fn created(change: &Change, arn: &KeyArn) -> Key {
    let metadata = change.response.get("keyMetadata");
    let told = |field: &str| metadata.and_then(|metadata| metadata.get(field)).and_then(Value::as_str);
    let requested = |field: &str| told(field).or_else(|| change.request_text(field));
    Key {
        state: told("keyState").map(KeyState::named),
        spec: requested("keySpec").or_else(|| requested("customerMasterKeySpec")).map(KeySpec::named),
        usage: requested("keyUsage").map(KeyUsage::named),
        manager: told("keyManager").map(KeyManager::named),
        policy: match (change.request_text("policy"), change.request.is_object()) {
            (Some(policy), _) => Some(read_policy(policy)),
            // KMS attaches its default policy: the account's own principals, no service.
            (None, true) => Some(default_policy(arn.place())),
            (None, false) => None,
        },
        tags: tags(change.request.get("tags")),
        ..Key::default()
    }
}

fn read_policy(text: &str) -> Result<KeyPolicy, String> {
    KeyPolicy::parse(text).map_err(|error| error.to_string())
}

fn default_policy(place: &Place) -> Result<KeyPolicy, String> {
    let root = format!("arn:{}:iam::{}:root", place.region.partition(), place.account);
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" }
    ]});
    KeyPolicy::from_value(&document).map_err(|error| error.to_string())
}

fn scheduled(change: &Change) -> KeyState {
    let told = |field: &str| change.response.get(field).and_then(Value::as_str);
    match told("keyState").map(KeyState::named) {
        Some(KeyState::PendingReplicaDeletion) => KeyState::PendingReplicaDeletion,
        // The date is a text in one of several formats: shown, never parsed.
        _ => KeyState::PendingDeletion { deletion_date: told("deletionDate").map(|date| clean(date, 40)) },
    }
}
