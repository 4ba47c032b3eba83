//! Carries calls: hyper's pool of HTTP/1.1 connections, over TLS by rustls, as a connector of the SDK.
//!
//! The SDK's own connector also brings HTTP/2, which the services that functions call don't need, proxies, which only a person's
//! machine has, and a parse of root certificates for every client; together a tenth of a function's package and most of its start.

#[cfg(feature = "laptop")]
use super::proxies::{self, Way};
use super::{Lazy, Plain, Timeouts, crypto};
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{CaptureConnection, HttpConnector as Tcp, capture_connection};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use std::error::Error as _;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// What opens a connection, below TLS.
#[cfg(not(feature = "laptop"))]
type Way = Tcp;

/// A pool of connections.
#[derive(Debug)]
pub(super) struct Carrier {
    client: Client<Bounded, SdkBody>,
    plain: Plain,
    /// How long an answer may take to begin.
    read: Duration,
}

impl Carrier {
    /// A carrier that trusts the roots, or reaches nothing over TLS if there are none.
    ///
    /// # Errors
    /// If rustls can't be set up.
    pub(super) fn new(lazy: &Lazy, timeouts: Timeouts) -> Result<Self, rustls::Error> {
        let plain = lazy.plain;
        let tls = ClientConfig::builder_with_provider(Arc::new(crypto::provider()))
            .with_safe_default_protocol_versions()?;
        let tls = match &lazy.roots {
            Some(roots) => tls.dangerous().with_custom_certificate_verifier(roots.verifier()?),
            // With nobody to trust nothing is reached over TLS.
            None => tls.with_root_certificates(RootCertStore::empty()),
        };
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let tls = tls.with_no_client_auth();
        #[cfg(feature = "laptop")]
        let tcp = Way::new(tcp, tls.clone(), lazy.proxies.clone());
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
        let builder = if plain == Plain::Never { builder.https_only() } else { builder.https_or_http() };
        let connector =
            Bounded { inner: builder.enable_http1().wrap_connector(tcp), within: timeouts.connect };
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Ok(Self { client, plain, read: timeouts.read })
    }
}

/// Bounds all of a connection's opening: the look-up of the name, TCP, and TLS.
#[derive(Debug, Clone)]
struct Bounded {
    inner: HttpsConnector<Way>,
    within: Duration,
}

type Opened = <HttpsConnector<Way> as tower_service::Service<http::Uri>>::Response;
type Refusal = Box<dyn std::error::Error + Send + Sync>;

impl tower_service::Service<http::Uri> for Bounded {
    type Response = Opened;
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Opened, Refusal>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, address: http::Uri) -> Self::Future {
        let opening = tokio::time::timeout(self.within, self.inner.call(address));
        let why = format!("the connection isn't open within {:?}", self.within);
        Box::pin(async move { opening.await.map_err(|_| why)? })
    }
}

impl HttpConnector for Carrier {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        if !self.plain.allows(request.uri()) {
            let why = format!("{} is asked over plain HTTP, which goes to this machine only", request.uri());
            return HttpConnectorFuture::ready(Err(ConnectorError::user(why.into())));
        }
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || handle_on(&connection));
        }
        let (answer, read) = (self.client.request(request), self.read);
        HttpConnectorFuture::new(async move {
            let answer = tokio::time::timeout(read, answer).await;
            let late = |_| ConnectorError::timeout(format!("no answer began within {read:?}").into());
            let answer = answer.map_err(late)?.map_err(told)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// What the SDK closes a connection by that has given trouble, so that the next attempt gets another.
fn handle_on(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(poison).build())
}

/// An error by what the SDK makes of it: whether another attempt may help.
fn told(error: Error) -> ConnectorError {
    #[cfg(feature = "laptop")]
    if proxies::wants_password(&error) {
        return ConnectorError::user(error.into());
    }
    if error.is_connect() {
        return ConnectorError::io(error.into());
    }
    let Some(http) = error.source().and_then(|source| source.downcast_ref::<hyper::Error>()) else {
        return ConnectorError::other(error.into(), None);
    };
    if http.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if http.is_user() {
        ConnectorError::user(error.into())
    } else if http.is_incomplete_message() {
        ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
    } else if http.is_closed()
        || http.is_canceled()
        || http.source().is_some_and(|it| it.is::<std::io::Error>())
    {
        ConnectorError::io(error.into())
    } else {
        ConnectorError::other(error.into(), None)
    }
}
