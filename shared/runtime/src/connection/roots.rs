//! Whose certificates are trusted.
//!
//! Reading the machine's list costs more than all else of a function's start. AWS's own endpoints show certificates that
//! every browser trusts, so Mozilla's list of those is compiled in, ready made.

use super::ConnectionError;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sealwatch_policy::names::Region;
use std::path::Path;
use std::sync::Arc;

/// Whose certificates are trusted.
#[derive(Debug, Clone)]
pub enum Roots {
    /// The authorities that browsers trust, as of this build.
    Public,
    /// Those that the machine trusts.
    Machine,
    /// Those of the file that `AWS_CA_BUNDLE` names, and no others.
    Bundle(Arc<RootCertStore>),
}

impl Roots {
    /// The file that `AWS_CA_BUNDLE` names, if any; else the public ones for AWS's own endpoints, and the machine's for
    /// endpoints of somebody else and for the isolated partitions, which have their own authorities.
    ///
    /// # Errors
    /// If the file can't be read, or isn't a list of certificates.
    pub fn of(
        region: &Region,
        endpoint: Option<&str>,
        bundle: Option<&Path>,
    ) -> Result<Self, ConnectionError> {
        let isolated = region.partition().as_str().starts_with("aws-iso");
        Ok(match (bundle, endpoint) {
            (Some(path), _) => Self::Bundle(Arc::new(certificates(path)?)),
            (None, None) if !isolated => Self::Public,
            (None, _) => Self::Machine,
        })
    }

    /// The store to verify with.
    pub(super) fn store(&self) -> Arc<RootCertStore> {
        match self {
            Self::Public => Arc::new(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()),
            Self::Machine => Arc::new(of_machine()),
            Self::Bundle(store) => Arc::clone(store),
        }
    }
}

/// What of the machine's list can be read; a call that finds nobody to trust fails and says so.
fn of_machine() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "some of the machine's root certificates can't be read");
    }
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Let's Encrypt's ISRG Root X2, a small one.
    const ROOT: &str = include_str!("root.pem");

    #[test]
    fn the_public_ones_are_for_awss_own_endpoints() {
        for (region, endpoint, public) in [
            ("eu-central-1", None, true),
            ("us-gov-west-1", None, true),
            ("eusc-de-east-1", None, true),
            ("cn-north-1", None, true),
            ("us-iso-east-1", None, false),
            ("us-isob-east-1", None, false),
            ("eu-central-1", Some("https://logs.example.com"), false),
        ] {
            let roots = Roots::of(&Region::parse(region).unwrap(), endpoint, None).unwrap();
            assert_eq!(matches!(roots, Roots::Public), public, "{region} {endpoint:?}");
            assert_eq!(matches!(roots, Roots::Machine), !public, "{region} {endpoint:?}");
        }
    }

    #[test]
    fn amazons_authorities_are_among_the_public_ones() {
        let store = Roots::Public.store();
        for name in [
            "Amazon Root CA 1",
            "Amazon Root CA 2",
            "Amazon Root CA 3",
            "Amazon Root CA 4",
            "Starfield Services Root Certificate Authority - G2",
        ] {
            let named = |subject: &[u8]| subject.windows(name.len()).any(|part| part == name.as_bytes());
            assert!(store.roots.iter().any(|root| named(&root.subject)), "{name}");
        }
    }

    #[test]
    fn a_bundle_is_looked_through_at_the_start_and_replaces_all_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let region = Region::parse("eu-central-1").unwrap();
        let bundle = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Roots::of(&region, None, Some(&path)).map_err(|error| error.to_string())
        };
        assert_eq!(bundle(ROOT).unwrap().store().len(), 1);
        assert_eq!(bundle(&format!("a comment\n{ROOT}{ROOT}")).unwrap().store().len(), 2);
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
        let missing = Roots::of(&region, None, Some(Path::new("/nowhere/roots.pem"))).unwrap_err();
        assert!(missing.to_string().contains("can't read the file `/nowhere/roots.pem`"), "{missing}");
    }
}
