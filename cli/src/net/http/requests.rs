use super::lines::Lines;
use super::request::{Line, Request};
use super::{BAD_REQUEST, HEAD_TOO_LARGE, is_token_byte};

/// The longest head of a request, bytes.
pub(super) const HEAD_MAX: usize = 16 << 10;

/// Requests for one path, which arrive in pieces of any size, possibly several at once.
///
/// A client must not cause extra work by its choice of pieces: each byte is searched once for the end of its line, and
/// parsed once when its line or its head is complete.
#[derive(Debug)]
pub struct Requests {
    path: &'static str,
    received: Vec<u8>,
    /// The start of the head that is not complete yet. Everything before it was taken.
    start: usize,
    /// The lines of this head.
    lines: Lines,
    /// The first line of this head.
    first: Option<Line>,
    /// The start of the lines after it, relative to the head.
    fields_at: usize,
    is_closed: bool,
    work_bytes: u64,
}

impl Requests {
    /// Requests for `path`. None has arrived yet.
    pub const fn new(path: &'static str) -> Self {
        Self {
            path,
            received: Vec::new(),
            start: 0,
            lines: Lines::new(),
            first: None,
            fields_at: 0,
            is_closed: false,
            work_bytes: 0,
        }
    }

    /// Adds what has arrived. After a request that ends the connection it is discarded: it may be content of that
    /// request, or anything.
    pub fn push(&mut self, data: &[u8]) {
        if self.is_closed {
            return;
        }
        let waiting = self.waiting_bytes();
        if self.start >= waiting {
            // As many bytes were taken, so the bytes moved in total do not exceed those that arrived.
            self.work_bytes += waiting as u64;
            self.received.drain(..self.start);
            self.start = 0;
        }
        self.received.extend_from_slice(data);
    }

    /// Takes the next request, if its head is complete or can't become valid.
    pub fn take(&mut self) -> Option<Request> {
        loop {
            let head = &self.received[self.start..];
            let searched = self.lines.searched();
            let found = self.lines.next(&head[..head.len().min(HEAD_MAX)]);
            self.work_bytes += (self.lines.searched() - searched) as u64;
            let Some(line) = found else {
                return refusal(head, self.first.as_ref()).map(|request| self.end_with(request));
            };
            match (self.first.take(), line.is_empty()) {
                // Empty lines before a request are not part of it (RFC 9112 2.2).
                (None, true) => self.begin_next(),
                (None, false) => match Line::parse(&head[line], self.path) {
                    Ok(first) => {
                        self.first = Some(first);
                        self.fields_at = self.lines.taken();
                    }
                    Err(status) => return Some(self.end_with(Request::refused(status))),
                },
                (first, false) => self.first = first,
                (Some(first), true) => {
                    let fields = &head[self.fields_at..self.lines.taken()];
                    self.work_bytes += fields.len() as u64;
                    let request = first.with_fields(fields);
                    self.begin_next();
                    return Some(if request.keeps_alive { request } else { self.end_with(request) });
                }
            }
        }
    }

    /// The number of bytes of requests that were not taken yet.
    pub const fn waiting_bytes(&self) -> usize {
        self.received.len() - self.start
    }

    /// Releases the memory if no bytes are waiting.
    pub fn release_if_empty(&mut self) {
        if self.waiting_bytes() == 0 {
            self.received = Vec::new();
            self.start = 0;
        }
    }

    /// Discards the waiting bytes, and all that follow.
    pub fn close(&mut self) {
        self.is_closed = true;
        self.received = Vec::new();
        self.start = 0;
        self.lines = Lines::new();
        self.first = None;
    }

    /// The work for everything that arrived: bytes searched, parsed and moved. A fixed multiple of the bytes that
    /// arrived.
    pub const fn work_bytes(&self) -> u64 {
        self.work_bytes
    }

    fn begin_next(&mut self) {
        self.start += self.lines.taken();
        self.lines = Lines::new();
    }

    fn end_with(&mut self, request: Request) -> Request {
        self.close();
        request
    }
}

/// The response to a head that can't become valid, although none of its lines has ended since `first`.
fn refusal(head: &[u8], first: Option<&Line>) -> Option<Request> {
    let is_too_long = head.len() >= HEAD_MAX;
    match (first, head) {
        (Some(first), _) => is_too_long.then(|| first.refused(HEAD_TOO_LARGE)),
        (None, [] | [b'\r']) => None,
        // A request can't begin like this, for example a TLS record: there may never be an end of line to wait for.
        (None, [byte, ..]) if !is_token_byte(*byte) => Some(Request::refused(BAD_REQUEST)),
        (None, _) => is_too_long.then(|| Request::refused(HEAD_TOO_LARGE)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NOT_FOUND, OK, Status};
    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    /// The status of all requests in `data`, read in pieces of `step` bytes; and the reader.
    fn read(data: &[u8], step: usize) -> (Vec<Status>, Requests) {
        let (mut requests, mut statuses) = (Requests::new("/"), Vec::new());
        for piece in data.chunks(step) {
            requests.push(piece);
            statuses.extend(std::iter::from_fn(|| requests.take()).map(|request| request.status()));
        }
        (statuses, requests)
    }

    #[test]
    fn requests_are_the_same_however_their_bytes_come() {
        let data = [b"\r\n\n", REQUEST, b"HEAD /a HTTP/1.1\nhost: a\n\n\r\n", REQUEST, b"GET / HT"].concat();
        for step in 1..=data.len() {
            let (statuses, mut requests) = read(&data, step);
            assert_eq!(statuses, [OK, NOT_FOUND, OK], "{step} at once");
            assert_eq!(requests.waiting_bytes(), "GET / HT".len());
            requests.push(b"TP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(requests.take().map(|request| request.status()), Some(OK));
        }
    }

    #[test]
    fn each_byte_is_worked_on_a_few_times_at_most() {
        let field = [b"Field: ", &[b'a'; 15_000][..], b"\r\n"].concat();
        let long = [b"GET / HTTP/1.1\r\nHost: a\r\n", &field[..], b"\r\n"].concat();
        let short_lines = [b"GET / HTTP/1.1\r\nHost: a\r\n", &b"a:\r\n".repeat(60)[..], b"\r\n"].concat();
        for (data, count) in [
            (long.repeat(20), 20),
            (short_lines.repeat(20), 20),
            (REQUEST.repeat(3_000), 3_000),
            (b"\r\n".repeat(50_000), 0),
            ([&b"\r\n".repeat(50_000), REQUEST].concat(), 1),
            // Refused, and nothing after it is kept or searched.
            ([b"GET / HTTP/1.1\r\nA: ", &[b'a'; 1 << 20][..]].concat(), 1),
            ([&b"A"[..], &[b'a'; 1 << 20]].concat(), 1),
            ([&b"\r"[..], &[b'\r'; 1 << 20]].concat(), 1),
        ] {
            for step in [1, 3, 100, 16_384, data.len()] {
                let (statuses, requests) = read(&data, step);
                assert_eq!(statuses.len(), count, "{step} at once");
                let (came, work) = (data.len() as u64, requests.work_bytes());
                assert!(work <= 3 * came, "{work} for {came} bytes, {step} at once");
            }
        }
    }

    #[test]
    fn what_was_taken_holds_no_more_memory_than_what_waits() {
        let mut requests = Requests::new("/");
        for _ in 0..1_000 {
            requests.push(&REQUEST.repeat(2));
            requests.take().expect("one of two");
            requests.take().expect("the other");
            assert!(requests.received.len() <= 2 * REQUEST.len(), "{}", requests.received.len());
        }
        requests.release_if_empty();
        assert_eq!(requests.received.capacity(), 0);
        requests.push(b"GET");
        requests.release_if_empty();
        assert_eq!(requests.waiting_bytes(), 3, "half a request is kept");
    }

    #[test]
    fn what_can_not_become_a_request_is_refused_at_once() {
        for (data, status) in [
            (&b"\x16"[..], BAD_REQUEST),
            (b"\x16\x03\x01\x02\x00", BAD_REQUEST),
            (b" ", BAD_REQUEST),
            (b"\r\r", BAD_REQUEST),
            (b"\r\n\r\n\x80", BAD_REQUEST),
            (b"\0", BAD_REQUEST),
            (b"no request\r\n", BAD_REQUEST),
            (b"GET /\n", BAD_REQUEST),
            (b"\x03GET / HTTP/0.1\r\n", BAD_REQUEST),
            (b"GET / HTTP/1.1\r\nA b\r\n\r\n", BAD_REQUEST),
        ] {
            for step in [1, data.len()] {
                let (statuses, mut requests) = read(data, step);
                assert_eq!(statuses, [status], "{}", data.escape_ascii());
                requests.push(REQUEST);
                assert!(requests.take().is_none(), "nothing comes after what was refused");
                assert_eq!(requests.received.capacity(), 0);
            }
        }
        for data in [&b""[..], b"\r", b"\r\n\r\n", b"G", b"GET / HTTP/1.1\r\nHost: a\r\n"] {
            assert_eq!(read(data, 1).0, [], "{}", data.escape_ascii());
        }
    }

    #[test]
    fn a_head_has_a_greatest_length() {
        let head = |length: usize| {
            let begin = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
            format!("{begin}{}\r\n\r\n", "a".repeat(length - begin.len() - 4)).into_bytes()
        };
        for step in [1, 1_000, 1 << 20] {
            assert_eq!(read(&head(HEAD_MAX), step).0, [OK]);
            assert_eq!(read(&head(HEAD_MAX + 1), step).0, [HEAD_TOO_LARGE]);
            assert_eq!(read(&[&head(HEAD_MAX)[..HEAD_MAX - 1], b"a"].concat(), step).0, [HEAD_TOO_LARGE]);
            assert_eq!(read(&head(HEAD_MAX)[..HEAD_MAX - 1], step).0, []);
            assert_eq!(read(&head(HEAD_MAX).repeat(4), step).0, [OK; 4], "each has its own");
        }
    }
}
