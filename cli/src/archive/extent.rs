//! Where a JSON value ends, found without parsing it.
//!
//! Follows texts, brackets and what may stand next to what. Whether numbers, escapes and UTF-8 are right is left to the parser:
//! where they aren't, the value's end is known all the same, and what follows it can be read.

use std::ops::Range;

/// Brackets within brackets: the parser refuses 128. What is far beyond is followed to its end all the same, so that what comes
/// behind it can be read, but not farther than memory should be held for it: a byte for each.
const DEEPEST: usize = 16 << 20;

/// What was found so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The value ends before this index.
    Whole(usize),
    /// It is an object, of which this key's value is a list that begins before `at`. To search on is to pass over the list.
    List { key: Range<usize>, at: usize },
    /// Its end may come later.
    Unfinished,
    /// At this index stands what can't stand there.
    Broken(usize, &'static str),
}

/// What stands before the place that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Opening,
    Key,
    Colon,
    Value,
    Comma,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Between texts and words.
    Structure,
    Text {
        key: bool,
    },
    /// A number, `true`, `false` or `null`.
    Word,
}

/// The search for one value's end, which goes on when there is more of it.
#[derive(Debug)]
pub struct Extent {
    /// The brackets that are open.
    open: Vec<u8>,
    before: Before,
    within: Within,
    /// Up to where was searched.
    at: usize,
    /// Where the last of the object's own keys stands.
    key: Range<usize>,
    /// Whether the object's lists are told of, and whether one just began.
    lists: bool,
    list: bool,
}

impl Extent {
    /// Of a value that begins with the first byte, or behind white space.
    pub fn of_value() -> Self {
        Self {
            open: Vec::new(),
            before: Before::Nothing,
            within: Within::Structure,
            at: 0,
            key: 0..0,
            lists: false,
            list: false,
        }
    }

    /// The same; if it is an object, its lists are told of.
    pub fn of_document() -> Self {
        Self { lists: true, ..Self::of_value() }
    }

    /// How many of the bytes aren't needed to search on.
    pub fn spent(&self) -> usize {
        let of_key = match self.within {
            Within::Text { key } => key,
            // A value that has begun is no list, and its key no longer matters.
            Within::Word => false,
            Within::Structure => matches!(self.before, Before::Key | Before::Colon),
        };
        if of_key && self.open.len() == 1 { self.key.start.min(self.at) } else { self.at }
    }

    /// The first `count` bytes are no longer there.
    pub fn let_go(&mut self, count: usize) {
        self.at = self.at.saturating_sub(count);
        self.key = self.key.start.saturating_sub(count)..self.key.end.saturating_sub(count);
    }

    /// The list that was told of has ended, and the bytes begin behind it.
    pub fn list_ended(&mut self) {
        self.at = 0;
        self.before = self.close();
    }

    /// Searches on; `whole` says that nothing follows these bytes.
    pub fn search(&mut self, bytes: &[u8], whole: bool) -> Found {
        loop {
            if std::mem::take(&mut self.list) {
                return Found::List { key: self.key.clone(), at: self.at };
            }
            let end = match self.within {
                Within::Text { key } => self.text(bytes, key),
                Within::Word => self.word(bytes, whole),
                Within::Structure => self.structure(bytes),
            };
            match end {
                // A value ends; if it lies in none, it is the one.
                Ok(Some(Before::Value)) if self.open.is_empty() => return Found::Whole(self.at),
                Ok(Some(before)) => self.before = before,
                Ok(None) => return Found::Unfinished,
                Err(what) => return Found::Broken(self.at, what),
            }
        }
    }

    /// To a text's end. A line break within shows that a quote is missing.
    fn text(&mut self, bytes: &[u8], key: bool) -> Result<Option<Before>, &'static str> {
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let Some(index) = memchr::memchr3(b'"', b'\\', b'\n', rest) else {
                self.at = bytes.len();
                return Ok(None);
            };
            self.at += index;
            match (rest.get(index), rest.get(index + 1)) {
                (Some(b'"'), _) => {
                    self.at += 1;
                    self.within = Within::Structure;
                    if key && self.open.len() == 1 {
                        self.key.end = self.at;
                    }
                    return Ok(Some(if key { Before::Key } else { Before::Value }));
                }
                (Some(b'\\'), Some(_)) => self.at += 2,
                (Some(b'\\'), None) => return Ok(None),
                _ => return Err("a line ends within a text"),
            }
        }
    }

    fn word(&mut self, bytes: &[u8], whole: bool) -> Result<Option<Before>, &'static str> {
        let rest = bytes.get(self.at..).unwrap_or_default();
        match rest.iter().position(|byte| !is_of_word(*byte)) {
            Some(length) => self.at += length,
            None => {
                self.at = bytes.len();
                if !whole {
                    return Ok(None);
                }
            }
        }
        self.within = Within::Structure;
        Ok(Some(Before::Value))
    }

    /// To the next text, word or mark, and past it if it is a mark.
    fn structure(&mut self, bytes: &[u8]) -> Result<Option<Before>, &'static str> {
        let rest = bytes.get(self.at..).unwrap_or_default();
        let Some(index) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) else {
            self.at = bytes.len();
            return Ok(None);
        };
        self.at += index;
        let byte = rest.get(index).copied().unwrap_or_default();
        let in_object = self.open.last() == Some(&b'{');
        let before = match (byte, self.before) {
            (b'"', Before::Opening | Before::Comma) if in_object => {
                self.within = Within::Text { key: true };
                if self.open.len() == 1 {
                    self.key = self.at..self.at;
                }
                self.before
            }
            (b'"', before) if self.may_begin(before) => {
                self.within = Within::Text { key: false };
                before
            }
            (b'{' | b'[', before) if self.may_begin(before) => {
                if self.open.len() == DEEPEST {
                    return Err("it is nested too deeply");
                }
                self.list = self.lists && byte == b'[' && self.open == [b'{'];
                self.open.push(byte);
                Before::Opening
            }
            (b'}', Before::Opening | Before::Value) if in_object => self.close(),
            (b']', Before::Opening | Before::Value) if self.open.last() == Some(&b'[') => self.close(),
            (b',', Before::Value) => Before::Comma,
            (b':', Before::Key) => Before::Colon,
            (byte, before) if is_of_word(byte) && self.may_begin(before) => {
                self.within = Within::Word;
                return Ok(Some(before));
            }
            (_, before) => return Err(self.expected(before)),
        };
        self.at += 1;
        Ok(Some(before))
    }

    fn close(&mut self) -> Before {
        self.open.pop();
        Before::Value
    }

    /// Whether a value may stand behind that.
    fn may_begin(&self, before: Before) -> bool {
        match before {
            Before::Nothing | Before::Colon => true,
            Before::Opening | Before::Comma => self.open.last() == Some(&b'['),
            Before::Key | Before::Value => false,
        }
    }

    fn expected(&self, before: Before) -> &'static str {
        let in_object = self.open.last() == Some(&b'{');
        match before {
            Before::Key => "expected `:`",
            Before::Value if in_object => "expected `,` or `}`",
            Before::Value => "expected `,` or `]`",
            Before::Opening | Before::Comma if in_object => "expected a key in quotes",
            Before::Nothing | Before::Opening | Before::Colon | Before::Comma => "expected a value",
        }
    }
}

/// Whether numbers, `true`, `false` and `null` are made of it, or what somebody took for one.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found if the bytes come some at a time.
    fn found(text: &str, step: usize) -> Found {
        let bytes = text.as_bytes();
        let mut extent = Extent::of_value();
        for end in (step..bytes.len()).step_by(step) {
            let found = extent.search(&bytes[..end], false);
            if found != Found::Unfinished {
                return found;
            }
        }
        extent.search(bytes, true)
    }

    #[test]
    fn a_value_ends_where_it_ends_however_it_comes() {
        for (text, end) in [
            ("{}", 2),
            (" \n[] x", 4),
            (r#"{"a":"}\"]","b":[1,{"c":null}]},{"#, 31),
            (r#""a\\" b"#, 5),
            ("7,", 1),
            ("-1.5e400]", 8),
            ("nul", 3),
            ("[[[[1]]]] [", 9),
            (r#"{"a" : "\u00e4\"" }{"#, 19),
        ] {
            for step in 1..=text.len() {
                assert_eq!(found(text, step), Found::Whole(end), "{text} by {step}");
            }
        }
    }

    #[test]
    fn what_cannot_stand_there_is_found_where_it_stands() {
        for (text, at, what) in [
            ("}", 0, "expected a value"),
            ("\0", 0, "expected a value"),
            (r#"{"a":1 "b":2}"#, 7, "expected `,` or `}`"),
            ("[1 2]", 3, "expected `,` or `]`"),
            ("[1,]", 3, "expected a value"),
            (r#"{"a":1,}"#, 7, "expected a key in quotes"),
            (r#"{"a" 1}"#, 5, "expected `:`"),
            ("{a:1}", 1, "expected a key in quotes"),
            ("[1}", 2, "expected `,` or `]`"),
            ("{\"a\":\"b\n", 7, "a line ends within a text"),
            ("{\"a\":{\"b\":1\n{\"c\":2}", 12, "expected `,` or `}`"),
        ] {
            for step in 1..=text.len() {
                assert_eq!(found(text, step), Found::Broken(at, what), "{text} by {step}");
            }
        }
        let deep = "[".repeat(DEEPEST + 1);
        assert_eq!(found(&deep, 1 << 20), Found::Broken(DEEPEST, "it is nested too deeply"));
        assert_eq!(found(&("[".repeat(5_000) + &"]".repeat(5_000)), 100), Found::Whole(10_000));
    }

    #[test]
    fn what_does_not_end_is_unfinished() {
        for text in ["", " ", "[", "{\"a\":", "\"a", "\"a\\", "{\"a\":1", "[[1]"] {
            for step in 1..=text.len().max(1) {
                assert_eq!(found(text, step), Found::Unfinished, "{text}");
            }
        }
    }
}
