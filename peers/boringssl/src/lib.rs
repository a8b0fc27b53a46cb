//! BoringSSL behind the seam of `tlsbench`. What it has in common with OpenSSL is in `peers/openssl`.

#[path = "../../openssl/src/contexts.rs"]
mod contexts;
#[path = "../../openssl/src/endpoint.rs"]
mod endpoint;
#[path = "../../openssl/src/errors.rs"]
mod errors;
mod name;
mod native;
#[path = "../../openssl/src/sessions.rs"]
mod sessions;

use tlsbench::error::Error;
use tlsbench::library::{Library, Room, Setup};

use contexts::Contexts;
pub use endpoint::SslEndpoint;
pub use name::{text, version};

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
