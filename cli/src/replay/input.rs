//! Reads events from files, folders and standard input, gzipped or not.
//!
//! Whatever can't be read is told on standard error with its file, and counted; the rest goes on. Nothing
//! is left out in silence: the counts add up to what was found.

use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use sealwatch_policy::change::{Change, Parsed, parse};
use sealwatch_world::state::State;
use serde::Deserialize as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{BufReader, Read};
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
}

pub fn read(paths: &[PathBuf], state: Option<&Path>) -> Input {
    let mut input = Input {
        changes: Vec::new(),
        counts: Counts::default(),
    };
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
        for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    let is_state = state.is_some() && entry.path().canonicalize().ok() == state;
                    if !is_state && (entry.depth() == 0 || may_hold_events(entry.path())) {
                        files.push(entry.into_path());
                    }
                }
                Ok(_) => {}
                Err(error) => self.unreadable(&path.display(), &error),
            }
        }
    }

    fn stream(&mut self, name: &str, source: impl Read) {
        let mut source = BufReader::new(source);
        let gzipped = match std::io::BufRead::fill_buf(&mut source) {
            Ok(start) => start.starts_with(&[0x1f, 0x8b]),
            Err(error) => return self.unreadable(&name, &error),
        };
        if gzipped {
            self.documents(name, BufReader::new(MultiGzDecoder::new(source)));
        } else {
            self.documents(name, source);
        }
    }

    /// One JSON document after the other: a file holds one, standard input may hold many.
    fn documents(&mut self, name: &str, source: impl Read) {
        let mut documents = serde_json::Deserializer::from_reader(source).into_iter::<Value>();
        let mut any = false;
        while let Some(document) = documents.next() {
            any = true;
            match document {
                Ok(document) => self.document(name, &document),
                Err(error) => {
                    return self.unreadable(&format!("{name} (byte {})", documents.byte_offset()), &error);
                }
            }
        }
        if !any {
            self.unreadable(&name, &"it is empty");
        }
    }

    /// An event, a list of them, or a CloudTrail log file.
    fn document(&mut self, name: &str, document: &Value) {
        let events = match document.get("Records") {
            Some(Value::Array(records)) => records.as_slice(),
            Some(_) => return self.unreadable(&name, &"`Records` is no list"),
            None => document
                .as_array()
                .map_or(std::slice::from_ref(document), Vec::as_slice),
        };
        for (index, event) in events.iter().enumerate() {
            self.event(name, index, event);
        }
    }

    fn event(&mut self, name: &str, index: usize, event: &Value) {
        self.counts.records += 1;
        match parse(event) {
            Ok(Parsed::Change(change)) => self.changes.push(*change),
            Ok(Parsed::NotAManagementCall(why)) => *self.counts.others.entry(why).or_default() += 1,
            Err(_) if State::deserialize(event).is_ok() => {
                *self
                    .counts
                    .others
                    .entry("a state file (give it with --state)".to_owned())
                    .or_default() += 1;
            }
            Err(error) => self.unreadable(&format!("{name}, record {index}"), &error),
        }
    }

    fn unreadable(&mut self, place: &dyn Display, error: &dyn Display) {
        self.counts.unreadable += 1;
        eprintln!("sealwatch: can't read {place}: {error}");
    }
}

/// In a folder only files that look like JSON are events; a file that is named on its own always is.
fn may_hold_events(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default();
    [".json", ".jsonl", ".ndjson", ".gz"]
        .iter()
        .any(|ending| name.ends_with(ending))
}
