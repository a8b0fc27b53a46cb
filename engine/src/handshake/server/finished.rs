use super::ServerState;
use crate::codes::HandshakeType;
use crate::crypto::Suite;
use crate::error::Error;
use crate::handshake::effects::{Direction, Effect, Effects, Negotiated};
use crate::keys::{TrafficSecret, Transcript};
use crate::msgs::{Finished, Message};

/// Waiting for the client's Finished.
pub(in crate::handshake) struct WaitFinished {
    pub(super) suite: Suite,
    pub(super) transcript: Transcript,
    pub(super) client_handshake: TrafficSecret,
    pub(super) client_secret: TrafficSecret,
    pub(super) negotiated: Negotiated,
}

impl WaitFinished {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ServerState, Error> {
        let body = message.expect(HandshakeType::FINISHED, "Finished")?;
        let verify_data = self.client_handshake.finished(&self.transcript.current());
        Finished { verify_data }.check(body)?;
        if !message.ends_record {
            return Err(message.unexpected("the end of a record, as the keys change"));
        }
        effects.push(Effect::application_keys(Direction::Read, &self.suite, self.client_secret))?;
        effects.push(Effect::Ready { negotiated: self.negotiated, resumption: None })?;
        Ok(ServerState::Ready)
    }
}
