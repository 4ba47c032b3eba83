//! The AWS clients: one connection pool, one shield, built when first needed.
//!
//! Plain HTTP goes to loopback only, which is where an emulator listens; every other endpoint is reached
//! over TLS.

use crate::shield::Shield;
use crate::tries::Notes;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpConnector as _, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use http::Uri;
use http::uri::Scheme;
use sealwatch_policy::names::{AccountId, Region};
use sealwatch_policy::policy::Mode;
use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;
use thiserror::Error;

/// How AWS is reached.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The Region that is read and written.
    pub region: Region,
    /// Who calls.
    pub credentials: SharedCredentialsProvider,
    /// `AWS_ENDPOINT_URL`: another endpoint for all services.
    pub endpoint: Option<String>,
}

/// Why clients can't be built.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ClientError {
    /// Neither https nor http on loopback.
    #[error("`AWS_ENDPOINT_URL` is `{0}`: write an https address, or http to a loopback address")]
    Endpoint(String),
}

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
    /// How calls leave that no SDK client makes; none in tests that answer in AWS's place.
    connector: Option<SharedHttpConnector>,
}

impl Clients {
    /// Prepares clients that refuse every call the mode doesn't allow.
    ///
    /// # Errors
    /// If the endpoint is neither https nor http to loopback.
    pub fn new(connection: &Connection, mode: Mode) -> Result<Self, ClientError> {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(aws_types::region::Region::new(connection.region.to_string()))
            .credentials_provider(connection.credentials.clone())
            .http_client(http_client(connection.endpoint.as_deref())?)
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(retries())
            .timeout_config(timeouts());
        if let Some(endpoint) = &connection.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Ok(Self {
            config: config.build(),
            shield: Shield::new(mode),
            logs: OnceLock::new(),
            kms: OnceLock::new(),
            sns: OnceLock::new(),
            cloudtrail: OnceLock::new(),
            kms_elsewhere: Mutex::default(),
            account: OnceLock::new(),
            connector: Some(connector(connection.endpoint.as_deref())?),
        })
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
            connector: None,
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
        let connector =
            self.connector.as_ref().ok_or_else(|| ConnectorError::user("no connection".into()))?;
        let mut request = HttpRequest::get(url).map_err(|error| ConnectorError::user(error.into()))?;
        request.set_method("HEAD").map_err(|error| ConnectorError::user(error.into()))?;
        connector.call(request).await
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
        let mut elsewhere = self.kms_elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
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

/// The HTTP client for an endpoint: over TLS, or in plain to loopback.
///
/// # Errors
/// If the endpoint is neither https nor http to loopback.
pub fn http_client(endpoint: Option<&str>) -> Result<SharedHttpClient, ClientError> {
    Ok(match endpoint.map(is_plain).transpose()? {
        Some(true) => Builder::new().build_http(),
        Some(false) | None => Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https(),
    })
}

fn connector(endpoint: Option<&str>) -> Result<SharedHttpConnector, ClientError> {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(Duration::from_secs(2))
        .read_timeout(Duration::from_secs(4))
        .build();
    let builder = Connector::builder().connector_settings(settings).sleep_impl(TokioSleep::new());
    Ok(match endpoint.map(is_plain).transpose()? {
        Some(true) => SharedHttpConnector::new(builder.build_http()),
        Some(false) | None => {
            SharedHttpConnector::new(builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build())
        }
    })
}

/// Many short tries: AssociateKmsKey has a fixed quota of five a second, and a burst of new log groups
/// passes within seconds. The invocation's deadline bounds them all.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(12)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_secs(3))
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .read_timeout(Duration::from_secs(4))
        .operation_attempt_timeout(Duration::from_secs(5))
        .build()
}

/// Whether an endpoint is plain HTTP, which only loopback may be.
///
/// The authority must be a host and at most a port: what stands before an `@` looks like a host and is none.
fn is_plain(endpoint: &str) -> Result<bool, ClientError> {
    let refused = || ClientError::Endpoint(sealwatch_policy::untrusted::clean(endpoint, 120));
    let address: Uri = endpoint.parse().map_err(|_| refused())?;
    let (scheme, authority) = address.scheme().zip(address.authority()).ok_or_else(refused)?;
    let host = authority.host();
    let whole = match authority.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    if whole != authority.as_str() || host.is_empty() {
        return Err(refused());
    }
    let number = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let loopback = host.eq_ignore_ascii_case("localhost")
        || number.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match loopback {
        _ if *scheme == Scheme::HTTPS => Ok(false),
        true if *scheme == Scheme::HTTP => Ok(true),
        true | false => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_asked_for_in_its_own_region() {
        let connection = Connection {
            region: Region::parse("eu-central-1").unwrap(),
            credentials: SharedCredentialsProvider::new(aws_credential_types::Credentials::new(
                "a", "b", None, None, "test",
            )),
            endpoint: None,
        };
        let clients = Clients::new(&connection, Mode::Observe).unwrap();
        for region in ["eu-central-1", "eu-west-1", "us-east-1", "eu-west-1"] {
            let kms = clients.kms_in(&Region::parse(region).unwrap());
            assert_eq!(kms.config().region().map(ToString::to_string).as_deref(), Some(region));
        }
    }

    #[test]
    fn plain_http_goes_to_loopback_only() {
        for endpoint in
            ["http://127.0.0.1:5000", "http://localhost:5000/", "http://[::1]:5000", "http://127.9.9.9"]
        {
            assert_eq!(is_plain(endpoint), Ok(true), "{endpoint}");
        }
        assert_eq!(is_plain("https://vpce-1.logs.eu-central-1.vpce.amazonaws.com"), Ok(false));
        for endpoint in [
            "http://169.254.169.254/",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@example.com",
            "http://localhost:1@example.com",
            "http://localhost:1@example.com:5000/",
            "http://[::1]@example.com",
            "http://[::1]x@example.com",
            "http://[::1].example.com",
            "http://[::1",
            "http://127.0.0.1\\@example.com",
            "http://example.com?@localhost",
            "https://logs.amazonaws.com@example.com",
            "https://",
            "http://example.com#127.0.0.1",
            "ftp://127.0.0.1",
            "127.0.0.1:5000",
            "http://",
        ] {
            assert!(is_plain(endpoint).is_err(), "{endpoint}");
        }
    }
}
