//! Early data of a client, whose keys stay until the server has said what becomes of it.

use std::sync::Arc;

use super::flight::HandshakeContext;
use crate::codes::HandshakeType;
use crate::error::Error;
use crate::handshake::effects::{Direction, Effect, Effects};
use crate::msgs::encode_message;

/// What becomes of early data.
pub(super) enum EarlyData {
    /// There is none, or it was rejected.
    None,
    /// It was announced, and can't be accepted: not without the PSK, or with another suite.
    Void,
    /// It was announced, with a ticket of a connection with this application protocol.
    Offered { alpn: Option<Arc<[u8]>> },
    /// The server has accepted it.
    Accepted,
}

impl EarlyData {
    pub(super) const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted)
    }
}

impl HandshakeContext {
    /// Goes on with early data, or ends it, as EncryptedExtensions says (RFC 8446 4.2.10).
    pub(super) fn on_early_data_answer(&mut self, is_accepted: bool, effects: &mut Effects) -> Result<(), Error> {
        match (&self.early_data, is_accepted) {
            (EarlyData::None, false) => {}
            (EarlyData::Offered { alpn }, true) if *alpn == self.alpn => self.early_data = EarlyData::Accepted,
            (EarlyData::Offered { .. } | EarlyData::Void, false) => {
                self.early_data = EarlyData::None;
                effects.push(Effect::EndEarlyData)?;
                effects.push(Effect::handshake_keys(Direction::Write, self.client_keys.records.clone()))?;
            }
            _ => return Err(Error::IllegalParameter("early data accepted, but not as it was sent")),
        }
        Ok(())
    }

    /// Says that accepted early data ends here, and goes on with the keys of the handshake (RFC 8446 4.5).
    #[cold]
    pub(super) fn end_early_data(&mut self, effects: &mut Effects) -> Result<(), Error> {
        effects.push(Effect::EndEarlyData)?;
        effects.send(&mut self.transcript, |out| encode_message(out, HandshakeType::END_OF_EARLY_DATA, |_| {}))?;
        effects.push(Effect::handshake_keys(Direction::Write, self.client_keys.records.clone()))
    }
}
