//! What webpki keeps to itself of a certificate (RFC 5280 4.1). Nothing here judges who issued it.

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};

use crate::error::CertificateError;

/// The parts of a certificate that are read here, as they stand in it.
#[derive(Clone, Copy)]
pub(super) struct Outline<'a> {
    /// Whom it names as its issuer.
    pub(super) issuer: &'a [u8],
    /// Whom it is for.
    pub(super) subject: &'a [u8],
    extensions: Option<AnyRef<'a>>,
}

impl<'a> Outline<'a> {
    /// Reads a certificate that has the form of RFC 5280 4.1 as far as it is needed.
    pub(super) fn read(certificate: &'a [u8]) -> Result<Self, CertificateError> {
        read(certificate).map_err(|_| broken("its encoding is broken"))
    }

    /// Whether its key may sign handshakes: where keyUsage is there, digitalSignature is set (RFC 8446 4.4.2.2).
    pub(super) fn may_sign(&self) -> Result<bool, CertificateError> {
        may_sign(self.extensions).map_err(|_| broken("its key usage is broken"))
    }

    /// Its names (RFC 5280 4.2.1.6), up to one that does not parse.
    pub(super) fn names(&self) -> impl Iterator<Item = Name<'a>> + use<'a> {
        /// id-ce-subjectAltName: 2.5.29.17.
        const SUBJECT_ALT_NAME: [u8; 3] = [0x55, 0x1d, 17];
        let value = self.extensions.and_then(|extensions| find(extensions, SUBJECT_ALT_NAME).ok().flatten());
        let mut names = value.and_then(|value| nested(AnyRef::from_der(value).ok()?).ok());
        core::iter::from_fn(move || {
            let names = names.as_mut().filter(|names| !names.is_finished())?;
            Name::read(names.decode().ok()?).into()
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

impl<'a> Name<'a> {
    /// GeneralName (RFC 5280 4.2.1.6).
    fn read(name: AnyRef<'a>) -> Self {
        match name.tag() {
            Tag::ContextSpecific { constructed: false, number: TagNumber(1 | 2 | 6) } => Self::Text(name.value()),
            Tag::ContextSpecific { constructed: false, number: TagNumber(7) } => Self::Address(name.value()),
            _ => Self::Other,
        }
    }
}

fn broken(why: &str) -> CertificateError {
    CertificateError::Bad(why.into())
}

/// Certificate and TBSCertificate (RFC 5280 4.1).
fn read(certificate: &[u8]) -> der::Result<Outline<'_>> {
    let mut fields = nested(SliceReader::new(certificate)?.decode()?)?;
    let mut fields = nested(fields.decode()?)?;
    if Tag::peek(&fields)? == context(0) {
        fields.tlv_bytes()?;
    }
    // Serial number and signature algorithm; validity; public key.
    fields.tlv_bytes()?;
    fields.tlv_bytes()?;
    let issuer = fields.tlv_bytes()?;
    fields.tlv_bytes()?;
    let subject = fields.tlv_bytes()?;
    fields.tlv_bytes()?;
    let mut extensions = None;
    while !fields.is_finished() {
        let field: AnyRef<'_> = fields.decode()?;
        if field.tag() == context(3) {
            extensions = Some(AnyRef::from_der(field.value())?);
        }
    }
    Ok(Outline { issuer, subject, extensions })
}

/// keyUsage (RFC 5280 4.2.1.3).
fn may_sign(extensions: Option<AnyRef<'_>>) -> der::Result<bool> {
    /// id-ce-keyUsage: 2.5.29.15.
    const KEY_USAGE: [u8; 3] = [0x55, 0x1d, 15];
    const DIGITAL_SIGNATURE: u8 = 0x80;
    let Some(extensions) = extensions else { return Ok(true) };
    let Some(value) = find(extensions, KEY_USAGE)? else { return Ok(true) };
    let bits = BitStringRef::from_der(value)?;
    Ok(bits.raw_bytes().first().is_some_and(|first| first & DIGITAL_SIGNATURE != 0))
}

/// The value of an extension, each of which comes once (RFC 5280 4.2).
fn find<'a>(extensions: AnyRef<'a>, id: [u8; 3]) -> der::Result<Option<&'a [u8]>> {
    let mut extensions = nested(extensions)?;
    let mut found = None;
    while !extensions.is_finished() {
        let mut extension = nested(extensions.decode()?)?;
        let this: AnyRef<'_> = extension.decode()?;
        if this.tag() != Tag::ObjectIdentifier || this.value() != id {
            continue;
        }
        if Tag::peek(&extension)? == Tag::Boolean {
            extension.tlv_bytes()?;
        }
        let value: AnyRef<'_> = extension.decode()?;
        value.tag().assert_eq(Tag::OctetString)?;
        extension.finish()?;
        if found.replace(value.value()).is_some() {
            return Err(Tag::OctetString.value_error().into());
        }
    }
    Ok(found)
}

/// A reader of what is in a SEQUENCE.
fn nested(sequence: AnyRef<'_>) -> der::Result<SliceReader<'_>> {
    sequence.tag().assert_eq(Tag::Sequence)?;
    SliceReader::new(sequence.value())
}

/// An explicit tag.
const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}
