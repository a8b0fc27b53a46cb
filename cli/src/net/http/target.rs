use std::net::Ipv6Addr;

/// The path requested by this method and target, without its query; `None` if the target has none of the valid forms
/// (RFC 9112 3.2). A target that is not a path is returned unchanged.
pub(super) fn path<'a>(method: &str, target: &'a str) -> Option<&'a str> {
    // Fragments are never sent (RFC 9110 4.1).
    if target.is_empty() || !target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
        return None;
    }
    if method == "CONNECT" {
        return is_host_with_port(target).then_some(target);
    }
    if target == "*" {
        return (method == "OPTIONS").then_some(target);
    }
    let hierarchy = if target.starts_with('/') { target } else { behind_authority(target)? };
    match hierarchy.split('?').next() {
        // RFC 9110 4.2.3
        Some("") | None => Some("/"),
        path => path,
    }
}

/// Whether this is a valid value of the Host field: a host, with or without a port, or nothing (RFC 9112 3.2, RFC 3986
/// 3.2.2).
pub(super) fn is_host(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|text| split_port(text).is_some())
}

/// The path and the query of a target in absolute form.
fn behind_authority(target: &str) -> Option<&str> {
    let (scheme, rest) = target.split_once("://")?;
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let (authority, hierarchy) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    // The host must not be empty, and there is no user before it (RFC 9110 4.2.1, 4.2.4).
    split_port(authority).filter(|(host, _)| !host.is_empty()).map(|_| hierarchy)
}

/// The form for CONNECT, which has no default port (RFC 9110 9.3.6).
fn is_host_with_port(target: &str) -> bool {
    split_port(target).is_some_and(|(host, port)| !host.is_empty() && !port.is_empty())
}

/// Host and port of an authority without a user; `None` if it is invalid.
fn split_port(text: &str) -> Option<(&str, &str)> {
    let end_of_host = if text.starts_with('[') { text.find(']')? + 1 } else { text.find(':').unwrap_or(text.len()) };
    let (host, rest) = text.split_at(end_of_host);
    let port = if rest.is_empty() { rest } else { rest.strip_prefix(':')? };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && (port.is_empty() || port.parse::<u16>().is_ok());
    let is_good = match host.strip_prefix('[') {
        Some(literal) => literal.strip_suffix(']').is_some_and(|literal| literal.parse::<Ipv6Addr>().is_ok()),
        None => is_registered_name(host),
    };
    (is_good && is_port).then_some((host, port))
}

/// A name, or an IPv4 address, which has the form of a name.
fn is_registered_name(host: &str) -> bool {
    let mut bytes = host.bytes();
    while let Some(byte) = bytes.next() {
        let is_good = match byte {
            b'%' => [bytes.next(), bytes.next()].iter().all(|byte| byte.is_some_and(|byte| byte.is_ascii_hexdigit())),
            // RFC 3986 2.2, 2.3: unreserved characters, and sub-delimiters.
            b'-' | b'.' | b'_' | b'~' => true,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => true,
            _ => byte.is_ascii_alphanumeric(),
        };
        if !is_good {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_leads_to_its_path() {
        for (target, expected) in [
            ("/", "/"),
            ("/?a=b", "/"),
            ("/a/b?/", "/a/b"),
            ("//a", "//a"),
            ("http://a.example/", "/"),
            ("HTTPS://a.example:443/b?c", "/b"),
            ("http://a.example", "/"),
            ("http://a.example?b", "/"),
            ("hTTp://[::1]:80/b", "/b"),
            ("http://a:/", "/"),
        ] {
            assert_eq!(path("GET", target), Some(expected), "{target}");
        }
        assert_eq!(path("OPTIONS", "*"), Some("*"));
        assert_eq!(path("CONNECT", "a.example:443"), Some("a.example:443"));
        assert_eq!(path("CONNECT", "[::1]:443"), Some("[::1]:443"));
    }

    #[test]
    fn forms_belong_to_their_methods() {
        for target in
            ["*", "a", "a:80", "a.example:443", "", "?a", "ftp://a/", "http:/a", "http:///a", "http://:80/", "://a/"]
        {
            assert_eq!(path("GET", target), None, "{target}");
        }
        for target in [
            "http://user@a/",
            "http://user:word@a/",
            "http://a b/",
            "http://a:b/",
            "http://[::1/",
            "/#a",
            "/a b",
            "/\t",
        ] {
            assert_eq!(path("GET", target), None, "{target}");
        }
        for target in ["/", "*", "http://a/", "a", "a:", ":443", "a:65536", "user@a:443"] {
            assert_eq!(path("CONNECT", target), None, "{target}");
        }
        assert_eq!(path("POST", "*"), None);
    }

    #[test]
    fn hosts_are_told_from_what_is_none() {
        for host in [
            "",
            "a",
            "a.example",
            "a.example:80",
            "a:",
            "192.0.2.1:1",
            "[2001:db8::1]",
            "[::1]:443",
            "xn--a_b~",
            "%41b",
            "a:065535",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "a b",
            "a/",
            "a@b",
            "http://a",
            "a:b",
            "a:1:2",
            "::1",
            "[::1",
            "::1]",
            "[::1]1",
            "[a]",
            "[]",
            "[::1%25eth0]",
            "%4",
            "%zz",
            "%",
            "a?b",
            "a#b",
            "a\\b",
            "a, b",
            "\"a\"",
            "a:65536",
            "a:-1",
            "a:+1",
            "a:80 ",
            "\u{e4}",
            "<a>",
            "{a}",
            "a\tb",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
        assert!(!is_host(b"a\xff"));
    }
}
