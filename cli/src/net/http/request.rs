use httparse::Header;

use super::fields::{Content, content, keeps_alive, values};
use super::target::{is_host, path};
use super::{
    BAD_REQUEST, HEAD_TOO_LARGE, METHOD_NOT_ALLOWED, NOT_FOUND, NOT_IMPLEMENTED, OK, Status, VERSION_NOT_SUPPORTED,
    is_token_byte,
};

/// The maximum number of fields in a head.
const FIELDS_MAX: usize = 64;

/// A request, with its response.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    status: Status,
    has_body: bool,
    /// Whether another request may follow.
    pub keeps_alive: bool,
}

/// The first line of a request.
#[derive(Debug)]
pub(super) struct Line {
    status: Status,
    is_head: bool,
    minor_version: u8,
}

impl Request {
    /// The response to an invalid request.
    pub(super) const fn refused(status: Status) -> Self {
        Self { status, has_body: true, keeps_alive: false }
    }

    /// The status of the response.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The whole response, with `page` of type `kind` if it was found.
    pub fn answer(&self, kind: &str, page: &str) -> Vec<u8> {
        let (code, reason) = self.status;
        let (kind, body) = match self.status {
            OK => (kind, page.to_owned()),
            _ => ("text/plain; charset=utf-8", format!("{code} {reason}\n")),
        };
        let connection = if self.keeps_alive { "keep-alive" } else { "close" };
        let allow = if self.status == METHOD_NOT_ALLOWED { "Allow: GET, HEAD\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {code} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{allow}\
             Cache-Control: no-store\r\nConnection: {connection}\r\n\r\n",
            body.len()
        );
        if self.has_body { (head + &body).into_bytes() } else { head.into_bytes() }
    }
}

impl Line {
    /// Parses a request line. The only path that exists is `served` (RFC 9112 3).
    pub(super) fn parse(line: &[u8], served: &str) -> Result<Self, Status> {
        let line = std::str::from_utf8(line).map_err(|_| BAD_REQUEST)?;
        let mut words = line.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(BAD_REQUEST);
        };
        // Before the version: what can't become a method is refused at its first byte, when the version may not have arrived.
        if method.is_empty() || !method.bytes().all(is_token_byte) {
            return Err(BAD_REQUEST);
        }
        let minor_version = minor_version(version)?;
        let asked = path(method, target).ok_or(BAD_REQUEST)?;
        let status = match method {
            "GET" | "HEAD" if asked == served => OK,
            "GET" | "HEAD" => NOT_FOUND,
            _ => METHOD_NOT_ALLOWED,
        };
        Ok(Self { status, is_head: method == "HEAD", minor_version })
    }

    /// The request with this line and these fields, which end with an empty line.
    pub(super) fn with_fields(&self, text: &[u8]) -> Request {
        let mut storage = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let fields = match httparse::parse_headers(text, &mut storage) {
            Ok(httparse::Status::Complete((length, fields))) if length == text.len() => fields,
            Err(httparse::Error::TooManyHeaders) => return self.refused(HEAD_TOO_LARGE),
            _ => return self.refused(BAD_REQUEST),
        };
        match self.keeps_alive(fields) {
            Ok(keeps_alive) => Request { status: self.status, has_body: !self.is_head, keeps_alive },
            Err(status) => self.refused(status),
        }
    }

    /// Whether another request may follow one with these fields, or the error if they are invalid.
    fn keeps_alive(&self, fields: &[Header<'_>]) -> Result<bool, Status> {
        let mut hosts = values(fields, "host");
        match (hosts.next(), hosts.next()) {
            // RFC 9112 3.2
            (None, _) if self.minor_version == 0 => {}
            (Some(host), None) if is_host(host) => {}
            _ => return Err(BAD_REQUEST),
        }
        // Content is not read, so the connection can't continue after it (RFC 9112 9.3): it could be mistaken for a
        // request.
        let has_content = match content(fields, self.minor_version).ok_or(BAD_REQUEST)? {
            Content::Untold | Content::Bytes(0) => false,
            Content::Bytes(_) | Content::Chunked { is_alone: true } | Content::ToEnd => true,
            // RFC 9112 6.1
            Content::Chunked { is_alone: false } => return Err(NOT_IMPLEMENTED),
        };
        Ok(keeps_alive(fields, self.minor_version) && !has_content)
    }

    /// The response to this request if it is invalid.
    pub(super) const fn refused(&self, status: Status) -> Request {
        Request { has_body: !self.is_head, ..Request::refused(status) }
    }
}

/// The minor version of HTTP/1. A later version than is known counts as the latest known one (RFC 9110 2.5).
fn minor_version(text: &str) -> Result<u8, Status> {
    match text.as_bytes() {
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            if *major == b'1' {
                Ok((*minor - b'0').min(1))
            } else {
                Err(VERSION_NOT_SUPPORTED)
            }
        }
        _ => Err(BAD_REQUEST),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Requests;
    use super::*;

    fn request(head: &str) -> Request {
        let mut requests = Requests::new("/");
        requests.push(head.as_bytes());
        let request = requests.take().unwrap_or_else(|| panic!("{head:?} is whole"));
        assert_eq!(requests.waiting_bytes(), 0, "{head:?}");
        request
    }

    #[test]
    fn requests_are_answered_by_method_and_path() {
        for (line, status) in [
            ("GET / HTTP/1.1", OK),
            ("HEAD / HTTP/1.1", OK),
            ("GET /?a=b HTTP/1.1", OK),
            ("GET /favicon.ico HTTP/1.1", NOT_FOUND),
            ("GET http://a.example HTTP/1.1", OK),
            ("GET HTTPS://a.example:1/?b HTTP/1.1", OK),
            ("HEAD http://a.example/b HTTP/1.1", NOT_FOUND),
            ("POST / HTTP/1.1", METHOD_NOT_ALLOWED),
            ("OPTIONS * HTTP/1.1", METHOD_NOT_ALLOWED),
            ("CONNECT a.example:443 HTTP/1.1", METHOD_NOT_ALLOWED),
        ] {
            assert_eq!(request(&format!("{line}\r\nHost: a\r\n\r\n")).status, status, "{line}");
        }
    }

    #[test]
    fn what_is_no_request_line_of_this_version_is_refused() {
        for line in [
            "GET /",
            "GET / HTTP/1.1 ",
            "GET  / HTTP/1.1",
            "GET / http/1.1",
            "GET / HTTP/1.1a",
            "GET /\u{7f} HTTP/1.1",
            "GET /\u{e4} HTTP/1.1",
            "GET\t/ HTTP/1.1",
            "GET * HTTP/1.1",
            "GET a:80 HTTP/1.1",
            "G(T / HTTP/1.1",
            "GET / HTTP/11",
            "GET / HTTP/1.",
            "GET / HTTP/1.1\r",
        ] {
            let refused = request(&format!("{line}\r\n"));
            assert_eq!((refused.status, refused.keeps_alive), (BAD_REQUEST, false), "{line:?}");
        }
        for line in ["PRI * HTTP/2.0", "GET / HTTP/0.9", "GET / HTTP/3.0"] {
            assert_eq!(request(&format!("{line}\r\n")).status, VERSION_NOT_SUPPORTED, "{line:?}");
        }
        let later = request("GET / HTTP/1.2\r\nHost: a\r\n\r\n");
        assert_eq!((later.status, later.keeps_alive), (OK, true), "it is understood as HTTP/1.1 is");
    }

    #[test]
    fn the_connection_goes_on_where_both_sides_can() {
        for (head, keeps_alive) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: TE, Close\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nConnection: ,close\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", true),
            ("GET / HTTP/1.0\r\n\r\n", false),
            ("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", true),
            ("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", true),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", false),
        ] {
            assert_eq!(request(head).keeps_alive, keeps_alive, "{head}");
        }
    }

    #[test]
    fn fields_that_are_against_the_rules_are_refused() {
        for fields in [
            "",
            "Host: a\r\nHost: a\r\n",
            "Host: a\r\nhost:\r\n",
            "Host: a b\r\n",
            "Host: a@b\r\n",
            "Host: http://a\r\n",
            "Host : a\r\n",
            "Host\t: a\r\n",
            "Host: a\r\n b\r\n",
            " Host: a\r\n",
            "Host: a\r\nA: b\rc\r\n",
            "Host: a\r\nA: b\r\r\n",
            "Host: a\r\nA\r: b\r\n",
            "Host: a\r\nA: b\0c\r\n",
            "Host: a\r\n: b\r\n",
            "Host: a\r\nA\r\n",
            "Host: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
            "Host: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n",
            "Host: a\r\nContent-Length: 5, 5\r\n",
            "Host: a\r\nContent-Length: +5\r\n",
            "Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Host: a\r\nTransfer-Encoding: chunked, identity\r\n",
        ] {
            for method in ["GET", "POST"] {
                let refused = request(&format!("{method} / HTTP/1.1\r\n{fields}\r\n"));
                assert_eq!((refused.status, refused.keeps_alive), (BAD_REQUEST, false), "{fields:?}");
            }
        }
        let refused = request("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n");
        assert_eq!((refused.status, refused.keeps_alive), (NOT_IMPLEMENTED, false));
        let refused = request("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!((refused.status, refused.keeps_alive), (BAD_REQUEST, false));
        assert_eq!(request("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n").status, BAD_REQUEST);
        for fields in ["Host:\r\n", "Host: [::1]:80\r\n", "hOST:\ta.example:443 \r\n"] {
            assert_eq!(request(&format!("GET / HTTP/1.1\r\n{fields}\r\n")).status, OK, "{fields:?}");
        }
    }

    #[test]
    fn no_content_is_taken_for_a_request() {
        let body = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for fields in [
            format!("Content-Length: {}\r\n", body.len()),
            format!("Content-Length: 0\r\nContent-Length: {}\r\n", body.len()),
            format!("Content-Length: 0, {}\r\n", body.len()),
            "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n".into(),
            "Transfer-Encoding: chunked\r\n".into(),
            "Transfer-Encoding: identity\r\n".into(),
            "Transfer-Encoding:\r\n".into(),
        ] {
            for version in ["1.0", "1.1"] {
                let mut requests = Requests::new("/");
                let head = format!("GET / HTTP/{version}\r\nHost: a\r\nConnection: keep-alive\r\n{fields}\r\n");
                requests.push(format!("{head}{body}").as_bytes());
                assert!(!requests.take().expect("an answer").keeps_alive, "{head:?}");
                assert_eq!(requests.take(), None, "{head:?}");
            }
        }
    }

    #[test]
    fn too_many_fields_are_refused() {
        let head = |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: a\r\n".repeat(count - 1));
        assert_eq!(request(&head(FIELDS_MAX)).status, OK);
        assert_eq!(request(&head(FIELDS_MAX + 1)).status, HEAD_TOO_LARGE);
    }

    #[test]
    fn answers_have_the_length_they_say_and_heads_no_body() {
        let answer = |method: &str, fields: &str| {
            let request = request(&format!("{method} / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
            String::from_utf8(request.answer("text/html", "four")).expect("text")
        };
        let got = answer("GET", "");
        assert!(got.contains("Content-Length: 4\r\n") && got.ends_with("\r\n\r\nfour"), "{got}");
        let got = answer("HEAD", "");
        assert!(got.contains("Content-Length: 4\r\n") && got.ends_with("\r\n\r\n"), "{got}");
        let got = answer("HEAD", "no field\r\n");
        assert!(got.starts_with("HTTP/1.1 400 ") && got.ends_with("\r\n\r\n"), "{got}");
    }
}
