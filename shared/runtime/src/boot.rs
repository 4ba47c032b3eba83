//! Boot: reads the environment and the policy file once, before the first event.
//!
//! A function that misses something fails to start, with the reason; it never runs on half a policy or
//! with a page that has nowhere to go.

use crate::clients::Clients;
use crate::connection::{Connection, ConnectionError, Roots};
use crate::deadline::Deadline;
use crate::log::Log;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use lambda_runtime::Context;
use sealwatch_policy::facts::{Reading, Unreadable};
use sealwatch_policy::guards::Guard;
use sealwatch_policy::names::{AccountId, Arn, NameError, Place, Region};
use sealwatch_policy::policy::{Faults, Mode, Policy};
use sealwatch_policy::untrusted::clean;
use std::path::PathBuf;
use thiserror::Error;
use tracing::level_filters::LevelFilter;

/// Where the policy layer puts the file.
const POLICY_PATH: &str = "/opt/sealwatch/policy.toml";

/// What a function has when it starts.
#[derive(Debug)]
pub struct Boot {
    /// The guard that this function is.
    pub guard: Guard,
    /// The policy.
    pub policy: Policy,
    /// The mode of the guard.
    pub mode: Mode,
    /// The Region that the function runs in and reads.
    pub region: Region,
    /// The ARN of the function's role, by which it knows its own calls; `None` if the environment doesn't tell.
    pub role: Option<String>,
    /// The SNS topic for pages; always there unless the mode is observe.
    pub topic: Option<String>,
    /// The AWS clients, behind the shield of the mode.
    pub clients: Clients,
}

/// Why a function can't start.
#[derive(Debug, Error)]
pub enum BootError {
    /// An environment variable is missing or empty.
    #[error("the environment variable `{0}` is not set")]
    Missing(&'static str),
    /// The policy file can't be read.
    #[error("can't read the policy file `{path}`")]
    PolicyFile {
        /// Where it was looked for.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The policy file has faults.
    #[error("the policy file `{path}` has faults: {faults}")]
    Policy {
        /// The file.
        path: PathBuf,
        /// Every fault with its line.
        faults: Faults,
    },
    /// The mode that the deployment allows is none.
    #[error("the environment variable `SEALWATCH_MODE` is `{0}`: write observe, page or remediate")]
    Mode(String),
    /// The Region is none.
    #[error("the environment variable `AWS_REGION` is wrong")]
    Region(#[source] NameError),
    /// AWS can't be reached as the environment says.
    #[error("the AWS clients can't be built")]
    Clients(#[source] ConnectionError),
}

/// Logs as JSON lines on standard output, at the level of `AWS_LAMBDA_LOG_LEVEL` (default: INFO). What is below INFO, which is
/// the SDK's alone, is left out of a release.
pub fn log() {
    let level = match std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().as_deref() {
        // Lambda knows one level more than `tracing`.
        Some("FATAL") => LevelFilter::ERROR,
        level => level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO),
    };
    // A second call, in tests, finds the subscriber set already and changes nothing.
    let _ = tracing::subscriber::set_global_default(Log::writing_to(std::io::stdout(), level));
}

/// What was booted; else the reason with all its causes, logged, for Lambda to end the function with.
///
/// # Errors
/// If booting failed.
pub fn start<T>(booted: Result<T, BootError>) -> Result<T, lambda_runtime::Error> {
    booted.map_err(|error| {
        let why = crate::trouble::chain(&error);
        tracing::error!(error_type = "Sealwatch.StartFailed", error = why, "the function can't start");
        why.into()
    })
}

impl Boot {
    /// Reads `SEALWATCH_POLICY`, `SEALWATCH_MODE`, `SEALWATCH_TOPIC_ARN`, `SEALWATCH_ROLE_ARN` and the standard `AWS_*`
    /// variables.
    ///
    /// # Errors
    /// If one is missing or wrong, or the policy has a fault.
    pub fn from_environment(guard: Guard) -> Result<Self, BootError> {
        let path = PathBuf::from(variable("SEALWATCH_POLICY").unwrap_or_else(|| POLICY_PATH.to_owned()));
        let text = std::fs::read_to_string(&path)
            .map_err(|source| BootError::PolicyFile { path: path.clone(), source })?;
        let policy = Policy::parse(&text).map_err(|faults| BootError::Policy { path, faults })?;
        // Empty is no mode either: a ceiling that somebody blanked out isn't one that was never set.
        let most = std::env::var_os("SEALWATCH_MODE").map(|most| most.to_string_lossy().into_owned());
        let mode = allowed(policy.mode_of(guard), most.as_deref())?;
        let topic = variable("SEALWATCH_TOPIC_ARN");
        if mode > Mode::Observe && topic.is_none() {
            return Err(BootError::Missing("SEALWATCH_TOPIC_ARN"));
        }
        let region = variable("AWS_REGION").ok_or(BootError::Missing("AWS_REGION"))?;
        let region = Region::parse(&region).map_err(BootError::Region)?;
        let endpoint = variable("AWS_ENDPOINT_URL");
        let bundle = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()).map(PathBuf::from);
        let roots = Roots::of(bundle.as_deref()).map_err(BootError::Clients)?;
        let credentials = SharedCredentialsProvider::new(credentials()?);
        let connection = Connection { region: region.clone(), credentials, endpoint, roots };
        let clients = Clients::new(&connection, mode).map_err(BootError::Clients)?;
        Ok(Self { guard, policy, mode, region, role: variable("SEALWATCH_ROLE_ARN"), topic, clients })
    }

    /// Takes from Lambda what it tells with each invocation: how long it may last, and, in the function's own
    /// ARN, whose account it runs in.
    #[must_use]
    pub fn enter(&self, context: &Context) -> Deadline {
        let own =
            Arn::split(&context.invoked_function_arn).and_then(|arn| AccountId::parse(arn.account).ok());
        match own {
            Some(own) => self.clients.belong_to(own),
            None => tracing::warn!(arn = context.invoked_function_arn, "the function's ARN names no account"),
        }
        Deadline::at_epoch_ms(context.deadline)
    }

    /// Why a resource of `place` can't be looked at from here; `None` if it can, as far as is known.
    #[must_use]
    pub fn foreign(&self, place: &Place) -> Option<Unreadable> {
        let Place { account, region } = place;
        let own = self.clients.account().unwrap_or(account);
        (own != account || self.region != *region).then(|| {
            let here = format!("account {own} in {}", self.region);
            Unreadable::for_good(format!(
                "this function reads {here}, the event is about account {account} in {region}"
            ))
        })
    }

    /// What a lookup that finds no `what` tells: another account's function finds none either.
    #[must_use]
    pub fn absent<T>(&self, what: &str) -> Reading<T> {
        if self.clients.account().is_some() {
            return Reading::Absent;
        }
        let why = format!("there is no {what} here, and whose account this is can't be told");
        Reading::Unreadable(Unreadable::for_good(why))
    }
}

/// What policy wants, as far as the deployment allows it: a function does no more than its role was made for.
fn allowed(wanted: Mode, most: Option<&str>) -> Result<Mode, BootError> {
    let Some(most) = most else { return Ok(wanted) };
    let most = Mode::named(most).ok_or_else(|| BootError::Mode(clean(most, 60)))?;
    if most < wanted {
        let (wanted, most) = (wanted.as_str(), most.as_str());
        tracing::warn!(wanted, most, "the policy file wants more than the deployment allows");
    }
    Ok(wanted.min(most))
}

/// Lambda puts the role's credentials into the environment; they hold for the life of the instance.
fn credentials() -> Result<Credentials, BootError> {
    let required = |name| variable(name).ok_or(BootError::Missing(name));
    Ok(Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    ))
}

fn variable(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deployment_lowers_the_mode_and_never_raises_it() {
        use Mode::{Observe, Page, Remediate};
        for (wanted, most, expected) in [
            (Remediate, None, Remediate),
            (Remediate, Some("remediate"), Remediate),
            (Remediate, Some("page"), Page),
            (Remediate, Some("observe"), Observe),
            (Observe, Some("remediate"), Observe),
            (Page, Some("remediate"), Page),
        ] {
            assert_eq!(allowed(wanted, most).ok(), Some(expected), "{wanted:?} {most:?}");
        }
        for wrong in ["", "Remediate", "off", "inherit"] {
            assert!(matches!(allowed(Observe, Some(wrong)), Err(BootError::Mode(_))), "{wrong:?}");
        }
    }
}
