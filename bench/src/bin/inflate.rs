//! Unpacks gzipped files to nothing: the physical limit of whatever reads them.
//!
//! With the fastest library at hand, into a buffer that is kept from file to file.

use anyhow::Context as _;
use libdeflater::Decompressor;

fn main() -> anyhow::Result<()> {
    let mut library = Decompressor::new();
    let (mut packed, mut unpacked) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for path in std::io::stdin().lines() {
        let path = path?;
        packed.clear();
        std::io::Read::read_to_end(
            &mut std::fs::File::open(&path).with_context(|| path.clone())?,
            &mut packed,
        )?;
        let trailer = packed.last_chunk::<4>().context("a gzip trailer")?;
        let size = usize::try_from(u32::from_le_bytes(*trailer))?;
        // It never shrinks: to grow again it would be filled with zeros, file after file.
        if unpacked.len() < size {
            unpacked.resize(size, 0);
        }
        let unpacked = unpacked.get_mut(..size).context("a buffer of that size")?;
        bytes += library.gzip_decompress(&packed, unpacked)?;
    }
    println!("{bytes} bytes unpacked");
    Ok(())
}
