//! `sealwatch replay`: reads events, puts them in order, lets the guards judge them, shows the receipts.

mod filter;
mod html;
mod in_order;
mod json;
mod judging;
#[cfg(feature = "live")]
mod live;
mod show;
mod summary;
mod table;
mod words;

use crate::archive::{self, Input};
use crate::output::{is_closed, tell};
use anyhow::{Context as _, bail};
use filter::{Filter, Level};
use html::Html;
use json::Json;
use judging::Replay;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::policy::{Mode, Policy};
use sealwatch_policy::untrusted::{SHOWN, clean};
use sealwatch_world::{World, timeline};
use show::{About, Format};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use summary::Summary;
use table::Table;

const GUARDS: [Guard; 3] = [Guard::LogGroup, Guard::Trail, Guard::Key];

/// Run recorded events through the guards: no AWS account, no network, unless --live or an s3:// address is given.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The world starts empty, or as --state describes it, and learns from each change as it is replayed. \
A key that the policy names and nothing tells of is taken as usable; the receipt lists it under `assumed`.

By default each change meets the account as it was: what Sealwatch would have repaired stays broken, as it did. \
With --counterfactual the repairs are made in the world, so that later changes meet a repaired account.

What --since, --until, --account, --region, --guard and --severity leave out is still replayed, because later changes meet \
what it did; the summary counts it. --fail-on judges all but what the first five leave out: --severity only hides.

A page (--format html) is for reviews and reports: sums, findings over time, and every receipt to unfold, search and \
print, in one file that asks for nothing from anywhere. 50,000 receipts make some 230 MB of it, which a browser takes \
a while to open: narrow what is shown.

Exit status: 0 replayed; 1 a finding of --fail-on SEVERITY or higher; 2 usage, or input that can't be read \
(the rest is replayed all the same).

Examples:
  sealwatch replay events/ --state events/state.json
  sealwatch replay 2026/11/ --policy policy.toml --format json > receipts.jsonl
  sealwatch replay 2026/11/ --policy policy.toml --format html > november.html
  sealwatch replay s3://BUCKET/AWSLogs/ACCOUNT/CloudTrail/eu-central-1/2026/11/
  aws cloudtrail lookup-events --output json --start-time 2026-11-01 \
    --lookup-attributes AttributeKey=ReadOnly,AttributeValue=false | sealwatch replay -
  sealwatch replay 2026/11/ --format json | jq -r '.page.text // empty'")]
pub struct Arguments {
    /// EventBridge events, CloudTrail records or log files, gzipped or not; folders, of which the files that end in .json, .jsonl,
    /// .ndjson or .gz are read; s3://BUCKET/PREFIX (needs the feature `live`); - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The policy file [default: policy.toml here, else the one that ships]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// What is known before the first change: keys, log groups, trails (see `sealwatch schema state`)
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// What to show the receipts as; a table is as wide as the terminal, else as COLUMNS says, else 160
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Make the repairs in the world, so that later changes meet a repaired account
    #[arg(long)]
    counterfactual: bool,
    /// Read the state from the AWS account of your credentials instead of a world (needs the feature `live`)
    #[cfg_attr(not(feature = "live"), arg(hide = true))]
    #[arg(long, conflicts_with_all = ["state", "counterfactual"])]
    live: bool,
    /// With --live: also make the repairs, where the policy's mode is remediate; only of changes that --since, --until,
    /// --account, --region and --guard don't leave out
    #[cfg_attr(not(feature = "live"), arg(hide = true))]
    #[arg(long, requires = "live", conflicts_with = "severity")]
    apply: bool,
    /// How many threads read and render; what comes out is the same [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Exit with 1 if there is a finding this bad or worse, also where --severity hides it
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<Level>,
    #[command(flatten)]
    filter: Filter,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    #[cfg(not(feature = "live"))]
    if arguments.live || arguments.apply {
        bail!("this build has no --live; {}", archive::HOW_TO_BUILD_LIVE);
    }
    arguments.filter.check()?;
    let (policy_name, policy) = read_policy(arguments.policy.as_deref())?;
    let world = arguments.state.as_deref().map(read_state).transpose()?.unwrap_or_default();
    let jobs = jobs(arguments);
    let Input { changes, mut counts } = archive::read(&arguments.paths, arguments.state.as_deref(), jobs);
    let (changes, copies) = timeline::order(changes);
    counts.copies = copies;
    let repairs = |guard: &Guard| policy.mode_of(*guard) >= Mode::Remediate;
    if arguments.counterfactual && !GUARDS.iter().any(repairs) {
        tell("note: --counterfactual repairs nothing: the policy's mode is not `remediate`");
    }
    let about = about(arguments, policy_name, &policy);
    let notes = arguments.filter.matching_nothing(&changes);
    let replay = Replay { arguments, policy: &policy, world, changes, jobs };
    let is_unreadable = counts.unreadable > 0;
    let summary = Summary::new(counts, notes);
    let out = std::io::stdout().lock();
    let done = match arguments.format {
        Format::Table => replay.run(Table::new(out), summary),
        Format::Json => replay.run(Json::new(out), summary),
        Format::Html => replay.run(Html::new(out, about), summary),
    };
    let summary = match done {
        Err(error) if is_closed(&error) && arguments.fail_on.is_some() => {
            bail!("standard output was closed before all was judged, so that --fail-on can't be answered");
        }
        Err(error) if is_closed(&error) && is_unreadable => return Ok(ExitCode::from(2)),
        done => done?,
    };
    let failed = arguments.fail_on.is_some_and(|level| summary.worst >= Some(level.severity()));
    Ok(match (is_unreadable, failed) {
        (true, _) => ExitCode::from(2),
        (false, true) => ExitCode::from(1),
        (false, false) => ExitCode::SUCCESS,
    })
}

/// As many threads as were asked for, else one for each core.
fn jobs(arguments: &Arguments) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    arguments.jobs.map_or_else(cores, usize::from)
}

fn about(arguments: &Arguments, policy_name: String, policy: &Policy) -> About {
    let shown = |path: &PathBuf| clean(&path.display().to_string(), SHOWN);
    let state = arguments.state.as_ref().map_or_else(|| "empty at first".to_owned(), shown);
    let world = match arguments.counterfactual {
        true => format!("{state}; repairs are made"),
        false => format!("{state}; nothing is repaired"),
    };
    #[cfg(feature = "live")]
    let world = match (arguments.live, arguments.apply) {
        (true, true) => "the AWS account, repairs are made".to_owned(),
        (true, false) => "the AWS account, nothing is written".to_owned(),
        (false, _) => world,
    };
    About {
        paths: arguments.paths.iter().map(shown).collect(),
        policy: policy_name,
        modes: GUARDS.map(|guard| (guard, policy.mode_of(guard))).to_vec(),
        world,
        filters: arguments.filter.told(),
    }
}

/// The policy that was asked for, the one of this folder, or the one that ships; with its name.
fn read_policy(path: Option<&Path>) -> anyhow::Result<(String, Policy)> {
    let here = Path::new("policy.toml");
    let (name, text) = match path.or_else(|| here.exists().then_some(here)) {
        Some(path) => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("can't read `{}`", path.display()))?;
            (path.display().to_string(), text)
        }
        None => ("the policy that ships".to_owned(), include_str!("../../policy.toml").to_owned()),
    };
    tell(format_args!("policy: {name}"));
    let policy = Policy::parse(&text)
        .with_context(|| format!("`{name}` is no policy (`sealwatch check` explains)"))?;
    Ok((name, policy))
}

fn read_state(path: &Path) -> anyhow::Result<World> {
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read `{}`", path.display()))?;
    World::from_state(&text).with_context(|| format!("`{}` is no state file", path.display()))
}
