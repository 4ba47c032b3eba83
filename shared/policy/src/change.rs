//! A change: one management call, as CloudTrail recorded it.
//!
//! Reads an EventBridge envelope or a raw CloudTrail record, in every shape that has been seen: fields
//! that are missing, null, of another type or unknown. What KMS itself tells EventBridge of a key's end is read too. What a record says is kept as it came; what it
//! doesn't say stays unsaid. Nothing here looks at the resource or judges the call.

mod plain;

use crate::names::{AccountId, Arn, Place, Region};
use crate::untrusted::{Untrusted, clean};
use jiff::Timestamp;
use sealwatch_plain::json::Json;
use serde_json::Value;
use thiserror::Error;

/// What KMS tells EventBridge by itself, without a trail, by `detail-type`.
///
/// Source: KMS Developer Guide, "Monitor KMS keys with Amazon EventBridge".
pub const OF_KMS: [&str; 2] = ["KMS CMK Deletion", "KMS Imported Key Material Expiration"];

/// How the `detail-type` of each event that a trail recorded ends.
const VIA_CLOUDTRAIL: &str = " via CloudTrail";

/// One management call: who, what, when, where, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// CloudTrail's `eventID`; the envelope's `id`, then the `requestID`, if the record has none.
    pub event_id: Untrusted,
    /// The called service, such as `logs.amazonaws.com`.
    pub event_source: Untrusted,
    /// The called operation in CloudTrail's casing, such as `CreateLogGroup`.
    pub event_name: Untrusted,
    /// When the call was made.
    pub time: Timestamp,
    /// The account and Region that the call was made in.
    pub place: Place,
    /// Who called.
    pub actor: Actor,
    /// `sourceIPAddress`: an address, or the name of an AWS service.
    pub source_ip: Option<Untrusted>,
    /// `userAgent`, in full control of the caller.
    pub user_agent: Option<Untrusted>,
    /// How the call failed; `None` if it succeeded.
    pub failure: Option<Failure>,
    /// `requestParameters` as recorded; of an event that is no call, its details; `Null` if absent.
    pub request: Value,
    /// `responseElements` as recorded; `Null` if absent.
    pub response: Value,
    /// The ARNs in `resources[]`.
    pub resources: Vec<Untrusted>,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `errorCode`, such as `AccessDenied`.
    pub code: Untrusted,
    /// `errorMessage`.
    pub message: Option<Untrusted>,
}

/// The caller, as `userIdentity` tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// `IAMUser`, `AssumedRole`, `AWSService`, …
    pub kind: Option<Untrusted>,
    /// The caller's ARN: for an assumed role, with the session name that the caller chose.
    pub arn: Option<Untrusted>,
    /// The role behind an assumed-role session, if the record names it.
    pub issuer: Option<Untrusted>,
    /// The service that called on somebody's behalf.
    pub invoked_by: Option<Untrusted>,
    /// `principalId`, for records without an ARN.
    pub principal_id: Option<Untrusted>,
}

/// What a piece of JSON turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// A management call.
    Change(Box<Change>),
    /// A valid event of another sort, with the reason in words.
    NotAManagementCall(String),
}

/// Why a piece of JSON can't be read as an event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseError {
    /// No JSON, or JSON that can't be held: half a surrogate pair, or nested too deeply.
    #[error("its JSON can't be read: {0}")]
    NotJson(String),
    /// Not an object at all.
    #[error("expected a JSON object, found {0}")]
    NotAnObject(&'static str),
    /// Neither shape.
    #[error(
        "neither an EventBridge event (`detail-type`, `detail`) nor a CloudTrail record (`eventSource`, `eventName`)"
    )]
    NeitherShape,
    /// A field without which a call can't be placed.
    #[error("the record has no readable `{field}`{found}")]
    Field {
        /// The field's name in CloudTrail.
        field: &'static str,
        /// What stands there instead, empty if nothing does.
        found: String,
    },
}

/// Reads the JSON of an event.
///
/// # Errors
/// If the text is no JSON, or holds what no text or stack can: half a surrogate pair, 128 levels and more.
pub fn read(text: &str) -> Result<Value, ParseError> {
    let read = serde_json::from_str(text).map(|Json(event)| event);
    read.map_err(|error| ParseError::NotJson(clean(&error.to_string(), 120)))
}

/// Reads the JSON of an event, and the event: what [`read`] and [`parse`] give, sooner where it is a record as CloudTrail
/// writes it.
///
/// # Errors
/// Those of [`read`] and [`parse`].
pub fn parse_text(text: &str) -> Result<Parsed, ParseError> {
    match plain::read(text) {
        Some(change) => Ok(Parsed::Change(Box::new(change))),
        None => parse(&read(text)?),
    }
}

/// Reads the JSON of an event, and the event: what [`read`] and [`parse`] give, sooner where it is a record as EventBridge
/// delivers it.
///
/// # Errors
/// Those of [`read`] and [`parse`].
pub fn parse_delivered(text: &str) -> Result<Parsed, ParseError> {
    match plain::read_envelope(text) {
        Some(change) => Ok(Parsed::Change(Box::new(change))),
        None => parse(&read(text)?),
    }
}

/// Reads an EventBridge envelope or a raw CloudTrail record.
///
/// # Errors
/// If the JSON is no event, or a call that can't be placed: no name, time, account or Region.
pub fn parse(event: &Value) -> Result<Parsed, ParseError> {
    let object = event.as_object().ok_or_else(|| ParseError::NotAnObject(type_name(event)))?;
    let (record, envelope) = match object.get("detail") {
        Some(detail) if object.contains_key("detail-type") => {
            let detail_type = text(event, "detail-type").ok_or_else(|| missing(event, "detail-type"))?;
            if text(event, "source") == Some("aws.kms") && OF_KMS.contains(&detail_type) {
                return read_of_kms(event, detail_type).map(|change| Parsed::Change(Box::new(change)));
            }
            if !detail_type.ends_with(VIA_CLOUDTRAIL) {
                let source = text(event, "source").unwrap_or("an unnamed source");
                return Ok(Parsed::NotAManagementCall(format!(
                    "an event `{}` of {}, not a call recorded by CloudTrail",
                    clean(detail_type, 80),
                    clean(source, 80)
                )));
            }
            if !detail.is_object() {
                return Err(ParseError::Field { field: "detail", found: found(detail) });
            }
            (detail, Some(event))
        }
        _ if object.contains_key("eventName") || object.contains_key("eventSource") => (event, None),
        _ => return Err(ParseError::NeitherShape),
    };
    match no_management_call(record) {
        Some(why) => Ok(Parsed::NotAManagementCall(why)),
        None => read_record(record, envelope).map(|change| Parsed::Change(Box::new(change))),
    }
}

impl Change {
    /// A text of `requestParameters`; `None` if it is missing, empty or no text.
    #[must_use]
    pub fn request_text(&self, field: &str) -> Option<&str> {
        text(&self.request, field)
    }

    /// Whether this is the operation `name` of the service `source`.
    #[must_use]
    pub fn is(&self, source: &str, name: &str) -> bool {
        self.event_source.raw() == source && self.event_name.raw() == name
    }
}

impl Failure {
    /// The error as evidence.
    #[must_use]
    pub fn evidence(&self) -> Vec<String> {
        let message = self.message.as_ref().map(|message| format!("errorMessage {message}"));
        [format!("errorCode {}", self.code)].into_iter().chain(message).collect()
    }
}

impl Actor {
    /// Who it was, in one text for people.
    #[must_use]
    pub fn shown(&self) -> String {
        let who = self.arn.as_ref().or(self.invoked_by.as_ref()).or(self.principal_id.as_ref());
        match (who, &self.kind) {
            (Some(who), _) => who.to_string(),
            (None, Some(kind)) => format!("an unnamed {kind}"),
            (None, None) => "unknown (the record names no caller)".to_owned(),
        }
    }

    /// The role behind an assumed-role session as an IAM role ARN.
    ///
    /// Where the record has no `sessionIssuer` it is rebuilt from the session's ARN, without the role's path,
    /// which that ARN doesn't hold. The session name, which the caller chooses, is never part of it.
    #[must_use]
    pub fn role_arn(&self) -> Option<String> {
        if let Some(issuer) = &self.issuer {
            return Some(issuer.raw().to_owned());
        }
        let arn = Arn::split(self.arn.as_ref()?.raw()).filter(|arn| arn.service == "sts")?;
        let role = arn.resource.strip_prefix("assumed-role/")?.split('/').next()?;
        Some(format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account))
    }
}

fn read_record(record: &Value, envelope: Option<&Value>) -> Result<Change, ParseError> {
    let outer = |field| envelope.and_then(|event| text(event, field));
    let outside = |field| envelope.and_then(|event| event.get(field));
    let required = |field: &'static str| text(record, field).ok_or_else(|| missing(record, field));
    let identity = record.get("userIdentity").unwrap_or(&Value::Null);
    let event_id = text(record, "eventID")
        .or_else(|| outer("id"))
        .or_else(|| text(record, "requestID"))
        .ok_or_else(|| missing(record, "eventID"))?;
    Ok(Change {
        event_id: Untrusted::new(event_id),
        event_source: Untrusted::new(required("eventSource")?),
        event_name: Untrusted::new(required("eventName")?),
        time: [text(record, "eventTime"), outer("time")]
            .into_iter()
            .flatten()
            .find_map(|time| time.parse().ok())
            .ok_or_else(|| missing(record, "eventTime"))?,
        place: Place {
            account: first(
                "recipientAccountId",
                [record.get("recipientAccountId"), outside("account"), identity.get("accountId")],
                |text| AccountId::parse(text).ok(),
            )?,
            region: first("awsRegion", [record.get("awsRegion"), outside("region"), None], |text| {
                Region::parse(text).ok()
            })?,
        },
        actor: read_actor(identity),
        source_ip: untrusted(record, "sourceIPAddress"),
        user_agent: untrusted(record, "userAgent"),
        failure: read_failure(record),
        request: [record.get("requestParameters"), record.get("serviceEventDetails")]
            .into_iter()
            .flatten()
            .find(|value| !value.is_null())
            .cloned()
            .unwrap_or(Value::Null),
        response: record.get("responseElements").cloned().unwrap_or(Value::Null),
        resources: read_resources(record),
    })
}

/// An event of KMS's own: nobody called, and the envelope holds all there is.
fn read_of_kms(event: &Value, name: &str) -> Result<Change, ParseError> {
    let resources = event.get("resources").and_then(Value::as_array);
    Ok(Change {
        event_id: untrusted(event, "id").ok_or_else(|| missing(event, "id"))?,
        event_source: Untrusted::new("kms.amazonaws.com"),
        event_name: Untrusted::new(name),
        time: text(event, "time").and_then(|time| time.parse().ok()).ok_or_else(|| missing(event, "time"))?,
        place: Place {
            account: first("account", [event.get("account"), None, None], |text| {
                AccountId::parse(text).ok()
            })?,
            region: first("region", [event.get("region"), None, None], |text| Region::parse(text).ok())?,
        },
        actor: Actor { invoked_by: untrusted(event, "source"), ..Actor::default() },
        source_ip: None,
        user_agent: None,
        failure: None,
        request: event.get("detail").cloned().unwrap_or(Value::Null),
        response: Value::Null,
        resources: resources.into_iter().flatten().filter_map(Value::as_str).map(Untrusted::new).collect(),
    })
}

/// The first of these that is there and not null decides, and must be right: a wrong account must not
/// silently become another one. Some tools turn an account id into a number.
fn first<T>(
    field: &'static str,
    candidates: [Option<&Value>; 3],
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, ParseError> {
    let told = |value: &Value| match value.as_u64() {
        Some(number) => Some(format!("{number:012}")),
        None => value.as_str().map(str::to_owned),
    };
    let own = candidates.first().copied().flatten();
    let decisive = candidates.into_iter().flatten().find(|value| !value.is_null());
    decisive
        .and_then(told)
        .and_then(|text| read(&text))
        .ok_or_else(|| ParseError::Field { field, found: decisive.or(own).map_or_else(String::new, found) })
}

fn read_actor(identity: &Value) -> Actor {
    let issuer = identity
        .get("sessionContext")
        .and_then(|context| context.get("sessionIssuer"))
        .filter(|issuer| text(issuer, "type") == Some("Role"))
        .and_then(|issuer| untrusted(issuer, "arn"));
    Actor {
        kind: untrusted(identity, "type"),
        arn: untrusted(identity, "arn"),
        issuer,
        invoked_by: untrusted(identity, "invokedBy"),
        principal_id: untrusted(identity, "principalId"),
    }
}

/// A record with only an `errorMessage` counts as failed too: taking a failed call for one that
/// succeeded would report a state that never was.
fn read_failure(record: &Value) -> Option<Failure> {
    let (code, message) = (untrusted(record, "errorCode"), untrusted(record, "errorMessage"));
    match (code, message) {
        (Some(code), message) => Some(Failure { code, message }),
        (None, Some(message)) => {
            Some(Failure { code: Untrusted::new("unnamed error"), message: Some(message) })
        }
        (None, None) => None,
    }
}

fn read_resources(record: &Value) -> Vec<Untrusted> {
    let entries = record.get("resources").and_then(Value::as_array);
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| untrusted(entry, "ARN").or_else(|| untrusted(entry, "arn")))
        .collect()
}

/// Why a record is no management call; `None` if it is one or doesn't say.
fn no_management_call(record: &Value) -> Option<String> {
    let category = text(record, "eventCategory").filter(|category| *category != "Management");
    if let Some(category) = category {
        return Some(format!("a CloudTrail record of category `{}`", clean(category, 40)));
    }
    let flag = record.get("managementEvent");
    if matches!(flag, Some(Value::Bool(false))) || flag.and_then(Value::as_str) == Some("false") {
        return Some("a CloudTrail record marked as no management event".to_owned());
    }
    match text(record, "eventType") {
        Some("AwsApiCall" | "AwsServiceEvent" | "AwsConsoleAction") | None => None,
        Some(other) => Some(format!("a CloudTrail record of type `{}`", clean(other, 40))),
    }
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn untrusted(value: &Value, field: &str) -> Option<Untrusted> {
    text(value, field).map(Untrusted::new)
}

fn missing(record: &Value, field: &'static str) -> ParseError {
    ParseError::Field { field, found: record.get(field).map_or_else(String::new, found) }
}

fn found(value: &Value) -> String {
    match value.as_str() {
        Some(text) => format!(" (found `{}`)", clean(text, 60)),
        None => format!(" (found {})", type_name(value)),
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
