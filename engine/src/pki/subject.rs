//! Names of certificates, for people.

use std::net::IpAddr;

use rustls_pki_types::CertificateDer;

use super::der::{Elements, OBJECT_IDENTIFIER, SEQUENCE, SET};
use super::parsed_certificate::{Name, ParsedCertificate};

/// How many characters of a name are shown.
const NAME_SHOWN: usize = 255;
/// id-at-commonName (RFC 5280 A.1).
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
/// UTF8String, PrintableString, TeletexString and IA5String, all of which are read as UTF-8.
const TEXTS: [u8; 4] = [0x0c, 0x13, 0x14, 0x16];

/// Whose certificate it is, for people: the common name of its subject, or else its first name (subjectAltName). `None` where it
/// has neither. It comes from whoever had the certificate issued: control characters are replaced, and 255 characters are shown at
/// most.
pub fn subject_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let parsed = ParsedCertificate::read(certificate).ok()?;
    common_name(parsed.subject).map(visible).or_else(|| parsed.names().next().map(|name| presented_name(&name)))
}

/// The common name of a Name's content (RFC 5280 4.1.2.4). The last one is the most specific one.
fn common_name(name: &[u8]) -> Option<&[u8]> {
    let mut names = Elements(name);
    let mut found = None;
    while let Some(mut attributes) = names.nested(SET) {
        while let Some(mut attribute) = attributes.nested(SEQUENCE) {
            let is_common_name = attribute.next() == Some((OBJECT_IDENTIFIER, COMMON_NAME));
            match attribute.next() {
                Some((tag, text)) if is_common_name && TEXTS.contains(&tag) && !text.is_empty() => found = Some(text),
                _ => {}
            }
        }
    }
    found
}

/// A name as people write it.
pub(super) fn presented_name(name: &Name<'_>) -> String {
    match name {
        Name::Text(text) => visible(text),
        Name::Address(address) => match (<[u8; 4]>::try_from(*address), <[u8; 16]>::try_from(*address)) {
            (Ok(address), _) => IpAddr::from(address).to_string(),
            (_, Ok(address)) => IpAddr::from(address).to_string(),
            _ => format!("an address of {} bytes", address.len()),
        },
        Name::Other => "a name of another kind".into(),
    }
}

/// The names are the peer's, and go to terminals and logs, so control characters are replaced.
fn visible(text: &[u8]) -> String {
    let characters = String::from_utf8_lossy(text);
    let shown = characters.chars().take(NAME_SHOWN);
    shown.map(|each| if each.is_control() { char::REPLACEMENT_CHARACTER } else { each }).collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{DistinguishedName, DnType, DnValue};

    use super::*;
    use crate::pki::test_pki::{KeyKind, Pki};

    fn named(names: &[DnValue], alternatives: &[&str]) -> Option<String> {
        let identity = Pki::shared(KeyKind::Ed25519).issue(KeyKind::Ed25519, |params| {
            params.distinguished_name = DistinguishedName::new();
            if let Some(name) = names.first() {
                params.distinguished_name.push(DnType::OrganizationName, "an organization");
                params.distinguished_name.push(DnType::CommonName, name.clone());
            }
            let alternatives = alternatives.iter().map(|name| rcgen::SanType::DnsName((*name).try_into().unwrap()));
            params.subject_alt_names = alternatives.collect();
        });
        subject_name(&identity.chain[0])
    }

    #[test]
    fn the_common_name_goes_before_others() {
        assert_eq!(named(&["alice".into()], &["a.example"]).as_deref(), Some("alice"));
        assert_eq!(named(&[DnValue::PrintableString("bob".try_into().unwrap())], &[]).as_deref(), Some("bob"));
        assert_eq!(named(&[], &["a.example", "b.example"]).as_deref(), Some("a.example"));
        assert_eq!(named(&[], &[]), None);
    }

    #[test]
    fn what_is_shown_is_bounded_and_harmless() {
        assert_eq!(named(&["a\u{1b}[31m\nb".into()], &[]).as_deref(), Some("a\u{fffd}[31m\u{fffd}b"));
        let long = named(&["x".repeat(300).into()], &[]).unwrap();
        assert_eq!(long.len(), NAME_SHOWN);
        for broken in [&b""[..], b"\x30\x00", b"certificate"] {
            assert_eq!(subject_name(&CertificateDer::from(broken)), None);
        }
    }
}
