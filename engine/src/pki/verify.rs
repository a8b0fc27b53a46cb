use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime, alg_id};
use webpki::EndEntityCert;

use super::anchors::{Anchors, Purpose, unsupported_key};
use super::key_kind::KeyKind;
use super::parsed_certificate::ParsedCertificate;
use super::webpki_error;
use crate::codes::SignatureScheme;
use crate::crypto::Provider;
use crate::error::{CertificateError, Error};

/// What a client verifies servers with. [`ServerVerifier`] is the usual one.
pub trait VerifyServer: Send + Sync {
    /// Verifies the certificates of a server, leaf first and at least one, as those of `name` at `now`. Signatures on them are
    /// verified with the algorithms of `provider`. That the server has the leaf's key is verified by the handshake.
    fn verify_server(
        &self,
        provider: &Provider,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error>;
}

/// Verifies the certificates of servers: chain, purpose, validity and name.
///
/// Signatures are verified with the algorithms of the provider that the configuration is for.
#[derive(Debug)]
pub struct ServerVerifier {
    trust: Trust,
}

#[derive(Debug)]
enum Trust {
    Anchors(Anchors),
    /// Any server: nothing but the signature of the handshake is verified.
    Anyone,
}

impl ServerVerifier {
    /// Trusts certificates that `roots` have issued. There must be at least one, and each must parse.
    pub fn new(roots: &[CertificateDer<'_>]) -> Result<Self, Error> {
        Ok(Self { trust: Trust::Anchors(Anchors::new(roots)?) })
    }

    /// The same, ignoring roots that do not parse, for the store of the operating system. At least one must parse.
    pub fn from_store(roots: &[CertificateDer<'_>]) -> Result<Self, Error> {
        Ok(Self { trust: Trust::Anchors(Anchors::from_store(roots)?) })
    }

    /// Refuses certificates that one of `lists` has, with certificate_revoked: the leaf, and those between it and a root (RFC 5280 6.3). A
    /// list is for the certificates that its issuer has issued. What no list is for is taken, see
    /// [`require_revocation_status`](Self::require_revocation_status). Default: nothing is looked up.
    ///
    /// # Errors
    /// [`Error::Config`] without a list, where it is called again, with two lists for the same certificates, with one that does not parse, of a kind that is not supported (a delta, or one from somebody other
    /// than the issuer of its certificates), and where any certificate is accepted.
    pub fn with_revocation_lists(mut self, lists: &[CertificateRevocationListDer<'_>]) -> Result<Self, Error> {
        self.trusted()?.revoke(lists)?;
        Ok(self)
    }

    /// Refuses what no list of [`with_revocation_lists`](Self::with_revocation_lists) is for, or only one that has expired, with
    /// certificate_unknown.
    ///
    /// # Errors
    /// [`Error::Config`] without lists.
    pub fn require_revocation_status(mut self) -> Result<Self, Error> {
        self.trusted()?.require_status()?;
        Ok(self)
    }

    fn trusted(&mut self) -> Result<&mut Anchors, Error> {
        match &mut self.trust {
            Trust::Anchors(anchors) => Ok(anchors),
            Trust::Anyone => {
                Err(Error::Config("where any certificate is accepted, none is looked up in revocation lists".into()))
            }
        }
    }

    /// **Accepts any certificate**, so that anyone can be the server. Only the signature of the handshake is verified.
    pub const fn insecure() -> Self {
        Self { trust: Trust::Anyone }
    }

    /// Whether any certificate is accepted.
    pub const fn is_insecure(&self) -> bool {
        matches!(self.trust, Trust::Anyone)
    }

    /// Verifies `chain`, leaf first, for the server `name` at `now` (RFC 8446 4.4.2.4, RFC 5280 6, RFC 6125).
    pub fn verify_chain(
        &self,
        provider: &Provider,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let certificate = chain.first().ok_or(CertificateError::Missing)?;
        let leaf = parse(certificate)?;
        let Trust::Anchors(anchors) = &self.trust else { return Ok(()) };
        anchors.verify_path(provider, &leaf, chain, now, Purpose::Server)?;
        let parsed = ParsedCertificate::read(certificate)?;
        leaf.verify_is_valid_for_subject_name(name).map_err(|why| match why {
            webpki::Error::CertNotValidForName(_) => webpki_error::wrong_name(name, &parsed),
            other => webpki_error::refusal(&other),
        })?;
        parsed.check_may_sign()?;
        Ok(())
    }
}

impl VerifyServer for ServerVerifier {
    fn verify_server(
        &self,
        provider: &Provider,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        self.verify_chain(provider, chain, name, now)
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
    let mut offered = provider.schemes.iter().filter(|entry| entry.scheme == scheme && !is_pkcs1(scheme));
    let verification = offered
        .next()
        .ok_or(Error::IllegalParameter("a CertificateVerify with a signature scheme that was not offered"))?;
    let leaf_key = parse(leaf)?;
    let mut result = leaf_key.verify_signature(verification.algorithm, message, signature);
    if let (Err(webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)), Some(restricted)) =
        (&result, verification.restricted)
    {
        result = leaf_key.verify_signature(restricted, message, signature);
    }
    result.map_err(|why| {
        // No signature is verified with it, whichever it is.
        if let Some(kind) = KeyKind::of_certificate(leaf).filter(|kind| !kind.is_taken) {
            return unsupported_key("its key", &kind).into();
        }
        mismatch(&why)
    })
}

/// A signature that does not verify with a key of a kind that is taken.
fn mismatch(why: &webpki::Error) -> Error {
    match why {
        webpki::Error::InvalidSignatureForPublicKey => Error::DecryptError("the CertificateVerify signature"),
        webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Error::IllegalParameter(
            "a CertificateVerify with a signature scheme that does not fit the certificate's key",
        ),
        other => webpki_error::refusal(other).into(),
    }
}

/// What a client puts into signature_algorithms: what `provider` verifies handshakes with, followed by the PKCS #1
/// schemes it verifies certificates with, which mean nothing but those there (RFC 8446 4.2.3). So there is nothing left that
/// signature_algorithms_cert could say, and it is not sent.
pub(crate) fn offered_schemes(provider: &Provider) -> Vec<SignatureScheme> {
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
    EndEntityCert::try_from(certificate).map_err(|why| webpki_error::refusal(&why))
}

const fn is_pkcs1(scheme: SignatureScheme) -> bool {
    matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA256 | SignatureScheme::RSA_PKCS1_SHA384 | SignatureScheme::RSA_PKCS1_SHA512
    )
}
