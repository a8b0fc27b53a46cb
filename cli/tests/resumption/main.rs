//! Sessions that are resumed, end to end: `serve` and `connect` with each other, and with programs that nobody here wrote.

#[path = "../support/mod.rs"]
mod support;

mod go;
mod haproxy;
mod node;
mod nss;
mod openssl;
mod python;

use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use support::pki::{KeyKind, Pki};
use support::programs::Program;
use support::skip::find;
use support::{Server, run, run_with, tlsbench};
use tempfile::TempDir;
use tls_engine::conn::ServerConfig;
use tls_engine::crypto::Provider;
use tls_engine::io::Stream;
use tls_engine::pki::CertifiedKey;
use tls_engine::session::TicketKeys;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// What `connect` says of a resumed handshake.
const RESUMED: &str = "resumed:   with a ticket";

fn start(flags: &[&str]) -> Server {
    Server::start(&[&["--mode", "http"], flags].concat())
}

/// Runs a client that connects three times, and says each time whether it has resumed, and whether the server says so.
#[track_caller]
fn resumes_twice(client: Command, said: [&str; 3]) {
    let ended = run_with(client, b"");
    ended.expect(0, &[]);
    assert_eq!(ended.output.lines().collect::<Vec<_>>(), said);
}

#[test]
fn a_session_is_resumed_and_both_ends_say_so() {
    let server = start(&[]);
    let resumed = server.connect(&["--resume"], REQUEST);
    resumed.expect(0, &[RESUMED, "verified as localhost"]);
    assert!(resumed.output.contains("TLS_AES_128_GCM_SHA256 X25519MLKEM768 resumed"), "{}", resumed.output);
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

/// A client that leaves at once resets the connection where another ticket follows, and servers take that for an error.
#[test]
fn a_client_that_has_its_ticket_says_so_and_waits_for_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = format!("localhost:{}", listener.local_addr().expect("an address").port());
    let server = thread::spawn(move || {
        let (provider, identity) = (Provider::auto(), Pki::shared_identity(KeyKind::EcdsaP256));
        let key = CertifiedKey::new(provider, identity.chain.clone(), &identity.key).expect("a key for its leaf");
        let keys = Arc::new(TicketKeys::new(provider, 3600).expect("keys"));
        let config = ServerConfig::builder(provider).certificate(key).tickets(keys).build().expect("a server");
        let [after_goodbye, _] = [(); 2].map(|()| {
            let (mut socket, _) = listener.accept().expect("a client");
            let mut stream = Stream::server(&config, socket.try_clone().expect("a handle"));
            assert_eq!(stream.receive().expect("close_notify"), b"");
            socket.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
            let read = socket.read(&mut [0]).map_err(|error| error.kind());
            stream.close().expect("a client that listens");
            read
        });
        after_goodbye
    });
    let ended = run_with(tlsbench(["connect", &target, "-k", "--resume", "--linger", "1s"]), b"");
    ended.expect(0, &[RESUMED]);
    assert_eq!(server.join().expect("it does not fail"), Err(ErrorKind::WouldBlock));
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
    assert_eq!(ended.output.matches(" resumed,").count(), 1, "{}", ended.output);
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
    assert!(output.contains("This is a resumed session") && output.contains(" resumed,"), "{output}");
}
