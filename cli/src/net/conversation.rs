use std::io::{self, ErrorKind};
use std::time::Instant;

use tls_engine::conn::Connection;
use tls_engine::io::{Socket, Stream, StreamError, StreamParts};
use tls_engine::mem::{BufferPool, InBuf, OutBuf, PoolOptions};
use tls_engine::switches::BufferPoolKind;

use super::deadline_socket::{DeadlineSocket, Traffic};
use crate::error::Error;
use crate::interrupt;

/// The size of each buffer of a conversation, bytes: a few records.
const BUFFER_BYTES: usize = 64 << 10;

/// A TLS connection over a socket, on which every wait has a deadline.
pub struct Conversation {
    stream: Stream<DeadlineSocket>,
}

/// The reason why a conversation ended.
#[derive(Debug)]
pub enum Failure {
    /// TLS failed.
    Tls(tls_engine::Error),
    /// The transport ended during the handshake.
    Cut,
    /// The transport failed.
    Transport(io::Error),
    /// The deadline passed.
    Late,
    /// Ctrl-C.
    Interrupted,
}

impl Conversation {
    /// Starts a conversation. A client's first bytes are already in `output`.
    pub fn new(connection: Connection, socket: Socket, output: OutBuf, pool: &BufferPool) -> io::Result<Self> {
        let input = InBuf::pooled(pool, BUFFER_BYTES);
        Ok(Self { stream: Stream::new(connection, DeadlineSocket::new(socket)?, input, output) })
    }

    /// An output buffer of the usual size.
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

    /// The parts, to be driven in another way. The socket is non-blocking.
    pub fn into_parts(self) -> io::Result<StreamParts<DeadlineSocket>> {
        self.stream.transport().wait_until(None)?;
        Ok(self.stream.into_parts())
    }

    /// What the socket has carried so far.
    pub const fn traffic(&self) -> Traffic {
        self.stream.transport().traffic()
    }

    /// Completes the handshake before `deadline`.
    pub fn handshake(&mut self, deadline: Instant) -> Result<(), Failure> {
        self.wait_until(Some(deadline))?;
        match self.stream.handshake() {
            Err(StreamError::Tls(tls_engine::Error::Truncated)) => Err(Failure::Cut),
            result => Ok(result?),
        }
    }

    fn wait_until(&self, deadline: Option<Instant>) -> Result<(), Failure> {
        Ok(self.stream.transport().wait_until(deadline)?)
    }
}

impl Failure {
    /// The error to report, with `target` as the peer.
    pub fn with_target(self, target: &str) -> Error {
        match self {
            Self::Tls(source) => Error::Tls { target: target.to_owned(), source },
            Self::Cut => Error::Cut { target: target.to_owned() },
            Self::Transport(source) => Error::io(format!("talking to {target}"), source),
            Self::Late => Error::Late { target: target.to_owned() },
            Self::Interrupted => Error::Interrupted,
        }
    }

    /// Whether the peer has closed or reset the transport.
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
