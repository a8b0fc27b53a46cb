use super::client_hello::{OfferedExtensions, encode_extension};
use super::extensions::Extensions;
use super::{encode_message, record_size_limit};
use crate::codes::{ExtensionType, HandshakeType};
use crate::error::Error;
use crate::wire::Reader;

const WHAT: &str = "EncryptedExtensions";

/// EncryptedExtensions (RFC 8446 4.3.1).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct EncryptedExtensions<'a> {
    /// Whether the server has used the client's `server_name` (RFC 6066 3).
    pub server_name: bool,
    /// The application protocol it chose (RFC 7301 3.1).
    pub alpn: Option<&'a [u8]>,
    /// How much it takes in one record, bytes with the content type (RFC 8449 4).
    pub record_size_limit: Option<u16>,
    /// Whether it has accepted the client's early data (RFC 8446 4.2.10).
    pub early_data: bool,
}

impl<'a> EncryptedExtensions<'a> {
    /// Decodes the body of the message; `offered` tells which extensions the ClientHello had.
    pub fn decode(body: &'a [u8], offered: OfferedExtensions) -> Result<Self, Error> {
        let mut reader = Reader::new(body, WHAT);
        let mut message = Self::default();
        let mut extensions = Extensions::new(&mut reader, WHAT)?;
        while let Some(extension) = extensions.next_extension()? {
            let mut reader = extension.reader;
            match extension.extension_type {
                other if !offered.contains(other) => return Err(Error::UnsupportedExtension(other)),
                ExtensionType::SERVER_NAME => message.server_name = true,
                ExtensionType::EARLY_DATA => message.early_data = true,
                ExtensionType::RECORD_SIZE_LIMIT => {
                    message.record_size_limit = Some(record_size_limit::decode(&mut reader)?);
                }
                ExtensionType::ALPN => {
                    let mut names = reader.list16()?;
                    message.alpn = Some(names.filled8()?);
                    names.finish()?;
                }
                // What the server prefers, for later connections (RFC 8446 4.2.7).
                ExtensionType::SUPPORTED_GROUPS => {
                    reader.numbers16()?;
                }
                _ => return Err(Error::IllegalParameter("an extension in the wrong message")),
            }
            reader.finish()?;
        }
        reader.finish()?;
        Ok(message)
    }

    /// Appends the whole message.
    pub fn encode(&self, out: &mut Vec<u8>) {
        encode_message(out, HandshakeType::ENCRYPTED_EXTENSIONS, |writer| {
            writer.length16(|writer| {
                if self.server_name {
                    encode_extension(writer, ExtensionType::SERVER_NAME, |_| {});
                }
                record_size_limit::encode(self.record_size_limit, writer);
                if self.early_data {
                    encode_extension(writer, ExtensionType::EARLY_DATA, |_| {});
                }
                if let Some(name) = self.alpn {
                    encode_extension(writer, ExtensionType::ALPN, |writer| {
                        writer.length16(|writer| writer.vector8(name));
                    });
                }
            });
        });
    }
}
