//! Translates errors of webpki.

use std::net::IpAddr;

use rustls_pki_types::ServerName;
use webpki::Error as Reason;

use super::anchors::Purpose;
use super::parsed_certificate::ParsedCertificate;
use super::subject::presented_name;
use crate::error::CertificateError;

/// How many of a certificate's names an error lists: the peer chooses how many there are.
const NAMES_SHOWN: usize = 8;

/// Why the chain is refused.
pub(super) fn refusal(reason: &Reason) -> CertificateError {
    use CertificateError as Refused;
    match reason {
        Reason::CertExpired { .. } => Refused::Expired,
        Reason::CertNotValidYet { .. } => Refused::NotYetValid,
        Reason::UnknownIssuer => Refused::UnknownIssuer,
        Reason::CertRevoked => Refused::Revoked,
        Reason::CaUsedAsEndEntity => Refused::Authority,
        Reason::UnsupportedSignatureAlgorithmContext(context) if is_broken(&context.signature_algorithm_id) => {
            Refused::Bad("its signature is made with a broken hash: MD5 or SHA-1".into())
        }
        _ => malformation(reason)
            .map(|why| Refused::Bad(why.into()))
            .or_else(|| lack(reason).map(|what| Refused::Unsupported(what.into())))
            .unwrap_or_else(|| Refused::Other(objection(reason))),
    }
}

/// Why a chain is refused that has to be for `purpose`.
#[expect(deprecated, reason = "webpki keeps the variants without context, and a match must not miss them")]
pub(super) fn refusal_for(purpose: Purpose, reason: &Reason) -> CertificateError {
    match (purpose, reason) {
        (Purpose::Client, Reason::RequiredEkuNotFound | Reason::RequiredEkuNotFoundContext(_)) => {
            CertificateError::Other("its extended key usage does not allow it for a client".into())
        }
        (Purpose::Client, Reason::CaUsedAsEndEntity) => {
            CertificateError::Other("it is a CA certificate (CA:TRUE), not a client's".into())
        }
        _ => refusal(reason),
    }
}

/// That the certificate is for other names than `expected`. webpki lists them too, but addresses in a form of its own, from
/// which not all can be had back.
pub(super) fn wrong_name(expected: &ServerName<'_>, certificate: &ParsedCertificate<'_>) -> CertificateError {
    let expected = name_text(expected);
    match presented_text(certificate) {
        Some(presented) => CertificateError::WrongName { expected, presented },
        None => CertificateError::NoName { expected },
    }
}

/// A server's name as people write it.
fn name_text(name: &ServerName<'_>) -> String {
    match name {
        ServerName::IpAddress(address) => IpAddr::from(*address).to_string(),
        _ => name.to_str().into_owned(),
    }
}

/// Whether a signature algorithm uses MD5 or SHA-1: bad_certificate (RFC 8446 4.4.2.4). The identifiers of RFC 3279 2.2.
fn is_broken(algorithm: &[u8]) -> bool {
    const BROKEN: [&[u8]; 4] = [
        // md5WithRSAEncryption, sha1WithRSAEncryption
        &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4],
        &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5],
        // ecdsa-with-SHA1, id-dsa-with-sha1
        &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1],
        &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3],
    ];
    BROKEN.iter().any(|broken| algorithm.starts_with(broken))
}

/// Whether the reason may be the key of an issuer.
#[expect(deprecated, reason = "webpki keeps the variants without context, and a match must not miss them")]
pub(super) const fn is_about_a_signature(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::InvalidSignatureForPublicKey
            | Reason::UnsupportedSignatureAlgorithm
            | Reason::UnsupportedSignatureAlgorithmContext(_)
            | Reason::UnsupportedSignatureAlgorithmForPublicKey
            | Reason::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
    )
}

/// What does not parse, or contradicts itself: bad_certificate (RFC 8446 6.2: corrupt, or signatures that do not
/// verify).
fn malformation(reason: &Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::BadDer => "its encoding is broken",
        Reason::BadDerTime => "a time in it is broken",
        Reason::TrailingData(_) => "it has trailing bytes",
        Reason::InvalidSignatureForPublicKey => "the signature on it, or on its issuer, does not verify",
        Reason::SignatureAlgorithmMismatch => "it names two different signature algorithms",
        Reason::ExtensionValueInvalid | Reason::MalformedExtensions => "an extension is broken",
        Reason::EmptyEkuExtension => "its list of purposes is empty",
        Reason::InvalidCertValidity => "it ends before it starts",
        Reason::InvalidSerialNumber => "its serial number is broken",
        Reason::MalformedDnsIdentifier => "a DNS name in it is broken",
        Reason::MalformedNameConstraint | Reason::InvalidNetworkMaskConstraint => "a name constraint is broken",
        _ => return None,
    })
}

/// What this engine can't verify: unsupported_certificate.
#[expect(deprecated, reason = "webpki keeps the variants without context, and a match must not miss them")]
fn lack(reason: &Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::UnsupportedSignatureAlgorithm | Reason::UnsupportedSignatureAlgorithmContext(_) => {
            "its signature algorithm"
        }
        Reason::UnsupportedSignatureAlgorithmForPublicKey
        | Reason::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "its signature, of a kind that the key of the authority with its issuer's name can't have made"
        }
        Reason::UnsupportedCriticalExtension => "an extension that it marks critical",
        Reason::UnsupportedCertVersion => {
            "its version; X.509 version 3 is needed, which `openssl x509 -req` makes with extensions (-extfile FILE)"
        }
        _ => return None,
    })
}

/// What is well formed and still refused: certificate_unknown.
#[expect(deprecated, reason = "webpki keeps the variants without context, and a match must not miss them")]
fn objection(reason: &Reason) -> String {
    match reason {
        Reason::RequiredEkuNotFound | Reason::RequiredEkuNotFoundContext(_) => {
            "its extended key usage does not allow it for a server".into()
        }
        Reason::EndEntityUsedAsCa => "its issuer is not a CA".into(),
        Reason::NameConstraintViolation => "a CA in the chain may not issue for this name".into(),
        Reason::PathLenConstraintViolated => "a CA in the chain allows fewer CAs below it".into(),
        Reason::MaximumPathDepthExceeded => "the chain is too long".into(),
        Reason::MaximumPathBuildCallsExceeded
        | Reason::MaximumSignatureChecksExceeded
        | Reason::MaximumNameConstraintComparisonsExceeded => "the chain takes too much work to verify".into(),
        Reason::UnknownRevocationStatus => {
            "no revocation list tells whether it, or one of its issuers, is revoked".into()
        }
        Reason::CrlExpired { .. } => "the revocation list of its issuer has expired".into(),
        Reason::IssuerNotCrlSigner => "its issuer may not sign the revocation list that has its name".into(),
        Reason::InvalidCrlSignatureForPublicKey => {
            "its issuer has not signed the revocation list that has its name".into()
        }
        Reason::UnsupportedCrlSignatureAlgorithm
        | Reason::UnsupportedCrlSignatureAlgorithmContext(_)
        | Reason::UnsupportedCrlSignatureAlgorithmForPublicKey
        | Reason::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => {
            "the revocation list of its issuer is signed in a way that is not supported".into()
        }
        Reason::CertDistrusted => "it, or one of its issuers, is known to be compromised".into(),
        other => format!("it is refused: {other:?}"),
    }
}

/// The names of a certificate, as many as are shown, if it has any that count (RFC 9525 2).
fn presented_text(certificate: &ParsedCertificate<'_>) -> Option<String> {
    let mut names = certificate.names();
    let mut shown: Vec<String> = names.by_ref().take(NAMES_SHOWN).map(|name| presented_name(&name)).collect();
    let more = names.count();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    (!shown.is_empty()).then(|| shown.join(", "))
}
