use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};

use super::anchors::{Anchors, Purpose};
use super::der::sequence;
use super::parsed_certificate::ParsedCertificate;
use super::verify::parse;
use crate::crypto::Provider;
use crate::error::{CertificateError, Error};

/// What a server verifies clients with, whom it asks for a certificate then. [`ClientVerifier`] is the usual one.
pub trait VerifyClient: Send + Sync {
    /// Verifies the certificates of a client, leaf first and at least one, at `now`. Signatures on them are verified with the
    /// algorithms of `provider`. That the client has the leaf's key is verified by the handshake.
    ///
    /// # Errors
    /// An error fails the handshake, with its alert.
    fn verify_client(&self, provider: &Provider, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error>;

    /// Whether a client without a certificate is refused, with certificate_required (RFC 8446 4.4.2.4).
    fn is_required(&self) -> bool;

    /// The authorities that certificates should come from, as distinguished names in DER, for the client to choose by (RFC 8446
    /// 4.2.4). None leaves the choice to it.
    fn authorities(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

/// Verifies the certificates of clients: chain, purpose and validity. Names in them are the application's affair.
///
/// Signatures are verified with the algorithms of the provider that the configuration is for.
#[derive(Debug)]
pub struct ClientVerifier {
    anchors: Anchors,
    is_required: bool,
}

impl ClientVerifier {
    /// Requires a certificate that one of `roots` has issued. There must be at least one root, and each must parse.
    pub fn new(roots: &[CertificateDer<'_>]) -> Result<Self, Error> {
        Ok(Self { anchors: Anchors::new(roots)?, is_required: true })
    }

    /// Refuses certificates that one of `lists` has, with certificate_revoked: the leaf, and those between it and a root (RFC 5280 6.3). A
    /// list is for the certificates that its issuer has issued. What no list is for is taken, see
    /// [`require_revocation_status`](Self::require_revocation_status). Default: nothing is looked up.
    ///
    /// # Errors
    /// [`Error::Config`] without a list, where it is called again, with two lists for the same certificates, with one that does not parse, or of a kind that is not supported: a delta, or one from somebody other
    /// than the issuer of its certificates.
    pub fn with_revocation_lists(mut self, lists: &[CertificateRevocationListDer<'_>]) -> Result<Self, Error> {
        self.anchors.revoke(lists)?;
        Ok(self)
    }

    /// Refuses what no list of [`with_revocation_lists`](Self::with_revocation_lists) is for, or only one that has expired, with
    /// certificate_unknown.
    ///
    /// # Errors
    /// [`Error::Config`] without lists.
    pub fn require_revocation_status(mut self) -> Result<Self, Error> {
        self.anchors.require_status()?;
        Ok(self)
    }

    /// Takes clients without a certificate as well. One that is shown still has to verify.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { is_required: false, ..self }
    }
}

impl VerifyClient for ClientVerifier {
    /// RFC 8446 4.4.2.4, RFC 5280 6.
    fn verify_client(&self, provider: &Provider, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        let certificate = chain.first().ok_or(CertificateError::Required)?;
        let leaf = parse(certificate)?;
        self.anchors.verify_path(provider, &leaf, chain, now, Purpose::Client)?;
        ParsedCertificate::read(certificate)?.check_may_sign()?;
        Ok(())
    }

    fn is_required(&self) -> bool {
        self.is_required
    }

    fn authorities(&self) -> Vec<Vec<u8>> {
        self.anchors.subjects().map(sequence).collect()
    }
}
