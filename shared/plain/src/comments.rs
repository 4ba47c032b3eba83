//! The comments of a TOML file.

use memchr::{memchr_iter, memchr2_iter};
use std::borrow::Cow;

/// The text without those lines that are comments alone, each left as an empty line, so that every value keeps its line and column.
///
/// Comments are most of a policy file that explains itself, and the parser looks at each of their characters. What isn't sure to be
/// a comment that TOML allows stays, for the parser to judge: a line with a control character, and all of a file in which three
/// quotes are seen, within which a text may have several lines.
#[must_use]
pub fn without_comments(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let is_triple = |at: usize| matches!(bytes.get(at..at + 3), Some(b"\"\"\"" | b"'''"));
    if memchr2_iter(b'"', b'\'', bytes).any(is_triple) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut line = 0;
    // Where what was not yet copied begins.
    let mut from = 0;
    for end in memchr_iter(b'\n', bytes) {
        if let Some(comment @ [b'#', ..]) = bytes.get(line..end)
            && has_no_control(comment)
        {
            kept.push_str(text.get(from..line).unwrap_or_default());
            from = end;
        }
        line = end + 1;
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(kept)
}

/// Whether no byte is a control character, a tab included.
fn has_no_control(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<8>();
    rest.iter().all(|byte| !byte.is_ascii_control())
        && !words.iter().any(|word| may_hold_control(u64::from_ne_bytes(*word)))
}

/// Whether one of eight bytes is below 0x20, or is 0x7f.
fn may_hold_control(word: u64) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = EACH << 7;
    let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word & HIGH;
    below(word, 0x20) | below(word ^ (EACH * 0x7f), 1) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_a_comment_becomes_empty_and_all_else_stays() {
        for (text, expected) in [
            ("", ""),
            ("# all", "# all"),
            ("# a\n", "\n"),
            (
                "# a\n#\nb = 1 # c\n  # d\n# e\n\n# ключ\ng = '#'\n# end",
                "\n\nb = 1 # c\n  # d\n\n\n\ng = '#'\n# end",
            ),
            ("a = [\n# b\n1]\n", "a = [\n\n1]\n"),
            ("# a\r\nb = 1\r\n", "# a\r\nb = 1\r\n"),
        ] {
            assert_eq!(without_comments(text), expected, "{text:?}");
        }
    }

    #[test]
    fn within_a_text_of_several_lines_nothing_is_a_comment() {
        for quotes in ["'''", "\"\"\""] {
            let text = format!("# a\nb = {quotes}\n# c\n{quotes}\n# d\n");
            assert_eq!(without_comments(&text), text);
        }
    }

    #[test]
    fn a_comment_that_toml_forbids_is_left_to_the_parser() {
        for control in (0..=0x1f).chain([0x7f]).filter(|byte| *byte != b'\n') {
            for before in 0..9 {
                let text = format!("#{}{}{}\n", "x".repeat(before), char::from(control), "y".repeat(9));
                assert_eq!(without_comments(&text), text);
            }
        }
    }
}
