use clap::ValueEnum;

use super::{RUSTLS_VERSION, RustlsCrypto};

/// The libraries that this build can measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LibraryName {
    /// The engine of this project, with the provider and the switches that are asked for
    #[default]
    #[value(name = "tls-engine")]
    TlsEngine,
    /// rustls, buffered API, aws-lc-rs
    #[value(name = "rustls")]
    Rustls,
    /// rustls, unbuffered API, aws-lc-rs
    #[value(name = "rustls-unbuffered")]
    RustlsUnbuffered,
    /// rustls, buffered API, ring
    #[value(name = "rustls-ring")]
    RustlsRing,
    /// rustls, unbuffered API, ring
    #[value(name = "rustls-unbuffered-ring")]
    RustlsUnbufferedRing,
}

impl LibraryName {
    /// Its name on the command line and in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TlsEngine => "tls-engine",
            Self::Rustls => "rustls",
            Self::RustlsUnbuffered => "rustls-unbuffered",
            Self::RustlsRing => "rustls-ring",
            Self::RustlsUnbufferedRing => "rustls-unbuffered-ring",
        }
    }

    /// The version of the library.
    pub const fn version(self) -> &'static str {
        match self {
            // All packages of the workspace have one version.
            Self::TlsEngine => env!("CARGO_PKG_VERSION"),
            _ => RUSTLS_VERSION,
        }
    }

    /// The cryptography of another library than the engine, which has providers to choose from.
    pub const fn cryptography(self) -> Option<RustlsCrypto> {
        match self {
            Self::TlsEngine => None,
            Self::Rustls | Self::RustlsUnbuffered => Some(RustlsCrypto::AwsLcRs),
            Self::RustlsRing | Self::RustlsUnbufferedRing => Some(RustlsCrypto::Ring),
        }
    }
}
