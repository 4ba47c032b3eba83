//! The part of a source that is being looked at. What was looked at is let go of, so that memory doesn't grow with the source.

use std::io::Read;

/// How much is read at a time.
pub const STEP: u64 = 1 << 18;

/// A source from some byte on; knows where in the source that is.
pub struct Window<R> {
    source: R,
    step: u64,
    bytes: Vec<u8>,
    /// Up to where they were let go of.
    gone: usize,
    /// Where in the source the first byte stands that is still held.
    offset: u64,
    /// The byte before the first that wasn't let go of.
    before: Option<u8>,
    ended: bool,
    failed: Option<std::io::Error>,
}

impl<R: Read> Window<R> {
    /// Of a source that is read in such steps.
    pub fn new(source: R, step: u64) -> Self {
        Self { source, step, bytes: Vec::new(), gone: 0, offset: 0, before: None, ended: false, failed: None }
    }

    /// What was read and not let go of.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.gone..).unwrap_or_default()
    }

    /// Where in the source the byte at `at` of the rest stands.
    pub fn offset_of(&self, at: usize) -> u64 {
        self.offset + (self.gone + at) as u64
    }

    /// Whether nothing comes behind the rest: the source has ended or failed.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Why the source could be read no further, if it didn't just end.
    pub fn failure(&self) -> Option<&std::io::Error> {
        self.failed.as_ref()
    }

    /// Reads more; whether there was more.
    pub fn grow(&mut self) -> bool {
        if self.ended {
            return false;
        }
        self.bytes.drain(..self.gone);
        self.offset += std::mem::take(&mut self.gone) as u64;
        let held = self.bytes.len();
        self.failed = self.source.by_ref().take(self.step).read_to_end(&mut self.bytes).err();
        // What a source gave before it failed counts; it isn't asked again.
        self.ended = self.failed.is_some() || self.bytes.len() == held;
        self.bytes.len() > held
    }

    /// The byte at `at` of the rest, read if need be.
    pub fn byte(&mut self, at: usize) -> Option<u8> {
        while self.rest().len() <= at {
            if !self.grow() {
                return None;
            }
        }
        self.rest().get(at).copied()
    }

    /// Lets go of the rest up to `count`.
    pub fn let_go(&mut self, count: usize) {
        if let Some(last) = count.checked_sub(1) {
            self.before = self.rest().get(last).copied();
        }
        self.gone = (self.gone + count).min(self.bytes.len());
    }

    /// Whether the rest begins behind a line break.
    pub fn begins_a_line(&self) -> bool {
        self.before == Some(b'\n')
    }

    /// How much memory is held.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.bytes.capacity()
    }
}
