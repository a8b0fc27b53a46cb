use rustls::server::ServerSessionMemoryCache;

use super::*;
use crate::identity::KeyType;
use crate::library::conformance::{
    WHOLE, carry, check_alone, check_resumption, check_with_engine, connected, converse, deliver, ends, setup,
    shake_hands, transfer,
};
use crate::library::{Endpoint, Library, Received};

const TLS12_AES_128_GCM: CipherSuite = CipherSuite(0xc02b);
const CRYPTO: [RustlsCrypto; 2] = [RustlsCrypto::AwsLcRs, RustlsCrypto::Ring];
const TLS13_SUITES: [CipherSuite; 3] =
    [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256];

fn tls13_with(suite: CipherSuite) -> Setup {
    setup(ProtocolVersion::TLS13, suite, KeyType::EcdsaP256, NamedGroup::X25519).expect("a setup")
}

fn tls13() -> Setup {
    tls13_with(CipherSuite::AES_128_GCM_SHA256)
}

fn tls12() -> Setup {
    setup(ProtocolVersion::TLS12, TLS12_AES_128_GCM, KeyType::EcdsaP256, NamedGroup::X25519).expect("a setup")
}

#[test]
fn both_interfaces_conform_with_each_suite() {
    for setup in TLS13_SUITES.map(tls13_with).into_iter().chain([tls12()]) {
        for crypto in CRYPTO {
            check_alone(&setup, |setup| Rustls::new(setup, crypto)).expect("rustls");
            check_alone(&setup, |setup| RustlsUnbuffered::new(setup, crypto)).expect("unbuffered rustls");
        }
    }
}

#[test]
fn both_interfaces_resume_sessions() {
    for setup in TLS13_SUITES.map(tls13_with).into_iter().chain([tls12()]) {
        for crypto in CRYPTO {
            check_resumption(&setup, |setup| Rustls::new(setup, crypto)).expect("rustls");
            check_resumption(&setup, |setup| RustlsUnbuffered::new(setup, crypto)).expect("unbuffered rustls");
        }
    }
}

#[test]
fn both_interfaces_agree_on_a_post_quantum_group() {
    let suite = CipherSuite::AES_128_GCM_SHA256;
    let setup = setup(ProtocolVersion::TLS13, suite, KeyType::EcdsaP256, NamedGroup::X25519_MLKEM768).expect("a setup");
    let buffered = |setup: &Setup| Rustls::new(setup, RustlsCrypto::AwsLcRs);
    let unbuffered = |setup: &Setup| RustlsUnbuffered::new(setup, RustlsCrypto::AwsLcRs);
    check_alone(&setup, buffered).expect("rustls");
    check_alone(&setup, unbuffered).expect("unbuffered rustls");
    check_with_engine(&setup, buffered).expect("rustls with the engine");
    check_with_engine(&setup, unbuffered).expect("unbuffered rustls with the engine");
}

#[test]
fn both_interfaces_converse_with_the_engine() {
    for setup in TLS13_SUITES.map(tls13_with) {
        for crypto in CRYPTO {
            check_with_engine(&setup, |setup| Rustls::new(setup, crypto)).expect("rustls");
            check_with_engine(&setup, |setup| RustlsUnbuffered::new(setup, crypto)).expect("unbuffered rustls");
        }
    }
}

#[test]
fn both_interfaces_converse_with_each_other() {
    let setup = tls13();
    let buffered = Rustls::new(&setup, RustlsCrypto::AwsLcRs).expect("rustls");
    let unbuffered = RustlsUnbuffered::new(&setup, RustlsCrypto::Ring).expect("unbuffered rustls");
    converse(&setup, &buffered, &unbuffered).expect("a conversation");
    converse(&setup, &unbuffered, &buffered).expect("a conversation");
}

#[test]
fn a_client_may_send_in_the_middle_of_a_ticket() {
    fn check<L: Library>(library: &L, server: &Rustls) {
        let (mut client, mut server) = ends(library, server).expect("two ends");
        deliver(&mut client, &mut server, WHOLE).expect("a hello");
        deliver(&mut server, &mut client, WHOLE).expect("an answer");
        deliver(&mut client, &mut server, WHOLE).expect("the end of the handshake");
        assert!(server.outgoing().len() > 100, "a ticket in several records");
        carry(&mut server, &mut client, 100);
        assert_eq!(client.receive(|_| panic!("data in a ticket")).expect("a part"), Received::NeedsInput);
        client.send(b"some data").expect("sealing");
        assert_eq!(deliver(&mut client, &mut server, WHOLE).expect("data").0, b"some data");
        transfer(&mut server, &mut client, 16_384, WHOLE).expect("a transfer");
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
fn errors_are_told_in_the_words_of_rustls() {
    let trusting = Rustls::new(&tls13(), RustlsCrypto::AwsLcRs).expect("rustls");
    let stranger = Rustls::new(&tls13(), RustlsCrypto::AwsLcRs).expect("rustls");
    let (mut client, mut server) = ends(&trusting, &stranger).expect("two ends");
    let error = shake_hands(&mut client, &mut server, WHOLE).expect_err("an unknown authority");
    assert!(error.to_string().starts_with("rustls: invalid peer certificate"), "{error}");
    // Both authorities have the same name, so that it is the signature that is wrong.
    let error = deliver(&mut client, &mut server, WHOLE).expect_err("an alert");
    assert_eq!(error.to_string(), "rustls: received fatal alert: DecryptError");
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
        )
        .expect("a handshake");
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
