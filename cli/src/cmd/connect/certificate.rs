//! What a certificate says, for people and programs. Nothing is verified here.

use std::net::IpAddr;

use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use tls_engine::pki;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use crate::names::shown;
use crate::schema::connection::{Certificate, Role};

/// How many names of a certificate are listed: whoever has it issued chooses how many there are.
const NAMES_MAX: usize = 100;
/// How many characters of a name are shown.
const NAME_SHOWN: usize = 255;
const DAY_S: i64 = 86_400;

/// A certificate as far as it could be read.
pub(super) fn read<'a>(certificate: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    X509Certificate::from_der(certificate).ok().map(|(_, parsed)| parsed)
}

/// What it says. `now_s` is in seconds since 1970.
pub(super) fn describe(
    certificate: &CertificateDer<'_>,
    parsed: Option<&X509Certificate<'_>>,
    role: Role,
    now_s: i64,
) -> Certificate {
    let mut all_names: Vec<String> = parsed.map(names).unwrap_or_default();
    let more_names = all_names.len().saturating_sub(NAMES_MAX);
    all_names.truncate(NAMES_MAX);
    let validity = parsed.map(|parsed| parsed.validity());
    Certificate {
        role,
        subject: parsed.map(|parsed| bounded(&parsed.subject().to_string())),
        names: all_names,
        more_names,
        issuer: parsed.map(|parsed| bounded(&parsed.issuer().to_string())),
        self_issued: parsed.is_some_and(is_self_issued),
        not_before: validity.map(|validity| timestamp(&validity.not_before)),
        not_after: validity.map(|validity| timestamp(&validity.not_after)),
        days_left: validity.map(|validity| (validity.not_after.timestamp() - now_s).div_euclid(DAY_S)),
        not_yet_valid: validity.is_some_and(|validity| validity.not_before.timestamp() > now_s),
        key: pki::key_kind(certificate),
        signature: parsed.map(signature),
        sha256: Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// Whether its issuer has the name of its subject.
pub(super) fn is_self_issued(parsed: &X509Certificate<'_>) -> bool {
    parsed.subject().as_raw() == parsed.issuer().as_raw()
}

/// Text of a peer: bounded, and without what a terminal would obey.
pub(super) fn bounded(text: &str) -> String {
    match text.char_indices().nth(NAME_SHOWN) {
        Some((end, _)) => shown(&text[..end]) + "\u{2026}",
        None => shown(text),
    }
}

/// The names that it is for (RFC 5280 4.2.1.6).
fn names(parsed: &X509Certificate<'_>) -> Vec<String> {
    let extension = parsed.subject_alternative_name().ok().flatten();
    extension.map(|extension| extension.value.general_names.iter().map(name).collect()).unwrap_or_default()
}

fn name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => bounded(text),
        GeneralName::IPAddress(address) => match (<[u8; 4]>::try_from(*address), <[u8; 16]>::try_from(*address)) {
            (Ok(address), _) => IpAddr::from(address).to_string(),
            (_, Ok(address)) => IpAddr::from(address).to_string(),
            _ => format!("an address of {} bytes", address.len()),
        },
        _ => "a name of another kind".to_owned(),
    }
}

/// As OpenSSL calls it, or its object identifier.
fn signature(parsed: &X509Certificate<'_>) -> String {
    let algorithm = &parsed.signature_algorithm.algorithm;
    oid2sn(algorithm, oid_registry()).map_or_else(|_| bounded(&algorithm.to_id_string()), str::to_owned)
}

/// RFC 3339, in UTC. Its year may be any of four digits, which the formats for times of this system are not made for.
fn timestamp(time: &ASN1Time) -> String {
    let time = time.to_datetime();
    let (date, (hour, minute, second)) = (time.date(), time.to_hms());
    let (year, month, day) = date.to_calendar_date();
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", u8::from(month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_peer_is_bounded_and_harmless() {
        assert_eq!(bounded("a\u{1b}[2J\nb\u{9b}\u{202e}"), "a\u{fffd}[2J\u{fffd}b\u{fffd}\u{fffd}");
        let long = bounded(&"\u{e9}".repeat(300));
        assert_eq!((long.chars().count(), long.ends_with('\u{2026}')), (NAME_SHOWN + 1, true));
        assert_eq!(bounded(&"x".repeat(NAME_SHOWN)).len(), NAME_SHOWN);
    }

    #[test]
    fn a_time_of_any_year_has_a_timestamp() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (1_709_210_096, "2024-02-29T12:34:56Z"),
        ] {
            assert_eq!(timestamp(&ASN1Time::from_timestamp(seconds).expect("a time")), expected);
        }
    }

    #[test]
    fn what_is_no_certificate_is_described_by_its_hash_alone() {
        let der = CertificateDer::from(b"\x30\x03abc".to_vec());
        let described = describe(&der, read(&der).as_ref(), Role::Leaf, 0);
        assert_eq!((described.subject, described.days_left, described.key), (None, None, None));
        assert_eq!(described.sha256.len(), 64);
    }
}
