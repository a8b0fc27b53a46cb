use subtle::{ConditionallySelectable, ConstantTimeEq};

use crate::codes::ContentType;

/// Splits an inner plaintext into content and type: its last byte that is not zero is the type, zeros after it are
/// padding (RFC 8446 5.4). `None` where all is zero.
///
/// A record without padding ends with its type. Where there is padding, every byte takes the same time, so that the time
/// depends on the length of the record, which is public, and not on where the padding begins.
#[inline]
pub(super) fn strip(inner: &[u8]) -> Option<(ContentType, usize)> {
    match inner.split_last() {
        Some((0, _)) => strip_padded(inner),
        Some((content_type, content)) => Some((ContentType(*content_type), content.len())),
        None => None,
    }
}

#[cold]
fn strip_padded(inner: &[u8]) -> Option<(ContentType, usize)> {
    let mut content_type = 0u8;
    let mut content_len = 0u32;
    for (position, byte) in (0u32..).zip(inner) {
        let is_zero = byte.ct_eq(&0);
        content_type.conditional_assign(byte, !is_zero);
        content_len.conditional_assign(&position, !is_zero);
    }
    (content_type != 0).then_some((ContentType(content_type), content_len as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_the_last_byte_that_is_not_zero() {
        assert_eq!(strip(&[1, 0, 2, 23]), Some((ContentType::APPLICATION_DATA, 3)));
        assert_eq!(strip(&[1, 0, 2, 22, 0, 0]), Some((ContentType::HANDSHAKE, 3)));
        assert_eq!(strip(&[23]), Some((ContentType::APPLICATION_DATA, 0)));
        assert_eq!(strip(&[23, 0]), Some((ContentType::APPLICATION_DATA, 0)));
        assert_eq!(strip(&[0, 0]), None);
        assert_eq!(strip(&[]), None);
    }
}
