use crate::codes::HandshakeType;
use crate::error::Error;
use crate::limits::HANDSHAKE_HEADER;
use crate::wire::Writer;

/// One handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its type.
    pub handshake_type: HandshakeType,
    /// Header and body, as the transcript has them.
    pub bytes: &'a [u8],
    /// Whether it ends its record. Messages before a change of keys must (RFC 8446 5.1).
    pub ends_record: bool,
}

impl<'a> Message<'a> {
    /// What follows the header.
    pub fn body(&self) -> &'a [u8] {
        self.bytes.get(HANDSHAKE_HEADER..).unwrap_or_default()
    }

    /// The body of a message that has to be of `handshake_type`.
    pub fn expect(&self, handshake_type: HandshakeType, expected: &'static str) -> Result<&'a [u8], Error> {
        if self.handshake_type == handshake_type { Ok(self.body()) } else { Err(self.unexpected(expected)) }
    }

    /// The error for a message that the state does not expect.
    pub const fn unexpected(&self, expected: &'static str) -> Error {
        Error::UnexpectedMessage { got: self.handshake_type, expected }
    }
}

/// Appends a message with the body that `body` writes.
pub fn encode_message(out: &mut Vec<u8>, handshake_type: HandshakeType, body: impl FnOnce(&mut Writer<'_>)) {
    let mut writer = Writer::new(out);
    writer.u8(handshake_type.0);
    writer.length24(body);
}
