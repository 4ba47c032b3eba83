//! Receipts as a page for a browser: one file that asks for nothing from anywhere.
//!
//! A page begins with its sums, which are known last. Until then the rows wait, deflated, in memory: neither they
//! nor the receipts are held as they are, and nothing of an account's is left in a folder for temporary files.

mod escape;
mod overview;
mod row;
mod timeline;

use super::show::{About, Show};
use super::summary::Summary;
use crate::output::tell;
use flate2::Compression;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;
use overview::{Overview, Sums};
use sealwatch_policy::receipt::Receipt;
use std::io::{BufWriter, Write};

/// The page's style and script, and by what the Content-Security-Policy knows them: their SHA-256 in Base64.
/// A test tells the right ones after a change.
const STYLE: (&str, &str) = (include_str!("html/page.css"), "NrDFNBaIXOy62x0sn7+2Zap/Osw8r9UqP+KABkYrpbk=");
const SCRIPT: (&str, &str) = (include_str!("html/page.js"), "6zKpEdTSLKZFgZ8qPRsLaxMVScCAycqXSGcDp1Qu+dU=");

/// So many rows are laid out together or not at all.
const GROUP: usize = 100;

pub struct Html<W: Write> {
    out: BufWriter<W>,
    overview: Overview,
    /// Rows that follow on each other, deflated, and whether a list begins with them.
    rows: Vec<(bool, Vec<u8>)>,
    /// Rows of the list that is open.
    in_list: usize,
}

/// Receipts as rows, deflated.
pub struct Rows {
    number: usize,
    deflated: Vec<u8>,
    sums: Sums,
}

impl<W: Write> Html<W> {
    pub fn new(out: W, about: About) -> Self {
        let out = BufWriter::with_capacity(1 << 16, out);
        Self { out, overview: Overview::new(about), rows: Vec::new(), in_list: 0 }
    }
}

impl<W: Write> Show for Html<W> {
    type Part = Rows;

    fn render(receipts: &[Receipt]) -> anyhow::Result<Rows> {
        let mut sums = Sums::default();
        let mut rows = BufWriter::with_capacity(1 << 16, ZlibEncoder::new(Vec::new(), Compression::fast()));
        for receipt in receipts {
            sums.add(receipt);
            row::write(&mut rows, receipt)?;
        }
        let deflated = rows.into_inner().map_err(std::io::IntoInnerError::into_error)?.finish()?;
        Ok(Rows { number: receipts.len(), deflated, sums })
    }

    fn take(&mut self, part: Rows) -> anyhow::Result<()> {
        let Rows { number, deflated, sums } = part;
        if number > 0 {
            let begins = self.rows.is_empty() || self.in_list + number > GROUP;
            self.in_list = number + if begins { 0 } else { self.in_list };
            self.rows.push((begins, deflated));
            self.overview.join(sums);
        }
        Ok(())
    }

    /// Standard output is for the page alone.
    fn end(self, summary: &Summary) -> anyhow::Result<()> {
        tell(summary.to_string().trim_end());
        let Self { mut out, overview, rows, in_list: _ } = self;
        head(&mut out)?;
        overview.write(&mut out, summary)?;
        for (index, (begins, deflated)) in rows.iter().enumerate() {
            if *begins {
                out.write_all(if index == 0 { b"<ol>\n" } else { b"</ol><ol>\n" })?;
            }
            std::io::copy(&mut ZlibDecoder::new(deflated.as_slice()), &mut out)?;
        }
        if !rows.is_empty() {
            out.write_all(b"</ol>")?;
        }
        foot(&mut out)?;
        Ok(out.flush()?)
    }
}

fn head(out: &mut impl Write) -> std::io::Result<()> {
    let (style, script) = (STYLE.1, SCRIPT.1);
    writeln!(
        out,
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Sealwatch replay</title>
<style>{}</style>
</head>
<body>"#,
        STYLE.0
    )
}

fn foot(out: &mut impl Write) -> std::io::Result<()> {
    writeln!(
        out,
        r"</div>
</main>
<footer>Made by sealwatch {} with <code>replay --format html</code>. All times are UTC.</footer>
<script>{}</script>
</body>
</html>",
        env!("CARGO_PKG_VERSION"),
        SCRIPT.0
    )
}
