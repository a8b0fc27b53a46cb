use std::task::Poll;

use s2n_tls::config::Config;
use s2n_tls::connection::Connection;
use s2n_tls::enums::{Blinding, Mode};
use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion};
use tls_engine::limits::RECORD_CONTENT_MAX;
use tlsbench::error::Error;
use tlsbench::library::{Buffer, Endpoint, Negotiated, Received, Room, Setup};

use crate::callbacks::{Buffers, Wired};
use crate::failed;
use crate::names::negotiated;

/// A connection of s2n-tls. It copies records from the input and into the output, and data to where the caller wants it.
pub struct S2nEndpoint {
    wired: Wired,
    /// Where application data is read to.
    plaintext: Vec<u8>,
    expected: Expected,
    is_handshaking: bool,
    /// This side has sent close_notify.
    is_closed: bool,
    /// The peer has sent close_notify.
    is_peer_closed: bool,
    /// The error that ended the connection.
    failure: Option<String>,
}

/// What has to be negotiated, and what follows from it.
#[derive(Clone)]
pub(crate) struct Expected {
    version: ProtocolVersion,
    suite: CipherSuite,
    groups: Vec<NamedGroup>,
    record_overhead: usize,
}

impl Expected {
    pub(crate) fn of(setup: &Setup) -> Self {
        Self {
            version: setup.version,
            suite: setup.suite,
            groups: setup.groups.clone(),
            record_overhead: setup.record_overhead(),
        }
    }

    /// An error if s2n-tls negotiated anything else, which a policy cannot rule out.
    fn check(&self, connection: &Connection) -> Result<(), String> {
        let Some(told) = negotiated(connection) else {
            return Err("what was negotiated is unknown".to_owned());
        };
        let group = told.group.filter(|group| self.groups.contains(group));
        if (told.version, told.suite) == (self.version, self.suite) && group.is_some() {
            return Ok(());
        }
        let group = told.group.map_or_else(|| "an unknown group".to_owned(), |group| group.to_string());
        Err(format!(
            "{}, {} and {group} were negotiated: it has no policy with only {}, {}",
            told.version, told.suite, self.version, self.suite
        ))
    }
}

impl S2nEndpoint {
    pub(crate) fn new(
        mode: Mode,
        config: &Config,
        server_name: Option<&str>,
        expected: &Expected,
        room: Room,
    ) -> Result<Self, Error> {
        let mut connection = Connection::new(mode);
        connection.set_config(config.clone()).map_err(failed)?;
        connection.set_blinding(Blinding::SelfService).map_err(failed)?;
        connection.prefer_throughput().map_err(failed)?;
        if let Some(name) = server_name {
            connection.set_server_name(name).map_err(failed)?;
        }
        let buffers = Buffers { input: Buffer::new(room.input_bytes), output: Buffer::new(room.output_bytes) };
        let mut endpoint = Self {
            wired: Wired::new(connection, buffers).map_err(failed)?,
            plaintext: Vec::new(),
            expected: expected.clone(),
            is_handshaking: true,
            is_closed: false,
            is_peer_closed: false,
            failure: None,
        };
        if mode == Mode::Client {
            endpoint.negotiate()?;
        }
        Ok(endpoint)
    }

    /// Goes on with the handshake, as far as the input allows.
    fn negotiate(&mut self) -> Result<(), Error> {
        match self.wired.negotiate() {
            Poll::Pending => Ok(()),
            Poll::Ready(Err(error)) => Err(self.fail(error.to_string())),
            Poll::Ready(Ok(())) => match self.expected.check(self.wired.connection()) {
                Ok(()) => {
                    self.is_handshaking = false;
                    Ok(())
                }
                // Its policies lack what was asked for, which is no failure of a connection.
                Err(unexpected) => {
                    self.failure = Some(unexpected.clone());
                    Err(Error::Usage(format!("s2n-tls: {unexpected}")))
                }
            },
        }
    }

    /// Receives data, or `Ok(0)` for close_notify.
    #[inline]
    fn read(&mut self) -> Poll<Result<usize, s2n_tls::error::Error>> {
        // In TLS 1.2 nothing but close_notify may come when this side is closed (RFC 5246 7.2.1).
        if self.is_closed && self.expected.version == ProtocolVersion::TLS12 {
            self.wired.shut_down().map_ok(|()| 0)
        } else {
            self.wired.receive(&mut self.plaintext)
        }
    }

    #[cold]
    fn fail(&mut self, error: String) -> Error {
        failed(self.failure.insert(error))
    }

    /// After a failure nothing is processed any more.
    fn check_intact(&self) -> Result<(), Error> {
        self.failure.as_ref().map_or(Ok(()), |error| Err(failed(error)))
    }
}

impl Endpoint for S2nEndpoint {
    #[inline]
    fn outgoing(&self) -> &[u8] {
        self.wired.buffers().output.filled()
    }

    #[inline]
    fn sent(&mut self, count: usize) {
        self.wired.buffers_mut().output.consume(count);
    }

    #[inline]
    fn space(&mut self) -> &mut [u8] {
        self.wired.buffers_mut().input.spare()
    }

    #[inline]
    fn filled(&mut self, count: usize) {
        self.wired.buffers_mut().input.added(count);
    }

    #[inline]
    fn unprocessed(&self) -> usize {
        self.wired.buffers().input.len()
    }

    #[inline]
    fn receive(&mut self, mut on_data: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<Received, Error> {
        self.check_intact()?;
        if self.is_handshaking {
            self.negotiate()?;
            if self.is_handshaking {
                return Ok(Received::NeedsInput);
            }
        }
        self.plaintext.resize(RECORD_CONTENT_MAX, 0);
        while !self.is_peer_closed {
            match self.read() {
                Poll::Ready(Ok(0)) => self.is_peer_closed = true,
                Poll::Ready(Ok(count)) => on_data(&self.plaintext[..count])?,
                Poll::Ready(Err(error)) => return Err(self.fail(error.to_string())),
                Poll::Pending => return Ok(Received::NeedsInput),
            }
        }
        // What comes after close_notify is ignored (RFC 8446 6.1).
        self.wired.buffers_mut().input.clear();
        Ok(Received::Closed)
    }

    #[inline]
    fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.check_intact()?;
        if self.is_handshaking {
            return Err(failed("nothing can be sent before the handshake is complete"));
        }
        let count = self.wired.buffers().output.fitting(data.len(), self.expected.record_overhead);
        if count == 0 {
            return Ok(0);
        }
        match self.wired.send(&data[..count]) {
            Poll::Ready(Ok(count)) => Ok(count),
            Poll::Ready(Err(error)) => Err(self.fail(error.to_string())),
            Poll::Pending => Err(failed("it waits, although the output takes all")),
        }
    }

    fn close(&mut self) -> Result<(), Error> {
        if self.failure.is_some() {
            return Ok(());
        }
        self.is_closed = true;
        match self.wired.shut_down_sending() {
            Poll::Ready(done) => done.map_err(failed),
            Poll::Pending => Err(failed("it waits, although the output takes all")),
        }
    }

    fn end_of_input(&mut self) -> Result<(), Error> {
        if self.is_peer_closed { Ok(()) } else { Err(failed("the peer closed the connection without close_notify")) }
    }

    fn is_handshaking(&self) -> bool {
        self.is_handshaking
    }

    fn negotiated(&self) -> Option<Negotiated> {
        if self.is_handshaking { None } else { negotiated(self.wired.connection()) }
    }

    fn release_buffers(&mut self) {
        self.plaintext = Vec::new();
        // It refuses while a part of a record is in its buffers, which then are needed.
        self.wired.release_buffers().ok();
    }
}
