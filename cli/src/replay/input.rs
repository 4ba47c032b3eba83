//! Reads events from files, folders and standard input, gzipped or not.
//!
//! Whatever can't be read is told on standard error with its file, and counted; the rest goes on. Nothing
//! is left out in silence: the counts add up to what was found.

use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use sealwatch_policy::change::{Change, Parsed, parse};
use sealwatch_policy::untrusted::clean;
use sealwatch_world::state::State;
use serde::Deserialize as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// All that was read.
pub struct Input {
    pub changes: Vec<Change>,
    pub counts: Counts,
}

/// What was found, by what it turned out to be.
#[derive(Debug, Default)]
pub struct Counts {
    pub files: usize,
    /// Pieces of JSON that could have been events.
    pub records: usize,
    /// Files and records that can't be read.
    pub unreadable: usize,
    /// Valid events that are no management calls, by reason.
    pub others: BTreeMap<String, usize>,
    /// Further copies of a change.
    pub copies: usize,
    /// Files in folders whose names don't say JSON.
    pub passed_over: usize,
}

pub fn read(paths: &[PathBuf], state: Option<&Path>) -> Input {
    let mut input = Input { changes: Vec::new(), counts: Counts::default() };
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            input.counts.files += 1;
            input.stream("standard input", std::io::stdin().lock());
        } else {
            input.list(path, state, &mut files);
        }
    }
    let bar = progress(files.len());
    for file in files {
        input.counts.files += 1;
        match std::fs::File::open(&file) {
            Ok(opened) => input.stream(&file.display().to_string(), opened),
            Err(error) => input.unreadable(&file.display(), &error),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    input
}

/// A bar on standard error; indicatif shows none where that is no terminal.
fn progress(files: usize) -> ProgressBar {
    let bar = ProgressBar::new(files as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} files, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

impl Input {
    /// The files below a path, in order of their names. The state file isn't one of them.
    fn list(&mut self, path: &Path, state: Option<&Path>, files: &mut Vec<PathBuf>) {
        let state = state.and_then(|state| state.canonicalize().ok());
        let before = files.len();
        for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    let is_state = state.is_some() && entry.path().canonicalize().ok() == state;
                    if !is_state && (entry.depth() == 0 || may_hold_events(entry.path())) {
                        files.push(entry.into_path());
                    } else if !is_state {
                        self.counts.passed_over += 1;
                    }
                }
                Ok(_) => {}
                Err(error) => return self.unreadable(&path.display(), &error),
            }
        }
        if files.len() == before && path.is_dir() {
            self.unreadable(&path.display(), &"no .json, .jsonl, .ndjson or .gz file is below it");
        }
    }

    fn stream(&mut self, name: &str, source: impl Read) {
        let mut source = BufReader::new(source);
        let gzipped = match source.fill_buf() {
            Ok(start) => start.starts_with(&[0x1f, 0x8b]),
            Err(error) => return self.unreadable(&name, &error),
        };
        // Some tools begin a JSON file with a byte-order mark.
        if source.buffer().starts_with(&[0xef, 0xbb, 0xbf]) {
            source.consume(3);
        }
        if gzipped {
            self.documents(name, BufReader::new(MultiGzDecoder::new(source)));
        } else {
            self.documents(name, source);
        }
    }

    /// One JSON document after the other: a file holds one, standard input and JSON Lines hold many. Behind a
    /// document that can't be read it goes on with the next line that may begin one.
    fn documents(&mut self, name: &str, mut source: impl Read) {
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
                    Ok(document) => self.document(name, &document),
                    // The rest of it is what couldn't be read.
                    Err(error) if error.is_eof() && cut.is_some() => {}
                    Err(error) => {
                        let at = start + documents.byte_offset();
                        self.unreadable(&format!("{name} (byte {at})"), &error);
                        from = next_document(&bytes, at);
                        break;
                    }
                }
            }
        }
        match cut {
            Some(error) => self.unreadable(&name, &error),
            None if !any => self.unreadable(&name, &"it is empty"),
            None => {}
        }
    }

    /// An event, a list of them, a CloudTrail log file, or what `aws cloudtrail lookup-events` prints.
    fn document(&mut self, name: &str, document: &Value) {
        if let Some(events) = document.get("Events").and_then(Value::as_array) {
            return events.iter().enumerate().for_each(|(index, event)| self.looked_up(name, index, event));
        }
        let events = match document.get("Records") {
            Some(Value::Array(records)) => records.as_slice(),
            Some(_) => return self.unreadable(&name, &"`Records` is no list"),
            None => document.as_array().map_or(std::slice::from_ref(document), Vec::as_slice),
        };
        for (index, event) in events.iter().enumerate() {
            self.event(name, index, event);
        }
    }

    /// LookupEvents gives each record as a text within its own JSON.
    fn looked_up(&mut self, name: &str, index: usize, event: &Value) {
        match event.get("CloudTrailEvent").and_then(Value::as_str).map(serde_json::from_str::<Value>) {
            Some(Ok(record)) => self.event(name, index, &record),
            Some(Err(error)) => self.unreadable(&format!("{name}, event {index}"), &error),
            None => self.unreadable(&format!("{name}, event {index}"), &"it has no `CloudTrailEvent`"),
        }
    }

    fn event(&mut self, name: &str, index: usize, event: &Value) {
        self.counts.records += 1;
        match parse(event) {
            Ok(Parsed::Change(change)) => self.changes.push(*change),
            Ok(Parsed::NotAManagementCall(why)) => *self.counts.others.entry(why).or_default() += 1,
            Err(_) if is_state(event) => {
                *self.counts.others.entry("a state file (give it with --state)".to_owned()).or_default() += 1;
            }
            Err(error) => self.unreadable(&format!("{name}, record {index}"), &error),
        }
    }

    fn unreadable(&mut self, place: &dyn Display, error: &dyn Display) {
        self.counts.unreadable += 1;
        eprintln!("sealwatch: can't read {}", clean(&format!("{place}: {error}"), 1_000));
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

/// Whether this is a state file that lies among the events.
fn is_state(document: &Value) -> bool {
    let named = |field| document.get(field).is_some_and(Value::is_array);
    (named("keys") || named("log_groups") || named("trails")) && State::deserialize(document).is_ok()
}

/// In a folder only files that look like JSON are events; a file that is named on its own always is.
fn may_hold_events(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    [".json", ".jsonl", ".ndjson", ".gz"].iter().any(|ending| name.ends_with(ending))
}
