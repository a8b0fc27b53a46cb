//! What is read of a private key is nowhere in a server's memory once it is loaded: neither its text nor its encoding, in no
//! buffer that it went through.
#![cfg(target_os = "linux")]

mod support;

use std::fs;

use support::Server;
use support::own_memory::occurrences_in;
use support::pki::{KeyKind, Pki};

#[test]
fn neither_text_nor_encoding_of_a_private_key_is_left_in_memory() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).to_str().expect("UTF-8").to_owned();
    let (chain, key, both) = (path("chain.pem"), path("key.pem"), path("both.pem"));
    for kind in KeyKind::ALL {
        let identity = Pki::shared_identity(kind);
        fs::write(&chain, &identity.chain_pem).expect("written");
        // What stands in front moves it within its file, and makes it one that grows in a buffer that is no larger than it must be.
        fs::write(&key, format!("{}{}", "a comment\n".repeat(2000), identity.key_pem)).expect("written");
        fs::write(&both, format!("{}{}", identity.key_pem, identity.chain_pem)).expect("written");
        for (chain, key) in [(&chain, &key), (&both, &both)] {
            for provider in ["aws-lc-rs", "rustcrypto"] {
                let server = Server::start(&["--cert", chain, "--key", key, "--provider", provider]);
                let find = |needle: &[u8]| occurrences_in(server.program.id(), needle);
                let certificate = &identity.chain[0];
                assert!(find(&certificate[certificate.len() - 40..]) > 0, "not even what is served is found");
                for line in identity.key_pem.lines().filter(|line| line.len() >= 32 && !line.starts_with('-')) {
                    assert_eq!(find(line.as_bytes()), 0, "{kind:?}, {provider}: the text");
                }
                for piece in encoded(kind, identity.key.secret_der()) {
                    assert_eq!(find(piece), 0, "{kind:?}, {provider}: the encoding");
                }
            }
        }
    }
}

/// Pieces of a key in PKCS #8 that hold what is secret, and enough around it not to be found where it is in use: of Ed25519 the
/// secret is kept as it stands there, behind its tag and length.
fn encoded(kind: KeyKind, der: &[u8]) -> Vec<&[u8]> {
    match kind {
        KeyKind::Ed25519 => vec![&der[12..48]],
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 => vec![&der[26..66]],
        KeyKind::Rsa2048 => der[300..].chunks_exact(64).collect(),
    }
}
