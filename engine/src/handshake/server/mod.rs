//! The server's states (RFC 8446 A.2), one struct each.

mod finished;
mod flight;
mod hello;

pub use hello::start;

use super::effects::{Effect, Effects};
use crate::codes::HandshakeType;
use crate::error::Error;
use crate::msgs::{KeyUpdate, Message};

/// What the server waits for.
pub(super) enum State {
    ClientHello(Box<hello::WaitClientHello>),
    Finished(Box<finished::WaitFinished>),
    /// Nothing but key updates.
    Ready,
}

impl State {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<Self, Error> {
        match self {
            Self::ClientHello(state) => state.on(message, effects),
            Self::Finished(state) => state.on(message, effects),
            Self::Ready => on_ready(message, effects),
        }
    }
}

fn on_ready(message: &Message<'_>, effects: &mut Effects) -> Result<State, Error> {
    let body = message.expect(HandshakeType::KEY_UPDATE, "application data or a KeyUpdate")?;
    let update = KeyUpdate::decode(body)?;
    if !message.ends_record {
        return Err(message.unexpected("the end of a record, as the keys change"));
    }
    effects.list.push(Effect::KeyUpdate(update.request));
    Ok(State::Ready)
}
