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
        let lists = lists.collect::<Result<Vec<_>, _>>()?;
        check_distinct(&lists)?;
        Ok(Self { lists, is_status_required: false })
    }

    pub(super) const fn require_status(&mut self) {
        self.is_status_required = true;
    }

    /// The lists as webpki takes them.
    pub(super) fn lists(&self) -> Vec<&CertRevocationList<'static>> {
        self.lists.iter().collect()
    }

    /// How paths are verified with such `lists`.
    pub(super) fn options<'a>(
        &self,
        lists: &'a [&'a CertRevocationList<'a>],
    ) -> Result<webpki::RevocationOptions<'a>, Error> {
        // A list that has expired still tells what was revoked before.
        let (unknown, expired) = match self.is_status_required {
            true => (UnknownStatusPolicy::Deny, ExpirationPolicy::Enforce),
            false => (UnknownStatusPolicy::Allow, ExpirationPolicy::Ignore),
        };
        let builder = RevocationOptionsBuilder::new(lists).map_err(|_| Error::Internal("no revocation list"))?;
        Ok(builder.with_status_policy(unknown).with_expiration_policy(expired).build())
    }
}

/// webpki looks at the first list for a certificate and at no other, so that a second one would have no effect.
fn check_distinct(lists: &[CertRevocationList<'_>]) -> Result<(), Error> {
    for (index, list) in lists.iter().enumerate() {
        let is_for_the_same = |other: &CertRevocationList<'_>| {
            let points = [list, other].map(CertRevocationList::issuing_distribution_point);
            list.issuer() == other.issuer() && (points[0] == points[1] || points.contains(&None))
        };
        if let Some(earlier) = lists[..index].iter().position(is_for_the_same) {
            let (earlier, later) = (earlier + 1, index + 1);
            return Err(Error::Config(format!(
                "revocation lists {earlier} and {later} are for the same certificates, and only one would be looked at: leave out the older"
            )));
        }
    }
    Ok(())
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
