//! `sealwatch`: what operators run by hand.
//!
//! Replays recorded events through the guards and checks policy files. Only `replay --live`, which the feature
//! `live` adds, touches an AWS account, and it writes only with `--apply`.

mod archive;
#[cfg(feature = "live")]
mod aws;
mod check;
mod output;
mod replay;
mod schema;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// An archive's changes are made on one thread and let go of on others, over which glibc's allocator makes them wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// See what Sealwatch would do with your CloudTrail events, and check its policy file.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run recorded events through the guards: no AWS account, no network, unless --live or an s3:// address is given
    Replay(replay::Arguments),
    /// Explain every fault of a policy file, and which rule applies to a log group
    Check(check::Arguments),
    /// Print the JSON Schema of a format
    Schema(schema::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
    };
    match done {
        Ok(code) => code,
        Err(error) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) if output::is_ours(&error) => {
            output::tell(format_args!("sealwatch: can't write to standard output: {error}"));
            ExitCode::from(2)
        }
        Err(error) => {
            output::tell(format_args!("sealwatch: {error:#}"));
            ExitCode::from(2)
        }
    }
}
