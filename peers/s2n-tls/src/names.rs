//! What was negotiated, by the names that s2n-tls has for it.

use s2n_tls::connection::Connection;
use s2n_tls::enums::Version;
use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use tlsbench::library::Negotiated;

/// Of TLS 1.2, with an ECDSA certificate (RFC 5289 3.2).
pub(crate) const ECDHE_ECDSA_AES_128_GCM: CipherSuite = CipherSuite(0xc02b);
/// Of TLS 1.2, with an RSA certificate (RFC 5289 3.2).
pub(crate) const ECDHE_RSA_AES_128_GCM: CipherSuite = CipherSuite(0xc02f);

/// The suites of TLS 1.3 have their names of the RFC, others those of OpenSSL.
const SUITES: [(&str, CipherSuite); 9] = [
    ("TLS_AES_128_GCM_SHA256", CipherSuite::AES_128_GCM_SHA256),
    ("TLS_AES_256_GCM_SHA384", CipherSuite::AES_256_GCM_SHA384),
    ("TLS_CHACHA20_POLY1305_SHA256", CipherSuite::CHACHA20_POLY1305_SHA256),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", ECDHE_ECDSA_AES_128_GCM),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", CipherSuite(0xc02c)),
    ("ECDHE-RSA-AES128-GCM-SHA256", ECDHE_RSA_AES_128_GCM),
    ("ECDHE-RSA-AES256-GCM-SHA384", CipherSuite(0xc030)),
    ("ECDHE-RSA-CHACHA20-POLY1305", CipherSuite(0xcca8)),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", CipherSuite(0xcca9)),
];
const GROUPS: [(&str, NamedGroup); 5] = [
    ("x25519", NamedGroup::X25519),
    ("secp256r1", NamedGroup::SECP256R1),
    ("secp384r1", NamedGroup::SECP384R1),
    ("secp521r1", NamedGroup::SECP521R1),
    ("X25519MLKEM768", NamedGroup::X25519_MLKEM768),
];
const SIGNATURES: [(&str, SignatureScheme); 11] = [
    ("ecdsa_secp256r1_sha256", SignatureScheme::ECDSA_SECP256R1_SHA256),
    ("ecdsa_secp384r1_sha384", SignatureScheme::ECDSA_SECP384R1_SHA384),
    // Their numbers mean no certain curve in TLS 1.2 (RFC 8446 4.2.3), so that the names are others.
    ("ecdsa_sha256", SignatureScheme::ECDSA_SECP256R1_SHA256),
    ("ecdsa_sha384", SignatureScheme::ECDSA_SECP384R1_SHA384),
    ("ecdsa_sha512", SignatureScheme(0x0603)),
    ("rsa_pkcs1_sha256", SignatureScheme::RSA_PKCS1_SHA256),
    ("rsa_pkcs1_sha384", SignatureScheme::RSA_PKCS1_SHA384),
    ("rsa_pkcs1_sha512", SignatureScheme::RSA_PKCS1_SHA512),
    ("rsa_pss_rsae_sha256", SignatureScheme::RSA_PSS_RSAE_SHA256),
    ("rsa_pss_rsae_sha384", SignatureScheme::RSA_PSS_RSAE_SHA384),
    ("rsa_pss_rsae_sha512", SignatureScheme::RSA_PSS_RSAE_SHA512),
];

/// What a completed handshake led to. `None` if that has a name which is not known here.
pub(crate) fn negotiated(connection: &Connection) -> Option<Negotiated> {
    let version = match connection.actual_protocol_version().ok()? {
        Version::TLS13 => ProtocolVersion::TLS13,
        Version::TLS12 => ProtocolVersion::TLS12,
        _ => return None,
    };
    Some(Negotiated {
        version,
        suite: number(&SUITES, connection.cipher_suite().ok()?)?,
        group: match connection.selected_key_exchange_group() {
            Some(name) => Some(number(&GROUPS, name)?),
            None => None,
        },
        signature: connection.signature_scheme().and_then(|name| number(&SIGNATURES, name)),
        alpn: connection.application_protocol().map(<[u8]>::to_vec),
        hello_retry: connection.handshake_type().ok().map(|flags| flags.contains("HELLO_RETRY_REQUEST")),
        is_resumed: connection.resumed(),
        early_data: false,
    })
}

fn number<T: Copy>(known: &[(&str, T)], name: &str) -> Option<T> {
    known.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}
