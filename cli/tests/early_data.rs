//! Early data (0-RTT), end to end: `serve` and `connect` with each other, and with programs that nobody here wrote.

mod support;

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use support::endpoint::DEADLINE;
use support::listening::{Listening, announced_target, find_server, identity, serve_with_nginx};
use support::nss::Nss;
use support::programs::Program;
use support::skip::find;
use support::{Ended, Server, run, run_with, tlsbench};
use tempfile::TempDir;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A folder with a file that holds `bytes`, and its path.
fn file(bytes: &[u8]) -> (TempDir, String) {
    let folder = TempDir::new().expect("a temporary directory");
    let path = folder.path().join("early.txt");
    std::fs::write(&path, bytes).expect("a file");
    let path = path.to_str().expect("UTF-8").to_owned();
    (folder, path)
}

#[test]
fn it_is_accepted_and_both_ends_say_so() {
    let (_folder, request) = file(REQUEST);
    let server = Server::start(&["--mode", "http", "--early-data", "16k"]);
    let accepted = server.connect(&["--early-data", &request], b"");
    accepted.expect(0, &["resumed:   with a ticket", &format!("early data: accepted, {} bytes", REQUEST.len())]);
    assert!(
        accepted.output.contains(" resumed, ") && accepted.output.contains("early data accepted"),
        "{}",
        accepted.output
    );
    assert_eq!(accepted.output.matches("HTTP/1.1 200").count(), 1, "{}", accepted.output);
}

#[test]
fn an_echo_comes_back_once_and_in_order() {
    let early: Vec<u8> = (0..40_000u32).map(|number| b'a' + (number % 23) as u8).collect();
    let (_folder, path) = file(&early);
    let server = Server::start(&["--mode", "echo", "--early-data", "30000"]);
    let ended = server.connect(&["--early-data", &path], b" and the rest");
    ended.expect(0, &["early data: accepted, 30000 of 40000 bytes; the others sent after the handshake"]);
    let expected = [&early[..], b" and the rest"].concat();
    assert!(ended.output.as_bytes() == expected, "{} bytes came back, not {}", ended.output.len(), expected.len());
}

#[test]
fn what_is_not_accepted_is_sent_after_the_handshake() {
    let (_folder, request) = file(REQUEST);
    for (flags, why) in [(&[][..], "not announced"), (&["--tickets", "0"], "not announced")] {
        let server = Server::start(&[&["--mode", "http"], flags].concat());
        let ended = server.connect(&["--early-data", &request, "--linger", "300ms"], b"");
        ended.expect(0, &[&format!("early data: {why}"), "sent after the handshake"]);
        assert_eq!(ended.output.matches("HTTP/1.1 200").count(), 1, "{}", ended.output);
        assert!(!ended.output.contains("early data"), "{}", ended.output);
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (_folder, empty) = file(b"");
    run(["connect", "localhost:1", "--early-data", &empty]).expect(2, &["is empty"]);
    run(["connect", "localhost:1", "--early-data", "/does/not/exist"]).expect(2, &["/does/not/exist"]);
    run(["serve", "--listen", "127.0.0.1:0", "--early-data", "1k", "--tickets", "0"])
        .expect(2, &["--early-data has no effect with --tickets 0"]);
    for bytes in ["0", "2M"] {
        run(["serve", "--listen", "127.0.0.1:0", "--early-data", bytes]).expect(2, &["1 to 1048576 bytes"]);
    }
}

fn s_client(openssl: &Path, port: u16, flags: &[&str]) -> Ended {
    let mut command = Command::new(openssl);
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-servername", "localhost", "-ign_eof"]);
    command.args(flags);
    run_with(command, if flags.contains(&"-early_data") { b"" } else { REQUEST })
}

#[test]
fn openssls_client_sends_it() {
    let Some(openssl) = find("openssl") else { return };
    let (folder, request) = file(REQUEST);
    let session = folder.path().join("session.pem");
    let session = session.to_str().expect("UTF-8");
    let server = Server::start(&["--mode", "http", "--early-data", "16k"]);
    s_client(&openssl, server.port, &["-sess_out", session]).expect(0, &[]);
    let early = s_client(&openssl, server.port, &["-sess_in", session, "-early_data", &request]);
    early.expect(0, &[]);
    assert!(early.output.contains("Early data was accepted"), "{}", early.output);
    assert!(early.output.contains("early data accepted</code>"), "{}", early.output);
}

#[test]
fn openssls_server_takes_it() {
    let Some(openssl) = find("openssl") else { return };
    let (folder, early) = file(b"sent early\n");
    let [certificate, key] = identity(folder.path());
    let mut command = Command::new(openssl);
    command.args(["s_server", "-accept", "127.0.0.1:0", "-tls1_3", "-early_data", "-cert"]).arg(&certificate);
    let server = Program::start(command.arg("-key").arg(&key));
    let target = announced_target(&server, "ACCEPT 127.0.0.1:");
    let ended = run_with(tlsbench(["connect", &target, "-k", "--early-data", &early, "--linger", "500ms"]), b"");
    ended.expect(0, &["resumed:   with a ticket", "early data: accepted, 11 bytes"]);
    let output = server.wait_output("the early data", |output| String::from_utf8_lossy(output).contains("sent early"));
    let output = String::from_utf8_lossy(&output);
    assert!(output.contains("Early data received"), "{output}");
}

/// nginx says that the session was resumed. What it says of early data depends on whether the client's Finished has come meanwhile.
#[test]
fn nginx_takes_a_request() {
    let Some(nginx) = find_server("nginx") else { return };
    let (folder, request) = file(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n");
    let server = serve_with_nginx(&nginx, &identity(folder.path()), "reused=$ssl_session_reused");
    let target = format!("localhost:{}", server.port);
    let ended = run_with(tlsbench(["connect", &target, "-k", "--early-data", &request]), b"");
    ended.expect(0, &["early data: accepted"]);
    assert!(ended.output.contains("reused=r"), "{}", ended.output);
}

#[test]
fn gnutls_takes_it() {
    let Some(gnutls) = find("gnutls-serv") else { return };
    let (folder, early) = file(b"sent early\n");
    let [certificate, key] = identity(folder.path());
    let server = Listening::start_with(|_, port| {
        let mut command = Command::new(&gnutls);
        command.args(["--echo", "--earlydata", "--maxearlydata", "1000", "--port", &port.to_string()]);
        command.arg("--x509certfile").arg(&certificate).arg("--x509keyfile").arg(&key);
        command
    });
    let target = format!("localhost:{}", server.port);
    let ended = run_with(tlsbench(["connect", &target, "-k", "--early-data", &early, "--linger", "500ms"]), b"later\n");
    ended.expect(0, &["resumed:   with a ticket", "early data: accepted, 11 bytes"]);
    assert!(ended.output.contains("later"), "{}", ended.output);
    server.program.wait_text("This is a resumed session");
}

#[test]
fn gnutls_sends_it() {
    let Some(gnutls) = find("gnutls-cli") else { return };
    let (_folder, request) = file(REQUEST);
    let server = Server::start(&["--mode", "http", "--early-data", "16k"]);
    let mut command = Command::new(gnutls);
    command.args(["--resume", "--waitresumption", "--earlydata", &request, "--port", &server.port.to_string()]);
    // Its input stays open: it ends with the answer.
    let mut client = Program::start(command.arg("localhost").arg("--x509cafile").arg(&server.ca));
    let (status, output, errors) = client.wait_end();
    let output = String::from_utf8_lossy(&output);
    assert!(status.success(), "{status}: {errors}");
    assert!(output.contains("This is a resumed session"), "{output}");
    assert_eq!(output.matches(" early data accepted</code>").count(), 1, "{output}");
}

#[test]
fn nss_sends_it() {
    let Some(nss) = Nss::find() else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let server = Server::start(&["--mode", "http", "--early-data", "16k"]);
    let mut command = nss.client_of(&server, folder.path(), REQUEST);
    command.arg("-Z");
    let ended = run_with(command, b"");
    ended.expect(0, &["1 stateless resumes"]);
    assert_eq!(ended.output.matches("HTTP/1.1 200").count(), 2, "{}", ended.output);
    assert_eq!(ended.output.matches(" early data accepted</code>").count(), 1, "{}", ended.output);
}

/// For ten seconds after its start it takes none, as it can't know what it has seen before (RFC 8446 8.2). No request is lost by that.
#[test]
fn nss_takes_it() {
    let Some(nss) = Nss::find() else { return };
    let (_folder, request) = file(REQUEST);
    let server = Listening::start_with(|folder, port| {
        let mut command = nss.server_at(port, folder.as_ref());
        command.arg("-Z");
        command
    });
    let target = format!("localhost:{}", server.port);
    let began = Instant::now();
    loop {
        let ended = run_with(tlsbench(["connect", &target, "-k", "--linger", "10s", "--early-data", &request]), b"");
        assert!(ended.errors.contains("resumed:   with a ticket"), "{ended:?}");
        assert!(ended.output.contains("200 OK") && ended.output.contains("Host: localhost"), "{ended:?}");
        // It is done then and may be gone before the client's Finished comes, which resets the connection.
        if ended.errors.contains(&format!("early data: accepted, {} bytes", REQUEST.len())) {
            return;
        }
        ended.expect(0, &["early data: rejected; sent after the handshake"]);
        assert!(began.elapsed() < DEADLINE, "{}", ended.errors);
        thread::sleep(Duration::from_millis(500));
    }
}
