//! What CloudTrail's own calls tell: trails, their settings, selectors and tags, and whether they are logging.

use super::tags;
use crate::{Trail, World};
use sealwatch_policy::change::Change;
use sealwatch_policy::guards::trail::{Selectors, Settings, Target};
use sealwatch_policy::names::TrailArn;
use serde_json::Value;

pub(super) fn record(world: &mut World, change: &Change) {
    let name = change.event_name.raw();
    let named = match name {
        "AddTags" | "RemoveTags" => change.request_text("resourceId").and_then(|it| TrailArn::parse(it).ok()),
        _ => match Target::of(change) {
            Target::Trail(trail) => Some(trail),
            Target::EventDataStore | Target::Unclear(_) => None,
        },
    };
    let Some(arn) = named else { return };
    let trail = world.at(arn.place()).trails.entry(arn).or_default();
    // What is done to a trail proves that it is there: one that was deleted was made again, in an order that
    // CloudTrail's whole seconds don't tell.
    trail.deleted = false;
    match name {
        "CreateTrail" => *trail = created(change, trail),
        "UpdateTrail" if trail.was_told(change) => {}
        "UpdateTrail" => {
            trail.before = trail.known_settings();
            trail.settings = Settings::after(change, trail.before.as_ref());
            trail.keep_repairs(change);
            if change.request.get("s3BucketName").is_some_and(Value::is_string) {
                // Where another bucket is, nothing tells.
                let moved = trail.before.as_ref().is_none_or(|before| before.bucket != trail.settings.bucket);
                trail.bucket_region = trail.bucket_region.take().filter(|_| !moved);
            }
        }
        "DeleteTrail" => {
            trail.before = trail.known_settings();
            trail.deleted = true;
        }
        "StartLogging" | "StopLogging" => {
            trail.logging = Some(name == "StartLogging");
            trail.started = Some(true);
        }
        "PutEventSelectors" => {
            let told = Selectors::read(&change.response).or_else(|| Selectors::read(&change.request));
            let unshown = || "the recorded PutEventSelectors call doesn't show the selectors".to_owned();
            trail.selectors = Some(told.ok_or_else(unshown));
        }
        "AddTags" => {
            let added = tags(change.request.get("tagsList"));
            trail.tags.get_or_insert_default().extend(added);
        }
        "RemoveTags" => {
            let removed = tags(change.request.get("tagsList"));
            if let Some(tags) = &mut trail.tags {
                tags.retain(|key, _| !removed.contains_key(key));
            }
        }
        _ => {}
    }
}

impl Trail {
    /// Whether a change is a call that another account's record told already.
    ///
    /// A call on another account's trail is recorded in the caller's account and in the owner's. Taken in twice, it would stand
    /// between the trail and how it was before.
    fn was_told(&mut self, change: &Change) -> bool {
        let now = (change.time, change.request.clone(), change.place.account.clone());
        let last = self.updated.replace(now.clone());
        let (time, request, account) = now;
        last.is_some_and(|last| last.0 == time && last.1 == request && last.2 != account)
    }

    /// Lets an UpdateTrail call undo a repair only where it asks for that.
    fn keep_repairs(&mut self, change: &Change) {
        let Some(before) = &self.before else { return };
        let asks_for = |field: &str| change.request.get(field).is_some_and(|it| !it.is_null());
        self.repaired.key &= !asks_for("kmsKeyId");
        self.repaired.validation &= !asks_for("enableLogFileValidation");
        if self.repaired.key {
            self.settings.key = before.key.clone();
        }
        if self.repaired.validation {
            self.settings.validation = before.validation;
        }
    }

    /// Its settings, if anything at all is known of them.
    fn known_settings(&self) -> Option<Settings> {
        (self.settings != Settings::default()).then(|| self.settings.clone())
    }
}

/// A new trail isn't logging until StartLogging, and records all management events.
fn created(change: &Change, earlier: &Trail) -> Trail {
    Trail {
        settings: Settings::after(change, None),
        before: earlier.known_settings(),
        logging: Some(false),
        started: Some(false),
        selectors: Some(Ok(Selectors::by_default())),
        tags: Some(tags(change.request.get("tagsList"))),
        ..Trail::default()
    }
}
