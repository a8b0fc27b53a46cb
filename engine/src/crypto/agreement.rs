use super::{Origin, Random};
use crate::codes::NamedGroup;
use crate::error::Error;
use crate::mem::SharedSecret;

/// A group for key exchange, in the shape of a KEM: one end starts with its share, the other answers with another share that may
/// depend on the first and differ in length, and the first end completes with the answer. A Diffie-Hellman group is the special
/// case in which neither share depends on the other.
pub trait Group: Send + Sync {
    /// Its code point.
    fn name(&self) -> NamedGroup;

    /// How long its keys and shares are.
    fn lengths(&self) -> GroupLengths;

    /// Whether it is a hybrid, and `group` one of its parts.
    fn has_part(&self, group: NamedGroup) -> bool {
        let _ = group;
        false
    }

    /// Its library and the implementation that runs on this CPU.
    fn origin(&self) -> Origin;

    /// Starts an exchange, as a client does. Random bytes come from `random`, or from the library where it accepts none.
    fn start(&self, random: &dyn Random) -> Result<Box<dyn Exchange>, Error>;

    /// Answers the share `peer` of an exchange that the other end has started, as a server does. Refuses what
    /// [`Exchange::complete`] refuses.
    fn start_and_complete(&self, peer: &[u8], random: &dyn Random) -> Result<Completed, Error>;

    /// An exchange with a given private key: a scalar, big-endian for the NIST curves, or the 32 bytes of X25519, or the expanded
    /// decapsulation key of ML-KEM (FIPS 203 7.1). A hybrid has those of both parts, in the order of their shares. For test vectors
    /// and recorded handshakes.
    #[allow(clippy::wrong_self_convention, reason = "a group starts an exchange, it does not become one")]
    fn from_private(&self, private: &[u8]) -> Result<Box<dyn Exchange>, Error>;
}

/// The lengths of a group's keys and shares, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupLengths {
    /// A private key, as [`Group::from_private`] takes it.
    pub private: usize,
    /// The share of the end that starts, a client. Of ML-KEM it is an encapsulation key.
    pub start: usize,
    /// The share of the end that answers, a server. Of ML-KEM it is a ciphertext.
    pub answer: usize,
}

/// A key exchange that has been started.
pub trait Exchange: Send {
    /// The share to send, as the wire has it: 32 bytes for X25519, an uncompressed point for the NIST curves (RFC 8446
    /// 4.2.8.2), the shares of both parts for a hybrid (draft-ietf-tls-ecdhe-mlkem 4.1).
    fn share(&self) -> &[u8];

    /// The share of the part `group` of a hybrid, which can be sent by itself as well (draft-ietf-tls-hybrid-design 3.2). `None` where
    /// there is no such part.
    fn part(&self, group: NamedGroup) -> Option<&[u8]> {
        let _ = group;
        None
    }

    /// The exchange of that part alone.
    fn into_part(self: Box<Self>, group: NamedGroup) -> Option<Box<dyn Exchange>> {
        let _ = group;
        None
    }

    /// The shared secret with the end that has answered with the share `peer`. A share that does not parse, has another length, is
    /// not on the curve or leads to an all-zero secret is [`Error::IllegalParameter`] (RFC 8446 4.2.8.2, 7.4.2), and so is an
    /// encapsulation key that is not reduced (FIPS 203 7.2). A ciphertext of ML-KEM for another key is no error: it leads to another
    /// secret (FIPS 203 6.3).
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error>;
}

/// A key exchange that was started and completed on a peer's share.
pub struct Completed {
    /// The share to send.
    pub share: Vec<u8>,
    /// The shared secret.
    pub secret: SharedSecret,
}
