//! `tlsbench serve`, end to end: with curl, OpenSSL, and this program's own client.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use support::endpoint::DEADLINE;
use support::pki::{KeyKind, Pki};
use support::programs::Program;
use support::skip::find;
use support::{Server, contains, noise, run, run_with};

#[test]
fn curl_fetches_a_page_by_every_name_and_keeps_the_connection() {
    let Some(curl) = find("curl") else { return };
    let server = Server::start(&["--mode", "http"]);
    for host in ["localhost", "127.0.0.1"] {
        let mut command = Command::new(&curl);
        let url = format!("https://{host}:{}/", server.port);
        command.args(["-sS", "--noproxy", "*", "--cacert"]).arg(&server.ca);
        command.args(["-w", "%{http_code} %{num_connects}\n", &url, &url]);
        let ended = run_with(command, b"");
        ended.expect(0, &[]);
        assert!(ended.output.contains("TLSv1.3 TLS_AES_128_GCM_SHA256"), "{}", ended.output);
        let codes: Vec<&str> = ended.output.lines().filter(|line| line.starts_with("200 ")).collect();
        assert_eq!(codes, ["200 1", "200 0"], "the second request needs no connection of its own");
    }
    let ended = server.interrupt();
    ended.expect(0, &["ALPN http/1.1"]);
    assert!(!ended.errors.contains("error"), "{}", ended.errors);
}

#[test]
fn curl_refuses_the_server_without_its_authority() {
    let Some(curl) = find("curl") else { return };
    let server = Server::start(&["--mode", "http"]);
    let mut command = Command::new(curl);
    command.args(["-sS", "--noproxy", "*", &format!("https://localhost:{}/", server.port)]);
    // curl: 60 is a certificate that can't be verified.
    run_with(command, b"").expect(60, &[]);
    server.program.wait_error("the peer sent the alert unknown_ca");
}

#[test]
fn requests_that_are_none_are_answered_and_the_server_lives_on() {
    let server = Server::start(&["--mode", "http"]);
    for (request, answer) in [
        (&b"GET / HTTP/1.0\r\n\r\n"[..], "HTTP/1.1 200 OK"),
        (b"GET /nowhere HTTP/1.0\r\n\r\n", "HTTP/1.1 404 "),
        (b"DELETE / HTTP/1.0\r\n\r\n", "HTTP/1.1 405 "),
        (b"no request\r\n\r\n", "HTTP/1.1 400 "),
        (&[b"GET / HTTP/1.1\r\nField: ", &[b'a'; 20_000][..], b"\r\n\r\n"].concat(), "HTTP/1.1 431 "),
        (b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK"),
    ] {
        let ended = server.connect(&[], request);
        ended.expect(0, &[]);
        assert!(ended.output.starts_with(answer), "{answer}: {ended:?}");
        assert_eq!(ended.output.ends_with("\r\n\r\n"), request.starts_with(b"HEAD"), "{ended:?}");
    }
}

#[test]
fn openssl_gets_back_what_it_sends() {
    let Some(openssl) = find("openssl") else { return };
    for (suite, group) in [("TLS_AES_256_GCM_SHA384", "P-256"), ("TLS_CHACHA20_POLY1305_SHA256", "X25519")] {
        let server = Server::start(&["--mode", "echo"]);
        let mut command = Command::new(&openssl);
        command.args(["s_client", "-quiet", "-verify_return_error", "-connect", &server.target(), "-CAfile"]);
        command.arg(&server.ca).args(["-ciphersuites", suite, "-groups", group]);
        let mut client = Program::start(&mut command);
        client.send(b"what is said\n");
        client.wait_text("what is said\n");
        server.program.wait_error(suite);
        client.close_input();
        // With -quiet it does not end at the end of its input; this ends the connection.
        let ended = server.interrupt();
        ended.expect(0, &["stopped"]);
        let (status, ..) = client.wait_end();
        assert!(status.success(), "the server has said goodbye: {status}");
    }
}

#[test]
fn many_clients_are_echoed_at_once() {
    echo_to_many(&[]);
}

#[test]
fn many_clients_are_echoed_at_once_with_signatures_of_other_threads() {
    echo_to_many(&["--job-threads", "2", "--threads", "1"]);
}

fn echo_to_many(flags: &[&str]) {
    let server = Server::start(&[&["--mode", "echo"], flags].concat());
    thread::scope(|scope| {
        for index in 0..12 {
            let server = &server;
            scope.spawn(move || {
                let text = format!("client {index}\n").repeat(1_000);
                let ended = server.connect(&["--linger", "300ms"], text.as_bytes());
                ended.expect(0, &[]);
                assert_eq!(ended.output, text);
            });
        }
    });
}

#[test]
fn a_sink_counts_what_it_takes() {
    for zero_copy in ["--zero-copy=on", "--zero-copy=off"] {
        let server = Server::start(&["--mode", "sink", zero_copy]);
        let ended = server.connect(&["--linger", "0s"], &noise(1_000_003));
        ended.expect(0, &[]);
        assert_eq!(ended.output, "received 1000003 bytes\n");
    }
}

#[test]
fn a_source_sends_until_it_is_left() {
    let server = Server::start(&["--mode", "source", "-n", "1"]);
    let mut client = Program::start(support::tlsbench(["connect", &server.target(), "--cacert"]).arg(&server.ca));
    client.wait_output("a megabyte", |output| output.len() > 1 << 20);
    support::interrupt(&client);
    let (status, output, _) = client.wait_end();
    assert_eq!(status.code(), Some(130), "Ctrl-C has a code of its own");
    assert!(!contains(&output[..1 << 16], &[0; 32]), "it is no silence that is sent");
    let mut server = server;
    let (status, _, errors) = server.program.wait_end();
    assert!(status.success(), "a client that leaves is no failure: {errors}");
}

#[test]
fn it_ends_after_as_many_connections_as_asked_for() {
    let mut server = Server::start(&["--mode", "http", "-n", "2"]);
    for _ in 0..2 {
        server.connect(&[], b"GET / HTTP/1.0\r\n\r\n").expect(0, &[]);
    }
    let (status, _, errors) = server.program.wait_end();
    assert!(status.success(), "{errors}");
}

#[test]
fn a_silent_peer_gives_its_place_to_another() {
    let server = Server::start(&["--mode", "http", "--max-connections", "1"]);
    let started = Instant::now();
    let mut silent = TcpStream::connect(("127.0.0.1", server.port)).expect("a connection");
    server.connect(&["--timeout", "30s"], b"GET / HTTP/1.0\r\n\r\n").expect(0, &[]);
    assert!(started.elapsed() < Duration::from_secs(8), "as long as a handshake may take: {:?}", started.elapsed());
    server.program.wait_error("closed in favor of a new connection");
    silent.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let mut alert = Vec::new();
    silent.read_to_end(&mut alert).expect("its end");
    assert_eq!(alert, [21, 3, 3, 0, 2, 1, 0], "close_notify");
}

/// Many more silent peers than places: nobody is locked out for longer than a handshake may take.
#[test]
fn silent_peers_lock_nobody_out() {
    let server = Server::start(&["--mode", "http", "--max-connections", "16", "--handshake-timeout", "5s"]);
    let crowd: Vec<_> =
        (0..80).map(|_| TcpStream::connect(("127.0.0.1", server.port)).expect("a connection")).collect();
    for _ in 0..3 {
        let started = Instant::now();
        server.connect(&["--timeout", "30s"], b"GET / HTTP/1.0\r\n\r\n").expect(0, &[]);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
    drop(crowd);
    server.interrupt().expect(0, &["3 handshakes, 16 at once at most, 3 done"]);
}

#[test]
fn a_busy_port_is_an_error_to_the_same_user_too() {
    let server = Server::start(&["--mode", "echo"]);
    let address = format!("127.0.0.1:{}", server.port);
    run(["serve", "--listen", &address]).expect(1, &["error: listening on 127.0.0.1:", "in use"]);
}

#[test]
fn a_peer_that_sends_a_byte_now_and_then_loses_its_place_too() {
    let server = Server::start(&["--mode", "http", "--timeout", "1s"]);
    let mut slow = TcpStream::connect(("127.0.0.1", server.port)).expect("a connection");
    let started = Instant::now();
    // The header of a ClientHello of 16 KiB, which will never be whole.
    slow.write_all(&[22, 3, 1, 0x40, 0]).expect("written");
    while slow.write_all(&[1]).is_ok() {
        assert!(started.elapsed() < Duration::from_secs(20), "it is still listened to");
        thread::sleep(Duration::from_millis(50));
    }
    server.program.wait_error("the peer did not respond in time");
}

#[test]
fn what_one_peer_does_is_a_line_and_nothing_more() {
    let server = Server::start(&["--mode", "http"]);
    let mut stranger = TcpStream::connect(("127.0.0.1", server.port)).expect("a connection");
    stranger.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("written");
    server.program.wait_error("the peer does not speak TLS");
    drop(TcpStream::connect(("127.0.0.1", server.port)).expect("a connection"));
    server.program.wait_error("closed the connection in the middle of the handshake");
    server.connect(&[], b"GET / HTTP/1.0\r\n\r\n").expect(0, &[]);
}

#[test]
fn ctrl_c_says_goodbye_to_those_who_are_connected() {
    let server = Server::start(&["--mode", "echo"]);
    let mut command = support::tlsbench(["connect", &server.target(), "--cacert"]);
    let mut client = Program::start(command.arg(&server.ca));
    client.send(b"hello\n");
    client.wait_text("hello\n");
    let asked = Instant::now();
    server.interrupt().expect(0, &["stopped"]);
    assert!(asked.elapsed() < Duration::from_secs(4), "nobody has to be waited for: {:?}", asked.elapsed());
    // Its input is open still: it ends because the server does, and without complaint about a connection cut short.
    let (status, _, errors) = client.wait_end();
    assert!(status.success(), "{errors}");
}

#[test]
fn certificates_from_files_are_used() {
    for kind in [KeyKind::EcdsaP384, KeyKind::Ed25519] {
        let pki = Pki::shared(kind);
        let identity = Pki::shared_identity(kind);
        let directory = tempfile::tempdir().expect("a directory");
        let (chain, key) = (directory.path().join("chain.pem"), directory.path().join("key.pem"));
        std::fs::write(&chain, &identity.chain_pem).expect("written");
        std::fs::write(&key, &identity.key_pem).expect("written");
        let root = pki.write_root(directory.path());
        let arguments = ["--mode", "http", "--cert", chain.to_str().unwrap(), "--key", key.to_str().unwrap()];
        let server = Server::start(&arguments);
        let mut command = support::tlsbench(["connect", &server.target(), "--cacert"]);
        let ended = run_with(
            {
                command.arg(root);
                command
            },
            b"GET / HTTP/1.0\r\n\r\n",
        );
        ended.expect(0, &[if kind == KeyKind::Ed25519 { "ed25519" } else { "ecdsa_secp384r1_sha384" }]);
    }
}

#[test]
fn secrets_are_logged_where_that_was_asked_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = directory.path().join("keys.log");
    let server = Server::start(&["--mode", "http", "--keylog", log.to_str().expect("UTF-8")]);
    server.connect(&[], b"GET / HTTP/1.0\r\n\r\n").expect(0, &[]);
    let text = std::fs::read_to_string(&log).expect("the log");
    for label in ["SERVER_HANDSHAKE_TRAFFIC_SECRET ", "CLIENT_TRAFFIC_SECRET_0 "] {
        assert!(text.lines().any(|line| line.starts_with(label)), "{label} in {text}");
    }
}

#[test]
fn what_can_not_be_served_is_told_before_anything_is() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    run(["serve", "--listen", &address]).expect(1, &["error: listening on 127.0.0.1:", "in use"]);
    run(["serve", "--listen", "nowhere"]).expect(2, &["'nowhere' is not ADDR:PORT"]);
    run(["serve", "--listen", "127.0.0.1:0", "--ca-out", "/nonexistent/ca.pem"]).expect(2, &["can't write"]);
    for (flag, problem) in
        [("--max-connections", "must be at least 1"), ("--count", "must be at least 1"), ("--threads", "1..=1024")]
    {
        run(["serve", flag, "0"]).expect(2, &[flag, problem]);
    }
    for flag in ["--timeout", "--handshake-timeout"] {
        run(["serve", flag, "0s"]).expect(2, &[flag, "longer than 0"]);
    }
    run(["serve", "--mode", "smtp"]).expect(2, &["sink", "source", "echo", "http"]);

    let directory = tempfile::tempdir().expect("a directory");
    let (chain, key) = (directory.path().join("chain.pem"), directory.path().join("key.pem"));
    std::fs::write(&chain, &Pki::shared_identity(KeyKind::EcdsaP256).chain_pem).expect("written");
    std::fs::write(&key, &Pki::shared_identity(KeyKind::EcdsaP384).key_pem).expect("written");
    let arguments = ["serve", "--cert", chain.to_str().unwrap(), "--key", key.to_str().unwrap()];
    run(arguments).expect(2, &[" can't be used: "]);
}
