//! Calls that failed: which of them were attempts to weaken a key.
//!
//! A failed call changed nothing, so nothing follows but a word about it.

use super::{Call, Target, alias};
use crate::policy::Policy;

/// What a failed call tried to weaken, in words; `None` if it would have weakened nothing.
pub(super) fn attempt(policy: &Policy, call: Call, target: &Target) -> Option<&'static str> {
    let names_alias = || match target {
        Target::Alias(alias) => alias::is_named(policy, alias),
        Target::Key(_) => false,
        // A record that doesn't show the alias may be about one that policy names, if it names any.
        Target::Unclear(_) => alias::names_any(policy),
    };
    match call {
        Call::Cancel | Call::Enable | Call::Deleted => None,
        Call::Schedule => Some("schedule a key's deletion"),
        Call::Disable => Some("disable a key"),
        Call::PutPolicy => Some("replace a key's policy"),
        Call::DeleteMaterial => Some("delete a key's imported material"),
        Call::DisableRotation => Some("switch off a key's rotation"),
        Call::UpdateAlias => names_alias().then_some("move an alias that policy names"),
        Call::DeleteAlias => names_alias().then_some("delete an alias that policy names"),
    }
}
