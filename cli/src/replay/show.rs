//! The formats of a replay: each is told of one receipt after the other, and of the sums at the end.

use super::summary::Summary;
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
pub trait Show: Sized {
    /// What some receipts become.
    type Part: Send;

    /// Renders some receipts that follow on each other, on any thread.
    fn render(receipts: &[Receipt]) -> anyhow::Result<Self::Part>;

    /// Takes the next receipts, in order of time. Whether they are written at once is the format's choice.
    fn take(&mut self, part: Self::Part) -> anyhow::Result<()>;

    /// There are no more. Standard output holds all of them afterwards, and the sums were told.
    fn end(self, summary: &Summary) -> anyhow::Result<()>;
}
