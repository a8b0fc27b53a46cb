//! What webpki keeps to itself of a certificate (RFC 5280 4.1). Nothing here judges who issued it.
//!
//! Each handshake comes through here, and webpki has taken the leaf apart before: only the outlines of what lies on the way are
//! read. A general reader of DER took ten times as many instructions, a seventh of all that a client's handshake takes.

use crate::error::CertificateError;

/// The parts of a certificate that are read here, as they stand in it.
#[derive(Clone, Copy)]
pub(super) struct Outline<'a> {
    /// Whom it names as its issuer.
    pub(super) issuer: &'a [u8],
    /// Whom it is for.
    pub(super) subject: &'a [u8],
    /// The elements of the list, none where there is no list.
    extensions: Elements<'a>,
}

impl<'a> Outline<'a> {
    /// Reads a certificate that has the form of RFC 5280 4.1 as far as it is needed.
    pub(super) fn read(certificate: &'a [u8]) -> Result<Self, CertificateError> {
        read(certificate).ok_or_else(|| broken("its encoding is broken"))
    }

    /// Whether its key may sign handshakes: where keyUsage is there, digitalSignature is set (RFC 8446 4.4.2.2).
    pub(super) fn may_sign(&self) -> Result<bool, CertificateError> {
        may_sign(self.extensions).ok_or_else(|| broken("its key usage is broken"))
    }

    /// Its names (RFC 5280 4.2.1.6), up to one that does not parse.
    pub(super) fn names(&self) -> impl Iterator<Item = Name<'a>> + use<'a> {
        /// id-ce-subjectAltName: 2.5.29.17.
        const SUBJECT_ALT_NAME: u8 = 17;
        let value = find(self.extensions, SUBJECT_ALT_NAME).flatten();
        let mut names = value.and_then(|value| Elements(value).only(SEQUENCE)).unwrap_or_default();
        core::iter::from_fn(move || names.next_element().map(|(tag, value)| Name::read(tag, value)))
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

impl<'a> Name<'a> {
    /// GeneralName (RFC 5280 4.2.1.6).
    const fn read(tag: u8, value: &'a [u8]) -> Self {
        match tag {
            0x81 | 0x82 | 0x86 => Self::Text(value),
            0x87 => Self::Address(value),
            _ => Self::Other,
        }
    }
}

fn broken(why: &str) -> CertificateError {
    CertificateError::Bad(why.into())
}

/// Certificate and TBSCertificate (RFC 5280 4.1).
fn read(certificate: &[u8]) -> Option<Outline<'_>> {
    const VERSION: u8 = 0xa0;
    const EXTENSIONS: u8 = 0xa3;
    let mut fields = Elements(certificate).only(SEQUENCE)?.inside(SEQUENCE)?;
    if fields.0.first() == Some(&VERSION) {
        fields.next_element()?;
    }
    // Serial number and signature algorithm; validity; public key.
    fields.next_element()?;
    fields.next_element()?;
    let (_, issuer) = fields.next_element()?;
    fields.next_element()?;
    let (_, subject) = fields.next_element()?;
    fields.next_element()?;
    let mut extensions = Elements::default();
    while !fields.0.is_empty() {
        let (tag, value) = fields.next_element()?;
        if tag == EXTENSIONS {
            extensions = Elements(value).only(SEQUENCE)?;
        }
    }
    Some(Outline { issuer, subject, extensions })
}

/// keyUsage (RFC 5280 4.2.1.3).
fn may_sign(extensions: Elements<'_>) -> Option<bool> {
    /// id-ce-keyUsage: 2.5.29.15.
    const KEY_USAGE: u8 = 15;
    const DIGITAL_SIGNATURE: u8 = 0x80;
    let Some(value) = find(extensions, KEY_USAGE)? else { return Some(true) };
    // How many bits of the last byte are none comes first (X.690 8.6.2.2).
    match Elements(value).only(BIT_STRING)?.0 {
        [0..=7, first, ..] => Some(first & DIGITAL_SIGNATURE != 0),
        [0] => Some(false),
        _ => None,
    }
}

/// The value of the extension 2.5.29.`id`, each of which comes once (RFC 5280 4.2). `None` where one is broken.
fn find(mut extensions: Elements<'_>, id: u8) -> Option<Option<&[u8]>> {
    let mut found = None;
    while !extensions.0.is_empty() {
        let (SEQUENCE, extension) = extensions.next_element()? else { return None };
        let [OBJECT_IDENTIFIER, 3, 0x55, 0x1d, this, rest @ ..] = extension else { continue };
        if *this != id {
            continue;
        }
        let mut rest = Elements(rest);
        if rest.0.first() == Some(&BOOLEAN) {
            rest.next_element()?;
        }
        if found.replace(rest.only(OCTET_STRING)?.0).is_some() {
            return None;
        }
    }
    Some(found)
}

const BOOLEAN: u8 = 0x01;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Elements of DER that follow each other.
#[derive(Clone, Copy, Default)]
struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// The next one: its tag, of one byte as all that are looked for here, and its content.
    #[inline]
    fn next_element(&mut self) -> Option<(u8, &'a [u8])> {
        let (length, rest) = match *self.0 {
            [_, length @ ..=0x7f, ref rest @ ..] => (usize::from(length), rest),
            [_, 0x81, length, ref rest @ ..] => (usize::from(length), rest),
            [_, 0x82, high, low, ref rest @ ..] => (usize::from(u16::from_be_bytes([high, low])), rest),
            _ => return None,
        };
        let tag = self.0[0];
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The elements inside of the first one, where it has this `tag`.
    fn inside(mut self, tag: u8) -> Option<Self> {
        self.next_element().filter(|(found, _)| *found == tag).map(|(_, content)| Self(content))
    }
    /// The same, where nothing follows it.
    fn only(mut self, tag: u8) -> Option<Self> {
        self.next_element().filter(|(found, _)| *found == tag && self.0.is_empty()).map(|(_, content)| Self(content))
    }
}
