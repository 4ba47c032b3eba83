//! Unpacks a gzipped file of ordinary size in one go, which is more than twice as fast as piece by piece.
//!
//! Only what is surely one gzip member: the fast library reads the first of several and is silent about the others.
//! Buffers are kept from file to file, for new memory costs as much as unpacking.

use libdeflater::Decompressor;
use memchr::memmem;

/// What files hold that are unpacked at the same time: memory must grow neither with them nor with the processors. Larger ones
/// are read piece by piece.
const AT_ONCE: usize = 64 << 20;

/// More than that one file needn't take.
const LARGEST: usize = 32 << 20;

/// RFC 1952: two magic bytes and the method that is always deflate.
const MEMBER: [u8; 3] = [0x1f, 0x8b, 8];

/// What a thread keeps from file to file.
pub struct Unpacker {
    packed: Vec<u8>,
    unpacked: Vec<u8>,
    library: Decompressor,
    /// How much a file may hold.
    largest: usize,
}

impl Unpacker {
    /// One of several that are at work.
    pub fn new(several: usize) -> Self {
        let largest = (AT_ONCE / several.max(1)).min(LARGEST);
        Self { packed: Vec::new(), unpacked: Vec::new(), library: Decompressor::new(), largest }
    }

    /// A buffer for a file as it lies there, and how much it may take: packed, a file is at most half of what it holds, or hardly
    /// worth packing.
    pub fn packed(&mut self) -> (&mut Vec<u8>, u64) {
        (&mut self.packed, self.largest as u64 / 2)
    }

    /// What the buffer holds, and that unpacked if it surely is one member of ordinary size.
    pub fn unpack(&mut self) -> (&[u8], Option<&[u8]>) {
        let size = size_of_single_member(&self.packed).filter(|size| *size <= self.largest);
        let unpacked = size.and_then(|size| {
            // It never shrinks: to grow again it would be filled with zeros, file after file.
            if self.unpacked.len() < size {
                self.unpacked.resize(size, 0);
            }
            let unpacked = self.unpacked.get_mut(..size)?;
            let got = self.library.gzip_decompress(&self.packed, unpacked).ok()?;
            (got == size).then_some(&*unpacked)
        });
        (&self.packed, unpacked)
    }
}

/// The size that the trailer tells, if there is surely no second member: no other place looks like one's beginning.
fn size_of_single_member(packed: &[u8]) -> Option<usize> {
    let behind_first = packed.strip_prefix(&MEMBER)?;
    if memmem::find(behind_first, &MEMBER).is_some() {
        return None;
    }
    let (_, trailer) = packed.split_last_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*trailer)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn gzipped(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
        let _ = encoder.write_all(content);
        encoder.finish().unwrap_or_default()
    }

    #[test]
    fn only_a_single_member_is_unpacked_in_one_go() {
        let one = gzipped(b"one");
        assert_eq!(size_of_single_member(&one), Some(3));
        for (name, packed) in [
            ("two members", [one.clone(), gzipped(b"two")].concat()),
            ("the same member twice", [one.clone(), one.clone()].concat()),
            ("a member, another, and the first again", [one.clone(), gzipped(b"two"), one.clone()].concat()),
            ("not gzipped", b"{\"Records\":[]}".to_vec()),
            ("empty", Vec::new()),
            ("cut short", one.get(..3).unwrap_or_default().to_vec()),
        ] {
            assert_eq!(size_of_single_member(&packed), None, "{name}");
        }
    }
}
