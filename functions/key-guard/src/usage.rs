//! What KMS itself tells of a key: its names, its last use, who holds grants, its policies.
//!
//! Each source is a reading of its own, whole or unreadable; a list counts only with all its pages.

use crate::describe::{moment, unread};
use crate::gather::Inquiry;
use aws_sdk_kms::types::GrantListEntry;
use sealwatch_policy::facts::{KeyPolicyFact, Reading};
use sealwatch_policy::guards::key::{Grant, LastUse, Use, too_early};
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_runtime::deadline::Step;
use sealwatch_runtime::keys::key_policy;
use sealwatch_runtime::looks::settled;
use sealwatch_runtime::trouble::{Trouble, all, call};
use std::collections::{BTreeMap, BTreeSet};

/// As many as ListAliases and ListGrants give a page at most.
const PAGE: i32 = 100;

/// The second policy that a key has while it is shared through AWS RAM.
const SHARING_POLICY: &str = "AWS_RAM";

impl Inquiry<'_> {
    /// The aliases that point to exactly this key.
    pub async fn aliases(&self) -> Reading<BTreeSet<String>> {
        const OPERATION: &str = "kms:ListAliases";
        let asked = self.boot.clients.kms().list_aliases().key_id(self.key.to_string()).limit(PAGE);
        let pages = asked.into_paginator().stop_on_duplicate_token(false).send();
        let listed = match all(self.deadline, Step::Ask, OPERATION, pages, |page| page.aliases).await {
            Ok(listed) => listed,
            Err(trouble) => return unread(trouble),
        };
        let own = listed.into_iter().filter(|alias| alias.target_key_id() == Some(self.key.id()));
        let names: Option<BTreeSet<String>> = own.map(|alias| alias.alias_name).collect();
        match names {
            Some(names) => Reading::Known(names),
            None => unread(Trouble::unclear(OPERATION, "an alias has no name")),
        }
    }

    pub async fn tags(&self) -> Reading<BTreeMap<String, String>> {
        let asked = self.boot.clients.kms().list_resource_tags().key_id(self.key.to_string());
        let pages = asked.into_paginator().stop_on_duplicate_token(false).send();
        let listed = all(self.deadline, Step::Ask, "kms:ListResourceTags", pages, |page| page.tags).await;
        match listed {
            Ok(tags) => Reading::Known(tags.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect()),
            Err(trouble) => unread(trouble),
        }
    }

    /// Source: KMS API reference, GetKeyLastUsage: where no use was seen, `KeyLastUsage` is an empty object.
    pub async fn last_use(&self) -> Reading<LastUse> {
        const OPERATION: &str = "kms:GetKeyLastUsage";
        let asked = self.boot.clients.kms().get_key_last_usage().key_id(self.key.to_string());
        let answer = match call(self.deadline, Step::Ask, OPERATION, asked.send()).await {
            Ok(answer) => answer,
            Err(trouble) => return unread(trouble),
        };
        if answer.key_id().is_some_and(|id| id != self.key.id() && id != self.key.to_string()) {
            return unread(Trouble::unclear(OPERATION, "the answer is about another key"));
        }
        let used = match answer.key_last_usage() {
            Some(last) if *last != aws_sdk_kms::types::KeyLastUsageData::builder().build() => {
                let Some(time) = last.timestamp().and_then(moment) else {
                    return unread(Trouble::unclear(OPERATION, "it was used, and the answer has no time"));
                };
                Some(Use {
                    time,
                    operation: last.operation().map(|operation| operation.as_str().to_owned()),
                    event_id: last.cloud_trail_event_id().map(str::to_owned),
                })
            }
            Some(_) | None => None,
        };
        Reading::Known(LastUse {
            used,
            tracking_since: answer.tracking_start_date().and_then(moment),
            created: answer.key_creation_date().and_then(moment),
        })
    }

    pub async fn grants(&self) -> Reading<Vec<Grant>> {
        let asked = self.boot.clients.kms().list_grants().key_id(self.key.to_string()).limit(PAGE);
        let pages = asked.into_paginator().stop_on_duplicate_token(false).send();
        match all(self.deadline, Step::Ask, "kms:ListGrants", pages, |page| page.grants).await {
            Ok(grants) => Reading::Known(grants.into_iter().map(grant).collect()),
            Err(trouble) => unread(trouble),
        }
    }

    /// Whether other accounts share it.
    pub async fn shared(&self) -> Reading<bool> {
        let asked = self.boot.clients.kms().list_key_policies().key_id(self.key.to_string());
        let pages = asked.into_paginator().stop_on_duplicate_token(false).send();
        let listed =
            all(self.deadline, Step::Ask, "kms:ListKeyPolicies", pages, |page| page.policy_names).await;
        match listed {
            Ok(names) => Reading::Known(names.iter().any(|name| name == SHARING_POLICY)),
            Err(trouble) => unread(trouble),
        }
    }

    pub async fn policy(&self) -> Reading<KeyPolicy> {
        let read = || async {
            match key_policy(&self.boot.clients, self.key, self.deadline).await {
                KeyPolicyFact::Known(policy) => Reading::Known(policy),
                KeyPolicyFact::Unreadable(error) => Reading::Unreadable(error),
                KeyPolicyFact::Assumed => Reading::NotAsked,
            }
        };
        settled(self.deadline, read, |policy| too_early::policy(self.change, policy, self.now)).await
    }

    pub async fn rotation(&self) -> Reading<bool> {
        let read = || self.is_rotated();
        settled(self.deadline, read, |rotated| too_early::rotation(self.change, rotated, self.now)).await
    }

    /// Absent for a key of a kind that KMS doesn't rotate.
    async fn is_rotated(&self) -> Reading<bool> {
        let asked = self.boot.clients.kms().get_key_rotation_status().key_id(self.key.to_string());
        match call(self.deadline, Step::Ask, "kms:GetKeyRotationStatus", asked.send()).await {
            Ok(answer) => Reading::Known(answer.key_rotation_enabled()),
            Err(trouble) if trouble.is("UnsupportedOperationException") => Reading::Absent,
            Err(trouble) => unread(trouble),
        }
    }
}

fn grant(entry: GrantListEntry) -> Grant {
    Grant {
        created: entry.creation_date().and_then(moment),
        id: entry.grant_id.unwrap_or_else(|| "unnamed".to_owned()),
        grantee: entry.grantee_service_principal.or(entry.grantee_principal),
        retiring: entry.retiring_service_principal.or(entry.retiring_principal),
    }
}
