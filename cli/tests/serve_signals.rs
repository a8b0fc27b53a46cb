//! `tlsbench serve` with every kind of signal: its services, for programs that are not ours, and what bounds them.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use support::endpoint::DEADLINE;
use support::programs::Program;
use support::skip::find;
use support::{Server, contains, noise, run, tlsbench};

const SIGNALS: [&str; 3] = ["off", "pipe", "eventfd"];

fn start(mode: &str, signal: &str) -> Server {
    Server::start(&["--mode", mode, "--signal", signal])
}

/// OpenSSL's client, which ends the connection at the end of its input.
fn s_client(openssl: &std::path::Path, server: &Server) -> Program {
    let mut command = Command::new(openssl);
    command.args([
        "s_client",
        "-quiet",
        "-no_ign_eof",
        "-verify_return_error",
        "-connect",
        &server.target(),
        "-CAfile",
    ]);
    Program::start(command.arg(&server.ca))
}

#[test]
fn curl_fetches_many_pages_at_once() {
    let Some(curl) = find("curl") else { return };
    for signal in SIGNALS {
        let server = start("http", signal);
        let mut command = Command::new(&curl);
        command.args(["-sS", "--noproxy", "*", "--parallel", "--parallel-max", "20", "-w", "%{http_code}\n"]);
        command.arg("--cacert").arg(&server.ca).arg(format!("https://localhost:{}/?page=[1-60]", server.port));
        let ended = support::run_with(command, b"");
        ended.expect(0, &[]);
        assert_eq!(ended.output.lines().filter(|line| *line == "200").count(), 60, "{}", ended.output);
        assert_eq!(ended.output.matches("Negotiated: <code>TLSv1.3").count(), 60, "{}", ended.output);
        let ended = server.interrupt();
        ended.expect(0, &["ALPN http/1.1", "stopped", " 0 late, 0 failed"]);
    }
}

#[test]
fn openssl_gets_back_what_it_sends() {
    let Some(openssl) = find("openssl") else { return };
    for signal in SIGNALS {
        let server = start("echo", signal);
        let mut client = s_client(&openssl, &server);
        client.send(b"what is said\n");
        client.wait_text("what is said\n");
        client.close_input();
        let (status, output, errors) = client.wait_end();
        assert!(status.success(), "{status}: {errors}");
        assert_eq!(output, b"what is said\n");
        server.program.wait_error("13 bytes received, 13 sent");
        server.interrupt().expect(0, &["1 accepted, 1 handshakes, 1 at once at most, 1 done", "stopped"]);
    }
}

#[test]
fn openssl_is_heard_to_its_end() {
    let Some(openssl) = find("openssl") else { return };
    for signal in SIGNALS {
        let server = start("sink", signal);
        let mut client = s_client(&openssl, &server);
        // Letters at the beginning of a line could be commands.
        client.send(&b"0123456789abcdef\n".repeat(20_000));
        client.close_input();
        let (status, ..) = client.wait_end();
        assert!(status.success(), "{status}");
        server.program.wait_error("340000 bytes received, 22 sent");
        let ended = server.connect(&["--linger", "0s"], &noise(1_000_003));
        ended.expect(0, &[]);
        assert_eq!(ended.output, "received 1000003 bytes\n");
        server.interrupt().expect(0, &["2 done", "0 failed"]);
    }
}

#[test]
fn openssl_is_sent_to_until_it_leaves() {
    let Some(openssl) = find("openssl") else { return };
    for signal in SIGNALS {
        let server = start("source", signal);
        let client = s_client(&openssl, &server);
        let output = client.wait_output("four megabytes", |output| output.len() > 4 << 20);
        assert!(!contains(&output[..1 << 16], &[0; 32]), "it is no silence that is sent");
        // In the middle of it, without a word.
        drop(client);
        server.program.wait_error(": ended; ");
        let ended = server.interrupt();
        ended.expect(0, &["stopped"]);
        assert!(!ended.errors.contains("error"), "{}", ended.errors);
    }
}

/// This program's own client compares what it gets with what it should be, and tells how much it sent.
#[test]
fn what_a_source_sends_and_a_sink_takes_is_all_there() {
    for (mode, direction) in [("source", "receive"), ("sink", "send")] {
        let server = start(mode, "eventfd");
        let target = server.target();
        let mut command = tlsbench(["throughput", "--connect", &target, "--direction", direction, "--verify", "all"]);
        command.args(["--duration", "200ms", "--warmup", "0s", "--threads", "3", "--cacert"]).arg(&server.ca);
        support::run_with(command, b"").expect(0, &[]);
        server.interrupt().expect(0, &["stopped", " 0 late"]);
    }
}

#[test]
fn requests_in_a_row_are_answered_in_order_and_not_without_end() {
    let server = start("http", "eventfd");
    let page = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(4);
    let others: [&[u8]; 2] =
        [b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"];
    let requests = [&page[..], others[0], others[1]].concat();
    let ended = server.connect(&[], &requests);
    ended.expect(0, &[]);
    let statuses: Vec<&str> = ended.output.lines().filter(|line| line.starts_with("HTTP/1.1 ")).collect();
    let expected = [["HTTP/1.1 200 OK"; 4].as_slice(), &["HTTP/1.1 404 Not Found", "HTTP/1.1 200 OK"]].concat();
    assert_eq!(statuses, expected, "{}", ended.output);
    assert!(ended.output.ends_with("Connection: close\r\n\r\n"), "{}", ended.output);
    // More than are answered on one connection, and far more than fit into its buffers.
    let ended = server.connect(&[], &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3_000));
    assert_eq!(ended.output.matches("HTTP/1.1 200 OK").count(), 1_000, "{}", ended.errors);
    for (request, answer) in [
        (&b"no request\r\n\r\n"[..], "HTTP/1.1 400 "),
        (b"DELETE / HTTP/1.0\r\n\r\n", "HTTP/1.1 405 "),
        (&[b"GET / HTTP/1.1\r\nField: ", &[b'a'; 20_000][..], b"\r\n\r\n"].concat(), "HTTP/1.1 431 "),
    ] {
        let ended = server.connect(&[], request);
        assert!(ended.output.starts_with(answer), "{answer}: {ended:?}");
    }
}

#[test]
fn peers_that_misbehave_are_a_line_each_and_lose_their_places() {
    let server = Server::start(&["--mode", "http", "--max-connections", "2", "--timeout", "1s"]);
    let connect = || TcpStream::connect(("127.0.0.1", server.port)).expect("a connection");
    connect().write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("written");
    server.program.wait_error("the peer does not speak TLS");
    drop(connect());
    server.program.wait_error("closed the connection in the middle of the handshake");
    let mut silent = [connect(), connect()];
    // The first of them has to make place for this one.
    server.connect(&["--timeout", "30s"], b"GET / HTTP/1.0\r\n\r\n").expect(0, &[]);
    server.program.wait_error("closed in favor of a new connection");
    server.program.wait_error("the peer did not respond in time");
    for silent in &mut silent {
        silent.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        assert!(silent.read_to_end(&mut Vec::new()).is_ok(), "its end");
    }
    server
        .interrupt()
        .expect(0, &["5 accepted, 1 handshakes, 2 at once at most, 1 done, 1 late, 2 failed, 0 stopped, 1 evicted"]);
}

#[test]
fn the_flag_of_old_is_taken_and_said_to_be_the_only_way() {
    let server = Server::start(&["--event-loop", "--mode", "echo"]);
    server.program.wait_error("--event-loop has no effect");
    server.interrupt().expect(0, &["stopped"]);
    assert!(!run(["serve", "--help"]).output.contains("--event-loop"), "help tells of what does something");
}

/// Each of the loops has its share of connections, and they are told of as one server.
#[test]
fn statistics_of_all_loops_are_added_up() {
    let server = Server::start(&["--mode", "echo", "--threads", "3"]);
    let load = support::client::Load::new(&server);
    let mut clients: Vec<_> = (0..9).map(|_| load.connect()).collect();
    clients.iter_mut().for_each(|client| load.ping(client, b"all of us"));
    clients.into_iter().for_each(|client| load.hang_up(client));
    server.interrupt().expect(0, &["9 accepted, 9 handshakes, 9 at once at most, 9 done, 0 late, 0 failed"]);
}

#[test]
fn help_tells_where_the_signal_has_no_effect() {
    for command in ["serve", "throughput", "connect"] {
        let ended = run([command, "--help"]);
        let words: Vec<&str> = ended.output.split_whitespace().collect();
        assert!(words.join(" ").contains("Only affects `serve`"), "{}", ended.output);
    }
}
