//! A bounded turn of a connection: records are opened and their data handed on, up to a budget.

use super::{Connection, Plaintext, Reading, Received};
use crate::error::Error;
use crate::mem::{InBuf, OutBuf};
use crate::record::deframe;
use crate::signal::Signal;

/// What a turn of a connection has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The records that were taken, bytes as received.
    pub record_bytes: usize,
    /// Why the turn ended.
    pub stop_reason: StopReason,
}

/// Why a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// No whole record is left: more input is needed.
    NeedInput,
    /// The budget is spent, and at least one whole record is left. No file descriptor will report it, as its bytes have left the
    /// socket.
    BudgetSpent,
    /// A whole record is left, and the send buffer has no room for an answer to it.
    OutputFull,
    /// The handshake waits for the result of a job, see [`Connection::take_job`]. Records may be left.
    Paused,
    /// The peer has sent close_notify.
    Closed,
}

/// Sends an answer to data that was just received.
pub struct Reply<'a> {
    connection: &'a mut Connection,
    output: &'a mut OutBuf,
}

impl<'a> Reply<'a> {
    /// Answers go to `output`.
    pub const fn new(connection: &'a mut Connection, output: &'a mut OutBuf) -> Self {
        Self { connection, output }
    }

    /// Seals as much of `data` as there is room for, and returns how many bytes that was. An answer that is no longer than the
    /// data it answers always fits.
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

    /// Seals as much of `data` as early data as there is room for, and as the ticket allows, and returns how many bytes that was. See
    /// [`Connection::write_early_data`]: **anyone can replay it**.
    pub fn send_early_data(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.connection.write_early_data(data, self.output)
    }

    /// Sends close_notify, after everything that was sent before.
    pub fn close(&mut self) {
        self.connection.close(self.output);
    }

    /// The connection.
    pub const fn connection(&self) -> &Connection {
        self.connection
    }
}

impl Connection {
    /// Opens records from `input` and hands their data to `take`, until no whole record is left or `budget_bytes` of records have
    /// been taken. At least one is taken, however small the budget is. A record is only taken while `output` has room for an
    /// answer of its size: the engine does not read from a peer that does not read. A turn also ends where there is early data
    /// ([`Connection::take_early_data`]).
    ///
    /// # Errors
    /// As [`Connection::read_tls`], and what `take` returns.
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
                Received::Data(plaintext) => {
                    take(plaintext.bytes(self.zero_copy, input), &mut Reply::new(self, output))?;
                    None
                }
                other => self.stop_reason(other, input),
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

    /// Why a turn ends with what is not data, if it does. Early data is taken before what comes after it.
    #[cold]
    fn stop_reason(&self, received: Received, input: &InBuf) -> Option<StopReason> {
        match received {
            Received::Advanced if self.has_early_data() && self.has_deliverable(input) => Some(StopReason::BudgetSpent),
            Received::Advanced if self.has_early_data() => Some(StopReason::NeedInput),
            other => other.stop_reason(),
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

    /// Whether the next [`Connection::read_tls`] would have something to return without more input: a record, an earlier
    /// close_notify, or an error. While the handshake is paused, it would not.
    #[inline]
    pub fn has_deliverable(&self, input: &InBuf) -> bool {
        self.failed.is_some()
            || match self.reading {
                Reading::Open => !matches!(deframe(input.waiting()), Ok(None)),
                Reading::Paused => false,
                Reading::Closed => true,
            }
    }
}

/// A connection that raises a signal when a turn leaves something behind that no socket will report.
///
/// With [`crate::signal::NullSignal`] it costs nothing over the connection, in memory and in instructions.
pub struct Signalled<S> {
    /// The connection.
    pub connection: Connection,
    /// The signal.
    pub signal: S,
}

impl<S: Signal> Signalled<S> {
    /// Calls [`Connection::deliver`], and raises the signal where the budget was spent before the last whole record. Records that
    /// wait for room in the send buffer raise nothing, because the socket will report when there is room.
    #[inline(always)]
    pub fn deliver(
        &mut self,
        input: &mut InBuf,
        output: &mut OutBuf,
        budget_bytes: usize,
        take: impl FnMut(&[u8], &mut Reply<'_>) -> Result<(), Error>,
    ) -> Result<Delivered, Error> {
        // Returned as it is: to take it apart and put it together again costs instructions with the null signal too.
        let delivered = self.connection.deliver(input, output, budget_bytes, take);
        if S::IS_HEARD && matches!(delivered, Ok(Delivered { stop_reason: StopReason::BudgetSpent, .. })) {
            self.signal.raise();
        }
        delivered
    }
}
