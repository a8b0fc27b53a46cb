//! What every library must pass, and what this one is.

use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion};
use tlsbench::error::Error;
use tlsbench::identity::KeyType;
use tlsbench::library::conformance::{
    check_alone, check_resumption, check_with_engine, connected, converse, engine, setup,
};
use tlsbench::library::{Endpoint, Library, Room, Setup};
use tlsbench_s2n_tls::{S2nTls, VERSION};

const KEY_TYPES: [KeyType; 2] = [KeyType::EcdsaP256, KeyType::Rsa2048];
const AES: [CipherSuite; 2] = [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384];
const GROUPS: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];

fn tls13(suite: CipherSuite, key_type: KeyType, group: NamedGroup) -> Setup {
    setup(ProtocolVersion::TLS13, suite, key_type, group).expect("a setup")
}

fn chacha20(key_type: KeyType, group: NamedGroup) -> Setup {
    tls13(CipherSuite::CHACHA20_POLY1305_SHA256, key_type, group)
}

#[test]
fn it_conforms_with_itself() {
    for suite in AES {
        for key_type in KEY_TYPES {
            for group in GROUPS {
                check_alone(&tls13(suite, key_type, group), S2nTls::new).expect("s2n-tls with itself");
            }
        }
    }
}

#[test]
fn it_conforms_with_itself_in_tls12() {
    for (suite, key_type) in [(0xc02b, KeyType::EcdsaP256), (0xc02f, KeyType::Rsa2048)] {
        for group in [NamedGroup::X25519, NamedGroup::SECP256R1] {
            let setup = setup(ProtocolVersion::TLS12, CipherSuite(suite), key_type, group).expect("a setup");
            check_alone(&setup, S2nTls::new).expect("s2n-tls with itself");
        }
    }
}

#[test]
fn it_resumes_sessions() {
    for suite in AES {
        let setup = tls13(suite, KeyType::EcdsaP256, NamedGroup::X25519);
        check_resumption(&setup, S2nTls::new).expect("s2n-tls with itself");
    }
    for (suite, key_type) in [(0xc02b, KeyType::EcdsaP256), (0xc02f, KeyType::Rsa2048)] {
        let setup = setup(ProtocolVersion::TLS12, CipherSuite(suite), key_type, NamedGroup::X25519).expect("a setup");
        check_resumption(&setup, S2nTls::new).expect("s2n-tls with itself");
    }
}

#[test]
fn it_agrees_on_a_post_quantum_group() {
    let setup = tls13(CipherSuite::AES_128_GCM_SHA256, KeyType::EcdsaP256, NamedGroup::X25519_MLKEM768);
    check_alone(&setup, S2nTls::new).expect("s2n-tls with itself");
    let (s2n_tls, engine) = (S2nTls::new(&setup).expect("s2n-tls"), engine(&setup).expect("the engine"));
    converse(&setup, &s2n_tls, &engine).expect("a client");
    converse(&setup, &engine, &s2n_tls).expect("a server");
}

#[test]
fn it_conforms_with_the_engine() {
    for key_type in KEY_TYPES {
        for suite in AES {
            let setup = tls13(suite, key_type, NamedGroup::SECP256R1);
            check_with_engine(&setup, S2nTls::new).expect("s2n-tls with the engine");
        }
        check_with_engine(&chacha20(key_type, NamedGroup::SECP256R1), S2nTls::new).expect("s2n-tls with the engine");
        let setup = tls13(CipherSuite::AES_256_GCM_SHA384, key_type, NamedGroup::SECP384R1);
        check_with_engine(&setup, S2nTls::new).expect("s2n-tls with the engine");
    }
}

/// Its policies with X25519 have P-256 as well, and so has that for AES-128-GCM with P-384. So its server sends no
/// HelloRetryRequest to a client that has a share of P-256, which is one of the checks with the engine.
#[test]
fn it_converses_with_the_engine_in_the_other_groups() {
    for key_type in KEY_TYPES {
        let setups = [
            tls13(CipherSuite::AES_128_GCM_SHA256, key_type, NamedGroup::X25519),
            tls13(CipherSuite::AES_256_GCM_SHA384, key_type, NamedGroup::X25519),
            chacha20(key_type, NamedGroup::X25519),
            tls13(CipherSuite::AES_128_GCM_SHA256, key_type, NamedGroup::SECP384R1),
        ];
        for setup in &setups {
            let (s2n_tls, engine) = (S2nTls::new(setup).expect("s2n-tls"), engine(setup).expect("the engine"));
            converse(setup, &s2n_tls, &engine).expect("a client");
            converse(setup, &engine, &s2n_tls).expect("a server");
        }
    }
}

#[test]
fn what_it_negotiates_instead_is_an_error() {
    let library = S2nTls::new(&chacha20(KeyType::EcdsaP256, NamedGroup::X25519)).expect("s2n-tls");
    let error = connected(&library, &library).err().expect("another suite");
    assert_eq!(
        error.to_string(),
        "s2n-tls has no policy with nothing but what was asked for: the connection has another cipher suite than was asked for: \
         TLS_AES_128_GCM_SHA256, not TLS_CHACHA20_POLY1305_SHA256"
    );
}

#[test]
fn what_it_lacks_is_named() {
    let lacking = |setup: &Setup| match S2nTls::new(setup) {
        Err(Error::Usage(message)) => message,
        _ => panic!("it has that"),
    };
    let aegis = tls13(CipherSuite::AEGIS_128L_SHA256, KeyType::EcdsaP256, NamedGroup::X25519);
    assert_eq!(lacking(&aegis), "s2n-tls has no policy that prefers TLSv1.3, TLS_AEGIS_128L_SHA256, x25519");
    let secp384r1 = chacha20(KeyType::EcdsaP256, NamedGroup::SECP384R1);
    assert_eq!(
        lacking(&secp384r1),
        "s2n-tls has no policy that prefers TLSv1.3, TLS_CHACHA20_POLY1305_SHA256, secp384r1"
    );
}

/// s2n-tls knows the address of an endpoint's buffers.
#[test]
fn an_endpoint_may_move() {
    let library = S2nTls::new(&tls13(AES[0], KeyType::EcdsaP256, NamedGroup::X25519)).expect("s2n-tls");
    let mut clients: Vec<_> = (0..2).map(|_| library.client(Room::default()).expect("a client")).collect();
    clients.swap(0, 1);
    for client in clients.into_iter().map(Box::new) {
        let hello = std::thread::spawn(move || client.outgoing().to_vec()).join().expect("a hello");
        assert!(hello.len() > 100);
    }
}

#[test]
fn the_version_is_the_one_that_is_locked() {
    let lock: toml::Table = include_str!("../Cargo.lock").parse().expect("a lock file");
    let packages = lock["package"].as_array().expect("packages");
    for name in ["s2n-tls", "s2n-tls-sys"] {
        let package = packages.iter().find(|package| package["name"].as_str() == Some(name)).expect("s2n-tls");
        assert_eq!(package["version"].as_str(), Some(VERSION));
    }
}
