//! What a server staples to its certificate: OCSP responses and certificate timestamps reach clients that ask, and nobody else.

mod support;

use std::sync::Arc;

use support::endpoint::{Endpoint, listen};
use support::jobs::at_once_and_pausing;
use support::openssl::{self, Server, exchange};
use support::peer::{Peer, pump};
use support::pki::{Identity, KeyKind, Pki};
use support::skip::find;
use support::{client, localhost, providers};
use tempfile::TempDir;
use tls_engine::Error;
use tls_engine::codes::NamedGroup;
use tls_engine::conn::{ClientConfigBuilder, ServerConfig};
use tls_engine::crypto::Provider;
use tls_engine::pki::{CertifiedKey, Stapled};
use tls_engine::session::{MemoryTickets, TicketKeys};
use tls_engine::signal::NullSignal;

const KIND: KeyKind = KeyKind::EcdsaP256;

/// An OCSPResponse (RFC 6960 4.2.1) without more than its status, tryLater.
const RESPONSE: &[u8] = &[0x30, 3, 10, 1, 3];
/// Two timestamps of a byte or two.
const TIMESTAMPS: &[u8] = &[0, 7, 0, 1, 7, 0, 2, 8, 9];

fn certified(provider: &Provider) -> CertifiedKey {
    let Identity { chain, key, .. } = Pki::shared_identity(KIND);
    assert!(chain.len() > 1, "a leaf that is not all of the chain");
    CertifiedKey::new(provider, chain.clone(), key).unwrap()
}

fn stapled(ocsp_response: bool, timestamps: bool) -> Stapled {
    Stapled {
        ocsp_response: ocsp_response.then(|| RESPONSE.to_vec()),
        timestamps: timestamps.then(|| TIMESTAMPS.to_vec()),
    }
}

fn stapling_server(provider: &'static Provider, stapled: Stapled) -> Arc<ServerConfig> {
    let key = certified(provider).with_stapled(stapled).unwrap();
    let builder = ServerConfig::builder(provider).certificate(key).pause_for(support::jobs::paused_for());
    builder.tickets(Arc::new(TicketKeys::new(provider, 3600).unwrap())).build().unwrap()
}

fn asking(ocsp_response: bool, timestamps: bool) -> impl Fn(ClientConfigBuilder) -> ClientConfigBuilder {
    move |builder| builder.request_ocsp_response(ocsp_response).request_timestamps(timestamps)
}

#[test]
fn clients_get_what_they_ask_for_and_the_server_has() {
    at_once_and_pausing(|| {
        for provider in providers() {
            for bits in 0..16 {
                let [has_response, has_timestamps, asks_response, asks_timestamps] =
                    [1, 2, 4, 8].map(|bit| bits & bit != 0);
                let server_config = stapling_server(provider, stapled(has_response, has_timestamps));
                let client_config = client(provider, KIND, asking(asks_response, asks_timestamps));
                let mut client = Peer::client(&client_config, localhost()).unwrap();
                let mut server = Peer::server(&server_config);
                server.feed(&client.drain()).unwrap();
                client.feed(&server.drain()).unwrap();
                pump(&mut client, &mut server).unwrap();
                assert!(client.connection.is_ready() && server.connection.is_ready());
                let got = client.connection.stapled().cloned().unwrap_or_default();
                assert_eq!(got, stapled(has_response && asks_response, has_timestamps && asks_timestamps), "{bits:b}");
                assert_eq!(client.connection.stapled().is_some(), got != Stapled::default());
                assert_eq!(server.connection.stapled(), None);
            }
        }
    });
}

#[test]
fn it_is_asked_for_again_after_a_retry_and_not_sent_in_a_session_that_is_resumed() {
    let provider = providers()[0];
    let store = Arc::new(MemoryTickets::default());
    let groups = [NamedGroup::X25519, NamedGroup::SECP256R1];
    let client_config =
        client(provider, KIND, |builder| asking(true, true)(builder).groups(&groups).tickets(store.clone()));
    let key = certified(provider).with_stapled(stapled(true, true)).unwrap();
    let tickets = Arc::new(TicketKeys::new(provider, 3600).unwrap());
    let builder = ServerConfig::builder(provider).certificate(key).groups(&groups[1..]);
    let server_config = builder.tickets(tickets).build().unwrap();
    for is_resumed in [false, true] {
        let mut client = Peer::client(&client_config, localhost()).unwrap();
        let mut server = Peer::server(&server_config);
        pump(&mut client, &mut server).unwrap();
        let negotiated = client.connection.negotiated().unwrap();
        assert_eq!((negotiated.hello_retry, negotiated.is_resumed()), (true, is_resumed));
        assert_eq!(client.connection.stapled().cloned(), (!is_resumed).then(|| stapled(true, true)));
        let stapled_before = client.connection.stapled().cloned();
        let (_, half) = client.connection.split(NullSignal).unwrap();
        assert_eq!(half.stapled().cloned(), stapled_before);
    }
}

#[test]
fn a_handshake_that_has_not_completed_has_none() {
    let provider = providers()[0];
    let client_config = client(provider, KIND, asking(true, true));
    // Whose certificate the client does not trust.
    let Identity { chain, key, .. } = &Pki::new(KIND).issue(KIND, |_| {});
    let key = CertifiedKey::new(provider, chain.clone(), key).unwrap().with_stapled(stapled(true, true)).unwrap();
    let stranger = ServerConfig::builder(provider).certificate(key).build().unwrap();
    let mut client = Peer::client(&client_config, localhost()).unwrap();
    let mut server = Peer::server(&stranger);
    assert!(matches!(pump(&mut client, &mut server), Err(Error::Certificate(_))));
    assert_eq!(client.connection.stapled(), None);

    // The Certificate has come, and the flight is cut after it: one byte at a time.
    let mut client = Peer::client(&client_config, localhost()).unwrap();
    let mut server = Peer::server(&stapling_server(provider, stapled(true, true)));
    server.feed(&client.drain()).unwrap();
    for byte in server.drain() {
        assert_eq!(client.connection.stapled(), None);
        client.feed(&[byte]).unwrap();
    }
    assert_eq!(client.connection.stapled(), Some(&stapled(true, true)));
}

#[test]
fn what_can_not_be_sent_is_refused_where_it_is_loaded() {
    let key = certified(providers()[0]);
    let chain_len: usize = key.chain.iter().map(|certificate| 3 + certificate.len() + 2).sum();
    // Header, context and length of the list; type and length of the extension, type and length of the response.
    let longest = (1 << 16) - (4 + 1 + 3) - chain_len - (4 + 1 + 3);
    let response = |len| Stapled { ocsp_response: Some(vec![7; len]), timestamps: None };
    let timestamps = |list: &[u8]| Stapled { ocsp_response: None, timestamps: Some(list.to_vec()) };
    for (stapled, why) in [
        (response(0), "is empty"),
        (response(longest + 1), "longer than one message"),
        (response(1 << 17), "longer than one message"),
        (timestamps(&[]), "SignedCertificateTimestampList"),
        (timestamps(&[0, 0]), "SignedCertificateTimestampList"),
        (timestamps(&[0, 2, 0, 0]), "SignedCertificateTimestampList"),
        (timestamps(&[0, 3, 0, 2, 1]), "SignedCertificateTimestampList"),
        (timestamps(&[TIMESTAMPS, &[0]].concat()), "SignedCertificateTimestampList"),
    ] {
        let Err(Error::Config(told)) = key.clone().with_stapled(stapled) else { panic!("{why}: taken") };
        assert!(told.contains(why), "{told}");
    }
    let provider = providers()[0];
    let mut client = Peer::client(&client(provider, KIND, asking(true, false)), localhost()).unwrap();
    let mut server = Peer::server(&stapling_server(provider, response(longest)));
    pump(&mut client, &mut server).unwrap();
    assert_eq!(client.connection.stapled(), Some(&response(longest)));
}

#[test]
fn openssl_staples_and_gets_ocsp_responses() {
    let Some(openssl) = find("openssl") else { return };
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("response");
    std::fs::write(&file, RESPONSE).unwrap();
    for provider in providers() {
        for asks in [false, true] {
            let arguments = ["-status_file".into(), file.clone().into_os_string()];
            let peer = Server::start(&openssl, Pki::shared_identity(KIND), &arguments);
            let config = client(provider, KIND, asking(asks, true));
            let mut endpoint = Endpoint::connect(peer.port, &config, localhost()).unwrap();
            assert_eq!(endpoint.peer.connection.stapled().cloned(), asks.then(|| stapled(true, false)));
            exchange(&mut endpoint, &peer.program, 1);
            endpoint.close().unwrap();

            let (listener, port) = listen();
            let (program, _files) = openssl::client(&openssl, Pki::shared(KIND), port, &["-status"]);
            let config = stapling_server(provider, stapled(asks, true));
            let mut endpoint = Endpoint::accept(&listener, &config).unwrap();
            program.wait_text(if asks {
                "OCSP Response Status: trylater (0x3)"
            } else {
                "OCSP response: no response sent"
            });
            exchange(&mut endpoint, &program, 1);
            endpoint.close().unwrap();
        }
    }
}
