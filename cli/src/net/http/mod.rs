//! As much HTTP/1.1 (RFC 9112) as is needed to serve one page, within bounds, and to determine whether the response of
//! another server is complete. It performs no I/O itself.

mod chunks;
mod dialogue;
mod fields;
mod lines;
mod messages;
mod request;
mod requests;
mod target;

pub use dialogue::Dialogue;
pub use request::Request;
pub use requests::Requests;

/// Code and reason of a response.
pub type Status = (u16, &'static str);

const OK: Status = (200, "OK");
const BAD_REQUEST: Status = (400, "Bad Request");
const NOT_FOUND: Status = (404, "Not Found");
const METHOD_NOT_ALLOWED: Status = (405, "Method Not Allowed");
const HEAD_TOO_LARGE: Status = (431, "Request Header Fields Too Large");
const NOT_IMPLEMENTED: Status = (501, "Not Implemented");
const VERSION_NOT_SUPPORTED: Status = (505, "HTTP Version Not Supported");

/// Whether a method or a field name may contain this byte (RFC 9110 5.6.2).
const fn is_token_byte(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~')
}
