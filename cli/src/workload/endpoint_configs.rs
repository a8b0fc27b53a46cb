use std::sync::Arc;

use rustls_pki_types::ServerName;
use tls_engine::conn::{ClientConfig, Connection, ServerConfig};
use tls_engine::mem::{BufferPool, InBuf, OutBuf};

use super::ends::Endpoint;
use crate::error::Error;

/// The configuration of both ends of conversations on this machine.
#[derive(Clone)]
pub struct EndpointConfigs {
    /// The client.
    pub client: Arc<ClientConfig>,
    /// The server.
    pub server: Arc<ServerConfig>,
    /// The name that the client requests and verifies.
    pub name: ServerName<'static>,
    /// The pool that both ends take buffers from.
    pub pool: BufferPool,
}

impl EndpointConfigs {
    /// A client with buffers of these capacities. Its first bytes are already in the output.
    pub(super) fn client(&self, input_bytes: usize, output_bytes: usize) -> Result<Endpoint, Error> {
        client(&self.client, self.name.clone(), &self.pool, input_bytes, output_bytes)
    }

    /// A server with buffers of these capacities.
    pub(super) fn server(&self, input_bytes: usize, output_bytes: usize) -> Endpoint {
        Endpoint {
            connection: Connection::server(&self.server),
            input: InBuf::pooled(&self.pool, input_bytes),
            output: OutBuf::pooled(&self.pool, output_bytes),
        }
    }
}

/// A client of `name` with buffers of these capacities. Its first bytes are already in the output.
pub(super) fn client(
    config: &Arc<ClientConfig>,
    name: ServerName<'static>,
    pool: &BufferPool,
    input_bytes: usize,
    output_bytes: usize,
) -> Result<Endpoint, Error> {
    let mut output = OutBuf::pooled(pool, output_bytes);
    let connection = Connection::client(config, name, &mut output)?;
    Ok(Endpoint { connection, input: InBuf::pooled(pool, input_bytes), output })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::identity::Identity;
    use tls_engine::codes::CipherSuite;
    use tls_engine::crypto::Provider;
    use tls_engine::mem::PoolOptions;
    use tls_engine::pki::ServerVerifier;
    use tls_engine::switches::Switches;

    /// Both ends with `suite` and the fastest cryptography.
    pub(in crate::workload) fn endpoint_configs(
        suite: CipherSuite,
        records_per_key: Option<u64>,
        zero_copy: bool,
    ) -> EndpointConfigs {
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
        EndpointConfigs {
            client: client.build().expect("a client"),
            server: server.build().expect("a server"),
            name: ServerName::try_from("localhost").expect("a name"),
            pool: BufferPool::new(switches.buffer_pool, PoolOptions::default()),
        }
    }
}
