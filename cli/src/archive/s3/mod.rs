//! Reads an archive where CloudTrail delivered it, with the credentials of whoever runs the command.
//!
//! Lists and gets, and never writes: `s3:ListBucket` and `s3:GetObject` are all that is called. A redirect to the bucket's Region
//! is followed.

mod list;
mod object;
mod told;
mod url;

pub use list::Listing;
pub use object::{Cut, Object, TRIES};
pub use url::Url;

use crate::aws::{self, Found};
use anyhow::Context as _;
use aws_config::{Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use std::time::Duration;
use tokio::runtime::{Handle, Runtime};

/// As many requests are under way at a time: they mostly wait.
pub const REQUESTS: usize = 16;

/// How S3 is reached.
pub struct Connection {
    /// Drives what is waited for from other threads.
    runtime: Runtime,
    chain: SdkConfig,
    /// What stands for S3 instead of AWS's own endpoint.
    endpoint: Option<String>,
}

impl Connection {
    /// Looks for credentials, Region and endpoint where AWS's tools look for them.
    ///
    /// # Errors
    /// If one of them is wrong, or the endpoint is neither https nor http to loopback.
    pub fn new() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.context("can't prepare for calls to AWS")?;
        let retries = RetryConfig::standard()
            .with_max_attempts(8)
            .with_initial_backoff(Duration::from_millis(200))
            .with_max_backoff(Duration::from_secs(5));
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(30))
            .build();
        let found = aws::find(|loader| loader.retry_config(retries).timeout_config(timeouts));
        let Found { chain, .. } = runtime.block_on(found)?;
        let endpoint = aws::endpoint_of(&chain, "S3")?;
        Ok(Self { runtime, chain, endpoint })
    }

    /// A client for a Region; by default for the one that is set, and without one for that which knows all buckets.
    fn client(&self, region: Option<&str>) -> Client {
        let set = self.chain.region().map(ToString::to_string);
        let region = region.map(str::to_owned).or(set).unwrap_or_else(|| "us-east-1".to_owned());
        let mut config = aws_sdk_s3::config::Builder::from(&self.chain).region(Region::new(region));
        config.set_endpoint_url(self.endpoint.clone());
        // Not every endpoint has a name for each bucket.
        config.set_force_path_style(self.endpoint.is_some().then_some(true));
        Client::from_conf(config.build())
    }

    fn handle(&self) -> Handle {
        self.runtime.handle().clone()
    }
}
