use std::io::{self, BufRead, ErrorKind, Read};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use tls_engine::conn::Connection;
use tls_engine::io::{Socket, Stream, StreamError};
use tls_engine::mem::{BufferPool, InBuf, OutBuf, PoolOptions};
use tls_engine::switches::BufferPoolKind;

use super::patience::PatientSocket;
use crate::error::Error;
use crate::interrupt;

/// Each buffer of a conversation, bytes: a few records.
const BUFFER_BYTES: usize = 64 << 10;
/// How long, and how much, is read from a peer that is being left, so that what it was sent is not lost to a reset.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 256 << 10;

/// A TLS connection over a socket on which no wait is for ever.
pub struct Conversation {
    stream: Stream<PatientSocket>,
}

/// Why a conversation ended.
#[derive(Debug)]
pub enum Failure {
    /// TLS failed.
    Tls(tls_engine::Error),
    /// The transport ended within the handshake.
    Cut,
    /// The transport failed.
    Transport(io::Error),
    /// The deadline passed.
    Late,
    /// Ctrl-C.
    Interrupted,
}

impl Conversation {
    /// Begins a conversation; what a client wants to say first is in `output`.
    pub fn new(connection: Connection, socket: Socket, output: OutBuf, pool: &BufferPool) -> io::Result<Self> {
        let input = InBuf::pooled(pool, BUFFER_BYTES);
        Ok(Self { stream: Stream::new(connection, PatientSocket::new(socket)?, input, output) })
    }

    /// A buffer for what is sent, of the usual size.
    pub fn output_buffer(pool: &BufferPool) -> OutBuf {
        OutBuf::pooled(pool, BUFFER_BYTES)
    }

    /// A pool for the buffers of conversations.
    pub fn pool(kind: BufferPoolKind) -> BufferPool {
        BufferPool::new(kind, PoolOptions { buffer_bytes: BUFFER_BYTES, ..PoolOptions::default() })
    }

    /// The connection.
    pub const fn connection(&self) -> &Connection {
        self.stream.connection()
    }

    /// The parts, to be driven in another way; the socket does not block.
    pub fn into_parts(self) -> io::Result<(Connection, Socket, InBuf, OutBuf)> {
        let (connection, socket, input, output) = self.stream.into_parts();
        Ok((connection, socket.into_socket()?, input, output))
    }

    /// Carries the handshake to its end, before `deadline`.
    pub fn handshake(&mut self, deadline: Instant) -> Result<(), Failure> {
        self.wait_until(Some(deadline))?;
        match self.stream.handshake() {
            Err(StreamError::Tls(tls_engine::Error::Truncated)) => Err(Failure::Cut),
            result => Ok(result?),
        }
    }

    /// Waits for data, until `deadline`; false where the peer has said that it sends no more.
    pub fn wait(&mut self, deadline: Instant) -> Result<bool, Failure> {
        self.wait_until(Some(deadline))?;
        Ok(!self.stream.receive()?.is_empty())
    }

    /// Moves the data that [`Conversation::wait`] has found to the end of `data`.
    pub fn take(&mut self, data: &mut Vec<u8>) -> Result<(), Failure> {
        let found = self.stream.receive()?;
        data.extend_from_slice(found);
        let count = found.len();
        self.stream.consume(count);
        Ok(())
    }

    /// Drops the data that [`Conversation::wait`] has found, and tells how much it was.
    pub fn skip(&mut self) -> Result<usize, Failure> {
        let count = self.stream.receive()?.len();
        self.stream.consume(count);
        Ok(count)
    }

    /// Whether the peer has said that it sends no more. Does not wait; drops what data there is.
    pub fn is_over(&mut self) -> Result<bool, Failure> {
        self.wait_until(None)?;
        loop {
            match self.skip() {
                Ok(0) => return Ok(true),
                Ok(_) => {}
                Err(Failure::Late) => return Ok(false),
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Sends all of `data`, before `deadline`.
    pub fn send(&mut self, data: &[u8], deadline: Instant) -> Result<(), Failure> {
        self.wait_until(Some(deadline))?;
        Ok(self.stream.send(data)?)
    }

    /// Says that no more will be sent.
    pub fn close(&mut self, deadline: Instant) -> Result<(), Failure> {
        self.wait_until(Some(deadline))?;
        Ok(self.stream.close()?)
    }

    /// Says so to a peer that takes it at once; one that does not goes without.
    pub fn close_without_waiting(&mut self) {
        let _ = self.wait_until(None).and_then(|()| Ok(self.stream.close()?));
    }

    /// Leaves a peer that may still be sending: without reading what it sends, the system would answer with a reset, and
    /// the peer could lose the end of what it was sent.
    ///
    /// There is nobody to be told of a failure here: all that was to be said has been said.
    pub fn leave(mut self) {
        let is_told = self.close(Instant::now() + LINGER).is_ok();
        let (_, mut socket, ..) = self.stream.into_parts();
        let is_ended = socket.socket().tcp().shutdown(Shutdown::Write).is_ok();
        let (mut scratch, mut total) = ([0; 4096], 0);
        while is_told && is_ended && total < LINGER_BYTES {
            match socket.read(&mut scratch) {
                Ok(0) | Err(_) => break,
                Ok(count) => total += count,
            }
        }
    }

    fn wait_until(&self, deadline: Option<Instant>) -> Result<(), Failure> {
        Ok(self.stream.transport().wait_until(deadline)?)
    }
}

impl Failure {
    /// The error that tells about it, where the peer is `target`.
    pub fn with_target(self, target: &str) -> Error {
        match self {
            Self::Tls(source) => Error::Tls { target: target.to_owned(), source },
            Self::Cut => Error::Cut { target: target.to_owned() },
            Self::Transport(source) => Error::io(format!("talking to {target}"), source),
            Self::Late => Error::Late { target: target.to_owned() },
            Self::Interrupted => Error::Interrupted,
        }
    }

    /// Whether the peer has ended the transport, or reset it.
    pub fn is_gone(&self) -> bool {
        use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        match self {
            Self::Tls(error) => *error == tls_engine::Error::Truncated,
            Self::Transport(error) => matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset),
            _ => false,
        }
    }
}

impl From<StreamError> for Failure {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Tls(error) => Self::Tls(error),
            StreamError::Transport(error) => error.into(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::TimedOut if interrupt::requested() => Self::Interrupted,
            ErrorKind::TimedOut => Self::Late,
            _ => Self::Transport(error),
        }
    }
}
