use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::sync::Arc;

use rustls_pki_types::ServerName;

use super::step::{Filled, fill, flush};
use super::stream_error::{StreamError, write_failure_with};
use crate::conn::{ClientConfig, Connection, Plaintext, Received, Reply, ServerConfig, StopReason};
use crate::error::Error;
use crate::mem::{BufferPool, InBuf, OutBuf};

/// A connection over a blocking transport, to read from and write to.
///
/// A job that the handshake pauses for ([`Connection::take_job`]) is done by the call that needs it.
/// Every call completes the handshake first. Where the transport has a timeout, a call that runs into it fails with
/// [`ErrorKind::TimedOut`] and may be repeated: nothing is lost, and nothing is sent twice.
pub struct Stream<T> {
    connection: Connection,
    transport: T,
    input: InBuf,
    output: OutBuf,
    /// Opened data that the caller has not consumed.
    unread: Plaintext,
}

/// A stream that was made of a connection whose job somebody else has.
pub(super) const JOB_TAKEN: Error = Error::Usage("the handshake waits for a job that was taken before");

/// The parts of a stream.
pub struct StreamParts<T> {
    /// The connection.
    pub connection: Connection,
    /// The transport.
    pub transport: T,
    /// Bytes that were received and not opened.
    pub input: InBuf,
    /// Bytes to send.
    pub output: OutBuf,
    /// Data that was opened and not read. It goes before what is in `input`.
    pub unread: Vec<u8>,
}

impl<T: Read + Write> Stream<T> {
    /// A stream of these parts. The ClientHello in `output` of a client is sent with the first call.
    pub fn new(connection: Connection, transport: T, input: InBuf, output: OutBuf) -> Self {
        Self { connection, transport, input, output, unread: Plaintext::default() }
    }

    /// A client that connects to the server `name` over `transport`. Its ClientHello is sent with the first call.
    pub fn client(config: &Arc<ClientConfig>, name: ServerName<'static>, transport: T) -> Result<Self, Error> {
        Self::start_client(config, name, transport, InBuf::default(), OutBuf::default())
    }

    /// A server that waits for a ClientHello on `transport`.
    pub fn server(config: &Arc<ServerConfig>, transport: T) -> Self {
        Self::new(Connection::server(config), transport, InBuf::default(), OutBuf::default())
    }

    /// A client with buffers of the pool's size, which hold memory of the pool only while there is something in them.
    pub fn client_pooled(
        config: &Arc<ClientConfig>,
        name: ServerName<'static>,
        transport: T,
        pool: &BufferPool,
    ) -> Result<Self, Error> {
        let (input, output) = buffers(pool);
        Self::start_client(config, name, transport, input, output)
    }

    /// A server with buffers as those of [`Stream::client_pooled`].
    pub fn server_pooled(config: &Arc<ServerConfig>, transport: T, pool: &BufferPool) -> Self {
        let (input, output) = buffers(pool);
        Self::new(Connection::server(config), transport, input, output)
    }

    fn start_client(
        config: &Arc<ClientConfig>,
        name: ServerName<'static>,
        transport: T,
        input: InBuf,
        mut output: OutBuf,
    ) -> Result<Self, Error> {
        let connection = Connection::client(config, name, &mut output)?;
        Ok(Self::new(connection, transport, input, output))
    }

    /// Returns the memory of empty buffers to their pool, which wipes it. Call it when the connection becomes idle. A call that
    /// times out does the same.
    pub fn release_buffers(&mut self) {
        if self.unread.0.is_empty() {
            // The empty span may be anywhere in the memory that is returned.
            self.unread = Plaintext::default();
            self.input.release_if_empty();
        }
        self.output.release_if_empty();
    }

    /// The connection.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The transport below.
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    /// Takes the stream apart, to use the connection in another way.
    pub fn into_parts(self) -> StreamParts<T> {
        let unread = self.connection.plaintext(&self.input, self.unread).to_vec();
        let Self { connection, transport, input, output, .. } = self;
        StreamParts { connection, transport, input, output, unread }
    }

    /// Completes the handshake.
    pub fn handshake(&mut self) -> Result<(), StreamError> {
        while self.connection.is_handshaking() {
            self.step_of_handshake()?;
        }
        self.flush_output()
    }

    fn step_of_handshake(&mut self) -> Result<(), StreamError> {
        self.flush_output()?;
        match self.advance()? {
            Received::Closed => Err(Error::Truncated.into()),
            Received::NeedInput => self.wait_for_input(),
            Received::Paused => self.run_job(),
            Received::Advanced | Received::Data(_) => Ok(()),
        }
    }

    /// Sends as much of `data` as early data as may be sent, see [`Connection::write_early_data`], before the handshake is done. Returns how
    /// many bytes that was: none where this is no client with a ticket for it.
    pub fn send_early_data(&mut self, data: &[u8]) -> Result<usize, StreamError> {
        let mut taken = 0;
        while taken < data.len() {
            let count = self.connection.write_early_data(&data[taken..], &mut self.output)?;
            taken += count;
            // What has timed out is sent by the next call.
            if count == 0 || !self.try_flush()? {
                break;
            }
        }
        Ok(taken)
    }

    /// Waits for early data of a client, see [`Connection::take_early_data`]: it may be a replay. It is empty once the handshake is done.
    pub fn receive_early_data(&mut self) -> Result<Vec<u8>, StreamError> {
        while self.connection.is_handshaking() && !self.connection.has_early_data() {
            self.step_of_handshake()?;
        }
        Ok(self.connection.take_early_data())
    }

    /// Sends all of `data` as the answer to early data, without waiting for the end of the handshake.
    pub fn answer_early_data(&mut self, mut data: &[u8]) -> Result<(), StreamError> {
        while !data.is_empty() {
            let taken = self.connection.write_tls(&[data], &mut self.output)?;
            if taken == 0 {
                self.flush_output()?;
            }
            self.flush_sealed()?;
            data = &data[taken..];
        }
        Ok(())
    }

    /// Updates the sending keys, see [`Connection::update_keys`].
    pub fn update_keys(&mut self, request_peer: bool) -> Result<(), StreamError> {
        self.handshake()?;
        self.connection.update_keys(request_peer, &mut self.output)?;
        self.flush_sealed()
    }

    /// Sends close_notify: nothing follows from this side. The peer may still send.
    pub fn close(&mut self) -> Result<(), StreamError> {
        self.connection.close(&mut self.output);
        self.flush_output()
    }

    /// Returns received data, and waits for it where there is none. It is empty once the peer has sent close_notify.
    ///
    /// The data stays until [`BufRead::consume`] is called. Early data is not part of it: a server that accepts some takes it before, with
    /// [`Stream::receive_early_data`] until that is empty.
    pub fn receive(&mut self) -> Result<&[u8], StreamError> {
        while self.unread.0.is_empty() {
            self.handshake()?;
            match self.advance()? {
                Received::Data(plaintext) => self.unread = plaintext,
                Received::Advanced => self.flush_output()?,
                Received::NeedInput => self.wait_for_input()?,
                Received::Paused => self.run_job()?,
                Received::Closed => break,
            }
        }
        Ok(self.connection.plaintext(&self.input, self.unread))
    }

    /// Waits for data and hands it to `take`, record by record, with a way to answer. An answer is sealed straight from where
    /// it is: a server that sends back what it was sent copies nothing. Returns `false` once the peer has sent close_notify.
    ///
    /// An answer as long as the data always fits. An error of `take` is returned as it is, and the connection goes on.
    pub fn receive_with(
        &mut self,
        mut take: impl FnMut(&[u8], &mut Reply<'_>) -> Result<(), Error>,
    ) -> Result<bool, StreamError> {
        self.handshake()?;
        self.flush_output()?;
        let unread = core::mem::take(&mut self.unread);
        if !unread.0.is_empty() {
            self.connection.hand_out(unread, &self.input, &mut self.output, take)?;
            self.flush_sealed()?;
            return Ok(true);
        }
        loop {
            let mut has_data = false;
            let delivered = self.connection.deliver(&mut self.input, &mut self.output, usize::MAX, |data, reply| {
                has_data = true;
                take(data, reply)
            });
            let stop_reason =
                delivered.inspect_err(|_| drop(flush(&mut self.output, &mut self.transport)))?.stop_reason;
            if has_data {
                self.flush_sealed()?;
                return Ok(true);
            }
            self.flush_output()?;
            match stop_reason {
                StopReason::Closed => return Ok(false),
                StopReason::NeedInput => self.wait_for_input()?,
                StopReason::Paused => self.run_job()?,
                StopReason::BudgetSpent | StopReason::OutputFull => {}
            }
        }
    }

    /// Sends all of `data`. Where the transport times out, what was sealed by then is sent by the next call, or by
    /// [`Write::flush`]. To learn how much that was, use [`Write::write`].
    pub fn send(&mut self, mut data: &[u8]) -> Result<(), StreamError> {
        while !data.is_empty() {
            let taken = self.send_some(data)?;
            data = &data[taken..];
        }
        Ok(())
    }

    /// Sends as much of `data` as there is room for, after everything that was sealed before.
    fn send_some(&mut self, data: &[u8]) -> Result<usize, StreamError> {
        self.handshake()?;
        let taken = self.connection.write_tls(&[data], &mut self.output)?;
        self.flush_sealed()?;
        Ok(taken)
    }

    fn advance(&mut self) -> Result<Received, StreamError> {
        Ok(self.connection.receive(&mut self.input, &mut self.output).inspect_err(|_| {
            // The error is returned whether or not its alert arrives.
            let _ = flush(&mut self.output, &mut self.transport);
        })?)
    }

    /// This thread waits for the handshake in any case, so it does the job itself.
    fn run_job(&mut self) -> Result<(), StreamError> {
        let job = self.connection.take_job().ok_or(JOB_TAKEN)?;
        Ok(self.connection.resume(job.run(), &mut self.output).inspect_err(|_| {
            // The error is returned whether or not its alert arrives.
            let _ = flush(&mut self.output, &mut self.transport);
        })?)
    }

    fn wait_for_input(&mut self) -> Result<(), StreamError> {
        match fill(&mut self.input, &mut self.transport)? {
            Filled::Bytes(_) => Ok(()),
            Filled::End => Ok(self.connection.end_of_input()?),
            Filled::WouldBlock => {
                self.release_buffers();
                Err(io::Error::from(ErrorKind::TimedOut).into())
            }
            Filled::Full => Err(Error::Internal("a receive buffer too small for a record").into()),
        }
    }

    fn flush_output(&mut self) -> Result<(), StreamError> {
        if self.try_flush()? { Ok(()) } else { Err(io::Error::from(ErrorKind::TimedOut).into()) }
    }

    /// Flushes what a call has just sealed. A timeout is not an error here, because a caller that repeats the call would have the
    /// data sealed twice.
    fn flush_sealed(&mut self) -> Result<(), StreamError> {
        self.try_flush().map(drop)
    }

    fn try_flush(&mut self) -> Result<bool, StreamError> {
        flush(&mut self.output, &mut self.transport).map_err(|error| {
            let Self { connection, transport, input, output, unread } = self;
            if !unread.0.is_empty() {
                return error.into();
            }
            write_failure_with(connection, input, output, transport, error, |plaintext| {
                *unread = plaintext;
                false
            })
        })
    }
}

fn buffers(pool: &BufferPool) -> (InBuf, OutBuf) {
    (InBuf::pooled(pool, pool.buffer_bytes()), OutBuf::pooled(pool, pool.buffer_bytes()))
}

impl<T: Read + Write> Read for Stream<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let data = self.fill_buf()?;
        let count = data.len().min(buffer.len());
        buffer[..count].copy_from_slice(&data[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<T: Read + Write> BufRead for Stream<T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.receive()?)
    }

    fn consume(&mut self, count: usize) {
        let unread = &mut self.unread.0;
        unread.start = unread.end.min(unread.start + count);
    }
}

impl<T: Read + Write> Write for Stream<T> {
    /// Takes as much as there is room for. What was taken counts as written: where the transport times out, it is sent by the
    /// next call.
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(self.send_some(data)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(self.flush_output()?)
    }
}
