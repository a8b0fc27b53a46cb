//! The server's states (RFC 8446 A.2), one struct each.

mod finished;
mod flight;
mod hello;
mod resumption;

pub(crate) use hello::start;

use super::Expected;
use super::effects::Effects;
use crate::codes::HandshakeType;
use crate::error::Error;
use crate::msgs::Message;

/// What the server waits for.
pub(super) enum ServerState {
    ClientHello(hello::WaitClientHello),
    Finished(finished::WaitFinished),
    Ready,
}

impl ServerState {
    pub(super) const fn expected(&self) -> Expected {
        match self {
            Self::ClientHello(_) => Expected("ClientHello", &[HandshakeType::CLIENT_HELLO]),
            Self::Finished(_) => Expected("Finished", &[HandshakeType::FINISHED]),
            Self::Ready => Expected(super::NOTHING, &[]),
        }
    }

    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<Self, Error> {
        match self {
            Self::ClientHello(state) => state.on(message, effects),
            Self::Finished(state) => state.on(message, effects),
            Self::Ready => Err(message.unexpected(super::NOTHING)),
        }
    }
}
