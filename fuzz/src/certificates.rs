//! Certificates and names. Most changes to a certificate break its signature, and little is looked at after that: so what a
//! certificate says is taken from the input, and signed by an authority that is trusted.

use std::time::Duration;

use rcgen::SigningKey;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tls_engine::codes::SignatureScheme;
use tls_engine::internal::pki::verify_handshake_signature;
use tls_engine::pki::{ServerVerifier, certificate_warnings, check_root};

use crate::Input;
use crate::configs::{KIND, provider};
use crate::support::pki::{Pki, tiny_authority};

/// The most certificates of a chain.
const CHAIN_MAX: usize = 8;

/// The input: the day, counted from 1970, the name, and certificates, leaf first. Returns whether the chain was accepted.
pub fn run(bytes: &[u8]) -> bool {
    let mut input = Input::new(bytes);
    let now = UnixTime::since_unix_epoch(Duration::from_secs(86_400 * input.number() as u64));
    let name = String::from_utf8_lossy(input.bytes()).into_owned();
    let mut chain = Vec::new();
    let mut is_signed = false;
    while !input.is_empty() && chain.len() < CHAIN_MAX {
        let (certificate, is_ours) = certificate(&mut input);
        is_signed |= chain.is_empty() && is_ours;
        chain.push(certificate);
    }
    let Some(leaf) = chain.first() else { return false };
    // What is shown to people, and roots that are no roots.
    certificate_warnings(leaf);
    if check_root(leaf).is_ok() {
        ServerVerifier::new(&chain[..1]).expect("a root that was checked");
    }
    // The signature is none of any key, unless the certificate says that its key is a trivial one.
    drop(verify_handshake_signature(provider(), leaf, SignatureScheme::ED25519, b"message", &[0; 64]));
    let Ok(name) = ServerName::try_from(name) else { return false };
    let accepts = |chain: &[CertificateDer<'_>]| verifier().verify_chain(provider(), chain, &name, now);
    let result = accepts(&chain);
    if result.is_ok() {
        assert!(is_signed, "a leaf that no authority has signed");
        assert!(is_within(&name, leaf), "a leaf without the name {name:?}");
        // What belongs to no chain is ignored (RFC 8446 4.4.2).
        chain.push(tiny_authority("somebody else", 7));
        assert_eq!(accepts(&chain), Ok(()));
    } else {
        assert_eq!(accepts(&chain), result);
    }
    result.is_ok()
}

/// A certificate of the input, and whether an authority has issued it.
fn certificate(input: &mut Input<'_>) -> (CertificateDer<'static>, bool) {
    let pki = Pki::shared(KIND);
    let [root, intermediate] = pki.keys();
    let known = &Pki::shared_identity(KIND).chain;
    match input.byte() % 5 {
        0 => (known[0].clone(), true),
        1 => (known[1].clone(), true),
        2 => (signed(input.long_bytes(), root), true),
        3 => (signed(input.long_bytes(), intermediate), true),
        _ => (input.long_bytes().to_vec().into(), false),
    }
}

fn verifier() -> &'static ServerVerifier {
    static MADE: std::sync::OnceLock<ServerVerifier> = std::sync::OnceLock::new();
    MADE.get_or_init(|| ServerVerifier::new(&[Pki::shared(KIND).root()]).expect("a root"))
}

/// A certificate that says what `content` says (RFC 5280 4.1), signed with an Ed25519 key (RFC 8410 3).
fn signed(content: &[u8], key: &rcgen::KeyPair) -> CertificateDer<'static> {
    const ED25519: [u8; 7] = [0x30, 5, 6, 3, 0x2b, 0x65, 0x70];
    let signature = key.sign(content).expect("a signature");
    let parts = [content, &ED25519, &[3, 65, 0], &signature].concat();
    let [high, low] = u16::try_from(parts.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[0x30, 0x82, high, low], &parts[..]].concat().into()
}

/// Whether the certificate contains the name, or a wildcard that stands for it.
fn is_within(name: &ServerName<'_>, certificate: &[u8]) -> bool {
    let contains = |name: &[u8]| certificate.windows(name.len()).any(|part| part.eq_ignore_ascii_case(name));
    match name {
        ServerName::DnsName(name) => {
            let name = name.as_ref().trim_end_matches('.');
            let wildcard = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
            contains(name.as_bytes()) || wildcard.is_some_and(|wildcard| contains(wildcard.as_bytes()))
        }
        ServerName::IpAddress(rustls_pki_types::IpAddr::V4(address)) => contains(address.as_ref()),
        ServerName::IpAddress(rustls_pki_types::IpAddr::V6(address)) => contains(address.as_ref()),
        _ => false,
    }
}
