use super::{
    BAD_REQUEST, HEAD_TOO_LARGE, METHOD_NOT_ALLOWED, NOT_FOUND, OK, Status, VERSION_NOT_SUPPORTED, is_token_byte,
};

/// The most fields in a head.
const FIELDS_MAX: usize = 64;

/// What is answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    status: Status,
    has_body: bool,
    pub(super) is_refusal: bool,
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
    /// The answer to what is no good request.
    pub(super) const fn refused(status: Status) -> Self {
        Self { status, has_body: true, is_refusal: true, keeps_alive: false }
    }

    /// What is answered.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The whole answer, with `page` of type `kind` where it was found.
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
    /// Reads the line of a request for `path`, the one thing that is served (RFC 9112 3).
    pub(super) fn parse(line: &[u8], path: &str) -> Result<Self, Status> {
        let line = std::str::from_utf8(line).map_err(|_| BAD_REQUEST)?;
        let mut words = line.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(BAD_REQUEST);
        };
        let minor_version = minor_version(version)?;
        let is_good = |text: &str, is_good_byte: fn(u8) -> bool| !text.is_empty() && text.bytes().all(is_good_byte);
        if !is_good(method, is_token_byte) || !is_good(target, |byte| byte.is_ascii_graphic()) {
            return Err(BAD_REQUEST);
        }
        let status = match method {
            "GET" | "HEAD" if target.split('?').next() == Some(path) => OK,
            "GET" | "HEAD" => NOT_FOUND,
            _ => METHOD_NOT_ALLOWED,
        };
        Ok(Self { status, is_head: method == "HEAD", minor_version })
    }

    /// The request of this line and of these fields, which end with an empty line.
    pub(super) fn with_fields(&self, text: &[u8]) -> Request {
        let mut storage = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let fields = match httparse::parse_headers(text, &mut storage) {
            Ok(httparse::Status::Complete((length, fields))) if length == text.len() => fields,
            Err(httparse::Error::TooManyHeaders) => return self.refused(HEAD_TOO_LARGE),
            _ => return self.refused(BAD_REQUEST),
        };
        let field = |name: &str| {
            let found = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            found.map(|field| String::from_utf8_lossy(field.value).to_ascii_lowercase())
        };
        // The body of a request is not read here, so that the connection can't go on after one (RFC 9112 9.3).
        let has_content =
            field("transfer-encoding").is_some() || field("content-length").is_some_and(|value| value != "0");
        let connection = field("connection").unwrap_or_default();
        let asked = |option: &str| connection.split(',').any(|token| token.trim() == option);
        let keeps_alive = if self.minor_version > 0 { !asked("close") } else { asked("keep-alive") };
        Request {
            status: self.status,
            has_body: !self.is_head,
            is_refusal: false,
            keeps_alive: keeps_alive && !has_content,
        }
    }

    /// The answer to this request where it is no good one.
    pub(super) const fn refused(&self, status: Status) -> Request {
        Request { has_body: !self.is_head, ..Request::refused(status) }
    }
}

/// The minor version of HTTP/1; a later one than is known counts as the last that is (RFC 9110 2.5).
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
            ("POST / HTTP/1.1", METHOD_NOT_ALLOWED),
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
            ("GET / HTTP/1.0\r\n\r\n", false),
            ("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", true),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", false),
        ] {
            assert_eq!(request(head).keeps_alive, keeps_alive, "{head}");
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
