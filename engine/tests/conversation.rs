//! Both ends of the engine talk to each other in memory.

mod support;

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use support::localhost;
use support::peer::{Peer, pump};
use tls_engine::codes::{CipherSuite, NamedGroup};
use tls_engine::conn::{ClientConfig, Connection, Progress, ServerConfig};
use tls_engine::crypto::Provider;
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::pki::{CertifiedKey, ServerVerifier, VerifyServer};
use tls_engine::{CertificateError, Error};

fn configs(suite: CipherSuite, group: NamedGroup) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let provider = Provider::auto();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let certificate = CertifiedKey::new(provider, vec![made.cert.der().clone()], &key).unwrap();
    let client = ClientConfig::builder(provider)
        .suites(&[suite])
        .verifier(ServerVerifier::new(&[made.cert.der().clone()]).unwrap())
        .build()
        .unwrap();
    let server =
        ServerConfig::builder(provider).groups(&[group]).cookie(true).certificate(certificate).build().unwrap();
    (client, server)
}

#[test]
fn a_handshake_and_data_both_ways() {
    for group in [NamedGroup::X25519, NamedGroup::SECP256R1] {
        let (client_config, server_config) = configs(CipherSuite::AES_128_GCM_SHA256, group);
        let (mut to_server, mut to_client) = (OutBuf::with_capacity(1 << 17), OutBuf::with_capacity(1 << 17));
        let (mut at_server, mut at_client) = (InBuf::with_capacity(1 << 17), InBuf::with_capacity(1 << 17));
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = Connection::client(&client_config, name, &mut to_server).unwrap();
        let mut server = Connection::server(&server_config);
        for _ in 0..10 {
            let count = at_server.put(to_server.waiting());
            to_server.sent(count);
            while server.read_tls(&mut at_server, &mut to_client).unwrap() != Progress::NeedInput {}
            let count = at_client.put(to_client.waiting());
            to_client.sent(count);
            while client.read_tls(&mut at_client, &mut to_server).unwrap() != Progress::NeedInput {}
        }
        assert!(client.is_ready() && server.is_ready());
        assert_eq!(client.negotiated(), server.negotiated());
        assert_eq!(client.negotiated().unwrap().hello_retry, group != NamedGroup::X25519);
        let data = vec![7; 50_000];
        assert_eq!(client.write_tls(&[&data], &mut to_server), Ok(data.len()));
        at_server.put(to_server.waiting());
        let mut got = Vec::new();
        while let Progress::Data(data) = server.read_tls(&mut at_server, &mut to_client).unwrap() {
            got.extend_from_slice(data);
        }
        assert_eq!(got, data);
    }
}

/// Takes one certificate, whoever has issued it.
struct Pinned(CertificateDer<'static>);

impl VerifyServer for Pinned {
    fn verify_server(
        &self,
        _: &Provider,
        chain: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: UnixTime,
    ) -> Result<(), Error> {
        if *chain == [self.0.clone()] { Ok(()) } else { Err(CertificateError::Other("another one".into()).into()) }
    }
}

#[test]
fn a_client_may_verify_servers_in_a_way_of_its_own() {
    let [(chain, server_config), (others, _)] = [(); 2].map(|()| {
        let made = rcgen::generate_simple_self_signed(vec!["another.example".into()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        (made.cert.der().clone(), ServerConfig::new(vec![made.cert.der().clone()], &key).unwrap())
    });
    for (pinned, is_taken) in [(chain, true), (others, false)] {
        let config = ClientConfig::builder(Provider::auto()).verifier(Pinned(pinned)).build().unwrap();
        let mut client = Peer::client(&config, localhost()).unwrap();
        let pumped = pump(&mut client, &mut Peer::server(&server_config));
        assert_eq!(pumped.is_ok(), is_taken, "{pumped:?}");
        assert_eq!(client.connection.is_ready(), is_taken);
    }
}

#[test]
fn only_the_first_client_hello_is_in_a_record_of_tls_1_0() {
    let (client_config, server_config) = configs(CipherSuite::AES_128_GCM_SHA256, NamedGroup::SECP256R1);
    let (mut to_server, mut to_client) = (OutBuf::with_capacity(1 << 17), OutBuf::with_capacity(1 << 17));
    let (mut at_server, mut at_client) = (InBuf::with_capacity(1 << 17), InBuf::with_capacity(1 << 17));
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = Connection::client(&client_config, name, &mut to_server).unwrap();
    let mut server = Connection::server(&server_config);
    // RFC 8446 5.1: 0x0301 for compatibility, but 0x0303 again for the one after a HelloRetryRequest.
    assert_eq!(to_server.waiting()[..3], [22, 3, 1]);
    at_server.put(to_server.waiting());
    to_server.sent(to_server.len());
    while server.read_tls(&mut at_server, &mut to_client).unwrap() != Progress::NeedInput {}
    assert_eq!(to_client.waiting()[..3], [22, 3, 3], "a HelloRetryRequest");
    at_client.put(to_client.waiting());
    while client.read_tls(&mut at_client, &mut to_server).unwrap() != Progress::NeedInput {}
    let second = to_server.waiting();
    let hello = if second[0] == 20 { &second[6..] } else { second };
    assert_eq!((&hello[..3], hello[5]), (&[22, 3, 3][..], 1), "the second ClientHello");
}
