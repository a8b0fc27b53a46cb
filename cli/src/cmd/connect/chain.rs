//! The certificates that a server has shown: how they belong together, where they lead, and what is missing.

use std::time::{SystemTime, UNIX_EPOCH};

use rustls_pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;

use super::certificate::{bounded, describe, is_self_issued, read};
use crate::identity::{ShownChain, Verdict};
use crate::schema::connection::{Chain, Role, Trust};

/// How many certificates are described: the server chooses how many it sends.
const CERTIFICATES_MAX: usize = 16;

/// Describes them. `trusted` is empty where any would have been accepted.
pub(super) fn chain(shown: &ShownChain, trusted: &[CertificateDer<'_>], now: SystemTime) -> Chain {
    let parsed: Vec<Option<X509Certificate<'_>>> = shown.certificates.iter().map(read).collect();
    let roots: Vec<X509Certificate<'_>> = trusted.iter().filter_map(read).collect();
    let subjects: Vec<&[u8]> = roots.iter().map(|root| root.subject().as_raw()).collect();
    let path = Path::follow(&parsed, &subjects);
    let now_s = now.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    let described = shown.certificates.iter().zip(&parsed).enumerate().take(CERTIFICATES_MAX);
    let certificates =
        described.map(|(index, (der, each))| describe(der, each.as_ref(), path.role(index, &parsed), now_s)).collect();
    let issuer = || path.last(&parsed).map(|last| bounded(&last.issuer().to_string()));
    let (trust, refusal) = match &shown.verdict {
        Verdict::Verified => (Trust::Verified, None),
        Verdict::Refused(why) => (Trust::Refused, Some(bounded(&why.to_string()))),
        Verdict::NotVerified => (Trust::NotVerified, None),
    };
    Chain {
        trust,
        refusal,
        certificates,
        more_certificates: parsed.len().saturating_sub(CERTIFICATES_MAX),
        trusted_issuer: (path.end == End::Trusted).then(issuer).flatten(),
        missing_issuer: (path.end == End::Missing).then(issuer).flatten(),
    }
}

/// The way from the leaf as far as names lead. Whether the signatures agree, the verifier says.
struct Path {
    /// Where the certificates on it are, leaf first.
    places: Vec<usize>,
    end: End,
}

/// Where a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// At an issuer that is trusted.
    Trusted,
    /// At a certificate that is its own issuer, and is not trusted.
    SelfIssued,
    /// At an issuer that is neither here nor trusted.
    Missing,
    /// At a certificate that could not be read, or in a circle.
    Unknown,
}

impl Path {
    fn follow(parsed: &[Option<X509Certificate<'_>>], trusted: &[&[u8]]) -> Self {
        let mut path = Self { places: vec![0], end: End::Unknown };
        let mut current = 0;
        while let Some(certificate) = parsed.get(current).and_then(Option::as_ref) {
            let issuer = certificate.issuer().as_raw();
            if trusted.contains(&issuer) {
                path.end = End::Trusted;
                break;
            }
            if is_self_issued(certificate) {
                path.end = End::SelfIssued;
                break;
            }
            let is_issuer =
                |place: &usize| parsed[*place].as_ref().is_some_and(|candidate| candidate.subject().as_raw() == issuer);
            match (0..parsed.len()).find(is_issuer) {
                None => {
                    path.end = End::Missing;
                    break;
                }
                Some(next) if path.places.contains(&next) => break,
                Some(next) => {
                    path.places.push(next);
                    current = next;
                }
            }
        }
        path
    }

    /// The certificate that it ends with.
    fn last<'a, 'b>(&self, parsed: &'a [Option<X509Certificate<'b>>]) -> Option<&'a X509Certificate<'b>> {
        parsed.get(*self.places.last()?)?.as_ref()
    }

    fn role(&self, index: usize, parsed: &[Option<X509Certificate<'_>>]) -> Role {
        let certificate = parsed.get(index).and_then(Option::as_ref);
        let is_root = certificate.is_some_and(is_self_issued);
        let issuer = self.last(parsed).map(|last| last.issuer().as_raw());
        let is_end = issuer.is_some() && certificate.map(|certificate| certificate.subject().as_raw()) == issuer;
        match (index, self.places.contains(&index)) {
            (0, _) => Role::Leaf,
            (_, true) if !is_root => Role::Intermediate,
            (_, true) => Role::Root,
            (_, false) if is_root && is_end => Role::Root,
            _ => Role::Unused,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::collection;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_ED25519, SanType, SigningKey,
    };

    use super::*;
    use crate::names::is_hidden;

    type Authority = CertifiedIssuer<'static, KeyPair>;

    fn params(name: &str, is_ca: bool) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = if is_ca { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::NoCa };
        params
    }

    fn key() -> KeyPair {
        KeyPair::generate_for(&PKCS_ED25519).expect("a key")
    }

    fn below(name: &str, issuer: &Authority) -> Authority {
        Authority::signed_by(params(name, true), key(), issuer).expect("an authority")
    }

    fn leaf(issuer: &CertifiedIssuer<'_, impl SigningKey>) -> CertificateDer<'static> {
        params("leaf", false).signed_by(&key(), issuer).expect("a leaf").der().clone()
    }

    fn described(certificates: &[&CertificateDer<'static>], trusted: &[&Authority]) -> Chain {
        let certificates = certificates.iter().map(|certificate| (*certificate).clone()).collect();
        let trusted: Vec<_> = trusted.iter().map(|root| root.der().clone()).collect();
        chain(&ShownChain { certificates, verdict: Verdict::NotVerified }, &trusted, SystemTime::now())
    }

    fn roles(chain: &Chain) -> Vec<Role> {
        chain.certificates.iter().map(|certificate| certificate.role).collect()
    }

    #[test]
    fn each_certificate_has_its_role_wherever_it_stands() {
        let root = Authority::self_signed(params("root", true), key()).expect("a root");
        let other = Authority::self_signed(params("other", true), key()).expect("another");
        let middle = below("middle", &root);
        let leaf = leaf(&middle);
        let all = described(&[&leaf, other.der(), root.der(), middle.der()], &[&root]);
        assert_eq!(roles(&all), [Role::Leaf, Role::Unused, Role::Root, Role::Intermediate]);
        assert_eq!((all.trusted_issuer.as_deref(), &all.missing_issuer), (Some("CN=root"), &None));
        let untrusted = described(&[&leaf, middle.der(), root.der()], &[]);
        assert_eq!(roles(&untrusted), [Role::Leaf, Role::Intermediate, Role::Root]);
        assert_eq!((untrusted.trusted_issuer, untrusted.missing_issuer), (None, None));
    }

    #[test]
    fn what_is_neither_sent_nor_trusted_is_missing() {
        let root = Authority::self_signed(params("root", true), key()).expect("a root");
        let middle = below("middle", &root);
        let leaf = leaf(&middle);
        let missing =
            |sent: &[&CertificateDer<'static>], trusted: &[&Authority]| described(sent, trusted).missing_issuer;
        assert_eq!(missing(&[&leaf], &[&root]).as_deref(), Some("CN=middle"));
        assert_eq!(missing(&[&leaf, root.der()], &[&root]).as_deref(), Some("CN=middle"));
        assert_eq!(missing(&[&leaf, middle.der()], &[]).as_deref(), Some("CN=root"));
        assert_eq!(missing(&[&leaf], &[&middle]), None);
    }

    #[test]
    fn neither_circles_nor_many_certificates_nor_none_that_parse_confuse_it() {
        let root = Authority::self_signed(params("a", true), key()).expect("a root");
        let [to_b, to_a] = [("b", "a"), ("a", "b")].map(|(subject, issuer)| {
            let issuer = Authority::self_signed(params(issuer, true), key()).expect("an issuer");
            below(subject, &issuer)
        });
        let leaf = leaf(&to_b);
        let circle = described(&[&leaf, to_b.der(), to_a.der()], &[]);
        assert_eq!(roles(&circle), [Role::Leaf, Role::Intermediate, Role::Intermediate]);
        assert_eq!((circle.trusted_issuer, circle.missing_issuer), (None, None));
        let noise = CertificateDer::from(vec![0x30, 3, 1, 2, 3]);
        let many: Vec<_> = std::iter::once(&noise).chain(std::iter::repeat_n(root.der(), 40)).collect();
        let many = described(&many, &[]);
        assert_eq!((many.certificates.len(), many.more_certificates), (CERTIFICATES_MAX, 41 - CERTIFICATES_MAX));
    }
    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// They are a peer's, whom nobody trusts yet.
        #[test]
        fn certificates_that_were_tampered_with_are_described_or_not_but_harm_nothing(
            edits in collection::vec((any::<Index>(), any::<u8>()), 1..6),
            cut in any::<Index>(),
            is_cut in any::<bool>(),
        ) {
            static REAL: LazyLock<CertificateDer<'static>> = LazyLock::new(|| {
                let root = Authority::self_signed(params("root", true), key()).expect("a root");
                let mut params = params("leaf \u{e9}", false);
                params.subject_alt_names = vec![
                    SanType::DnsName("a.example".try_into().expect("a name")),
                    SanType::IpAddress([192, 0, 2, 1].into()),
                ];
                params.signed_by(&key(), &root).expect("a leaf").der().clone()
            });
            let mut der = REAL.to_vec();
            for (place, byte) in edits {
                let place = place.index(der.len());
                der[place] = byte;
            }
            if is_cut {
                der.truncate(cut.index(der.len()));
            }
            let tampered = CertificateDer::from(der);
            let described = described(&[&tampered, &REAL, &tampered], &[]);
            prop_assert_eq!(described.certificates.len(), 3);
            for certificate in &described.certificates {
                let texts = certificate.names.iter().chain(&certificate.subject).chain(&certificate.issuer);
                prop_assert!(texts.flat_map(|text| text.chars()).all(|letter| !is_hidden(letter)));
            }
        }
    }
}
