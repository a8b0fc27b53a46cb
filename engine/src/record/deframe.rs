use crate::codes::{ContentType, ProtocolVersion};
use crate::error::Error;
use crate::limits::{RECORD_BODY_MAX, RECORD_CONTENT_MAX, RECORD_HEADER};

/// A whole record at the front of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its outer type.
    pub content_type: ContentType,
    /// Its header, which is the additional data of an encrypted record (RFC 8446 5.2).
    pub header: [u8; RECORD_HEADER],
    /// The length of what follows the header, bytes.
    pub body_len: usize,
}

impl Frame {
    /// The length of header and body, bytes.
    #[allow(clippy::len_without_is_empty, reason = "a record has a header at least")]
    pub const fn len(&self) -> usize {
        RECORD_HEADER + self.body_len
    }
}

/// The header of a record (RFC 8446 5.1).
pub(super) fn header(content_type: ContentType, version: ProtocolVersion, body_len: usize) -> [u8; RECORD_HEADER] {
    let [major, minor] = version.0.to_be_bytes();
    // Never truncated: a body is shorter than 2^16 bytes.
    let [high, low] = (body_len as u16).to_be_bytes();
    [content_type.0, major, minor, high, low]
}

/// The record at the front of `bytes`, or `None` while it is not whole. Types and lengths that are never valid are
/// refused as soon as the header is there. The legacy version is ignored (RFC 8446 5.1).
#[inline(always)]
pub fn deframe(bytes: &[u8]) -> Result<Option<Frame>, Error> {
    let Some(header) = bytes.first_chunk::<RECORD_HEADER>() else { return Ok(None) };
    let content_type = ContentType(header[0]);
    let body_len = usize::from(u16::from_be_bytes([header[3], header[4]]));
    let limit = match content_type {
        ContentType::APPLICATION_DATA => RECORD_BODY_MAX,
        ContentType::HANDSHAKE | ContentType::ALERT | ContentType::CHANGE_CIPHER_SPEC => RECORD_CONTENT_MAX,
        got => return Err(Error::UnexpectedRecord { got, reason: "unknown type" }),
    };
    if body_len > limit {
        return Err(Error::RecordOverflow);
    }
    if bytes.len() < RECORD_HEADER + body_len {
        return Ok(None);
    }
    Ok(Some(Frame { content_type, header: *header, body_len }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_taken_when_whole() {
        let record = [22, 3, 1, 0, 2, 9, 9, 23];
        for short in 0..7 {
            assert_eq!(deframe(&record[..short]), Ok(None));
        }
        let frame = deframe(&record).unwrap().unwrap();
        assert_eq!((frame.content_type, frame.len()), (ContentType::HANDSHAKE, 7));
    }

    #[test]
    fn overlong_and_unknown_records_are_refused_at_the_header() {
        assert_eq!(deframe(&[22, 3, 3, 0x40, 1]), Err(Error::RecordOverflow));
        assert_eq!(deframe(&[22, 3, 3, 0x40, 0]), Ok(None));
        assert_eq!(deframe(&[23, 3, 3, 0x41, 1]), Err(Error::RecordOverflow));
        assert_eq!(deframe(&[23, 3, 3, 0x41, 0]), Ok(None));
        assert!(matches!(deframe(&[24, 3, 3, 0, 1]), Err(Error::UnexpectedRecord { .. })));
    }
}
