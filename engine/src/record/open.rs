use super::{Frame, RecordKey, padding};
use crate::codes::ContentType;
use crate::counters::Counters;
use crate::crypto::{Suite, TAG_LEN};
use crate::error::Error;
use crate::keys::TrafficKeys;
use crate::limits::RECORD_CONTENT_MAX;

/// Opens records in place.
pub struct Opener {
    key: Option<RecordKey>,
    counters: Counters,
}

impl Default for Opener {
    fn default() -> Self {
        Self::new()
    }
}

impl Opener {
    /// An opener without keys.
    pub const fn new() -> Self {
        Self { key: None, counters: Counters::ZERO }
    }

    /// What it has done so far.
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// What it has done so far, to add what happens to plaintext after it was opened.
    pub const fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    /// From now on opens with `keys`.
    pub fn install(&mut self, suite: &Suite, keys: &TrafficKeys) -> Result<(), Error> {
        self.key = Some(RecordKey::new(suite, keys)?);
        Ok(())
    }

    /// Whether records have to be encrypted.
    pub const fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// How many records the current key has opened.
    pub fn opened_with_key(&self) -> u64 {
        self.key.as_ref().map_or(0, |key| key.nonces.taken())
    }

    /// Takes a record in the clear.
    pub const fn take_plaintext(&mut self) {
        self.counters.records += 1;
    }

    /// Opens the `body` of an encrypted record in place; the content is the first of its bytes, as many as returned.
    #[inline(always)]
    pub fn open(&mut self, frame: &Frame, body: &mut [u8]) -> Result<(ContentType, usize), Error> {
        let Some(key) = &mut self.key else {
            return Err(Error::UnexpectedRecord { got: frame.content_type, reason: "encrypted before any key" });
        };
        // RFC 8446 5.2: what is too short to hold a tag can't be decrypted.
        if body.len() < TAG_LEN {
            return Err(Error::BadRecordMac);
        }
        let nonce = key.nonces.peek();
        key.aead.open_in_place(&nonce[..key.nonces.len()], &frame.header, body)?;
        key.nonces.advance()?;
        let inner = &body[..body.len() - TAG_LEN];
        // RFC 8446 5.4: content, type and padding are at most 2^14 + 1 bytes.
        if inner.len() > RECORD_CONTENT_MAX + 1 {
            return Err(Error::RecordOverflow);
        }
        self.counters.records += 1;
        padding::strip(inner)
            .ok_or(Error::UnexpectedRecord { got: frame.content_type, reason: "nothing but padding, without a type" })
    }
}
