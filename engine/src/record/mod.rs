//! The record layer (RFC 8446 5): framing, nonces, additional data, padding and the inner content type, the same for
//! every provider.

mod aliasing;
mod deframe;
mod fragment;
mod nonce;
mod open;
mod padding;
mod path;
mod seal;
mod sealed;

pub use aliasing::Aliasing;
pub use deframe::{Frame, deframe};
pub use open::{Opener, inner_len};
pub use path::{Inlined, Path, Split};
pub use seal::{Sealer, sealed_len};

use crate::crypto::AeadKey;
use crate::error::Error;
use crate::keys::TrafficKeys;
use nonce::Nonces;

/// An expanded key with its sequence of nonces.
struct RecordKey {
    aead: Box<dyn AeadKey>,
    nonces: Nonces,
}

impl RecordKey {
    fn new(keys: &TrafficKeys) -> Result<Self, Error> {
        Ok(Self { aead: keys.aead().key(keys.key())?, nonces: Nonces::new(keys.iv()) })
    }
}
