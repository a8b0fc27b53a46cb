//! Elements of DER (X.690), taken apart in a few instructions each.

pub(super) const BOOLEAN: u8 = 1;
pub(super) const INTEGER: u8 = 2;
pub(super) const BIT_STRING: u8 = 3;
pub(super) const OCTET_STRING: u8 = 4;
pub(super) const OBJECT_IDENTIFIER: u8 = 6;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// Elements of DER, one behind the other.
#[derive(Clone, Copy, Default)]
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Elements<'a> {
    pub(super) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is an element and it has this tag.
    pub(super) fn begin_with(self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// Tag and content of the next element. Its length has the one form that DER gives it, in two bytes at most: nothing in a
    /// handshake message is longer. No certificate has a tag of more than a byte.
    pub(super) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, len, rest) = match *self.0 {
            [tag, len @ 0..=0x7f, ref rest @ ..] => (tag, usize::from(len), rest),
            [tag, 0x81, len @ 0x80..=0xff, ref rest @ ..] => (tag, usize::from(len), rest),
            [tag, 0x82, high @ 1..=0xff, low, ref rest @ ..] => {
                (tag, usize::from(u16::from_be_bytes([high, low])), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        (tag & 0x1f != 0x1f).then_some((tag, content))
    }

    /// The elements in the next one, which has this tag.
    pub(super) fn nested(&mut self, tag: u8) -> Option<Self> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| Self(content))
    }
}

/// A SEQUENCE with this content.
pub(super) fn sequence(content: &[u8]) -> Vec<u8> {
    let mut element = vec![SEQUENCE];
    match u8::try_from(content.len()) {
        Ok(len @ 0..=0x7f) => element.push(len),
        _ => {
            let bytes = content.len().to_be_bytes();
            let digits = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
            // Fewer than 128: a length has eight bytes at most.
            element.push(0x80 | digits.len() as u8);
            element.extend_from_slice(digits);
        }
    }
    element.extend_from_slice(content);
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_read_as_it_was_written() {
        for len in [0, 1, 127, 128, 255, 256, 1000, 65_535] {
            let content = vec![7; len];
            let element = sequence(&content);
            let mut elements = Elements(&element);
            assert_eq!(elements.next(), Some((SEQUENCE, &content[..])), "{len} bytes");
            assert!(elements.is_empty(), "{len} bytes");
        }
    }
}
