//! Certificates and keys: how they are read from PEM, and how the certificates of a peer are verified.

mod anchors;
mod certificate_names;
mod certified_key;
mod chain_fit;
mod client_verifier;
pub mod compression;
mod der;
mod key_kind;
mod openssl_trusted;
mod parsed_certificate;
mod path_candidates;
mod pem;
mod pss_key;
mod revocation;
mod stapled;
mod subject;
pub(crate) mod verify;
mod warnings;
mod webpki_error;

pub(crate) use certificate_names::CertificateNames;
pub use certified_key::CertifiedKey;
pub use client_verifier::{ClientVerifier, VerifyClient};
pub use key_kind::key_kind;
pub use pem::{
    PemKind, PemSection, certificates_from_pem, private_key_from_pem, revocation_lists_from_pem, sections_of_pem,
};
pub use stapled::Stapled;
pub use subject::subject_name;
pub use verify::{ServerVerifier, VerifyServer};
pub(crate) use verify::{offered_schemes, verify_handshake_signature};
pub use warnings::{certificate_warnings, check_root};

#[cfg(test)]
mod chain_tests;
#[cfg(test)]
#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with the integration tests, which use all of it")]
#[path = "../../tests/support/pki.rs"]
mod test_pki;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod usage_tests;
