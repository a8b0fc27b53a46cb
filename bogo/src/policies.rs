//! Compliance policies: lists of what is allowed.

use tls_engine::codes::{CipherSuite, NamedGroup, SignatureScheme};

/// What a policy allows, best first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) suites: &'static [CipherSuite],
    pub(crate) groups: &'static [NamedGroup],
    /// To sign with, and to verify.
    pub(crate) schemes: &'static [SignatureScheme],
}

/// `-fips-202205`: NIST SP 800-52, revision 2.
pub(crate) const FIPS_202205: Policy = Policy {
    suites: &[CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384],
    groups: &[NamedGroup::SECP256R1, NamedGroup::SECP384R1],
    schemes: &[
        SignatureScheme::ECDSA_SECP256R1_SHA256,
        SignatureScheme::ECDSA_SECP384R1_SHA384,
        SignatureScheme::RSA_PSS_RSAE_SHA256,
        SignatureScheme::RSA_PSS_RSAE_SHA384,
        SignatureScheme::RSA_PSS_RSAE_SHA512,
    ],
};

/// `-wpa-202304`: WPA3 with 192 bits.
pub(crate) const WPA_202304: Policy = Policy {
    suites: &[CipherSuite::AES_256_GCM_SHA384],
    groups: &[NamedGroup::SECP384R1],
    schemes: &[
        SignatureScheme::ECDSA_SECP384R1_SHA384,
        SignatureScheme::RSA_PSS_RSAE_SHA384,
        SignatureScheme::RSA_PSS_RSAE_SHA512,
    ],
};
