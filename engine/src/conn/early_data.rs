//! Early data (RFC 8446 2.3, 4.2.10): what a client sends right after its ClientHello, under the keys of an earlier session.

use super::Connection;
use super::inbound::Received;
use crate::codes::ContentType;
use crate::error::Error;
use crate::mem::{OutBuf, Region};

/// The early data of a connection, which is never mixed with other data.
pub(super) struct EarlyData {
    /// How many more bytes may be sent or received.
    left: usize,
    /// Whether this is a server, which receives it.
    is_received: bool,
    /// Whether more may come: not after EndOfEarlyData.
    is_open: bool,
    /// What was received, whose first bytes were taken.
    received: Region,
    taken: usize,
}

impl EarlyData {
    /// Of a server, up to `bytes`.
    pub(super) fn taken(bytes: u32) -> Self {
        Self { left: bytes as usize, is_received: true, is_open: true, received: Region::default(), taken: 0 }
    }

    /// Of a client, up to `bytes`.
    pub(super) fn offered(bytes: u32) -> Self {
        Self { left: bytes as usize, is_received: false, is_open: true, received: Region::default(), taken: 0 }
    }
}

impl Connection {
    /// Other keys for reading are installed: no more early data may come. Of what has come, the application takes what is left.
    pub(super) fn end_early_data(&mut self) {
        if let Some(early) = &mut self.early_data {
            early.is_open = false;
        }
    }

    /// How much early data may be sent now with [`Connection::write_early_data`], bytes. 0 unless this is a client that has announced some
    /// ([`early_data`](super::ClientConfigBuilder::early_data)), from its beginning until the server's Finished, or until the server has
    /// rejected it.
    pub fn early_data_room(&self) -> usize {
        self.early_data.as_ref().filter(|early| !early.is_received).map_or(0, |early| early.left)
    }

    /// Seals early data into `output`, up to its capacity and [`Connection::early_data_room`], and returns how many bytes of `data` were
    /// taken.
    ///
    /// **Anyone can replay it**, in another connection and to another server (RFC 8446 8), and it has no forward secrecy: send only what
    /// may be done twice. Once the handshake is done, [`Negotiated::early_data`](super::Negotiated) says whether the server has accepted it. Where it
    /// has not, nothing was received, and nothing is sent again unless the caller does.
    ///
    /// # Errors
    /// The error of a connection that has failed.
    pub fn write_early_data(&mut self, data: &[u8], output: &mut OutBuf) -> Result<usize, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let len = data.len().min(self.early_data_room());
        // Not through the path that updates keys: there is no such update here.
        let sealed = self.sending.sealer.seal_application_data(&[&data[..len]], 0, output);
        let sealed = sealed.inspect_err(|error| self.fail(error, output))?;
        if let Some(early) = &mut self.early_data {
            early.left -= sealed;
        }
        self.note_sealed();
        Ok(sealed)
    }

    /// The early data that a server has accepted and that was not taken yet. **It may be a replay** of what another connection has sent:
    /// do only what may be done twice with it, or wait until the handshake is done (RFC 8446 8). Whether there is any, a server that takes
    /// some ([`early_data`](super::ServerConfigBuilder::early_data)) sees after each [`Connection::read_tls`] until the handshake is done;
    /// it may then answer with [`Connection::write_tls`] at once.
    pub fn take_early_data(&mut self) -> Vec<u8> {
        self.take_early_data_up_to(usize::MAX)
    }

    /// The same, its first `max_bytes`.
    pub(crate) fn take_early_data_up_to(&mut self, max_bytes: usize) -> Vec<u8> {
        let Some(early) = &mut self.early_data else { return Vec::new() };
        let waiting = &early.received.as_slice()[early.taken..];
        let taken = waiting[..waiting.len().min(max_bytes)].to_vec();
        early.taken += taken.len();
        if early.taken == early.received.as_slice().len() {
            early.received.clear();
            early.taken = 0;
        }
        if !self.has_early_data() && !self.is_handshaking() {
            self.early_data = None;
        }
        taken
    }

    /// Whether [`Connection::take_early_data`] would return anything.
    pub fn has_early_data(&self) -> bool {
        self.early_data.as_ref().is_some_and(|early| early.taken < early.received.as_slice().len())
    }

    /// Whether this is a server that has accepted early data: it can send before the client's Finished (RFC 8446 2.3, figure 4).
    pub(super) fn has_accepted_early_data(&self) -> bool {
        self.early_data.as_ref().is_some_and(|early| early.is_received)
    }

    /// Application data that is not admitted because of `error`: early data, if it may come now.
    #[cold]
    pub(super) fn on_early_data(&mut self, content: &[u8], error: Error) -> Result<Received, Error> {
        let is_partial = self.is_message_partial();
        let Some(early) = self.early_data.as_mut().filter(|early| early.is_received && early.is_open && !is_partial)
        else {
            return Err(error);
        };
        if content.is_empty() {
            self.flood_guard.on_empty_record()?;
            return Ok(Received::Advanced);
        }
        // RFC 8446 4.2.10
        let Some(left) = early.left.checked_sub(content.len()) else {
            let reason = "more early data than the server takes";
            return Err(Error::UnexpectedRecord { got: ContentType::APPLICATION_DATA, reason });
        };
        early.left = left;
        early.received.extend_from_slice(content);
        self.flood_guard.on_data();
        self.opener.counters_mut().count_data(content.len(), content.len());
        self.note();
        Ok(Received::Advanced)
    }
}
