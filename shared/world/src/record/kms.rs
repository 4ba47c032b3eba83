//! What KMS's calls tell: keys, their states, policies, aliases, tags, grants and uses.

use super::{material, tags, texts};
use crate::{Key, World};
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::{KeyManager, KeySpec, KeyState, KeyUsage};
use sealwatch_policy::guards::key::{Grant, MultiRegion, Origin, Past, Use};
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_policy::names::{Arn, KeyArn};
use sealwatch_policy::untrusted::clean;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn record(world: &mut World, change: &Change) {
    let name = change.event_name.raw();
    if let "CreateAlias" | "UpdateAlias" | "DeleteAlias" = name {
        return record_alias(world, change);
    }
    let Some(arn) = key_of(world, change) else { return };
    let key = world.at(arn.place()).keys.entry(arn.id().to_owned()).or_default();
    key.recorded_since.get_or_insert(change.time);
    match name {
        "CreateKey" => *key = created(change, &arn),
        "PutKeyPolicy" if change.request_text("policyName").is_none_or(|policy| policy == "default") => {
            key.policy_before = key.policy.take();
            key.policy = Some(change.request_text("policy").map_or_else(
                || Err("the recorded PutKeyPolicy call doesn't show the policy".to_owned()),
                read_policy,
            ));
        }
        "EnableKeyRotation" | "DisableKeyRotation" => key.rotation = Some(name == "EnableKeyRotation"),
        "CreateGrant" | "RevokeGrant" | "RetireGrant" => record_grant(key, change),
        "ReplicateKey" => {
            let added = change.request_text("replicaRegion").map(str::to_owned);
            let mut replicas = match key.multi_region.take() {
                Some(MultiRegion::Primary { replicas }) => replicas,
                Some(MultiRegion::No | MultiRegion::Replica { .. } | MultiRegion::NotTold) | None => {
                    Vec::new()
                }
            };
            replicas.extend(added);
            key.multi_region = Some(MultiRegion::Primary { replicas });
        }
        "TagResource" => key.tags.extend(tags(change.request.get("tags"))),
        "UntagResource" => {
            let removed = texts(change.request.get("tagKeys"));
            key.tags.retain(|tag, _| !removed.contains(tag));
        }
        _ => record_life(key, change),
    }
}

/// What changes a key's state.
fn record_life(key: &mut Key, change: &Change) {
    match change.event_name.raw() {
        // A replay may have cancelled it earlier, and enabled the key: what is so already isn't done once more.
        "CancelKeyDeletion" if key.rescued => return,
        "EnableKey" if key.rescued && key.state == Some(KeyState::Enabled) => return,
        "ImportKeyMaterial" => material::imported(key, change),
        "RotateKeyOnDemand" => material::rotated(key),
        "DeleteImportedKeyMaterial" | "DeleteExpiredKeyMaterial" | "KMS Imported Key Material Expiration" => {
            material::deleted(key, change);
        }
        "EnableKey" => key.state = Some(KeyState::Enabled),
        "DisableKey" | "CancelKeyDeletion" => key.state = Some(KeyState::Disabled),
        "ScheduleKeyDeletion" => {
            key.state_before = key.state.replace(scheduled(change));
            key.rescued = false;
        }
        "DeleteKey" | "KMS CMK Deletion" => key.deleted = !key.rescued,
        _ => {}
    }
    key.past.extend(Past::of(change));
}

/// A retirement may show neither the grant nor who held it; then none is taken to be gone.
fn record_grant(key: &mut Key, change: &Change) {
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let id = text(&change.request, "grantId").or_else(|| text(&change.response, "grantId"));
    let Some(id) = id else { return };
    if change.event_name.raw() == "CreateGrant" {
        let party = |principal: &str, service: &str| {
            text(&change.request, principal).or_else(|| text(&change.request, service))
        };
        let grant = Grant {
            id: id.clone(),
            grantee: party("granteePrincipal", "granteeServicePrincipal"),
            retiring: party("retiringPrincipal", "retiringServicePrincipal"),
            created: Some(change.time),
        };
        key.grants.insert(id, grant);
    } else {
        key.grants.remove(&id);
    }
}

/// A cryptographic operation that succeeded: ReEncrypt uses two keys.
pub(super) fn record_use(world: &mut World, change: &Change) {
    let named = key_of(world, change);
    let resources = change.resources.iter().filter(|arn| arn.raw().contains(":key/"));
    let keys: BTreeSet<KeyArn> =
        named.into_iter().chain(resources.filter_map(|arn| key_named(world, change, arn.raw()))).collect();
    for arn in keys {
        let regional = world.at(arn.place());
        regional.tells_of_use = true;
        let key = regional.keys.entry(arn.id().to_owned()).or_default();
        key.recorded_since.get_or_insert(change.time);
        let is_later = |known: &Use| known.time < change.time;
        if key.last_use.as_ref().and_then(Option::as_ref).is_none_or(is_later) {
            key.last_use = Some(Some(Use {
                time: change.time,
                operation: Some(change.event_name.raw().to_owned()),
                event_id: Some(change.event_id.raw().to_owned()),
            }));
        }
    }
}

fn record_alias(world: &mut World, change: &Change) {
    let Some(alias) = change.request_text("aliasName") else {
        return;
    };
    let target = change.request_text("targetKeyId").and_then(|target| bare_id(target));
    if let (None, "CreateAlias" | "UpdateAlias") = (target, change.event_name.raw()) {
        return;
    }
    let regional = world.at(&change.place);
    let before = regional.aliases.insert(alias.to_owned(), target.map(str::to_owned)).flatten();
    // A deletion's record holds the key that the alias pointed to.
    let resource = || change.resources.iter().find_map(|arn| bare_id(arn.raw())).map(str::to_owned);
    let deleted = change.event_name.raw() == "DeleteAlias";
    match before.or_else(|| resource().filter(|_| deleted)) {
        Some(before) => regional.aliases_before.insert(alias.to_owned(), before),
        None => regional.aliases_before.remove(alias),
    };
}

/// The key that a call is about: by its id, ARN or alias in the request, in the response, or in `resources[]`.
///
/// The Region is the call's own: in AWS's samples the ARN's Region can differ from it.
fn key_of(world: &World, change: &Change) -> Option<KeyArn> {
    let named = change.request_text("keyId").map(str::to_owned);
    let metadata =
        change.response.get("keyMetadata").and_then(|metadata| metadata.get("arn")).and_then(Value::as_str);
    let resource = change.resources.iter().map(|arn| arn.raw()).find(|arn| arn.contains(":key/"));
    let text = named.or_else(|| metadata.or(resource).map(str::to_owned));
    key_named(world, change, &text.or_else(|| change.request_text("key-id").map(str::to_owned))?)
}

fn key_named(world: &World, change: &Change, text: &str) -> Option<KeyArn> {
    let mut place = change.place.clone();
    if let Some(owner) = Arn::split(text).and_then(|arn| arn.place()) {
        place.account = owner.account;
    }
    let alias = text.split_once("alias/").map(|(_, name)| format!("alias/{name}"));
    match alias {
        Some(alias) => {
            let id = world.places.get(&place)?.aliases.get(&alias)?.clone()?;
            KeyArn::new(place, &id).ok()
        }
        None => KeyArn::new(place, bare_id(text)?).ok(),
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
            (None, true) => Some(KeyPolicy::default_in(arn.place()).map_err(|error| error.to_string())),
            (None, false) => None,
        },
        tags: tags(change.request.get("tags")),
        created: Some(change.time),
        origin: requested("origin").map(Origin::named),
        rotation: Some(false),
        made: true,
        ..Key::default()
    }
}

fn read_policy(text: &str) -> Result<KeyPolicy, String> {
    KeyPolicy::parse(text).map_err(|error| error.to_string())
}

fn scheduled(change: &Change) -> KeyState {
    let told = |field: &str| change.response.get(field).and_then(Value::as_str);
    match told("keyState").map(KeyState::named) {
        Some(KeyState::PendingReplicaDeletion) => KeyState::PendingReplicaDeletion,
        // The date is a text in one of several formats: shown, never parsed.
        _ => KeyState::PendingDeletion { deletion_date: told("deletionDate").map(|date| clean(date, 40)) },
    }
}
