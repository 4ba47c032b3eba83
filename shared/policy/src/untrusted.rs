//! Text that somebody else wrote: names, user agents, error messages.
//!
//! Whoever can call an AWS API can put text into a CloudTrail record. Such text is data: it is cut to a
//! length and every character that could begin a line, move a cursor or reorder what is read is escaped
//! before it reaches a page, a log or a terminal. Nothing here ever interprets it.

use serde::{Serialize, Serializer};
use std::fmt;
use std::fmt::Write as _;

/// Characters of untrusted text that are shown at most.
pub const SHOWN: usize = 256;

/// Text out of an event. `Display` and `Serialize` show it cleaned; [`Untrusted::raw`] is for comparing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Untrusted(String);

impl Untrusted {
    /// Takes the text as it came.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it came: to compare with, never to print.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Most texts need no second look.
        if self.0.len() <= SHOWN && is_printable_ascii(&self.0) {
            f.write_str(&self.0)
        } else {
            f.write_str(&clean(&self.0, SHOWN))
        }
    }
}

impl Serialize for Untrusted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `text` on one line, at most `limit` characters of it, with everything invisible or line-breaking
/// written as `\u{…}`. What was cut off is counted behind an ellipsis.
#[must_use]
pub fn clean(text: &str, limit: usize) -> String {
    let (mut shown, rest) = match text.split_at_checked(limit.min(text.len())) {
        Some((shown, rest)) if is_printable_ascii(shown) => (shown.to_owned(), rest),
        _ => escaped(text, limit),
    };
    let rest = rest.chars().count();
    if rest > 0 {
        // Writing into a String can't fail.
        let _ = write!(shown, "… ({rest} more characters)");
    }
    shown
}

/// The first characters, each that isn't plain escaped, and what comes behind them.
fn escaped(text: &str, limit: usize) -> (String, &str) {
    let mut shown = String::with_capacity(text.len().min(limit));
    let mut characters = text.chars();
    for character in characters.by_ref().take(limit) {
        if is_plain(character) {
            shown.push(character);
        } else {
            let _ = write!(shown, "{}", character.escape_unicode());
        }
    }
    (shown, characters.as_str())
}

/// Whether a text holds nothing but the characters of ASCII that are seen, and spaces: these are all plain.
#[must_use]
pub fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether a character shows as itself, in reading order, on the line where it stands.
#[must_use]
pub fn is_plain(character: char) -> bool {
    let invisible = matches!(
        character,
        '\u{00ad}'                       // soft hyphen
        | '\u{034f}' | '\u{061c}'        // joiner, Arabic letter mark
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'        // zero width, direction marks
        | '\u{2028}'..='\u{202e}'        // line and paragraph separators, direction overrides
        | '\u{2060}'..='\u{206f}'        // word joiner, direction isolates
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}'      // tags, variation selectors
    );
    !character.is_control() && !invisible
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn newlines_and_direction_marks_are_escaped() {
        assert_eq!(clean("a\nb\r\u{202e}c\u{1b}[31m", 99), r"a\u{a}b\u{d}\u{202e}c\u{1b}[31m");
        assert_eq!(clean("naïve ключ 鍵", 99), "naïve ключ 鍵");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let shown = clean(&"x".repeat(10_000), 20);
        assert_eq!(shown, format!("{}… (9980 more characters)", "x".repeat(20)));
        for (text, limit, expected) in [
            ("xy\nz", 2, "xy… (2 more characters)"),
            ("x\nyz", 2, "x\\u{a}… (2 more characters)"),
            ("xé鍵", 2, "xé… (1 more characters)"),
            ("xé", 2, "xé"),
            ("é", 0, "… (1 more characters)"),
            ("", 0, ""),
        ] {
            assert_eq!(clean(text, limit), expected, "{text:?} at {limit}");
        }
    }

    proptest! {
        #[test]
        fn printable_ascii_is_plain_and_stays(text in "[ -~]{0,40}") {
            prop_assert!(is_printable_ascii(&text) && text.chars().all(is_plain));
            prop_assert_eq!(clean(&text, 40), text);
        }

        #[test]
        fn nothing_becomes_a_second_line(text in any::<String>(), limit in 0_usize..50) {
            let shown = clean(&text, limit);
            prop_assert!(shown.chars().all(is_plain), "{shown:?}");
        }
    }
}
