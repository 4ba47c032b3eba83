//! Reads events from files, folders, buckets and standard input, gzipped or not: on all cores, in one pass.
//!
//! Keeps what a replay makes something of and counts the rest. Whatever can't be read is told on standard error with
//! its file, and counted; the rest goes on. Nothing is left out in silence: the counts add up to what was found.

mod documents;
mod extent;
mod list;
mod part;
mod queue;
#[cfg(feature = "live")]
mod s3;
mod scan;
mod unpack;
mod window;

pub use part::Counts;

use flate2::bufread::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use list::{File, Source, Way};
use part::Part;
use queue::Queue;
use scan::uses::Uses;
use sealwatch_policy::change::Change;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use unpack::Unpacker;

/// How CloudTrail begins a log file.
const HEAD: &[u8] = b"{\"Records\":[{\"eventVersion\":";

/// Changes in some order. They are large, and go from list to list.
pub type Changes = Vec<Box<Change>>;

/// All that was read.
pub struct Input {
    /// What a replay makes something of, in no order.
    pub changes: Changes,
    /// What was found.
    pub counts: Counts,
}

/// How to get what needs AWS's SDK.
#[cfg(not(feature = "live"))]
pub const HOW_TO_BUILD_LIVE: &str =
    "install one that has with `cargo install --locked --profile laptop --path cli --features live`";

/// What the address of a bucket begins with.
const SCHEME: &str = "s3://";

/// Reads everything below the paths, on so many threads. The state file isn't an event, wherever it lies.
pub fn read(paths: &[PathBuf], state: Option<&Path>, jobs: usize) -> Input {
    let mut all = Part::default();
    let mut queue = Queue::default();
    for path in paths {
        if path.as_os_str() == "-" {
            all.counts.files += 1;
            read_documents(&mut all, "standard input", std::io::stdin().lock());
        } else if path.metadata().is_ok_and(|it| !it.is_file() && !it.is_dir()) {
            // A pipe, such as the shell makes of `<(…)`: it can be read once.
            all.counts.files += 1;
            let name = path.display().to_string();
            match std::fs::File::open(path) {
                Ok(pipe) => read_documents(&mut all, &name, pipe),
                Err(error) => all.unreadable(&name, &error),
            }
        } else if let Some(url) = path.to_str().filter(|path| path.starts_with(SCHEME)) {
            queue.bucket(url, &mut all);
        } else {
            queue.files(list::below(path, state, &mut all));
        }
    }
    all.tell();
    let all = read_files(queue, jobs, all);
    Input { changes: all.changes.into_iter().chain(all.uses.into_changes()).collect(), counts: all.counts }
}

/// Each thread takes the next file. What couldn't be read is told at the end, in the order of the files.
fn read_files(queue: Queue, jobs: usize, all: Part) -> Part {
    let bar = progress();
    let threads = queue.threads(jobs);
    let (queue, done) = (Mutex::new(queue), AtomicUsize::new(0));
    let all = Mutex::new(all);
    let work = || {
        let mut unpacker = Unpacker::new(threads);
        let mut read = Part::default();
        loop {
            let mut waiting = queue.lock().unwrap_or_else(PoisonError::into_inner);
            let next = waiting.next();
            let found = waiting.found();
            bar.set_length(waiting.size());
            drop(waiting);
            let Some((index, file)) = next else { break };
            let mut part = read_file(&file, &mut unpacker, &read.uses);
            part.number_troubles(index);
            read.join(part);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if !bar.is_hidden() {
                bar.set_message(format!("{done} of {found} files"));
            }
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
    all.join(queue.into_inner().unwrap_or_else(PoisonError::into_inner).untold);
    all.tell();
    all
}

/// As CloudTrail writes log files, by a search through its bytes; in any other shape, or where something is wrong with it,
/// document by document.
fn read_file(file: &File, unpacker: &mut Unpacker, known: &Uses) -> Part {
    let mut part = Part::default();
    part.counts.files = 1;
    let name = file.source.to_string();
    match file.held(unpacker) {
        Ok(true) => {
            let (packed, unpacked) = unpacker.unpack();
            let found = match unpacked {
                Some(unpacked) => scan::read_whole(unpacked, known).ok(),
                None => inflated(packed).ok().and_then(|source| scanned(source, known)),
            };
            match found {
                Some(found) => part.join(found),
                None => read_documents(&mut part, &name, unpacker.unpack().0),
            }
            part
        }
        Ok(false) => read_stream(&file.source, &name, known),
        Err(error) => {
            part.not_got(&name, &error);
            part
        }
    }
}

/// The same of a file that isn't held in memory. What breaks off on its way here is read anew, and what was read of it doesn't count.
fn read_stream(source: &Source, name: &str, known: &Uses) -> Part {
    let mut tries = source.tries();
    loop {
        tries -= 1;
        let way = Way::default();
        let mut part = Part::default();
        part.counts.files = 1;
        let found = source.open(&way).and_then(inflated).ok().and_then(|source| scanned(source, known));
        if let Some(found) = found {
            part.join(found);
            return part;
        }
        if !way.broke_off() || tries == 0 {
            match source.open(&way) {
                Ok(source) => read_documents(&mut part, name, source),
                Err(error) => part.not_got(&name, &error),
            }
        }
        if !way.broke_off() || tries == 0 {
            return part;
        }
    }
}

fn read_documents(part: &mut Part, name: &str, source: impl Read) {
    match inflated(source) {
        Ok(source) => documents::read(part, name, source),
        Err(error) => part.unreadable(&name, &error),
    }
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
fn progress() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = "{bar:30} {msg}, {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}
