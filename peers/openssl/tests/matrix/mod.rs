//! What OpenSSL and BoringSSL must do alike. The test that includes this says which of them is tested.

use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use tlsbench::error::Error;
use tlsbench::identity::KeyType;
use tlsbench::library::conformance::{check_alone, check_resumption, check_with_engine, connected, setup};
use tlsbench::library::{Endpoint, Setup};

use super::{NAME, Tested, version};

const KEY_TYPES: [KeyType; 2] = [KeyType::EcdsaP256, KeyType::Rsa2048];
const GROUPS: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];
const TLS13_SUITES: [CipherSuite; 3] =
    [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256];
/// Each suite of TLS 1.2 with the type of key that it is for: AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305.
const TLS12_SUITES: [(u16, KeyType); 6] = [
    (0xc02b, KeyType::EcdsaP256),
    (0xc02c, KeyType::EcdsaP256),
    (0xcca9, KeyType::EcdsaP256),
    (0xc02f, KeyType::Rsa2048),
    (0xc030, KeyType::Rsa2048),
    (0xcca8, KeyType::Rsa2048),
];

fn tls13(suite: CipherSuite, key_type: KeyType, group: NamedGroup) -> Setup {
    setup(ProtocolVersion::TLS13, suite, key_type, group).expect("a setup")
}

/// Names the cell of the matrix that failed.
fn pass(setup: &Setup, key_type: KeyType, outcome: Result<(), Error>) {
    if let Err(error) = outcome {
        panic!("{} {} {key_type:?} {}: {error}", setup.version, setup.suite, setup.groups[0]);
    }
}

#[test]
fn it_conforms_in_tls13() {
    for suite in TLS13_SUITES {
        for key_type in KEY_TYPES {
            let setup = tls13(suite, key_type, NamedGroup::X25519);
            pass(&setup, key_type, check_alone(&setup, Tested::new));
        }
    }
}

#[test]
fn it_conforms_in_tls12() {
    for (suite, key_type) in TLS12_SUITES {
        let setup = setup(ProtocolVersion::TLS12, CipherSuite(suite), key_type, NamedGroup::X25519).expect("a setup");
        pass(&setup, key_type, check_alone(&setup, Tested::new));
    }
}

#[test]
fn it_resumes_sessions() {
    for suite in TLS13_SUITES {
        let setup = tls13(suite, KeyType::EcdsaP256, NamedGroup::X25519);
        pass(&setup, KeyType::EcdsaP256, check_resumption(&setup, Tested::new));
    }
    for (suite, key_type) in TLS12_SUITES {
        let setup = setup(ProtocolVersion::TLS12, CipherSuite(suite), key_type, NamedGroup::X25519).expect("a setup");
        pass(&setup, key_type, check_resumption(&setup, Tested::new));
    }
}

/// OpenSSL has the hybrids since 3.5, and BoringSSL has the first of them.
#[test]
fn it_agrees_on_more_groups_if_it_has_them() {
    let groups = [
        NamedGroup::X25519_MLKEM768,
        NamedGroup::SECP256R1_MLKEM768,
        NamedGroup::SECP384R1_MLKEM1024,
        NamedGroup::SECP521R1,
    ];
    for group in groups {
        let setup = tls13(TLS13_SUITES[0], KeyType::EcdsaP256, group);
        match Tested::new(&setup) {
            Err(error) => assert_eq!(error.to_string(), format!("{NAME} {} does not support {group}", version())),
            Ok(_) => {
                pass(&setup, KeyType::EcdsaP256, check_alone(&setup, Tested::new));
                pass(&setup, KeyType::EcdsaP256, check_with_engine(&setup, Tested::new));
            }
        }
    }
}

#[test]
fn it_converses_with_the_engine() {
    for suite in TLS13_SUITES {
        for key_type in KEY_TYPES {
            for group in GROUPS {
                let setup = tls13(suite, key_type, group);
                pass(&setup, key_type, check_with_engine(&setup, Tested::new));
            }
        }
    }
}

#[test]
fn the_client_tells_group_and_signature() {
    let tls12 = |suite, key_type| setup(ProtocolVersion::TLS12, CipherSuite(suite), key_type, GROUPS[0]);
    let expected = [
        (tls13(TLS13_SUITES[0], KeyType::EcdsaP256, GROUPS[0]), SignatureScheme::ECDSA_SECP256R1_SHA256),
        (tls13(TLS13_SUITES[0], KeyType::Rsa2048, GROUPS[2]), SignatureScheme::RSA_PSS_RSAE_SHA256),
        (tls12(0xc02b, KeyType::EcdsaP256).expect("a setup"), SignatureScheme::ECDSA_SECP256R1_SHA256),
        (tls12(0xc02f, KeyType::Rsa2048).expect("a setup"), SignatureScheme::RSA_PSS_RSAE_SHA256),
    ];
    for (setup, signature) in expected {
        let library = Tested::new(&setup).expect("the library");
        let (client, _) = connected(&library, &library).expect("a handshake");
        let told = client.negotiated().expect("something negotiated");
        assert_eq!((told.group, told.signature), (Some(setup.groups[0]), Some(signature)), "{}", told.version);
    }
}

#[test]
fn what_it_lacks_is_named() {
    let lacking = |setup: &Setup| match Tested::new(setup) {
        Err(Error::Usage(message)) => message,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it has that"),
    };
    let lacks = |what: &str| format!("{NAME} {} does not support {what}", version());
    let ours = || tls13(CipherSuite::AES_128_GCM_SHA256, KeyType::EcdsaP256, NamedGroup::X25519);
    let aegis = Setup { suite: CipherSuite::AEGIS_128L_SHA256, ..ours() };
    assert_eq!(lacking(&aegis), lacks("TLS_AEGIS_128L_SHA256"));
    let unknown = Setup { groups: vec![NamedGroup::X25519, NamedGroup(0xfe00)], ..ours() };
    assert_eq!(lacking(&unknown), lacks("0xfe00"));
    assert_eq!(lacking(&Setup { version: ProtocolVersion::TLS11, ..ours() }), lacks("TLSv1.1"));
    let rootless = Setup { roots: Vec::new(), ..ours() };
    assert_eq!(lacking(&rootless), format!("{NAME} needs an authority that the client trusts"));
}
