use httparse::Header;

/// The length of a message's content, as given by its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// No field gives it.
    Untold,
    /// This many bytes.
    Bytes(u64),
    /// It ends with the last chunk. Other codings may be applied below.
    Chunked {
        /// Whether there are none.
        is_alone: bool,
    },
    /// Everything until the connection ends (RFC 9112 6.3), as no field says.
    ToEnd,
}

/// The length of the content after these fields; `None` if they are ambiguous (RFC 9112 6.3), so that two readers could
/// find the next message in different places.
pub(super) fn content(fields: &[Header<'_>], minor_version: u8) -> Option<Content> {
    let mut lengths = values(fields, "content-length");
    let mut codings = values(fields, "transfer-encoding").peekable();
    match (lengths.next(), lengths.next(), codings.peek()) {
        (None, _, None) => Some(Content::Untold),
        (Some(length), None, None) => decimal(length).map(Content::Bytes),
        // HTTP/1.0 has no transfer codings: an intermediary may have forwarded what it did not understand (RFC 9112
        // 6.1).
        (None, _, Some(_)) if minor_version > 0 => chunked(list(codings)),
        // Both, or several lengths, even if they are equal.
        _ => None,
    }
}

/// Whether the connection stays open after a message with these fields (RFC 9112 9.3).
pub(super) fn keeps_alive(fields: &[Header<'_>], minor_version: u8) -> bool {
    let asks =
        |option: &str| list(values(fields, "connection")).any(|asked| asked.eq_ignore_ascii_case(option.as_bytes()));
    if minor_version > 0 { !asks("close") } else { asks("keep-alive") && !asks("close") }
}

/// The values of all fields with this name, which must be in lower case.
pub(super) fn values<'a>(fields: &'a [Header<'_>], name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
}

/// The members of a list, which may extend over several fields with the same name (RFC 9110 5.3, 5.6.1).
pub(super) fn list<'a>(values: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = &'a [u8]> {
    values
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
}

/// A number of digits only: no sign, no list (RFC 9110 8.6).
fn decimal(value: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(value).ok()?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// Chunked must be the last coding, and appear once, or the length is ambiguous (RFC 9112 6.1, 6.3).
fn chunked<'a>(codings: impl Iterator<Item = &'a [u8]>) -> Option<Content> {
    let (mut count, mut is_last) = (0, false);
    for coding in codings {
        if is_last {
            return None;
        }
        count += 1;
        is_last = coding.eq_ignore_ascii_case(b"chunked");
    }
    is_last.then_some(Content::Chunked { is_alone: count == 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content_of(text: &str, minor_version: u8) -> Option<Content> {
        let mut storage = [httparse::EMPTY_HEADER; 8];
        let text = format!("{text}\r\n");
        match httparse::parse_headers(text.as_bytes(), &mut storage) {
            Ok(httparse::Status::Complete((_, fields))) => content(fields, minor_version),
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn a_length_is_told_once_or_not_at_all() {
        let chunked = |is_alone| Some(Content::Chunked { is_alone });
        for (text, expected) in [
            ("", Some(Content::Untold)),
            ("Content-Length: 0\r\n", Some(Content::Bytes(0))),
            ("content-LENGTH:\t007 \r\n", Some(Content::Bytes(7))),
            ("Content-Length: 18446744073709551615\r\n", Some(Content::Bytes(u64::MAX))),
            ("Transfer-Encoding: Chunked\r\n", chunked(true)),
            ("Transfer-Encoding: , chunked ,\r\n", chunked(true)),
            ("Transfer-Encoding: gzip, chunked\r\n", chunked(false)),
            ("Transfer-Encoding: gzip\r\nA: b\r\nTransfer-Encoding: chunked\r\n", chunked(false)),
        ] {
            assert_eq!(content_of(text, 1), expected, "{text:?}");
        }
    }

    #[test]
    fn a_length_in_doubt_is_none() {
        for value in [
            "",
            "5, 5",
            "5,",
            "5 5",
            "+5",
            "-5",
            "-0",
            "0x5",
            "5a",
            "5.0",
            "5;a",
            "\u{665}",
            "\"5\"",
            "18446744073709551616",
            "100000000000000000000000000000",
        ] {
            assert_eq!(content_of(&format!("Content-Length: {value}\r\n"), 1), None, "{value:?}");
        }
        for value in [
            "",
            ",",
            "identity",
            "gzip",
            "chunked, gzip",
            "chunked, chunked",
            "chunked, identity",
            "chunked;a=b",
            "xchunked",
            "chunke",
            "\"chunked\"",
            "chunked chunked",
            "chunked\u{a0}",
        ] {
            assert_eq!(content_of(&format!("Transfer-Encoding: {value}\r\n"), 1), None, "{value:?}");
        }
        for text in [
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\ncontent-length: 6\r\n",
            "Content-Length: 0\r\nA: b\r\nContent-Length: 0\r\n",
            "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        ] {
            assert_eq!(content_of(text, 1), None, "{text:?}");
        }
        assert_eq!(content_of("Transfer-Encoding: chunked\r\n", 0), None, "HTTP/1.0 has no codings");
    }
}
