/// Finds the end of chunked content (RFC 9112 7.1).
///
/// Line ends must be CRLF, because two readers must not disagree about where a chunk ends.
#[derive(Debug)]
pub(super) struct Chunks(ChunkState);

#[derive(Clone, Copy, Debug)]
enum ChunkState {
    /// The size of a chunk, and whether there has been a digit of it.
    Size(u64, bool),
    /// The optional extension after the size.
    Extension(u64),
    /// The LF after the size.
    SizeEnd(u64),
    /// The number of bytes of the chunk still to come.
    Data(u64),
    /// CR and LF after the chunk.
    DataReturn,
    DataEnd,
    /// The first byte of a line of the trailer section, which ends with an empty line.
    Trailer,
    TrailerLine,
    TrailerLineEnd,
    /// The LF of the empty line.
    LastEnd,
    Whole,
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self(ChunkState::Size(0, false))
    }

    /// Takes the part of `data` that belongs to the content, and returns its length; `None` if it is malformed. `on_content` receives what
    /// is in the chunks.
    pub(super) fn take(&mut self, data: &[u8], on_content: &mut impl FnMut(&[u8])) -> Option<usize> {
        let mut used = 0;
        while used < data.len() && !self.is_whole() {
            if let ChunkState::Data(left) = self.0 {
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(data.len() - used);
                on_content(&data[used..used + count]);
                used += count;
                let left = left - count as u64;
                self.0 = if left == 0 { ChunkState::DataReturn } else { ChunkState::Data(left) };
            } else {
                self.0 = self.0.after(data[used])?;
                used += 1;
            }
        }
        Some(used)
    }

    /// Whether all of it has arrived, including the trailer section and its end.
    pub(super) const fn is_whole(&self) -> bool {
        matches!(self.0, ChunkState::Whole)
    }
}

impl ChunkState {
    fn after(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Size(size, true), b'\r') => Self::SizeEnd(size),
            (Self::Size(size, true), b';' | b' ' | b'\t') => Self::Extension(size),
            (Self::Size(size, _), _) => {
                let digit = char::from(byte).to_digit(16)?;
                Self::Size(size.checked_mul(16)? + u64::from(digit), true)
            }
            (Self::Extension(size), b'\r') => Self::SizeEnd(size),
            (Self::Extension(_), b'\n') => return None,
            (Self::Extension(size), _) => Self::Extension(size),
            (Self::SizeEnd(0), b'\n') => Self::Trailer,
            (Self::SizeEnd(size), b'\n') => Self::Data(size),
            (Self::DataReturn, b'\r') => Self::DataEnd,
            (Self::DataEnd, b'\n') => Self::Size(0, false),
            (Self::Trailer, b'\r') => Self::LastEnd,
            (Self::TrailerLine, b'\r') => Self::TrailerLineEnd,
            (Self::Trailer | Self::TrailerLine, b'\n') => return None,
            (Self::Trailer | Self::TrailerLine, _) => Self::TrailerLine,
            (Self::TrailerLineEnd, b'\n') => Self::Trailer,
            (Self::LastEnd, b'\n') => Self::Whole,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(data: &[u8], step: usize) -> Option<(usize, bool)> {
        let (mut chunks, mut used) = (Chunks::new(), 0);
        for piece in data.chunks(step) {
            used += chunks.take(piece, &mut |_| {})?;
        }
        Some((used, chunks.is_whole()))
    }

    #[test]
    fn the_content_is_what_is_in_the_chunks() {
        let body = b"5;a\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nA: b\r\n\r\nrest";
        for step in 1..=body.len() {
            let (mut chunks, mut content) = (Chunks::new(), Vec::new());
            for piece in body.chunks(step) {
                chunks.take(piece, &mut |data| content.extend_from_slice(data)).expect("chunks");
            }
            assert_eq!(content, b"hello world");
        }
    }

    #[test]
    fn the_end_is_found_however_its_bytes_come() {
        for body in [
            "0\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
            "005;a=\"b\"\r\nhello\r\nA \t;b\r\n0123456789\r\n000\r\nTrailer: a\r\nb: c\r\n\r\n",
        ] {
            let data = [body, "HTTP/1.1"].concat().into_bytes();
            for step in 1..=data.len() {
                assert_eq!(take(&data, step), Some((body.len(), true)), "{body:?}, {step} at once");
            }
            for cut in 0..body.len() {
                assert_eq!(take(&data[..cut], 1), Some((cut, false)), "{:?}", &body[..cut]);
            }
        }
    }

    #[test]
    fn what_is_against_the_rules_has_no_end() {
        for body in [
            "\r\n",
            ";\r\n",
            "g\r\n",
            "-1\r\n",
            " 5\r\n",
            "0x5\r\n",
            "5\nhello",
            "5\r\nhello0\r\n",
            "5\r\nhello\n0",
            "5;a\n",
            "5\rh",
            "0\r\n\n",
            "0\r\nA: b\n\r\n",
            "0\r\n\rA",
            "10000000000000000\r\n",
        ] {
            for step in [1, body.len()] {
                assert_eq!(take(body.as_bytes(), step), None, "{body:?}");
            }
        }
        assert_eq!(take(b"ffffffffffffffff\r\nhello", 1), Some((23, false)));
    }
}
