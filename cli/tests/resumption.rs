//! Sessions that are resumed, end to end: `serve` and `connect` with each other, and with programs that nobody here wrote.

mod support;

use std::path::Path;
use std::process::Command;

use support::programs::Program;
use support::skip::find;
use support::{Server, run, run_with, tlsbench};
use tempfile::TempDir;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// What `connect` says of a resumed handshake.
const RESUMED: &str = "resumed:   with a ticket";

fn start(flags: &[&str]) -> Server {
    Server::start(&[&["--mode", "http"], flags].concat())
}

#[test]
fn a_session_is_resumed_and_both_ends_say_so() {
    let server = start(&[]);
    let resumed = server.connect(&["--resume"], REQUEST);
    resumed.expect(0, &[RESUMED, "verified as localhost"]);
    assert!(resumed.output.contains("TLS_AES_128_GCM_SHA256 x25519 resumed"), "{}", resumed.output);
    assert!(!resumed.errors.contains("signature:"), "{}", resumed.errors);
    server.connect(&[], REQUEST).expect(0, &["signature: ecdsa_secp256r1_sha256"]);
    // Also where the server says nothing of its own.
    for mode in ["sink", "echo"] {
        let server = Server::start(&["--mode", mode]);
        let input = if mode == "echo" { "hello" } else { "" };
        let ended = run_with(
            tlsbench(["connect", &server.target(), "--resume", "--linger", "200ms", "-k", "--cipher", "aes256gcm"]),
            input.as_bytes(),
        );
        ended.expect(0, &[RESUMED, "TLS_AES_256_GCM_SHA384"]);
    }
}

#[test]
fn without_a_ticket_the_handshake_is_a_full_one_and_the_reason_is_told() {
    let server = start(&["--tickets", "0"]);
    let ended = server.connect(&["--resume", "--linger", "200ms"], REQUEST);
    ended.expect(0, &["has sent no ticket in an earlier connection", "signature: ecdsa_secp256r1_sha256"]);
    assert!(!ended.errors.contains(RESUMED), "{}", ended.errors);
    run(["serve", "--tickets", "17"]).expect(2, &["17 is not in 0..=16"]);
}

#[test]
fn a_secret_for_tickets_has_to_be_one() {
    let folder = TempDir::new().expect("a temporary directory");
    let file = folder.path().join("ticket.key");
    std::fs::write(&file, [7; 31]).expect("a file");
    let serve = |flags: &[&str]| {
        run([&["serve", "--listen", "127.0.0.1:0", "--ticket-key", file.to_str().expect("UTF-8")], flags].concat())
    };
    serve(&[]).expect(2, &["has 31 bytes", "at least 32", "openssl rand -out"]);
    serve(&["--tickets", "0"]).expect(2, &["has no effect with --tickets 0"]);
    std::fs::remove_file(&file).expect("it was there");
    serve(&[]).expect(2, &["ticket.key"]);
}

/// `s_client` with a request, and what it says: `New` or `Reused`.
fn s_client(openssl: &Path, port: u16, session: [&str; 2]) -> String {
    let mut command = Command::new(openssl);
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-servername", "localhost", "-ign_eof"]);
    let ended = run_with(
        {
            command.args(session);
            command
        },
        REQUEST,
    );
    ended.expect(0, &[]);
    assert!(ended.output.contains("200 OK"), "{}", ended.output);
    ended.output
}

#[test]
fn openssls_client_resumes_also_after_a_restart_with_the_same_secret() {
    let Some(openssl) = find("openssl") else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let [key, session] = ["ticket.key", "session.pem"].map(|name| folder.path().join(name));
    std::fs::write(&key, [9; 48]).expect("a file");
    let (key, session) = (key.to_str().expect("UTF-8"), session.to_str().expect("UTF-8"));
    let server = start(&["--ticket-key", key]);
    let first = s_client(&openssl, server.port, ["-sess_out", session]);
    assert!(first.contains("New, TLSv1.3"), "{first}");
    let again = s_client(&openssl, server.port, ["-sess_in", session]);
    assert!(again.contains("Reused, TLSv1.3") && again.contains(" x25519 resumed,"), "{again}");
    drop(server);
    let restarted = s_client(&openssl, start(&["--ticket-key", key]).port, ["-sess_in", session]);
    assert!(restarted.contains("Reused, TLSv1.3"), "{restarted}");
    let other = s_client(&openssl, start(&[]).port, ["-sess_in", session]);
    assert!(other.contains("New, TLSv1.3"), "{other}");
}

#[test]
fn openssls_server_counts_the_session_as_reused() {
    let Some(openssl) = find("openssl") else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&certificate, made.cert.pem()).expect("a file");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    let mut command = Command::new(openssl);
    command.args(["s_server", "-accept", "127.0.0.1:0", "-www", "-tls1_3", "-cert"]).arg(&certificate);
    let server = Program::start(command.arg("-key").arg(&key));
    let accepted = |output: &[u8]| {
        let text = String::from_utf8_lossy(output).into_owned();
        Some(text.split_once("ACCEPT 127.0.0.1:")?.1.split_once('\n')?.0.trim().to_owned())
    };
    let output = server.wait_output("ACCEPT", |output| accepted(output).is_some());
    let target = format!("localhost:{}", accepted(&output).expect("it was there"));
    let ended = run_with(tlsbench(["connect", &target, "-k", "--resume"]), b"GET / HTTP/1.0\r\n\r\n");
    ended.expect(0, &[RESUMED]);
    let hits = ended.output.lines().find_map(|line| line.trim().strip_suffix(" session cache hits"));
    assert_eq!(hits.map(str::trim), Some("1"), "{}", ended.output);
    assert!(ended.output.contains("Reused, TLSv1.3"), "{}", ended.output);
}

#[test]
fn curl_resumes_within_one_run() {
    let Some(curl) = find("curl") else { return };
    let server = start(&[]);
    let url = format!("https://localhost:{}/", server.port);
    let mut command = Command::new(curl);
    command.args(["-sS", "--noproxy", "*", "--max-time", "60", "-H", "Connection: close", "--cacert"]);
    let ended = run_with(
        {
            command.arg(&server.ca).args([&url, &url]);
            command
        },
        b"",
    );
    ended.expect(0, &[]);
    assert_eq!(ended.output.matches("Negotiated").count(), 2, "{}", ended.output);
    assert_eq!(ended.output.matches(" x25519 resumed,").count(), 1, "{}", ended.output);
}

#[test]
fn gnutls_resumes() {
    let Some(gnutls) = find("gnutls-cli") else { return };
    let server = start(&[]);
    let mut command = Command::new(gnutls);
    command.args(["--resume", "--waitresumption", "--port", &server.port.to_string(), "localhost", "--x509cafile"]);
    let mut client = Program::start(command.arg(&server.ca));
    client.send(REQUEST);
    let (status, output, errors) = client.wait_end();
    let output = String::from_utf8_lossy(&output);
    assert!(status.success(), "{status}: {errors}");
    assert!(output.contains("This is a resumed session") && output.contains(" x25519 resumed,"), "{output}");
}
