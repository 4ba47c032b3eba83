//! Event selectors: does a trail record management events, the write calls, those of KMS too?
//!
//! Reads basic and advanced selectors as PutEventSelectors records them and GetEventSelectors shows them, and
//! evaluates them for calls that matter to Sealwatch. A selector that isn't understood may or may not record:
//! that is an answer of its own, never a yes.

mod mended;

use crate::plan::shell_word;
use crate::untrusted::{clean, is_plain};
use serde_json::Value;

/// The services whose write calls a trail has to record: those that Sealwatch hears of, and those that change
/// who may do what. High-volume services that AWS lets a trail leave out, such as the RDS Data API, aren't among
/// them.
const SOURCES: [&str; 10] = [
    KMS,
    LOGS,
    CLOUDTRAIL,
    "events.amazonaws.com",
    "lambda.amazonaws.com",
    "sns.amazonaws.com",
    "s3.amazonaws.com",
    "iam.amazonaws.com",
    "sts.amazonaws.com",
    "organizations.amazonaws.com",
];
pub(super) const KMS: &str = "kms.amazonaws.com";
pub(super) const LOGS: &str = "logs.amazonaws.com";
pub(super) const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";
/// Longer than a command that anybody would check before running it.
const OPTION_LIMIT: usize = 1_000;

/// The event selectors of one trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Selectors {
    selectors: Vec<Selector>,
    /// As they were written, with the API's name of the list; nothing for those that a new trail has.
    written: Option<(&'static str, Value)>,
}

/// One selector: a trail records what any of them selects.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Selector {
    /// Of PutEventSelectors' `eventSelectors`.
    Basic { management: bool, writes: bool, excluded: Vec<String> },
    /// Of `advancedEventSelectors`: all fields must fit.
    Advanced(Vec<FieldSelector>),
    /// Holds something unknown, in words.
    NotUnderstood(String),
}

/// One field of an advanced selector, with its lists by operator.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldSelector {
    field: String,
    /// Operators that select, of which one must hold.
    select: Vec<(Operator, String)>,
    /// Operators that deselect, of which none may hold.
    deselect: Vec<(Operator, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equals,
    StartsWith,
    EndsWith,
}

/// Selectors as an option of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewritten {
    /// A new trail has them anyhow.
    Needless,
    /// This one.
    Option(String),
    /// Too long for a command, or not to be shown as they are.
    Unfit,
}

/// Whether management events are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The write calls of every service that matters, KMS among them.
    Yes,
    /// Not those of these services; `all` if none of any.
    No {
        /// Whether no write call at all is recorded.
        all: bool,
        /// What is left out, in words.
        what: String,
    },
    /// It can't be told, and why.
    Unknown(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fits {
    Yes,
    No,
    Maybe,
}

impl Selectors {
    /// The selectors of a trail on which nobody put any: all management events.
    ///
    /// Source: CloudTrail API Reference, PutEventSelectors.
    #[must_use]
    pub fn by_default() -> Self {
        let selectors = vec![Selector::Basic { management: true, writes: true, excluded: Vec::new() }];
        Self { selectors, written: None }
    }

    /// Reads an object with `eventSelectors` or `advancedEventSelectors`, in CloudTrail's casing or the API's;
    /// `None` if it has neither.
    #[must_use]
    pub fn read(holder: &Value) -> Option<Self> {
        let list =
            |name: &str| field(holder, name).filter(|list| list.as_array().is_some_and(|it| !it.is_empty()));
        let (name, list, read): (_, _, fn(&Value) -> Selector) = match list("advancedEventSelectors") {
            Some(list) => ("advanced-event-selectors", list, advanced),
            None => ("event-selectors", list("eventSelectors")?, basic),
        };
        let selectors = list.as_array()?.iter().map(read).collect();
        Some(Self { selectors, written: Some((name, list.clone())) })
    }

    /// The option of the command line's `put-event-selectors` that writes them again.
    #[must_use]
    pub fn as_option(&self) -> Rewritten {
        let Some((name, list)) = &self.written else { return Rewritten::Needless };
        as_option(name, &as_api(list).to_string()).map_or(Rewritten::Unfit, Rewritten::Option)
    }

    /// Whether the write calls that matter are recorded.
    #[must_use]
    pub fn records_management_events(&self) -> Recorded {
        let answers = SOURCES.map(|source| (source, self.records_writes_of(source)));
        let of = |wanted: Fits| -> Vec<&str> {
            answers.iter().filter(|(_, fits)| *fits == wanted).map(|(source, _)| *source).collect()
        };
        let (missing, unclear) = (of(Fits::No), of(Fits::Maybe));
        if missing.len() == SOURCES.len() {
            let what = "no write call of any service is recorded as a management event".to_owned();
            Recorded::No { all: true, what }
        } else if !missing.is_empty() {
            Recorded::No { all: false, what: format!("not recorded: calls of {}", missing.join(", ")) }
        } else if unclear.is_empty() {
            Recorded::Yes
        } else {
            Recorded::Unknown(format!("{} (calls of {})", self.doubts(), unclear.join(", ")))
        }
    }

    /// Whether the write calls of one service are.
    pub(super) fn records(&self, service: &str) -> Recorded {
        match self.records_writes_of(service) {
            Fits::Yes => Recorded::Yes,
            Fits::Maybe => Recorded::Unknown(self.doubts()),
            Fits::No => self.records_management_events(),
        }
    }

    /// What is surely left out of what matters, in words.
    pub(super) fn left_out(&self) -> Option<String> {
        match self.records_management_events() {
            Recorded::No { what, .. } => Some(what),
            Recorded::Yes | Recorded::Unknown(_) => None,
        }
    }

    fn records_writes_of(&self, source: &str) -> Fits {
        let any = |wanted| self.selectors.iter().any(|selector| selector.fits_write_of(source) == wanted);
        if any(Fits::Yes) {
            Fits::Yes
        } else if any(Fits::Maybe) {
            Fits::Maybe
        } else {
            Fits::No
        }
    }

    fn doubts(&self) -> String {
        let doubts: Vec<String> = self.selectors.iter().filter_map(Selector::doubt).collect();
        doubts.join("; ")
    }
}

impl Selector {
    fn fits_write_of(&self, source: &str) -> Fits {
        match self {
            Self::Basic { management, writes, excluded } => {
                if *management && *writes && !excluded.iter().any(|it| it == source) {
                    Fits::Yes
                } else {
                    Fits::No
                }
            }
            Self::Advanced(fields) => {
                let answers = || fields.iter().map(|field| field.fits_write_of(source));
                if answers().any(|fits| fits == Fits::No) {
                    Fits::No
                } else if answers().any(|fits| fits == Fits::Maybe) {
                    Fits::Maybe
                } else {
                    Fits::Yes
                }
            }
            Self::NotUnderstood(_) => Fits::Maybe,
        }
    }

    fn doubt(&self) -> Option<String> {
        match self {
            Self::Basic { .. } => None,
            Self::Advanced(fields) => {
                let unknown = fields.iter().find(|field| field.value(KMS).is_none())?;
                Some(format!("a selector is limited by the field `{}`", clean(&unknown.field, 60)))
            }
            Self::NotUnderstood(why) => Some(why.clone()),
        }
    }
}

impl FieldSelector {
    /// What the field says of a write call of `source`; `None` where that isn't known.
    fn value<'a>(&self, source: &'a str) -> Option<&'a str> {
        match self.field.as_str() {
            "eventCategory" => Some("Management"),
            "readOnly" => Some("false"),
            "eventSource" => Some(source),
            _ => None,
        }
    }

    /// Source: CloudTrail User Guide, "How CloudTrail evaluates multiple conditions for a field".
    fn fits_write_of(&self, source: &str) -> Fits {
        let Some(value) = self.value(source) else { return Fits::Maybe };
        let holds = |(operator, wanted): &(Operator, String)| match operator {
            Operator::Equals => value == wanted,
            Operator::StartsWith => value.starts_with(wanted.as_str()),
            Operator::EndsWith => value.ends_with(wanted.as_str()),
        };
        let selected = self.select.is_empty() || self.select.iter().any(holds);
        if selected && !self.deselect.iter().any(holds) { Fits::Yes } else { Fits::No }
    }
}

fn as_option(name: &str, list: &str) -> Option<String> {
    let fits = list.chars().count() <= OPTION_LIMIT && list.chars().all(is_plain);
    fits.then(|| format!("--{name} {}", shell_word(list)))
}

fn basic(selector: &Value) -> Selector {
    let not_understood = |what: &str| {
        Selector::NotUnderstood(format!("an event selector's `{}` isn't understood", clean(what, 60)))
    };
    let Some(object) = selector.as_object() else {
        return Selector::NotUnderstood("an event selector is no object".to_owned());
    };
    const KNOWN: [&str; 4] =
        ["readWriteType", "includeManagementEvents", "dataResources", "excludeManagementEventSources"];
    if let Some(unknown) = object.keys().find(|key| !KNOWN.contains(&lower_first(key).as_str())) {
        return not_understood(unknown);
    }
    let management = match field(selector, "includeManagementEvents") {
        None | Some(Value::Null) => true,
        Some(flag) => match flag.as_bool() {
            Some(flag) => flag,
            None => return not_understood("includeManagementEvents"),
        },
    };
    let writes = match field(selector, "readWriteType").map(|kind| kind.as_str()) {
        None | Some(Some("All" | "WriteOnly")) => true,
        Some(Some("ReadOnly")) => false,
        Some(_) => return not_understood("readWriteType"),
    };
    match texts(field(selector, "excludeManagementEventSources")) {
        Some(excluded) => Selector::Basic { management, writes, excluded },
        None => not_understood("excludeManagementEventSources"),
    }
}

fn advanced(selector: &Value) -> Selector {
    let not_understood = |why: String| Selector::NotUnderstood(format!("an advanced event selector {why}"));
    let Some(fields) = field(selector, "fieldSelectors").and_then(Value::as_array) else {
        return not_understood("has no field selectors".to_owned());
    };
    let known = |key: &String| matches!(lower_first(key).as_str(), "name" | "fieldSelectors");
    if let Some(unknown) = selector.as_object().and_then(|it| it.keys().find(|key| !known(key))) {
        return not_understood(format!("has the unknown field `{}`", clean(unknown, 60)));
    }
    let read: Result<Vec<FieldSelector>, String> = fields.iter().map(field_selector).collect();
    match read {
        // AWS requires a category; without one, what is selected isn't known.
        Ok(fields) if !fields.iter().any(|it| it.field == "eventCategory") => {
            not_understood("names no `eventCategory`".to_owned())
        }
        Ok(fields) => Selector::Advanced(fields),
        Err(why) => not_understood(why),
    }
}

fn field_selector(value: &Value) -> Result<FieldSelector, String> {
    let entries = value.as_object().ok_or("has a field selector that is no object")?;
    let mut read = FieldSelector { field: String::new(), select: Vec::new(), deselect: Vec::new() };
    for (name, value) in entries {
        let (into, operator) = match lower_first(name).as_str() {
            "field" => {
                value.as_str().ok_or("has a field without a name")?.clone_into(&mut read.field);
                continue;
            }
            "equals" => (&mut read.select, Operator::Equals),
            "startsWith" => (&mut read.select, Operator::StartsWith),
            "endsWith" => (&mut read.select, Operator::EndsWith),
            "notEquals" => (&mut read.deselect, Operator::Equals),
            "notStartsWith" => (&mut read.deselect, Operator::StartsWith),
            "notEndsWith" => (&mut read.deselect, Operator::EndsWith),
            _ => return Err(format!("has the unknown operator `{}`", clean(name, 60))),
        };
        let wanted = texts(Some(value)).ok_or_else(|| format!("has an unreadable `{}`", clean(name, 60)))?;
        into.extend(wanted.into_iter().map(|wanted| (operator, wanted)));
    }
    if read.field.is_empty() {
        return Err("has a field without a name".to_owned());
    }
    // An operator that an older SDK doesn't know is dropped on the way and leaves such a field behind.
    if read.select.is_empty() && read.deselect.is_empty() {
        return Err(format!("has no condition on the field `{}`", clean(&read.field, 60)));
    }
    Ok(read)
}

/// A list of texts; nothing is an empty one. `None` if there is something else.
fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    match value {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(value) => value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect(),
    }
}

/// A field by its name in CloudTrail's records, or as the API capitalizes it.
fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| object.iter().find(|(key, _)| lower_first(key) == name).map(|(_, it)| it))
}

/// With the fields' names as the API and the command line write them.
fn as_api(value: &Value) -> Value {
    let upper_first = |name: &str| {
        let mut characters = name.chars();
        let first = characters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(characters).collect::<String>()
    };
    match value {
        Value::Object(fields) => {
            // What a record tells to be null the command line doesn't take.
            let told = fields.iter().filter(|(_, value)| !value.is_null());
            told.map(|(name, value)| (upper_first(name), as_api(value))).collect()
        }
        Value::Array(items) => items.iter().map(as_api).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests;
