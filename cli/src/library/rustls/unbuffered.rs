use std::ops::DerefMut;
use std::sync::Arc;

use rustls::client::UnbufferedClientConnection;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedConnectionCommon, UnbufferedStatus,
    WriteTraffic,
};

use super::{Configs, RustlsCrypto, RustlsCryptography, check_intact, check_ready, failed, negotiated, truncated};
use crate::error::Error;
use crate::library::buffers::Buffer;
use crate::library::{Endpoint, Library, Negotiated, Received, Room, Setup};

/// How far the input grows for a handshake message in many records, bytes. rustls accepts messages of up to 64 KiB, and needs all
/// records of one at once.
const HANDSHAKE_INPUT_MAX: usize = 1 << 18;

/// rustls in its caller's buffers: records are opened in the input, and sealed into the output.
#[derive(Clone)]
pub struct RustlsUnbuffered(pub(super) Configs);

impl RustlsUnbuffered {
    /// Both ends as `setup` says.
    pub fn new(setup: &Setup, crypto: RustlsCrypto) -> Result<Self, Error> {
        Self::with_cryptography(setup, crypto.cryptography())
    }

    /// Both ends as `setup` says, with any cryptography.
    pub fn with_cryptography(setup: &Setup, cryptography: RustlsCryptography) -> Result<Self, Error> {
        Configs::new(setup, cryptography).map(Self)
    }
}

impl Library for RustlsUnbuffered {
    type Client = UnbufferedEndpoint<UnbufferedClientConnection>;
    type Server = UnbufferedEndpoint<UnbufferedServerConnection>;

    fn client(&self, room: Room) -> Result<Self::Client, Error> {
        let client = UnbufferedClientConnection::new(Arc::clone(&self.0.client), self.0.name.clone());
        let mut endpoint = UnbufferedEndpoint::new(client.map_err(failed)?, self.0.record_overhead, room);
        endpoint.receive(|_| Ok(()))?;
        Ok(endpoint)
    }

    fn server(&self, room: Room) -> Result<Self::Server, Error> {
        let server = UnbufferedServerConnection::new(Arc::clone(&self.0.server)).map_err(failed)?;
        Ok(UnbufferedEndpoint::new(server, self.0.record_overhead, room))
    }
}

/// A client or a server: what rustls has twice, with the same meaning.
pub trait Unbuffered: DerefMut<Target = UnbufferedConnectionCommon<Self::Side>> + Send + 'static {
    /// What rustls tells the sides apart with.
    type Side;

    /// Processes the records in `input` until there is something to do for the caller.
    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Side>;
}

impl Unbuffered for UnbufferedClientConnection {
    type Side = rustls::client::ClientConnectionData;

    #[inline]
    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Side> {
        self.process_tls_records(input)
    }
}

impl Unbuffered for UnbufferedServerConnection {
    type Side = rustls::server::ServerConnectionData;

    #[inline]
    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Side> {
        self.process_tls_records(input)
    }
}

/// A connection with its two buffers.
pub struct UnbufferedEndpoint<C> {
    connection: C,
    input: Buffer,
    /// How much of the input rustls has seen: the beginning of a record, or of a handshake message.
    seen: usize,
    output: Buffer,
    record_overhead: usize,
    /// The peer has sent close_notify.
    is_peer_closed: bool,
    /// The error that ended the connection.
    failure: Option<rustls::Error>,
}

/// What a step of the connection led to.
enum Step {
    /// There may be more to do.
    Advanced,
    /// All that was received is processed.
    Done,
}

impl<C: Unbuffered> UnbufferedEndpoint<C> {
    fn new(connection: C, record_overhead: usize, room: Room) -> Self {
        Self {
            connection,
            input: Buffer::new(room.input_bytes),
            seen: 0,
            output: Buffer::new(room.output_bytes),
            record_overhead,
            is_peer_closed: false,
            failure: None,
        }
    }

    #[inline]
    fn step(&mut self, on_data: &mut impl FnMut(&[u8]) -> Result<(), Error>) -> Result<Step, Error> {
        let UnbufferedStatus { mut discard, state, .. } = self.connection.process(self.input.filled_mut());
        let mut outcome = Ok(Step::Advanced);
        match state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                while let Some(record) = traffic.next_record() {
                    let record = record.map_err(failed)?;
                    discard += record.discard;
                    if let Err(error) = on_data(record.payload) {
                        outcome = Err(error);
                        break;
                    }
                }
            }
            Ok(ConnectionState::EncodeTlsData(data)) => encode(data, &mut self.output)?,
            // It is in the output, which is sent in order.
            Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
            Ok(ConnectionState::PeerClosed) => self.is_peer_closed = true,
            Ok(ConnectionState::WriteTraffic(_) | ConnectionState::BlockedHandshake | ConnectionState::Closed) => {
                outcome = Ok(Step::Done);
            }
            Ok(other) => outcome = Err(unexpected(&other)),
            Err(error) => return Err(self.fail(error)),
        }
        self.input.consume(discard);
        self.seen = if matches!(outcome, Ok(Step::Done)) { self.input.len() } else { 0 };
        outcome
    }

    /// Puts what rustls wants to tell the peer about `error` into the output. As long as it wants to write, it does that before it
    /// looks at the input.
    #[cold]
    fn fail(&mut self, error: rustls::Error) -> Error {
        let told = failed(&error);
        self.failure = Some(error);
        while self.connection.wants_write() {
            let Ok(ConnectionState::EncodeTlsData(data)) = self.connection.process(self.input.filled_mut()).state
            else {
                break;
            };
            if encode(data, &mut self.output).is_err() {
                break;
            }
        }
        told
    }

    /// Calls `write` with the state in which rustls writes records; `None` where that is not reached.
    ///
    /// rustls finds the beginning of a handshake message by its place in the input. So it gets what it has seen of that, and
    /// nothing new, which could be data to be received.
    #[inline]
    fn write<T>(
        &mut self,
        mut write: impl FnMut(WriteTraffic<'_, C::Side>, &mut Buffer) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        loop {
            let UnbufferedStatus { discard, state, .. } =
                self.connection.process(&mut self.input.filled_mut()[..self.seen]);
            match state {
                Ok(ConnectionState::WriteTraffic(traffic)) => return write(traffic, &mut self.output).map(Some),
                Ok(ConnectionState::EncodeTlsData(data)) => encode(data, &mut self.output)?,
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::BlockedHandshake | ConnectionState::Closed) => return Ok(None),
                Ok(other) => return Err(unexpected(&other)),
                Err(error) => return Err(self.fail(error)),
            }
            self.input.consume(discard);
            self.seen -= discard;
        }
    }
}

impl<C: Unbuffered> Endpoint for UnbufferedEndpoint<C> {
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
            if matches!(self.step(&mut on_data)?, Step::Done) {
                if self.input.is_full() {
                    grow(&mut self.input)?;
                }
                return Ok(Received::NeedsInput);
            }
        }
        // What comes after close_notify is ignored (RFC 8446 6.1).
        self.input.clear();
        self.seen = 0;
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
        let data = &data[..count];
        let sealed = self.write(|mut traffic, output| append(output, |space| traffic.encrypt(data, space)))?;
        sealed.map(|()| count).ok_or_else(|| failed("the connection is closed"))
    }

    fn close(&mut self) -> Result<(), Error> {
        // After a failure there was an alert instead.
        if self.failure.is_none() {
            self.write(|mut traffic, output| append(output, |space| traffic.queue_close_notify(space)))?;
        }
        Ok(())
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
    }
}

fn encode<D>(mut data: EncodeTlsData<'_, D>, output: &mut Buffer) -> Result<(), Error> {
    let count = match data.encode(output.reserve(0)) {
        Err(EncodeError::InsufficientSize(size)) => data.encode(output.reserve(size.required_size)),
        done => done,
    };
    output.added(count.map_err(failed)?);
    Ok(())
}

/// Adds to the output what `write` puts into free space. rustls tells how much it needs, which is more than expected when
/// an answer to the peer goes before.
#[inline]
fn append(output: &mut Buffer, mut write: impl FnMut(&mut [u8]) -> Result<usize, EncryptError>) -> Result<(), Error> {
    let count = match write(output.reserve(0)) {
        Err(EncryptError::InsufficientSize(size)) => write(output.reserve(size.required_size)),
        done => done,
    };
    output.added(count.map_err(failed)?);
    Ok(())
}

/// Makes room in an input that is full of one handshake message, or of one record that is longer than TLS 1.3 allows.
#[cold]
fn grow(input: &mut Buffer) -> Result<(), Error> {
    if input.len() >= HANDSHAKE_INPUT_MAX {
        return Err(failed("a handshake message is spread over too many bytes of records"));
    }
    input.reserve(input.len());
    Ok(())
}

#[cold]
fn unexpected<D>(state: &ConnectionState<'_, '_, D>) -> Error {
    failed(format_args!("unexpected state {state:?}"))
}
