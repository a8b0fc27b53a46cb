//! What webpki keeps to itself of a certificate (RFC 5280 4.1). Nothing here judges who issued it.
//!
//! Every client's handshake goes through here, so elements are taken apart by [`Elements`], in a few instructions each: the
//! crates for DER take for it as many as webpki takes for the whole chain.

use crate::error::CertificateError;

/// The parts of a certificate that are read here, as they stand in it.
#[derive(Clone, Copy)]
pub(super) struct Outline<'a> {
    /// Whom it names as its issuer.
    pub(super) issuer: &'a [u8],
    /// Whom it is for.
    pub(super) subject: &'a [u8],
    extensions: Elements<'a>,
}

impl<'a> Outline<'a> {
    /// Reads a certificate that has the form of RFC 5280 4.1 as far as it is needed.
    pub(super) fn read(certificate: &'a [u8]) -> Result<Self, CertificateError> {
        read(certificate).ok_or_else(|| CertificateError::Bad("its encoding is broken".into()))
    }

    /// Whether its key may sign handshakes: where keyUsage is there, digitalSignature is set (RFC 8446 4.4.2.2).
    pub(super) fn may_sign(&self) -> Result<bool, CertificateError> {
        may_sign(self.extensions).ok_or_else(|| CertificateError::Bad("its key usage is broken".into()))
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

/// A name that a certificate is for.
pub(super) enum Name<'a> {
    /// Of a host, a mailbox or a resource.
    Text(&'a [u8]),
    /// An IP address.
    Address(&'a [u8]),
    /// None of these.
    Other,
}

const BOOLEAN: u8 = 1;
const BIT_STRING: u8 = 3;
const OCTET_STRING: u8 = 4;
const SEQUENCE: u8 = 0x30;
/// Explicit tags of TBSCertificate.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// id-ce-keyUsage and id-ce-subjectAltName, as whole elements.
const KEY_USAGE: &[u8] = &[6, 3, 0x55, 0x1d, 15];
const SUBJECT_ALT_NAME: &[u8] = &[6, 3, 0x55, 0x1d, 17];

/// Certificate and TBSCertificate (RFC 5280 4.1).
fn read(certificate: &[u8]) -> Option<Outline<'_>> {
    let mut certificate = Elements(certificate).nested(SEQUENCE)?;
    let mut fields = certificate.nested(SEQUENCE)?;
    if fields.begin_with(VERSION) {
        fields.next()?;
    }
    // Serial number and signature algorithm; validity; public key.
    fields.next()?;
    fields.next()?;
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
    Some(Outline { issuer, subject, extensions })
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

/// Elements of DER (X.690), one behind the other.
#[derive(Clone, Copy, Default)]
struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is an element and it has this tag.
    fn begin_with(self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// Tag and content of the next element. Its length has the one form that DER gives it, in two bytes at most: nothing in a
    /// handshake message is longer. No certificate has a tag of more than a byte.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, len, rest) = match *self.0 {
            [tag, len @ 0..=0x7f, ref rest @ ..] => (tag, usize::from(len), rest),
            [tag, 0x81, len @ 0x80..=0xff, ref rest @ ..] => (tag, usize::from(len), rest),
            [tag, 0x82, high @ 1..=0xff, low, ref rest @ ..] => {
                (tag, usize::from(u16::from_be_bytes([high, low])), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        (tag & 0x1f != 0x1f).then_some((tag, content))
    }

    /// The elements in the next one, which has this tag.
    fn nested(&mut self, tag: u8) -> Option<Self> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| Self(content))
    }
}
