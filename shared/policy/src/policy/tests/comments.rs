//! A file means the same, and has the same faults, as where its comments are read along.

use super::super::read::{policy, with_comments};
use super::shipped::{EXAMPLE, SHIPPED};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What can begin, end or forbid a comment, a text or a table.
const PIECES: [&str; 14] =
    ["#", "\n#", "\n", "\r\n", "\"", "'", "\"\"\"", "'''", "\\", "[", "]", "=", "# \u{7f}", "ключ # \u{0}"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn comments_change_nothing(
        file in select(vec![SHIPPED, EXAMPLE]),
        edits in prop::collection::vec((any::<Index>(), 0..3usize, select(PIECES.to_vec())), 0..6),
    ) {
        let mut text: Vec<char> = file.chars().collect();
        for (at, cut, piece) in edits {
            let at = at.index(text.len());
            text.splice(at..(at + cut).min(text.len()), piece.chars());
        }
        let text: String = text.into_iter().collect();
        prop_assert_eq!(policy(&text), with_comments(&text));
    }
}
