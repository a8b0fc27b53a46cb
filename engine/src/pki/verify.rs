use rustls_pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime, alg_id};
use webpki::{EndEntityCert, KeyUsage};

use super::candidates::candidates;
use super::outline::Outline;
use super::reason;
use crate::codes::SignatureScheme;
use crate::crypto::Provider;
use crate::error::{CertificateError, Error};

/// How a client judges a server's certificates: chain, purpose, validity and name, through webpki.
pub struct ServerVerifier {
    algorithms: Vec<&'static dyn SignatureVerificationAlgorithm>,
    trust: Trust,
}

enum Trust {
    Anchors(Vec<TrustAnchor<'static>>),
    /// Whoever answers.
    Anyone,
}

impl ServerVerifier {
    /// Trusts what `roots` issued. Each of them must parse.
    pub fn new(provider: &Provider, roots: &[CertificateDer<'_>]) -> Result<Self, Error> {
        let anchors = roots
            .iter()
            .enumerate()
            .map(|(index, root)| {
                webpki::anchor_from_trusted_cert(root).map(|anchor| anchor.to_owned()).map_err(|why| {
                    let refusal = reason::refusal(&why);
                    Error::Config(format!("trusted certificate {} can't be used: {refusal}", index + 1))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        Self::with_anchors(provider, anchors)
    }

    /// Trusts what those of `roots` issued that parse: for the operating system's store, where some do not. At least one
    /// must.
    pub fn from_store(provider: &Provider, roots: &[CertificateDer<'_>]) -> Result<Self, Error> {
        let usable = roots.iter().filter_map(|root| Some(webpki::anchor_from_trusted_cert(root).ok()?.to_owned()));
        Self::with_anchors(provider, usable.collect())
    }

    /// Takes any chain. The signature of the handshake is verified all the same.
    pub fn insecure(provider: &Provider) -> Self {
        Self { algorithms: provider.certificate_algorithms.clone(), trust: Trust::Anyone }
    }

    /// Whether any chain is taken.
    pub const fn is_insecure(&self) -> bool {
        matches!(self.trust, Trust::Anyone)
    }

    /// Whether `chain`, leaf first, is good for the server `name` at `now` (RFC 8446 4.4.2.4, RFC 5280 6, RFC 6125).
    pub fn verify_chain(
        &self,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let (certificate, intermediates) = chain.split_first().ok_or(CertificateError::Missing)?;
        let leaf = parse(certificate)?;
        let Trust::Anchors(anchors) = &self.trust else { return Ok(()) };
        let usage = KeyUsage::server_auth();
        let intermediates = candidates(certificate, intermediates)?;
        leaf.verify_for_usage(&self.algorithms, anchors, &intermediates, now, usage, None, None)
            .map_err(|why| reason::refusal(&why))?;
        let outline = Outline::read(certificate)?;
        leaf.verify_is_valid_for_subject_name(name).map_err(|why| match why {
            webpki::Error::CertNotValidForName(_) => reason::wrong_name(name, &outline),
            other => reason::refusal(&other),
        })?;
        // RFC 8446 4.4.2.2: webpki does not look at what the key is for.
        if !outline.may_sign()? {
            return Err(CertificateError::Other("its key usage does not allow it to sign".into()).into());
        }
        Ok(())
    }

    fn with_anchors(provider: &Provider, anchors: Vec<TrustAnchor<'static>>) -> Result<Self, Error> {
        if anchors.is_empty() {
            return Err(Error::Config("no trusted certificate: no server could be accepted".into()));
        }
        Ok(Self { algorithms: provider.certificate_algorithms.clone(), trust: Trust::Anchors(anchors) })
    }
}

/// Verifies the signature of a CertificateVerify over `message`, the content of RFC 8446 4.4.3, with the leaf's key.
///
/// The scheme must be one that `provider` verifies handshakes with, which are those that were offered, and fit the key:
/// TLS 1.3 binds ECDSA schemes to their curve, and keeps PKCS #1 v1.5 to certificates.
pub fn verify_handshake_signature(
    provider: &Provider,
    leaf: &CertificateDer<'_>,
    scheme: SignatureScheme,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let algorithm = provider
        .verification(scheme)
        .filter(|_| !is_pkcs1(scheme))
        .ok_or(Error::IllegalParameter("a CertificateVerify with a signature scheme that was not offered"))?;
    parse(leaf)?.verify_signature(algorithm, message, signature).map_err(|why| match why {
        webpki::Error::InvalidSignatureForPublicKey => Error::DecryptError("the CertificateVerify signature"),
        webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Error::IllegalParameter(
            "a CertificateVerify with a signature scheme that does not fit the certificate's key",
        ),
        other => reason::refusal(&other).into(),
    })
}

/// What a client puts into signature_algorithms: what `provider` verifies handshakes with, followed by the PKCS #1
/// schemes it verifies certificates with, which mean nothing but those there (RFC 8446 4.2.3).
pub fn offered_schemes(provider: &Provider) -> Vec<SignatureScheme> {
    let handshake = provider.schemes.iter().map(|entry| entry.scheme).filter(|scheme| !is_pkcs1(*scheme));
    let certificates_only = [
        (SignatureScheme::RSA_PKCS1_SHA256, alg_id::RSA_PKCS1_SHA256),
        (SignatureScheme::RSA_PKCS1_SHA384, alg_id::RSA_PKCS1_SHA384),
        (SignatureScheme::RSA_PKCS1_SHA512, alg_id::RSA_PKCS1_SHA512),
    ]
    .into_iter()
    .filter(|(_, id)| provider.certificate_algorithms.iter().any(|algorithm| algorithm.signature_alg_id() == *id))
    .map(|(scheme, _)| scheme);
    handshake.chain(certificates_only).collect()
}

pub(super) fn parse<'a>(certificate: &'a CertificateDer<'a>) -> Result<EndEntityCert<'a>, CertificateError> {
    EndEntityCert::try_from(certificate).map_err(|why| reason::refusal(&why))
}

const fn is_pkcs1(scheme: SignatureScheme) -> bool {
    matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA256 | SignatureScheme::RSA_PKCS1_SHA384 | SignatureScheme::RSA_PKCS1_SHA512
    )
}
