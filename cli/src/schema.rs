//! Prints the published JSON Schemas, which travel inside the binary.

use clap::ValueEnum;
use std::io::Write as _;
use std::process::ExitCode;

/// Print the JSON Schema of a format.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Which format
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// The policy file (as JSON would write it)
    Policy,
    /// A line of `sealwatch replay --format json`, and the last log line of a function's invocation
    Receipt,
    /// The file that `sealwatch replay --state` reads
    State,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let schema = match arguments.format {
        Format::Policy => include_str!("../../schemas/policy.schema.json"),
        Format::Receipt => include_str!("../../schemas/receipt.schema.json"),
        Format::State => include_str!("../../schemas/state.schema.json"),
    };
    std::io::stdout().write_all(schema.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
