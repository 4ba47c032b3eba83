//! `--live`: the same events against a real account or an emulator, through the functions' own code.
//!
//! Reads what the Lambda would read. Writes only with `--apply`, and then only what the policy's mode
//! allows; without it the clients refuse every write. Sends no page.

use anyhow::Context as _;
use aws_config::{BehaviorVersion, Region as AwsRegion, SdkConfig};
use key_guard::KeyGuard;
use log_group_guard::LogGroupGuard;
use sealwatch_policy::change::Change;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::names::{AccountId, Region};
use sealwatch_policy::policy::{Mode, Policy};
use sealwatch_policy::receipt::{PageOutcome, Receipt};
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::clients::Clients;
use sealwatch_runtime::connection::{Connection, Roots, http_client};
use sealwatch_runtime::deadline::Deadline;
use sealwatch_runtime::function::{Guarding, judge};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::runtime::Runtime;
use trail_guard::TrailGuard;

/// Nothing a person waits for should take longer; a throttle is waited out within it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The account of the user's credentials, Region by Region.
pub struct Account<'a> {
    policy: &'a Policy,
    apply: bool,
    runtime: Runtime,
    /// Whose credentials they are; asked once.
    own: Option<AccountId>,
    places: BTreeMap<(Region, Guard), Boot>,
    log_groups: LogGroupGuard,
    trails: TrailGuard,
    keys: KeyGuard,
}

impl<'a> Account<'a> {
    pub fn new(policy: &'a Policy, apply: bool) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self {
            policy,
            apply,
            runtime,
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
            let booting = boot(guard, self.policy, self.apply, &place.0, &mut self.own);
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
    own: &mut Option<AccountId>,
) -> anyhow::Result<Boot> {
    let mode = if apply { policy.mode_of(guard) } else { Mode::Observe };
    let endpoint = std::env::var("AWS_ENDPOINT_URL").ok().filter(|endpoint| !endpoint.is_empty());
    let chain = aws_config::defaults(BehaviorVersion::latest())
        .region(AwsRegion::new(region.to_string()))
        .http_client(http_client(endpoint.as_deref())?)
        .load()
        .await;
    let credentials = chain.credentials_provider().context("no AWS credentials were found")?;
    let connection = Connection { region: region.clone(), credentials, endpoint, roots: Roots::Usual };
    let clients = Clients::new(&connection, mode)?;
    let account = match own {
        Some(account) => account.clone(),
        None => own.insert(whose(&chain).await?).clone(),
    };
    clients.belong_to(account);
    Ok(Boot { guard, policy: policy.clone(), mode, region: region.clone(), role: None, topic: None, clients })
}

/// The account that the credentials are of. The call needs no permission.
async fn whose(chain: &SdkConfig) -> anyhow::Result<AccountId> {
    let identity = aws_sdk_sts::Client::new(chain).get_caller_identity().send().await;
    let identity = identity.context("AWS doesn't tell whose credentials these are")?;
    AccountId::parse(identity.account().unwrap_or_default()).context("sts:GetCallerIdentity gives no account")
}
