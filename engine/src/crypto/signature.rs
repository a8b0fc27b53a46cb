use rustls_pki_types::SignatureVerificationAlgorithm;

use super::{Origin, Random};
use crate::codes::SignatureScheme;
use crate::error::Error;

/// A private key that signs handshakes.
pub trait SigningKey: Send + Sync {
    /// The schemes it can sign with in TLS 1.3, best first.
    fn schemes(&self) -> &[SignatureScheme];

    /// Its library and the implementation that runs on this CPU.
    fn origin(&self) -> Origin;

    /// The signature over `message` (hashed here), in the encoding of the wire: ASN.1 for ECDSA.
    fn sign(&self, scheme: SignatureScheme, message: &[u8], random: &dyn Random) -> Result<Vec<u8>, Error>;
}

/// A signature scheme and its verification.
#[derive(Clone, Copy)]
pub struct VerificationScheme {
    /// Its code point.
    pub scheme: SignatureScheme,
    /// The algorithm for signatures of handshakes and certificates.
    pub algorithm: &'static dyn SignatureVerificationAlgorithm,
    /// The same for public keys whose parameters allow nothing but this scheme, if there are such (RFC 4055 3.1).
    pub restricted: Option<&'static dyn SignatureVerificationAlgorithm>,
    /// Where it is from, and what verifies on this CPU.
    pub origin: fn() -> Origin,
}
