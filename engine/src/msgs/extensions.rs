use crate::codes::ExtensionType;
use crate::error::Error;
use crate::limits::EXTENSIONS_MAX;
use crate::wire::Reader;

/// One extension (RFC 8446 4.2).
#[derive(Clone, Copy)]
pub struct Extension<'a> {
    /// Its type.
    pub extension_type: ExtensionType,
    /// Its content.
    pub reader: Reader<'a>,
}

/// The extensions of a message, none of which comes twice.
pub struct Extensions<'a> {
    reader: Reader<'a>,
    what: &'static str,
    seen: [ExtensionType; EXTENSIONS_MAX],
    count: usize,
}

impl<'a> Extensions<'a> {
    /// The extensions behind a 16-bit length at the front of `reader`, in the message called `what`.
    pub fn new(reader: &mut Reader<'a>, what: &'static str) -> Result<Self, Error> {
        Ok(Self { reader: reader.list16()?, what, seen: [ExtensionType(0); EXTENSIONS_MAX], count: 0 })
    }

    /// The next extension.
    pub fn next_extension(&mut self) -> Result<Option<Extension<'a>>, Error> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        let extension_type = ExtensionType(self.reader.u16()?);
        let content = self.reader.vector16()?;
        if self.seen[..self.count].contains(&extension_type) {
            return Err(Error::IllegalParameter("an extension that comes twice"));
        }
        *self.seen.get_mut(self.count).ok_or(Error::TooLarge("the list of extensions"))? = extension_type;
        self.count += 1;
        Ok(Some(Extension { extension_type, reader: Reader::new(content, self.what) }))
    }

    /// Whether the extension returned last is the last one.
    pub const fn is_at_end(&self) -> bool {
        self.reader.is_empty()
    }
}

/// The messages that have extensions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    ClientHello,
    EncryptedExtensions,
    Certificate,
    CertificateRequest,
    NewSessionTicket,
    /// ServerHello and HelloRetryRequest, which the engine decodes as one.
    ServerHello,
}

/// Refuses an extension that is known, and not for this message (RFC 8446 4.2).
pub(super) fn check_place(extension_type: ExtensionType, place: Place) -> Result<(), Error> {
    match places(extension_type) {
        Some(places) if !places.contains(&place) => Err(Error::IllegalParameter("an extension in the wrong message")),
        _ => Ok(()),
    }
}

/// The table of RFC 8446 4.2, with record_size_limit (RFC 8449 4). `None` for what the engine does not know.
const fn places(extension_type: ExtensionType) -> Option<&'static [Place]> {
    use ExtensionType as E;
    use Place::{Certificate, CertificateRequest, ClientHello, EncryptedExtensions, NewSessionTicket, ServerHello};
    Some(match extension_type {
        E::SERVER_NAME | E::MAX_FRAGMENT_LENGTH | E::SUPPORTED_GROUPS | E::ALPN | E::RECORD_SIZE_LIMIT => {
            &[ClientHello, EncryptedExtensions]
        }
        E::STATUS_REQUEST | E::SIGNED_CERTIFICATE_TIMESTAMP => &[ClientHello, CertificateRequest, Certificate],
        E::SIGNATURE_ALGORITHMS | E::SIGNATURE_ALGORITHMS_CERT | E::CERTIFICATE_AUTHORITIES => {
            &[ClientHello, CertificateRequest]
        }
        E::KEY_SHARE | E::PRE_SHARED_KEY | E::COOKIE | E::SUPPORTED_VERSIONS => &[ClientHello, ServerHello],
        E::EARLY_DATA => &[ClientHello, EncryptedExtensions, NewSessionTicket],
        E::PADDING | E::PSK_KEY_EXCHANGE_MODES | E::POST_HANDSHAKE_AUTH => &[ClientHello],
        E::OID_FILTERS => &[CertificateRequest],
        _ => return None,
    })
}
