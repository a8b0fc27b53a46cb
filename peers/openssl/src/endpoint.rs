use tls_engine::codes::ProtocolVersion;
use tlsbench::error::Error;
use tlsbench::library::{Buffers, Connection, CopyingEndpoint, Incoming, Negotiated, Room};

use crate::errors::failed;
use crate::name::NAME;
use crate::native;
use crate::native::ssl::{self, ErrorCode, ShutdownState, Ssl, SslRef, SslStream, SslVersion};

/// A connection over buffers in memory.
pub type SslEndpoint = CopyingEndpoint<SslConnection>;

/// What the library has of it.
pub struct SslConnection {
    stream: SslStream<Buffers>,
    role: Role,
    /// Whether servers send tickets in TLS 1.3.
    sends_tickets: bool,
}

/// The side of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server,
}

impl SslConnection {
    pub(crate) fn new(ssl: Ssl, role: Role, sends_tickets: bool, room: Room) -> Result<Self, Error> {
        Ok(Self { stream: SslStream::new(ssl, Buffers::new(room)).map_err(failed)?, role, sends_tickets })
    }

    #[cold]
    fn failed(&self, error: &ssl::Error) -> Error {
        match native::refusal(self.stream.ssl()) {
            Some(reason) => failed(format_args!("{error} ({reason})")),
            None => failed(error),
        }
    }
}

impl Drop for SslConnection {
    fn drop(&mut self) {
        native::mark_closed(&mut self.stream);
    }
}

impl Connection for SslConnection {
    const NAME: &'static str = NAME;

    #[inline]
    fn buffers(&self) -> &Buffers {
        self.stream.get_ref()
    }

    #[inline]
    fn buffers_mut(&mut self) -> &mut Buffers {
        self.stream.get_mut()
    }

    fn shake_hands(&mut self) -> Result<bool, Error> {
        let outcome = match self.role {
            Role::Client => self.stream.connect(),
            Role::Server => self.stream.accept(),
        };
        match outcome {
            Ok(()) => {
                if self.role == Role::Server && self.sends_tickets {
                    native::flush_tickets(&mut self.stream).map_err(|error| self.failed(&error))?;
                }
                Ok(true)
            }
            Err(error) if error.code() == ErrorCode::WANT_READ => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The library reads one record at a time.
    #[inline]
    fn is_drained(&self) -> bool {
        self.stream.ssl().pending() == 0
    }

    #[inline]
    fn read(&mut self, space: &mut [u8]) -> Result<Incoming, Error> {
        match self.stream.ssl_read(space) {
            Ok(count) => Ok(Incoming::Data(count)),
            Err(error) => match error.code() {
                ErrorCode::WANT_READ => Ok(Incoming::Nothing),
                ErrorCode::ZERO_RETURN => Ok(Incoming::Closed),
                _ => Err(self.failed(&error)),
            },
        }
    }

    #[inline]
    fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.stream.ssl_write(data).map_err(|error| self.failed(&error))
    }

    fn close(&mut self) -> Result<(), Error> {
        if !self.stream.get_shutdown().contains(ShutdownState::SENT) {
            self.stream.shutdown().map_err(|error| self.failed(&error))?;
        }
        Ok(())
    }

    fn negotiated(&self) -> Option<Negotiated> {
        let ssl = self.stream.ssl();
        Some(Negotiated {
            version: version(ssl)?,
            suite: native::suite(ssl)?,
            group: native::group(ssl),
            signature: native::signature(ssl),
            alpn: ssl.selected_alpn_protocol().map(<[u8]>::to_vec),
            hello_retry: native::hello_retry(ssl),
            is_resumed: ssl.session_reused(),
            early_data: false,
        })
    }

    fn release_buffers(&mut self) {
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
