//! The connection of a person's machine: through the proxy, and with the trust, that its environment names.

use super::{ConnectionError, Lazy, Plain, Pool, Proxies, ProxyError, Roots, is_plain};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use thiserror::Error;

/// The connections of a person's machine. Its credentials may come over plain HTTP from where it runs.
#[derive(Debug, Clone)]
pub struct Laptop(Pool);

/// Why AWS can't be reached as the machine says. `by` is the variable or setting that says it.
#[derive(Debug, Error)]
pub enum LaptopError {
    /// Neither https nor http on loopback.
    #[error("{by} is `{endpoint}`: write an https address, or http to a loopback address")]
    Endpoint {
        /// Who says so.
        by: String,
        /// What it says.
        endpoint: String,
    },
    /// The file of root certificates can't be read.
    #[error("can't read the file `{path}` that {by} names")]
    Unreadable {
        /// Who says so.
        by: String,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file of root certificates isn't one.
    #[error("the file `{path}` that {by} names holds no list of certificates in PEM: {why}")]
    Bundle {
        /// Who says so.
        by: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The address of a proxy is none.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
}

impl Laptop {
    /// Through these proxies, trusting only the certificates in `bundle`'s file; by default the usual ones.
    ///
    /// # Errors
    /// If the file can't be read, or isn't a list of certificates.
    pub fn new(bundle: Option<(String, &Path)>, proxies: Proxies) -> Result<Self, LaptopError> {
        let roots = match bundle {
            Some((by, path)) => Roots::of(Some(path)).map_err(|error| LaptopError::of(error, by))?,
            None => Roots::Usual,
        };
        let (plain, pools) = (Plain::Credentials, Mutex::default());
        Ok(Self(Pool(Arc::new(Lazy { roots: Some(roots), plain, proxies, pools }))))
    }

    /// What the SDK calls through.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.0.clone())
    }

    pub(crate) fn pool(&self) -> Pool {
        self.0.clone()
    }

    /// Says so if an endpoint is none that credentials may be sent to.
    ///
    /// # Errors
    /// If it is neither https nor http to loopback.
    pub fn check_endpoint(by: impl Into<String>, endpoint: &str) -> Result<(), LaptopError> {
        is_plain(endpoint).map(|_| ()).map_err(|error| LaptopError::of(error, by.into()))
    }
}

impl LaptopError {
    fn of(error: ConnectionError, by: String) -> Self {
        match error {
            ConnectionError::Endpoint(endpoint) => Self::Endpoint { by, endpoint },
            ConnectionError::Unreadable { path, source } => Self::Unreadable { by, path, source },
            ConnectionError::Bundle { path, why } => Self::Bundle { by, path, why },
        }
    }
}
