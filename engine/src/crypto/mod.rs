//! Cryptography: a [`Provider`] is a list of primitives, which know nothing of TLS.
//!
//! **Unstable:** the traits and structs of this module, [`Provider::auto`], [`Provider::by_name`] and [`Provider::all`] excepted, may
//! change in any version.

mod aead;
mod agreement;
mod hash;
mod hybrid;
mod origin;
pub(crate) mod provider;
mod random;
mod signature;

pub use aead::{Aead, AeadKey, Copied, Defect, KEY_MAX, NONCE_MAX, TAG_LEN};
pub use agreement::{Completed, Exchange, Group, GroupLengths};
pub use hash::{Expansion, HKDF_BLOCKS_MAX, HKDF_INFO_MAX, Hash, HashContext};
pub use origin::Origin;
pub use provider::{Provider, Suite};
pub use random::Random;
pub use signature::{SigningKey, VerificationScheme};
