//! rustls with graviola's cryptography under tlsbench, which drives rustls itself.

use tlsbench::error::Error;
use tlsbench::library::{RUSTLS_VERSION, RustlsCryptography, RustlsUnbuffered, Setup};

/// The name of the library.
pub const NAME: &str = "rustls-graviola";
/// The version of rustls.
pub const VERSION: &str = RUSTLS_VERSION;
/// The cryptography.
pub const CRYPTOGRAPHY: &str = "graviola";
/// The version of graviola, which does not tell it itself.
pub const CRYPTOGRAPHY_VERSION: &str = "0.4.4";

/// rustls, unbuffered API, graviola.
pub fn library(setup: &Setup) -> Result<RustlsUnbuffered, Error> {
    let cryptography = RustlsCryptography {
        name: CRYPTOGRAPHY,
        provider: rustls_graviola::default_provider(),
        ticketer: rustls_graviola::Ticketer::new,
    };
    RustlsUnbuffered::with_cryptography(setup, cryptography)
}
