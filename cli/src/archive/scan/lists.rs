//! Whether a place in a record lies in a list, in which a caller may have written what looks like records: `bucketPolicy` is recorded
//! as an object.

use crate::archive::extent::{Extent, Found};

/// The brackets of a record, counted on from place to place: each that could open a list as one that does, and of those that could
/// close one only what surely does.
///
/// INVARIANT: where none is left open, no bracket before was counted wrongly, and no list is open.
#[derive(Debug, Default)]
pub struct Brackets {
    /// Up to where they are counted.
    pub at: usize,
    open: usize,
}

impl Brackets {
    /// Of a record that begins there.
    pub fn of(start: usize) -> Self {
        Self { at: start, open: 0 }
    }

    /// Whether surely no list is open there.
    pub fn are_closed(&mut self, window: &[u8], until: usize) -> bool {
        let bytes = window.get(self.at..until).unwrap_or_default();
        for at in memchr::memchr2_iter(b'[', b']', bytes) {
            match bytes.split_at_checked(at) {
                Some((_, [b'[', ..])) => self.open += 1,
                // One that closes none would stand in no JSON.
                Some((before, _)) if is_outside(before) => {
                    self.open = self.open.checked_sub(1).unwrap_or(usize::MAX >> 1);
                }
                _ => {}
            }
        }
        self.at = until;
        self.open == 0
    }
}

/// What became of the lists up to some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// None is open there.
    Closed,
    /// One is, which ends before this index.
    Beyond(usize),
    /// One that begins there, and whose end may come later.
    Open,
    /// What isn't JSON is in one.
    Broken,
}

/// Follows the lists through that begin from one place on, where none is open, and before another.
pub fn until(window: &[u8], mut from: usize, until: usize) -> Lists {
    while let Some(list) = next(window.get(..until).unwrap_or_default(), from) {
        let end = match Extent::of_value().search(window.get(list..).unwrap_or_default(), false) {
            Found::Whole(length) => list + length,
            Found::Unfinished => return Lists::Open,
            Found::List { .. } | Found::Broken(..) => return Lists::Broken,
        };
        if end > until {
            return Lists::Beyond(end);
        }
        from = end;
    }
    Lists::Closed
}

/// Whether what follows surely lies in no text: the last quote isn't escaped, and can't begin a text for what stands before it.
fn is_outside(before: &[u8]) -> bool {
    /// A quote that is farther away isn't looked for.
    const NEAR: usize = 64;
    let near = before.get(before.len().saturating_sub(NEAR)..).unwrap_or_default();
    let quote = near.iter().rposition(|byte| *byte == b'"');
    let before_quote = quote.and_then(|at| near.get(at.checked_sub(1)?));
    before_quote
        .is_some_and(|byte| !matches!(byte, b':' | b',' | b'[' | b'{' | b'\\') && !byte.is_ascii_whitespace())
}

/// Where the next list begins, from there on: at a bracket behind a key. A list in a list is passed over with it.
fn next(window: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let at = from + memchr::memchr(b'[', window.get(from..)?)?;
        let before = window.get(..at)?.trim_ascii_end();
        let key = before.strip_suffix(b":").and_then(|before| before.trim_ascii_end().strip_suffix(b"\""));
        // A quote within a text is escaped, and a key may end with a backslash, which is two.
        if key.is_some_and(|key| key.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0) {
            return Some(at);
        }
        from = at + 1;
    }
}
