//! The formats of a replay: each is told of one receipt after the other, and of the sums at the end.

use super::html::Html;
use super::json::Json;
use super::summary::Summary;
use super::table::Table;
use clap::ValueEnum;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::policy::Mode;
use sealwatch_policy::receipt::Receipt;

/// What a replay is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: a row for each call, and the sums
    Table,
    /// For scripts: one receipt a line on standard output, and nothing else there (see `sealwatch schema receipt`)
    Json,
    /// For reviews and reports: one page for a browser, to search, send on and print; it asks for nothing from anywhere
    Html,
}

/// What is replayed, and how: for the formats that tell.
pub struct About {
    /// Where the events lie.
    pub paths: Vec<String>,
    /// The policy file, or that it is the one that ships.
    pub policy: String,
    pub modes: Vec<(Guard, Mode)>,
    /// What the events meet.
    pub world: String,
    /// The options that narrow what is shown.
    pub filters: Vec<String>,
}

/// Writes the receipts of a replay to standard output, in its own format.
pub trait Show {
    /// Takes the next receipt, in order of time. Whether it is written at once is the format's choice.
    fn receipt(&mut self, receipt: Receipt) -> anyhow::Result<()>;

    /// There are no more. Standard output holds all of them afterwards, and the sums were told.
    fn end(self: Box<Self>, summary: &Summary) -> anyhow::Result<()>;
}

impl Format {
    pub fn begin(self, about: About) -> Box<dyn Show> {
        let out = std::io::stdout().lock();
        match self {
            Self::Table => Box::new(Table::new(out)),
            Self::Json => Box::new(Json::new(out)),
            Self::Html => Box::new(Html::new(out, about)),
        }
    }
}
