use std::str::Utf8Error;

/// The reason why bytes are not readable text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// Text in another encoding.
    #[error("it is {0} text, not UTF-8: `iconv -f {0} -t UTF-8 FILE > FILE2` makes UTF-8 of it")]
    Foreign(&'static str),
    /// UTF-8 that ends within a character.
    #[error("it is cut short: it ends within a character, at byte {0}")]
    Cut(usize),
    /// Something else.
    #[error("it is not text: byte {0} is not UTF-8")]
    Binary(usize),
}

/// The text of a file: UTF-8, with or without a byte order mark.
pub fn text(bytes: &[u8]) -> Result<&str, NotText> {
    if let Some(encoding) = foreign_encoding(bytes) {
        return Err(NotText::Foreign(encoding));
    }
    let broken = |error: Utf8Error| match error.error_len() {
        None => NotText::Cut(error.valid_up_to()),
        Some(_) => NotText::Binary(error.valid_up_to()),
    };
    let text = std::str::from_utf8(bytes).map_err(broken)?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The encoding of text that uses two or four bytes per character, found by its byte order mark, or by the zeros next
/// to its first letter.
pub fn foreign_encoding(bytes: &[u8]) -> Option<&'static str> {
    Some(match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => "UTF-32",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16",
        [1..=0x7f, 0, 0, 0, ..] => "UTF-32LE",
        [0, 0, 0, 1..=0x7f, ..] => "UTF-32BE",
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => "UTF-16LE",
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => "UTF-16BE",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: &[u8] = b"\xef\xbb\xbf";

    #[test]
    fn a_mark_is_taken_off_and_other_encodings_are_named() {
        assert_eq!(text(b"{}"), Ok("{}"));
        assert_eq!(text(&[MARK, b"{}"].concat()), Ok("{}"));
        assert_eq!(text(MARK), Ok(""));
        assert_eq!(text(b""), Ok(""));
        let wide = |units: &[u16], swap: bool| -> Vec<u8> {
            units.iter().flat_map(|unit| if swap { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        let marked: Vec<u16> = "\u{feff}{}".encode_utf16().collect();
        for (bytes, encoding) in [
            (wide(&marked, false), "UTF-16"),
            (wide(&marked, true), "UTF-16"),
            (wide(&marked[1..], false), "UTF-16LE"),
            (wide(&marked[1..], true), "UTF-16BE"),
            (vec![0xff, 0xfe, 0, 0, b'{', 0, 0, 0], "UTF-32"),
            (vec![0, 0, 0xfe, 0xff, 0, 0, 0, b'{'], "UTF-32"),
            (vec![b'{', 0, 0, 0], "UTF-32LE"),
            (vec![0, 0, 0, b'{'], "UTF-32BE"),
        ] {
            assert_eq!(text(&bytes), Err(NotText::Foreign(encoding)), "{bytes:?}");
        }
        assert_eq!(text("aä".as_bytes().split_last().expect("bytes").1), Err(NotText::Cut(1)));
        assert_eq!(text(b"ab\xff"), Err(NotText::Binary(2)));
    }
}
