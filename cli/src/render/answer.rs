use std::io::{self, IsTerminal, Write};

use crate::names::is_hidden;

/// What a peer says, on its way to standard output: byte by byte to a file or a program, and to a terminal as text that does
/// nothing to it.
pub struct Answer {
    is_for_people: bool,
    /// Whether it goes nowhere, as standard output is taken.
    is_dropped: bool,
    /// The beginning of a character whose end has not come yet.
    rest: Vec<u8>,
}

impl Answer {
    /// To standard output as it is.
    pub fn to_standard_output() -> Self {
        Self { is_for_people: io::stdout().is_terminal(), is_dropped: false, rest: Vec::new() }
    }

    /// To nowhere: standard output is for something else.
    pub const fn dropped() -> Self {
        Self { is_for_people: false, is_dropped: true, rest: Vec::new() }
    }

    /// Writes what came.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.is_dropped {
            return Ok(());
        }
        let mut standard = io::stdout().lock();
        if self.is_for_people {
            let text = self.shown(bytes);
            standard.write_all(text.as_bytes())?;
            return standard.flush();
        }
        standard.write_all(bytes)
    }

    /// Ends what was written.
    pub fn flush(&mut self) -> io::Result<()> {
        io::stdout().lock().flush()
    }

    fn shown(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        let mut text = String::new();
        for chunk in all.utf8_chunks() {
            // A terminal begins its lines without being told to return.
            let letters = chunk.valid().chars().filter(|letter| *letter != '\r');
            let is_obeyed = |letter: char| is_hidden(letter) && !matches!(letter, '\n' | '\t');
            text.extend(letters.map(|letter| if is_obeyed(letter) { '\u{fffd}' } else { letter }));
            let invalid = chunk.invalid();
            let is_last = invalid.as_ptr_range().end == all.as_ptr_range().end;
            if is_last && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none()) {
                self.rest = invalid.to_vec();
            } else if !invalid.is_empty() {
                text.push('\u{fffd}');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pieces: &[&[u8]]) -> String {
        let mut answer = Answer { is_for_people: true, is_dropped: false, rest: Vec::new() };
        pieces.iter().map(|piece| answer.shown(piece)).collect()
    }

    #[test]
    fn a_terminal_gets_text_and_nothing_that_it_would_obey() {
        assert_eq!(shown(&[b"HTTP/1.1 200 OK\r\n\tgut: \xc3\xbc\n"]), "HTTP/1.1 200 OK\n\tgut: \u{fc}\n");
        assert_eq!(shown(&[b"\x1b]0;x\x07 \xc2\x9b2J \x00"]), "\u{fffd}]0;x\u{fffd} \u{fffd}2J \u{fffd}");
        assert_eq!(shown(&["a\u{202e}b\u{2066}c\u{200f}".as_bytes()]), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(shown(&[b"\xff\xfe!"]), "\u{fffd}\u{fffd}!");
    }

    #[test]
    fn a_character_in_two_pieces_is_one() {
        assert_eq!(shown(&[b"a\xe2", b"\x82", b"\xac!"]), "a\u{20ac}!");
        assert_eq!(shown(&[b"a\xe2\x80", b"\xaeb"]), "a\u{fffd}b");
        assert_eq!(shown(&[b"a\xe2", b"b"]), "a\u{fffd}b");
    }
}
