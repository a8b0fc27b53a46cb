//! As much HTTP/1.1 (RFC 9112) as it takes to serve one page: heads of requests, within bounds, and whole answers. Makes no
//! I/O itself.

/// The longest head of a request, bytes.
const HEAD_MAX: usize = 16 << 10;
/// The most fields in it.
const FIELDS_MAX: usize = 64;

/// What is in the buffer.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Not yet a whole head.
    Incomplete,
    /// Something else than a request that is served here.
    Refused(Status),
    /// A head of this length.
    Head {
        /// Its bytes.
        length: usize,
        /// What it asks for.
        request: Request,
    },
}

/// What is answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    status: Status,
    has_body: bool,
    /// Whether another request may follow.
    pub keeps_alive: bool,
}

/// Code and reason of an answer.
pub type Status = (u16, &'static str);

const OK: Status = (200, "OK");
const BAD_REQUEST: Status = (400, "Bad Request");
const NOT_FOUND: Status = (404, "Not Found");
const METHOD_NOT_ALLOWED: Status = (405, "Method Not Allowed");
const HEAD_TOO_LARGE: Status = (431, "Request Header Fields Too Large");

/// Reads the head of a request for `path`, the one thing that is served.
pub fn parse(received: &[u8], path: &str) -> Parsed {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut head = httparse::Request::new(&mut fields);
    let length = match head.parse(received) {
        Ok(httparse::Status::Complete(length)) if length <= HEAD_MAX => length,
        Ok(httparse::Status::Partial) if received.len() < HEAD_MAX => return Parsed::Incomplete,
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Parsed::Refused(HEAD_TOO_LARGE),
        Err(_) => return Parsed::Refused(BAD_REQUEST),
    };
    let field = |name: &str| {
        let found = head.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        found.map(|field| String::from_utf8_lossy(field.value).to_ascii_lowercase())
    };
    let status = match (head.method, head.path) {
        (Some("GET" | "HEAD"), Some(asked)) if asked.split('?').next() == Some(path) => OK,
        (Some("GET" | "HEAD"), _) => NOT_FOUND,
        _ => METHOD_NOT_ALLOWED,
    };
    // The body of a request is not read here, so that the connection can't go on after one (RFC 9112 9.3).
    let has_content = field("transfer-encoding").is_some() || field("content-length").is_some_and(|value| value != "0");
    let connection = field("connection").unwrap_or_default();
    let asked = |option: &str| connection.split(',').any(|token| token.trim() == option);
    let keeps_alive = if head.version == Some(1) { !asked("close") } else { asked("keep-alive") };
    let request = Request { status, has_body: head.method != Some("HEAD"), keeps_alive: keeps_alive && !has_content };
    Parsed::Head { length, request }
}

impl Request {
    /// The answer to what is no good request.
    pub const fn refused(status: Status) -> Self {
        Self { status, has_body: true, keeps_alive: false }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        match parse(text.as_bytes(), "/") {
            Parsed::Head { length, request } => {
                assert_eq!(length, text.len());
                request
            }
            other => panic!("{text}: {other:?}"),
        }
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
    fn the_connection_goes_on_where_both_sides_can() {
        for (head, keeps_alive) in [
            ("GET / HTTP/1.1\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nConnection: TE, Close\r\n\r\n", false),
            ("GET / HTTP/1.0\r\n\r\n", false),
            ("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", true),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", false),
        ] {
            assert_eq!(request(head).keeps_alive, keeps_alive, "{head}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_request_is_refused() {
        assert_eq!(parse(b"", "/"), Parsed::Incomplete);
        assert_eq!(parse(b"GET / HTTP/1.1\r\nHost: a\r\n", "/"), Parsed::Incomplete);
        assert_eq!(parse(b"\x16\x03\x01\x02\x00", "/"), Parsed::Refused(BAD_REQUEST));
        let long = format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(HEAD_MAX));
        assert_eq!(parse(long.as_bytes(), "/"), Parsed::Refused(HEAD_TOO_LARGE));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: a\r\n".repeat(FIELDS_MAX + 1));
        assert_eq!(parse(many.as_bytes(), "/"), Parsed::Refused(HEAD_TOO_LARGE));
    }

    #[test]
    fn answers_have_the_length_they_say_and_heads_no_body() {
        let answer = String::from_utf8(request("GET / HTTP/1.1\r\n\r\n").answer("text/html", "four")).expect("text");
        assert!(answer.contains("Content-Length: 4\r\n") && answer.ends_with("\r\n\r\nfour"), "{answer}");
        let answer = String::from_utf8(request("HEAD / HTTP/1.1\r\n\r\n").answer("text/html", "four")).expect("text");
        assert!(answer.contains("Content-Length: 4\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    }
}
