//! The trail facts as receipts show them: every answer, also "not asked" and "unreadable".

use super::selectors::{Recorded, Selectors};
use super::{Facts, OtherTrail, Status};
use crate::facts::shown::{keys, reading, tags};
use serde_json::{Value, json};

impl Facts {
    /// The facts as JSON.
    #[must_use]
    pub fn shown(&self) -> Value {
        json!({
            "trail": reading(&self.trail, |state| {
                json!({ "arn": state.arn, "settings": state.settings.shown() })
            }),
            "status": reading(&self.status, status),
            "management_events": reading(&self.selectors, recorded),
            "tags": reading(&self.tags, tags),
            "earlier": reading(&self.earlier, super::Settings::shown),
            "bucket_region": reading(&self.bucket_region, |region| json!(region)),
            "keys": keys(&self.keys),
            "other_trails": reading(&self.others, |trails| {
                Value::from(trails.iter().map(other).collect::<Vec<_>>())
            }),
        })
    }
}

fn status(status: &Status) -> Value {
    json!({
        "logging": status.logging,
        "delivery_error": status.delivery_error,
        "digest_delivery_error": status.digest_error,
        "log_group_delivery_error": status.log_group_error,
    })
}

fn recorded(selectors: &Selectors) -> Value {
    match selectors.records_management_events() {
        Recorded::Yes => json!("recorded"),
        Recorded::No { what, .. } => json!(what),
        Recorded::Unknown(why) => json!({ "unknown": why }),
    }
}

fn other(trail: &OtherTrail) -> Value {
    json!({
        "arn": trail.arn,
        "multi_region": trail.multi_region,
        "status": reading(&trail.status, status),
        "management_events": reading(&trail.selectors, recorded),
    })
}
