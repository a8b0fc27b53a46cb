use rustls_pki_types::{AlgorithmIdentifier, alg_id};

use super::certified_key::CertifiedKey;
use super::der::{Elements, SEQUENCE};
use super::parsed_certificate::ParsedCertificate;
use crate::codes::SignatureScheme;

impl CertifiedKey {
    /// Whether a certificate of the chain is issued by one of `authorities`, which are names in DER (RFC 8446 4.2.4).
    pub(crate) fn is_issued_by<'a>(&self, mut authorities: impl Iterator<Item = &'a [u8]>) -> bool {
        // Read once, however many names a peer sends.
        let issuers: Vec<_> = self.certificates().map(|certificate| certificate.issuer).collect();
        authorities.any(|name| Elements(name).nested(SEQUENCE).is_some_and(|Elements(name)| issuers.contains(&name)))
    }

    /// Whether the certificates of the chain are signed with schemes that are `taken`. Who signs itself is not asked: nobody verifies that
    /// (RFC 8446 4.4.2.2).
    pub(crate) fn is_signed_with(&self, taken: impl Fn(SignatureScheme) -> bool) -> bool {
        let mut issued = self.certificates().filter(|certificate| certificate.issuer != certificate.subject);
        issued.all(|certificate| {
            let mut known = SIGNATURES.iter().filter(|(id, _)| id.as_ref() == certificate.signature_algorithm);
            known.any(|(_, scheme)| taken(*scheme))
        })
    }

    /// Those that can be read.
    fn certificates(&self) -> impl Iterator<Item = ParsedCertificate<'_>> {
        self.chain.iter().filter_map(|certificate| ParsedCertificate::read(certificate).ok())
    }
}

/// What certificates are signed with, in the words of TLS (RFC 8446 4.2.3). Of RSA-PSS it has a scheme for each kind of the issuer's key.
const SIGNATURES: [(AlgorithmIdentifier, SignatureScheme); 13] = [
    (alg_id::ECDSA_SHA256, SignatureScheme::ECDSA_SECP256R1_SHA256),
    (alg_id::ECDSA_SHA384, SignatureScheme::ECDSA_SECP384R1_SHA384),
    (alg_id::ECDSA_SHA512, SignatureScheme(0x0603)),
    (alg_id::ED25519, SignatureScheme::ED25519),
    (alg_id::RSA_PKCS1_SHA256, SignatureScheme::RSA_PKCS1_SHA256),
    (alg_id::RSA_PKCS1_SHA384, SignatureScheme::RSA_PKCS1_SHA384),
    (alg_id::RSA_PKCS1_SHA512, SignatureScheme::RSA_PKCS1_SHA512),
    (alg_id::RSA_PSS_SHA256, SignatureScheme::RSA_PSS_RSAE_SHA256),
    (alg_id::RSA_PSS_SHA256, SignatureScheme::RSA_PSS_PSS_SHA256),
    (alg_id::RSA_PSS_SHA384, SignatureScheme::RSA_PSS_RSAE_SHA384),
    (alg_id::RSA_PSS_SHA384, SignatureScheme::RSA_PSS_PSS_SHA384),
    (alg_id::RSA_PSS_SHA512, SignatureScheme::RSA_PSS_RSAE_SHA512),
    (alg_id::RSA_PSS_SHA512, SignatureScheme::RSA_PSS_PSS_SHA512),
];
