//! The proxy between a person's machine and AWS, as `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name it.
//!
//! Calls go through it as a tunnel (CONNECT), so that it sees the host's name only, unless its authority is trusted. Plain HTTP
//! never does: it goes to this machine, and to who gives it its credentials.

use super::{is_loopback, without_brackets};
use crate::trouble::causes;
use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::ClientConfig;
use std::error::Error as StdError;
use std::ffi::OsString;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use thiserror::Error;
use tower_service::Service;

/// Which proxy calls go through, if any.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Option<Arc<Named>>);

/// A proxy, and the variable that names it.
#[derive(Debug)]
struct Named {
    by: &'static str,
    matcher: Matcher,
}

/// What is wrong with a variable that names a proxy. Its value isn't shown: it may hold a password.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ProxyError {
    /// It is no address.
    #[error(
        "`{0}` holds no address of a proxy: write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, with special characters of user and password as %XX"
    )]
    Address(&'static str),
    /// It is an address of something that isn't spoken here, such as SOCKS.
    #[error(
        "`{0}` names a proxy by `{1}://`, and only http and https are known here: set HTTPS_PROXY to such a one, or to nothing to go without"
    )]
    Scheme(&'static str, String),
    /// It isn't UTF-8.
    #[error("`{0}` isn't UTF-8")]
    Encoding(&'static str),
}

/// The variables that name a proxy, the first that is set first. As for AWS's tools and curl, small letters win.
const NAMES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
/// The variables that name what is reached without one.
const EXCEPT: [&str; 2] = ["no_proxy", "NO_PROXY"];

impl Proxies {
    /// What the variables say. An empty one says that there is no proxy.
    ///
    /// # Errors
    /// If one holds no address of a proxy.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, ProxyError> {
        let text = |name| match variable(name).map(OsString::into_string) {
            Some(Ok(text)) => Ok(Some((name, text))),
            Some(Err(_)) => Err(ProxyError::Encoding(name)),
            None => Ok(None),
        };
        let first =
            |names: &[&'static str]| names.iter().find_map(|name| text(*name).transpose()).transpose();
        let Some((by, address)) = first(&NAMES)?.filter(|(_, address)| !address.trim().is_empty()) else {
            return Ok(Self(None));
        };
        let except = first(&EXCEPT)?.map(|(_, except)| except).unwrap_or_default();
        let address = address.trim();
        let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
        if except.trim() == "*" {
            return Ok(Self(None));
        }
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(ProxyError::Scheme(by, sealwatch_policy::untrusted::clean(scheme, 20)));
        }
        let matcher = Matcher::builder().https(format!("{scheme}://{rest}")).no(except).build();
        // It leaves out in silence what it doesn't understand, and the call would go past the proxy.
        let known = Matcher::builder().https(format!("{scheme}://{rest}")).build();
        let known = known.intercept(&Uri::from_static("https://amazonaws.com"));
        // A password with one of these in it ends the address too early, and its beginning looks like a port.
        let has_more = rest.strip_suffix('/').unwrap_or(rest).contains(['/', '?', '#']);
        if has_more || !known.is_some_and(|proxy| is_whole(proxy.uri())) {
            return Err(ProxyError::Address(by));
        }
        Ok(Self(Some(Arc::new(Named { by, matcher }))))
    }

    /// The proxy to `address`, and who names it. What runs on this machine is reached without.
    fn to(&self, address: &Uri) -> Option<(Intercept, &'static str)> {
        let named = self.0.as_ref()?;
        let host = address.host().map(without_brackets).unwrap_or_default();
        if address.scheme() != Some(&Scheme::HTTPS) || is_loopback(host) {
            return None;
        }
        Some((named.matcher.intercept(address)?, named.by))
    }
}

/// Whether an address is a host and at most a port.
fn is_whole(address: &Uri) -> bool {
    address.authority().is_some_and(|authority| {
        let host = authority.host();
        let whole = authority.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        !host.is_empty() && whole == authority.as_str()
    })
}

/// Opens connections, straight or through a proxy.
#[derive(Debug, Clone)]
pub(super) struct Way {
    tcp: Tcp,
    to_proxy: HttpsConnector<Tcp>,
    proxies: Proxies,
}

impl Way {
    pub(super) fn new(tcp: Tcp, tls: ClientConfig, proxies: Proxies) -> Self {
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        Self { to_proxy: builder.wrap_connector(tcp.clone()), tcp, proxies }
    }
}

type Refusal = Box<dyn StdError + Send + Sync>;
type Opened = MaybeHttpsStream<<Tcp as Service<Uri>>::Response>;

impl Service<Uri> for Way {
    type Response = Opened;
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Opened, Refusal>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let Some((proxy, by)) = self.proxies.to(&address) else {
            let opening = self.tcp.call(address);
            return Box::pin(async move { Ok(MaybeHttpsStream::Http(opening.await?)) });
        };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.to_proxy.clone());
        if let Some(password) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(password.clone());
        }
        let host = address.host().unwrap_or_default().to_owned();
        let opening = tunnel.call(address);
        Box::pin(async move {
            opening.await.map_err(|error| {
                let proxy = proxy.uri().to_string();
                Refusal::from(NoWay { proxy, by, host, source: error.into() })
            })
        })
    }
}

/// A proxy that doesn't open a way.
#[derive(Debug, Error)]
#[error("the proxy {proxy} that `{by}` names opens no way to {host}")]
struct NoWay {
    proxy: String,
    by: &'static str,
    host: String,
    source: Refusal,
}

/// Whether a proxy asks for user and password, or for others: no other attempt helps.
pub fn wants_password(error: &(dyn StdError + 'static)) -> bool {
    let cause = causes(error).find_map(|error| error.downcast_ref::<NoWay>()?.source());
    // The type of the tunnel's error isn't public.
    cause.is_some_and(|cause| cause.to_string().contains("proxy authorization required"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, ProxyError> {
        Proxies::of(|name| {
            variables.iter().find(|(set, _)| *set == name).map(|(_, value)| OsString::from(value))
        })
    }

    /// The proxy on the way, and its user and password as they are sent.
    fn way(variables: &[(&str, &str)], to: &str) -> Option<(String, Option<String>)> {
        let (proxy, _) = proxies(variables).unwrap().to(&to.parse().unwrap())?;
        let password = proxy.basic_auth().map(|password| password.to_str().unwrap().to_owned());
        Some((proxy.uri().to_string(), password))
    }

    const S3: &str = "https://b.s3.eu-central-1.amazonaws.com/x";

    #[test]
    fn the_variables_name_the_proxy_as_for_aws_tools() {
        for (variables, expected) in [
            (&[][..], None),
            (&[("HTTPS_PROXY", "http://proxy:3128")], Some("http://proxy:3128/")),
            (&[("HTTPS_PROXY", " proxy:3128/ ")], Some("http://proxy:3128/")),
            (&[("HTTPS_PROXY", "HTTPS://proxy")], Some("https://proxy/")),
            (&[("ALL_PROXY", "http://all:1")], Some("http://all:1/")),
            (&[("ALL_PROXY", "http://all:1"), ("HTTPS_PROXY", "http://one:1")], Some("http://one:1/")),
            (
                &[("https_proxy", "http://small:1"), ("HTTPS_PROXY", "http://large:1")],
                Some("http://small:1/"),
            ),
            (&[("https_proxy", ""), ("HTTPS_PROXY", "http://large:1")], None),
            (&[("HTTPS_PROXY", ""), ("ALL_PROXY", "http://all:1")], None),
            // That of plain HTTP isn't ours.
            (&[("HTTP_PROXY", "http://proxy:3128")], None),
        ] {
            let found = way(variables, S3).map(|(proxy, _)| proxy);
            assert_eq!(found.as_deref(), expected, "{variables:?}");
        }
        let with = [("HTTPS_PROXY", "http://me:p%40ss@proxy:3128")];
        // `me:p@ss` in Base64.
        let expected = ("http://proxy:3128/".to_owned(), Some("Basic bWU6cEBzcw==".to_owned()));
        assert_eq!(way(&with, S3), Some(expected));
    }

    #[test]
    fn what_is_near_or_excepted_is_reached_without() {
        for (except, to, through) in [
            ("", S3, true),
            ("", "https://localhost:5000/", false),
            ("", "https://127.0.0.1/", false),
            ("", "https://[::1]:5000/", false),
            ("", "http://169.254.169.254/latest", false),
            ("amazonaws.com", S3, false),
            (".amazonaws.com", S3, false),
            ("example.com, eu-central-1.AMAZONAWS.com", S3, false),
            ("s3.amazonaws.com", S3, true),
            ("amazonaws.co", S3, true),
            ("*", S3, false),
            ("10.0.0.0/8", "https://10.1.2.3/", false),
            ("10.0.0.0/8", "https://11.1.2.3/", true),
        ] {
            for name in EXCEPT {
                let found = way(&[("HTTPS_PROXY", "http://proxy:3128"), (name, except)], to);
                assert_eq!(found.is_some(), through, "{name}={except} {to}");
            }
        }
    }

    #[test]
    fn an_address_that_is_none_is_told_without_its_password() {
        for address in [
            "http://",
            "http://me:secret/@proxy:3128",
            "http://me:123/secret@proxy:3128",
            "http://me:123?secret@proxy:3128",
            "http://me:123#secret@proxy:3128/",
            "://proxy",
            "http://me:secret @proxy",
            "a b",
        ] {
            for name in NAMES {
                let error = proxies(&[(name, address)]).unwrap_err().to_string();
                assert!(
                    error.contains(&format!("`{name}`")) && !error.contains("secret"),
                    "{address}: {error}"
                );
            }
        }
        let socks = proxies(&[("ALL_PROXY", "socks5://me:secret@proxy:1080")]).unwrap_err();
        assert_eq!(socks, ProxyError::Scheme("ALL_PROXY", "socks5".to_owned()));
        assert!(socks.to_string().contains("set HTTPS_PROXY"));
        assert!(proxies(&[("ALL_PROXY", "socks5://proxy"), ("NO_PROXY", "*")]).unwrap().0.is_none());
    }
}
