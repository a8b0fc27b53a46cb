use rustls_pki_types::CertificateRevocationListDer;
use webpki::{
    CertRevocationList, ExpirationPolicy, OwnedCertRevocationList, RevocationOptionsBuilder, UnknownStatusPolicy,
};

use crate::error::Error;

/// Which certificates authorities have revoked (RFC 5280 5), and what is done where they don't tell.
#[derive(Debug)]
pub(super) struct Revocation {
    lists: Vec<CertRevocationList<'static>>,
    /// Whether every certificate of a path has to be known as not revoked, by a list that has not expired.
    is_status_required: bool,
}

impl Revocation {
    /// At least one list, each of which must parse.
    pub(super) fn new(lists: &[CertificateRevocationListDer<'_>]) -> Result<Self, Error> {
        if lists.is_empty() {
            return Err(Error::Config("no revocation list".into()));
        }
        let lists = lists.iter().enumerate().map(|(index, list)| {
            OwnedCertRevocationList::from_der(list).map(CertRevocationList::from).map_err(|why| {
                Error::Config(format!("revocation list {} can't be used: {}", index + 1, objection(&why)))
            })
        });
        Ok(Self { lists: lists.collect::<Result<_, _>>()?, is_status_required: false })
    }

    pub(super) const fn require_status(&mut self) {
        self.is_status_required = true;
    }

    /// The lists as webpki takes them.
    pub(super) fn lists(&self) -> Vec<&CertRevocationList<'static>> {
        self.lists.iter().collect()
    }

    /// How paths are verified with such `lists`.
    pub(super) fn options<'a>(&self, lists: &'a [&'a CertRevocationList<'a>]) -> Option<webpki::RevocationOptions<'a>> {
        // A list that has expired still tells what was revoked before.
        let (unknown, expired) = match self.is_status_required {
            true => (UnknownStatusPolicy::Deny, ExpirationPolicy::Enforce),
            false => (UnknownStatusPolicy::Allow, ExpirationPolicy::Ignore),
        };
        let builder = RevocationOptionsBuilder::new(lists).ok()?;
        Some(builder.with_status_policy(unknown).with_expiration_policy(expired).build())
    }
}

/// What webpki does not take in a list.
fn objection(reason: &webpki::Error) -> &'static str {
    use webpki::Error as Reason;
    match reason {
        Reason::UnsupportedCrlVersion => "it is not of version 2 (RFC 5280 5.1.2.1)",
        Reason::UnsupportedDeltaCrl => "it is a delta of another list, which is not supported",
        Reason::UnsupportedIndirectCrl => "it is not from the issuer of the certificates, which is not supported",
        Reason::UnsupportedCrlIssuingDistributionPoint | Reason::UnsupportedRevocationReasonsPartitioning => {
            "it is one of several for an authority, in a way that is not supported"
        }
        _ => "its encoding is broken, or it lacks nextUpdate or its extensions (RFC 5280 5.1.2.5, 5.2)",
    }
}
