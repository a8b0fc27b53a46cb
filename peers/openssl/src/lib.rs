//! OpenSSL behind the seam of `tlsbench`.
//!
//! `contexts.rs` and `endpoint.rs` know nothing but what OpenSSL and BoringSSL have in common, and are compiled for both; what is
//! different is in `native.rs`.

mod contexts;
mod endpoint;
mod native;

use tlsbench::error::Error;
use tlsbench::library::{Library, Room, Setup};

use contexts::Contexts;
pub use endpoint::SslEndpoint;

/// OpenSSL with the default settings of its programs.
pub struct OpenSsl(Contexts);

impl OpenSsl {
    /// Both ends as `setup` says.
    pub fn new(setup: &Setup) -> Result<Self, Error> {
        Contexts::new(setup).map(Self)
    }
}

impl Library for OpenSsl {
    type Client = SslEndpoint;
    type Server = SslEndpoint;

    fn client(&self, room: Room) -> Result<SslEndpoint, Error> {
        self.0.client(room)
    }

    fn server(&self, room: Room) -> Result<SslEndpoint, Error> {
        self.0.server(room)
    }
}

/// The version of the library that is running, such as `3.0.19`.
pub fn version() -> &'static str {
    let text = openssl::version::version();
    text.split_whitespace().nth(1).unwrap_or(text)
}
