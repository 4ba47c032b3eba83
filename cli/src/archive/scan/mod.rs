//! Finds the few records that matter in a log file as CloudTrail writes it, without parsing the others.
//!
//! Searches the bytes for the keys that begin with `event`. Inside a text every quote is escaped, so that an unescaped
//! `"eventName":` is a key whoever wrote the texts. Records stand one after the other and begin with `eventVersion`; a file
//! in which anything is otherwise isn't read here at all. What matters is parsed, and must then be what it seemed.

#[cfg(test)]
mod tests;
pub mod uses;

use super::part::Part;
use memchr::memmem::Finder;
use sealwatch_world::interest::{Interest, interest};
use serde_json::Value;
use std::io::Read;
use std::ops::Range;
use std::sync::LazyLock;

/// How much is unpacked at a time: it stays in the processor's cache until it is searched.
const WINDOW: usize = 1 << 18;

/// What a log file begins with.
const HEAD: &[u8] = b"{\"Records\":[";

static KEYS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"event"));

/// The file isn't as CloudTrail writes it, or is broken.
#[derive(Debug)]
pub struct NotPlain;

/// A record whose end isn't found yet, by offsets into the window.
struct Record {
    start: usize,
    time: Option<Range<usize>>,
    source: Option<Range<usize>>,
    interest: Option<Interest>,
}

/// Reads a log file.
///
/// # Errors
/// If it isn't as CloudTrail writes it, or can't be read to its end; nothing of it counts then.
pub fn read(source: impl Read) -> Result<Part, NotPlain> {
    read_by(source, WINDOW)
}

/// Reads a log file that is unpacked already.
///
/// # Errors
/// As [`read`].
pub fn read_whole(unpacked: &mut Vec<u8>) -> Result<Part, NotPlain> {
    let mut scanner = Scanner { window: unpacked, searched: 0, record: None, part: Part::default() };
    scanner.search(true)?;
    scanner.last()?;
    Ok(scanner.part)
}

/// As much at a time as is said.
fn read_by(mut source: impl Read, step: usize) -> Result<Part, NotPlain> {
    let mut window = Vec::new();
    let mut scanner = Scanner { window: &mut window, searched: 0, record: None, part: Part::default() };
    let mut whole = false;
    while !whole {
        let wanted = step as u64;
        let got = source.by_ref().take(wanted).read_to_end(scanner.window).map_err(|_| NotPlain)?;
        whole = (got as u64) < wanted;
        scanner.search(whole)?;
        scanner.forget();
    }
    scanner.last()?;
    Ok(scanner.part)
}

struct Scanner<'a> {
    /// From the record whose end isn't found yet, or all of the file.
    window: &'a mut Vec<u8>,
    /// Up to where the window was searched.
    searched: usize,
    record: Option<Record>,
    part: Part,
}

/// What stands at a place in the window.
enum Found {
    /// A key, and where its value begins.
    Key(&'static [u8], usize),
    /// Nothing that matters.
    Other,
    /// More must be unpacked to tell.
    More,
}

/// The keys that are looked at.
const NAMES: [&[u8]; 4] = [b"\"eventVersion\":", b"\"eventTime\":", b"\"eventSource\":", b"\"eventName\":"];

impl Scanner<'_> {
    fn search(&mut self, whole: bool) -> Result<(), NotPlain> {
        let mut from = self.searched;
        while let Some(at) = self.window.get(from..).and_then(|rest| KEYS.find(rest)).map(|at| from + at) {
            match self.found(at) {
                Found::Key(key, value) => {
                    if !self.key(at, key, value, whole)? {
                        self.searched = at;
                        return Ok(());
                    }
                }
                Found::Other => {}
                Found::More if whole => {}
                Found::More => {
                    self.searched = at;
                    return Ok(());
                }
            }
            from = at + 1;
        }
        // A key may be cut in two.
        let cut = KEYS.needle().len() - 1;
        self.searched = from.max(self.window.len().saturating_sub(cut));
        Ok(())
    }

    fn found(&self, at: usize) -> Found {
        // Inside a text the quote is escaped.
        if at.checked_sub(1).and_then(|before| self.window.get(before)) == Some(&b'\\') {
            return Found::Other;
        }
        let rest = self.window.get(at..).unwrap_or_default();
        for name in NAMES {
            if rest.starts_with(name) {
                return Found::Key(name, at + name.len());
            }
            if name.starts_with(rest) {
                return Found::More;
            }
        }
        Found::Other
    }

    /// Takes in a key; whether all of its value was there.
    fn key(&mut self, at: usize, key: &[u8], value: usize, whole: bool) -> Result<bool, NotPlain> {
        if key == b"\"eventVersion\":" {
            self.begin(at)?;
            return Ok(true);
        }
        let Some(record) = &self.record else { return Err(NotPlain) };
        let is_known = match key {
            b"\"eventTime\":" => record.time.is_some(),
            b"\"eventSource\":" => record.source.is_some(),
            _ => record.interest.is_some(),
        };
        // One of the same name deeper within the record.
        if is_known {
            return Ok(true);
        }
        let Some(text) = self.text(value)? else {
            return if whole { Err(NotPlain) } else { Ok(false) };
        };
        let interest = match key {
            b"\"eventName\":" => {
                let source = record.source.clone().ok_or(NotPlain)?;
                Some(self.interest(&source, &text)?)
            }
            _ => None,
        };
        if let Some(record) = &mut self.record {
            match key {
                b"\"eventTime\":" => record.time = Some(text),
                b"\"eventSource\":" => record.source = Some(text),
                _ => record.interest = interest,
            }
        }
        Ok(true)
    }

    /// A text's place; `None` if its end isn't there yet. One with an escape in it isn't a name that AWS gives.
    fn text(&self, at: usize) -> Result<Option<Range<usize>>, NotPlain> {
        let Some(rest) = self.window.get(at..).filter(|rest| !rest.is_empty()) else { return Ok(None) };
        let rest = rest.strip_prefix(b"\"").ok_or(NotPlain)?;
        let Some(length) = memchr::memchr2(b'"', b'\\', rest) else { return Ok(None) };
        if rest.get(length) != Some(&b'"') {
            return Err(NotPlain);
        }
        Ok(Some(at + 1..at + 1 + length))
    }

    fn interest(&self, source: &Range<usize>, name: &Range<usize>) -> Result<Interest, NotPlain> {
        let text = |range: &Range<usize>| {
            self.window.get(range.clone()).and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or(NotPlain)
        };
        Ok(interest(text(source)?, text(name)?))
    }

    /// A record begins, and with it the one before ends.
    fn begin(&mut self, at: usize) -> Result<(), NotPlain> {
        let start =
            at.checked_sub(1).filter(|start| self.window.get(*start) == Some(&b'{')).ok_or(NotPlain)?;
        let before = self.window.get(..start).unwrap_or_default();
        match self.record.take() {
            None if before == HEAD && self.part.counts.records == 0 => {}
            None => return Err(NotPlain),
            Some(record) => {
                let end =
                    before.strip_suffix(b",").filter(|before| before.ends_with(b"}")).ok_or(NotPlain)?.len();
                self.end(&record, end)?;
            }
        }
        self.record = Some(Record { start, time: None, source: None, interest: None });
        Ok(())
    }

    /// The last record's end is the file's.
    fn last(&mut self) -> Result<(), NotPlain> {
        let record = self.record.take().ok_or(NotPlain)?;
        let end = self.window.as_slice().trim_ascii_end().strip_suffix(b"]}").ok_or(NotPlain)?.len();
        self.end(&record, end)
    }

    /// Looks at a whole record.
    fn end(&mut self, record: &Record, end: usize) -> Result<(), NotPlain> {
        let bytes = self.window.get(record.start..end).filter(|it| it.ends_with(b"}")).ok_or(NotPlain)?;
        match record.interest.ok_or(NotPlain)? {
            Interest::None => {}
            Interest::Use => {
                let time = record.time.clone().and_then(|time| self.window.get(time)).ok_or(NotPlain)?;
                if self.part.uses.has(bytes, time) {
                    self.part.counts.records += 1;
                    self.part.counts.further_uses += 1;
                    return Ok(());
                }
            }
            Interest::Whole => {}
        }
        if record.interest == Some(Interest::None) {
            self.part.counts.records += 1;
            self.part.counts.of_no_interest += 1;
            return Ok(());
        }
        let value: Value = serde_json::from_slice(bytes).map_err(|_| NotPlain)?;
        let unreadable = self.part.counts.unreadable;
        self.part.event("", 0, &value);
        // What is wrong with it is told where it can be named.
        if self.part.counts.unreadable > unreadable { Err(NotPlain) } else { Ok(()) }
    }

    /// Lets go of what was searched and belongs to no record.
    fn forget(&mut self) {
        let Some(record) = &mut self.record else { return };
        let gone = record.start;
        self.window.drain(..gone);
        self.searched -= gone;
        record.start = 0;
        for range in [&mut record.time, &mut record.source].into_iter().flatten() {
            *range = range.start - gone..range.end - gone;
        }
    }
}
