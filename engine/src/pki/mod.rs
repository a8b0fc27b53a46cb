//! Certificates, names, signatures of handshakes, and the files they come in. The only room that names `webpki` and
//! `base64ct`.

mod candidates;
mod certified_key;
mod der;
mod key_kind;
mod outline;
mod pem;
mod reason;
mod remarks;
mod trusted;
mod verify;

pub use certified_key::CertifiedKey;
pub use pem::{PemKind, PemSection, certificates_from_pem, private_key_from_pem, sections_of_pem};
pub use remarks::{check_root, remarks};
pub use verify::{ServerVerifier, offered_schemes, verify_handshake_signature};

#[cfg(test)]
mod chain_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with the integration tests, which use all of it")]
#[path = "../../tests/support/pki.rs"]
mod throw_away;
#[cfg(test)]
mod usage_tests;
