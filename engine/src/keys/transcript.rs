use crate::codes::HandshakeType;
use crate::crypto::{Hash, HashContext};
use crate::mem::Digest;

/// The running hash of all handshake messages (RFC 8446 4.4.1).
pub struct Transcript {
    context: Box<dyn HashContext>,
}

impl Transcript {
    /// An empty transcript.
    pub fn new(hash: &'static dyn Hash) -> Self {
        Self { context: hash.start() }
    }

    /// A transcript that begins with a message that holds only the hash of the first ClientHello, as HelloRetryRequest asks
    /// for (RFC 8446 4.4.1).
    pub fn retried(hash: &'static dyn Hash, first_hello: &[u8]) -> Self {
        let digest = hash.digest(&[first_hello]);
        let mut transcript = Self::new(hash);
        // A hash is at most 64 bytes long.
        transcript.add(&[HandshakeType::MESSAGE_HASH.0, 0, 0, digest.as_bytes().len() as u8]);
        transcript.add(digest.as_bytes());
        transcript
    }

    /// Adds a whole handshake message, header included.
    pub fn add(&mut self, message: &[u8]) {
        self.context.update(message);
    }

    /// The hash of all messages so far.
    pub fn current(&self) -> Digest {
        self.context.current()
    }

    /// The hash of all messages so far, and of `messages` after them, which are not added.
    pub fn current_with(&self, messages: &[&[u8]]) -> Digest {
        self.context.current_with(messages)
    }
}
