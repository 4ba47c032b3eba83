//! The part of ring's cryptography that a client of AWS needs, so that the rest isn't linked: AES-GCM, key exchange on X25519 and
//! P-256, and every signature that the web's authorities make.
//!
//! Left out are ChaCha20-Poly1305, which is for processors without AES, key exchange on P-384, Ed25519, with which no authority
//! signs, and keys of our own, since calls are signed and not the connection.

use rustls::SignatureScheme as Scheme;
use rustls::crypto::ring::{cipher_suite as suite, kx_group};
use rustls::crypto::{CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, WebPkiSupportedAlgorithms};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use std::sync::Arc;
use webpki::ring as signed;

/// What rustls makes its connections with.
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            suite::TLS13_AES_128_GCM_SHA256,
            suite::TLS13_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        ],
        kx_groups: vec![kx_group::X25519, kx_group::SECP256R1],
        signature_verification_algorithms: SIGNATURES,
        secure_random: &System,
        key_provider: &NoKeys,
    }
}

/// In TLS 1.2 a scheme doesn't fix the curve; in 1.3 the first of each stands for it.
static SIGNATURES: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        signed::ECDSA_P256_SHA256,
        signed::ECDSA_P256_SHA384,
        signed::ECDSA_P384_SHA256,
        signed::ECDSA_P384_SHA384,
        signed::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        signed::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        signed::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        signed::RSA_PKCS1_2048_8192_SHA256,
        signed::RSA_PKCS1_2048_8192_SHA384,
        signed::RSA_PKCS1_2048_8192_SHA512,
        signed::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
        signed::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
        signed::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    ],
    mapping: &[
        (Scheme::ECDSA_NISTP384_SHA384, &[signed::ECDSA_P384_SHA384, signed::ECDSA_P256_SHA384]),
        (Scheme::ECDSA_NISTP256_SHA256, &[signed::ECDSA_P256_SHA256, signed::ECDSA_P384_SHA256]),
        (Scheme::RSA_PSS_SHA512, &[signed::RSA_PSS_2048_8192_SHA512_LEGACY_KEY]),
        (Scheme::RSA_PSS_SHA384, &[signed::RSA_PSS_2048_8192_SHA384_LEGACY_KEY]),
        (Scheme::RSA_PSS_SHA256, &[signed::RSA_PSS_2048_8192_SHA256_LEGACY_KEY]),
        (Scheme::RSA_PKCS1_SHA512, &[signed::RSA_PKCS1_2048_8192_SHA512]),
        (Scheme::RSA_PKCS1_SHA384, &[signed::RSA_PKCS1_2048_8192_SHA384]),
        (Scheme::RSA_PKCS1_SHA256, &[signed::RSA_PKCS1_2048_8192_SHA256]),
    ],
};

/// The operating system's random numbers.
#[derive(Debug)]
struct System;

impl SecureRandom for System {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        use ring::rand::SecureRandom as _;
        ring::rand::SystemRandom::new().fill(buffer).map_err(|_| GetRandomFailed)
    }
}

#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("connections to AWS have no certificate of ours".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// rustls's own choice for ring, of which ours is a part.
    #[test]
    fn all_signatures_are_verified_that_rustls_verifies_but_ed25519() {
        let theirs = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        let schemes: Vec<_> = theirs.mapping.iter().map(|(scheme, _)| *scheme).collect();
        let ours: Vec<_> = SIGNATURES.mapping.iter().map(|(scheme, _)| *scheme).collect();
        let without = |left_out| schemes.iter().copied().filter(|it| *it != left_out).collect::<Vec<_>>();
        assert_eq!(ours, without(Scheme::ED25519));
        assert_eq!(SIGNATURES.all.len(), theirs.all.len() - 1);
        for ((scheme, ours), (_, theirs)) in
            SIGNATURES.mapping.iter().zip(theirs.mapping.iter().filter(|(it, _)| *it != Scheme::ED25519))
        {
            assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{scheme:?}");
        }
    }
}
