use std::io::{self, ErrorKind, Read, Write};

use super::step::{Filled, fill, flush};
use super::stream::JOB_TAKEN;
use super::stream_error::{StreamError, write_failure_with};
use crate::conn::{Connection, Plaintext, Received};
use crate::mem::{InBuf, OutBuf};
use crate::signal::Signal;

/// A connection over a non-blocking transport, for a loop that knows nothing but file descriptors.
///
/// Such a loop polls the transport, and would sleep although there is data here: the rest of a record that was read in part,
/// records that arrived with the same read, or bytes in a transport that is reported only once. The signal is its second file
/// descriptor, which is readable while a read has left something behind.
///
/// A job that the handshake pauses for ([`Connection::take_job`]) is done by the read that needs it.
///
/// A level-triggered loop reads when either is reported. An edge-triggered loop calls [`PolledStream::acknowledge`] first when
/// the signal is.
pub struct PolledStream<T, S> {
    connection: Connection,
    transport: T,
    input: InBuf,
    output: OutBuf,
    signal: S,
    /// Opened data that the caller has not consumed.
    unread: Plaintext,
    /// Whether the transport may have bytes that it has reported.
    may_have_more: bool,
    /// Whether the signal was raised since it was cleared.
    is_raised: bool,
}

impl<T: Read + Write, S: Signal> PolledStream<T, S> {
    /// A stream of these parts. The signal must not be shared with other connections.
    pub fn new(connection: Connection, transport: T, input: InBuf, output: OutBuf, signal: S) -> Self {
        let unread = Plaintext::default();
        Self { connection, transport, input, output, signal, unread, may_have_more: false, is_raised: false }
    }

    /// The connection.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Takes early data, see [`Connection::take_early_data`]. What is read comes after it.
    pub fn take_early_data(&mut self) -> Vec<u8> {
        self.connection.take_early_data()
    }

    /// The transport below.
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    /// The signal that is raised when a read leaves something behind.
    pub const fn signal(&self) -> &S {
        &self.signal
    }

    /// Acknowledges the signal, so that the next raise is reported again.
    pub fn acknowledge(&mut self) {
        self.signal.acknowledge();
        self.is_raised = false;
    }

    /// Sends close_notify: nothing follows from this side.
    pub fn close(&mut self) -> Result<(), StreamError> {
        self.connection.close(&mut self.output);
        self.flush_output().map(drop)
    }

    /// Takes records until one has data. Returns `None` once the peer has sent close_notify.
    fn advance(&mut self) -> Result<Option<()>, StreamError> {
        while self.unread.0.is_empty() {
            let received = self.connection.receive(&mut self.input, &mut self.output);
            if received.is_err() || !self.output.is_empty() {
                let flushed = self.flush_output();
                // The error is returned whether or not its alert arrives.
                if received.is_ok() {
                    flushed?;
                }
            }
            match received? {
                Received::Data(plaintext) => self.unread = plaintext,
                Received::Advanced => {}
                Received::Paused => {
                    let job = self.connection.take_job().ok_or(JOB_TAKEN).map_err(StreamError::from)?;
                    let resumed = self.connection.resume(job.run(), &mut self.output);
                    let _ = self.flush_output();
                    resumed?;
                }
                Received::Closed => return Ok(None),
                Received::NeedInput => self.read_transport()?,
            }
        }
        Ok(Some(()))
    }

    /// Returns `false` where some of it remains.
    fn flush_output(&mut self) -> Result<bool, StreamError> {
        flush(&mut self.output, &mut self.transport).map_err(|error| {
            let Self { connection, transport, input, output, unread, .. } = self;
            if !unread.0.is_empty() {
                return error.into();
            }
            write_failure_with(connection, input, output, transport, error, |plaintext| {
                *unread = plaintext;
                false
            })
        })
    }

    fn read_transport(&mut self) -> Result<(), StreamError> {
        let room = self.input.spare().len();
        match fill(&mut self.input, &mut self.transport)? {
            Filled::Bytes(count) => {
                self.may_have_more = count == room;
                Ok(())
            }
            Filled::End => Ok(self.connection.end_of_input()?),
            Filled::WouldBlock | Filled::Full => {
                self.may_have_more = false;
                if self.is_raised {
                    self.signal.clear();
                    self.is_raised = false;
                }
                Err(io::Error::from(ErrorKind::WouldBlock).into())
            }
        }
    }

    /// Raises the signal where something is left that the transport will not report.
    fn update_signal(&mut self) {
        if !self.unread.0.is_empty() || self.may_have_more || self.connection.has_deliverable(&self.input) {
            self.signal.raise();
            self.is_raised = true;
        }
    }
}

impl<T: Read + Write, S: Signal> Read for PolledStream<T, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // This call may be the answer to an edge of the transport. If it is served from the engine's buffers, the bytes of the
        // transport stay there, and are not reported again.
        self.may_have_more = true;
        if self.advance()?.is_none() || buffer.is_empty() {
            return Ok(0);
        }
        let data = self.connection.plaintext(&self.input, self.unread);
        let count = data.len().min(buffer.len());
        buffer[..count].copy_from_slice(&data[..count]);
        self.unread.0.start += count;
        self.update_signal();
        Ok(count)
    }
}

impl<T: Read + Write, S: Signal> Write for PolledStream<T, S> {
    /// Takes as much as there is room for. Fails with [`ErrorKind::WouldBlock`] where there is none until the transport takes
    /// more, and until the handshake has completed, which reading drives.
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.connection.is_handshaking() {
            return Err(ErrorKind::WouldBlock.into());
        }
        if !self.flush_output()? && !self.output.has_room_for_record() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let taken = self.connection.write_tls(&[data], &mut self.output).map_err(StreamError::from)?;
        self.flush_output()?;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.flush_output()? { Ok(()) } else { Err(ErrorKind::WouldBlock.into()) }
    }
}
