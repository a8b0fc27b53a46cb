use std::borrow::Borrow;
use std::collections::HashMap;

use super::certified_key::CertifiedKey;
use super::verify::parse;

/// Which of several certificates are for a host name (RFC 6066 3, RFC 9525 6.3), found once, so that nothing is parsed for a client.
#[derive(Debug, Default)]
pub(crate) struct CertificateNames {
    /// The places of those that are for a name, in order: those that have it itself before those with a wildcard. A wildcard is there without its asterisk: `.example.com`.
    places: HashMap<Box<str>, Vec<usize>>,
}

impl CertificateNames {
    /// The names of `certificates`. One that does not parse has none.
    pub(crate) fn of<K: Borrow<CertifiedKey>>(certificates: &[K]) -> Self {
        let mut names = Self::default();
        for (place, certificate) in certificates.iter().enumerate() {
            let Some(Ok(leaf)) = certificate.borrow().chain.first().map(parse) else { continue };
            leaf.valid_dns_names().for_each(|name| names.add(name, place));
        }
        // A name finds those for wildcards as well.
        let wildcards = names.places.clone();
        for (name, places) in &mut names.places {
            let others = domain(name).and_then(|domain| wildcards.get(domain)).into_iter().flatten();
            let others: Vec<_> = others.filter(|place| !places.contains(place)).copied().collect();
            places.extend(others);
        }
        names
    }

    fn add(&mut self, name: &str, place: usize) {
        let name = name.strip_prefix('*').unwrap_or(name);
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        self.places.entry(name.into()).or_default().push(place);
    }

    /// The places of those for `host_name`, which is in lower case and without a dot at its end. None where there are none.
    pub(crate) fn matching(&self, host_name: &str) -> Option<&[usize]> {
        let own = self.places.get(host_name).filter(|_| !host_name.starts_with('.'));
        own.or_else(|| self.places.get(domain(host_name)?)).map(Vec::as_slice)
    }
}

/// What a wildcard is for stands behind the first label: `.example.com` of `www.example.com`.
fn domain(host_name: &str) -> Option<&str> {
    host_name.find('.').filter(|dot| *dot > 0).map(|dot| &host_name[dot..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Provider;
    use crate::pki::test_pki::{KeyKind, Pki};

    const KIND: KeyKind = KeyKind::EcdsaP256;

    fn certificate(names: &[&str]) -> CertifiedKey {
        let names = names.iter().map(|name| rcgen::SanType::DnsName((*name).try_into().unwrap())).collect();
        let identity = Pki::shared(KIND).issue(KIND, |params| params.subject_alt_names = names);
        CertifiedKey::new(Provider::auto(), identity.chain, &identity.key).unwrap()
    }

    #[test]
    fn names_and_wildcards_find_their_certificates_in_order() {
        let names = CertificateNames::of(&[
            certificate(&["*.example.com", "example.com"]),
            certificate(&["WWW.Example.com"]),
            certificate(&["www.example.com", "*.a.example.com", "localhost"]),
            certificate(&[]),
        ]);
        for (host, places) in [
            ("www.example.com", Some(&[1, 2, 0][..])),
            ("example.com", Some(&[0])),
            ("other.example.com", Some(&[0])),
            ("b.a.example.com", Some(&[2])),
            // It is a label of its own that a wildcard stands for.
            ("a.example.com", Some(&[0])),
            ("c.b.a.example.com", None),
            ("localhost", Some(&[2])),
            ("example.org", None),
            ("com", None),
            (".example.com", None),
        ] {
            assert_eq!(names.matching(host), places, "{host}");
        }
    }
}
