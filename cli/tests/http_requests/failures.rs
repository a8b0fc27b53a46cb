//! Servers that fail in the middle of requests, and answers that are no success: each is told, in bounded time, beside what was measured.

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::endpoint::DEADLINE;
use super::support::programs::Program;
use super::support::scripted::{answering, serve_in_turn, strangers};
use super::support::{Server, interrupt, tlsbench};
use super::{case, count, throughput};

const FEW: [&str; 10] =
    ["--http-get", "/", "--connections", "2", "--duration", "500ms", "--warmup", "0s", "--timeout", "300ms"];

#[track_caller]
fn fails(target: &str, code: i32, told: &[&str]) {
    let began = Instant::now();
    let ended = throughput(target, &FEW);
    ended.expect(code, told);
    assert!(began.elapsed() < DEADLINE / 3, "bounded in time: {:?}", began.elapsed());
    assert_eq!(ended.output, "", "there is nothing to tell");
}

#[test]
fn nothing_that_can_be_counted() {
    fails("localhost:9", 6, &["can't reach localhost:9", "refused"]);
    fails("no-such-host.invalid", 6, &["can't reach no-such-host.invalid:443"]);
    let plain = strangers(|mut socket| {
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    fails(&plain, 1, &["expect TLS from the first byte"]);
    for (response, told) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfour", "before the end of its response"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nfour", "before the end of its response"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4, 5\r\n\r\nfour", "no HTTP/1.1 response, or more than one"),
        ("220 mail.example ESMTP\r\n\r\n", "no HTTP/1.1 response, or more than one"),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "with the status 404"),
        ("", "closed connections before any of its response"),
    ] {
        fails(&answering(response), 1, &[told]);
    }
    // It has a handshake, and never an answer.
    fails(&serve_in_turn(|_| thread::sleep(Duration::from_secs(2))), 1, &["did not respond in time", "--timeout"]);
}

/// Each connection has one response, however it ends.
#[test]
fn responses_that_end_the_connection_are_whole() {
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfour",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\nf\r\n3\r\nour\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nfour",
        "HTTP/1.0 200 OK\r\n\r\nfour",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nfour",
        "HTTP/1.1 200 OK\r\n\r\nfour",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfour",
    ] {
        let flags = ["--http-get", "/", "--connections", "2", "-n", "10", "--warmup", "0s", "--verify", "all"];
        let ended = throughput(&answering(response), &flags);
        ended.expect(0, &[]);
        let case = case(&ended);
        let facts = ["requests", "connections_begun", "content_bytes", "responses_compared", "responses_different"];
        assert_eq!(facts.map(|fact| count(&case, fact)), [10, 10, 40, 10, 0], "{response}: {case}");
    }
}

/// Answers so many requests on a connection, the `number`th as `respond` says.
fn responding(respond: impl Fn(u64) -> String + Send + 'static) -> String {
    let number = std::cell::Cell::new(0);
    serve_in_turn(move |stream| {
        let mut request = [0; 4096];
        while stream.read(&mut request).is_ok_and(|count| count > 0) {
            number.set(number.get() + 1);
            if stream.write_all(respond(number.get()).as_bytes()).is_err() {
                return;
            }
        }
    })
}

#[test]
fn a_refusal_is_counted_apart_and_the_connection_goes_on() {
    let target = responding(|number| {
        let status = if number % 4 == 1 { "503 Service Unavailable" } else { "200 OK" };
        format!("HTTP/1.1 {status}\r\nContent-Length: 4\r\n\r\nfour")
    });
    let ended = throughput(&target, &["--http-get", "/", "--connections", "1", "-n", "40", "--warmup", "0s"]);
    ended.expect(0, &["10 requests or connections failed: 10 answered with the status 503"]);
    let case = case(&ended);
    let facts = ["requests", "failed", "connections_begun", "content_bytes", "responses_different"];
    assert_eq!(facts.map(|fact| count(&case, fact)), [30, 10, 1, 120, 0], "{case}");
}

#[test]
fn other_content_is_told() {
    let target = responding(|number| format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}", number / 5));
    let flags = ["--http-get", "/", "--connections", "1", "-n", "8", "--warmup", "0s"];
    let ended = throughput(&target, &[&flags[..], &["--verify", "all"]].concat());
    ended.expect(0, &["4 responses have other content than the first"]);
    assert_eq!(count(&case(&ended), "responses_different"), 4);
}

/// More than the answers to what was asked.
#[test]
fn too_much_ends_the_connection() {
    let two = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour".repeat(2);
    let target = responding(move |number| if number == 3 { two.clone() } else { two[..two.len() / 2].to_owned() });
    let ended = throughput(&target, &["--http-get", "/", "--connections", "1", "-n", "10", "--warmup", "0s"]);
    ended.expect(0, &["answered with what is no HTTP/1.1 response, or more than one"]);
    assert_eq!(count(&case(&ended), "failed"), 1);
}

#[test]
fn a_silence_at_the_end_is_told() {
    let target = responding(|number| {
        if number > 20 {
            thread::sleep(Duration::from_secs(4));
        }
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour".to_owned()
    });
    let began = Instant::now();
    let ended = throughput(&target, &["--http-get", "/", "--connections", "1", "-d", "2500ms", "--warmup", "0s"]);
    ended.expect(0, &["the server has sent nothing in the last 2s", "may have stalled"]);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(count(&case(&ended), "requests"), 20);
}

#[test]
fn gone_half_way_and_what_was_measured_is_kept() {
    let mut server = Server::start(&["--mode", "http"]);
    let mut command = tlsbench(["throughput", "--connect", &server.target(), "-k", "--json", "--http-get", "/"]);
    let mut client =
        Program::start(command.args(["--connections", "2", "--duration", "60s", "--warmup", "0s", "--timeout", "1s"]));
    thread::sleep(Duration::from_millis(1500));
    interrupt(&server.program);
    server.program.wait_end();
    let (status, output, errors) = client.wait_end();
    assert_eq!(status.code(), Some(1), "{errors}");
    assert!(errors.contains("connections failed in the end") && errors.contains("refused"), "{errors}");
    let document: Value = serde_json::from_slice(&output).expect("a document");
    assert_eq!(document["partial"], true);
    let case = &document["cases"][0];
    assert!(count(case, "requests") > 0 && count(case, "failed") > 0, "{case}");
}
