//! `tlsbench serve --mode http`: what counts as a request, and that nothing else is taken for one (RFC 9112).

mod support;

use std::io::{Read, Write};

use support::client::Load;
use support::{Server, run};

/// The status lines of the answers to what is sent on one connection.
fn statuses(server: &Server, sent: &str) -> Vec<String> {
    let ended = server.connect(&[], sent.as_bytes());
    ended.expect(0, &[]);
    ended
        .output
        .lines()
        .filter_map(|line| line.strip_prefix("HTTP/1.1 "))
        .map(|status| status[..3].to_owned())
        .collect()
}

#[test]
fn a_second_length_makes_no_second_request() {
    let server = Server::start(&["--mode", "http"]);
    let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    for (fields, status) in [
        (format!("Content-Length: {}\r\n", hidden.len()), "200"),
        (format!("Content-Length: 0\r\nContent-Length: {}\r\n", hidden.len()), "400"),
        (format!("Content-Length: 0, {}\r\n", hidden.len()), "400"),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n".into(), "400"),
        ("Content-Length: +0\r\n".into(), "400"),
        ("Content-Length : 0\r\n".into(), "400"),
        ("Transfer-Encoding: chunked\r\n".into(), "200"),
        ("Transfer-Encoding: chunked, identity\r\n".into(), "400"),
        ("Transfer-Encoding: gzip, chunked\r\n".into(), "501"),
    ] {
        let sent = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n{hidden}");
        assert_eq!(statuses(&server, &sent), [status], "{fields:?}");
    }
}

#[test]
fn targets_and_hosts_are_as_they_may_be() {
    let server = Server::start(&["--mode", "http"]);
    for (request, status) in [
        ("GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n", "200"),
        ("GET HTTPS://localhost HTTP/1.1\r\nHost: localhost\r\n", "200"),
        ("GET http://localhost/nowhere HTTP/1.1\r\nHost: localhost\r\n", "404"),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n", "405"),
        ("GET * HTTP/1.1\r\nHost: localhost\r\n", "400"),
        ("GET localhost:80 HTTP/1.1\r\nHost: localhost\r\n", "400"),
        ("GET / HTTP/1.1\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n", "400"),
        ("GET / HTTP/2.0\r\nHost: a\r\n", "505"),
    ] {
        assert_eq!(statuses(&server, &format!("{request}\r\n")), [status], "{request:?}");
    }
}

#[test]
fn a_request_may_come_in_records_of_one_byte() {
    let server = Server::start(&["--mode", "http"]);
    let load = Load::new(&server);
    let mut client = load.connect();
    let request = format!("\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nField: {}\r\n\r\n", "a".repeat(2_000));
    for byte in request.bytes() {
        client.write_all(&[byte]).expect("a server that reads");
    }
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer and its end");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[test]
fn only_the_protocol_that_is_spoken_can_be_negotiated() {
    let start = |alpn: &str| run(["serve", "--listen", "127.0.0.1:0", "--mode", "http", "--alpn", alpn]);
    for alpn in ["h2", "h2,http/1.1", "http/1.1,h2"] {
        start(alpn).expect(2, &["--mode http supports http/1.1 and http/1.0, not 'h2' (--alpn)"]);
    }
    start("HTTP/1.1").expect(2, &["not 'HTTP/1.1'"]);
    for alpn in ["http/1.1", "http/1.0", "http/1.0,http/1.1"] {
        let server = Server::start(&["--mode", "http", "--alpn", alpn]);
        let offered = alpn.split(',').next().expect("a name");
        server.connect(&["--alpn", offered], b"GET / HTTP/1.0\r\n\r\n").expect(0, &[offered]);
    }
    // Elsewhere what is spoken is the clients' affair.
    Server::start(&["--mode", "echo", "--alpn", "h2"]);
}
