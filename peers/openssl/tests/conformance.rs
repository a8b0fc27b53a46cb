//! OpenSSL does what every library must, alone and with the engine. `peers/openssl-src` runs the same with another OpenSSL.

mod matrix;

use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion};
use tlsbench::identity::KeyType;
use tlsbench::library::Endpoint;
use tlsbench::library::conformance::{connected, setup};
use tlsbench_openssl::{OpenSsl as Tested, version};

const NAME: &str = "OpenSSL";

#[test]
fn both_ends_tell_the_same() {
    for version in [ProtocolVersion::TLS13, ProtocolVersion::TLS12] {
        let suite =
            if version == ProtocolVersion::TLS13 { CipherSuite::AES_128_GCM_SHA256 } else { CipherSuite(0xc02b) };
        let setup = setup(version, suite, KeyType::EcdsaP256, NamedGroup::X25519).expect("a setup");
        let library = Tested::new(&setup).expect("OpenSSL");
        let (client, server) = connected(&library, &library).expect("a handshake");
        assert_eq!(client.negotiated(), server.negotiated());
    }
}
