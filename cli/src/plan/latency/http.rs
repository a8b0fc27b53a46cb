use std::sync::Arc;

use crate::error::Error;
use crate::net::Target;
use crate::plan::DEFAULT_PORT;

/// A request for a page, after which the connection stays open (RFC 9112 9.3).
pub(super) fn get(path: &str, target: &Target) -> Result<Arc<[u8]>, Error> {
    if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message =
            format!("--http-get takes a path that begins with /, in ASCII and without spaces (%20), not '{path}'");
        return Err(Error::Usage(message));
    }
    let host = if target.port == DEFAULT_PORT { target.bracketed_host() } else { target.to_string() };
    let program = concat!("tlsbench/", env!("CARGO_PKG_VERSION"));
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {program}\r\nAccept: */*\r\n\r\n");
    Ok(Arc::from(request.into_bytes()))
}
