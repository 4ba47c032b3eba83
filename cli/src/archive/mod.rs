//! Reads events from files, folders and standard input, gzipped or not: on all cores, in one pass.
//!
//! Keeps what a replay makes something of and counts the rest. Whatever can't be read is told on standard error with
//! its file, and counted; the rest goes on. Nothing is left out in silence: the counts add up to what was found.

mod documents;
mod extent;
mod list;
mod part;
mod scan;
mod unpack;
mod window;

pub use part::Counts;

use flate2::bufread::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use list::File;
use part::Part;
use scan::uses::Uses;
use sealwatch_policy::change::Change;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use unpack::Unpacker;

/// How CloudTrail begins a log file.
const HEAD: &[u8] = b"{\"Records\":[{\"eventVersion\":";

/// All that was read.
pub struct Input {
    /// What a replay makes something of, in no order.
    pub changes: Vec<Change>,
    /// What was found.
    pub counts: Counts,
}

/// Reads everything below the paths. The state file isn't an event, wherever it lies.
pub fn read(paths: &[PathBuf], state: Option<&Path>) -> Input {
    let mut all = Part::default();
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            all.counts.files += 1;
            let name = "standard input";
            match inflated(std::io::stdin().lock()) {
                Ok(source) => documents::read(&mut all, name, source),
                Err(error) => all.unreadable(&name, &error),
            }
        } else {
            files.extend(list::below(path, state, &mut all));
        }
    }
    all.tell();
    let all = read_files(&files, all);
    Input { changes: all.changes.into_iter().chain(all.uses.into_changes()).collect(), counts: all.counts }
}

/// Each thread takes the next file. What couldn't be read is told at the end, in the order of the files.
fn read_files(files: &[File], all: Part) -> Part {
    let bar = progress(files);
    let next = AtomicUsize::new(0);
    let all = Mutex::new(all);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let work = || {
        let mut unpacker = Unpacker::new(threads);
        let mut read = Part::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(index) else { break };
            let mut part = read_file(file, &mut unpacker, &read.uses);
            part.number_troubles(index);
            read.join(part);
            bar.inc(file.size);
        }
        all.lock().unwrap_or_else(PoisonError::into_inner).join(read);
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    bar.finish_and_clear();
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.tell();
    all
}

/// As CloudTrail writes log files, by a search through its bytes; in any other shape, or where something is wrong with it,
/// document by document.
fn read_file(file: &File, unpacker: &mut Unpacker, known: &Uses) -> Part {
    let mut part = Part::default();
    part.counts.files = 1;
    let opened = || std::fs::File::open(&file.path).and_then(inflated);
    let scanned = match unpacker.unpack(&file.path) {
        Ok(Some(unpacked)) => scan::read_whole(unpacked, known).ok(),
        Ok(None) => opened().ok().and_then(|source| scanned(source, known)),
        Err(_) => None,
    };
    if let Some(scanned) = scanned {
        part.join(scanned);
        return part;
    }
    let name = file.path.display().to_string();
    match opened() {
        Ok(source) => documents::read(&mut part, &name, source),
        Err(error) => part.unreadable(&name, &error),
    }
    part
}

/// What a search through a log file's bytes finds, if it begins as one: else there may be nothing in it to search for.
fn scanned(mut source: impl Read, known: &Uses) -> Option<Part> {
    let mut head = Vec::with_capacity(HEAD.len());
    source.by_ref().take(HEAD.len() as u64).read_to_end(&mut head).ok()?;
    if head != HEAD {
        return None;
    }
    scan::read(head.as_slice().chain(source), known).ok()
}

/// What a file holds, unpacked if it is gzipped.
fn inflated<'a>(source: impl Read + 'a) -> std::io::Result<Box<dyn Read + 'a>> {
    let mut source = BufReader::with_capacity(1 << 16, source);
    let gzipped = source.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzipped { Box::new(MultiGzDecoder::new(source)) } else { Box::new(source) })
}

/// A bar on standard error; indicatif shows none where that is no terminal.
fn progress(files: &[File]) -> ProgressBar {
    let bar = ProgressBar::new(files.iter().map(|file| file.size).sum());
    let style = "{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}
