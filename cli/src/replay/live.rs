//! `--live`: the same events against a real account or an emulator, through the functions' own code.
//!
//! Reads what the Lambda would read. Writes only with `--apply`, and then only what the policy's mode
//! allows; without it the clients refuse every write. Sends no page.

use crate::aws::{self, Found, told};
use anyhow::{Context as _, anyhow};
use aws_config::{Region as AwsRegion, SdkConfig};
use aws_sdk_sts::error::ProvideErrorMetadata as _;
use key_guard::KeyGuard;
use log_group_guard::LogGroupGuard;
use sealwatch_policy::change::Change;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::names::{AccountId, Region};
use sealwatch_policy::policy::{Mode, Policy};
use sealwatch_policy::receipt::{PageOutcome, Receipt};
use sealwatch_policy::untrusted::clean;
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::clients::Clients;
use sealwatch_runtime::deadline::Deadline;
use sealwatch_runtime::function::{Guarding, judge};
use sealwatch_runtime::trouble::chain;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::runtime::Runtime;
use trail_guard::TrailGuard;

/// Nothing a person waits for should take longer; a throttle is waited out within it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a guard asks, and who tells whose credentials these are, by the ids that endpoints are set for.
const SERVICES: [&str; 4] = ["CloudWatch Logs", "CloudTrail", "KMS", "STS"];

/// The account of the user's credentials, Region by Region.
pub struct Account<'a> {
    policy: &'a Policy,
    apply: bool,
    runtime: Runtime,
    found: Found,
    /// Whose credentials they are; asked once.
    own: Option<AccountId>,
    places: BTreeMap<(Region, Guard), Boot>,
    log_groups: LogGroupGuard,
    trails: TrailGuard,
    keys: KeyGuard,
}

impl<'a> Account<'a> {
    /// Finds what AWS is reached with; asks nothing yet.
    ///
    /// # Errors
    /// If something of it is wrong.
    pub fn new(policy: &'a Policy, apply: bool) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("can't prepare for calls to AWS")?;
        let found = runtime.block_on(aws::find(|loader| loader))?;
        for service in SERVICES {
            aws::endpoint_of(&found.chain, service)?;
        }
        Ok(Self {
            policy,
            apply,
            runtime,
            found,
            own: None,
            places: BTreeMap::new(),
            log_groups: LogGroupGuard::default(),
            trails: TrailGuard::default(),
            keys: KeyGuard::default(),
        })
    }

    /// Lets the guard look at the account and judge; `None` if no guard handles the change.
    pub fn judge(&mut self, change: &Change) -> anyhow::Result<Option<Receipt>> {
        let Some(guard) = Guard::of(change) else {
            return Ok(None);
        };
        let place = (change.place.region.clone(), guard);
        if !self.places.contains_key(&place) {
            let booting = boot(guard, self.policy, self.apply, &place.0, &self.found, &mut self.own);
            let boot = self.runtime.block_on(booting)?;
            self.places.insert(place.clone(), boot);
        }
        let boot = self.places.get(&place).context("the Region was just made ready")?;
        Ok(match guard {
            Guard::LogGroup => Some(self.runtime.block_on(receipt(&self.log_groups, boot, change))),
            Guard::Trail => Some(self.runtime.block_on(receipt(&self.trails, boot, change))),
            Guard::Key => Some(self.runtime.block_on(receipt(&self.keys, boot, change))),
        })
    }
}

async fn receipt(guard: &impl Guarding, boot: &Boot, change: &Change) -> Receipt {
    let judged = judge(guard, boot, change, &Deadline::within(PATIENCE)).await;
    let report = judged.report(boot, change);
    let page = report.page();
    let sent = PageOutcome::Withheld("the command line sends no pages".to_owned());
    report.receipt(page.map(|page| (page, sent)))
}

async fn boot(
    guard: Guard,
    policy: &Policy,
    apply: bool,
    region: &Region,
    found: &Found,
    own: &mut Option<AccountId>,
) -> anyhow::Result<Boot> {
    let mode = if apply { policy.mode_of(guard) } else { Mode::Observe };
    let Found { chain, laptop } = found;
    let clients = Clients::of_laptop(laptop, chain, region, mode);
    let account = match own {
        Some(account) => account.clone(),
        None => own.insert(whose(chain, region).await?).clone(),
    };
    clients.belong_to(account);
    Ok(Boot { guard, policy: policy.clone(), mode, region: region.clone(), role: None, topic: None, clients })
}

/// What is wrong on one line, and what to do about it on another.
fn with_remedy(what: &str, remedy: Option<&str>) -> String {
    let remedy = remedy.map(|remedy| format!("\nsealwatch: {remedy}")).unwrap_or_default();
    format!("{}{remedy}", clean(what, 1_000))
}

/// The account that the credentials are of. The call needs no permission.
async fn whose(found: &SdkConfig, region: &Region) -> anyhow::Result<AccountId> {
    let there = found.to_builder().region(AwsRegion::new(region.to_string())).build();
    let identity = aws_sdk_sts::Client::new(&there).get_caller_identity().send().await;
    let identity = identity.map_err(|error| match told::told(&error) {
        Some(told) => anyhow!(with_remedy(&told.what, told.remedy)),
        None => {
            let why = match (error.code(), error.message()) {
                (Some(code), Some(message)) => format!("{code}: {message}"),
                (Some(_) | None, _) => chain(&error),
            };
            let what = format!("AWS doesn't tell whose credentials these are: {why}");
            anyhow!(with_remedy(&what, error.code().and_then(told::remedy)))
        }
    })?;
    AccountId::parse(identity.account().unwrap_or_default()).context("sts:GetCallerIdentity gives no account")
}
