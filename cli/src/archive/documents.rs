//! Reads one JSON document after the other, whatever its shape, and names what is wrong with it.
//!
//! The exact reader: slower than the search through a log file's bytes, and what that falls back to.

use super::part::Part;
use serde_json::Value;
use std::io::Read;

/// One JSON document after the other: a file holds one, standard input and JSON Lines hold many. Behind a
/// document that can't be read it goes on with the next line that may begin one.
pub fn read(part: &mut Part, name: &str, mut source: impl Read) {
    let mut bytes = Vec::new();
    let cut = source.read_to_end(&mut bytes).err();
    let mut any = false;
    let mut from = Some(0);
    while let Some(start) = from.take() {
        let rest = bytes.get(start..).unwrap_or_default();
        let mut documents = serde_json::Deserializer::from_slice(rest).into_iter::<Value>();
        while let Some(document) = documents.next() {
            any = true;
            match document {
                Ok(document) => document_of(part, name, &document),
                // The rest of it is what couldn't be read.
                Err(error) if error.is_eof() && cut.is_some() => {}
                Err(error) => {
                    let at = start + documents.byte_offset();
                    part.unreadable(&format!("{name} (byte {at})"), &error);
                    from = next_document(&bytes, at);
                    break;
                }
            }
        }
    }
    match cut {
        Some(error) => part.unreadable(&name, &error),
        None if !any => part.unreadable(&name, &"it is empty"),
        None => {}
    }
}

/// An event, a list of them, a CloudTrail log file, or what `aws cloudtrail lookup-events` prints.
fn document_of(part: &mut Part, name: &str, document: &Value) {
    if let Some(events) = document.get("Events").and_then(Value::as_array) {
        return events.iter().enumerate().for_each(|(index, event)| looked_up(part, name, index, event));
    }
    let events = match document.get("Records") {
        Some(Value::Array(records)) => records.as_slice(),
        Some(_) => return part.unreadable(&name, &"`Records` is no list"),
        None => document.as_array().map_or(std::slice::from_ref(document), Vec::as_slice),
    };
    for (index, event) in events.iter().enumerate() {
        part.event(name, index, event);
    }
}

/// LookupEvents gives each record as a text within its own JSON.
fn looked_up(part: &mut Part, name: &str, index: usize, event: &Value) {
    match event.get("CloudTrailEvent").and_then(Value::as_str).map(serde_json::from_str::<Value>) {
        Some(Ok(record)) => part.event(name, index, &record),
        Some(Err(error)) => part.unreadable(&format!("{name}, event {index}"), &error),
        None => part.unreadable(&format!("{name}, event {index}"), &"it has no `CloudTrailEvent`"),
    }
}

/// Where the next document may begin, behind one that begins at or after `at` and is broken: on a later line, but
/// not on one that is indented or closes a bracket, which belongs to the broken one.
fn next_document(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let begin = at + rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let lines = bytes.get(begin..)?.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let starts = lines.map(|(index, _)| begin + index + 1);
    let may_begin = |byte: u8| !byte.is_ascii_whitespace() && !matches!(byte, b'}' | b']' | b',');
    starts.into_iter().find(|start| bytes.get(*start).copied().is_some_and(may_begin))
}
