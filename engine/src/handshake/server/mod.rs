//! The server's states (RFC 8446 A.2), one struct each.

mod finished;
mod flight;
mod hello;

pub use hello::start;

use super::effects::Effects;
use crate::error::Error;
use crate::msgs::Message;

/// What the server waits for.
pub(super) enum State {
    ClientHello(hello::WaitClientHello),
    Finished(finished::WaitFinished),
    Ready,
}

impl State {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<Self, Error> {
        match self {
            Self::ClientHello(state) => state.on(message, effects),
            Self::Finished(state) => state.on(message, effects),
            Self::Ready => Err(message.unexpected("nothing, as the handshake is done")),
        }
    }
}
