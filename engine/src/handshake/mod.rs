//! The handshake (RFC 8446 4) as machines that see messages and return effects. Nothing here knows records, buffers or
//! sockets.

mod client;
mod config;
mod effects;
mod join;
mod negotiate;
mod server;
mod workspace;

pub use client::start as start_client;
pub(crate) use config::Common;
pub use config::{ClientConfig, ClientConfigBuilder, Clock, ServerConfig, ServerConfigBuilder, SystemClock};
pub use effects::{Effect, Effects, Negotiated};
pub use join::Joiner;
pub use server::start as start_server;
pub use workspace::Workspace;

use crate::error::Error;
use crate::msgs::Message;

/// A handshake in one of its states.
pub struct Machine(State);

enum State {
    Client(client::State),
    Server(server::State),
}

impl Machine {
    /// Takes the next message; what should happen is added to `effects`.
    pub fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<Self, Error> {
        Ok(Self(match self.0 {
            State::Client(state) => State::Client(state.on(message, effects)?),
            State::Server(state) => State::Server(state.on(message, effects)?),
        }))
    }
}
