//! Finds the few records that matter in a log file as CloudTrail writes it, without parsing the others.
//!
//! Searches the bytes for each record's first key, `eventVersion`, and for its time, behind which stands what it is of. Inside a
//! text every quote is escaped, so that an unescaped one before such a name makes it a key whoever wrote the texts. A file in
//! which anything is otherwise isn't read here at all. What matters is parsed, and must then be what it seemed.

#[cfg(test)]
mod tests;
pub mod uses;

use super::documents::LARGEST;
use super::extent::{Extent, Found};
use super::part::Part;
use memchr::memmem::Finder;
use sealwatch_policy::change::parse_text;
use sealwatch_world::interest::{Interest, interest};
use std::io::Read;
use std::ops::Range;
use std::sync::LazyLock;
use uses::{Plain, Uses};

/// How much is unpacked at a time: it stays in the processor's cache until it is searched.
const WINDOW: usize = 1 << 18;

/// What a log file begins with.
const HEAD: &[u8] = b"{\"Records\":[";

/// A record's first key.
const VERSION_KEY: &[u8] = b"\"eventVersion\":";
static VERSION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(VERSION_KEY));
/// The key before those that tell what a record is of.
const TIME_KEY: &[u8] = b"\"eventTime\":";
/// What both begin with: between them one search is for either.
static EITHER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"event"));

/// A list, whose elements a caller may have written: `bucketPolicy` is recorded as an object.
static LIST: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\":["));
/// An object behind another: within a record only in a list.
static NEXT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"},{\""));

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
pub fn read_whole(unpacked: &[u8], known: &Uses) -> Result<Part, NotPlain> {
    let mut scanner = Scanner::new(known);
    scanner.search(unpacked, true)?;
    scanner.last(unpacked)?;
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
    scanner.last(&window)?;
    Ok(scanner.part)
}

/// Searches a window: from the record whose end isn't found yet, or all of the file.
struct Scanner<'a> {
    /// Up to where the window was searched.
    searched: usize,
    record: Option<Record>,
    /// The uses of keys that other files have told of.
    known: &'a Uses,
    part: Part,
}

impl<'a> Scanner<'a> {
    fn new(known: &'a Uses) -> Self {
        Self { searched: 0, record: None, known, part: Part::default() }
    }

    /// Goes from each record's first key to what it is of, and on to the next record.
    fn search(&mut self, window: &[u8], whole: bool) -> Result<(), NotPlain> {
        loop {
            let is_told = self.record.as_ref().is_none_or(|record| record.told.is_some());
            let sought: &Finder<'_> = if is_told { &VERSION } else { &EITHER };
            let Some(at) = key(window, self.searched, sought) else {
                // A key may be cut in two.
                self.searched = self.searched.max(window.len().saturating_sub(sought.needle().len()));
                return Ok(());
            };
            if is_told {
                self.begin(window, at)?;
            } else if !self.tell(window, at)? {
                self.searched = at;
                return if whole { Err(NotPlain) } else { Ok(()) };
            }
            self.searched = at + 1;
        }
    }

    /// Takes in what a record is of, if its time stands there, and behind it all else; whether all of that was there.
    fn tell(&mut self, window: &[u8], at: usize) -> Result<bool, NotPlain> {
        let rest = window.get(at..).unwrap_or_default();
        if !rest.starts_with(TIME_KEY) {
            return match rest.starts_with(VERSION_KEY) {
                // A record that tells no time isn't passed over for the next one's.
                true => Err(NotPlain),
                false => Ok(!TIME_KEY.starts_with(rest) && !VERSION_KEY.starts_with(rest)),
            };
        }
        let Some(time) = text_of(window, at, b"\"eventTime\":\"")? else { return Ok(false) };
        let Some(source) = text_of(window, time.end + 1, b",\"eventSource\":\"")? else { return Ok(false) };
        let Some(name) = text_of(window, source.end + 1, b",\"eventName\":\"")? else { return Ok(false) };
        let text = |range: Range<usize>| window.get(range).ok_or(NotPlain);
        let interest = interest(text(source)?, text(name)?);
        if let Some(record) = &mut self.record {
            record.told = Some((time, interest));
        }
        Ok(true)
    }

    /// A record begins, and with it the one before ends.
    fn begin(&mut self, window: &[u8], at: usize) -> Result<(), NotPlain> {
        let start = at.checked_sub(1).filter(|start| window.get(*start) == Some(&b'{')).ok_or(NotPlain)?;
        let before = window.get(..start).unwrap_or_default();
        match self.record.take() {
            None if before == HEAD && self.part.counts.records == 0 => {}
            None => return Err(NotPlain),
            Some(record) => {
                let end =
                    before.strip_suffix(b",").filter(|before| before.ends_with(b"}")).ok_or(NotPlain)?.len();
                self.end(window, &record, end)?;
            }
        }
        self.record = Some(Record { start, told: None });
        Ok(())
    }

    /// The last record's end is the file's.
    fn last(&mut self, window: &[u8]) -> Result<(), NotPlain> {
        let record = self.record.take().ok_or(NotPlain)?;
        let end = window.trim_ascii_end().strip_suffix(b"]}").ok_or(NotPlain)?.len();
        self.end(window, &record, end)
    }

    /// Looks at a whole record.
    fn end(&mut self, window: &[u8], record: &Record, end: usize) -> Result<(), NotPlain> {
        let bytes = window.get(record.start..end).filter(|it| it.ends_with(b"}")).ok_or(NotPlain)?;
        if !is_one(bytes) {
            return Err(NotPlain);
        }
        let (time, interest) = record.told.as_ref().ok_or(NotPlain)?;
        let time = window.get(time.clone()).ok_or(NotPlain)?;
        let is_further_use = *interest == Interest::Use
            && Plain::of(bytes, time).is_some_and(|it| self.known.has(&it) || self.part.uses.has(&it));
        if *interest == Interest::None || is_further_use {
            let counts = &mut self.part.counts;
            counts.records += 1;
            *(if is_further_use { &mut counts.further_uses } else { &mut counts.of_no_interest }) += 1;
            return Ok(());
        }
        // What is wrong with it is told where it can be named.
        let parsed =
            std::str::from_utf8(bytes).ok().and_then(|text| parse_text(text).ok()).ok_or(NotPlain)?;
        self.part.counts.records += 1;
        self.part.parsed(parsed);
        Ok(())
    }

    /// How much of the window was searched and belongs to no record; takes it to be gone.
    fn forget(&mut self) -> usize {
        let Some(record) = &mut self.record else { return 0 };
        let gone = std::mem::take(&mut record.start);
        self.searched -= gone;
        if let Some((time, _)) = &mut record.told {
            *time = time.start - gone..time.end - gone;
        }
        gone
    }
}

/// Whether each list that begins in a record also ends there, and no other object follows outside of one: then what looked
/// like the next record's beginning lies in no list of this one.
fn is_one(record: &[u8]) -> bool {
    let mut from = 0;
    loop {
        let rest = record.get(from..).unwrap_or_default();
        let list = list(record, from);
        let outside = rest.get(..list.map_or(rest.len(), |at| at - from)).unwrap_or_default();
        if NEXT.find(outside).is_some() {
            return false;
        }
        let Some(at) = list else { return true };
        let start = at + LIST.needle().len() - 1;
        match Extent::of_value().search(record.get(start..).unwrap_or_default(), true) {
            Found::Whole(length) => from = start + length,
            Found::List { .. } | Found::Unfinished | Found::Broken(..) => return false,
        }
    }
}

/// Where the next key with a list ends, from there on: at an unescaped quote, and a key may end with a backslash, which is two.
fn list(record: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let at = from + LIST.find(record.get(from..)?)?;
        let before = record.get(..at).unwrap_or_default().iter().rev();
        if before.take_while(|byte| **byte == b'\\').count() % 2 == 0 {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Where the text of a key that stands there is; `None` if the window ends before it.
fn text_of(window: &[u8], at: usize, key: &[u8]) -> Result<Option<Range<usize>>, NotPlain> {
    let rest = window.get(at..).unwrap_or_default();
    let Some(text) = rest.strip_prefix(key) else {
        return if key.starts_with(rest) { Ok(None) } else { Err(NotPlain) };
    };
    // These are short: setting up a faster search takes longer.
    match text.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        None => Ok(None),
        Some(length) if text.get(length) == Some(&b'"') => {
            let start = at + key.len();
            Ok(Some(start..start + length))
        }
        // A text with an escape in it isn't a name that AWS gives.
        Some(_) => Err(NotPlain),
    }
}

/// Where the next such key is, from there on. Inside a text its quote is escaped.
fn key(window: &[u8], mut from: usize, key: &Finder<'_>) -> Option<usize> {
    loop {
        let at = from + key.find(window.get(from..)?)?;
        if at.checked_sub(1).and_then(|before| window.get(before)) != Some(&b'\\') {
            return Some(at);
        }
        from = at + 1;
    }
}
