use super::ServerState;
use crate::crypto::Suite;
use crate::error::Error;
use crate::handshake::authentication;
use crate::handshake::effects::{Direction, Effect, Effects, Negotiated};
use crate::keys::{TrafficSecret, Transcript};
use crate::msgs::Message;

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
        authentication::on_finished(&self.client_handshake, message, &self.transcript)?;
        effects.push(Effect::application_keys(Direction::Read, &self.suite, self.client_secret))?;
        effects.push(Effect::Ready { negotiated: self.negotiated, resumption: None })?;
        Ok(ServerState::Ready)
    }
}
