//! The certificates that are trusted, and whether a chain leads to one of them.

use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::key_kind::{KeyKind, TAKEN};
use super::parsed_certificate::{self, ParsedCertificate};
use super::path_candidates::path_candidates;
use super::revocation::Revocation;
use super::webpki_error;
use crate::crypto::Provider;
use crate::error::{CertificateError, Error};

/// Trusted certificates, one at least, and what they have revoked.
#[derive(Debug)]
pub(super) struct Anchors {
    anchors: Vec<TrustAnchor<'static>>,
    revocation: Option<Revocation>,
}

/// What a certificate has to be for (RFC 5280 4.2.1.12).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Server,
    Client,
}

impl Anchors {
    /// All of `roots`, each of which must parse.
    pub(super) fn new(roots: &[CertificateDer<'_>]) -> Result<Self, Error> {
        let anchors = roots
            .iter()
            .enumerate()
            .map(|(index, root)| {
                webpki::anchor_from_trusted_cert(root).map(|anchor| anchor.to_owned()).map_err(|why| {
                    let refusal = webpki_error::refusal(&why);
                    Error::Config(format!("trusted certificate {} can't be used: {refusal}", index + 1))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        Self::filled(anchors)
    }

    /// Those of `roots` that parse.
    pub(super) fn from_store(roots: &[CertificateDer<'_>]) -> Result<Self, Error> {
        let usable = roots.iter().filter_map(|root| Some(webpki::anchor_from_trusted_cert(root).ok()?.to_owned()));
        Self::filled(usable.collect())
    }

    fn filled(anchors: Vec<TrustAnchor<'static>>) -> Result<Self, Error> {
        if anchors.is_empty() {
            return Err(Error::Config("no trusted certificate: no peer could be accepted".into()));
        }
        Ok(Self { anchors, revocation: None })
    }

    /// Refuses what one of `lists` has. See [`Revocation::new`]. They are given once.
    pub(super) fn revoke(&mut self, lists: &[CertificateRevocationListDer<'_>]) -> Result<(), Error> {
        if self.revocation.is_some() {
            return Err(Error::Config("there are revocation lists already: all are given at once".into()));
        }
        self.revocation = Some(Revocation::new(lists)?);
        Ok(())
    }

    /// Refuses what no list knows, too.
    pub(super) fn require_status(&mut self) -> Result<(), Error> {
        let without_lists = || Error::Config("without revocation lists the status of no certificate is known".into());
        self.revocation.as_mut().ok_or_else(without_lists)?.require_status();
        Ok(())
    }

    /// The names of their subjects, each as the content of a Name in DER.
    pub(super) fn subjects(&self) -> impl Iterator<Item = &[u8]> {
        self.anchors.iter().map(|anchor| anchor.subject.as_ref())
    }

    /// Verifies that `chain`, whose first certificate is `leaf`, leads to one of them and is for `purpose` at `now` (RFC 5280 6).
    pub(super) fn verify_path(
        &self,
        provider: &Provider,
        leaf: &EndEntityCert<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
        purpose: Purpose,
    ) -> Result<(), Error> {
        let (certificate, intermediates) = chain.split_first().ok_or(CertificateError::Missing)?;
        let intermediates = path_candidates(certificate, intermediates)?;
        let usage = match purpose {
            Purpose::Server => KeyUsage::server_auth(),
            Purpose::Client => KeyUsage::client_auth(),
        };
        let lists = self.revocation.as_ref().map(Revocation::lists).unwrap_or_default();
        let revocation = self.revocation.as_ref().map(|revocation| revocation.options(&lists)).transpose()?;
        let algorithms = &provider.certificate_algorithms;
        leaf.verify_for_usage(algorithms, &self.anchors, &intermediates, now, usage, revocation, None)
            .map_err(|why| explain(&why, chain, &self.anchors, purpose))?;
        Ok(())
    }
}

/// Why a chain is refused, with what webpki doesn't tell: which key or which time it is that it can't take.
fn explain(
    why: &webpki::Error,
    chain: &[CertificateDer<'_>],
    anchors: &[TrustAnchor<'_>],
    purpose: Purpose,
) -> CertificateError {
    match webpki_error::refusal_for(purpose, why) {
        CertificateError::Bad(_) if *why == webpki::Error::BadDerTime => {
            match chain.iter().any(|certificate| parsed_certificate::is_before_1970(certificate)) {
                true => CertificateError::Unsupported("a validity that begins or ends before 1970".into()),
                false => webpki_error::refusal(why),
            }
        }
        refusal @ (CertificateError::Unsupported(_) | CertificateError::Bad(_))
            if webpki_error::is_about_a_signature(why) =>
        {
            unusable_key(chain, anchors).unwrap_or(refusal)
        }
        refusal => refusal,
    }
}

/// The key that no signature is verified with here, if there is one in the chain, or among the trusted ones that it leads to.
fn unusable_key(chain: &[CertificateDer<'_>], anchors: &[TrustAnchor<'_>]) -> Option<CertificateError> {
    let not_taken = |kind: Option<KeyKind>| kind.filter(|kind| !kind.is_taken);
    let mut kinds = chain.iter().map(|certificate| not_taken(KeyKind::of_certificate(certificate)));
    if let Some(kind) = kinds.next().flatten() {
        return Some(unsupported_key("its key", &kind));
    }
    let issuers: Vec<&[u8]> =
        chain.iter().filter_map(|each| Some(ParsedCertificate::read(each).ok()?.issuer)).collect();
    let mut trusted = anchors.iter().filter(|anchor| issuers.contains(&anchor.subject.as_ref()));
    let kind = kinds
        .flatten()
        .next()
        .or_else(|| trusted.find_map(|anchor| not_taken(KeyKind::of_public_key(&anchor.subject_public_key_info))))?;
    Some(unsupported_key("the key of its issuer", &kind))
}

pub(super) fn unsupported_key(whose: &str, kind: &KeyKind) -> CertificateError {
    CertificateError::Unsupported(format!("{whose}, which is {}; accepted are {TAKEN}", kind.name))
}
