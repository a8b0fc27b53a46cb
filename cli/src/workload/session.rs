use std::sync::Arc;

use rustls_pki_types::ServerName;
use tls_engine::codes::{CipherSuite, NamedGroup};
use tls_engine::conn::{ClientConfig, Connection, ServerConfig};
use tls_engine::crypto::Provider;
use tls_engine::keys::KeyLog;
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::pki::{CertifiedKey, ServerVerifier};
use tls_engine::switches::Switches;

use super::ends::Endpoint;
use crate::error::Error;
use crate::identity::Identity;

/// What the conversations of a case are made with.
#[derive(Clone)]
pub struct Terms {
    /// The cryptography.
    pub provider: &'static Provider,
    /// The one cipher suite that is offered.
    pub suite: CipherSuite,
    /// The groups that are offered; empty: all of the provider's.
    pub groups: Vec<NamedGroup>,
    /// The application protocols that are offered and taken.
    pub alpn: Vec<Vec<u8>>,
    /// The optimizations.
    pub switches: Switches,
    /// A lower limit on the records of one key than the suite's own.
    pub records_per_key: Option<u64>,
    /// Where secrets are told to.
    pub key_log: Option<Arc<dyn KeyLog>>,
}

/// Both ends of conversations on this machine, with a throw-away certificate that the client verifies.
pub struct LocalSession {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    name: ServerName<'static>,
}

impl LocalSession {
    /// Configurations for both ends on `terms`.
    pub fn new(terms: &Terms) -> Result<Self, Error> {
        let (identity, authority) = Identity::throw_away()?;
        let provider = terms.provider;
        let verifier = ServerVerifier::new(provider, &[authority.certificate])?;
        let certificate = CertifiedKey::new(provider, identity.chain, &identity.key)?;
        let alpn: Vec<&[u8]> = terms.alpn.iter().map(Vec::as_slice).collect();
        let mut server = ServerConfig::builder(provider)
            .suites(&[terms.suite])
            .alpn(&alpn)
            .switches(terms.switches)
            .certificate(certificate);
        if !terms.groups.is_empty() {
            server = server.groups(&terms.groups);
        }
        if let Some(records) = terms.records_per_key {
            server = server.records_per_key(records);
        }
        let name = ServerName::try_from("localhost")
            .map_err(|error| Error::Failed(format!("localhost is no name: {error}")))?;
        Ok(Self { client: client_config(terms, verifier)?, server: server.build()?, name })
    }

    /// A client whose buffers have these capacities. Its first bytes are in the output.
    pub fn client(&self, input_bytes: usize, output_bytes: usize) -> Result<Endpoint, Error> {
        client(&self.client, self.name.clone(), input_bytes, output_bytes)
    }

    /// A server whose buffers have these capacities.
    pub fn server(&self, input_bytes: usize, output_bytes: usize) -> Endpoint {
        Endpoint {
            connection: Connection::server(&self.server),
            input: InBuf::with_capacity(input_bytes),
            output: OutBuf::with_capacity(output_bytes),
        }
    }
}

/// The client's configuration on `terms`.
pub fn client_config(terms: &Terms, verifier: ServerVerifier) -> Result<Arc<ClientConfig>, Error> {
    let alpn: Vec<&[u8]> = terms.alpn.iter().map(Vec::as_slice).collect();
    let mut config = ClientConfig::builder(terms.provider)
        .suites(&[terms.suite])
        .alpn(&alpn)
        .switches(terms.switches)
        .verifier(verifier);
    if !terms.groups.is_empty() {
        config = config.groups(&terms.groups);
    }
    if let Some(records) = terms.records_per_key {
        config = config.records_per_key(records);
    }
    if let Some(key_log) = &terms.key_log {
        config = config.key_log(Arc::clone(key_log));
    }
    Ok(config.build()?)
}

/// A client of `name` whose buffers have these capacities. Its first bytes are in the output.
pub(super) fn client(
    config: &Arc<ClientConfig>,
    name: ServerName<'static>,
    input_bytes: usize,
    output_bytes: usize,
) -> Result<Endpoint, Error> {
    let mut output = OutBuf::with_capacity(output_bytes);
    let connection = Connection::client(config, name, &mut output)?;
    Ok(Endpoint { connection, input: InBuf::with_capacity(input_bytes), output })
}
