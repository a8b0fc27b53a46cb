use super::{Origin, Random};
use crate::codes::NamedGroup;
use crate::error::Error;
use crate::mem::Secret;

/// A group for key exchange.
pub trait Group: Send + Sync {
    /// Its code point.
    fn name(&self) -> NamedGroup;

    /// Its library and the implementation that runs on this CPU.
    fn origin(&self) -> Origin;

    /// A new key pair. Random bytes come from `random`, or from the library where it accepts none.
    fn generate(&self, random: &dyn Random) -> Result<Box<dyn KeyPair>, Error>;

    /// The key pair of a given private key: a scalar, big-endian for the NIST curves, or the 32 bytes of X25519. For test
    /// vectors and recorded handshakes.
    #[allow(clippy::wrong_self_convention, reason = "a group makes a pair, it does not become one")]
    fn from_private(&self, private: &[u8]) -> Result<Box<dyn KeyPair>, Error>;
}

/// The key pair of one key exchange.
pub trait KeyPair: Send {
    /// The public key as the wire has it: 32 bytes for X25519, an uncompressed point for the NIST curves (RFC 8446
    /// 4.2.8.2).
    fn public(&self) -> &[u8];

    /// The shared secret with `peer`. A share that does not parse, is not on the curve or leads to an all-zero secret is
    /// [`Error::IllegalParameter`] (RFC 8446 4.2.8.2, 7.4.2).
    fn agree(self: Box<Self>, peer: &[u8]) -> Result<Secret, Error>;
}
