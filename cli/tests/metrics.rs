//! `tlsbench serve --metrics`: what it tells is what was done.

mod support;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use support::endpoint::DEADLINE;
use support::programs::Program;
use support::skip::find;
use support::{Server, noise, run, run_with};

const RECEIVED: &str = "tlsbench_application_data_bytes_total{direction=\"opened\"}";
const SENT: &str = "tlsbench_application_data_bytes_total{direction=\"sealed\"}";

#[test]
fn the_numbers_are_exact_while_connections_run() {
    for switches in ["all", "none"] {
        let server = Server::start(&["--mode", "echo", "--metrics", "127.0.0.1:0", "--switches", switches]);
        let metrics = port(&server);
        assert_eq!(numbers(&get(metrics, "/metrics"))["tlsbench_connections_total"], 0.0);
        let mut client = Program::start(support::tlsbench(["connect", &server.target(), "--cacert"]).arg(&server.ca));
        client.send(b"hello\n");
        client.wait_text("hello\n");
        let during = numbers(&get(metrics, "/metrics"));
        for (name, value) in [
            ("tlsbench_connections_total", 1.0),
            ("tlsbench_connections_active", 1.0),
            ("tlsbench_handshakes_total", 1.0),
            ("tlsbench_connections_failed_total", 0.0),
            (RECEIVED, 6.0),
            (SENT, 6.0),
        ] {
            assert_eq!(during[name], value, "{name}, {switches}");
        }
        let data = noise(300_001);
        client.send(&data);
        client.wait_output("all of it", |output| output.len() == 6 + data.len());
        let later = numbers(&get(metrics, "/metrics"));
        assert_eq!((later[RECEIVED], later[SENT]), (300_007.0, 300_007.0));
        let records = "tlsbench_records_total{direction=\"opened\"}";
        assert!(later[records] >= during[records] + 19.0, "300,001 bytes take 19 records at least");
        for direction in ["opened", "sealed"] {
            let [in_place, copied, copied_bytes, saved_bytes] =
                ["in_place_records", "copied_records", "copied_bytes", "saved_bytes"]
                    .map(|name| later[&format!("tlsbench_{name}_total{{direction=\"{direction}\"}}")]);
            let (spared, taken, spared_bytes, taken_bytes) = match switches {
                "all" => (in_place, copied, saved_bytes, copied_bytes),
                _ => (copied, in_place, copied_bytes, saved_bytes),
            };
            assert!(spared >= 20.0, "300,001 bytes take 19 records at least, and 6 bytes one: {spared}");
            assert_eq!((taken, spared_bytes, taken_bytes), (0.0, 300_007.0, 0.0), "{direction}, {switches}");
        }
        client.close_input();
        let (status, ..) = client.wait_end();
        assert!(status.success(), "{status}");
        wait_for(metrics, "tlsbench_connections_active", 0.0);
        let pools = ["tlsbench_arena_leases_total", "tlsbench_buffer_pool_hits_total"];
        assert_eq!(pools.map(|name| later.contains_key(name)), [switches == "all"; 2], "told where there are such");
        if switches == "all" {
            assert_eq!((later[pools[0]], later["tlsbench_arena_active"]), (1.0, 0.0), "the handshake is over");
        }
    }
}

#[test]
fn what_fails_is_counted() {
    let server = Server::start(&["--mode", "echo", "--metrics", "127.0.0.1:0"]);
    let metrics = port(&server);
    let mut stranger = TcpStream::connect(("127.0.0.1", server.port)).expect("a connection");
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("written");
    wait_for(metrics, "tlsbench_connections_failed_total", 1.0);
    assert_eq!(numbers(&get(metrics, "/metrics"))["tlsbench_handshakes_total"], 0.0);
}

#[test]
fn the_page_is_as_prometheus_wants_it() {
    let server = Server::start(&["--metrics", "127.0.0.1:0"]);
    let metrics = port(&server);
    let answer = get(metrics, "/metrics");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(body.ends_with('\n'));
    let names: Vec<&str> = body
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split(['{', ' ']).next().expect("a name"))
        .collect();
    assert!(names.len() > 15, "{body}");
    for name in names {
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        assert!(body.contains(&format!("# TYPE {name} {kind}\n")), "{name} in {body}");
        assert!(body.contains(&format!("# HELP {name} ")), "{name} in {body}");
    }
    if let Some(curl) = find("curl") {
        let mut command = Command::new(curl);
        command.args(["-sS", "--noproxy", "*", &format!("http://127.0.0.1:{metrics}/metrics")]);
        let ended = run_with(command, b"");
        ended.expect(0, &[]);
        assert_eq!(ended.output, body);
    }
}

#[test]
fn bad_requests_are_answered_and_do_no_harm() {
    let server = Server::start(&["--mode", "http", "--metrics", "127.0.0.1:0"]);
    let metrics = port(&server);
    for (request, status) in [
        (&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], "HTTP/1.1 404 "),
        (b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 405 "),
        (b"GET http://localhost/metrics HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 "),
        (b"GET /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "),
        (b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 400 "),
        (b"\x16\x03\x01\x02\x00", "HTTP/1.1 400 "),
        (&[b"GET /metrics HTTP/1.1\r\nA: ", &[b'a'; 100_000][..], b"\r\n\r\n"].concat(), "HTTP/1.1 431 "),
        (b"HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 "),
        (b"GET /metrics?name=a HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 "),
    ] {
        let answer = exchange(metrics, request);
        assert!(answer.starts_with(status), "{status}: {answer}");
    }
    // Half a request, and nothing at all, from more clients than are answered at once.
    let started = Instant::now();
    let mut silent: Vec<_> =
        (0..6).map(|_| TcpStream::connect(("127.0.0.1", metrics)).expect("a connection")).collect();
    for client in &mut silent[..3] {
        client.write_all(b"GET /met").expect("written");
    }
    server.connect(&[], b"GET / HTTP/1.0\r\n\r\n").expect(0, &[]);
    assert_eq!(numbers(&get(metrics, "/metrics"))["tlsbench_connections_total"], 1.0);
    assert!(started.elapsed() < Duration::from_secs(30), "they lose their places");
}

#[test]
fn an_address_that_is_taken_or_none_is_told_before_anything_is_served() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    run(["serve", "--listen", "127.0.0.1:0", "--metrics", &address]).expect(1, &["error: listening on 127.0.0.1:"]);
    run(["serve", "--listen", "127.0.0.1:0", "--metrics", "nowhere"]).expect(2, &["'nowhere' is not ADDR:PORT"]);
}

/// The port of the endpoint, from the line on standard error.
fn port(server: &Server) -> u16 {
    let errors = server.program.wait_error("/metrics\n");
    let (_, rest) = errors.split_once("metrics at http://127.0.0.1:").expect("the address");
    rest.split('/').next().and_then(|port| port.parse().ok()).expect("a port")
}

fn get(port: u16, path: &str) -> String {
    exchange(port, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
}

fn exchange(port: u16, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    stream.write_all(request).expect("written");
    stream.shutdown(Shutdown::Write).expect("said all");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// Every sample by its name, with its label.
fn numbers(answer: &str) -> HashMap<String, f64> {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let samples = body.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    samples.map(|(name, value)| (name.to_owned(), value.parse().expect("a number"))).collect()
}

fn wait_for(port: u16, name: &str, value: f64) {
    let until = Instant::now() + DEADLINE;
    while numbers(&get(port, "/metrics"))[name] != value {
        assert!(Instant::now() < until, "{name} does not become {value}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
