use std::sync::Arc;

use super::ServerState;
use super::resumption::send_tickets;
use crate::codes::HandshakeType;
use crate::crypto::Suite;
use crate::error::Error;
use crate::handshake::effects::{Direction, Effect, Effects, Negotiated};
use crate::handshake::{ServerConfig, authentication};
use crate::keys::{Exporter, HandshakeKeys, MasterSecret, TrafficSecret, Transcript};
use crate::msgs::{Finished, Message, encode_message};

/// Waiting for EndOfEarlyData, while early data is taken.
pub(in crate::handshake) struct WaitEndOfEarlyData {
    pub(super) finished: WaitFinished,
    /// How much the client may send in one record from then on, where that was negotiated.
    pub(super) record_size_limit: Option<u16>,
}

impl WaitEndOfEarlyData {
    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<ServerState, Error> {
        let Self { mut finished, record_size_limit } = self;
        message.expect(HandshakeType::END_OF_EARLY_DATA, "EndOfEarlyData")?;
        // RFC 8446 5.1
        if !message.ends_record {
            return Err(message.unexpected("the end of a record, as the keys change"));
        }
        finished.transcript.add(message.bytes);
        // RFC 8449 4: not before, as the client did not know it.
        if record_size_limit.is_some() {
            effects.push(Effect::LimitRecords { write: None, read: record_size_limit })?;
        }
        effects.push(Effect::handshake_keys(Direction::Read, finished.client_handshake.records.clone()))?;
        Ok(ServerState::Finished(finished))
    }
}

/// Waiting for the client's Finished.
pub(in crate::handshake) struct WaitFinished {
    pub(super) suite: Suite,
    pub(super) transcript: Transcript,
    pub(super) client_handshake: HandshakeKeys,
    pub(super) client_secret: TrafficSecret,
    pub(super) exporter: Option<Box<Exporter>>,
    pub(super) negotiated: Negotiated,
    /// What the tickets of this session come from, where the client gets any.
    pub(super) tickets: Option<(Arc<ServerConfig>, MasterSecret)>,
}

impl WaitFinished {
    /// Sends the tickets before the client's Finished has come, which can only be the right one (RFC 8446 4.6.1): with early data, the
    /// answer may be all that the client waits for.
    #[cold]
    pub(super) fn send_early_tickets(&mut self, effects: &mut Effects) -> Result<(), Error> {
        let Some((config, master)) = self.tickets.take() else { return Ok(()) };
        let (mut end, mut finished) = (Vec::new(), Vec::new());
        encode_message(&mut end, HandshakeType::END_OF_EARLY_DATA, |_| {});
        let verify_data = self.client_handshake.finished.mac(&self.transcript.current_with(&[&end]));
        Finished { verify_data }.encode(&mut finished);
        let messages = self.transcript.current_with(&[&end, &finished]);
        send_tickets(&config, &self.suite, &master, &self.negotiated, &messages, effects)
    }

    pub(super) fn on(mut self, message: &Message<'_>, effects: &mut Effects) -> Result<ServerState, Error> {
        authentication::on_finished(&self.client_handshake.finished, message, &self.transcript)?;
        effects.push(Effect::application_keys(Direction::Read, &self.suite, self.client_secret))?;
        if let Some((config, master)) = self.tickets {
            self.transcript.add(message.bytes);
            send_tickets(&config, &self.suite, &master, &self.negotiated, &self.transcript.current(), effects)?;
        }
        effects.keep_exporter(self.exporter)?;
        effects.push(Effect::Ready { negotiated: self.negotiated, resumption: None, server_name: None })?;
        Ok(ServerState::Ready)
    }
}
