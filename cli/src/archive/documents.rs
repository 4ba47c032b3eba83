//! Reads one JSON document after the other, whatever its shape, and names what is wrong with it.
//!
//! The exact reader: slower than the search through a log file's bytes, and what that falls back to. It parses record by record,
//! and holds no more than one of them, or one document that is no list of records.

mod taken;

use super::extent::{Extent, Found};
use super::part::Part;
use super::window::{STEP, Window};
use std::io::Read;
use std::ops::Range;
use taken::Kind;

/// A record, or a document that is no list of records, that is larger isn't read. CloudTrail's records have 256 KB at most.
pub const LARGEST: usize = 16 << 20;

/// One JSON document after the other: a file holds one, standard input and JSON Lines hold many. Behind a
/// document that can't be read it goes on with the next line that may begin one.
pub fn read(part: &mut Part, name: &str, source: impl Read) {
    read_by(part, name, Window::new(source, STEP), LARGEST);
}

/// As much of a source may be followed in vain, or so many times as much as was passed. What is broken is left at the next line, and
/// each of them may lead to the source's end again.
const IN_VAIN: u64 = 256 << 20;
const TIMES: u64 = 16;

/// With records as large as is said.
fn read_by(part: &mut Part, name: &str, window: Window<impl Read>, largest: usize) {
    let mut reader = Reader { part, name, window, largest, in_vain: 0 };
    let any = reader.documents();
    let Reader { part, window, .. } = reader;
    let at = window.offset_of(window.rest().len());
    match window.failure() {
        Some(error) => part.unreadable(
            &format_args!("{name} (byte {at})"),
            &format_args!("it can be read no further: {error}"),
        ),
        None if !any => part.unreadable(&name, &"it is empty"),
        None => {}
    }
}

/// The rest of a document can't be read, which was told.
enum Lost {
    /// From the rest's first byte on, which may itself begin the next document.
    Here,
    /// The rest's first byte belongs to it.
    Within,
    /// The source broke off.
    All,
}

struct Reader<'a, R> {
    part: &'a mut Part,
    name: &'a str,
    window: Window<R>,
    largest: usize,
    /// How much was followed that turned out to be broken.
    in_vain: u64,
}

impl<R: Read> Reader<'_, R> {
    /// All documents; whether there was any.
    fn documents(&mut self) -> bool {
        // Some tools begin a JSON file with a byte-order mark, and those of Windows write 16 bits a character.
        let first = [self.window.byte(0), self.window.byte(1), self.window.byte(2)];
        match first {
            [Some(0xef), Some(0xbb), Some(0xbf)] => self.window.let_go(3),
            [Some(0xff), Some(0xfe), _] | [Some(0xfe), Some(0xff), _] => {
                self.part.unreadable(&self.name, &"it is UTF-16: convert it to UTF-8");
                return true;
            }
            _ => {}
        }
        if let Some(what) = self.packed() {
            self.part.unreadable(&self.name, &format_args!("it is {what}, and no JSON: unpack it"));
            return true;
        }
        let mut any = false;
        while let Some(first) = self.token() {
            any = true;
            let read = match first {
                b'[' => {
                    self.window.let_go(1);
                    self.list(Kind::Documents)
                }
                b'{' => self.object(None),
                _ => self.element(None),
            };
            if read.is_err_and(|lost| !self.next_document(&lost)) {
                break;
            }
        }
        any
    }

    /// What begins like something that holds files, or packs one in a way that isn't gzip.
    fn packed(&mut self) -> Option<&'static str> {
        PACKED.into_iter().find_map(|(at, mark, what)| {
            let mut bytes = mark.iter().enumerate();
            bytes.all(|(index, byte)| self.window.byte(at + index) == Some(*byte)).then_some(what)
        })
    }

    /// The next byte that isn't white space.
    fn token(&mut self) -> Option<u8> {
        loop {
            let rest = self.window.rest();
            if let Some(index) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) {
                self.window.let_go(index);
                return self.window.byte(0);
            }
            self.window.let_go(rest.len());
            if !self.window.grow() {
                return None;
            }
        }
    }

    /// The elements of a list that has begun, and its end.
    fn list(&mut self, kind: Kind) -> Result<(), Lost> {
        if self.token() == Some(b']') {
            self.window.let_go(1);
            return Ok(());
        }
        for index in 0.. {
            match self.token() {
                Some(b'{') if kind == Kind::Documents => self.object(Some((kind, index)))?,
                _ => self.element(Some((kind, index)))?,
            }
            match self.token() {
                Some(b',') => self.window.let_go(1),
                Some(b']') => {
                    self.window.let_go(1);
                    break;
                }
                Some(_) => return Err(self.lost(0, "expected `,` or `]`", Lost::Here)),
                None => return Err(self.lost(0, ENDS, Lost::Here)),
            }
        }
        Ok(())
    }

    /// A value that is an event, or holds one.
    fn element(&mut self, index: Option<(Kind, usize)>) -> Result<(), Lost> {
        let mut extent = Extent::of_value();
        let start = self.window.offset_of(0);
        let mut held = true;
        loop {
            let whole = self.window.has_ended();
            match extent.search(self.window.rest(), whole) {
                Found::Whole(end) => {
                    let is_json = !held || self.held(index, end);
                    if !held {
                        self.too_large(index, start);
                    }
                    // A word that is none may be one of many.
                    if !is_json && index.is_none() {
                        return Err(Lost::Within);
                    }
                    self.window.let_go(end);
                    return Ok(());
                }
                Found::Broken(at, what) if held => return Err(self.lost(at, what, Lost::Within)),
                Found::Broken(at, what) => {
                    self.window.let_go(at);
                    return Err(self.lost(0, what, Lost::Here));
                }
                Found::Unfinished if whole => {
                    return Err(self.lost(self.window.rest().len(), ENDS, Lost::Within));
                }
                Found::List { .. } | Found::Unfinished => {
                    held = held && self.window.rest().len() <= self.largest;
                    self.grow(&mut extent, held);
                }
            }
        }
    }

    /// An object: an event, or something that holds a list of them, which is read record by record.
    fn object(&mut self, index: Option<(Kind, usize)>) -> Result<(), Lost> {
        let mut extent = Extent::of_document();
        let start = self.window.offset_of(0);
        // What stands before what is held, in short: nothing at first, and then a list.
        let mut seam = "";
        let mut held = true;
        loop {
            let whole = self.window.has_ended();
            match extent.search(self.window.rest(), whole) {
                Found::Whole(end) => {
                    match (held, seam) {
                        (true, "") => {
                            self.held(index, end);
                        }
                        (true, seam) => self.beside(seam, end, ""),
                        (false, "") => self.too_large(index, start),
                        // What stands beside the records is no matter.
                        (false, _) => {}
                    }
                    self.window.let_go(end);
                    return Ok(());
                }
                Found::List { key, at } => {
                    let Some(kind) = self.kind_of(key) else { continue };
                    if held {
                        self.beside(seam, at, "]}");
                    }
                    self.window.let_go(at);
                    self.list(kind)?;
                    extent.list_ended();
                    (seam, held) = (r#"{"":[]"#, true);
                }
                Found::Broken(at, what) if held && seam.is_empty() => {
                    return Err(self.lost(at, what, Lost::Within));
                }
                Found::Broken(at, what) => {
                    self.window.let_go(at);
                    return Err(self.lost(0, what, Lost::Here));
                }
                Found::Unfinished if whole => {
                    return Err(self.lost(self.window.rest().len(), ENDS, Lost::Within));
                }
                Found::Unfinished => {
                    held = held && self.window.rest().len() <= self.largest;
                    self.grow(&mut extent, held);
                }
            }
        }
    }

    fn grow(&mut self, extent: &mut Extent, held: bool) {
        if !held {
            let spent = extent.spent();
            self.window.let_go(spent);
            extent.let_go(spent);
        }
        self.window.grow();
    }

    /// Whether a key's list is one of records.
    fn kind_of(&self, key: Range<usize>) -> Option<Kind> {
        let key = self.window.rest().get(key)?;
        let escaped = key.contains(&b'\\').then(|| serde_json::from_slice::<String>(key).ok()).flatten();
        let name = key.get(1..key.len().checked_sub(1)?)?;
        match escaped.as_ref().map_or(name, |name| name.as_bytes()) {
            b"Records" => Some(Kind::Records),
            b"Events" => Some(Kind::Events),
            _ => None,
        }
    }

    /// Tells why the rest of a document can't be read, unless the source broke off there: that is told by itself.
    fn lost(&mut self, at: usize, what: &str, lost: Lost) -> Lost {
        if what == ENDS && self.window.failure().is_some() {
            return Lost::All;
        }
        self.in_vain += at as u64;
        let at = self.window.offset_of(at);
        if self.in_vain > IN_VAIN.max(TIMES * at) {
            self.part.unreadable(
                &format_args!("{} (byte {at})", self.name),
                &format_args!("{what}, as in many places before; the rest of this file isn't read"),
            );
            return Lost::All;
        }
        self.part.unreadable(
            &format_args!("{} (byte {at})", self.name),
            &format_args!("{what}; the rest of this document isn't read"),
        );
        lost
    }

    /// Goes to where the next document may begin behind a broken one: on a later line, but not on one that is
    /// indented or closes a bracket, which belongs to the broken one.
    fn next_document(&mut self, lost: &Lost) -> bool {
        let may_begin = |byte: u8| !byte.is_ascii_whitespace() && !matches!(byte, b'}' | b']' | b',');
        match lost {
            Lost::Here if self.window.begins_a_line() && self.window.byte(0).is_some_and(may_begin) => {
                return true;
            }
            Lost::Here | Lost::Within => {}
            Lost::All => return false,
        }
        loop {
            let rest = self.window.rest();
            let line = memchr::memchr(b'\n', rest).map(|index| index + 1);
            self.window.let_go(line.unwrap_or(rest.len()));
            if line.is_none() && !self.window.grow() {
                return false;
            }
            if line.is_some() && self.window.byte(0).is_some_and(may_begin) {
                return true;
            }
        }
    }
}

/// Where marks of what can't be read stand in a file, and what each tells.
const PACKED: [(usize, &[u8], &str); 5] = [
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"BZh", "packed by bzip2"),
    (0, b"\xfd7zXZ", "packed by xz"),
    (0, b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (257, b"ustar", "a tar archive"),
];

/// What is wrong with a document that just stops.
const ENDS: &str = "EOF within a document";

#[cfg(test)]
mod tests;
