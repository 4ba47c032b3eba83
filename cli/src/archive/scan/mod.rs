//! Finds the few records that matter in a log file as CloudTrail writes it, without parsing the others.
//!
//! Searches the bytes for each record's first key, `eventVersion`, and for its time, behind which stands what it is of. Inside a
//! text every quote is escaped, so that an unescaped one before such a name makes it a key whoever wrote the texts. A file in
//! which anything is otherwise isn't read here at all. What matters is parsed, and must then be what it seemed.

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
use uses::Uses;

/// How much is unpacked at a time: it stays in the processor's cache until it is searched.
const WINDOW: usize = 1 << 18;

/// What a log file begins with.
const HEAD: &[u8] = b"{\"Records\":[";

/// A record's first key.
static VERSION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"eventVersion\":"));
/// The key before those that tell what a record is of.
static TIME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"eventTime\":"));

/// The file isn't as CloudTrail writes it, or is broken.
#[derive(Debug)]
pub struct NotPlain;

/// A record whose end isn't found yet, by offsets into the window.
struct Record {
    start: usize,
    /// Its time and what a replay makes of it, once they are found.
    told: Option<(Range<usize>, Interest)>,
}

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
pub fn read_whole(unpacked: &mut Vec<u8>, known: &Uses) -> Result<Part, NotPlain> {
    let mut scanner = Scanner { window: unpacked, searched: 0, record: None, known, part: Part::default() };
    scanner.search(true)?;
    scanner.last()?;
    Ok(scanner.part)
}

/// As much at a time as is said.
fn read_by(mut source: impl Read, known: &Uses, step: usize) -> Result<Part, NotPlain> {
    let mut window = Vec::new();
    let mut scanner =
        Scanner { window: &mut window, searched: 0, record: None, known, part: Part::default() };
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
    /// The uses of keys that other files have told of.
    known: &'a Uses,
    part: Part,
}

impl Scanner<'_> {
    /// Goes from each record's first key to what it is of, and on to the next record.
    fn search(&mut self, whole: bool) -> Result<(), NotPlain> {
        loop {
            let is_told = self.record.as_ref().is_none_or(|record| record.told.is_some());
            let sought: &Finder<'_> = if is_told { &VERSION } else { &TIME };
            let Some(at) = self.key(sought) else {
                // A key may be cut in two.
                self.searched = self.searched.max(self.window.len().saturating_sub(sought.needle().len()));
                return Ok(());
            };
            if is_told {
                self.begin(at)?;
            } else if !self.tell(at)? {
                self.searched = at;
                return if whole { Err(NotPlain) } else { Ok(()) };
            }
            self.searched = at + 1;
        }
    }

    /// Where the next such key is. Inside a text its quote is escaped.
    fn key(&self, key: &Finder<'_>) -> Option<usize> {
        let mut from = self.searched;
        loop {
            let at = from + key.find(self.window.get(from..)?)?;
            if at.checked_sub(1).and_then(|before| self.window.get(before)) != Some(&b'\\') {
                return Some(at);
            }
            from = at + 1;
        }
    }

    /// Takes in what a record is of, which stands behind its time; whether all of that was there.
    fn tell(&mut self, at: usize) -> Result<bool, NotPlain> {
        let Some(record) = &self.record else { return Err(NotPlain) };
        // A record that tells no time isn't passed over for the next one's.
        let skipped = self.window.get(record.start + 2..at).ok_or(NotPlain)?;
        if VERSION.find(skipped).is_some() {
            return Err(NotPlain);
        }
        let mut next = at;
        let mut told = [0..0, 0..0, 0..0];
        for (name, place) in
            [&b"\"eventTime\":\""[..], b",\"eventSource\":\"", b",\"eventName\":\""].iter().zip(&mut told)
        {
            let rest = self.window.get(next..).unwrap_or_default();
            let Some(text) = rest.strip_prefix(*name) else {
                return if name.starts_with(rest) { Ok(false) } else { Err(NotPlain) };
            };
            let Some(length) = memchr::memchr2(b'"', b'\\', text) else { return Ok(false) };
            // A text with an escape in it isn't a name that AWS gives.
            if text.get(length) != Some(&b'"') {
                return Err(NotPlain);
            }
            let start = next + name.len();
            *place = start..start + length;
            next = start + length + 1;
        }
        let [time, source, name] = told;
        let text = |range: Range<usize>| {
            self.window.get(range).and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or(NotPlain)
        };
        let interest = interest(text(source)?, text(name)?);
        if let Some(record) = &mut self.record {
            record.told = Some((time, interest));
        }
        Ok(true)
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
        self.record = Some(Record { start, told: None });
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
        let (time, interest) = record.told.as_ref().ok_or(NotPlain)?;
        let time = self.window.get(time.clone()).ok_or(NotPlain)?;
        let is_further_use =
            *interest == Interest::Use && (self.known.has(bytes, time) || self.part.uses.has(bytes, time));
        if *interest == Interest::None || is_further_use {
            let counts = &mut self.part.counts;
            counts.records += 1;
            *(if is_further_use { &mut counts.further_uses } else { &mut counts.of_no_interest }) += 1;
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
        let gone = std::mem::take(&mut record.start);
        self.window.drain(..gone);
        self.searched -= gone;
        if let Some((time, _)) = &mut record.told {
            *time = time.start - gone..time.end - gone;
        }
    }
}
