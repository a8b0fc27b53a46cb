use crate::error::Error;

/// A section of a PEM text (RFC 7468 2).
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    /// What it says it is.
    pub(super) label: &'a [u8],
    /// The line that it begins in, from 1.
    pub(super) line: usize,
    /// What stands between its two markers: headers (RFC 1421 4.4) and base64.
    body: &'a [u8],
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// The byte order mark of UTF-8, which editors put in front, and `cat` into the middle.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// All sections of a PEM text. What stands between them is text for people (RFC 7468 2), but half a section is not.
///
/// Markers stand at the start of a line or right behind another marker, as where files were put together whose last lines
/// did not end.
pub(super) fn sections(pem: &[u8]) -> Result<Vec<Section<'_>>, Error> {
    let mut sections = Vec::new();
    let (mut rest, mut line) = (pem, 1);
    while let Some((before, marker)) = next_marker(rest) {
        line += lines(before);
        let label_and_rest = marker.strip_prefix(BEGIN).ok_or_else(|| malformed("a section has no begin line"))?;
        let (label, inside) = split_at(label_and_rest, DASHES)
            .filter(|(label, _)| !label.contains(&b'\n') && !label.contains(&b'\r'))
            .ok_or_else(|| malformed("the begin line of a section is cut short"))?;
        let inside = &inside[DASHES.len()..];
        let (body, after) = split_at(inside, DASHES)
            .and_then(|(body, end)| Some((body, end.strip_prefix(END)?.strip_prefix(label)?.strip_prefix(DASHES)?)))
            .ok_or_else(|| malformed("a section has no end line"))?;
        sections.push(Section { label, line, body });
        line += lines(body);
        rest = after;
    }
    Ok(sections)
}

impl<'a> Section<'a> {
    /// Whether a passphrase is needed (RFC 1421 4.6.1.1; RFC 7468 11).
    pub(super) fn is_encrypted(&self) -> bool {
        let (headers, _) = self.headers_and_base64();
        self.label == b"ENCRYPTED PRIVATE KEY" || split_at(headers, b"ENCRYPTED").is_some()
    }

    /// Headers stand in front of the base64 and have a colon, which that has not; they go on in lines that begin with a space,
    /// and end with an empty line.
    pub(super) fn headers_and_base64(&self) -> (&'a [u8], &'a [u8]) {
        let (mut end, mut has_headers) = (0, false);
        for line in self.body.split_inclusive(|byte| *byte == b'\n' || *byte == b'\r') {
            let is_blank = line.iter().all(u8::is_ascii_whitespace);
            let goes_on = has_headers && matches!(line, [b' ' | b'\t', ..]);
            has_headers |= line.contains(&b':');
            if !(is_blank || goes_on || line.contains(&b':')) {
                break;
            }
            end += line.len();
        }
        self.body.split_at(end)
    }
}

/// Says why, without a byte of the content: it may be a key.
pub(super) fn malformed(why: &str) -> Error {
    Error::Config(format!("malformed PEM: {why}"))
}

/// What comes before the next marker, and what begins with it.
fn next_marker(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    loop {
        let at = from + text[from..].windows(DASHES.len()).position(|window| window == DASHES)?;
        let (before, marker) = text.split_at(at);
        if (marker.starts_with(BEGIN) || marker.starts_with(END)) && begins_a_line(before) {
            return Some((before, marker));
        }
        from = at + 1;
    }
}

/// Whether nothing that is seen comes before it in its line.
fn begins_a_line(mut before: &[u8]) -> bool {
    loop {
        before = match before {
            [] | [.., b'\n' | b'\r'] => return true,
            [rest @ .., b' ' | b'\t'] => rest,
            _ => match before.strip_suffix(MARK) {
                Some(rest) => rest,
                None => return false,
            },
        };
    }
}

/// What comes before the first `needle`, and what begins with it.
fn split_at<'a>(text: &'a [u8], needle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    text.windows(needle.len()).position(|window| window == needle).map(|at| text.split_at(at))
}

/// How many lines end in `text`: with LF, or with CR alone.
fn lines(text: &[u8]) -> usize {
    let ends = |pair: &&[u8]| pair[0] == b'\n' || pair[0] == b'\r' && pair[1] != b'\n';
    text.windows(2).filter(ends).count() + usize::from(matches!(text, [.., b'\n' | b'\r']))
}
