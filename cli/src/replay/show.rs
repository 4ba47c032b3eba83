//! The formats of a replay: each is told of one receipt after the other, and of the sums at the end.

use super::json::Json;
use super::summary::Summary;
use super::table::Table;
use clap::ValueEnum;
use sealwatch_policy::receipt::Receipt;

/// What a replay is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: a row for each call, and the sums
    Table,
    /// For scripts: one receipt a line on standard output, and nothing else there (see `sealwatch schema receipt`)
    Json,
}

/// Writes the receipts of a replay to standard output, in its own format.
pub trait Show {
    /// Takes the next receipt, in order of time. Whether it is written at once is the format's choice.
    fn receipt(&mut self, receipt: Receipt) -> anyhow::Result<()>;

    /// There are no more. Standard output holds all of them afterwards, and the sums were told.
    fn end(self: Box<Self>, summary: &Summary) -> anyhow::Result<()>;
}

impl Format {
    pub fn begin(self) -> Box<dyn Show> {
        let out = std::io::stdout().lock();
        match self {
            Self::Table => Box::new(Table::new(out)),
            Self::Json => Box::new(Json::new(out)),
        }
    }
}
