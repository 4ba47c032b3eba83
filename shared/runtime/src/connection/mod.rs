//! The connection to AWS: one pool for all clients, made at the first call.
//!
//! Plain HTTP goes to loopback only, which is where an emulator listens; every other endpoint is reached over TLS.

mod carrier;
mod crypto;
mod roots;

pub use roots::Roots;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use carrier::Carrier;
use http::Uri;
use http::uri::Scheme;
use sealwatch_policy::names::Region;
use sealwatch_policy::untrusted::clean;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use thiserror::Error;

/// How long a connection may take to open.
pub(crate) const CONNECT: Duration = Duration::from_secs(2);
/// How long it may take, from the call, until an answer begins.
pub(crate) const READ: Duration = Duration::from_secs(4);

/// How AWS is reached.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The Region that is read and written.
    pub region: Region,
    /// Who calls.
    pub credentials: SharedCredentialsProvider,
    /// `AWS_ENDPOINT_URL`: another endpoint for all services.
    pub endpoint: Option<String>,
    /// Whose certificates an endpoint may show.
    pub roots: Roots,
}

/// Why AWS can't be reached as the environment says.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// Neither https nor http on loopback.
    #[error("`AWS_ENDPOINT_URL` is `{0}`: write an https address, or http to a loopback address")]
    Endpoint(String),
    /// The file of root certificates can't be read.
    #[error("can't read the file `{path}` that `AWS_CA_BUNDLE` names")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file of root certificates isn't one.
    #[error("the file `{path}` that `AWS_CA_BUNDLE` names holds no list of certificates in PEM: {why}")]
    Bundle {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// The one pool of connections, with the same time-outs for whoever calls.
#[derive(Debug, Clone)]
pub(crate) struct Pool(Arc<Lazy>);

#[derive(Debug)]
struct Lazy {
    /// `None`: plain HTTP.
    roots: Option<Roots>,
    connector: OnceLock<SharedHttpConnector>,
}

impl Pool {
    /// The pool for an endpoint; opens and reads nothing yet.
    ///
    /// # Errors
    /// If the endpoint is neither https nor http to loopback.
    pub(crate) fn new(endpoint: Option<&str>, roots: Roots) -> Result<Self, ConnectionError> {
        let plain = endpoint.map(is_plain).transpose()?.unwrap_or(false);
        Ok(Self(Arc::new(Lazy { roots: (!plain).then_some(roots), connector: OnceLock::new() })))
    }

    /// What carries calls.
    pub(crate) fn connector(&self) -> SharedHttpConnector {
        let make = || match Carrier::new(self.0.roots.as_ref()) {
            Ok(carrier) => SharedHttpConnector::new(carrier),
            Err(error) => SharedHttpConnector::new(Broken(error)),
        };
        self.0.connector.get_or_init(make).clone()
    }
}

impl HttpClient for Pool {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.connector()
    }
}

/// TLS that can't be set up: every call says so.
#[derive(Debug)]
struct Broken(rustls::Error);

impl HttpConnector for Broken {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Err(ConnectorError::other(self.0.clone().into(), None)))
    }
}

/// An HTTP client for others than [`crate::clients::Clients`].
///
/// # Errors
/// If the endpoint is neither https nor http to loopback.
pub fn http_client(endpoint: Option<&str>) -> Result<SharedHttpClient, ConnectionError> {
    Ok(SharedHttpClient::new(Pool::new(endpoint, Roots::Usual)?))
}

/// Whether an endpoint is plain HTTP, which only loopback may be.
///
/// The authority must be a host and at most a port: what stands before an `@` looks like a host and is none.
fn is_plain(endpoint: &str) -> Result<bool, ConnectionError> {
    let refused = || ConnectionError::Endpoint(clean(endpoint, 120));
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
    fn plain_http_goes_to_loopback_only() {
        for endpoint in
            ["http://127.0.0.1:5000", "http://localhost:5000/", "http://[::1]:5000", "http://127.9.9.9"]
        {
            assert!(is_plain(endpoint).unwrap(), "{endpoint}");
        }
        assert!(!is_plain("https://vpce-1.logs.eu-central-1.vpce.amazonaws.com").unwrap());
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

    #[test]
    fn one_connector_serves_all_and_is_made_when_first_asked_for() {
        let pool = Pool::new(None, Roots::Usual).unwrap();
        assert!(pool.0.connector.get().is_none());
        let _ = pool.clone().connector();
        assert!(pool.0.connector.get().is_some());
    }
}
