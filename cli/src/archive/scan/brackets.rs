//! Whether a place in a record lies in a list, in which a caller may have written what looks like records: `bucketPolicy` is recorded
//! as an object.

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
