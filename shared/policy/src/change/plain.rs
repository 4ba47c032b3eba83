//! Reads a record of the shape that CloudTrail writes, alone or as EventBridge delivers it, without holding what nobody asks for.
//!
//! A large archive is read several times faster so than through a `Value`, and a function starts sooner. It gives what
//! [`super::parse`] gives, or nothing: a field twice, of another type or out of place is left to that.

use super::{Actor, Change, Failure, VIA_CLOUDTRAIL};
use crate::names::{AccountId, Place, Region};
use crate::untrusted::Untrusted;
use sealwatch_plain::record::{self, Identity, Record, Text};
use serde_json::Value;

/// A record's change, if it is as CloudTrail writes it.
pub(super) fn read(text: &str) -> Option<Change> {
    change(record::read(text)?)
}

/// The change of an envelope around such a record, of which nothing else is asked then.
pub(super) fn read_envelope(text: &str) -> Option<Change> {
    let envelope = record::read_envelope(text)?;
    told(envelope.kind.as_ref()).filter(|kind| kind.ends_with(VIA_CLOUDTRAIL))?;
    change(envelope.detail?)
}

fn change(record: Record<'_>) -> Option<Change> {
    let is_management = record.management != Some(false)
        && told(record.category.as_ref()).is_none_or(|category| category == "Management")
        && told(record.kind.as_ref())
            .is_none_or(|kind| matches!(kind, "AwsApiCall" | "AwsServiceEvent" | "AwsConsoleAction"));
    if !is_management {
        return None;
    }
    let failure = match (untrusted(record.error_code), untrusted(record.error_message)) {
        (Some(code), message) => Some(Failure { code, message }),
        // How it is named then is for the other reader to say.
        (None, Some(_)) => return None,
        (None, None) => None,
    };
    let resources = record.resources.unwrap_or_default();
    Some(Change {
        event_id: untrusted(record.event_id)?,
        event_source: untrusted(record.event_source)?,
        event_name: untrusted(record.event_name)?,
        time: told(record.event_time.as_ref())?.parse().ok()?,
        place: Place {
            account: AccountId::parse(&record.account?.0).ok()?,
            region: Region::parse(&record.region?.0).ok()?,
        },
        actor: actor(record.identity.unwrap_or_default()),
        source_ip: untrusted(record.source_ip),
        user_agent: untrusted(record.user_agent),
        failure,
        request: record.request.or(record.details).map_or(Value::Null, |json| json.0),
        response: record.response.map_or(Value::Null, |json| json.0),
        resources: resources
            .into_iter()
            .filter_map(|it| untrusted(it.arn).or_else(|| untrusted(it.small)))
            .collect(),
    })
}

fn actor(identity: Identity<'_>) -> Actor {
    let issuer = identity.session.and_then(|session| session.issuer);
    let role = issuer.filter(|issuer| told(issuer.kind.as_ref()) == Some("Role"));
    Actor {
        kind: untrusted(identity.kind),
        arn: untrusted(identity.arn),
        issuer: role.and_then(|role| untrusted(role.arn)),
        invoked_by: untrusted(identity.invoked_by),
        principal_id: untrusted(identity.principal_id),
    }
}

fn told<'a>(text: Option<&'a Text<'_>>) -> Option<&'a str> {
    text.map(|text| text.0.as_ref()).filter(|text| !text.is_empty())
}

fn untrusted(text: Option<Text<'_>>) -> Option<Untrusted> {
    text.filter(|text| !text.0.is_empty()).map(|text| Untrusted::new(text.0))
}
