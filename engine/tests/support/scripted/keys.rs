//! Records by hand: RFC 8446 5.2 and 5.3 once more, so that they can be done wrong on purpose.

use tls_engine::codes::ContentType;
use tls_engine::crypto::{AeadKey, Hash, Suite, TAG_LEN};
use tls_engine::internal::keys::{EarlySecret, PskOrigin, PskSecret, TrafficSecret};
use tls_engine::mem::Secret;

/// The first stage of the key schedule, with the PSK of a ticket or without one.
pub fn early_secret(hash: &'static dyn Hash, psk: Option<&Secret>) -> EarlySecret {
    psk.map_or_else(
        || EarlySecret::without_psk(hash),
        |psk| PskSecret::new(hash, psk, PskOrigin::Ticket).early().clone(),
    )
}

/// One direction's keys.
pub struct Keys {
    suite: Suite,
    secret: TrafficSecret,
    key: Box<dyn AeadKey>,
    iv: Vec<u8>,
    pub sequence: u64,
}

impl Keys {
    pub fn new(suite: Suite, secret: &Secret) -> Self {
        Self::from_traffic(suite, TrafficSecret::new(suite.hash, secret.clone()))
    }

    fn from_traffic(suite: Suite, secret: TrafficSecret) -> Self {
        let keys = secret.keys(suite.aead);
        let key = suite.aead.key(keys.key()).expect("a key of the right length");
        Self { suite, secret, key, iv: keys.iv().to_vec(), sequence: 0 }
    }

    /// The next generation (RFC 8446 7.2).
    pub fn update(&mut self) {
        *self = Self::from_traffic(self.suite, self.secret.next());
    }

    /// The same generation, before its first record.
    pub fn restarted(&self) -> Self {
        Self::from_traffic(self.suite, self.secret.clone())
    }

    fn next_nonce(&mut self) -> Vec<u8> {
        let mut nonce = self.iv.clone();
        let end = nonce.len() - 8;
        for (byte, sequence) in nonce[end..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= sequence;
        }
        self.sequence += 1;
        nonce
    }

    /// A record around `inner`, however long.
    pub fn seal(&mut self, inner: &[u8]) -> Vec<u8> {
        let len = u16::try_from(inner.len() + TAG_LEN).expect("a length that the header can hold");
        let mut record = [&[23, 3, 3], &len.to_be_bytes()[..], inner].concat();
        let (header, text) = record.split_at_mut(5);
        let mut tag = [0; TAG_LEN];
        let nonce = self.next_nonce();
        self.key.seal_in_place(&nonce, header, text, &mut tag).expect("a seal");
        record.extend_from_slice(&tag);
        record
    }

    /// Type and content of a whole record, if it authenticates and has a type.
    pub fn open(&mut self, record: &[u8]) -> Option<(ContentType, Vec<u8>)> {
        let (header, text) = record.split_at(5);
        let mut text = text.to_vec();
        let nonce = self.next_nonce();
        self.key.open_in_place(&nonce, header, &mut text).ok()?;
        text.truncate(text.len() - TAG_LEN);
        let type_at = text.iter().rposition(|byte| *byte != 0)?;
        let content_type = ContentType(text[type_at]);
        text.truncate(type_at);
        Some((content_type, text))
    }
}

/// A record in the clear, however long.
pub fn plain_record(content_type: ContentType, content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).expect("a length that the header can hold");
    [&[content_type.0, 3, 3], &len.to_be_bytes()[..], content].concat()
}

/// The length with header of the record at the front of `bytes`, if it is whole.
pub fn record_len(bytes: &[u8]) -> Option<usize> {
    let header = bytes.first_chunk::<5>()?;
    let len = 5 + usize::from(u16::from_be_bytes([header[3], header[4]]));
    (len <= bytes.len()).then_some(len)
}

/// The records of `bytes`, which hold nothing else.
pub fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while let Some(len) = record_len(bytes) {
        let (record, rest) = bytes.split_at(len);
        records.push(record);
        bytes = rest;
    }
    assert!(bytes.is_empty(), "bytes after the last record");
    records
}
