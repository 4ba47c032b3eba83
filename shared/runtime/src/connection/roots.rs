//! Whose certificates are trusted.
//!
//! Reading the machine's list costs more than all else of a function's start, and nearly every endpoint of AWS shows a certificate of
//! Amazon's own authorities. These are compiled in; the machine's list is read only when they don't vouch for a server.

use super::{ConnectionError, crypto};
use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Amazon Trust Services' roots: for who keeps a list of his own, it recommends all five.
///
/// Source: amazontrust.com/repository.
const AMAZON: [&[u8]; 5] = [
    include_bytes!("amazon/amazon-root-ca-1.der"),
    include_bytes!("amazon/amazon-root-ca-2.der"),
    include_bytes!("amazon/amazon-root-ca-3.der"),
    include_bytes!("amazon/amazon-root-ca-4.der"),
    include_bytes!("amazon/starfield-services-root-certificate-authority-g2.der"),
];

/// Whose certificates are trusted.
#[derive(Debug, Clone)]
pub enum Roots {
    /// Amazon's, and those that the machine trusts.
    Usual,
    /// Those of the file that `AWS_CA_BUNDLE` names, and no others.
    Bundle(Arc<RootCertStore>),
}

impl Roots {
    /// Those of the file that `AWS_CA_BUNDLE` names, if any.
    ///
    /// # Errors
    /// If the file can't be read, or isn't a list of certificates.
    pub fn of(bundle: Option<&Path>) -> Result<Self, ConnectionError> {
        Ok(match bundle {
            Some(path) => Self::Bundle(Arc::new(certificates(path)?)),
            None => Self::Usual,
        })
    }

    /// What judges a server's certificate.
    ///
    /// # Errors
    /// If there is nobody to trust.
    pub(super) fn verifier(&self) -> Result<Arc<dyn ServerCertVerifier>, Error> {
        Ok(match self {
            Self::Usual => Arc::new(Twice { first: by(amazon()?)?, then: OnceLock::new(), load: machine }),
            Self::Bundle(store) => by(Arc::clone(store))?,
        })
    }
}

fn amazon() -> Result<Arc<RootCertStore>, Error> {
    let mut store = RootCertStore::empty();
    for root in AMAZON {
        store.add(CertificateDer::from_slice(root))?;
    }
    Ok(Arc::new(store))
}

/// What of the machine's list can be read.
fn machine() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "some of the machine's root certificates can't be read");
    }
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        tracing::warn!("the machine has no list of root certificates");
    }
    store
}

/// A file of certificates: a fault in it must show at the start, and not when the first page is due.
fn certificates(path: &Path) -> Result<RootCertStore, ConnectionError> {
    let unreadable = |source| ConnectionError::Unreadable { path: path.to_owned(), source };
    let wrong = |why: String| ConnectionError::Bundle { path: path.to_owned(), why };
    let pem = std::fs::read(path).map_err(unreadable)?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        store.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if store.is_empty() { Err(wrong("there is none in it".to_owned())) } else { Ok(store) }
}

/// rustls's own judgement, by one list.
fn by(store: Arc<RootCertStore>) -> Result<Arc<WebPkiServerVerifier>, Error> {
    let verifier = WebPkiServerVerifier::builder_with_provider(store, provider());
    verifier.build().map_err(|error| Error::General(error.to_string()))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(crypto::provider())
}

/// Judges by one list, and where nobody on it vouches for a server by another, which is read then.
#[derive(Debug)]
struct Twice {
    first: Arc<WebPkiServerVerifier>,
    then: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
    load: fn() -> RootCertStore,
}

impl ServerCertVerifier for Twice {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self.first.verify_server_cert(certificate, intermediates, name, ocsp, now);
        // Of several ways to a root the error is of any: one certificate too many can hide that nobody vouches. Only a name is
        // looked at when somebody has.
        if matches!(
            judged,
            Ok(_) | Err(Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
        ) {
            return judged;
        }
        // An empty list makes no verifier, and nobody on it vouches either.
        match self.then.get_or_init(|| by(Arc::new((self.load)())).ok()) {
            Some(then) => then.verify_server_cert(certificate, intermediates, name, ocsp, now),
            None => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.first.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.first.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.first.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    use std::time::Duration;

    /// Let's Encrypt's ISRG Root X2, a small one.
    const ROOT: &str = include_str!("root.pem");

    #[test]
    fn amazons_roots_are_among_those_that_browsers_trust() {
        let store = amazon().unwrap();
        assert_eq!(store.len(), 5);
        for root in &store.roots {
            assert!(webpki_roots::TLS_SERVER_ROOTS.contains(root), "{root:?}");
        }
    }

    #[test]
    fn a_bundle_is_looked_through_at_the_start_and_replaces_all_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let bundle = |text: &str| {
            std::fs::write(&path, text).unwrap();
            match Roots::of(Some(&path)) {
                Ok(Roots::Bundle(store)) => Ok(store.len()),
                Ok(Roots::Usual) => Err("the bundle is passed over".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        };
        assert_eq!(bundle(ROOT), Ok(1));
        assert_eq!(bundle(&format!("a comment\n{ROOT}{ROOT}")), Ok(2));
        for (text, why) in [
            ("", "there is none in it"),
            ("a text", "there is none in it"),
            (ROOT.get(..300).unwrap(), "section end"),
            ("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", "base64"),
            ("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n", "BadEncoding"),
        ] {
            let error = bundle(text).unwrap_err();
            assert!(error.contains("roots.pem") && error.contains(why), "{error}");
        }
        let missing = Roots::of(Some(Path::new("/nowhere/roots.pem"))).unwrap_err();
        assert!(missing.to_string().contains("can't read the file `/nowhere/roots.pem`"), "{missing}");
    }

    /// An authority's own certificate, and one that it gave to `localhost`.
    fn authority(name: &str) -> (CertificateDer<'static>, CertificateDer<'static>) {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let own = parameters.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(parameters, key);
        let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let given = server.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().clone();
        (own, given)
    }

    #[test]
    fn the_second_list_is_read_where_nobody_on_the_first_vouches() {
        let ((ours, by_ours), (_, by_nobody)) = (authority("ours"), authority("nobody"));
        let first = || {
            let mut store = RootCertStore::empty();
            store.add(ours.clone()).unwrap();
            by(Arc::new(store)).unwrap()
        };
        let now = UnixTime::now();
        let late = UnixTime::since_unix_epoch(Duration::from_secs(99_999_999_999));
        for (certificate, name, time, loads, expected) in [
            (&by_ours, "localhost", now, false, None),
            (&by_nobody, "localhost", now, true, Some("UnknownIssuer")),
            (&by_ours, "elsewhere", now, false, Some("not valid for name")),
            (&by_ours, "localhost", late, true, Some("certificate expired")),
        ] {
            // An empty second list, so that what it would do is known.
            let twice = Twice { first: first(), then: OnceLock::new(), load: RootCertStore::empty };
            let name = ServerName::try_from(name).unwrap();
            let judged = twice.verify_server_cert(certificate, &[], &name, &[], time);
            assert_eq!(twice.then.get().is_some(), loads, "{name:?}");
            match expected {
                None => assert!(judged.is_ok(), "{judged:?}"),
                Some(why) => assert!(judged.unwrap_err().to_string().contains(why), "{why}"),
            }
        }
        // Who is on the second list vouches.
        let (theirs, by_theirs) = authority("theirs");
        let mut store = RootCertStore::empty();
        store.add(theirs).unwrap();
        let then = OnceLock::from(Some(by(Arc::new(store)).unwrap()));
        let twice = Twice { first: first(), then, load: RootCertStore::empty };
        let name = ServerName::try_from("localhost").unwrap();
        assert!(twice.verify_server_cert(&by_theirs, &[], &name, &[], now).is_ok());
        assert!(twice.verify_server_cert(&by_nobody, &[], &name, &[], now).is_err());
    }

    /// As web servers do for years after: the authority's certificate from another authority, long expired, is sent along.
    #[test]
    fn an_expired_certificate_too_many_hides_nobody_who_vouches() {
        let of = |name: &str| {
            let mut parameters = CertificateParams::default();
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            parameters.distinguished_name.push(DnType::CommonName, name);
            (parameters, KeyPair::generate().unwrap())
        };
        let ((parameters, key), (elder, elder_key)) = (of("theirs"), of("elder"));
        let own = parameters.self_signed(&key).unwrap().der().clone();
        let mut crossed = parameters.clone();
        crossed.not_before = rcgen::date_time_ymd(2015, 1, 1);
        crossed.not_after = rcgen::date_time_ymd(2021, 9, 30);
        let crossed = crossed.signed_by(&key, &Issuer::new(elder, elder_key)).unwrap().der().clone();
        let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let issuer = Issuer::new(parameters, key);
        let given = server.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().clone();
        let mut store = RootCertStore::empty();
        store.add(own).unwrap();
        let then = OnceLock::from(Some(by(Arc::new(store)).unwrap()));
        let twice = Twice { first: by(amazon().unwrap()).unwrap(), then, load: RootCertStore::empty };
        let name = ServerName::try_from("localhost").unwrap();
        for sent in [vec![], vec![crossed]] {
            assert!(twice.verify_server_cert(&given, &sent, &name, &[], UnixTime::now()).is_ok(), "{sent:?}");
        }
    }
}
