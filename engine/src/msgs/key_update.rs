use super::encode_message;
use crate::codes::{HandshakeType, code};
use crate::error::Error;

/// A KeyUpdate (RFC 8446 4.6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUpdate {
    /// Whether an update is requested in return.
    pub request: KeyUpdateRequest,
}

impl KeyUpdate {
    /// Decodes the body of the message.
    pub const fn decode(body: &[u8]) -> Result<Self, Error> {
        match body {
            [request @ (0 | 1)] => Ok(Self { request: KeyUpdateRequest(*request) }),
            [_] => Err(Error::IllegalParameter("request_update of a KeyUpdate")),
            _ => Err(Error::Decode("KeyUpdate")),
        }
    }

    /// Appends the whole message.
    pub fn encode(self, out: &mut Vec<u8>) {
        encode_message(out, HandshakeType::KEY_UPDATE, |writer| writer.u8(self.request.0));
    }
}

code! {
    /// Whether a KeyUpdate requests one in return (RFC 8446 4.6.3).
    KeyUpdateRequest(u8) {
        NOT_REQUESTED = 0, "update_not_requested";
        REQUESTED = 1, "update_requested";
    }
}
