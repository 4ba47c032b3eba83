//! Receipts for scripts: one JSON line each, written as soon as it is known.

use super::show::Show;
use super::summary::Summary;
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
    fn receipt(&mut self, receipt: Receipt) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.out, &receipt).map_err(std::io::Error::from)?;
        Ok(writeln!(self.out)?)
    }

    /// Standard output is for receipts alone.
    fn end(mut self: Box<Self>, summary: &Summary) -> anyhow::Result<()> {
        eprint!("{summary}");
        Ok(self.out.flush()?)
    }
}
