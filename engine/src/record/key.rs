//! A key and how its records look, which no other module of the record layer knows: what is protected, the additional data, the inner
//! type, and how long all of it is.

use super::deframe::{Frame, header};
use super::nonce::Nonces;
use super::padding;
use crate::codes::{ContentType, ProtocolVersion};
use crate::crypto::{AeadKey, Copied, TAG_LEN};
use crate::error::Error;
use crate::keys::TrafficKeys;
use crate::limits::{RECORD_CONTENT_MAX, RECORD_HEADER};

/// An expanded key with its sequence of nonces.
pub(super) struct RecordKey {
    aead: Box<dyn AeadKey>,
    nonces: Nonces,
    /// How many bytes content, type and padding have together at most, in a record that is opened.
    inner_max: usize,
}

/// The inner type, which is one byte (RFC 8446 5.2).
const INNER_TYPE: usize = 1;
/// RFC 8446 5.4: content, type and padding are at most 2^14 + 1 bytes.
const INNER_MAX: usize = RECORD_CONTENT_MAX + INNER_TYPE;

impl RecordKey {
    pub(super) fn new(keys: &TrafficKeys) -> Result<Self, Error> {
        Ok(Self { aead: keys.aead().key(keys.key())?, nonces: Nonces::new(keys.iv()), inner_max: INNER_MAX })
    }

    /// Opens no records with more content, type and padding than that (RFC 8449 4).
    pub(super) fn limit(&mut self, record_size_limit: u16) {
        self.inner_max = INNER_MAX.min(record_size_limit.into());
    }

    /// How many records it has sealed or opened.
    pub(super) const fn used(&self) -> u64 {
        self.nonces.taken()
    }

    /// Whether it seals content of this type. The ChangeCipherSpec of compatibility mode is never encrypted (RFC 8446 D.4).
    pub(super) fn seals(&self, content_type: ContentType) -> bool {
        content_type != ContentType::CHANGE_CIPHER_SPEC
    }

    /// Whether a record of this outer type is one that it opens (RFC 8446 5.2).
    #[inline(always)]
    pub(super) fn opens(&self, outer_type: ContentType) -> bool {
        outer_type == ContentType::APPLICATION_DATA
    }

    /// How long the record of `content_len` bytes is (RFC 8446 5.2).
    #[inline(always)]
    pub(super) const fn sealed_len(&self, content_len: usize) -> usize {
        RECORD_HEADER + content_len + INNER_TYPE + TAG_LEN
    }

    /// How long content, inner type and padding are together in a body of `body_len` bytes (RFC 8446 5.2).
    #[inline(always)]
    pub(super) const fn inner_len(&self, body_len: usize) -> usize {
        body_len.saturating_sub(TAG_LEN)
    }

    /// Seals `content` from where it is.
    #[inline(always)]
    pub(super) fn seal_from(
        &mut self,
        content_type: ContentType,
        content: &[u8],
        record: &mut [u8],
    ) -> Result<Copied, Error> {
        let Some((head, body)) = record.split_first_chunk_mut::<RECORD_HEADER>() else { return Err(TOO_SHORT) };
        *head = header(ContentType::APPLICATION_DATA, ProtocolVersion::TLS12, body.len());
        let nonce = self.nonces.peek();
        self.nonces.advance()?;
        self.aead.seal_into(&nonce[..self.nonces.len()], head, content, &[content_type.0], body)
    }

    /// Seals content of `len` bytes that `fill` copies into the record.
    #[inline]
    pub(super) fn seal_copied(
        &mut self,
        content_type: ContentType,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
        record: &mut [u8],
    ) -> Result<Copied, Error> {
        let Some((head, body)) = record.split_first_chunk_mut::<RECORD_HEADER>() else { return Err(TOO_SHORT) };
        *head = header(ContentType::APPLICATION_DATA, ProtocolVersion::TLS12, body.len());
        let Some((inner, tag)) = body.split_last_chunk_mut::<TAG_LEN>() else { return Err(TOO_SHORT) };
        fill(&mut inner[..len]);
        inner[len] = content_type.0;
        let nonce = self.nonces.peek();
        self.nonces.advance()?;
        self.aead.seal_in_place(&nonce[..self.nonces.len()], head, inner, tag)?;
        Ok(Copied(len))
    }

    /// Opens `body` in place. The content is the first of its bytes, as many as returned.
    #[inline(always)]
    pub(super) fn open(&mut self, frame: &Frame, body: &mut [u8]) -> Result<(ContentType, usize), Error> {
        check_len(body)?;
        let nonce = self.nonces.peek();
        // A copy: `frame` as a whole stays in registers unless a pointer into it leaves this function.
        let header = frame.header;
        self.aead.open_in_place(&nonce[..self.nonces.len()], &header, body)?;
        self.nonces.advance()?;
        take_inner(frame, &body[..body.len() - TAG_LEN], self.inner_max)
    }

    /// Opens `body` to `inner`, which is as long as [`RecordKey::inner_len`] says. The content is the first of its bytes. Also returns
    /// how many bytes the primitive copied.
    pub(super) fn open_into(
        &mut self,
        frame: &Frame,
        body: &[u8],
        inner: &mut [u8],
    ) -> Result<(ContentType, usize, Copied), Error> {
        check_len(body)?;
        let nonce = self.nonces.peek();
        let copied = self.aead.open_into(&nonce[..self.nonces.len()], &frame.header, body, inner)?;
        self.nonces.advance()?;
        let (content_type, len) = take_inner(frame, inner, self.inner_max)?;
        Ok((content_type, len, copied))
    }
}

const TOO_SHORT: Error = Error::Internal("a record without room for its header and tag");

/// RFC 8446 5.2: what is too short to hold a tag can't be decrypted.
#[inline(always)]
const fn check_len(body: &[u8]) -> Result<(), Error> {
    if body.len() < TAG_LEN { Err(Error::BadRecordMac) } else { Ok(()) }
}

/// The content's type and length, from content, type and padding.
#[inline(always)]
fn take_inner(frame: &Frame, inner: &[u8], inner_max: usize) -> Result<(ContentType, usize), Error> {
    // RFC 8446 5.4, 8449 4.
    if inner.len() > inner_max {
        return Err(Error::RecordOverflow);
    }
    // Not by `ok_or`, which makes an error for every record, and drops it.
    let Some(stripped) = padding::strip(inner) else {
        let reason = "all padding, without a content type";
        return Err(Error::UnexpectedRecord { got: frame.content_type, reason });
    };
    Ok(stripped)
}
