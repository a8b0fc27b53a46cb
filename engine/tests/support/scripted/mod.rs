//! A peer that follows a script: it can do a real handshake with real keys up to any point, and then send whatever the
//! test wants, in the clear or correctly encrypted.
//!
//! It knows nothing of the engine's record layer and handshake, of which it is the judge. Primitives, the key schedule and
//! the reader of the wire are the engine's, and shown to be right by test vectors.

pub mod certified;
pub mod client;
pub mod draft;
pub mod keys;
pub mod psk;
pub mod server;
pub mod states;

use std::fmt;

use tls_engine::Error;
use tls_engine::codes::{AlertDescription, ContentType, HandshakeType};
use tls_engine::internal::keys::TrafficSecret;
use tls_engine::mem::Secret;

use self::keys::{Keys, plain_record, record_len};
use super::peer::Peer;

/// A record that the subject has sent, decrypted where it was encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct Sent {
    pub encrypted: bool,
    pub content_type: ContentType,
    pub content: Vec<u8>,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.encrypted { "encrypted " } else { "" };
        let front = &self.content[..self.content.len().min(16)];
        write!(f, "{how}{} of {} bytes {front:02x?}", self.content_type, self.content.len())
    }
}

/// What a script of either role has: the connection under test, and the wire to it.
pub struct Wire {
    /// The connection under test.
    pub subject: Peer,
    /// What the subject's records are opened with.
    pub read: Option<Keys>,
    /// What records to the subject are sealed with.
    pub write: Option<Keys>,
    /// All that the subject has sent.
    pub sent: Vec<Sent>,
    /// The first error that the subject has returned.
    pub error: Option<Error>,
    /// What has been sent to the subject, and by it.
    pub bytes_to_subject: Vec<u8>,
    pub bytes_from_subject: Vec<u8>,
    undelivered: Vec<u8>,
    joining: Vec<u8>,
}

impl Wire {
    pub fn new(subject: Peer) -> Self {
        Self {
            subject,
            read: None,
            write: None,
            sent: Vec::new(),
            error: None,
            bytes_to_subject: Vec::new(),
            bytes_from_subject: Vec::new(),
            undelivered: Vec::new(),
            joining: Vec::new(),
        }
    }

    /// Takes bytes that the subject has sent into another buffer than its own.
    pub fn deliver(&mut self, bytes: &[u8]) {
        self.bytes_from_subject.extend_from_slice(bytes);
        self.undelivered.extend_from_slice(bytes);
    }

    fn next_record(&mut self) -> Option<Sent> {
        let len = record_len(&self.undelivered)?;
        let record: Vec<u8> = self.undelivered.drain(..len).collect();
        let outer = ContentType(record[0]);
        if outer != ContentType::APPLICATION_DATA {
            return Some(Sent { encrypted: false, content_type: outer, content: record[5..].to_vec() });
        }
        let keys = self.read.as_mut().expect("an encrypted record, where the subject has no keys");
        let (content_type, content) = keys.open(&record).expect("a record of the subject's that does not open");
        Some(Sent { encrypted: true, content_type, content })
    }

    fn next_message(&mut self) -> Option<Vec<u8>> {
        let header = self.joining.first_chunk::<4>()?;
        let len = 4 + u32::from_be_bytes([0, header[1], header[2], header[3]]) as usize;
        (len <= self.joining.len()).then(|| self.joining.drain(..len).collect())
    }

    /// The alerts that the subject has sent, in order.
    pub fn alerts(&self) -> Vec<AlertDescription> {
        let alerts = self.sent.iter().filter(|sent| sent.content_type == ContentType::ALERT);
        alerts.map(|sent| AlertDescription(sent.content[1])).collect()
    }
}

/// What a script does, whichever role it plays.
pub trait Script {
    fn wire(&mut self) -> &mut Wire;

    /// Takes a handshake message that the subject has sent.
    fn on_message(&mut self, message: &[u8]);

    /// Takes note of a handshake message that was sent to the subject.
    fn on_own_message(&mut self, message: &[u8]);

    /// Sends bytes as they are.
    fn send(&mut self, bytes: &[u8]) {
        let wire = self.wire();
        wire.bytes_to_subject.extend_from_slice(bytes);
        if let Err(error) = wire.subject.feed(bytes) {
            wire.error.get_or_insert(error);
        }
        self.absorb();
    }

    /// Takes what the subject has sent.
    fn absorb(&mut self) {
        let wire = self.wire();
        let bytes = wire.subject.drain();
        wire.deliver(&bytes);
        while let Some(record) = self.wire().next_record() {
            if record.content_type == ContentType::HANDSHAKE {
                self.wire().joining.extend_from_slice(&record.content);
            }
            self.wire().sent.push(record);
            while let Some(message) = self.wire().next_message() {
                self.on_message(&message);
            }
        }
    }

    /// Sends a record in the clear.
    fn plain(&mut self, content_type: ContentType, content: &[u8]) {
        self.send(&plain_record(content_type, content));
    }

    /// Sends an encrypted record.
    fn sealed(&mut self, content_type: ContentType, content: &[u8]) {
        let record = self.seal(&[content, &[content_type.0]].concat());
        self.send(&record);
    }

    /// An encrypted record around `inner`: content, type and padding.
    fn seal(&mut self, inner: &[u8]) -> Vec<u8> {
        self.wire().write.as_mut().expect("keys to seal with").seal(inner)
    }

    /// A record of the protection that there is.
    fn protect(&mut self, content_type: ContentType, content: &[u8]) -> Vec<u8> {
        if self.wire().write.is_some() {
            self.seal(&[content, &[content_type.0]].concat())
        } else {
            plain_record(content_type, content)
        }
    }

    /// Sends a record of the protection that there is.
    fn record(&mut self, content_type: ContentType, content: &[u8]) {
        let record = self.protect(content_type, content);
        self.send(&record);
    }

    /// Sends a handshake message in a record of its own, and goes on with the keys that follow it.
    fn message(&mut self, message: &[u8]) {
        self.message_in_pieces(message, message.len());
    }

    /// The same in records with `piece_len` bytes of the message each.
    fn message_in_pieces(&mut self, message: &[u8], piece_len: usize) {
        let records: Vec<u8> =
            message.chunks(piece_len).flat_map(|piece| self.protect(ContentType::HANDSHAKE, piece)).collect();
        // Noted first: the answer may already need the keys that follow.
        self.on_own_message(message);
        self.send(&records);
    }

    /// Sends application data.
    fn data(&mut self, data: &[u8]) {
        self.sealed(ContentType::APPLICATION_DATA, data);
    }

    /// Sends a KeyUpdate.
    fn key_update(&mut self, request: u8) {
        self.message(&draft::message(HandshakeType::KEY_UPDATE, &[request]));
    }
}

/// Installs the next generation of keys after a KeyUpdate.
fn update(keys: &mut Option<Keys>) {
    keys.as_mut().expect("keys to update").update();
}

/// The secrets of both sides for one stage.
struct Secrets {
    client: Secret,
    server: Secret,
}

impl Secrets {
    fn of([client, server]: [&TrafficSecret; 2]) -> Self {
        Self { client: client.secret().clone(), server: server.secret().clone() }
    }
}
