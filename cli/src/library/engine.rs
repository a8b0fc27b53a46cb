use std::sync::Arc;

use rustls_pki_types::ServerName;
use tls_engine::Authentication;
use tls_engine::conn::{ClientConfig, Connection, Progress, ServerConfig};
use tls_engine::counters::Counters;
use tls_engine::mem::{BufferPool, InBuf, OutBuf};

use super::{Endpoint, Library, Negotiated, Received, Room};
use crate::error::Error;

/// The engine of this project.
#[derive(Clone)]
pub struct Engine {
    /// The client.
    pub client: Arc<ClientConfig>,
    /// The server.
    pub server: Arc<ServerConfig>,
    /// The name that the client asks for and verifies.
    pub name: ServerName<'static>,
    /// The pool that both ends take buffers from.
    pub pool: BufferPool,
}

/// What a client sends as early data where that is asked for: about as much as a request.
pub const EARLY_DATA: [u8; 100] = [0x6e; 100];

/// A connection with its two buffers.
pub struct EngineEndpoint {
    connection: Connection,
    /// How much early data a server has received, bytes.
    early_bytes: usize,
    /// Bytes from the peer; records are opened in place.
    input: InBuf,
    /// Bytes for the peer.
    output: OutBuf,
}

impl Library for Engine {
    type Client = EngineEndpoint;
    type Server = EngineEndpoint;

    fn client(&self, room: Room) -> Result<EngineEndpoint, Error> {
        EngineEndpoint::client(&self.client, self.name.clone(), &self.pool, room)
    }

    fn server(&self, room: Room) -> Result<EngineEndpoint, Error> {
        Ok(EngineEndpoint {
            connection: Connection::server(&self.server),
            early_bytes: 0,
            input: InBuf::pooled(&self.pool, room.input_bytes),
            output: OutBuf::pooled(&self.pool, room.output_bytes),
        })
    }
}

impl EngineEndpoint {
    /// A client of a server elsewhere.
    pub fn client(
        config: &Arc<ClientConfig>,
        name: ServerName<'static>,
        pool: &BufferPool,
        room: Room,
    ) -> Result<Self, Error> {
        let mut output = OutBuf::pooled(pool, room.output_bytes);
        let mut connection = Connection::client(config, name, &mut output)?;
        if connection.early_data_room() > 0 {
            connection.write_early_data(&EARLY_DATA, &mut output)?;
        }
        Ok(Self { connection, early_bytes: 0, input: InBuf::pooled(pool, room.input_bytes), output })
    }
}

impl EngineEndpoint {
    /// Takes early data of a client, and fails unless it is what was sent.
    fn take_early_data(&mut self) -> Result<(), Error> {
        if self.connection.has_early_data() {
            let data = self.connection.take_early_data();
            if EARLY_DATA.get(self.early_bytes..self.early_bytes + data.len()) != Some(&data) {
                return Err(Error::Failed("other early data was received than was sent".to_owned()));
            }
            self.early_bytes += data.len();
        }
        Ok(())
    }
}

impl Endpoint for EngineEndpoint {
    #[inline]
    fn outgoing(&self) -> &[u8] {
        self.output.waiting()
    }

    #[inline]
    fn sent(&mut self, count: usize) {
        self.output.sent(count);
    }

    #[inline]
    fn space(&mut self) -> &mut [u8] {
        self.input.spare()
    }

    #[inline]
    fn filled(&mut self, count: usize) {
        self.input.filled(count);
    }

    #[inline]
    fn unprocessed(&self) -> usize {
        self.input.len()
    }

    #[inline]
    fn receive(&mut self, mut on_data: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<Received, Error> {
        loop {
            match self.connection.read_tls(&mut self.input, &mut self.output)? {
                Progress::Data(data) => on_data(data)?,
                Progress::Advanced => self.take_early_data()?,
                // These configurations pause for nothing.
                Progress::NeedInput | Progress::Paused => return Ok(Received::NeedsInput),
                Progress::Closed => return Ok(Received::Closed),
            }
        }
    }

    #[inline]
    fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
        Ok(self.connection.write_tls(&[data], &mut self.output)?)
    }

    fn close(&mut self) -> Result<(), Error> {
        self.connection.close(&mut self.output);
        Ok(())
    }

    fn end_of_input(&mut self) -> Result<(), Error> {
        Ok(self.connection.end_of_input()?)
    }

    fn is_handshaking(&self) -> bool {
        !self.connection.is_ready()
    }

    fn negotiated(&self) -> Option<Negotiated> {
        Negotiated::of_engine(&self.connection)
    }

    fn uses_external_psk(&self) -> bool {
        self.connection.negotiated().is_some_and(|negotiated| negotiated.authentication == Authentication::ExternalPsk)
    }

    fn release_buffers(&mut self) {
        self.input.release_if_empty();
        self.output.release_if_empty();
    }

    fn sealed(&self) -> Option<Counters> {
        Some(self.connection.sealed())
    }

    fn opened(&self) -> Option<Counters> {
        Some(self.connection.opened())
    }
}

impl Negotiated {
    /// What a connection of the engine has negotiated, once its handshake has completed.
    pub fn of_engine(connection: &Connection) -> Option<Self> {
        let negotiated = connection.negotiated()?;
        Some(Self {
            version: negotiated.version,
            suite: negotiated.suite,
            group: negotiated.group,
            signature: negotiated.signature(),
            alpn: negotiated.alpn.as_deref().map(<[u8]>::to_vec),
            hello_retry: Some(negotiated.hello_retry),
            is_resumed: negotiated.is_resumed(),
            early_data: negotiated.early_data,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::identity::Identity;
    use tls_engine::codes::CipherSuite;
    use tls_engine::crypto::Provider;
    use tls_engine::mem::PoolOptions;
    use tls_engine::pki::ServerVerifier;
    use tls_engine::switches::Switches;

    /// The engine with `suite` and the fastest cryptography.
    pub(crate) fn engine(suite: CipherSuite, records_per_key: Option<u64>, zero_copy: bool) -> Engine {
        let provider = Provider::auto();
        let (identity, authority) = Identity::generate().expect("an identity");
        let verifier = ServerVerifier::new(&[authority.certificate]).expect("a verifier");
        let switches = Switches { zero_copy, ..Switches::default() };
        let mut client = ClientConfig::builder(provider).suites(&[suite]).switches(switches).verifier(verifier);
        let key = identity.certified_key(provider).expect("a key");
        let mut server = ServerConfig::builder(provider).suites(&[suite]).switches(switches).certificate(key);
        if let Some(records) = records_per_key {
            client = client.records_per_key(records);
            server = server.records_per_key(records);
        }
        Engine {
            client: client.build().expect("a client"),
            server: server.build().expect("a server"),
            name: ServerName::try_from("localhost").expect("a name"),
            pool: BufferPool::new(switches.buffer_pool, PoolOptions::default()),
        }
    }
}
