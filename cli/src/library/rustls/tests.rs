use rustls::server::ServerSessionMemoryCache;
use rustls_pki_types::ServerName;
use tls_engine::conn;
use tls_engine::crypto::Provider;
use tls_engine::mem::{BufferPool, PoolOptions};
use tls_engine::pki::ServerVerifier;
use tls_engine::switches::Switches;

use super::*;
use crate::identity::Identity;
use crate::library::{Endpoint, Engine, Library, Received, Room};

const TRANSFERRED_BYTES: usize = 1 << 20;
const TLS12_AES_128_GCM: CipherSuite = CipherSuite(0xc02b);
const CRYPTO: [RustlsCrypto; 2] = [RustlsCrypto::AwsLcRs, RustlsCrypto::Ring];
const TLS13_SUITES: [CipherSuite; 3] =
    [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256];

fn setup(version: ProtocolVersion, suite: CipherSuite) -> Setup {
    let (identity, authority) = Identity::generate().expect("an identity");
    Setup {
        version,
        suite,
        groups: vec![NamedGroup::X25519],
        alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        chain: identity.chain.clone(),
        key: identity.key.clone_key(),
        roots: vec![authority.certificate],
        name: ServerName::try_from("localhost").expect("a name"),
    }
}

fn tls13() -> Setup {
    setup(ProtocolVersion::TLS13, CipherSuite::AES_128_GCM_SHA256)
}

fn setups() -> impl Iterator<Item = Setup> {
    let tls13 = TLS13_SUITES.map(|suite| setup(ProtocolVersion::TLS13, suite));
    tls13.into_iter().chain([setup(ProtocolVersion::TLS12, TLS12_AES_128_GCM)])
}

fn engine(setup: &Setup) -> Engine {
    let provider = Provider::auto();
    let verifier = ServerVerifier::new(&setup.roots).expect("a verifier");
    let identity = Identity { chain: setup.chain.clone(), key: setup.key.clone_key().into() };
    let key = identity.certified_key(provider).expect("a key");
    let protocols: Vec<&[u8]> = setup.alpn.iter().map(Vec::as_slice).collect();
    let client = conn::ClientConfig::builder(provider).suites(&[setup.suite]).groups(&setup.groups).alpn(&protocols);
    let server = conn::ServerConfig::builder(provider).suites(&[setup.suite]).groups(&setup.groups).alpn(&protocols);
    Engine {
        client: client.verifier(verifier).build().expect("a client"),
        server: server.certificate(key).build().expect("a server"),
        name: setup.name.clone(),
        pool: BufferPool::new(Switches::default().buffer_pool, PoolOptions::default()),
    }
}

fn ends<C: Library, S: Library>(client: &C, server: &S) -> (C::Client, S::Server) {
    (client.client(Room::default()).expect("a client"), server.server(Room::default()).expect("a server"))
}

/// Moves up to `limit` bytes from one end to the other.
fn carry(from: &mut impl Endpoint, to: &mut impl Endpoint, limit: usize) -> usize {
    let space = to.space();
    let count = from.outgoing().len().min(space.len()).min(limit);
    space[..count].copy_from_slice(&from.outgoing()[..count]);
    to.filled(count);
    from.sent(count);
    count
}

/// Delivers all that `from` has to send, at most `limit` bytes at a time, and returns the application data in it.
fn deliver(from: &mut impl Endpoint, to: &mut impl Endpoint, limit: usize) -> Result<(Vec<u8>, Received), Error> {
    let mut data = Vec::new();
    loop {
        let carried = carry(from, to, limit);
        let state = to.receive(|piece| {
            data.extend_from_slice(piece);
            Ok(())
        })?;
        if carried == 0 {
            return Ok((data, state));
        }
    }
}

fn shake_hands(client: &mut impl Endpoint, server: &mut impl Endpoint, limit: usize) -> Result<(), Error> {
    while client.is_handshaking() || server.is_handshaking() || !client.outgoing().is_empty() {
        assert!(!(client.outgoing().is_empty() && server.outgoing().is_empty()), "both ends wait");
        deliver(client, server, limit)?;
        deliver(server, client, limit)?;
    }
    Ok(())
}

fn connected<C: Library, S: Library>(client: &C, server: &S) -> (C::Client, S::Server) {
    let (mut client, mut server) = ends(client, server);
    shake_hands(&mut client, &mut server, usize::MAX).expect("a handshake");
    (client, server)
}

/// Sends a megabyte in pieces, and checks what arrives.
fn transfer(from: &mut impl Endpoint, to: &mut impl Endpoint, piece_bytes: usize) {
    let data: Vec<u8> = (0..TRANSFERRED_BYTES).map(|index| ((index * 31) >> 3) as u8).collect();
    let mut arrived = Vec::new();
    for mut piece in data.chunks(piece_bytes) {
        while !piece.is_empty() {
            let taken = from.send(piece).expect("sealing");
            piece = &piece[taken..];
            if taken == 0 {
                assert!(!from.outgoing().is_empty(), "nothing is taken with nothing to be sent");
                arrived.extend(deliver(from, to, usize::MAX).expect("opening").0);
            }
        }
    }
    arrived.extend(deliver(from, to, usize::MAX).expect("opening").0);
    assert!(arrived == data, "{} bytes of {} arrived, or others", arrived.len(), data.len());
}

fn converse<C: Library, S: Library>(client: &C, server: &S, setup: &Setup) {
    let (mut client, mut server) = connected(client, server);
    for negotiated in [client.negotiated(), server.negotiated()] {
        let negotiated = negotiated.expect("something negotiated");
        assert_eq!((negotiated.version, negotiated.suite), (setup.version, setup.suite));
        assert_eq!(negotiated.group, setup.groups.first().copied());
        assert_eq!(negotiated.alpn.as_ref(), setup.alpn.first());
        assert_eq!((negotiated.hello_retry, negotiated.is_resumed), (Some(false), false));
    }
    for piece_bytes in [16_384, 100] {
        transfer(&mut client, &mut server, piece_bytes);
        transfer(&mut server, &mut client, piece_bytes);
    }
    client.close().expect("closing");
    assert_eq!(deliver(&mut client, &mut server, usize::MAX).expect("an end"), (Vec::new(), Received::Closed));
    server.end_of_input().expect("a whole conversation");
    // The other direction is still open (RFC 8446 6.1).
    transfer(&mut server, &mut client, 16_384);
    server.close().expect("closing");
    assert_eq!(deliver(&mut server, &mut client, usize::MAX).expect("an end"), (Vec::new(), Received::Closed));
    client.end_of_input().expect("a whole conversation");
}

/// Calls the function `$test` with each interface, made of `$setup`, and each cryptography.
macro_rules! with_each {
    ($setup:expr, $test:expr) => {
        for crypto in CRYPTO {
            $test(&Rustls::new($setup, crypto).expect("rustls"));
            $test(&RustlsUnbuffered::new($setup, crypto).expect("unbuffered rustls"));
        }
    };
}

#[test]
fn both_interfaces_converse_with_each_suite() {
    for setup in setups() {
        with_each!(&setup, |library| converse(library, library, &setup));
    }
}

#[test]
fn both_interfaces_converse_with_the_engine() {
    for suite in TLS13_SUITES {
        let setup = setup(ProtocolVersion::TLS13, suite);
        let engine = engine(&setup);
        with_each!(&setup, |library| {
            converse(library, &engine, &setup);
            converse(&engine, library, &setup);
        });
    }
}

#[test]
fn records_and_messages_may_come_byte_by_byte() {
    fn check<L: Library>(library: &L) {
        let (mut client, mut server) = ends(library, library);
        shake_hands(&mut client, &mut server, 1).expect("a handshake");
        client.send(b"some data").expect("sealing");
        assert_eq!(deliver(&mut client, &mut server, 1).expect("data").0, b"some data");
    }
    for setup in setups() {
        with_each!(&setup, check);
    }
}

#[test]
fn both_ends_may_send_in_the_middle_of_a_received_record() {
    fn check<L: Library>(library: &L) {
        let (mut client, mut server) = connected(library, library);
        client.send(b"from the client").expect("sealing");
        carry(&mut client, &mut server, 7);
        assert_eq!(server.receive(|_| panic!("there is no whole record")).expect("a part"), Received::NeedsInput);
        // Bytes that have come, but were not processed yet, stay for later.
        carry(&mut client, &mut server, usize::MAX);
        server.send(b"from the server").expect("sealing");
        assert_eq!(deliver(&mut client, &mut server, usize::MAX).expect("data").0, b"from the client");
        assert_eq!(deliver(&mut server, &mut client, usize::MAX).expect("data").0, b"from the server");
    }
    with_each!(&tls13(), check);
}

#[test]
fn a_client_may_send_in_the_middle_of_a_ticket() {
    fn check<L: Library>(library: &L, server: &Rustls) {
        let (mut client, mut server) = ends(library, server);
        deliver(&mut client, &mut server, usize::MAX).expect("a hello");
        deliver(&mut server, &mut client, usize::MAX).expect("an answer");
        deliver(&mut client, &mut server, usize::MAX).expect("the end of the handshake");
        assert!(server.outgoing().len() > 100, "a ticket in several records");
        carry(&mut server, &mut client, 100);
        assert_eq!(client.receive(|_| panic!("data in a ticket")).expect("a part"), Received::NeedsInput);
        client.send(b"some data").expect("sealing");
        assert_eq!(deliver(&mut client, &mut server, usize::MAX).expect("data").0, b"some data");
        transfer(&mut server, &mut client, 16_384);
    }
    for crypto in CRYPTO {
        let library = Rustls::new(&tls13(), crypto).expect("rustls");
        let server = ticketing(&library.0);
        check(&library, &server);
        check(&RustlsUnbuffered(library.0), &server);
    }
}

/// A server that sends a ticket in several short records, in spite of what a setup says.
fn ticketing(configs: &Configs) -> Rustls {
    let mut server = ServerConfig::clone(&configs.server);
    server.session_storage = ServerSessionMemoryCache::new(1);
    server.send_tls13_tickets = 1;
    server.max_fragment_size = Some(32);
    Rustls(Configs { server: Arc::new(server), ..configs.clone() })
}

#[test]
fn an_end_without_close_notify_is_an_error() {
    fn check<L: Library>(library: &L) {
        let (mut client, mut server) = connected(library, library);
        client.send(b"some data").expect("sealing");
        deliver(&mut client, &mut server, usize::MAX).expect("data");
        server.end_of_input().expect_err("an end that anybody may have made");
        ends(library, library).1.end_of_input().expect_err("an end before the handshake");
    }
    with_each!(&tls13(), check);
}

#[test]
fn what_waits_to_be_sent_stays_within_the_capacity() {
    fn check<L: Library>(library: &L) {
        let output_bytes = 40_000;
        let mut client = library.client(Room { input_bytes: 0, output_bytes }).expect("a client");
        let mut server = library.server(Room::default()).expect("a server");
        shake_hands(&mut client, &mut server, usize::MAX).expect("a handshake");
        let data = vec![7; 100_000];
        assert_eq!(client.send(&data).expect("sealing"), 32_768);
        assert_eq!(client.send(&data).expect("sealing"), 0);
        assert!(client.outgoing().len() <= output_bytes);
        assert_eq!(deliver(&mut client, &mut server, usize::MAX).expect("data").0, data[..32_768]);
        assert_eq!(client.send(&data).expect("sealing"), 32_768);
    }
    for setup in setups() {
        with_each!(&setup, check);
    }
}

#[test]
fn a_chain_may_be_longer_than_a_record() {
    let mut setup = tls13();
    let leaf = setup.chain[0].clone();
    let copies = 50_000 / leaf.len();
    setup.chain.extend(vec![leaf; copies]);
    with_each!(&setup, |library| {
        connected(library, library);
    });
}

#[test]
fn a_forged_record_is_an_error_that_the_peer_is_told() {
    fn check<L: Library>(library: &L) {
        let (mut client, mut server) = connected(library, library);
        client.send(b"some data").expect("sealing");
        let mut record = client.outgoing().to_vec();
        *record.last_mut().expect("a byte") ^= 1;
        server.space()[..record.len()].copy_from_slice(&record);
        server.filled(record.len());
        let error = server.receive(|_| panic!("data of a forged record")).expect_err("a forged record");
        assert_eq!(error.to_string(), "rustls: cannot decrypt peer's message");
        server.receive(|_| Ok(())).expect_err("a connection that has failed");
        server.send(b"more").expect_err("a connection that has failed");
        let error = deliver(&mut server, &mut client, usize::MAX).expect_err("an alert");
        assert_eq!(error.to_string(), "rustls: received fatal alert: BadRecordMac");
    }
    for setup in setups() {
        with_each!(&setup, check);
    }
}

#[test]
fn a_server_of_another_authority_is_refused() {
    let mut setup = tls13();
    setup.roots = tls13().roots;
    with_each!(&setup, |library| {
        let (mut client, mut server) = ends(library, library);
        let error = shake_hands(&mut client, &mut server, usize::MAX).expect_err("an unknown authority");
        assert!(error.to_string().starts_with("rustls: invalid peer certificate"), "{error}");
        // Both authorities have the same name, so that it is the signature that is wrong.
        let error = deliver(&mut client, &mut server, usize::MAX).expect_err("an alert");
        assert_eq!(error.to_string(), "rustls: received fatal alert: DecryptError");
    });
}

#[test]
fn an_endpoint_works_on_after_its_buffers_were_released() {
    fn check<L: Library>(library: &L) {
        let (mut client, mut server) = connected(library, library);
        client.release_buffers();
        server.release_buffers();
        transfer(&mut client, &mut server, 16_384);
        transfer(&mut server, &mut client, 16_384);
    }
    with_each!(&tls13(), check);
}

#[test]
fn a_hello_retry_is_told() {
    // The client's only key share is of a group that the server does not have.
    let mut client = tls13();
    client.groups = vec![NamedGroup::X25519, NamedGroup::SECP256R1];
    let server = Setup { groups: vec![NamedGroup::SECP256R1], ..tls13() };
    client.roots.clone_from(&server.roots);
    for crypto in CRYPTO {
        let (client, server) = connected(
            &Rustls::new(&client, crypto).expect("a client"),
            &RustlsUnbuffered::new(&server, crypto).expect("a server"),
        );
        for negotiated in [client.negotiated(), server.negotiated()] {
            let negotiated = negotiated.expect("something negotiated");
            assert_eq!((negotiated.group, negotiated.hello_retry), (Some(NamedGroup::SECP256R1), Some(true)));
        }
    }
}

#[test]
fn what_rustls_lacks_is_named() {
    let lacking = |setup: &Setup, crypto| match Rustls::new(setup, crypto) {
        Err(Error::Usage(message)) => message,
        _ => panic!("it has that"),
    };
    let aegis = Setup { suite: CipherSuite::AEGIS_128L_SHA256, ..tls13() };
    assert_eq!(lacking(&aegis, RustlsCrypto::Ring), "rustls with ring does not support TLS_AEGIS_128L_SHA256");
    let x448 = Setup { groups: vec![NamedGroup::X25519, NamedGroup(0x001e)], ..tls13() };
    assert_eq!(lacking(&x448, RustlsCrypto::AwsLcRs), "rustls with aws-lc-rs does not support 0x001e");
    let tls11 = Setup { version: ProtocolVersion::TLS11, ..tls13() };
    assert_eq!(lacking(&tls11, RustlsCrypto::Ring), "rustls does not support TLSv1.1");
    let rootless = Setup { roots: Vec::new(), ..tls13() };
    assert_eq!(lacking(&rootless, RustlsCrypto::Ring), "rustls needs an authority that the client trusts");
}

#[test]
fn the_version_is_the_one_that_is_locked() {
    let lock: toml::Table = include_str!("../../../../Cargo.lock").parse().expect("a lock file");
    let packages = lock["package"].as_array().expect("packages");
    let rustls = packages.iter().find(|package| package["name"].as_str() == Some("rustls")).expect("rustls");
    assert_eq!(rustls["version"].as_str(), Some(RUSTLS_VERSION));
}
