//! OpenSSL behind the seam of `tlsbench`.
//!
//! `contexts.rs`, `endpoint.rs`, `errors.rs` and `sessions.rs` know nothing but what OpenSSL and BoringSSL have in common, and are
//! compiled for both; what is different is in `name.rs` and `native.rs`.

mod contexts;
mod endpoint;
mod errors;
mod name;
mod native;
mod sessions;

use tlsbench::error::Error;
use tlsbench::library::{Library, Room, Setup};

use contexts::Contexts;
pub use endpoint::SslEndpoint;
pub use name::version;

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
