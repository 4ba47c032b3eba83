//! What CloudWatch Logs' calls tell: groups, their keys and tags.

use super::{tags, texts};
use crate::{LogGroup, Regional, World};
use sealwatch_policy::change::Change;
use sealwatch_policy::guards::log_group::Target;
use sealwatch_policy::names::LogGroupArn;

pub(super) fn record(world: &mut World, change: &Change) {
    let group = match Target::of(change) {
        Target::Group(group) => Some(group),
        Target::QueryResults(_) | Target::Unclear(_) => {
            change.request_text("resourceArn").and_then(|arn| LogGroupArn::parse(arn).ok())
        }
    };
    let Some(group) = group else { return };
    let name = group.name();
    let Regional { log_groups, log_group_tags, .. } = world.at(group.place());
    match change.event_name.raw() {
        "CreateLogGroup" => {
            let created = LogGroup {
                key: change.request_text("kmsKeyId").map(str::to_owned),
                class: change.request_text("logGroupClass").map(str::to_owned),
            };
            log_groups.insert(name.clone(), created);
            log_group_tags.insert(name.clone(), tags(change.request.get("tags")));
        }
        "DeleteLogGroup" => {
            log_groups.remove(name);
            log_group_tags.remove(name);
        }
        "AssociateKmsKey" => {
            if let Some(key) = change.request_text("kmsKeyId") {
                log_groups.entry(name.clone()).or_default().key = Some(key.to_owned());
            }
        }
        "DisassociateKmsKey" => log_groups.entry(name.clone()).or_default().key = None,
        "TagLogGroup" | "TagResource" => {
            log_group_tags.entry(name.clone()).or_default().extend(tags(change.request.get("tags")));
        }
        "UntagLogGroup" | "UntagResource" => {
            let removed = texts(change.request.get("tags").or_else(|| change.request.get("tagKeys")));
            if let Some(known) = log_group_tags.get_mut(name) {
                known.retain(|key, _| !removed.contains(key));
            }
        }
        _ => {}
    }
}
