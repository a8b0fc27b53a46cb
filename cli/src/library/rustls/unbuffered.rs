use std::ops::DerefMut;
use std::sync::Arc;

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedConnectionCommon, UnbufferedStatus};
use rustls_pki_types::ServerName;

use super::{Configs, Cryptography, failed, negotiated};
use crate::error::Error;
use crate::library::buffers::{Incoming, Outgoing};
use crate::library::{Endpoint, Library, Negotiated, Received, Room, Setup, wire_bytes};

/// The space that is offered for a handshake record at first, bytes.
const FLIGHT_BYTES: usize = 4096;

/// rustls in its caller's buffers: records are opened in place, and sealed from the caller's data straight into them.
#[derive(Clone)]
pub struct RustlsUnbuffered {
    configs: Configs,
    name: ServerName<'static>,
}

impl RustlsUnbuffered {
    /// rustls as `setup` says. An error if it lacks something.
    pub fn new(setup: &Setup, cryptography: Cryptography) -> Result<Self, Error> {
        Ok(Self { configs: Configs::new(setup, cryptography)?, name: setup.name.clone() })
    }
}

impl Library for RustlsUnbuffered {
    type Client = Unbuffered<UnbufferedClientConnection>;
    type Server = Unbuffered<UnbufferedServerConnection>;

    fn client(&self, room: Room) -> Result<Self::Client, Error> {
        let connection = UnbufferedClientConnection::new(Arc::clone(&self.configs.client), self.name.clone());
        let mut client = Unbuffered::new(connection.map_err(failed)?, room);
        client.receive(|_| Ok(()))?;
        Ok(client)
    }

    fn server(&self, room: Room) -> Result<Self::Server, Error> {
        Ok(Unbuffered::new(UnbufferedServerConnection::new(Arc::clone(&self.configs.server)).map_err(failed)?, room))
    }
}

/// Processes records, which rustls defines for each side on its own.
pub trait Process: DerefMut<Target = UnbufferedConnectionCommon<Self::Data>> + Send + 'static {
    /// What the side keeps.
    type Data;

    /// See [`UnbufferedConnectionCommon`].
    fn process<'c, 'i>(&'c mut self, records: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;
}

impl Process for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(&'c mut self, records: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, ClientConnectionData> {
        self.process_tls_records(records)
    }
}

impl Process for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(&'c mut self, records: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, ServerConnectionData> {
        self.process_tls_records(records)
    }
}

/// A connection with its two buffers.
pub struct Unbuffered<C> {
    connection: C,
    input: Incoming,
    output: Outgoing,
    is_closed_by_peer: bool,
}

/// What follows from a state of the connection.
enum Step {
    Again,
    Done(Received),
}

impl<C: Process> Unbuffered<C> {
    fn new(connection: C, room: Room) -> Self {
        Self {
            connection,
            input: Incoming::new(room.input_bytes),
            output: Outgoing::new(room.output_bytes),
            is_closed_by_peer: false,
        }
    }

    /// Processes the received records up to the next state that the connection tells.
    fn step(&mut self, on_data: &mut impl FnMut(&[u8]) -> Result<(), Error>) -> Result<Step, Error> {
        let UnbufferedStatus { mut discard, state, .. } = self.connection.process(self.input.waiting_mut());
        let step = match state.map_err(failed)? {
            ConnectionState::ReadTraffic(mut traffic) => {
                while let Some(record) = traffic.next_record() {
                    let record = record.map_err(failed)?;
                    discard += record.discard;
                    on_data(record.payload)?;
                }
                Step::Again
            }
            ConnectionState::EncodeTlsData(mut flight) => {
                let mut space = FLIGHT_BYTES;
                loop {
                    match flight.encode(self.output.space(space)) {
                        Ok(count) => break self.output.filled(count),
                        Err(EncodeError::InsufficientSize(needed)) => space = needed.required_size,
                        Err(error) => return Err(Error::Failed(format!("rustls: {error}"))),
                    }
                }
                Step::Again
            }
            ConnectionState::TransmitTlsData(flight) => {
                flight.done();
                Step::Again
            }
            ConnectionState::BlockedHandshake | ConnectionState::WriteTraffic(_) => Step::Done(Received::NeedsInput),
            ConnectionState::PeerClosed | ConnectionState::Closed => {
                self.is_closed_by_peer = true;
                Step::Done(Received::Closed)
            }
            other => return Err(Error::Failed(format!("rustls: unexpected state: {other:?}"))),
        };
        self.input.consume(discard);
        Ok(step)
    }
}

impl<C: Process> Endpoint for Unbuffered<C> {
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
        loop {
            match self.step(&mut on_data) {
                Ok(Step::Again) => {}
                Ok(Step::Done(received)) => return Ok(received),
                Err(error) => {
                    // Nothing that came is looked at again; what remains to be written is the alert, if there is one.
                    self.input.consume(self.input.waiting().len());
                    while matches!(self.step(&mut |_| Ok(())), Ok(Step::Again)) {}
                    return Err(error);
                }
            }
        }
    }

    fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
        let needed = wire_bytes(data.len());
        if !self.output.has_room(needed) {
            return Ok(0);
        }
        let UnbufferedStatus { state, .. } = self.connection.process(&mut []);
        let ConnectionState::WriteTraffic(mut traffic) = state.map_err(failed)? else {
            return Err(Error::Failed("rustls: the connection does not take data".to_owned()));
        };
        let mut space = needed;
        loop {
            match traffic.encrypt(data, self.output.space(space)) {
                Ok(count) => break self.output.filled(count),
                Err(EncryptError::InsufficientSize(needed)) => space = needed.required_size,
                Err(error) => return Err(Error::Failed(format!("rustls: {error}"))),
            }
        }
        Ok(data.len())
    }

    fn close(&mut self) -> Result<(), Error> {
        let UnbufferedStatus { state, .. } = self.connection.process(&mut []);
        match state.map_err(failed)? {
            ConnectionState::WriteTraffic(mut traffic) => {
                let count = traffic
                    .queue_close_notify(self.output.space(FLIGHT_BYTES))
                    .map_err(|error| Error::Failed(format!("rustls: {error}")))?;
                self.output.filled(count);
                Ok(())
            }
            ConnectionState::PeerClosed | ConnectionState::Closed => Ok(()),
            _ => Err(Error::Failed("rustls: the connection can't be closed now".to_owned())),
        }
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
