//! The trails that encrypt with a key, among all that this Region shows.
//!
//! A trail names its key by ARN. Where it should name it otherwise, it is held against the key's aliases; a name that
//! can't be told apart is never taken for another key's.

use crate::gather::Inquiry;
use aws_sdk_cloudtrail::types::Trail;
use sealwatch_policy::facts::{Reading, Unreadable};
use sealwatch_policy::names::{KeyArn, KeyRef, TrailArn};
use sealwatch_policy::untrusted::clean;
use sealwatch_runtime::deadline::Step;
use sealwatch_runtime::trouble::{Trouble, call};
use std::collections::BTreeSet;

const OPERATION: &str = "cloudtrail:DescribeTrails";

impl Inquiry<'_> {
    /// All trails that reach this Region, those of other Regions and of the organization too.
    pub async fn all_trails(&self) -> Reading<Vec<Trail>> {
        let asked = self.boot.clients.cloudtrail().describe_trails().include_shadow_trails(true);
        let answer = match call(self.deadline, Step::Ask, OPERATION, asked.send()).await {
            Ok(answer) => answer,
            Err(trouble) => return Reading::Unreadable(trouble.into()),
        };
        match answer.trail_list {
            Some(trails) => Reading::Known(trails),
            None => {
                Reading::Unreadable(Trouble::unclear(OPERATION, "the answer has no list of trails").into())
            }
        }
    }

    /// Those of `trails` that encrypt with the key.
    pub fn of_key(
        &self,
        trails: Reading<Vec<Trail>>,
        aliases: &Reading<BTreeSet<String>>,
    ) -> Reading<Vec<TrailArn>> {
        let trails = match trails {
            Reading::Known(trails) | Reading::Assumed(trails) => trails,
            Reading::NotAsked => return Reading::NotAsked,
            Reading::Absent => return Reading::Absent,
            Reading::Unreadable(error) => return Reading::Unreadable(error),
        };
        let mut using = Vec::new();
        for trail in trails {
            let Some(named) = trail.kms_key_id().filter(|named| !named.is_empty()) else { continue };
            match is_named(self.key, aliases, named) {
                Ok(false) => {}
                Ok(true) => match TrailArn::parse(trail.trail_arn().unwrap_or_default()) {
                    Ok(arn) => using.push(arn),
                    Err(error) => {
                        return Reading::Unreadable(Trouble::unclear(OPERATION, &error.to_string()).into());
                    }
                },
                Err(error) => return Reading::Unreadable(error),
            }
        }
        Reading::Known(using)
    }
}

/// Whether a `KmsKeyId` names the key.
fn is_named(key: &KeyArn, aliases: &Reading<BTreeSet<String>>, named: &str) -> Result<bool, Unreadable> {
    if KeyArn::new(key.place().clone(), named).is_ok() {
        return Ok(named == key.id());
    }
    let unclear = |why: &str| {
        let named = clean(named, 256);
        Unreadable::for_good(format!("{OPERATION}: a trail names its key {named}, {why}"))
    };
    match KeyRef::parse(named, key.place()) {
        Ok(KeyRef::Key(arn)) => Ok(arn == *key),
        Ok(KeyRef::Alias { place, .. }) if place != *key.place() => Ok(false),
        Ok(KeyRef::Alias { alias, .. }) => match aliases {
            Reading::Known(aliases) | Reading::Assumed(aliases) => Ok(aliases.contains(&alias)),
            // A key that is gone took its aliases with it.
            Reading::Absent => Ok(false),
            Reading::Unreadable(Unreadable { why, retryable }) => {
                let why = unclear(&format!("and the key's aliases can't be read: {why}")).why;
                Err(Unreadable { why, retryable: *retryable })
            }
            Reading::NotAsked => Err(unclear("and nobody asked for the key's aliases")),
        },
        Err(_) => Err(unclear("which is no key's name")),
    }
}
