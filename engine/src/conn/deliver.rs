//! A bounded turn: whole records are taken and their data handed on until none is left or the turn has had its share.

use super::{Connection, Plaintext, Received};
use crate::error::Error;
use crate::mem::{InBuf, OutBuf};
use crate::record::deframe;
use crate::signal::Signal;

/// What a turn has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Records taken, bytes as received.
    pub record_bytes: usize,
    /// Why it ended.
    pub stop_reason: StopReason,
}

/// What is left after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// No whole record: the peer has to send more.
    NeedInput,
    /// At least one whole record. No file descriptor will ever tell: the bytes have left the socket.
    BudgetSpent,
    /// The same, and the send buffer has no room for an answer to it.
    OutputFull,
    /// Nothing will come any more (close_notify).
    Closed,
}

/// The way back to the peer, for whoever is handed data.
pub struct Reply<'a> {
    connection: &'a mut Connection,
    output: &'a mut OutBuf,
}

impl<'a> Reply<'a> {
    /// An answer that goes to `output`.
    pub const fn new(connection: &'a mut Connection, output: &'a mut OutBuf) -> Self {
        Self { connection, output }
    }

    /// Seals as much of `data` as there is room for, and tells how much that was. As an answer to data, as much as has come
    /// always fits.
    pub fn send(&mut self, data: &[&[u8]]) -> Result<usize, Error> {
        self.connection.write_tls(data, self.output)
    }

    /// Seals all of `data`. An answer that is no longer than the data it answers always fits.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] where it does not fit; part of it has been sealed then.
    pub fn send_all(&mut self, data: &[u8]) -> Result<(), Error> {
        let got_bytes = self.send(&[data])?;
        if got_bytes < data.len() {
            return Err(Error::BufferTooSmall { needed_bytes: data.len(), got_bytes });
        }
        Ok(())
    }

    /// Says that no more will be sent. What was sent before goes out first.
    pub fn close(&mut self) {
        self.connection.close(self.output);
    }

    /// The connection.
    pub const fn connection(&self) -> &Connection {
        self.connection
    }
}

impl Connection {
    /// Takes whole records from `input` and hands their data to `take`, until none is left or `budget_bytes` of records
    /// have been taken; at least one, however small the budget. A record is only taken while `output` has room for an
    /// answer of its size: a peer that does not read is not read from.
    ///
    /// Where it fails, the alert is in `output`, see [`Connection::read_tls`].
    #[inline]
    pub fn deliver(
        &mut self,
        input: &mut InBuf,
        output: &mut OutBuf,
        budget_bytes: usize,
        mut take: impl FnMut(&[u8], &mut Reply<'_>) -> Result<(), Error>,
    ) -> Result<Delivered, Error> {
        let waiting = input.len();
        loop {
            if !output.has_room_for_record() {
                let stop_reason =
                    if self.has_deliverable(input) { StopReason::OutputFull } else { StopReason::NeedInput };
                return Ok(Delivered { record_bytes: waiting - input.len(), stop_reason });
            }
            let stop_reason = match self.receive(input, output)? {
                Received::NeedInput => Some(StopReason::NeedInput),
                Received::Closed => Some(StopReason::Closed),
                Received::Advanced => None,
                Received::Data(plaintext) => {
                    take(plaintext.bytes(self.zero_copy, input), &mut Reply::new(self, output))?;
                    None
                }
            };
            let record_bytes = waiting - input.len();
            if let Some(stop_reason) = stop_reason {
                return Ok(Delivered { record_bytes, stop_reason });
            }
            if record_bytes >= budget_bytes {
                let stop_reason =
                    if self.has_deliverable(input) { StopReason::BudgetSpent } else { StopReason::NeedInput };
                return Ok(Delivered { record_bytes, stop_reason });
            }
        }
    }

    /// Hands data that was opened before to `take`, as [`Connection::deliver`] does.
    pub(crate) fn hand_out(
        &mut self,
        plaintext: Plaintext,
        input: &InBuf,
        output: &mut OutBuf,
        take: impl FnOnce(&[u8], &mut Reply<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        take(plaintext.bytes(self.zero_copy, input), &mut Reply::new(self, output))
    }

    /// Whether the next [`Connection::read_tls`] would bring something else than [`super::Progress::NeedInput`] without
    /// more input: a record, close_notify that came before, or an error.
    #[inline]
    pub fn has_deliverable(&self, input: &InBuf) -> bool {
        self.failed.is_some() || self.close_received || !matches!(deframe(input.waiting()), Ok(None))
    }
}

/// A connection that raises a signal when a turn leaves something behind that no socket will tell of.
///
/// With [`crate::signal::NullSignal`] it is the connection, in size and in instructions.
pub struct Signalled<S> {
    /// The connection.
    pub connection: Connection,
    /// What is raised.
    pub signal: S,
}

impl<S: Signal> Signalled<S> {
    /// [`Connection::deliver`], which raises the signal where whole records are left. Not where they wait for room in
    /// the send buffer: that the socket will tell.
    #[inline(always)]
    pub fn deliver(
        &mut self,
        input: &mut InBuf,
        output: &mut OutBuf,
        budget_bytes: usize,
        take: impl FnMut(&[u8], &mut Reply<'_>) -> Result<(), Error>,
    ) -> Result<Delivered, Error> {
        // Handed on as it is: taking it apart and putting it together again costs instructions with the null signal too.
        let delivered = self.connection.deliver(input, output, budget_bytes, take);
        if S::IS_HEARD && matches!(delivered, Ok(Delivered { stop_reason: StopReason::BudgetSpent, .. })) {
            self.signal.raise();
        }
        delivered
    }
}
