use super::Frame;
use super::key::RecordKey;
use crate::codes::ContentType;
use crate::counters::Counters;
use crate::crypto::Copied;
use crate::error::Error;
use crate::keys::TrafficKeys;

/// Opens records in place.
pub struct Opener {
    key: Option<RecordKey>,
    /// How much content, type and padding may have together, where a record may have less than RFC 8446 5.4 allows.
    inner_max: Option<u16>,
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
        Self { key: None, inner_max: None, counters: Counters::ZERO }
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
        let key = self.key.insert(RecordKey::new(keys)?);
        if let Some(bytes) = self.inner_max {
            key.limit(bytes);
        }
        Ok(())
    }

    /// Limits the content, type and padding of a record to so many bytes, with these keys and later ones (RFC 8449 4).
    pub fn limit(&mut self, record_size_limit: u16) {
        self.inner_max = Some(record_size_limit);
        if let Some(key) = &mut self.key {
            key.limit(record_size_limit);
        }
    }

    /// Whether records have to be encrypted.
    pub const fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// How many records the current key has opened.
    pub fn opened_with_key(&self) -> u64 {
        self.key.as_ref().map_or(0, |key| key.used())
    }

    /// Counts an unencrypted record.
    pub const fn take_plaintext(&mut self) {
        self.counters.records += 1;
    }

    /// Whether a record of this outer type is protected, and so for [`Opener::open`]. The key says so; without one, none is.
    #[inline(always)]
    pub fn opens(&self, outer_type: ContentType) -> bool {
        self.key.as_ref().is_some_and(|key| key.opens(outer_type))
    }

    /// How long content, type and padding are together in a protected body of `body_len` bytes.
    pub fn inner_len(&self, body_len: usize) -> usize {
        self.key.as_ref().map_or(body_len, |key| key.inner_len(body_len))
    }

    /// Opens the `body` of a protected record in place; the content is the first of its bytes, as many as returned.
    #[inline(always)]
    pub fn open(&mut self, frame: &Frame, body: &mut [u8]) -> Result<(ContentType, usize), Error> {
        let Some(key) = &mut self.key else { return Err(NO_KEY) };
        let opened = key.open(frame, body)?;
        self.counters.records += 1;
        Ok(opened)
    }

    /// Opens the `body` of a protected record to `inner`, which is as long as [`Opener::inner_len`] says; the content is the first
    /// of its bytes. Also returns how many bytes the primitive copied.
    pub fn open_into(
        &mut self,
        frame: &Frame,
        body: &[u8],
        inner: &mut [u8],
    ) -> Result<(ContentType, usize, Copied), Error> {
        let Some(key) = &mut self.key else { return Err(NO_KEY) };
        let opened = key.open_into(frame, body, inner)?;
        self.counters.records += 1;
        Ok(opened)
    }
}

const NO_KEY: Error = Error::Internal("a protected record without keys");
