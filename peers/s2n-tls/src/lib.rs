//! s2n-tls under tlsbench: [`S2nTls`] drives it as every other library is driven.
//!
//! It is used as its documentation says, and as its own benchmarks use it, with the crate's default features, on AWS-LC:
//!
//! * **Suites and groups** come from security policies, which are fixed lists. Each end gets the policy that prefers what is asked
//!   for (`policies.rs`); those for X25519 and P-256 are the ones of s2n-tls's benchmarks. A connection that negotiates
//!   anything else fails.
//! * **Records** hold 16 KiB (`prefer_throughput`), as those of the other libraries do. Unless told, s2n-tls fills 8 KiB. The size
//!   of the send buffer is its default: one record.
//! * **Certificates** are verified against the setup's authorities alone, host name included, by s2n-tls itself.
//! * **Sessions** are neither kept nor resumed, which is the default. Where they are, with tickets under a key of the server.
//! * **Blinding** is left to the caller, as in s2n-tls's benchmarks. It is a delay of 10 to 30 seconds after an error, before which
//!   s2n-tls sends no alert. So an endpoint that fails tells its peer nothing, and the end of the transport has to.
#![deny(unsafe_op_in_unsafe_fn)]

mod callbacks;
mod endpoint;
mod names;
mod policies;
mod sessions;

use std::fmt::Display;

use pem::Pem;
use rustls_pki_types::{PrivateKeyDer, ServerName};
use s2n_tls::config::{Builder, Config};
use s2n_tls::enums::Mode;
use s2n_tls::security::Policy;
use tlsbench::error::Error;
use tlsbench::library::{Expected, HandshakeKind, Library, Room, Setup};

use endpoint::S2nConnection;
use policies::Policies;
use sessions::{Sessions, send_tickets};

pub use endpoint::S2nEndpoint;

/// The name of the library.
pub const NAME: &str = "s2n-tls";
/// The version of the crate, which does not tell it itself.
pub const VERSION: &str = "0.3.47";
/// How many certificates of a chain s2n-tls accepts, unless it is told otherwise.
const DEFAULT_CHAIN_CERTIFICATES: usize = 7;

/// s2n-tls, configured for the two ends of a connection.
pub struct S2nTls {
    client: Config,
    /// The client's, if it resumes them.
    sessions: Option<Sessions>,
    server: Config,
    name: String,
    expected: Expected,
    record_overhead: usize,
}

impl S2nTls {
    /// Both ends as `setup` says.
    pub fn new(setup: &Setup) -> Result<Self, Error> {
        let ServerName::DnsName(name) = &setup.name else {
            return Err(Error::Usage("s2n-tls needs the DNS name of a server".to_owned()));
        };
        let policies = Policies::of(setup)?;
        let mut client = client(setup, policies.client)?;
        let resumes = setup.kind == HandshakeKind::Resumed;
        Ok(Self {
            sessions: resumes.then(|| Sessions::new(&mut client, setup.version)).transpose()?,
            client: client.build().map_err(failed)?,
            server: server(setup, policies.server)?,
            name: name.as_ref().to_owned(),
            expected: Expected {
                version: setup.version,
                suite: setup.suite,
                groups: setup.groups.clone(),
                kind: setup.kind,
            },
            record_overhead: setup.record_overhead(),
        })
    }
}

impl Library for S2nTls {
    type Client = S2nEndpoint;
    type Server = S2nEndpoint;

    const SENDS_ALERTS: bool = false;

    fn client(&self, room: Room) -> Result<S2nEndpoint, Error> {
        let client = (self.name.as_str(), self.sessions.as_ref());
        let connection = S2nConnection::new(Mode::Client, &self.client, Some(client), &self.expected, room)?;
        S2nEndpoint::client(connection, self.record_overhead)
    }

    fn server(&self, room: Room) -> Result<S2nEndpoint, Error> {
        let connection = S2nConnection::new(Mode::Server, &self.server, None, &self.expected, room)?;
        Ok(S2nEndpoint::server(connection, self.record_overhead))
    }
}

fn client(setup: &Setup, policy: &str) -> Result<Builder, Error> {
    let mut config = common(setup, policy)?;
    for root in &setup.roots {
        config.trust_pem(pem("CERTIFICATE", root).as_bytes()).map_err(failed)?;
    }
    if setup.chain.len() > DEFAULT_CHAIN_CERTIFICATES {
        let most = u16::try_from(setup.chain.len()).map_err(failed)?;
        config.set_max_cert_chain_depth(most).map_err(failed)?;
    }
    Ok(config)
}

fn server(setup: &Setup, policy: &str) -> Result<Config, Error> {
    let chain: String = setup.chain.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect();
    let label = match &setup.key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    let mut config = common(setup, policy)?;
    if setup.kind == HandshakeKind::Resumed {
        send_tickets(&mut config)?;
    }
    config.load_pem(chain.as_bytes(), pem(label, setup.key.secret_der()).as_bytes()).map_err(failed)?;
    config.build().map_err(failed)
}

fn common(setup: &Setup, policy: &str) -> Result<Builder, Error> {
    let mut config = Builder::new();
    config.set_security_policy(&Policy::from_version(policy).map_err(failed)?).map_err(failed)?;
    config.with_system_certs(false).map_err(failed)?;
    config.set_application_protocol_preference(&setup.alpn).map_err(failed)?;
    Ok(config)
}

fn pem(label: &str, der: &[u8]) -> String {
    pem::encode(&Pem::new(label, der))
}

fn failed(error: impl Display) -> Error {
    Error::Failed(format!("s2n-tls: {error}"))
}
