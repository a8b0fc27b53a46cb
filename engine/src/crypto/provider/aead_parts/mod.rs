//! Providers that are `auto` with the AEADs of another library. They are chosen by name: that they are in a build changes nothing
//! of `auto`.

#[cfg(feature = "boringssl")]
pub(super) mod boringssl;
#[cfg(any(feature = "boringssl", feature = "ring"))]
mod boringssl_code;
#[cfg(feature = "openssl")]
mod by_size;
#[cfg(feature = "openssl")]
pub(super) mod openssl;
#[cfg(feature = "ring")]
pub(super) mod ring;

use super::{Provider, auto};
use crate::codes::CipherSuite;
use crate::crypto::Aead;

#[cfg(all(feature = "boringssl", feature = "openssl"))]
compile_error!(
    "the features boringssl and openssl exclude each other: both libraries have functions of the same names"
);

/// `auto` with the suites of RFC 8446 alone. `aead` tells the AEAD that the library `name` has for a suite, and is given that of
/// `auto`.
fn provider(
    name: &'static str,
    aead: impl Fn(CipherSuite, &'static dyn Aead) -> Option<&'static dyn Aead>,
) -> Provider {
    let mut provider = auto::provider();
    provider.name = name;
    provider.suites.retain_mut(|suite| {
        let Some(part) = aead(suite.code, suite.aead) else { return false };
        suite.aead = part;
        suite.source = name;
        true
    });
    provider
}
