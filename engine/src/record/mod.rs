//! The record layer (RFC 8446 5): framing, nonces, additional data, padding and the inner content type, the same for
//! every provider.

mod aliasing;
mod deframe;
mod fragment;
mod key;
mod nonce;
mod open;
mod padding;
mod path;
mod seal;

pub use aliasing::Aliasing;
pub use deframe::{Frame, deframe};
pub use open::Opener;
pub use path::{Inlined, Path, Split};
pub use seal::Sealer;
