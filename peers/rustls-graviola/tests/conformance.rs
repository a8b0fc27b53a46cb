//! What every library must pass, and what this one is.

use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion};
use tlsbench::error::Error;
use tlsbench::identity::KeyType;
use tlsbench::library::Setup;
use tlsbench::library::conformance::{check_alone, check_resumption, check_with_engine, setup};
use tlsbench_rustls_graviola::{CRYPTOGRAPHY_VERSION, VERSION, library};

const KEY_TYPES: [KeyType; 2] = [KeyType::EcdsaP256, KeyType::Rsa2048];
const SUITES: [CipherSuite; 3] =
    [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256];
const GROUPS: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];

fn tls13(suite: CipherSuite, key_type: KeyType, group: NamedGroup) -> Setup {
    setup(ProtocolVersion::TLS13, suite, key_type, group).expect("a setup")
}

#[test]
fn each_suite_conforms_with_each_key() {
    for suite in SUITES {
        for key_type in KEY_TYPES {
            let setup = tls13(suite, key_type, NamedGroup::X25519);
            check_alone(&setup, library).expect("graviola with itself");
            check_with_engine(&setup, library).expect("graviola with the engine");
        }
    }
}

#[test]
fn each_group_conforms() {
    for group in GROUPS {
        let setup = tls13(CipherSuite::AES_128_GCM_SHA256, KeyType::EcdsaP256, group);
        check_alone(&setup, library).expect("graviola with itself");
        check_with_engine(&setup, library).expect("graviola with the engine");
    }
}

#[test]
fn tls12_conforms() {
    for (suite, key_type) in [(0xc02b, KeyType::EcdsaP256), (0xc02f, KeyType::Rsa2048)] {
        let setup = setup(ProtocolVersion::TLS12, CipherSuite(suite), key_type, NamedGroup::X25519).expect("a setup");
        check_alone(&setup, library).expect("graviola with itself");
        check_resumption(&setup, library).expect("graviola with itself");
    }
}

#[test]
fn it_resumes_sessions() {
    for suite in SUITES {
        let setup = tls13(suite, KeyType::EcdsaP256, NamedGroup::X25519);
        check_resumption(&setup, library).expect("graviola with itself");
    }
}

#[test]
fn what_it_lacks_is_named() {
    let lacking = |setup: &Setup| match library(setup) {
        Err(Error::Usage(message)) => message,
        _ => panic!("it has that"),
    };
    let aegis = tls13(CipherSuite::AEGIS_128L_SHA256, KeyType::EcdsaP256, NamedGroup::X25519);
    assert_eq!(lacking(&aegis), "rustls with graviola does not support TLS_AEGIS_128L_SHA256");
    let secp521r1 = tls13(CipherSuite::AES_128_GCM_SHA256, KeyType::EcdsaP256, NamedGroup::SECP521R1);
    assert_eq!(lacking(&secp521r1), "rustls with graviola does not support secp521r1");
}

#[test]
fn the_versions_are_those_that_are_locked() {
    let lock: toml::Table = include_str!("../Cargo.lock").parse().expect("a lock file");
    let version = |name| {
        let packages = lock["package"].as_array().expect("packages");
        let mut versions = packages.iter().filter(|package| package["name"].as_str() == Some(name));
        let version = versions.next().and_then(|package| package["version"].as_str());
        assert!(versions.next().is_none(), "two versions of {name}");
        version
    };
    assert_eq!(version("rustls"), Some(VERSION));
    assert_eq!(version("graviola"), Some(CRYPTOGRAPHY_VERSION));
}
