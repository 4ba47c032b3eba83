//! What CloudWatch Logs' calls tell: groups, their keys and tags.

use super::{tags, texts};
use crate::{LogGroup, World};
use sealwatch_policy::change::Change;
use sealwatch_policy::guards::log_group::Target;
use sealwatch_policy::names::LogGroupArn;

pub(super) fn record(world: &mut World, change: &Change) {
    let group = match Target::of(change) {
        Target::Group(group) => Some(group),
        Target::QueryResults(_) | Target::Unclear(_) => change
            .request_text("resourceArn")
            .and_then(|arn| LogGroupArn::parse(arn).ok()),
    };
    let Some(group) = group else { return };
    let groups = &mut world.at(group.place()).log_groups;
    let name = group.name();
    match change.event_name.raw() {
        "CreateLogGroup" => {
            let created = LogGroup {
                key: change.request_text("kmsKeyId").map(str::to_owned),
                class: change.request_text("logGroupClass").map(str::to_owned),
                tags: tags(change.request.get("tags")),
            };
            groups.insert(name.clone(), created);
        }
        "DeleteLogGroup" => drop(groups.remove(name)),
        "AssociateKmsKey" => {
            if let Some(key) = change.request_text("kmsKeyId") {
                groups.entry(name.clone()).or_default().key = Some(key.to_owned());
            }
        }
        "DisassociateKmsKey" => groups.entry(name.clone()).or_default().key = None,
        // Tags tell nothing of a key: a group that is first met in such a call stays unknown.
        "TagLogGroup" | "TagResource" => {
            if let Some(known) = groups.get_mut(name) {
                known.tags.extend(tags(change.request.get("tags")));
            }
        }
        "UntagLogGroup" | "UntagResource" => {
            let removed = texts(
                change
                    .request
                    .get("tags")
                    .or_else(|| change.request.get("tagKeys")),
            );
            if let Some(known) = groups.get_mut(name) {
                known.tags.retain(|key, _| !removed.contains(key));
            }
        }
        _ => {}
    }
}
