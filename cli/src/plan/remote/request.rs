use std::sync::Arc;

use crate::error::Error;
use crate::net::Target;
use crate::plan::DEFAULT_PORT;
use crate::workload::Verify;
use crate::workload::remote::HttpRequest;

/// A request for a page. After its response the connection is used again (`is_repeated`), or closed by the server.
pub(crate) fn get(path: &str, target: &Target, is_repeated: bool) -> Result<HttpRequest, Error> {
    let end = if is_repeated { "" } else { "Connection: close\r\n" };
    request("GET", "--http-get", path, target, end, Arc::from([]), is_repeated)
}

/// A request that sends `content` to a page, on a connection that is used again.
pub(crate) fn post(path: &str, target: &Target, content: Arc<[u8]>) -> Result<HttpRequest, Error> {
    let end = format!("Content-Type: application/octet-stream\r\nContent-Length: {}\r\n", content.len());
    request("POST", "--http-post", path, target, &end, content, true)
}

fn request(
    method: &str,
    flag: &'static str,
    path: &str,
    target: &Target,
    end: &str,
    content: Arc<[u8]>,
    is_repeated: bool,
) -> Result<HttpRequest, Error> {
    if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message =
            format!("{flag} takes a path that begins with /, in ASCII and without spaces (%20), not '{path}'");
        return Err(Error::Usage(message));
    }
    let host = if target.port == DEFAULT_PORT { target.bracketed_host() } else { target.to_string() };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: tlsbench/{}\r\nAccept: */*\r\n{end}\r\n",
        env!("CARGO_PKG_VERSION")
    );
    Ok(HttpRequest { head: Arc::from(head.into_bytes()), content, is_repeated, verify: Verify::default(), flag })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Family;

    #[test]
    fn a_request_names_its_host_and_says_whether_it_closes() {
        for (typed, host) in
            [("a.example:443", "a.example"), ("[::1]:443", "[::1]"), ("a.example:8443", "a.example:8443")]
        {
            let target = Target::parse(typed, None, Family::Any).expect(typed);
            let text = |request: &HttpRequest| String::from_utf8_lossy(&request.head).into_owned();
            let once = text(&get("/x?y", &target, false).expect("a path"));
            assert!(once.starts_with(&format!("GET /x?y HTTP/1.1\r\nHost: {host}\r\n")), "{once}");
            assert!(once.ends_with("\r\nConnection: close\r\n\r\n"), "{once}");
            let again = text(&get("/x?y", &target, true).expect("a path"));
            assert!(again.ends_with("\r\nAccept: */*\r\n\r\n"), "{again}");
            let post = post("/x", &target, Arc::from(*b"four")).expect("a path");
            assert!(text(&post).starts_with(&format!("POST /x HTTP/1.1\r\nHost: {host}\r\n")), "{}", text(&post));
            assert!(text(&post).ends_with("\r\nContent-Length: 4\r\n\r\n"), "{}", text(&post));
        }
        let target = Target::parse("a.example:443", None, Family::Any).expect("a target");
        for path in ["x", "/a b", "/\r\nX: y", "/ä"] {
            assert!(matches!(get(path, &target, true), Err(Error::Usage(_))), "{path}");
        }
    }
}
