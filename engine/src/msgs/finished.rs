use super::encode_message;
use crate::codes::HandshakeType;
use crate::error::Error;
use crate::mem::Digest;

/// A Finished message (RFC 8446 4.4.4).
pub struct Finished {
    /// The MAC over the transcript.
    pub verify_data: Digest,
}

impl Finished {
    /// Appends the whole message.
    pub fn encode(&self, out: &mut Vec<u8>) {
        encode_message(out, HandshakeType::FINISHED, |writer| writer.bytes(self.verify_data.as_bytes()));
    }

    /// Checks that the peer's `body` is this message's, in constant time.
    pub fn check(&self, body: &[u8]) -> Result<(), Error> {
        if body.len() != self.verify_data.as_bytes().len() {
            return Err(Error::Decode("Finished"));
        }
        if self.verify_data.equals(body) { Ok(()) } else { Err(Error::DecryptError("Finished")) }
    }
}
