use std::io::{self, ErrorKind, Read, Write};

use tls_engine::limits::RECORD_CONTENT_MAX;

use super::{Buffer, Endpoint, Negotiated, Received, Room};
use crate::error::Error;

/// A connection of a library that reads and writes as from a socket, and copies data out of buffers of its own: what is
/// different from library to library. [`CopyingEndpoint`] makes an endpoint of it.
pub trait Connection: Send + 'static {
    /// The library's name in errors.
    const NAME: &'static str;

    /// What it reads from and writes to instead of a socket.
    fn buffers(&self) -> &Buffers;

    /// The same, for those who move the bytes.
    fn buffers_mut(&mut self) -> &mut Buffers;

    /// Goes on with the handshake as far as the input allows. Returns whether it is complete.
    fn shake_hands(&mut self) -> Result<bool, Error>;

    /// Whether the library has no application data that it has decrypted and not handed out.
    fn is_drained(&self) -> bool;

    /// Reads application data into `space`.
    fn read(&mut self, space: &mut [u8]) -> Result<Incoming, Error>;

    /// Protects `data`, for which the output has room. Returns how many bytes of it were taken.
    fn write(&mut self, data: &[u8]) -> Result<usize, Error>;

    /// Sends close_notify, unless it was sent.
    fn close(&mut self) -> Result<(), Error>;

    /// What a completed handshake negotiated.
    fn negotiated(&self) -> Option<Negotiated>;

    /// Gives back the library's own buffers, as far as an idle connection does not need them.
    fn release_buffers(&mut self) {}
}

/// What a connection has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// So many bytes of application data.
    Data(usize),
    /// Nothing: it needs more bytes from the peer.
    Nothing,
    /// close_notify.
    Closed,
}

/// What lies between a library and the transport. The library reads from it and writes to it, and never has to wait to write.
pub struct Buffers {
    /// Bytes from the peer.
    pub input: Buffer,
    /// Bytes for the peer.
    pub output: Buffer,
}

impl Buffers {
    /// Empty ones.
    pub fn new(room: Room) -> Self {
        Self { input: Buffer::new(room.input_bytes), output: Buffer::new(room.output_bytes) }
    }
}

impl Read for Buffers {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = self.input.filled().read(space)?;
        self.input.consume(count);
        Ok(count)
    }
}

impl Write for Buffers {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An endpoint of a library that copies.
pub struct CopyingEndpoint<C> {
    connection: C,
    /// Where application data is read to.
    plaintext: Vec<u8>,
    record_overhead: usize,
    is_handshaking: bool,
    /// The peer has sent close_notify.
    is_peer_closed: bool,
    /// The error that ended the connection.
    failure: Option<String>,
}

impl<C: Connection> CopyingEndpoint<C> {
    /// The client of a new connection, with its ClientHello. A record adds `record_overhead` bytes to the data in it.
    pub fn client(connection: C, record_overhead: usize) -> Result<Self, Error> {
        // What is different is that it speaks first.
        let mut client = Self::server(connection, record_overhead);
        client.shake_hands()?;
        Ok(client)
    }

    /// The server of a new connection.
    pub const fn server(connection: C, record_overhead: usize) -> Self {
        Self {
            connection,
            plaintext: Vec::new(),
            record_overhead,
            is_handshaking: true,
            is_peer_closed: false,
            failure: None,
        }
    }

    fn shake_hands(&mut self) -> Result<(), Error> {
        let is_complete = self.connection.shake_hands();
        self.is_handshaking = !self.noting_failure(is_complete)?;
        Ok(())
    }

    fn has_nothing_to_process(&self) -> bool {
        self.connection.buffers().input.is_empty() && self.connection.is_drained()
    }

    /// Remembers an error, behind which the library's alert is in the output.
    #[inline]
    fn noting_failure<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        outcome.inspect_err(|error| self.failure = Some(error.to_string()))
    }

    /// After a failure nothing is processed any more.
    fn check_intact(&self) -> Result<(), Error> {
        self.failure.as_ref().map_or(Ok(()), |failure| Err(Error::Failed(failure.clone())))
    }
}

impl<C: Connection> Endpoint for CopyingEndpoint<C> {
    #[inline]
    fn outgoing(&self) -> &[u8] {
        self.connection.buffers().output.filled()
    }

    #[inline]
    fn sent(&mut self, count: usize) {
        self.connection.buffers_mut().output.consume(count);
    }

    #[inline]
    fn space(&mut self) -> &mut [u8] {
        self.connection.buffers_mut().input.spare()
    }

    #[inline]
    fn filled(&mut self, count: usize) {
        self.connection.buffers_mut().input.added(count);
    }

    #[inline]
    fn unprocessed(&self) -> usize {
        self.connection.buffers().input.len()
    }

    #[inline]
    fn receive(&mut self, mut on_data: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<Received, Error> {
        self.check_intact()?;
        if self.is_handshaking && !self.has_nothing_to_process() {
            self.shake_hands()?;
        }
        while !self.is_peer_closed {
            if self.is_handshaking || self.has_nothing_to_process() {
                return Ok(Received::NeedsInput);
            }
            self.plaintext.resize(RECORD_CONTENT_MAX, 0);
            let incoming = self.connection.read(&mut self.plaintext);
            match self.noting_failure(incoming)? {
                Incoming::Data(count) => on_data(&self.plaintext[..count])?,
                Incoming::Nothing => return Ok(Received::NeedsInput),
                Incoming::Closed => self.is_peer_closed = true,
            }
        }
        // What comes after close_notify is ignored (RFC 8446 6.1).
        self.connection.buffers_mut().input.clear();
        Ok(Received::Closed)
    }

    #[inline]
    fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.check_intact()?;
        if self.is_handshaking {
            let message = format!("{}: nothing can be sent before the handshake is complete", C::NAME);
            return Err(Error::Failed(message));
        }
        let count = self.connection.buffers().output.fitting(data.len(), self.record_overhead);
        if count == 0 {
            return Ok(0);
        }
        let written = self.connection.write(&data[..count]);
        self.noting_failure(written)
    }

    fn close(&mut self) -> Result<(), Error> {
        // After a failure there was an alert instead.
        if self.failure.is_some() {
            return Ok(());
        }
        let closed = self.connection.close();
        self.noting_failure(closed)
    }

    fn end_of_input(&mut self) -> Result<(), Error> {
        // Anybody can end the peer's bytes without close_notify (RFC 8446 6.1).
        let cut_off = || Error::Failed(format!("{}: the peer closed the connection without close_notify", C::NAME));
        if self.is_peer_closed { Ok(()) } else { Err(cut_off()) }
    }

    fn is_handshaking(&self) -> bool {
        self.is_handshaking
    }

    fn negotiated(&self) -> Option<Negotiated> {
        if self.is_handshaking { None } else { self.connection.negotiated() }
    }

    fn release_buffers(&mut self) {
        let buffers = self.connection.buffers_mut();
        buffers.input.release_if_empty();
        buffers.output.release_if_empty();
        self.plaintext = Vec::new();
        self.connection.release_buffers();
    }
}
