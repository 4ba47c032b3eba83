//! The policy that a key had before a change, from CloudTrail's own event history of 90 days.
//!
//! The latest PutKeyPolicy of this key before the change holds it, else the key's creation. Neither AWS nor this
//! guard keeps it anywhere else.

use crate::gather::Inquiry;
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::{Reading, Unreadable};
use sealwatch_policy::guards::key::Target;
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_policy::names::{KeyArn, KeyRef};
use sealwatch_runtime::lookup::{About, latest_before};
use serde_json::Value;

impl Inquiry<'_> {
    /// The policy before the change; absent if the history doesn't go back far enough.
    pub async fn earlier_policy(&self) -> Reading<KeyPolicy> {
        let Self { boot, change, deadline, .. } = self;
        match latest_before(&boot.clients, change, "PutKeyPolicy", deadline, |call| self.puts_policy(call))
            .await
        {
            Ok(Some(put)) => return policy_of(&put),
            Ok(None) => {}
            Err(trouble) => return Reading::Unreadable(trouble.into()),
        }
        match latest_before(&boot.clients, change, "CreateKey", deadline, |call| self.is_about(created(call)))
            .await
        {
            Ok(Some(created)) if created.request.is_object() && created.request_text("policy").is_none() => {
                read(KeyPolicy::default_in(self.key.place()))
            }
            Ok(Some(created)) => policy_of(&created),
            Ok(None) => Reading::Absent,
            Err(trouble) => Reading::Unreadable(trouble.into()),
        }
    }

    fn puts_policy(&self, call: &Change) -> About {
        if call.request_text("policyName").is_some_and(|name| name != "default") {
            return About::Another;
        }
        self.is_about(match Target::of(call) {
            Target::Key(KeyRef::Key(arn)) => Some(arn),
            Target::Key(KeyRef::Alias { .. }) | Target::Alias(_) | Target::Unclear(_) => None,
        })
    }

    fn is_about(&self, key: Option<KeyArn>) -> About {
        match key {
            Some(key) if key == *self.key => About::It,
            Some(_) => About::Another,
            None => About::Unclear,
        }
    }
}

/// The key that a CreateKey call made: named in its answer only.
fn created(call: &Change) -> Option<KeyArn> {
    let told = call.response.get("keyMetadata").and_then(|key| key.get("arn")).and_then(Value::as_str);
    let listed = || call.resources.iter().map(|arn| arn.raw()).find(|arn| arn.contains(":key/"));
    KeyArn::parse(told.or_else(listed)?).ok()
}

/// The policy that a recorded call set.
fn policy_of(call: &Change) -> Reading<KeyPolicy> {
    match call.request_text("policy") {
        Some(policy) => read(KeyPolicy::parse(policy)),
        None => {
            let why = format!("the {} call of {} doesn't show the policy", call.event_name, call.time);
            Reading::Unreadable(Unreadable::for_good(why))
        }
    }
}

fn read(policy: Result<KeyPolicy, impl std::fmt::Display>) -> Reading<KeyPolicy> {
    match policy {
        Ok(policy) => Reading::Known(policy),
        Err(error) => Reading::Unreadable(Unreadable::for_good(error.to_string())),
    }
}
