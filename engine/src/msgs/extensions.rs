use arrayvec::ArrayVec;

use crate::codes::ExtensionType;
use crate::error::Error;
use crate::wire::Reader;

/// One extension (RFC 8446 4.2).
#[derive(Clone, Copy)]
pub struct Extension<'a> {
    /// Its type.
    pub extension_type: ExtensionType,
    /// Its content.
    pub reader: Reader<'a>,
}

/// The extensions of a message, none of which may come twice. Unknown ones are ignored, and their number is not limited (RFC 8446
/// 9.3).
pub struct Extensions<'a> {
    reader: Reader<'a>,
    what: &'static str,
    seen: Seen,
}

impl<'a> Extensions<'a> {
    /// The extensions behind a 16-bit length at the front of `reader`, in the message called `what`.
    pub fn new(reader: &mut Reader<'a>, what: &'static str) -> Result<Self, Error> {
        Ok(Self { reader: reader.list16()?, what, seen: Seen::default() })
    }

    /// The next extension.
    pub fn next_extension(&mut self) -> Result<Option<Extension<'a>>, Error> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        let extension_type = ExtensionType(self.reader.u16()?);
        let content = self.reader.vector16()?;
        if !self.seen.insert(extension_type) {
            return Err(Error::IllegalParameter("an extension that comes twice"));
        }
        Ok(Some(Extension { extension_type, reader: Reader::new(content, self.what) }))
    }

    /// Whether the extension returned last is the last one.
    pub const fn is_at_end(&self) -> bool {
        self.reader.is_empty()
    }
}

/// A set of extension types. A few are searched one by one; beyond these, each is a bit, so that the work is linear in the
/// length of the message.
#[derive(Default)]
struct Seen {
    few: ArrayVec<ExtensionType, 64>,
    /// The others: a bit each, 8 KiB where there are any.
    more: Option<Box<[u64]>>,
}

impl Seen {
    /// Adds a type, and returns whether it is new.
    fn insert(&mut self, extension_type: ExtensionType) -> bool {
        if self.few.contains(&extension_type) {
            return false;
        }
        self.few.try_push(extension_type).is_ok() || self.insert_more(extension_type.0)
    }

    #[cold]
    fn insert_more(&mut self, number: u16) -> bool {
        let bits = self.more.get_or_insert_with(|| vec![0; (1 << 16) / 64].into_boxed_slice());
        let (word, bit) = (usize::from(number / 64), 1 << (number % 64));
        let is_new = bits[word] & bit == 0;
        bits[word] |= bit;
        is_new
    }
}

/// The messages that have extensions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ContainingMessage {
    ClientHello,
    EncryptedExtensions,
    Certificate,
    CertificateRequest,
    NewSessionTicket,
    /// ServerHello and HelloRetryRequest, which the engine decodes as one.
    ServerHello,
}

/// Refuses a known extension that is not allowed in this message (RFC 8446 4.2).
pub(super) fn check_allowed_in(extension_type: ExtensionType, message: ContainingMessage) -> Result<(), Error> {
    match allowed_messages(extension_type) {
        Some(allowed_messages) if !allowed_messages.contains(&message) => {
            Err(Error::IllegalParameter("an extension in the wrong message"))
        }
        _ => Ok(()),
    }
}

/// The table of RFC 8446 4.2, with record_size_limit (RFC 8449 4) and compress_certificate (RFC 8879 3). `None` for what the engine does not know.
const fn allowed_messages(extension_type: ExtensionType) -> Option<&'static [ContainingMessage]> {
    use ContainingMessage::{
        Certificate, CertificateRequest, ClientHello, EncryptedExtensions, NewSessionTicket, ServerHello,
    };
    use ExtensionType as E;
    Some(match extension_type {
        E::SERVER_NAME | E::MAX_FRAGMENT_LENGTH | E::SUPPORTED_GROUPS | E::ALPN | E::RECORD_SIZE_LIMIT => {
            &[ClientHello, EncryptedExtensions]
        }
        E::STATUS_REQUEST | E::SIGNED_CERTIFICATE_TIMESTAMP => &[ClientHello, CertificateRequest, Certificate],
        E::SIGNATURE_ALGORITHMS
        | E::SIGNATURE_ALGORITHMS_CERT
        | E::CERTIFICATE_AUTHORITIES
        | E::COMPRESS_CERTIFICATE => &[ClientHello, CertificateRequest],
        E::KEY_SHARE | E::PRE_SHARED_KEY | E::COOKIE | E::SUPPORTED_VERSIONS => &[ClientHello, ServerHello],
        E::EARLY_DATA => &[ClientHello, EncryptedExtensions, NewSessionTicket],
        E::PADDING | E::PSK_KEY_EXCHANGE_MODES | E::POST_HANDSHAKE_AUTH => &[ClientHello],
        E::OID_FILTERS => &[CertificateRequest],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All of a list, or the error.
    fn read(types: &[u16]) -> Result<Vec<u16>, Error> {
        let list: Vec<u8> = types.iter().flat_map(|number| [&number.to_be_bytes()[..], &[0, 0]].concat()).collect();
        let bytes = [&u16::try_from(list.len()).unwrap().to_be_bytes()[..], &list].concat();
        let mut extensions = Extensions::new(&mut Reader::new(&bytes, "test"), "test")?;
        let mut read = Vec::new();
        while let Some(extension) = extensions.next_extension()? {
            read.push(extension.extension_type.0);
        }
        Ok(read)
    }

    #[test]
    fn as_many_come_as_a_message_holds() {
        for count in [0, 1, 63, 64, 65, 66, 1000, 16_383] {
            // Types that are neither in order nor side by side.
            let types: Vec<u16> = (0..count).map(|index: u16| index.wrapping_mul(40_503)).collect();
            assert_eq!(read(&types).as_ref(), Ok(&types));
        }
    }

    #[test]
    fn none_comes_twice_wherever_it_stands() {
        for count in [2, 64, 65, 66, 200, 16_383] {
            let types: Vec<u16> = (0..count).map(|index: u16| index.wrapping_mul(40_503)).collect();
            for (first, second) in [(0, 1), (0, count - 1), (count / 2, count - 1), (count - 2, count - 1)] {
                let mut types = types.clone();
                types[usize::from(second)] = types[usize::from(first)];
                let twice = Err(Error::IllegalParameter("an extension that comes twice"));
                assert_eq!(
                    read(&types),
                    if first == second { Ok(types) } else { twice },
                    "{first} and {second} of {count}"
                );
            }
        }
    }
}
