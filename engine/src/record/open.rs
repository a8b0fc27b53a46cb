use super::{Frame, RecordKey, padding};
use crate::codes::ContentType;
use crate::counters::Counters;
use crate::crypto::{Copied, TAG_LEN};
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

    /// Its counters.
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Its counters, to count what happens to plaintext after it was opened.
    pub const fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    /// Installs `keys`.
    pub fn install(&mut self, keys: &TrafficKeys) -> Result<(), Error> {
        self.key = Some(RecordKey::new(keys)?);
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

    /// Counts an unencrypted record.
    pub const fn take_plaintext(&mut self) {
        self.counters.records += 1;
    }

    /// Opens the `body` of an encrypted record in place; the content is the first of its bytes, as many as returned.
    #[inline(always)]
    pub fn open(&mut self, frame: &Frame, body: &mut [u8]) -> Result<(ContentType, usize), Error> {
        // RFC 8446 5.2: what is too short to hold a tag can't be decrypted.
        let key = usable(&mut self.key, frame, body.len())?;
        let nonce = key.nonces.peek();
        // A copy: `frame` as a whole stays in registers unless a pointer into it leaves this function.
        let header = frame.header;
        key.aead.open_in_place(&nonce[..key.nonces.len()], &header, body)?;
        key.nonces.advance()?;
        self.take_inner(frame, &body[..body.len() - TAG_LEN])
    }

    /// Opens the `body` of an encrypted record to `inner`, which is as long as [`inner_len`] says; the content is the first of
    /// its bytes. Also returns how many bytes the primitive copied.
    pub fn open_into(
        &mut self,
        frame: &Frame,
        body: &[u8],
        inner: &mut [u8],
    ) -> Result<(ContentType, usize, Copied), Error> {
        let key = usable(&mut self.key, frame, body.len())?;
        let nonce = key.nonces.peek();
        let copied = key.aead.open_into(&nonce[..key.nonces.len()], &frame.header, body, inner)?;
        key.nonces.advance()?;
        let (content_type, len) = self.take_inner(frame, inner)?;
        Ok((content_type, len, copied))
    }

    /// The content's type and length, from content, type and padding.
    #[inline(always)]
    fn take_inner(&mut self, frame: &Frame, inner: &[u8]) -> Result<(ContentType, usize), Error> {
        // RFC 8446 5.4: content, type and padding are at most 2^14 + 1 bytes.
        if inner.len() > RECORD_CONTENT_MAX + 1 {
            return Err(Error::RecordOverflow);
        }
        self.counters.records += 1;
        // Not by `ok_or`, which makes an error for every record, and drops it.
        let Some(stripped) = padding::strip(inner) else {
            let reason = "all padding, without a content type";
            return Err(Error::UnexpectedRecord { got: frame.content_type, reason });
        };
        Ok(stripped)
    }
}

/// How long content, type and padding are together in a body of `body_len` bytes (RFC 8446 5.2).
pub const fn inner_len(body_len: usize) -> usize {
    body_len.saturating_sub(TAG_LEN)
}

#[inline(always)]
fn usable<'a>(key: &'a mut Option<RecordKey>, frame: &Frame, body_len: usize) -> Result<&'a mut RecordKey, Error> {
    let Some(key) = key else {
        return Err(Error::UnexpectedRecord {
            got: frame.content_type,
            reason: "encrypted, before keys were established",
        });
    };
    if body_len < TAG_LEN { Err(Error::BadRecordMac) } else { Ok(key) }
}
