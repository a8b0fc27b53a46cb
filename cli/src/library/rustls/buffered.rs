use std::io::{self, Read, Write};
use std::ops::DerefMut;
use std::sync::Arc;

use rustls::{ClientConnection, ConnectionCommon, ServerConnection};
use tls_engine::limits::RECORD_CONTENT_MAX;

use super::{Configs, RustlsCrypto, RustlsCryptography, check_intact, check_ready, failed, negotiated, truncated};
use crate::error::Error;
use crate::library::buffers::Buffer;
use crate::library::{Endpoint, Library, Negotiated, Received, Room, Setup};

/// rustls with buffers of its own, which is what most programs use: records are copied into them and out of them.
#[derive(Clone)]
pub struct Rustls(pub(super) Configs);

impl Rustls {
    /// Both ends as `setup` says.
    pub fn new(setup: &Setup, crypto: RustlsCrypto) -> Result<Self, Error> {
        Self::with_cryptography(setup, crypto.cryptography())
    }

    /// Both ends as `setup` says, with any cryptography.
    pub fn with_cryptography(setup: &Setup, cryptography: RustlsCryptography) -> Result<Self, Error> {
        Configs::new(setup, cryptography).map(Self)
    }
}

impl Library for Rustls {
    type Client = BufferedEndpoint<ClientConnection>;
    type Server = BufferedEndpoint<ServerConnection>;

    fn client(&self, room: Room) -> Result<Self::Client, Error> {
        let client = ClientConnection::new(Arc::clone(&self.0.client), self.0.name.clone()).map_err(failed)?;
        BufferedEndpoint::new(client, self.0.record_overhead, room)
    }

    fn server(&self, room: Room) -> Result<Self::Server, Error> {
        let server = ServerConnection::new(Arc::clone(&self.0.server)).map_err(failed)?;
        BufferedEndpoint::new(server, self.0.record_overhead, room)
    }
}

/// A connection with the caller's side of its buffers.
pub struct BufferedEndpoint<C> {
    connection: C,
    input: Buffer,
    output: Buffer,
    /// Where application data is read to.
    plaintext: Vec<u8>,
    record_overhead: usize,
    /// The peer has sent close_notify.
    is_peer_closed: bool,
    /// The error that ended the connection.
    failure: Option<rustls::Error>,
}

impl<C, D> BufferedEndpoint<C>
where
    C: DerefMut<Target = ConnectionCommon<D>>,
{
    fn new(mut connection: C, record_overhead: usize, room: Room) -> Result<Self, Error> {
        // What is written leaves the connection at once, so that the output's capacity is the bound.
        connection.set_buffer_limit(None);
        let mut endpoint = Self {
            connection,
            input: Buffer::new(room.input_bytes),
            output: Buffer::new(room.output_bytes),
            plaintext: Vec::new(),
            record_overhead,
            is_peer_closed: false,
            failure: None,
        };
        endpoint.take_records()?;
        Ok(endpoint)
    }

    /// Moves all records that wait in the connection to the output.
    fn take_records(&mut self) -> Result<(), Error> {
        while self.connection.wants_write() {
            self.connection.write_tls(&mut self.output).map_err(failed)?;
        }
        Ok(())
    }

    /// Passes on all application data that waits in the connection.
    fn read_plaintext(&mut self, on_data: &mut impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        if self.connection.is_handshaking() {
            return Ok(());
        }
        self.plaintext.resize(RECORD_CONTENT_MAX, 0);
        loop {
            match self.connection.reader().read(&mut self.plaintext) {
                Ok(0) => return Ok(()),
                Ok(count) => on_data(&self.plaintext[..count])?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

impl<C, D> Endpoint for BufferedEndpoint<C>
where
    C: DerefMut<Target = ConnectionCommon<D>> + Send + 'static,
{
    #[inline]
    fn outgoing(&self) -> &[u8] {
        self.output.filled()
    }

    #[inline]
    fn sent(&mut self, count: usize) {
        self.output.consume(count);
    }

    #[inline]
    fn space(&mut self) -> &mut [u8] {
        self.input.spare()
    }

    #[inline]
    fn filled(&mut self, count: usize) {
        self.input.added(count);
    }

    #[inline]
    fn unprocessed(&self) -> usize {
        self.input.len()
    }

    #[inline]
    fn receive(&mut self, mut on_data: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<Received, Error> {
        check_intact(self.failure.as_ref())?;
        while !self.is_peer_closed {
            if self.input.is_empty() {
                return Ok(Received::NeedsInput);
            }
            let count = self.connection.read_tls(&mut self.input.filled()).map_err(failed)?;
            self.input.consume(count);
            let processed = self.connection.process_new_packets();
            // An error, too, leaves an alert to be sent, and the data that came before it.
            self.take_records()?;
            self.read_plaintext(&mut on_data)?;
            match processed {
                Ok(state) => self.is_peer_closed = state.peer_has_closed(),
                Err(error) => return Err(failed(self.failure.insert(error))),
            }
        }
        // What comes after close_notify is ignored (RFC 8446 6.1).
        self.input.clear();
        Ok(Received::Closed)
    }

    #[inline]
    fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
        check_intact(self.failure.as_ref())?;
        check_ready(&self.connection)?;
        let count = self.output.fitting(data.len(), self.record_overhead);
        if count == 0 {
            return Ok(0);
        }
        let before = self.output.len();
        self.connection.writer().write_all(&data[..count]).map_err(failed)?;
        self.take_records()?;
        // In TLS 1.2, which has no new keys, rustls ends the connection instead of sealing too much with the old ones, and says
        // nothing.
        if self.output.len() - before < count {
            return Err(failed("the keys have sealed as much as they may"));
        }
        Ok(count)
    }

    fn close(&mut self) -> Result<(), Error> {
        self.connection.send_close_notify();
        self.take_records()
    }

    fn end_of_input(&mut self) -> Result<(), Error> {
        if self.is_peer_closed { Ok(()) } else { Err(truncated()) }
    }

    fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    fn negotiated(&self) -> Option<Negotiated> {
        negotiated(&self.connection)
    }

    fn release_buffers(&mut self) {
        self.input.release_if_empty();
        self.output.release_if_empty();
        self.plaintext = Vec::new();
        // A program that waits for its peer reads until nothing comes. There rustls shrinks its own buffer. What it could fail
        // with is told by the next call.
        self.connection.read_tls(&mut Silence).ok();
    }
}

/// A transport on which nothing has come.
struct Silence;

impl Read for Silence {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}
