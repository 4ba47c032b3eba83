//! Finds the few records that matter in a log file as CloudTrail writes it, without parsing the others.
//!
//! Searches the bytes for where one record ends and the next begins, and each record for its time, behind which stands what it is
//! of. Inside a text every quote is escaped, so that what looks like the next record's first key is one, and it is the next
//! record's unless it lies in a list that a caller wrote: brackets are counted. Where that isn't enough the record is followed through.
//! A file in which anything is otherwise isn't read here at all. What matters is parsed, and must then be what it seemed.

mod brackets;
#[cfg(test)]
mod tests;
pub mod uses;

use super::documents::LARGEST;
use super::extent::{Extent, Found};
use super::part::Part;
use brackets::Brackets;
use memchr::memmem::Finder;
use sealwatch_policy::change::parse_text;
use sealwatch_world::interest::{Interest, interest};
use std::io::Read;
use std::sync::LazyLock;
use uses::{Plain, Uses};

/// How much is unpacked at a time: it stays in the processor's cache until it is searched.
const WINDOW: usize = 1 << 18;

/// What a log file begins with.
const HEAD: &[u8] = b"{\"Records\":[";
/// What a record begins with.
const FIRST: &[u8] = b"{\"eventVersion\":";
/// The same, to be looked for within a record.
static WITHIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(FIRST));
/// An object behind another: the next record, or within a list.
static NEXT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"},{\""));
/// The key before those that tell what a record is of.
static TIME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"eventTime\":\""));
/// A key that no record is without.
static NAME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"eventName\""));

/// The file isn't as CloudTrail writes it, or is broken.
#[derive(Debug)]
pub struct NotPlain;

/// Reads a log file; of uses of keys only what adds to those that are known.
///
/// # Errors
/// If it isn't as CloudTrail writes it, or can't be read to its end; nothing of it counts then.
pub fn read(source: impl Read, known: &Uses) -> Result<Part, NotPlain> {
    read_by(source, known, WINDOW)
}

/// Reads a log file that is unpacked already.
///
/// # Errors
/// As [`read`].
pub fn read_whole(unpacked: &[u8], known: &Uses) -> Result<Part, NotPlain> {
    let mut scanner = Scanner::new(known);
    scanner.search(unpacked, true)?;
    Ok(scanner.part)
}

/// As much at a time as is said.
fn read_by(mut source: impl Read, known: &Uses, step: usize) -> Result<Part, NotPlain> {
    let mut window = Vec::new();
    let mut scanner = Scanner::new(known);
    let mut whole = false;
    while !whole {
        let wanted = step as u64;
        let got = source.by_ref().take(wanted).read_to_end(&mut window).map_err(|_| NotPlain)?;
        whole = (got as u64) < wanted;
        scanner.search(&window, whole)?;
        window.drain(..scanner.forget());
        if window.len() > LARGEST {
            return Err(NotPlain);
        }
    }
    Ok(scanner.part)
}

/// Searches a window: from the record whose end isn't found yet, or all of the file.
struct Scanner<'a> {
    /// Whether the first record was found.
    begun: bool,
    /// Where in the window that record begins.
    start: usize,
    /// Up to where its end was sought.
    sought: usize,
    /// Its brackets so far.
    brackets: Brackets,
    /// The uses of keys that other files have told of.
    known: &'a Uses,
    part: Part,
}

impl<'a> Scanner<'a> {
    fn new(known: &'a Uses) -> Self {
        Self {
            begun: false,
            start: 0,
            sought: 0,
            brackets: Brackets::default(),
            known,
            part: Part::default(),
        }
    }

    /// Goes from record to record; `whole` says that nothing follows the window.
    fn search(&mut self, window: &[u8], whole: bool) -> Result<(), NotPlain> {
        if !self.begun {
            if window.len() < HEAD.len() + FIRST.len() && !whole {
                return Ok(());
            }
            let first = window.strip_prefix(HEAD).ok_or(NotPlain)?;
            first.starts_with(FIRST).then_some(()).ok_or(NotPlain)?;
            self.begun = true;
            self.begin(HEAD.len());
        }
        while let Some(end) = self.end(window)? {
            self.record(window.get(self.start..end).ok_or(NotPlain)?)?;
            self.begin(end + 1);
        }
        if whole { self.last(window) } else { Ok(()) }
    }

    fn begin(&mut self, at: usize) {
        (self.start, self.sought, self.brackets) = (at, at, Brackets::of(at));
    }

    /// Where the record ends that is sought, if the next one's beginning stands there too.
    fn end(&mut self, window: &[u8]) -> Result<Option<usize>, NotPlain> {
        while let Some(at) = NEXT.find(window.get(self.sought..).unwrap_or_default()) {
            let end = self.sought + at + 1;
            let next = window.get(end + 1..).unwrap_or_default();
            let is_closed = self.brackets.are_closed(window, end);
            if is_closed && next.starts_with(FIRST) {
                return Ok(Some(end));
            }
            if is_closed || next.starts_with(FIRST) || FIRST.starts_with(next) {
                return self.exact_end(window);
            }
            self.sought = end;
        }
        // What is sought may be cut in two.
        self.sought = self.sought.max(window.len().saturating_sub(NEXT.needle().len() - 1));
        Ok(None)
    }

    /// The same by following the record through: what looks like an end may lie in a text, and what doesn't be one.
    fn exact_end(&self, window: &[u8]) -> Result<Option<usize>, NotPlain> {
        let record = window.get(self.start..).unwrap_or_default();
        let length = match Extent::of_value().search(record, false) {
            Found::Whole(length) => length,
            Found::Unfinished => return Ok(None),
            Found::List { .. } | Found::Broken(..) => return Err(NotPlain),
        };
        match record.get(length..).unwrap_or_default() {
            [b',', next @ ..] if next.starts_with(FIRST) => Ok(Some(self.start + length)),
            // It may come later; and the last record's end isn't sought here.
            [b',', next @ ..] if FIRST.starts_with(next) => Ok(None),
            [] | [b']', ..] => Ok(None),
            _ => Err(NotPlain),
        }
    }

    /// The last record's end is the file's. What looks like that may be more than a record, so it is followed through.
    fn last(&mut self, window: &[u8]) -> Result<(), NotPlain> {
        let record = window.get(self.start..).unwrap_or_default().trim_ascii_end();
        let record = record.strip_suffix(b"]}").filter(|record| is_one(record)).ok_or(NotPlain)?;
        self.record(record)
    }

    /// Looks at a whole record.
    fn record(&mut self, record: &[u8]) -> Result<(), NotPlain> {
        let (time, interest, rest) = told(record).ok_or(NotPlain)?;
        // What looks like another is a caller's, or stands behind what CloudTrail doesn't write.
        let may_be_more =
            record.get(1..).is_some_and(|it| WITHIN.find(it).is_some()) || NAME.find(rest).is_some();
        if record.len() > LARGEST || may_be_more && !is_one(record) {
            return Err(NotPlain);
        }
        let is_further_use = interest == Interest::Use
            && Plain::of(record, time).is_some_and(|it| self.known.has(&it) || self.part.uses.has(&it));
        if interest == Interest::None || is_further_use {
            let counts = &mut self.part.counts;
            counts.records += 1;
            *(if is_further_use { &mut counts.further_uses } else { &mut counts.of_no_interest }) += 1;
            return Ok(());
        }
        // What is wrong with it is told where it can be named.
        let parsed =
            std::str::from_utf8(record).ok().and_then(|text| parse_text(text).ok()).ok_or(NotPlain)?;
        self.part.counts.records += 1;
        self.part.parsed(parsed);
        Ok(())
    }

    /// How much of the window was searched and belongs to no record; takes it to be gone.
    fn forget(&mut self) -> usize {
        let gone = std::mem::take(&mut self.start);
        self.sought -= gone;
        self.brackets.at -= gone;
        gone
    }
}

/// Whether this is one value, followed through.
fn is_one(record: &[u8]) -> bool {
    match Extent::of_value().search(record, true) {
        Found::Whole(end) => end == record.len(),
        Found::List { .. } | Found::Unfinished | Found::Broken(..) => false,
    }
}

/// A record's time, what a replay makes of it, and what stands behind that.
fn told(record: &[u8]) -> Option<(&[u8], Interest, &[u8])> {
    let at = TIME
        .find_iter(record)
        .find(|at| at.checked_sub(1).and_then(|before| record.get(before)) != Some(&b'\\'))?;
    let (time, rest) = text(record.get(at + TIME.needle().len()..)?)?;
    let (source, rest) = text(rest.strip_prefix(b",\"eventSource\":\"")?)?;
    let (name, rest) = text(rest.strip_prefix(b",\"eventName\":\"")?)?;
    Some((time, interest(source, name), rest))
}

/// A text up to its closing quote, and what stands behind that. One with an escape in it isn't a name that AWS gives.
fn text(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr2(b'"', b'\\', rest)?;
    let (text, rest) = rest.split_at_checked(end)?;
    Some((text, rest.strip_prefix(b"\"")?))
}
