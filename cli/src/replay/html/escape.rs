//! Text within HTML: none of it ends the element or attribute that it stands in.
//!
//! Receipts come here cleaned already; this holds also for texts that nobody cleaned. The page's
//! Content-Security-Policy stands behind it, and runs nothing that slipped through.

use sealwatch_policy::untrusted::is_plain;
use std::fmt;

/// Text within an element. Quotes stay as they are, which keeps JSON short: it never stands in an attribute.
pub struct Text<'a>(pub &'a str);

/// Text within an attribute in double quotes, or within an element.
pub struct Attribute<'a>(pub &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(f, self.0, |character| match character {
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            _ => None,
        })
    }
}

impl fmt::Display for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(f, self.0, |character| match character {
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '"' => Some("&quot;"),
            '\'' => Some("&#39;"),
            '`' => Some("&#96;"),
            _ => None,
        })
    }
}

/// Writes runs of plain characters at once; what is invisible or turns the reading order as `\u{…}`.
fn escape(
    f: &mut fmt::Formatter<'_>,
    text: &str,
    reference: impl Fn(char) -> Option<&'static str>,
) -> fmt::Result {
    let mut rest = text;
    let special =
        |character: char| reference(character).is_some() || (character != '\n' && !is_plain(character));
    while let Some((before, character, after)) = rest.find(special).and_then(|at| split(rest, at)) {
        f.write_str(before)?;
        match reference(character) {
            Some(reference) => f.write_str(reference)?,
            None => write!(f, "{}", character.escape_unicode())?,
        }
        rest = after;
    }
    f.write_str(rest)
}

/// What stands before a character, the character, and what follows.
fn split(text: &str, at: usize) -> Option<(&str, char, &str)> {
    let (before, from) = text.split_at_checked(at)?;
    let mut characters = from.chars();
    characters.next().map(|character| (before, character, characters.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        for (text, shown) in [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            (
                "</pre></code><img src=x onerror=alert(1)>",
                "&lt;/pre&gt;&lt;/code&gt;&lt;img src=x onerror=alert(1)&gt;",
            ),
            ("]]> <![CDATA[ <!-- -->", "]]&gt; &lt;![CDATA[ &lt;!-- --&gt;"),
            ("&lt;b&gt; &#60;b&#62;", "&amp;lt;b&amp;gt; &amp;#60;b&amp;#62;"),
            ("&", "&amp;"),
            ("", ""),
        ] {
            assert_eq!(Text(text).to_string(), shown, "{text}");
            assert_eq!(Attribute(text).to_string(), shown, "{text}");
        }
    }

    #[test]
    fn no_quote_ends_an_attribute() {
        let text = "\" onmouseover=\"x' autofocus='`";
        let shown = "&quot; onmouseover=&quot;x&#39; autofocus=&#39;&#96;";
        assert_eq!(Attribute(text).to_string(), shown);
        assert_eq!(Text(text).to_string(), text, "within an element a quote is a quote");
    }

    #[test]
    fn letters_stay_and_what_cannot_be_seen_is_written_out() {
        assert_eq!(Text("naïve ключ 鍵 🗝 \u{10ffff}").to_string(), "naïve ключ 鍵 🗝 \u{10ffff}");
        assert_eq!(
            Text("a\u{202e}b\u{2028}c\u{0}\u{1b}[31m\r\u{85}\u{feff}").to_string(),
            r"a\u{202e}b\u{2028}c\u{0}\u{1b}[31m\u{d}\u{85}\u{feff}"
        );
        assert_eq!(Text("two\nlines").to_string(), "two\nlines");
        // Letters that lower or upper case, or normalising, would turn into markup: they stay what they are.
        assert_eq!(Text("＜script＞ ﹤ ‹").to_string(), "＜script＞ ﹤ ‹");
    }
}
