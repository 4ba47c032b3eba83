//! The AWS clients: one connection pool, one shield, built when first needed.

use crate::connection::{CONNECT, Connection, ConnectionError, Pool, READ};
use crate::lock::lock;
use crate::shield::Shield;
use crate::tries::Notes;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use sealwatch_policy::names::{AccountId, Region};
use sealwatch_policy::policy::Mode;
use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// The clients that functions use.
#[derive(Debug)]
pub struct Clients {
    config: SdkConfig,
    shield: Shield,
    logs: OnceLock<aws_sdk_cloudwatchlogs::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    cloudtrail: OnceLock<aws_sdk_cloudtrail::Client>,
    /// KMS in other Regions than the function's.
    kms_elsewhere: Mutex<BTreeMap<Region, aws_sdk_kms::Client>>,
    account: OnceLock<AccountId>,
    /// How calls leave; none in tests that answer in AWS's place.
    pool: Option<Pool>,
}

impl Clients {
    /// Prepares clients that refuse every call the mode doesn't allow.
    ///
    /// # Errors
    /// If the endpoint is neither https nor http to loopback.
    pub fn new(connection: &Connection, mode: Mode) -> Result<Self, ConnectionError> {
        let pool = Pool::new(connection.endpoint.as_deref(), connection.roots.clone())?;
        let mut config = SdkConfig::builder().credentials_provider(connection.credentials.clone());
        if let Some(endpoint) = &connection.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Ok(Self::with(config, &connection.region, pool, mode))
    }

    /// The same on a person's machine: credentials and endpoints, also those of single services, are those of `found`.
    #[cfg(feature = "laptop")]
    #[must_use]
    pub fn of_laptop(
        laptop: &crate::connection::Laptop,
        found: &SdkConfig,
        region: &Region,
        mode: Mode,
    ) -> Self {
        Self::with(found.to_builder(), region, laptop.pool(), mode)
    }

    fn with(config: aws_types::sdk_config::Builder, region: &Region, pool: Pool, mode: Mode) -> Self {
        let config = config
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(aws_types::region::Region::new(region.to_string()))
            .http_client(pool.clone())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(retries())
            .timeout_config(timeouts());
        Self {
            config: config.build(),
            shield: Shield::new(mode),
            logs: OnceLock::new(),
            kms: OnceLock::new(),
            sns: OnceLock::new(),
            cloudtrail: OnceLock::new(),
            kms_elsewhere: Mutex::default(),
            account: OnceLock::new(),
            pool: Some(pool),
        }
    }

    /// These clients as they are, for tests that answer in AWS's place.
    #[must_use]
    pub fn of(
        logs: aws_sdk_cloudwatchlogs::Client,
        kms: aws_sdk_kms::Client,
        sns: aws_sdk_sns::Client,
        cloudtrail: aws_sdk_cloudtrail::Client,
    ) -> Self {
        Self {
            config: SdkConfig::builder().build(),
            shield: Shield::new(Mode::Observe),
            logs: OnceLock::from(logs),
            kms: OnceLock::from(kms),
            sns: OnceLock::from(sns),
            cloudtrail: OnceLock::from(cloudtrail),
            kms_elsewhere: Mutex::default(),
            account: OnceLock::new(),
            pool: None,
        }
    }

    /// The address that stands for all services, if it isn't AWS's own.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    /// Sends a HEAD request without credentials, for what AWS tells everybody. The shield doesn't see it, and
    /// needn't: it can do nothing but ask.
    ///
    /// # Errors
    /// If the request can't be made or isn't answered.
    pub async fn ask_unsigned(&self, url: &str) -> Result<HttpResponse, ConnectorError> {
        let pool = self.pool.as_ref().ok_or_else(|| ConnectorError::user("no connection".into()))?;
        let mut request = HttpRequest::get(url).map_err(|error| ConnectorError::user(error.into()))?;
        request.set_method("HEAD").map_err(|error| ConnectorError::user(error.into()))?;
        pool.connector().call(request).await
    }

    /// The account that these clients call in, once it is known.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        self.account.get()
    }

    /// Tells whose account it is. The first answer stands: credentials don't change their account.
    pub fn belong_to(&self, account: AccountId) {
        let _ = self.account.set(account);
    }

    /// CloudWatch Logs.
    pub fn logs(&self) -> &aws_sdk_cloudwatchlogs::Client {
        self.logs.get_or_init(|| {
            let config = aws_sdk_cloudwatchlogs::config::Builder::from(&self.config)
                .interceptor(self.shield)
                .interceptor(Notes);
            aws_sdk_cloudwatchlogs::Client::from_conf(config.build())
        })
    }

    /// KMS in the function's Region.
    pub fn kms(&self) -> &aws_sdk_kms::Client {
        self.kms.get_or_init(|| self.new_kms(&self.config))
    }

    /// KMS in `region`: a handle on the ordinary client, or on one that differs from it by the Region alone.
    pub fn kms_in(&self, region: &Region) -> aws_sdk_kms::Client {
        let own = self.config.region();
        if own.is_none_or(|own| own.as_ref() == region.as_str()) {
            return self.kms().clone();
        }
        let mut elsewhere = lock(&self.kms_elsewhere);
        let client = elsewhere.entry(region.clone()).or_insert_with(|| {
            let there = aws_types::region::Region::new(region.to_string());
            self.new_kms(&self.config.clone().into_builder().region(there).build())
        });
        client.clone()
    }

    fn new_kms(&self, config: &SdkConfig) -> aws_sdk_kms::Client {
        let config = aws_sdk_kms::config::Builder::from(config).interceptor(self.shield).interceptor(Notes);
        aws_sdk_kms::Client::from_conf(config.build())
    }

    /// CloudTrail.
    pub fn cloudtrail(&self) -> &aws_sdk_cloudtrail::Client {
        self.cloudtrail.get_or_init(|| {
            let config = aws_sdk_cloudtrail::config::Builder::from(&self.config)
                .interceptor(self.shield)
                .interceptor(Notes);
            aws_sdk_cloudtrail::Client::from_conf(config.build())
        })
    }

    /// SNS.
    pub fn sns(&self) -> &aws_sdk_sns::Client {
        self.sns.get_or_init(|| {
            let config =
                aws_sdk_sns::config::Builder::from(&self.config).interceptor(self.shield).interceptor(Notes);
            aws_sdk_sns::Client::from_conf(config.build())
        })
    }
}

/// Many short tries: AssociateKmsKey has a fixed quota of five a second, and a burst of new log groups
/// passes within seconds. The invocation's deadline bounds them all.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(12)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_secs(3))
}

/// Each attempt is bounded besides what [`crate::connection`] bounds.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .operation_attempt_timeout(Duration::from_secs(5))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Roots;
    use aws_credential_types::provider::SharedCredentialsProvider;

    #[test]
    fn a_key_is_asked_for_in_its_own_region() {
        let connection = Connection {
            region: Region::parse("eu-central-1").unwrap(),
            credentials: SharedCredentialsProvider::new(aws_credential_types::Credentials::new(
                "a", "b", None, None, "test",
            )),
            endpoint: None,
            roots: Roots::Usual,
        };
        let clients = Clients::new(&connection, Mode::Observe).unwrap();
        for region in ["eu-central-1", "eu-west-1", "us-east-1", "eu-west-1"] {
            let kms = clients.kms_in(&Region::parse(region).unwrap());
            assert_eq!(kms.config().region().map(ToString::to_string).as_deref(), Some(region));
        }
    }
}
