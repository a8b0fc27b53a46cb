//! Certificates, names, signatures of handshakes, and the files they come in. The only room that names `webpki` and
//! `rustls_pemfile`.

mod candidates;
mod certified_key;
mod outline;
mod pem;
mod reason;
mod verify;

pub use certified_key::CertifiedKey;
pub use pem::{certificates_from_pem, private_key_from_pem};
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
