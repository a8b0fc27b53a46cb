use crate::codes::HandshakeType;
use crate::crypto::{Hash, HashContext};
use crate::mem::Digest;

/// The running hash of all handshake messages (RFC 8446 4.4.1).
pub struct Transcript {
    hash: &'static dyn Hash,
    context: Box<dyn HashContext>,
}

impl Transcript {
    /// An empty transcript.
    pub fn new(hash: &'static dyn Hash) -> Self {
        Self { hash, context: hash.start() }
    }

    /// Adds a whole handshake message, header included.
    pub fn add(&mut self, message: &[u8]) {
        self.context.update(message);
    }

    /// The hash of all messages so far.
    pub fn current(&self) -> Digest {
        self.context.current()
    }

    /// Puts a message that holds only the hash of the first ClientHello in the place of that ClientHello, the one message
    /// so far, as HelloRetryRequest asks for (RFC 8446 4.4.1).
    pub fn replace_by_message_hash(&mut self) {
        let digest = self.current();
        self.context = self.hash.start();
        // A hash is at most 64 bytes long.
        self.context.update(&[HandshakeType::MESSAGE_HASH.0, 0, 0, digest.as_bytes().len() as u8]);
        self.context.update(digest.as_bytes());
    }
}
