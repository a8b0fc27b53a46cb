use std::io::{self, Read, Write};
use std::ops::DerefMut;
use std::sync::Arc;

use rustls::{ClientConnection, ConnectionCommon, ServerConnection, SideData};
use rustls_pki_types::ServerName;
use tls_engine::limits::RECORD_CONTENT_MAX;

use super::{Configs, Cryptography, failed, negotiated};
use crate::error::Error;
use crate::library::buffers::{Incoming, Outgoing};
use crate::library::{Endpoint, Library, Negotiated, Received, Room, Setup, wire_bytes};

/// rustls with buffers of its own: data is written to and read from it, and so are records.
#[derive(Clone)]
pub struct Rustls {
    configs: Configs,
    name: ServerName<'static>,
}

impl Rustls {
    /// rustls as `setup` says. An error if it lacks something.
    pub fn new(setup: &Setup, cryptography: Cryptography) -> Result<Self, Error> {
        Ok(Self { configs: Configs::new(setup, cryptography)?, name: setup.name.clone() })
    }
}

impl Library for Rustls {
    type Client = Buffered<ClientConnection>;
    type Server = Buffered<ServerConnection>;

    fn client(&self, room: Room) -> Result<Self::Client, Error> {
        let connection = ClientConnection::new(Arc::clone(&self.configs.client), self.name.clone()).map_err(failed)?;
        Buffered::new(connection, room)
    }

    fn server(&self, room: Room) -> Result<Self::Server, Error> {
        Buffered::new(ServerConnection::new(Arc::clone(&self.configs.server)).map_err(failed)?, room)
    }
}

/// A connection with the caller's buffers around it.
pub struct Buffered<C> {
    connection: C,
    input: Incoming,
    output: Outgoing,
    plaintext: Vec<u8>,
    is_closed_by_peer: bool,
}

impl<C, D: SideData> Buffered<C>
where
    C: DerefMut<Target = ConnectionCommon<D>>,
{
    fn new(mut connection: C, room: Room) -> Result<Self, Error> {
        connection.set_buffer_limit(None);
        let mut endpoint = Self {
            connection,
            input: Incoming::new(room.input_bytes),
            output: Outgoing::new(room.output_bytes),
            plaintext: Vec::new(),
            is_closed_by_peer: false,
        };
        endpoint.write_records()?;
        Ok(endpoint)
    }

    fn write_records(&mut self) -> Result<(), Error> {
        while self.connection.wants_write() {
            self.connection.write_tls(&mut self.output).map_err(|error| Error::io("rustls", error))?;
        }
        Ok(())
    }

    /// Passes on the data that is there.
    fn read_data(&mut self, on_data: &mut impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        self.plaintext.resize(RECORD_CONTENT_MAX, 0);
        loop {
            match self.connection.reader().read(&mut self.plaintext) {
                Ok(0) => return Ok(()),
                Ok(count) => on_data(&self.plaintext[..count])?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(Error::io("rustls", error)),
            }
        }
    }
}

impl<C, D: SideData> Endpoint for Buffered<C>
where
    C: DerefMut<Target = ConnectionCommon<D>> + Send + 'static,
{
    fn outgoing(&self) -> &[u8] {
        self.output.waiting()
    }

    fn sent(&mut self, count: usize) {
        self.output.sent(count);
    }

    fn space(&mut self) -> &mut [u8] {
        self.input.space()
    }

    fn filled(&mut self, count: usize) {
        self.input.filled(count);
    }

    fn unprocessed(&self) -> usize {
        self.input.waiting().len()
    }

    fn receive(&mut self, mut on_data: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<Received, Error> {
        while !self.input.waiting().is_empty() {
            let mut waiting = self.input.waiting();
            let taken = self.connection.read_tls(&mut waiting).map_err(|error| Error::io("rustls", error))?;
            self.input.consume(taken);
            let processed = self.connection.process_new_packets();
            // An answer, or the alert of an error.
            self.write_records()?;
            let state = processed.map_err(failed)?;
            self.is_closed_by_peer = state.peer_has_closed();
            if state.plaintext_bytes_to_read() > 0 {
                self.read_data(&mut on_data)?;
            }
            if taken == 0 {
                break;
            }
        }
        Ok(if self.is_closed_by_peer { Received::Closed } else { Received::NeedsInput })
    }

    fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
        if !self.output.has_room(wire_bytes(data.len())) {
            return Ok(0);
        }
        self.connection.writer().write_all(data).map_err(|error| Error::io("rustls", error))?;
        self.write_records()?;
        Ok(data.len())
    }

    fn close(&mut self) -> Result<(), Error> {
        self.connection.send_close_notify();
        self.write_records()
    }

    fn end_of_input(&mut self) -> Result<(), Error> {
        if self.is_closed_by_peer { Ok(()) } else { Err(tls_engine::Error::Truncated.into()) }
    }

    fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    fn negotiated(&self) -> Option<Negotiated> {
        negotiated(&self.connection)
    }
}
