use std::ops::Range;

/// Finds lines in bytes that arrive in pieces, looking at each byte once.
///
/// A line ends with CRLF, or with LF alone (RFC 9112 2.2).
#[derive(Debug)]
pub(super) struct Lines {
    /// The start of the line that has not ended yet.
    start: usize,
    /// The position up to which its end was searched.
    searched: usize,
}

impl Lines {
    /// Starts without lines.
    pub(super) const fn new() -> Self {
        Self { start: 0, searched: 0 }
    }

    /// The next complete line of `bytes`, without its end. `bytes` are those of the last call, and what has arrived
    /// since.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Option<Range<usize>> {
        let Some(at) = bytes[self.searched..].iter().position(|byte| *byte == b'\n') else {
            self.searched = bytes.len();
            return None;
        };
        let (start, end) = (self.start, self.searched + at);
        self.searched = end + 1;
        self.start = self.searched;
        let has_return = bytes[start..end].ends_with(b"\r");
        Some(start..end - usize::from(has_return))
    }

    /// The length of all lines so far, including their ends.
    pub(super) const fn taken(&self) -> usize {
        self.start
    }

    /// The number of bytes searched.
    pub(super) const fn searched(&self) -> usize {
        self.searched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_however_their_bytes_come() {
        let text = b"one\r\ntwo\n\r\n\nthree\r\r\nrest";
        let expected = ["one", "two", "", "", "three\r"];
        for step in 1..=text.len() {
            let (mut lines, mut found) = (Lines::new(), Vec::new());
            for end in (0..text.len()).step_by(step).chain([text.len()]) {
                while let Some(line) = lines.next(&text[..end]) {
                    found.push(std::str::from_utf8(&text[line]).expect("text"));
                }
                assert_eq!(lines.searched(), end);
            }
            assert_eq!(found, expected, "{step} at once");
            assert_eq!(lines.taken(), text.len() - "rest".len());
        }
    }
}
