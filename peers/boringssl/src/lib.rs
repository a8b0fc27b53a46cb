//! BoringSSL behind the seam of `tlsbench`. What it has in common with OpenSSL is in `peers/openssl`.

#[path = "../../openssl/src/contexts.rs"]
mod contexts;
#[path = "../../openssl/src/endpoint.rs"]
mod endpoint;
mod native;

use tlsbench::error::Error;
use tlsbench::library::{Library, Room, Setup};

use contexts::Contexts;
pub use endpoint::SslEndpoint;

/// BoringSSL with the default settings of its programs.
pub struct BoringSsl(Contexts);

impl BoringSsl {
    /// Both ends as `setup` says.
    pub fn new(setup: &Setup) -> Result<Self, Error> {
        Contexts::new(setup).map(Self)
    }
}

impl Library for BoringSsl {
    type Client = SslEndpoint;
    type Server = SslEndpoint;

    fn client(&self, room: Room) -> Result<SslEndpoint, Error> {
        self.0.client(room)
    }

    fn server(&self, room: Room) -> Result<SslEndpoint, Error> {
        self.0.server(room)
    }
}

/// The version of the crate that BoringSSL's sources are from. They have no version themselves.
pub const fn version() -> &'static str {
    "boring-sys 5.4.0"
}

/// What the library that is running says it is. The sentence is the one that OpenSSL has its version in.
pub fn text() -> &'static str {
    boring::version::version()
}
