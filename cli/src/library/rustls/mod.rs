//! rustls, through both of its interfaces: the buffered one of [`Rustls`], and the unbuffered one of [`RustlsUnbuffered`].

mod buffered;
mod unbuffered;

#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::sync::Arc;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, ring};
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::{ClientConfig, CommonState, RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::ServerName;
use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion};

use super::{HandshakeKind, NO_EARLY_DATA, NO_EXTERNAL_PSK, Negotiated, Setup};
use crate::error::Error;

pub use buffered::Rustls;
pub use unbuffered::RustlsUnbuffered;

/// The version of the crate, which does not tell it itself.
pub const RUSTLS_VERSION: &str = "0.23.46";

/// How many sessions a client keeps, more than are ever there.
const SESSIONS: usize = 32;

/// The cryptography under rustls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RustlsCrypto {
    /// aws-lc-rs.
    AwsLcRs,
    /// ring.
    Ring,
}

impl RustlsCrypto {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwsLcRs => "aws-lc-rs",
            Self::Ring => "ring",
        }
    }

    /// All that it has.
    fn cryptography(self) -> RustlsCryptography {
        let (provider, groups) = match self {
            Self::AwsLcRs => (aws_lc_rs::default_provider(), aws_lc_rs::ALL_KX_GROUPS),
            Self::Ring => (ring::default_provider(), ring::ALL_KX_GROUPS),
        };
        RustlsCryptography {
            name: self.name(),
            provider: CryptoProvider { kx_groups: groups.to_vec(), ..provider },
            ticketer: match self {
                Self::AwsLcRs => aws_lc_rs::Ticketer::new,
                Self::Ring => ring::Ticketer::new,
            },
        }
    }
}

/// Any cryptography for rustls.
pub struct RustlsCryptography {
    /// Its name in errors.
    pub name: &'static str,
    /// All algorithms that it has.
    pub provider: CryptoProvider,
    /// Makes what a server seals tickets with.
    pub ticketer: fn() -> Result<Arc<dyn ProducesTickets>, rustls::Error>,
}

/// What both interfaces make connections from.
#[derive(Clone)]
struct Configs {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    name: ServerName<'static>,
    /// What a record adds to the application data in it, bytes.
    record_overhead: usize,
}

impl Configs {
    /// Both ends as `setup` says, with the algorithms that it asks for.
    fn new(setup: &Setup, cryptography: RustlsCryptography) -> Result<Self, Error> {
        if setup.roots.is_empty() {
            return Err(Error::Usage("rustls needs an authority that the client trusts".to_owned()));
        }
        let RustlsCryptography { name, provider, ticketer } = cryptography;
        let of_client = Arc::new(asked(setup, &setup.client_groups(), name, provider.clone())?);
        let of_server = Arc::new(asked(setup, setup.server_groups(), name, provider)?);
        Ok(Self {
            client: Arc::new(client_config(setup, &of_client)?),
            server: Arc::new(server_config(setup, of_server, ticketer)?),
            name: setup.name.clone(),
            record_overhead: setup.record_overhead(),
        })
    }
}

/// `all` that a provider has, with the suite of `setup` and these groups alone.
fn asked(setup: &Setup, groups: &[NamedGroup], name: &str, all: CryptoProvider) -> Result<CryptoProvider, Error> {
    let lacks = |what: &dyn Display| Error::Usage(format!("rustls with {name} does not support {what}"));
    let mut cipher_suites = all.cipher_suites;
    cipher_suites.retain(|known| u16::from(known.suite()) == setup.suite.0);
    if cipher_suites.is_empty() {
        return Err(lacks(&setup.suite));
    }
    let kx_groups = groups.iter().map(|group| {
        let known = all.kx_groups.iter().find(|known| u16::from(known.name()) == group.0);
        known.copied().ok_or_else(|| lacks(group))
    });
    Ok(CryptoProvider { kx_groups: kx_groups.collect::<Result<_, _>>()?, cipher_suites, ..all })
}

fn client_config(setup: &Setup, provider: &Arc<CryptoProvider>) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    for root in &setup.roots {
        roots.add(root.clone()).map_err(failed)?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[version(setup)?])
        .map_err(failed)?
        .with_webpki_verifier(verifier.map_err(failed)?)
        .with_no_client_auth();
    config.alpn_protocols.clone_from(&setup.alpn);
    config.resumption = match setup.kind {
        HandshakeKind::Full | HandshakeKind::HelloRetry => Resumption::disabled(),
        HandshakeKind::Resumed => Resumption::in_memory_sessions(SESSIONS),
        // rustls takes early data with sessions that the server keeps, and not with tickets.
        HandshakeKind::EarlyData => return Err(Error::Failed(NO_EARLY_DATA.to_owned())),
        HandshakeKind::Psk => return Err(Error::Failed(NO_EXTERNAL_PSK.to_owned())),
    };
    Ok(config)
}

fn server_config(
    setup: &Setup,
    provider: Arc<CryptoProvider>,
    ticketer: fn() -> Result<Arc<dyn ProducesTickets>, rustls::Error>,
) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version(setup)?])
        .map_err(failed)?
        .with_no_client_auth()
        .with_single_cert(setup.chain.clone(), setup.key.clone_key())
        .map_err(failed)?;
    config.alpn_protocols.clone_from(&setup.alpn);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    if setup.kind == HandshakeKind::Resumed {
        config.ticketer = ticketer().map_err(failed)?;
        config.send_tls13_tickets = 1;
    }
    Ok(config)
}

fn version(setup: &Setup) -> Result<&'static SupportedProtocolVersion, Error> {
    match setup.version {
        ProtocolVersion::TLS13 => Ok(&rustls::version::TLS13),
        ProtocolVersion::TLS12 => Ok(&rustls::version::TLS12),
        other => Err(Error::Usage(format!("rustls does not support {other}"))),
    }
}

fn negotiated(connection: &CommonState) -> Option<Negotiated> {
    if connection.is_handshaking() {
        return None;
    }
    let kind = connection.handshake_kind()?;
    let group = connection.negotiated_key_exchange_group();
    Some(Negotiated {
        version: ProtocolVersion(connection.protocol_version()?.into()),
        suite: CipherSuite(connection.negotiated_cipher_suite()?.suite().into()),
        group: group.map(|group| NamedGroup(group.name().into())),
        signature: None,
        alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
        hello_retry: Some(kind == rustls::HandshakeKind::FullWithHelloRetryRequest),
        is_resumed: kind == rustls::HandshakeKind::Resumed,
        early_data: false,
    })
}

/// After a failure nothing is processed any more.
fn check_intact(failure: Option<&rustls::Error>) -> Result<(), Error> {
    failure.map_or(Ok(()), |error| Err(failed(error)))
}

/// Nothing is sent before the handshake is complete: rustls would keep it in memory of its own, without a bound.
fn check_ready(connection: &CommonState) -> Result<(), Error> {
    if connection.is_handshaking() {
        Err(failed("nothing can be sent before the handshake is complete"))
    } else {
        Ok(())
    }
}

fn failed(error: impl Display) -> Error {
    Error::Failed(format!("rustls: {error}"))
}

/// The error when the peer's bytes end without close_notify (RFC 8446 6.1).
fn truncated() -> Error {
    failed("the peer closed the connection without close_notify")
}
