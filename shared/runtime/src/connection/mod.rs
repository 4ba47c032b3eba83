//! The connection to AWS: one pool for all clients, made at the first call.
//!
//! Plain HTTP goes to loopback only, which is where an emulator listens; every other endpoint is reached over TLS.

mod carrier;
mod crypto;
#[cfg(feature = "laptop")]
mod laptop;
#[cfg(feature = "laptop")]
mod proxies;
mod roots;

#[cfg(feature = "laptop")]
pub use laptop::{Laptop, LaptopError};
#[cfg(feature = "laptop")]
pub use proxies::{Proxies, ProxyError, wants_password};
pub use roots::Roots;

use crate::lock::lock;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
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
use std::sync::{Arc, Mutex};
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

/// The connections, a pool for each pair of time-outs: for the functions that is one.
#[derive(Debug, Clone)]
pub(crate) struct Pool(Arc<Lazy>);

#[derive(Debug)]
struct Lazy {
    /// `None`: plain HTTP.
    roots: Option<Roots>,
    plain: Plain,
    /// What stands between a person's machine and AWS.
    #[cfg(feature = "laptop")]
    proxies: Proxies,
    pools: Mutex<Vec<(Timeouts, SharedHttpConnector)>>,
}

/// To whom plain HTTP goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plain {
    /// Nobody.
    Never,
    /// This machine: loopback.
    Loopback,
    /// And those that give the machine its credentials.
    #[cfg_attr(not(feature = "laptop"), allow(dead_code, reason = "a function has its credentials"))]
    Credentials,
}

/// The addresses at which EC2, ECS and EKS give a machine its credentials, over plain HTTP.
///
/// Source: AWS SDKs and Tools reference guide, "IMDS credential provider" and "Container credential provider".
const CREDENTIALS: [&str; 5] =
    ["169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

impl Plain {
    /// Whether a call may be made: over TLS always.
    fn allows(self, address: &Uri) -> bool {
        let host = address.host().map(without_brackets).unwrap_or_default();
        address.scheme() == Some(&Scheme::HTTPS)
            || self != Self::Never && is_loopback(host)
            || self == Self::Credentials && CREDENTIALS.contains(&host)
    }
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// How long a call may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Timeouts {
    /// For a connection to open, from the look-up of the name to the end of the handshake.
    connect: Duration,
    /// For an answer to begin, from the call.
    read: Duration,
}

impl Pool {
    /// The pool for an endpoint; opens and reads nothing yet.
    ///
    /// # Errors
    /// If the endpoint is neither https nor http to loopback.
    pub(crate) fn new(endpoint: Option<&str>, roots: Roots) -> Result<Self, ConnectionError> {
        let plain = endpoint.map(is_plain).transpose()?.unwrap_or(false);
        let plain = if plain { Plain::Loopback } else { Plain::Never };
        Ok(Self::of((plain == Plain::Never).then_some(roots), plain))
    }

    fn of(roots: Option<Roots>, plain: Plain) -> Self {
        Self(Arc::new(Lazy {
            roots,
            plain,
            #[cfg(feature = "laptop")]
            proxies: Proxies::default(),
            pools: Mutex::default(),
        }))
    }

    /// What carries calls.
    pub(crate) fn connector(&self) -> SharedHttpConnector {
        self.within(Timeouts { connect: CONNECT, read: READ })
    }

    fn within(&self, timeouts: Timeouts) -> SharedHttpConnector {
        let mut pools = lock(&self.0.pools);
        if let Some((_, known)) = pools.iter().find(|(its, _)| *its == timeouts) {
            return known.clone();
        }
        let made = match Carrier::new(&self.0, timeouts) {
            Ok(carrier) => SharedHttpConnector::new(carrier),
            Err(error) => SharedHttpConnector::new(Broken(error)),
        };
        pools.push((timeouts, made.clone()));
        made
    }
}

impl HttpClient for Pool {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.within(Timeouts {
            connect: settings.connect_timeout().unwrap_or(CONNECT),
            read: settings.read_timeout().unwrap_or(READ),
        })
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

/// Whether an endpoint is plain HTTP, which only loopback may be.
///
/// The authority must be a host and at most a port: what stands before an `@` looks like a host and is none.
fn is_plain(endpoint: &str) -> Result<bool, ConnectionError> {
    // What stands before an `@` may be a password.
    let refused = || {
        let shown =
            endpoint.rsplit_once('@').map_or_else(|| endpoint.to_owned(), |(_, host)| format!("…@{host}"));
        ConnectionError::Endpoint(clean(&shown, 120))
    };
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
    let loopback = is_loopback(without_brackets(host));
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
    fn a_password_in_an_endpoint_is_not_shown() {
        for endpoint in ["https://user:secret@example.com", "http://user:sec@ret@127.0.0.1:1"] {
            let told = is_plain(endpoint).unwrap_err().to_string();
            assert!(!told.contains("sec") && !told.contains("ret@") && told.contains('@'), "{told}");
        }
    }

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
    fn who_has_the_same_time_outs_has_the_same_connections() {
        let pool = Pool::new(None, Roots::Usual).unwrap();
        assert!(pool.0.pools.lock().unwrap().is_empty(), "nothing is made before the first call");
        let _ = (pool.connector(), pool.clone().connector());
        assert_eq!(pool.0.pools.lock().unwrap().len(), 1);
        let _ = pool.within(Timeouts { connect: CONNECT, read: Duration::from_secs(30) });
        assert_eq!(pool.0.pools.lock().unwrap().len(), 2);
    }

    #[test]
    fn plain_http_goes_to_this_machine_and_to_who_gives_it_its_credentials() {
        let allows = |plain: Plain, address: &str| plain.allows(&address.parse().unwrap());
        for plain in [Plain::Never, Plain::Loopback, Plain::Credentials] {
            assert!(allows(plain, "https://logs.eu-central-1.amazonaws.com/"));
            assert!(!allows(plain, "http://logs.eu-central-1.amazonaws.com/"));
            assert!(!allows(plain, "http://127.0.0.1.example.com/"));
        }
        for address in ["http://127.0.0.1:5000/", "http://localhost/", "http://[::1]:5000/"] {
            let allowed =
                [Plain::Never, Plain::Loopback, Plain::Credentials].map(|plain| allows(plain, address));
            assert_eq!(allowed, [false, true, true], "{address}");
        }
        for address in ["http://169.254.169.254/latest/", "http://169.254.170.2/", "http://[fd00:ec2::254]/"]
        {
            let allowed =
                [Plain::Never, Plain::Loopback, Plain::Credentials].map(|plain| allows(plain, address));
            assert_eq!(allowed, [false, false, true], "{address}");
        }
    }
}
