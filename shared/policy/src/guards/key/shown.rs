//! The key facts as receipts show them: every answer, also "not asked" and "unreadable".

use super::{Description, Facts, Grant, History, LastUse, LogGroups, MultiRegion, Origin};
use crate::facts::KeyState;
use crate::facts::shown::{reading, tags};
use crate::untrusted::{SHOWN, clean};
use serde_json::{Value, json};

impl Facts {
    /// The facts as JSON. Policies are named, not printed: findings quote what matters.
    #[must_use]
    pub fn shown(&self) -> Value {
        json!({
            "key": reading(&self.key, description),
            "aliases": reading(&self.aliases, |aliases| json!(aliases)),
            "tags": reading(&self.tags, tags),
            "last_use": reading(&self.last_use, last_use),
            "trails": reading(&self.trails, |trails| json!(trails)),
            "grants": reading(&self.grants, |grants| Value::from(grants.iter().map(grant).collect::<Vec<_>>())),
            "shared": reading(&self.shared, |shared| json!(shared)),
            "log_groups": reading(&self.log_groups, log_groups),
            "history": reading(&self.history, history),
            "policy": reading(&self.policy, |_| json!("read")),
            "earlier_policy": reading(&self.earlier_policy, |_| json!("read")),
            "rotation": reading(&self.rotation, |rotation| json!(rotation)),
            "alias": reading(&self.alias, |key| json!(key)),
            "alias_before": reading(&self.alias_before, |key| json!(key)),
        })
    }
}

fn description(key: &Description) -> Value {
    let deletion_date = match &key.state {
        KeyState::PendingDeletion { deletion_date } => deletion_date.as_ref(),
        KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingReplicaDeletion
        | KeyState::PendingImport
        | KeyState::Other(_) => None,
    };
    let origin = key.origin.map(|origin| match origin {
        Origin::Kms => "kms",
        Origin::Imported => "imported",
        Origin::KeyStore => "custom key store",
    });
    let multi_region = match &key.multi_region {
        MultiRegion::No => json!(false),
        MultiRegion::Primary { replicas } => json!({ "primary_of": replicas }),
        MultiRegion::Replica { primary } => json!({ "replica_of": primary }),
        MultiRegion::NotTold => json!("not told"),
    };
    json!({
        "arn": key.arn,
        "state": key.state.as_str(),
        "deletion_date": deletion_date.map(|date| clean(date, 40)),
        "origin": origin,
        "created": key.created.map(|it| it.to_string()),
        "multi_region": multi_region,
        "assumed": key.assumed,
    })
}

fn last_use(last: &LastUse) -> Value {
    json!({
        "time": last.used.as_ref().map(|used| used.time.to_string()),
        "operation": last.used.as_ref().and_then(|used| Some(clean(used.operation.as_deref()?, 60))),
        "event_id": last.used.as_ref().and_then(|used| Some(clean(used.event_id.as_deref()?, 60))),
        "tracking_since": last.tracking_since.map(|it| it.to_string()),
        "key_created": last.created.map(|it| it.to_string()),
    })
}

fn grant(grant: &Grant) -> Value {
    json!({
        "id": clean(&grant.id, 80),
        "grantee": grant.grantee.as_deref().map(|it| clean(it, SHOWN)),
        "retiring": grant.retiring.as_deref().map(|it| clean(it, SHOWN)),
        "created": grant.created.map(|it| it.to_string()),
    })
}

fn log_groups(groups: &LogGroups) -> Value {
    json!({
        "using": groups.using,
        "looked_at": groups.looked_at,
        "cut_short": groups.cut_short.as_ref().map(|error| error.why.as_str()),
    })
}

fn history(history: &History) -> Value {
    let past: Vec<Value> = history
        .past
        .iter()
        .map(|past| {
            let act = match past.act {
                super::Act::Scheduled => "scheduled for deletion",
                super::Act::Cancelled => "deletion cancelled",
                super::Act::Disabled => "disabled",
                super::Act::Enabled => "enabled",
            };
            json!({
                "time": past.time.to_string(),
                "act": act,
                "actor": past.actor.as_deref().map(|it| clean(it, SHOWN)),
                "event_id": clean(&past.event_id, 60),
            })
        })
        .collect();
    json!({
        "calls": past,
        "since": history.since.map(|it| it.to_string()),
        "state_before": history.state_before.as_ref().map(KeyState::as_str),
    })
}
