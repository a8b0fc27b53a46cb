use crate::codes::HandshakeType;
use crate::error::Error;
use crate::limits::{
    CERTIFICATE_VERIFY_MAX, ENCRYPTED_EXTENSIONS_MAX, FINISHED_BODY_MAX, HANDSHAKE_HEADER, HANDSHAKE_MESSAGE_MAX,
    KEY_UPDATE_BODY, SERVER_HELLO_MAX,
};
use crate::mem::SECRET_MAX;

/// The header of a handshake message (RFC 8446 4), which is checked before the rest has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its type.
    pub handshake_type: HandshakeType,
    /// How many bytes follow.
    pub body_len: usize,
}

impl Header {
    /// The header at the front of `bytes`, or `None` while it is not whole.
    pub const fn at_front(bytes: &[u8]) -> Option<Self> {
        match bytes.first_chunk::<HANDSHAKE_HEADER>() {
            Some([handshake_type, a, b, c]) => Some(Self {
                handshake_type: HandshakeType(*handshake_type),
                body_len: u32::from_be_bytes([0, *a, *b, *c]) as usize,
            }),
            None => None,
        }
    }

    /// The length of the whole message.
    pub const fn message_len(self) -> usize {
        HANDSHAKE_HEADER + self.body_len
    }

    /// Checks whether a message of this type may have this length.
    pub const fn check_len(self) -> Result<(), Error> {
        let max = match self.handshake_type {
            HandshakeType::FINISHED if self.body_len > FINISHED_BODY_MAX => return Err(Error::Decode("Finished")),
            // RFC 8446 4.5
            HandshakeType::END_OF_EARLY_DATA if self.body_len != 0 => return Err(Error::Decode("EndOfEarlyData")),
            HandshakeType::KEY_UPDATE if self.body_len != KEY_UPDATE_BODY => return Err(Error::Decode("KeyUpdate")),
            HandshakeType::SERVER_HELLO => SERVER_HELLO_MAX,
            HandshakeType::ENCRYPTED_EXTENSIONS => ENCRYPTED_EXTENSIONS_MAX,
            HandshakeType::CERTIFICATE_VERIFY => CERTIFICATE_VERIFY_MAX,
            _ => HANDSHAKE_MESSAGE_MAX,
        };
        if self.message_len() > max { Err(Error::TooLarge("a handshake message")) } else { Ok(()) }
    }

    /// The error for a message that the state does not expect.
    pub const fn unexpected(self, expected: &'static str) -> Error {
        Error::UnexpectedMessage { got: self.handshake_type, expected }
    }
}

const _: () = assert!(FINISHED_BODY_MAX == SECRET_MAX, "verify_data is as long as a digest (RFC 8446 4.4.4)");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_message_has_its_longest() {
        let too_large = Error::TooLarge("a handshake message");
        for (handshake_type, body_max, error) in [
            (HandshakeType::CLIENT_HELLO, 65_532, too_large.clone()),
            (HandshakeType::SERVER_HELLO, 8_188, too_large.clone()),
            (HandshakeType::ENCRYPTED_EXTENSIONS, 8_188, too_large.clone()),
            (HandshakeType::CERTIFICATE_REQUEST, 65_532, too_large.clone()),
            (HandshakeType::CERTIFICATE, 65_532, too_large.clone()),
            (HandshakeType::CERTIFICATE_VERIFY, 4_092, too_large.clone()),
            (HandshakeType::FINISHED, 64, Error::Decode("Finished")),
            (HandshakeType::NEW_SESSION_TICKET, 65_532, too_large),
            (HandshakeType::END_OF_EARLY_DATA, 0, Error::Decode("EndOfEarlyData")),
            (HandshakeType::KEY_UPDATE, 1, Error::Decode("KeyUpdate")),
        ] {
            let check = |body_len| Header { handshake_type, body_len }.check_len();
            assert_eq!(check(body_max), Ok(()), "{handshake_type}");
            for body_len in [body_max + 1, (1 << 24) - 1] {
                assert_eq!(check(body_len), Err(error.clone()), "{handshake_type} of {body_len} bytes");
            }
        }
        let update = Header { handshake_type: HandshakeType::KEY_UPDATE, body_len: 0 };
        assert_eq!(update.check_len(), Err(Error::Decode("KeyUpdate")));
    }
}
