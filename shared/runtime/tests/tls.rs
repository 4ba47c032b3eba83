//! TLS, seen from outside: servers with certificates of every kind, and whether a call is made to them.

#![expect(clippy::unwrap_used, reason = "what goes wrong in the server fails the test")]

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SignatureAlgorithm,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion, version};
use sealwatch_policy::names::Region;
use sealwatch_policy::policy::Mode;
use sealwatch_runtime::clients::Clients;
use sealwatch_runtime::connection::{Connection, Roots};
use sealwatch_runtime::trouble::chain;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

/// A certificate authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str, algorithm: &'static SignatureAlgorithm) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate_for(algorithm).unwrap();
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(parameters, key), pem }
    }

    /// Starts a server that answers each request with an empty success; gives its port.
    fn serve(&self, certificate: CertificateParams, versions: &[&'static SupportedProtocolVersion]) -> u16 {
        let key = KeyPair::generate().unwrap();
        let certificate = certificate.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream.unwrap());
                // A client that doesn't trust the server breaks off.
                if stream.read(&mut [0; 4096]).is_ok_and(|got| got > 0) {
                    let _ = stream
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                }
            }
        });
        port
    }
}

fn of_localhost() -> CertificateParams {
    CertificateParams::new(vec!["localhost".to_owned()]).unwrap()
}

/// What a call to the server came to: nothing, or all that went wrong.
async fn called(port: u16, trusted: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("roots.pem");
    std::fs::write(&bundle, trusted).unwrap();
    let endpoint = format!("https://localhost:{port}");
    let region = Region::parse("eu-central-1").unwrap();
    let roots = Roots::of(Some(&bundle)).unwrap();
    let credentials =
        SharedCredentialsProvider::new(Credentials::new("testing", "testing", None, None, "test"));
    let connection = Connection { region, credentials, endpoint: Some(endpoint.clone()), roots };
    let clients = Clients::new(&connection, Mode::Observe).unwrap();
    let answer = clients.ask_unsigned(&endpoint).await.map_err(|error| chain(&error))?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("{:?}", answer.status())) }
}

#[tokio::test]
async fn a_server_that_a_trusted_authority_vouches_for_is_called() {
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384] {
        let authority = Authority::new("ours", algorithm);
        for versions in [&[&version::TLS13][..], &[&version::TLS12], &[&version::TLS12, &version::TLS13]] {
            let port = authority.serve(of_localhost(), versions);
            assert_eq!(called(port, &authority.pem).await, Ok(()), "{algorithm:?} {versions:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_none_vouches_for_is_not_called() {
    let [authority, other, pretender] =
        ["ours", "another", "ours"].map(|name| Authority::new(name, &rcgen::PKCS_ECDSA_P256_SHA256));
    let mut past = of_localhost();
    past.not_before = rcgen::date_time_ymd(2020, 1, 1);
    past.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let mut future = of_localhost();
    future.not_before = rcgen::date_time_ymd(2999, 1, 1);
    future.not_after = rcgen::date_time_ymd(3000, 1, 1);
    let elsewhere = CertificateParams::new(vec!["kms.eu-central-1.amazonaws.com".to_owned()]).unwrap();
    for (certificate, trusted, why) in [
        (of_localhost(), &other.pem, "UnknownIssuer"),
        (of_localhost(), &pretender.pem, "BadSignature"),
        (past, &authority.pem, "certificate expired"),
        (future, &authority.pem, "not valid yet"),
        (elsewhere, &authority.pem, "not valid for name"),
    ] {
        let port = authority.serve(certificate, &[&version::TLS13]);
        let error = called(port, trusted).await.unwrap_err();
        assert!(error.contains(why), "{why}: {error}");
    }
}
