//! rustls, through its buffered and its unbuffered API.

mod buffered;
#[cfg(test)]
mod tests;
mod unbuffered;

use std::sync::Arc;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, ring};
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, CommonState, HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion};

use super::{Negotiated, Setup};
use crate::error::Error;

pub use buffered::Rustls;
pub use unbuffered::RustlsUnbuffered;

/// The version in the lock file, which a test holds it to.
pub const VERSION: &str = "0.23.46";

/// The cryptography below rustls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cryptography {
    /// AWS-LC.
    AwsLcRs,
    /// ring.
    Ring,
}

impl Cryptography {
    /// The name of its crate.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwsLcRs => "aws-lc-rs",
            Self::Ring => "ring",
        }
    }

    fn provider(self) -> CryptoProvider {
        match self {
            Self::AwsLcRs => aws_lc_rs::default_provider(),
            Self::Ring => ring::default_provider(),
        }
    }
}

/// The configuration of both ends.
#[derive(Clone)]
struct Configs {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Configs {
    fn new(setup: &Setup, cryptography: Cryptography) -> Result<Self, Error> {
        let provider = Arc::new(provider(setup, cryptography)?);
        let versions = [version(setup.version)?];
        let mut roots = RootCertStore::empty();
        for root in &setup.roots {
            roots.add(root.clone()).map_err(failed)?;
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        let verifier = verifier.map_err(|error| Error::Failed(format!("rustls: {error}")))?;
        let mut client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)
            .map_err(failed)?
            .with_webpki_verifier(verifier)
            .with_no_client_auth();
        client.resumption = Resumption::disabled();
        client.alpn_protocols.clone_from(&setup.alpn);
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .map_err(failed)?
            .with_no_client_auth()
            .with_single_cert(setup.chain.clone(), setup.key.clone_key())
            .map_err(failed)?;
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        server.alpn_protocols.clone_from(&setup.alpn);
        Ok(Self { client: Arc::new(client), server: Arc::new(server) })
    }
}

/// The suite and the groups of `setup`, and nothing else.
fn provider(setup: &Setup, cryptography: Cryptography) -> Result<CryptoProvider, Error> {
    let mut provider = cryptography.provider();
    let lacks = |what: String| Error::Usage(format!("rustls with {} does not support {what}", cryptography.name()));
    provider.cipher_suites.retain(|suite| u16::from(suite.suite()) == setup.suite.0);
    if provider.cipher_suites.is_empty() {
        return Err(lacks(setup.suite.to_string()));
    }
    let of = |group: &NamedGroup| {
        let known = provider.kx_groups.iter().find(|known| u16::from(known.name()) == group.0);
        known.copied().ok_or_else(|| lacks(group.to_string()))
    };
    provider.kx_groups = setup.groups.iter().map(of).collect::<Result<_, _>>()?;
    Ok(provider)
}

fn version(version: ProtocolVersion) -> Result<&'static SupportedProtocolVersion, Error> {
    match version {
        ProtocolVersion::TLS13 => Ok(&TLS13),
        ProtocolVersion::TLS12 => Ok(&TLS12),
        other => Err(Error::Usage(format!("rustls does not support {other}"))),
    }
}

fn negotiated(state: &CommonState) -> Option<Negotiated> {
    let kind = state.handshake_kind();
    Some(Negotiated {
        version: ProtocolVersion(u16::from(state.protocol_version()?)),
        suite: CipherSuite(u16::from(state.negotiated_cipher_suite()?.suite())),
        group: state.negotiated_key_exchange_group().map(|group| NamedGroup(u16::from(group.name()))),
        signature: None,
        alpn: state.alpn_protocol().map(<[u8]>::to_vec),
        hello_retry: kind.map(|kind| kind == HandshakeKind::FullWithHelloRetryRequest),
        is_resumed: kind == Some(HandshakeKind::Resumed),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err passes")]
fn failed(error: rustls::Error) -> Error {
    Error::Failed(format!("rustls: {error}"))
}
