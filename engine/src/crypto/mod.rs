//! Cryptography as plain data: a [`Provider`] lists parts, each part is a raw primitive without knowledge of TLS.
//! Nonces, additional data and framing are written once, in `record`; the key schedule once, in `keys`.

mod aead;
mod agreement;
mod hash;
mod origin;
pub(crate) mod provider;
mod random;
mod signature;

pub use aead::{Aead, AeadKey, Copied, Defect, NONCE_MAX, TAG_LEN};
pub use agreement::{Group, KeyPair};
pub use hash::{HKDF_BLOCKS_MAX, HKDF_INFO_MAX, Hash, HashContext};
pub use origin::Origin;
pub use provider::{Provider, Suite};
pub use random::Random;
pub use signature::{SigningKey, VerificationScheme};
