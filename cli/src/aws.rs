//! How AWS is reached: with the credentials, Region, endpoints, root certificates and proxy that AWS's own tools find.
//!
//! Whatever is wrong with one of these is told with the variable or setting that holds it, before anything is sent.

pub mod told;

use anyhow::Context as _;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_runtime::env_config::file::EnvConfigFiles as ProfileFiles;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::ServiceConfigKey;
use sealwatch_runtime::connection::{Laptop, Proxies};
use std::path::PathBuf;

/// What was found.
pub struct Found {
    pub chain: SdkConfig,
    /// What the chain's own calls go through, and all others.
    pub laptop: Laptop,
}

/// Looks for everything where AWS's tools look for it; `more` is what else a caller sets.
///
/// # Errors
/// If proxy, root certificates or configuration files are wrong.
pub async fn find(more: impl FnOnce(ConfigLoader) -> ConfigLoader) -> anyhow::Result<Found> {
    let bundle = bundle().await?;
    let bundle = bundle.as_ref().map(|(by, path)| (by.clone(), path.as_path()));
    let laptop = Laptop::new(bundle, Proxies::of(|name| std::env::var_os(name))?)?;
    let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(laptop.http_client());
    Ok(Found { chain: more(loader).load().await, laptop })
}

/// The file of root certificates, and what names it; in the order of the AWS CLI.
async fn bundle() -> anyhow::Result<Option<(String, PathBuf)>> {
    let variable = |name: &str| {
        let path = std::env::var_os(name).filter(|path| !path.is_empty())?;
        Some((format!("`{name}`"), PathBuf::from(path)))
    };
    if let Some(found) = variable("AWS_CA_BUNDLE") {
        return Ok(Some(found));
    }
    let files = aws_config::profile::load(&Fs::real(), &Env::real(), &ProfileFiles::default(), None).await;
    let files = files.context("can't read the configuration files of AWS's tools")?;
    let by = || format!("`ca_bundle` of the profile `{}`", files.selected_profile());
    let found = files.get("ca_bundle").filter(|path| !path.is_empty()).map(|path| (by(), path.into()));
    Ok(found.or_else(|| variable("REQUESTS_CA_BUNDLE")))
}

/// The endpoint that is set for a service, found as its client finds it.
///
/// # Errors
/// If it is neither https nor http to loopback.
pub fn endpoint_of(chain: &SdkConfig, service: &str) -> anyhow::Result<Option<String>> {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()?;
    let own = chain.service_config().and_then(|config| config.load_config(key));
    let endpoint = own.or_else(|| chain.endpoint_url().map(str::to_owned));
    let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.is_empty()) else { return Ok(None) };
    let own = format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase().replace(' ', "_"));
    let holds = |name: &&str| std::env::var(name).is_ok_and(|value| value == endpoint);
    let by = match [own.as_str(), "AWS_ENDPOINT_URL"].into_iter().find(holds) {
        Some(name) => format!("`{name}`"),
        None => format!("`endpoint_url` of the profile, for {service},"),
    };
    Laptop::check_endpoint(by, &endpoint)?;
    Ok(Some(endpoint))
}
