//! Receipts for scripts: one JSON line each, written as soon as it is known.

use super::show::Show;
use super::summary::Summary;
use crate::output::tell;
use sealwatch_policy::receipt::Receipt;
use std::io::Write;

pub struct Json<W> {
    out: W,
}

impl<W: Write> Json<W> {
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Show for Json<W> {
    /// The lines.
    type Part = Vec<u8>;

    fn render(receipts: &[Receipt]) -> anyhow::Result<Vec<u8>> {
        let mut lines = Vec::new();
        for receipt in receipts {
            serde_json::to_writer(&mut lines, receipt)?;
            lines.push(b'\n');
        }
        Ok(lines)
    }

    fn take(&mut self, lines: Vec<u8>) -> anyhow::Result<()> {
        Ok(self.out.write_all(&lines)?)
    }

    /// Standard output is for receipts alone.
    fn end(mut self, summary: &Summary) -> anyhow::Result<()> {
        tell(summary.to_string().trim_end());
        Ok(self.out.flush()?)
    }
}
