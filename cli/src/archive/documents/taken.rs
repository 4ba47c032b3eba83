//! What becomes of a piece of JSON whose end was found: it is parsed, and taken in or told of.

use super::Reader;
use memchr::memmem::Finder;
use sealwatch_plain::json::Json;
use sealwatch_policy::change::{Parsed, parse_text};
use serde_json::Value;
use std::fmt::{self, Display};
use std::io::Read;
use std::sync::LazyLock;

/// What a log file's records are the value of.
static RECORDS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"Records\""));

/// Where LookupEvents puts the record.
const RECORD: &str = "CloudTrailEvent";

/// What to do about an answer that was cut short.
const MORE: &str = "an answer of LookupEvents has a `NextToken`: unless the next answer was read too, there are more events; \
    `aws cloudtrail lookup-events` fetches all without `--max-items` and `--no-paginate`";

/// What the elements of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Events, or log files.
    Documents,
    /// A log file's records.
    Records,
    /// What LookupEvents answers: each record as a text within its own JSON.
    Events,
}

/// What is named in a message: the file, or one of its records.
struct Place<'a>(&'a str, Option<(Kind, usize)>);

impl Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(name, None) => f.write_str(name),
            Self(name, Some((Kind::Documents | Kind::Records, index))) => write!(f, "{name}, record {index}"),
            Self(name, Some((Kind::Events, index))) => write!(f, "{name}, event {index}"),
        }
    }
}

impl<R: Read> Reader<'_, R> {
    /// Takes in a whole event, document or element, which ends before `end`; whether it is JSON.
    pub fn held(&mut self, index: Option<(Kind, usize)>, end: usize) -> bool {
        let place = Place(self.name, index);
        let start = self.window.offset_of(0);
        let bytes = self.window.rest().get(..end).unwrap_or_default();
        if let Some(parsed) = event(index.map(|(kind, _)| kind), bytes) {
            self.part.counts.records += 1;
            self.part.parsed(parsed);
            return true;
        }
        let value = match serde_json::from_slice(bytes) {
            Ok(Json(value)) => value,
            Err(error) => {
                self.part.counts.records += 1;
                let (at, what) = fault(&error, bytes);
                let no_json = index.is_none() && start == 0 && bytes.first() != Some(&b'{');
                let what = if no_json { format!("it isn't JSON: {what}") } else { what };
                self.part.unreadable(&format_args!("{place} (byte {})", start + at), &what);
                return false;
            }
        };
        match index.map(|(kind, _)| kind) {
            None | Some(Kind::Documents) if value.get("Records").is_some() => self.no_list(start),
            // Also a list of them alone, which `--query Events` makes.
            kind if kind == Some(Kind::Events) || value.get(RECORD).is_some() => match record_of(&value) {
                Ok(record) => self.part.event(place, start, &record),
                Err(error) => {
                    self.part.counts.records += 1;
                    self.part.unreadable(&format_args!("{place} (byte {start})"), &error);
                }
            },
            None | Some(Kind::Documents | Kind::Records | Kind::Events) => {
                self.part.event(place, start, &value);
            }
        }
        true
    }

    /// Checks what stands beside a list of records, up to `end`; with `seam` and `close` it is an object.
    pub fn beside(&mut self, seam: &str, end: usize, close: &str) {
        let start = self.window.offset_of(0);
        let bytes = self.window.rest().get(..end).unwrap_or_default();
        let object = [seam.as_bytes(), bytes, close.as_bytes()].concat();
        match serde_json::from_slice(&object) {
            Ok(Json(value)) => {
                if value.get("Records").is_some_and(|records| !records.is_array()) {
                    self.no_list(start);
                }
                if value.get("NextToken").is_some_and(|token| !token.is_null()) {
                    self.part.remedies.insert(MORE);
                }
            }
            Err(error) => {
                let (at, what) = fault(&error, &object);
                let at = start + at.saturating_sub(seam.len() as u64);
                self.part.unreadable(&format_args!("{} (byte {at})", self.name), &what);
            }
        }
    }

    fn no_list(&mut self, at: u64) {
        self.part.unreadable(&format_args!("{} (byte {at})", self.name), &"`Records` is no list");
    }

    pub fn too_large(&mut self, index: Option<(Kind, usize)>, at: u64) {
        self.part.counts.records += 1;
        let (place, largest) = (Place(self.name, index), self.largest >> 20);
        self.part.unreadable(
            &format_args!("{place} (byte {at})"),
            &format_args!("it is larger than {largest} MiB and no list of records"),
        );
    }
}

/// What an event turns out to be, if it is one: nearly all are, and are read without holding what nobody asks for.
fn event(kind: Option<Kind>, bytes: &[u8]) -> Option<Parsed> {
    let may_be_list = || RECORDS.find(bytes).is_some();
    match kind {
        Some(Kind::Events) => return None,
        None | Some(Kind::Documents) if may_be_list() => return None,
        None | Some(Kind::Documents | Kind::Records) => {}
    }
    parse_text(std::str::from_utf8(bytes).ok()?).ok()
}

/// The record that LookupEvents gives as a text within an event.
fn record_of(event: &Value) -> Result<Value, String> {
    let text = event.get(RECORD).and_then(Value::as_str).ok_or("it has no `CloudTrailEvent`")?;
    serde_json::from_str(text)
        .map(|Json(record)| record)
        .map_err(|error| format!("its `CloudTrailEvent` is no JSON: {error}"))
}

/// Where the parser found a fault, and what it is.
fn fault(error: &serde_json::Error, bytes: &[u8]) -> (u64, String) {
    let lines = memchr::memchr_iter(b'\n', bytes).map(|index| index + 1);
    let line = error.line().checked_sub(2).and_then(|line| lines.into_iter().nth(line)).unwrap_or_default();
    let at = line + error.column().saturating_sub(1);
    let what = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    (at as u64, what.strip_suffix(&place).unwrap_or(&what).to_owned())
}
