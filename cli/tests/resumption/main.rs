//! Sessions that are resumed, end to end: `serve` and `connect` with each other, and with programs that nobody here wrote.

#[path = "../support/mod.rs"]
mod support;

mod go;
mod haproxy;
mod node;
mod nss;
mod openssl;
mod python;

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
