use std::io::{self, ErrorKind, Read, Write};

use tls_engine::codes::ProtocolVersion;
use tls_engine::limits::RECORD_CONTENT_MAX;
use tlsbench::error::Error;
use tlsbench::library::{Buffer, Endpoint, Negotiated, Received, Room};

use crate::contexts::failed;
use crate::native;
use crate::native::ssl::{self, ErrorCode, ShutdownState, Ssl, SslRef, SslStream, SslVersion};

/// A connection over buffers in memory.
pub struct SslEndpoint {
    stream: SslStream<Memory>,
    role: Role,
    /// Where application data is read to.
    plaintext: Vec<u8>,
    record_overhead: usize,
    is_handshaking: bool,
    /// The peer has sent close_notify.
    is_peer_closed: bool,
    /// The error that ended the connection.
    failure: Option<String>,
}

/// The side of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server,
}

/// What the library reads from and writes to.
struct Memory {
    input: Buffer,
    output: Buffer,
}

impl Read for Memory {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = self.input.filled().read(space)?;
        self.input.consume(count);
        Ok(count)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SslEndpoint {
    pub(crate) fn new(ssl: Ssl, role: Role, record_overhead: usize, room: Room) -> Result<Self, Error> {
        let memory = Memory { input: Buffer::new(room.input_bytes), output: Buffer::new(room.output_bytes) };
        let mut endpoint = Self {
            stream: SslStream::new(ssl, memory).map_err(failed)?,
            role,
            plaintext: Vec::new(),
            record_overhead,
            is_handshaking: true,
            is_peer_closed: false,
            failure: None,
        };
        if role == Role::Client {
            endpoint.shake_hands()?;
        }
        Ok(endpoint)
    }

    fn shake_hands(&mut self) -> Result<(), Error> {
        let outcome = match self.role {
            Role::Client => self.stream.connect(),
            Role::Server => self.stream.accept(),
        };
        match outcome {
            Ok(()) => self.is_handshaking = false,
            Err(error) if error.code() == ErrorCode::WANT_READ => {}
            Err(error) => return Err(self.fail(&error)),
        }
        Ok(())
    }

    /// Whether neither the input nor the library has anything that is not processed. The library reads one record at a time.
    fn is_drained(&self) -> bool {
        self.stream.get_ref().input.is_empty() && self.stream.ssl().pending() == 0
    }

    /// Remembers the error, behind which the library's alert is in the output.
    #[cold]
    fn fail(&mut self, error: &ssl::Error) -> Error {
        let mut text = error.to_string();
        if let Some(reason) = native::refusal(self.stream.ssl()) {
            text = format!("{text} ({reason})");
        }
        failed(self.failure.insert(text))
    }

    /// After a failure nothing is processed any more.
    fn check_intact(&self) -> Result<(), Error> {
        self.failure.as_ref().map_or(Ok(()), |error| Err(failed(error)))
    }
}

impl Endpoint for SslEndpoint {
    #[inline]
    fn outgoing(&self) -> &[u8] {
        self.stream.get_ref().output.filled()
    }

    #[inline]
    fn sent(&mut self, count: usize) {
        self.stream.get_mut().output.consume(count);
    }

    #[inline]
    fn space(&mut self) -> &mut [u8] {
        self.stream.get_mut().input.spare()
    }

    #[inline]
    fn filled(&mut self, count: usize) {
        self.stream.get_mut().input.added(count);
    }

    #[inline]
    fn unprocessed(&self) -> usize {
        self.stream.get_ref().input.len()
    }

    #[inline]
    fn receive(&mut self, mut on_data: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<Received, Error> {
        self.check_intact()?;
        if self.is_handshaking && !self.is_drained() {
            self.shake_hands()?;
        }
        while !self.is_peer_closed {
            if self.is_handshaking || self.is_drained() {
                return Ok(Received::NeedsInput);
            }
            self.plaintext.resize(RECORD_CONTENT_MAX, 0);
            match self.stream.ssl_read(&mut self.plaintext) {
                Ok(count) => on_data(&self.plaintext[..count])?,
                Err(error) => match error.code() {
                    ErrorCode::WANT_READ => return Ok(Received::NeedsInput),
                    ErrorCode::ZERO_RETURN => self.is_peer_closed = true,
                    _ => return Err(self.fail(&error)),
                },
            }
        }
        // What comes after close_notify is ignored (RFC 8446 6.1).
        self.stream.get_mut().input.clear();
        Ok(Received::Closed)
    }

    #[inline]
    fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.check_intact()?;
        if self.is_handshaking {
            return Err(failed("nothing can be sent before the handshake is complete"));
        }
        let count = self.stream.get_ref().output.fitting(data.len(), self.record_overhead);
        if count == 0 {
            return Ok(0);
        }
        self.stream.ssl_write(&data[..count]).map_err(|error| self.fail(&error))
    }

    fn close(&mut self) -> Result<(), Error> {
        // After a failure there was an alert instead.
        if self.failure.is_none() && !self.stream.get_shutdown().contains(ShutdownState::SENT) {
            self.stream.shutdown().map_err(|error| self.fail(&error))?;
        }
        Ok(())
    }

    fn end_of_input(&mut self) -> Result<(), Error> {
        // The error when the peer's bytes end without close_notify (RFC 8446 6.1).
        if self.is_peer_closed { Ok(()) } else { Err(failed("the peer closed the connection without close_notify")) }
    }

    fn is_handshaking(&self) -> bool {
        self.is_handshaking
    }

    fn negotiated(&self) -> Option<Negotiated> {
        if self.is_handshaking {
            return None;
        }
        let ssl = self.stream.ssl();
        Some(Negotiated {
            version: version(ssl)?,
            suite: native::suite(ssl)?,
            group: native::group(ssl),
            signature: native::signature(ssl),
            alpn: ssl.selected_alpn_protocol().map(<[u8]>::to_vec),
            hello_retry: native::hello_retry(ssl),
            is_resumed: ssl.session_reused(),
        })
    }

    fn release_buffers(&mut self) {
        let memory = self.stream.get_mut();
        memory.input.release_if_empty();
        memory.output.release_if_empty();
        self.plaintext = Vec::new();
        native::release_buffers(&mut self.stream);
    }
}

fn version(ssl: &SslRef) -> Option<ProtocolVersion> {
    match ssl.version2()? {
        SslVersion::TLS1_3 => Some(ProtocolVersion::TLS13),
        SslVersion::TLS1_2 => Some(ProtocolVersion::TLS12),
        _ => None,
    }
}
