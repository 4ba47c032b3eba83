//! What calls about imported key material tell of a key's state.
//!
//! A key may hold several materials. One that was imported to be rotated to isn't the key's own yet, and deleting it leaves the
//! key as it was.
//!
//! Source: KMS developer guide, "Delete imported key material", "Import key material"; KMS API reference, ImportKeyMaterial.

use crate::Key;
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::KeyState;
use serde_json::Value;
use std::collections::BTreeSet;

/// New material that no rotation has taken up yet.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Waiting {
    ids: BTreeSet<String>,
    /// Some was imported whose id no record tells, or that may be the key's own.
    unnamed: bool,
}

/// The first material of a key is its own at once; so is any that was its own before.
pub(super) fn imported(key: &mut Key, change: &Change) {
    let is_new = change.request_text("importType") == Some("NEW_KEY_MATERIAL");
    match (&key.state, id(&change.response)) {
        (Some(KeyState::Enabled | KeyState::Disabled), Some(id)) if is_new => {
            key.waiting.ids.insert(id);
        }
        // It may be the first.
        (Some(KeyState::Enabled | KeyState::Disabled) | None, _) if is_new => key.waiting.unnamed = true,
        (_, _) => key.state = Some(KeyState::Enabled),
    }
}

pub(super) fn rotated(key: &mut Key) {
    key.waiting = Waiting::default();
}

/// Source: KMS API reference, DeleteImportedKeyMaterial: a key that is scheduled for deletion stays so.
pub(super) fn deleted(key: &mut Key, change: &Change) {
    let named = id(&change.request).or_else(|| id(&change.response));
    let was_waiting = named.as_ref().is_some_and(|id| key.waiting.ids.remove(id));
    if was_waiting || key.is_pending_deletion() {
        return;
    }
    // Without an id the current material is deleted; which one expired, KMS's event doesn't tell.
    let expired = change.event_name.raw() != "DeleteImportedKeyMaterial";
    let in_doubt = match named {
        Some(_) => key.waiting.unnamed,
        None => expired && key.waiting != Waiting::default(),
    };
    key.state = Some(if in_doubt { KeyState::named("Unknown") } else { KeyState::PendingImport });
}

fn id(told: &Value) -> Option<String> {
    told.get("keyMaterialId").and_then(Value::as_str).map(str::to_owned)
}
