//! Checks a policy file and tells which rule a log group falls under.

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use jiff::Timestamp;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::names::{AccountId, LogGroupArn, LogGroupName, Place, Region};
use sealwatch_policy::policy::{Exempt, Exemption, Fault, Policy};
use sealwatch_policy::untrusted::clean;
use sealwatch_policy::wildcard;
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
    let warnings = warnings(&policy, now);
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

/// What is allowed but may not be meant.
fn warnings(policy: &Policy, now: Timestamp) -> Vec<String> {
    let passed =
        policy.exemptions.iter().filter(|exemption| exemption.has_passed(now)).filter_map(|exemption| {
            let until = exemption.until?;
            Some(format!("the exemption on line {} ended on {until} and no longer applies", exemption.line))
        });
    let mut warnings: Vec<String> = passed.collect();
    let rules = policy.log_groups.rules.iter();
    warnings.extend(rules.filter_map(|rule| matches_nothing(Guard::LogGroup, &rule.pattern, rule.line)));
    warnings.extend(policy.exemptions.iter().filter_map(|exemption| match &exemption.what {
        Exempt::Name(pattern) => matches_nothing(exemption.guard, pattern, exemption.line),
        Exempt::Tag { .. } | Exempt::Principal(_) => None,
    }));
    warnings.extend(policy.exemptions.iter().filter_map(|exemption| protected(policy, exemption)));
    if !policy.log_groups.rules.iter().any(|rule| rule.pattern == "*") {
        warnings.push(
            "no [[log_groups.keys]] rule matches every log group (`match = \"*\"`): one that matches none is \
             reported, and can't be repaired"
                .to_owned(),
        );
    }
    warnings
}

/// Why an exemption of keys never applies: what policy protects by its alias, no alias exempts.
fn protected(policy: &Policy, exemption: &Exemption) -> Option<String> {
    let (Guard::Key, Exempt::Name(pattern)) = (exemption.guard, &exemption.what) else { return None };
    let protection = policy.keys.protect.iter().find(|protection| wildcard::covers(protection, pattern))?;
    Some(format!(
        "the exemption on line {} never applies: `keys.protect` has `{}`, and protection wins",
        exemption.line,
        clean(protection, 80)
    ))
}

/// Why a `match` over names can't match one; `None` if it may.
///
/// Sources: CloudWatch Logs API reference, CreateLogGroup; CloudTrail user guide, "Naming requirements"; KMS API
/// reference, CreateAlias.
fn matches_nothing(guard: Guard, pattern: &str, line: usize) -> Option<String> {
    let (what, special) = match guard {
        Guard::LogGroup => ("log group", "_-/.#"),
        Guard::Trail => ("trail", "._-"),
        Guard::Key if pattern.starts_with("alias/") => ("alias", "_-/"),
        Guard::Key => {
            return (!may_name_a_key(pattern)).then(|| {
                format!(
                    "the `match` on line {line} is no key's: write an alias (`alias/NAME`), a key's id or its ARN"
                )
            });
        }
    };
    if pattern.starts_with("arn:") {
        return Some(format!(
            "the `match` on line {line} looks like an ARN, but it is held against names: write the name alone"
        ));
    }
    let stranger = pattern.chars().find(|character| {
        !character.is_ascii_alphanumeric() && !special.contains(*character) && !matches!(character, '*' | '?')
    })?;
    Some(format!(
        "the `match` on line {line} has `{}`, which no {what}'s name has: it matches nothing",
        clean(&stranger.to_string(), 1)
    ))
}

/// Whether a pattern may match an id, an ARN or an alias of a key, by what stands before its first wildcard.
fn may_name_a_key(pattern: &str) -> bool {
    let start = pattern.split(['*', '?']).next().unwrap_or(pattern);
    let agrees = |with: &str, start: &str| with.starts_with(start) || start.starts_with(with);
    let is_hex = |character: char| character.is_ascii_hexdigit() || character == '-';
    let is_uuid = start.chars().all(is_hex) && start.find('-').is_none_or(|dash| dash == 8);
    let is_arn = agrees("arn:", start) && start.split(':').nth(5).is_none_or(|it| agrees("key/", it));
    is_uuid || is_arn || agrees("mrk-", start) || agrees("alias/", start)
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
