//! Fields of a certificate that webpki does not expose (RFC 5280 4.1). Nothing is verified here.
//!
//! Every handshake of a client comes through here. [`Elements`] takes a few instructions for each element; the crates for DER
//! would take as many as webpki takes for the whole chain.

use super::der::{BIT_STRING, BOOLEAN, Elements, OCTET_STRING, SEQUENCE};
use crate::error::CertificateError;

/// The parts of a certificate that are read here, as they stand in it.
#[derive(Clone, Copy)]
pub(super) struct ParsedCertificate<'a> {
    /// What it is signed with: the content of an AlgorithmIdentifier.
    pub(super) signature_algorithm: &'a [u8],
    /// The name of its issuer.
    pub(super) issuer: &'a [u8],
    /// The name of its subject.
    pub(super) subject: &'a [u8],
    extensions: Elements<'a>,
}

impl<'a> ParsedCertificate<'a> {
    /// Reads a certificate that has the form of RFC 5280 4.1 as far as it is needed.
    pub(super) fn read(certificate: &'a [u8]) -> Result<Self, CertificateError> {
        read(certificate).ok_or_else(|| CertificateError::Bad("its encoding is broken".into()))
    }

    /// Whether its key may sign handshakes: where keyUsage is there, digitalSignature is set (RFC 8446 4.4.2.2).
    pub(super) fn may_sign(&self) -> Result<bool, CertificateError> {
        may_sign(self.extensions).ok_or_else(|| CertificateError::Bad("its key usage is broken".into()))
    }

    /// Refuses it where its key may not sign handshakes, which webpki does not look at.
    pub(super) fn check_may_sign(&self) -> Result<(), CertificateError> {
        if self.may_sign()? {
            return Ok(());
        }
        Err(CertificateError::Other("its key usage does not allow it to sign".into()))
    }

    /// Whether it is an authority's: basicConstraints say CA:TRUE (RFC 5280 4.2.1.9).
    pub(super) fn is_authority(&self) -> bool {
        let constraints = find(self.extensions, BASIC_CONSTRAINTS).flatten();
        let first = constraints.and_then(|mut value| value.nested(SEQUENCE)).and_then(|mut fields| fields.next());
        matches!(first, Some((BOOLEAN, [0xff])))
    }

    /// Its names (RFC 5280 4.2.1.6), up to one that does not parse.
    pub(super) fn names(&self) -> impl Iterator<Item = Name<'a>> + use<'a> {
        let value = find(self.extensions, SUBJECT_ALT_NAME).flatten();
        let mut names = value.and_then(|mut value| value.nested(SEQUENCE)).unwrap_or_default();
        core::iter::from_fn(move || {
            names.next().map(|(tag, content)| match tag {
                // rfc822Name, dNSName and uniformResourceIdentifier.
                0x81 | 0x82 | 0x86 => Name::Text(content),
                0x87 => Name::Address(content),
                _ => Name::Other,
            })
        })
    }
}

/// What a certificate's SubjectPublicKeyInfo holds, for errors.
pub(super) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let mut fields = fields_from_validity(certificate)?;
    fields.next()?;
    fields.next()?;
    fields.next().map(|(_, info)| info)
}

/// Whether it begins or ends before 1970, where webpki's times begin (RFC 5280 4.1.2.5: UTCTime from 1950, or GeneralizedTime).
pub(super) fn is_before_1970(certificate: &[u8]) -> bool {
    let is_early = |(tag, time): (u8, &[u8])| match tag {
        UTC_TIME => time.get(..2).is_some_and(|year| (&b"50"[..]..=&b"69"[..]).contains(&year)),
        _ => tag == GENERALIZED_TIME && time.get(..4).is_some_and(|year| year < &b"1970"[..]),
    };
    let validity = fields_from_validity(certificate).and_then(|mut fields| fields.nested(SEQUENCE));
    validity.is_some_and(|mut times| core::iter::from_fn(|| times.next()).any(is_early))
}

/// The fields of TBSCertificate from its validity on.
fn fields_from_validity(certificate: &[u8]) -> Option<Elements<'_>> {
    let mut fields = Elements(certificate).nested(SEQUENCE)?.nested(SEQUENCE)?;
    if fields.begin_with(VERSION) {
        fields.next()?;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        fields.next()?;
    }
    Some(fields)
}

/// A name that a certificate is for.
pub(super) enum Name<'a> {
    /// Of a host, a mailbox or a resource.
    Text(&'a [u8]),
    /// An IP address.
    Address(&'a [u8]),
    /// None of these.
    Other,
}

/// Explicit tags of TBSCertificate.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// id-ce-keyUsage, id-ce-subjectAltName and id-ce-basicConstraints, as whole elements.
const KEY_USAGE: &[u8] = &[6, 3, 0x55, 0x1d, 15];
const SUBJECT_ALT_NAME: &[u8] = &[6, 3, 0x55, 0x1d, 17];
const BASIC_CONSTRAINTS: &[u8] = &[6, 3, 0x55, 0x1d, 19];

/// Certificate and TBSCertificate (RFC 5280 4.1).
fn read(certificate: &[u8]) -> Option<ParsedCertificate<'_>> {
    let mut certificate = Elements(certificate).nested(SEQUENCE)?;
    let mut fields = certificate.nested(SEQUENCE)?;
    if fields.begin_with(VERSION) {
        fields.next()?;
    }
    // Serial number; validity; public key.
    fields.next()?;
    let (_, signature_algorithm) = fields.next()?;
    let (_, issuer) = fields.next()?;
    fields.next()?;
    let (_, subject) = fields.next()?;
    fields.next()?;
    let mut extensions = Elements::default();
    while !fields.is_empty() {
        if fields.begin_with(EXTENSIONS) {
            extensions = fields.nested(EXTENSIONS)?.nested(SEQUENCE)?;
        } else {
            fields.next()?;
        }
    }
    Some(ParsedCertificate { signature_algorithm, issuer, subject, extensions })
}

/// keyUsage (RFC 5280 4.2.1.3).
fn may_sign(extensions: Elements<'_>) -> Option<bool> {
    const DIGITAL_SIGNATURE: u8 = 0x80;
    let Some(mut value) = find(extensions, KEY_USAGE)? else { return Some(true) };
    match value.next()? {
        (BIT_STRING, [0]) if value.is_empty() => Some(false),
        (BIT_STRING, [0..=7, first, ..]) if value.is_empty() => Some(first & DIGITAL_SIGNATURE != 0),
        _ => None,
    }
}

/// What an extension holds, each of which comes once (RFC 5280 4.2).
fn find<'a>(mut extensions: Elements<'a>, id: &[u8]) -> Option<Option<Elements<'a>>> {
    let mut found = None;
    while !extensions.is_empty() {
        let Elements(extension) = extensions.nested(SEQUENCE)?;
        let Some(rest) = extension.strip_prefix(id) else { continue };
        let mut rest = Elements(rest);
        if rest.begin_with(BOOLEAN) {
            rest.next()?;
        }
        let value = rest.nested(OCTET_STRING)?;
        if !rest.is_empty() || found.replace(value).is_some() {
            return None;
        }
    }
    Some(found)
}
