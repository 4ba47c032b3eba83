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
        unpacked.resize(usize::try_from(u32::from_le_bytes(*trailer))?, 0);
        bytes += library.gzip_decompress(&packed, &mut unpacked)?;
    }
    println!("{bytes} bytes unpacked");
    Ok(())
}
