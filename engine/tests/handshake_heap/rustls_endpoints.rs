//! The same handshake by rustls, over the same library and with the same certificates.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::server::NoServerSessionStorage;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use crate::Case;
use crate::meter::Asked;
use crate::support::localhost;
use crate::support::pki::Pki;

/// The configurations of both ends. Neither keeps or sends anything to resume with, as the engine does neither.
pub(crate) struct RustlsEndpoints {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl RustlsEndpoints {
    pub(crate) fn new(case: &Case) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(Pki::shared(case.kind).root()).unwrap();
        let identity = Pki::shared_identity(case.kind);
        let tls13 = &[&rustls::version::TLS13];
        let client = ClientConfig::builder_with_provider(provider(case)).with_protocol_versions(tls13).unwrap();
        let mut client = client.with_root_certificates(roots).with_no_client_auth();
        client.resumption = Resumption::disabled();
        let server = ServerConfig::builder_with_provider(provider(case)).with_protocol_versions(tls13).unwrap();
        let (chain, key) = (identity.chain.clone(), identity.key.clone_key());
        let mut server = server.with_no_client_auth().with_single_cert(chain, key).unwrap();
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        Self { client: Arc::new(client), server: Arc::new(server) }
    }

    /// A handshake and its connections, until they are gone.
    pub(crate) fn handshake(&self) -> Asked {
        let mut asked = Asked::default();
        let (client, server) = self.connect(&mut asked);
        asked.client.add(|| drop(client));
        asked.server.add(|| drop(server));
        asked
    }

    /// Both ends, their handshake done.
    pub(crate) fn connect(&self, asked: &mut Asked) -> (rustls::Connection, rustls::Connection) {
        let (name, configs) = (localhost(), (self.client.clone(), self.server.clone()));
        let mut client: rustls::Connection =
            asked.client.add(|| ClientConnection::new(configs.0, name)).unwrap().into();
        let mut server: rustls::Connection = asked.server.add(|| ServerConnection::new(configs.1)).unwrap().into();
        let mut wire = Vec::with_capacity(1 << 16);
        while client.wants_write() || server.wants_write() {
            asked.client.add(|| send(&mut client, &mut wire));
            asked.server.add(|| take(&mut server, &wire));
            asked.server.add(|| send(&mut server, &mut wire));
            asked.client.add(|| take(&mut client, &wire));
        }
        assert!(!client.is_handshaking() && !server.is_handshaking());
        (client, server)
    }
}

/// Puts all that it has to send into `wire`, which has room for it.
pub(crate) fn send(end: &mut rustls::Connection, wire: &mut Vec<u8>) {
    wire.clear();
    while end.wants_write() {
        end.write_tls(wire).unwrap();
    }
}

/// Takes all that the peer has sent.
pub(crate) fn take(end: &mut rustls::Connection, mut wire: &[u8]) {
    while !wire.is_empty() {
        end.read_tls(&mut wire).unwrap();
        end.process_new_packets().unwrap();
    }
}

fn provider(case: &Case) -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| u16::from(suite.suite()) == case.suite.0);
    let is_asked_for = |group: &&&'static dyn SupportedKxGroup| u16::from(group.name()) == case.group.0;
    provider.kx_groups = aws_lc_rs::ALL_KX_GROUPS.iter().filter(is_asked_for).copied().collect();
    Arc::new(provider)
}
