use super::client_hello::{KeyShareEntry, OfferedExtensions, encode_extension};
use super::extensions::Extensions;
use super::{decode_legacy_version, encode_message};
use crate::codes::{CipherSuite, ExtensionType, HandshakeType, NamedGroup, ProtocolVersion};
use crate::error::Error;
use crate::limits::COOKIE_MAX;
use crate::wire::{Reader, Writer};

const WHAT: &str = "ServerHello";

/// The `random` that makes a ServerHello a HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 8446 4.1.3).
pub const HELLO_RETRY_REQUEST_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The last bytes of `random` of a server that supports TLS 1.3 and negotiates an older version (RFC 8446 4.1.3).
const DOWNGRADES: [&[u8]; 2] = [b"DOWNGRD\x00", b"DOWNGRD\x01"];

/// A ServerHello (RFC 8446 4.1.3).
pub struct ServerHello<'a> {
    /// `random`.
    pub random: &'a [u8; 32],
    /// `legacy_session_id_echo`.
    pub session_id: &'a [u8],
    /// `cipher_suite`.
    pub cipher_suite: CipherSuite,
    /// `key_share`; none where a pre-shared key is used alone (RFC 8446 4.2.9).
    pub key_share: Option<KeyShareEntry<'a>>,
    /// `pre_shared_key`: which of the client's was chosen.
    pub selected_identity: Option<u16>,
}

/// A HelloRetryRequest (RFC 8446 4.1.4).
pub struct HelloRetryRequest<'a> {
    /// `legacy_session_id_echo`.
    pub session_id: &'a [u8],
    /// `cipher_suite`.
    pub cipher_suite: CipherSuite,
    /// The group of `key_share` that a share is asked for.
    pub selected_group: Option<NamedGroup>,
    /// `cookie`, to be sent back as it is.
    pub cookie: Option<&'a [u8]>,
}

/// The two messages of type server_hello.
pub enum ServerHelloOrRetry<'a> {
    /// A ServerHello.
    Hello(ServerHello<'a>),
    /// A HelloRetryRequest.
    Retry(HelloRetryRequest<'a>),
}

#[derive(Default)]
struct ServerExtensions<'a> {
    key_share: Option<Reader<'a>>,
    cookie: Option<&'a [u8]>,
    selected_identity: Option<u16>,
}

impl<'a> ServerHelloOrRetry<'a> {
    /// Decodes the body of the message; `offered` tells which extensions the ClientHello had.
    pub fn decode(body: &'a [u8], offered: OfferedExtensions) -> Result<Self, Error> {
        let mut reader = Reader::new(body, WHAT);
        let legacy_version = decode_legacy_version(&mut reader)?;
        let random = reader.take(32)?.first_chunk::<32>().ok_or(Error::Decode(WHAT))?;
        let session_id = reader.vector8()?;
        let cipher_suite = CipherSuite(reader.u16()?);
        let compression_method = reader.u8()?;
        let is_retry = *random == HELLO_RETRY_REQUEST_RANDOM;
        let list = if reader.is_empty() { None } else { Some(reader) };
        // RFC 8446 4.2.1: before all else, as the rest means something else in an older version.
        let version = list.map(find_version).transpose()?.flatten();
        check_version(legacy_version, version, random, is_retry)?;
        let extensions = decode_extensions(&mut reader, is_retry, offered)?;
        reader.finish()?;
        if session_id.len() > 32 {
            return Err(Error::Decode(WHAT));
        }
        if compression_method != 0 {
            return Err(Error::IllegalParameter("compression"));
        }
        if is_retry {
            let selected_group = extensions
                .key_share
                .map(|mut reader| {
                    let group = reader.u16()?;
                    reader.finish().map(|()| NamedGroup(group))
                })
                .transpose()?;
            let cookie = extensions.cookie;
            return Ok(Self::Retry(HelloRetryRequest { session_id, cipher_suite, selected_group, cookie }));
        }
        let key_share = extensions
            .key_share
            .map(|mut reader| {
                let share = KeyShareEntry::decode(&mut reader)?;
                reader.finish().map(|()| share)
            })
            .transpose()?;
        let selected_identity = extensions.selected_identity;
        Ok(Self::Hello(ServerHello { random, session_id, cipher_suite, key_share, selected_identity }))
    }
}

fn decode_extensions<'a>(
    reader: &mut Reader<'a>,
    is_retry: bool,
    offered: OfferedExtensions,
) -> Result<ServerExtensions<'a>, Error> {
    let mut found = ServerExtensions::default();
    let mut extensions = Extensions::new(reader, WHAT)?;
    while let Some(extension) = extensions.next_extension()? {
        let mut reader = extension.reader;
        match extension.extension_type {
            ExtensionType::SUPPORTED_VERSIONS => {
                reader.u16()?;
            }
            ExtensionType::KEY_SHARE => found.key_share = Some(Reader::new(reader.rest(), WHAT)),
            // The one extension that a server may send unasked (RFC 8446 4.2).
            ExtensionType::COOKIE if is_retry => {
                let cookie = reader.filled16()?;
                if cookie.len() > COOKIE_MAX {
                    return Err(Error::TooLarge("a cookie"));
                }
                found.cookie = Some(cookie);
            }
            ExtensionType::PRE_SHARED_KEY if !is_retry && offered.pre_shared_key => {
                found.selected_identity = Some(reader.u16()?);
            }
            other if offered.contains(other) => {
                return Err(Error::IllegalParameter("an extension in the wrong message"));
            }
            other => return Err(Error::UnsupportedExtension(other)),
        }
        reader.finish()?;
    }
    Ok(found)
}

/// The version in supported_versions, whatever else there is.
fn find_version(mut reader: Reader<'_>) -> Result<Option<ProtocolVersion>, Error> {
    let mut version = None;
    let mut extensions = Extensions::new(&mut reader, WHAT)?;
    while let Some(extension) = extensions.next_extension()? {
        let mut reader = extension.reader;
        if extension.extension_type == ExtensionType::SUPPORTED_VERSIONS {
            version = Some(ProtocolVersion(reader.u16()?));
            reader.finish()?;
        }
    }
    reader.finish()?;
    Ok(version)
}

/// Without supported_versions the server has chosen an older version, which this client does not support; with the downgrade
/// mark, an attacker has made it do so (RFC 8446 4.1.3). With supported_versions, the legacy version of a ServerHello is
/// ignored (RFC 8446 4.2.1), and that of a HelloRetryRequest is checked (RFC 8446 4.1.4).
fn check_version(
    legacy_version: ProtocolVersion,
    selected: Option<ProtocolVersion>,
    random: &[u8; 32],
    is_retry: bool,
) -> Result<(), Error> {
    match selected {
        Some(ProtocolVersion::TLS13) if is_retry && legacy_version != ProtocolVersion::TLS12 => {
            Err(Error::IllegalParameter("the legacy version of HelloRetryRequest"))
        }
        Some(ProtocolVersion::TLS13) => Ok(()),
        Some(_) => Err(Error::IllegalParameter("a version that was not offered")),
        None if is_retry => Err(Error::MissingExtension(ExtensionType::SUPPORTED_VERSIONS)),
        None if DOWNGRADES.contains(&&random[24..]) => Err(Error::IllegalParameter("a downgraded version")),
        None => Err(Error::ProtocolVersion),
    }
}

impl ServerHello<'_> {
    /// Appends the whole message.
    pub fn encode(&self, out: &mut Vec<u8>) {
        encode(out, self.random, self.session_id, self.cipher_suite, |writer| {
            if let Some(share) = &self.key_share {
                encode_extension(writer, ExtensionType::KEY_SHARE, |writer| share.encode(writer));
            }
            if let Some(identity) = self.selected_identity {
                encode_extension(writer, ExtensionType::PRE_SHARED_KEY, |writer| writer.u16(identity));
            }
        });
    }
}

impl HelloRetryRequest<'_> {
    /// Appends the whole message.
    pub fn encode(&self, out: &mut Vec<u8>) {
        encode(out, &HELLO_RETRY_REQUEST_RANDOM, self.session_id, self.cipher_suite, |writer| {
            if let Some(group) = self.selected_group {
                encode_extension(writer, ExtensionType::KEY_SHARE, |writer| writer.u16(group.0));
            }
            if let Some(cookie) = self.cookie {
                encode_extension(writer, ExtensionType::COOKIE, |writer| writer.vector16(cookie));
            }
        });
    }
}

fn encode(
    out: &mut Vec<u8>,
    random: &[u8; 32],
    session_id: &[u8],
    cipher_suite: CipherSuite,
    extensions: impl FnOnce(&mut Writer<'_>),
) {
    encode_message(out, HandshakeType::SERVER_HELLO, |writer| {
        writer.u16(ProtocolVersion::TLS12.0);
        writer.bytes(random);
        writer.vector8(session_id);
        writer.u16(cipher_suite.0);
        writer.u8(0);
        writer.length16(|writer| {
            encode_extension(writer, ExtensionType::SUPPORTED_VERSIONS, |writer| writer.u16(ProtocolVersion::TLS13.0));
            extensions(writer);
        });
    });
}
