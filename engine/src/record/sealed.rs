//! One record: its header, and its content sealed in it.

use super::RecordKey;
use crate::codes::{ContentType, ProtocolVersion};
use crate::crypto::{Copied, TAG_LEN};
use crate::error::Error;
use crate::limits::RECORD_HEADER;

/// The header of a record (RFC 8446 5.1).
pub(super) fn header(content_type: ContentType, version: ProtocolVersion, body_len: usize) -> [u8; RECORD_HEADER] {
    let [major, minor] = version.0.to_be_bytes();
    // Never truncated: a body is shorter than 2^16 bytes.
    let [high, low] = (body_len as u16).to_be_bytes();
    [content_type.0, major, minor, high, low]
}

/// Seals `content` from where it is.
#[inline(always)]
pub(super) fn seal_from(
    key: &mut RecordKey,
    content_type: ContentType,
    content: &[u8],
    record: &mut [u8],
) -> Result<Copied, Error> {
    let Some((head, body)) = record.split_first_chunk_mut::<RECORD_HEADER>() else { return Err(TOO_SHORT) };
    *head = header(ContentType::APPLICATION_DATA, ProtocolVersion::TLS12, body.len());
    let nonce = key.nonces.peek();
    key.nonces.advance()?;
    key.aead.seal_into(&nonce[..key.nonces.len()], head, content, &[content_type.0], body)
}

/// Seals content of `len` bytes that `fill` copies into the record.
#[inline]
pub(super) fn seal_copied(
    key: &mut RecordKey,
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
    let nonce = key.nonces.peek();
    key.nonces.advance()?;
    key.aead.seal_in_place(&nonce[..key.nonces.len()], head, inner, tag)?;
    Ok(Copied(len))
}

const TOO_SHORT: Error = Error::Internal("a record without room for its header and tag");
