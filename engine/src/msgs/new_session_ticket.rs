use super::client_hello::encode_extension;
use super::encode_message;
use super::extensions::{ContainingMessage, Extensions, check_allowed_in};
use crate::codes::{ExtensionType, HandshakeType};
use crate::error::Error;
use crate::limits::TICKET_LIFETIME_MAX;
use crate::wire::Reader;

const WHAT: &str = "NewSessionTicket";

/// A NewSessionTicket (RFC 8446 4.6.1).
#[derive(Debug, PartialEq, Eq)]
pub struct NewSessionTicket<'a> {
    /// `ticket_lifetime`, seconds.
    pub lifetime_s: u32,
    /// `ticket_age_add`.
    pub age_add: u32,
    /// `ticket_nonce`.
    pub nonce: &'a [u8],
    /// `ticket`.
    pub ticket: &'a [u8],
    /// `max_early_data_size`, bytes, where the server takes early data.
    pub max_early_data_bytes: Option<u32>,
}

impl<'a> NewSessionTicket<'a> {
    /// Decodes the body of the message.
    pub fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, WHAT);
        let mut message = Self {
            lifetime_s: reader.u32()?,
            age_add: reader.u32()?,
            nonce: reader.vector8()?,
            ticket: reader.filled16()?,
            max_early_data_bytes: None,
        };
        if message.lifetime_s > TICKET_LIFETIME_MAX {
            return Err(Error::IllegalParameter("the lifetime of a ticket"));
        }
        let mut extensions = Extensions::new(&mut reader, WHAT)?;
        while let Some(extension) = extensions.next_extension()? {
            check_allowed_in(extension.extension_type, ContainingMessage::NewSessionTicket)?;
            let mut reader = extension.reader;
            if extension.extension_type == ExtensionType::EARLY_DATA {
                message.max_early_data_bytes = Some(reader.u32()?);
                reader.finish()?;
            }
        }
        reader.finish()?;
        Ok(message)
    }

    /// Appends the whole message.
    pub fn encode(&self, out: &mut Vec<u8>) {
        encode_message(out, HandshakeType::NEW_SESSION_TICKET, |writer| {
            writer.u32(self.lifetime_s);
            writer.u32(self.age_add);
            writer.vector8(self.nonce);
            writer.vector16(self.ticket);
            writer.length16(|writer| {
                if let Some(bytes) = self.max_early_data_bytes {
                    encode_extension(writer, ExtensionType::EARLY_DATA, |writer| writer.u32(bytes));
                }
            });
        });
    }
}
