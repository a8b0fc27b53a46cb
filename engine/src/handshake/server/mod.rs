//! The server's states (RFC 8446 A.2), one struct each.

mod finished;
mod flight;
mod hello;

pub use hello::start;

use super::Awaited;
use super::effects::Effects;
use crate::codes::HandshakeType;
use crate::error::Error;
use crate::msgs::Message;

/// What the server waits for.
pub(super) enum State {
    ClientHello(hello::WaitClientHello),
    Finished(finished::WaitFinished),
    Ready,
}

impl State {
    pub(super) const fn awaited(&self) -> Awaited {
        match self {
            Self::ClientHello(_) => Awaited("ClientHello", &[HandshakeType::CLIENT_HELLO]),
            Self::Finished(_) => Awaited("Finished", &[HandshakeType::FINISHED]),
            Self::Ready => Awaited(super::NOTHING, &[]),
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
