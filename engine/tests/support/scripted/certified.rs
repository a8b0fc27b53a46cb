//! Certificate and CertificateVerify, which either end may send.

use tls_engine::codes::{HandshakeType, SignatureScheme};
use tls_engine::crypto::{Random, SigningKey};
use tls_engine::internal::msgs::Signer;

use super::Script;
use super::draft::{self, message, numbers, vector16};
use crate::support::pki::Identity;

/// A script that shows a certificate.
pub trait Certified: Script {
    /// Who signs its CertificateVerify.
    const SIGNER: Signer;

    fn identity(&self) -> &'static Identity;

    /// The CertificateVerify with a right signature of any party, or called by another name.
    fn certificate_verify_as(&self, scheme: SignatureScheme, signer: Signer) -> Vec<u8>;
}

/// The right Certificate.
pub fn certificate(identity: &Identity) -> Vec<u8> {
    let chain: Vec<&[u8]> = identity.chain.iter().map(AsRef::as_ref).collect();
    message(HandshakeType::CERTIFICATE, &draft::certificate(&[], &chain))
}

/// A CertificateVerify over `content` that claims `scheme`.
pub fn certificate_verify(
    key: &dyn SigningKey,
    random: &dyn Random,
    scheme: SignatureScheme,
    content: &[u8],
) -> Vec<u8> {
    let made_with = if key.schemes().contains(&scheme) { scheme } else { key.schemes()[0] };
    let signature = key.sign(made_with, content, random).expect("a signature");
    message(HandshakeType::CERTIFICATE_VERIFY, &[numbers(&[scheme.0]), vector16(&signature)].concat())
}
