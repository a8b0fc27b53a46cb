use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use rustls_pki_types::CertificateDer;

use super::parsed_certificate::ParsedCertificate;
use crate::error::CertificateError;
use crate::limits::PATH_READINGS_MAX;

/// Up to so many may have any names: webpki goes over no certificate twice, so all paths of seven take fewer readings than
/// there may be.
const FEW: usize = 7;
/// How many certificates webpki puts between a leaf and an anchor.
const PATH_MAX: usize = 6;

/// Those of `intermediates` that may be on a path from `leaf`, going by their names, each once.
///
/// A peer may send many certificates that have nothing to do with the chain (RFC 8446 4.4.2). webpki reads all of them at each
/// step of each path, and there are as many paths as names allow: with a dozen certificates of one name and some hundreds of
/// others, its own limits take seconds. So certificates that are on no path are left out, in time linear in the message, and
/// where there are still too many paths, the chain is refused.
pub(super) fn path_candidates<'a>(
    leaf: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
) -> Result<Cow<'a, [CertificateDer<'a>]>, CertificateError> {
    if intermediates.len() <= FEW {
        return Ok(Cow::Borrowed(intermediates));
    }
    let issuer = ParsedCertificate::read(leaf)?.issuer;
    let reached = reach(issuer, intermediates);
    if reached.len() > FEW {
        bound_paths(issuer, &reached)?;
    }
    Ok(reached.into_iter().map(|candidate| CertificateDer::from(candidate.certificate)).collect())
}

/// A certificate that may be on a path.
struct Candidate<'a> {
    parsed: ParsedCertificate<'a>,
    certificate: &'a [u8],
}

/// The certificates for `issuer`, for their issuers, and so on, nearest first.
fn reach<'a>(mut issuer: &'a [u8], intermediates: &'a [CertificateDer<'a>]) -> Vec<Candidate<'a>> {
    let mut seen = HashSet::new();
    let mut by_subject: HashMap<&[u8], Vec<Candidate<'_>>> = HashMap::new();
    for certificate in intermediates.iter().map(AsRef::<[u8]>::as_ref).filter(|certificate| seen.insert(*certificate)) {
        // What has not the form of a certificate is no issuer.
        if let Ok(parsed) = ParsedCertificate::read(certificate) {
            by_subject.entry(parsed.subject).or_default().push(Candidate { parsed, certificate });
        }
    }
    let mut reached = Vec::new();
    let mut followed = 0;
    loop {
        reached.append(&mut by_subject.remove(issuer).unwrap_or_default());
        let Some(next) = reached.get(followed) else { return reached };
        issuer = next.parsed.issuer;
        followed += 1;
    }
}

/// Counts the readings that all paths take, which takes no longer than as many comparisons of names.
fn bound_paths(issuer: &[u8], candidates: &[Candidate<'_>]) -> Result<(), CertificateError> {
    // How many paths of one length end with each certificate.
    let mut paths: Vec<usize> = candidates.iter().map(|each| usize::from(each.parsed.subject == issuer)).collect();
    let mut readings = candidates.len();
    for _ in 0..PATH_MAX {
        readings += paths.iter().sum::<usize>() * candidates.len();
        if readings > PATH_READINGS_MAX {
            return Err(CertificateError::Other("the chain takes too much work to verify".into()));
        }
        let mut longer = vec![0; candidates.len()];
        for (below, paths) in candidates.iter().zip(&paths).filter(|(_, paths)| **paths > 0) {
            for (above, longer) in candidates.iter().zip(&mut longer) {
                *longer += if above.parsed.subject == below.parsed.issuer { *paths } else { 0 };
            }
        }
        paths = longer;
    }
    Ok(())
}
