//! Checks a policy file and tells which rule a log group falls under.

mod notes;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use jiff::Timestamp;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::names::{AccountId, LogGroupArn, LogGroupName, Place, Region};
use sealwatch_policy::policy::{Exempt, Exemption, Fault, Policy};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Explain every fault of a policy file, and which rule applies to a log group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status: 0 the file is a policy, 1 it has faults, 2 it can't be read.

Examples:
  sealwatch check policy.toml
  sealwatch check policy.toml --log-group /payments/api --account 111122223333 --region eu-central-1")]
pub struct Arguments {
    /// The policy file
    #[arg(default_value = "policy.toml")]
    policy: PathBuf,
    /// A log group's name: print the rule, key and exemptions that apply to it
    #[arg(long, value_name = "NAME", requires_all = ["account", "region"])]
    log_group: Option<String>,
    /// The account of the log group
    #[arg(long, value_name = "ID", requires = "log_group")]
    account: Option<String>,
    /// The Region of the log group
    #[arg(long, value_name = "REGION", requires = "log_group")]
    region: Option<String>,
    /// For people, or one JSON object for scripts
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let path = arguments.policy.display();
    let text = std::fs::read_to_string(&arguments.policy).with_context(|| format!("can't read `{path}`"))?;
    let group = arguments.log_group.as_ref().map(|name| log_group(arguments, name)).transpose()?;
    let mut out = std::io::stdout().lock();
    let policy = match Policy::parse(&text) {
        Ok(policy) => policy,
        Err(faults) => {
            match arguments.format {
                Format::Text => {
                    for Fault { line, column, problem, remedy } in &faults.0 {
                        writeln!(out, "{path}:{line}:{column}: {problem}\n    remedy: {remedy}")?;
                    }
                    writeln!(out, "{path}: {} fault(s); this is no policy yet", faults.0.len())?;
                }
                Format::Json => {
                    let faults: Vec<Value> = faults.0.iter().map(fault_json).collect();
                    writeln!(out, "{}", json!({ "ok": false, "faults": faults }))?;
                }
            }
            return Ok(ExitCode::from(1));
        }
    };
    let now = Timestamp::now();
    let warnings = notes::of(&policy, now);
    let answer = group.map(|group| answer(&policy, &group, now));
    match arguments.format {
        Format::Json => {
            let modes = json!({
                "log-group": policy.mode_of(Guard::LogGroup),
                "trail": policy.mode_of(Guard::Trail),
                "key": policy.mode_of(Guard::Key),
            });
            writeln!(
                out,
                "{}",
                json!({ "ok": true, "modes": modes, "warnings": warnings, "log_group": answer })
            )?;
        }
        Format::Text => {
            let modes = [Guard::LogGroup, Guard::Trail, Guard::Key]
                .map(|guard| format!("{guard} {}", policy.mode_of(guard).as_str()))
                .join(", ");
            writeln!(out, "{path}: a policy without faults; modes: {modes}")?;
            for warning in &warnings {
                writeln!(out, "{path}: note: {warning}")?;
            }
            for (name, value) in answer.iter().filter_map(Value::as_object).flatten() {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                writeln!(out, "  {name:<10} {value}")?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn fault_json(Fault { line, column, problem, remedy }: &Fault) -> Value {
    json!({ "line": line, "column": column, "problem": problem, "remedy": remedy })
}

fn log_group(arguments: &Arguments, name: &str) -> anyhow::Result<LogGroupArn> {
    let (Some(account), Some(region)) = (&arguments.account, &arguments.region) else {
        bail!("--log-group needs --account and --region");
    };
    let place = Place { account: AccountId::parse(account)?, region: Region::parse(region)? };
    Ok(LogGroupArn::new(place, LogGroupName::parse(name)?))
}

fn answer(policy: &Policy, group: &LogGroupArn, now: Timestamp) -> Value {
    let name = group.name().as_str();
    let rule = policy.key_rule(name);
    let key = rule.map(|rule| match rule.key.at(group.place()) {
        Ok(key) => key.to_string(),
        Err(error) => format!("none: {error}"),
    });
    let exempt = |exemption: &Exemption| {
        let what = match &exemption.what {
            Exempt::Name(pattern) if exemption.covers_name(name) => format!("name `{pattern}`"),
            Exempt::Name(_) => return None,
            Exempt::Tag { key, value } => format!("if tagged {key}={value}"),
            Exempt::Principal(pattern) => format!("if called by {pattern}"),
        };
        Some(format!("{what} (line {}): {}", exemption.line, exemption.reason))
    };
    let exemptions: Vec<String> = policy.exemptions_of(Guard::LogGroup, now).filter_map(exempt).collect();
    json!({
        "log group": group.to_string(),
        "mode": policy.mode_of(Guard::LogGroup),
        "rule": rule.map_or("none matches".to_owned(), |rule| format!("`{}` (line {})", rule.pattern, rule.line)),
        "key": key,
        "exempt": exemptions,
    })
}
