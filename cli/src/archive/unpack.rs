//! Unpacks a gzipped file of ordinary size in one go, which is more than twice as fast as piece by piece.
//!
//! Only what is surely one gzip member: the fast library reads the first of several and is silent about the others.
//! Buffers are kept from file to file, for new memory costs as much as unpacking.

use libdeflater::Decompressor;
use memchr::memmem;
use std::fs::File;
use std::io::{Read as _, Result};
use std::path::Path;

/// Files that are larger are read piece by piece: memory must not grow with them.
const LARGEST: u64 = 16 << 20;

/// The same for what they hold.
const LARGEST_UNPACKED: usize = 48 << 20;

/// RFC 1952: two magic bytes and the method that is always deflate.
const MEMBER: [u8; 3] = [0x1f, 0x8b, 8];

/// What a thread keeps from file to file.
pub struct Unpacker {
    packed: Vec<u8>,
    unpacked: Vec<u8>,
    library: Decompressor,
}

impl Unpacker {
    pub fn new() -> Self {
        Self { packed: Vec::new(), unpacked: Vec::new(), library: Decompressor::new() }
    }

    /// What a file holds; `None` if it isn't one member of ordinary size, or broken.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn unpack(&mut self, path: &Path) -> Result<Option<&mut Vec<u8>>> {
        let mut file = File::open(path)?;
        if file.metadata()?.len() > LARGEST {
            return Ok(None);
        }
        self.packed.clear();
        file.read_to_end(&mut self.packed)?;
        let Some(size) = size_of_single_member(&self.packed) else { return Ok(None) };
        self.unpacked.resize(size, 0);
        match self.library.gzip_decompress(&self.packed, &mut self.unpacked) {
            Ok(got) if got == size => Ok(Some(&mut self.unpacked)),
            Ok(_) | Err(_) => Ok(None),
        }
    }
}

/// The size that the trailer tells, if there is surely no second member: no other place looks like one's beginning.
fn size_of_single_member(packed: &[u8]) -> Option<usize> {
    let behind_first = packed.strip_prefix(&MEMBER)?;
    if memmem::find(behind_first, &MEMBER).is_some() {
        return None;
    }
    let (_, trailer) = packed.split_last_chunk::<4>()?;
    let size = usize::try_from(u32::from_le_bytes(*trailer)).ok()?;
    (size <= LARGEST_UNPACKED).then_some(size)
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
