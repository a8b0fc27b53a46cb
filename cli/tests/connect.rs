//! `tlsbench connect`, end to end: with this program's server, and with OpenSSL's.

mod support;

use std::net::TcpListener;
use std::process::Command;

use support::pki::{KeyKind, Pki};
use support::programs::Program;
use support::skip::find;
use support::{Server, noise, run_with, tlsbench};

#[test]
fn what_was_negotiated_is_told_beside_the_answer() {
    let server = Server::start(&["--mode", "http"]);
    let ended = server.connect(&["--alpn", "h2,http/1.1"], b"GET / HTTP/1.0\r\n\r\n");
    ended.expect(0, &["TLSv1.3", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768", "ecdsa_secp256r1_sha256", "http/1.1"]);
    assert!(ended.output.starts_with("HTTP/1.1 200 OK\r\n"), "the answer and nothing else: {}", ended.output);
    let quiet = server.connect(&["--quiet"], b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!((quiet.code, quiet.errors.as_str()), (Some(0), ""));
}

#[test]
fn whether_the_server_was_verified_is_told() {
    let server = Server::start(&["--mode", "http"]);
    server.connect(&["--sni", "localhost"], b"").expect(0, &["verified as localhost"]);
    let unverified = run_with(tlsbench(["connect", &server.target(), "-k"]), b"");
    unverified.expect(0, &["not verified (-k"]);
}

#[test]
fn a_url_is_a_target_and_its_path_is_told_to_be_none_of_it() {
    let server = Server::start(&["--mode", "http"]);
    let connect = |path: &str| {
        let url = format!("https://localhost:{}{path}", server.port);
        run_with(tlsbench(["connect", &url, "--cacert", server.ca.to_str().expect("UTF-8")]), b"GET / HTTP/1.0\r\n\r\n")
    };
    let plain = connect("/");
    plain.expect(0, &["verified as localhost"]);
    assert!(!plain.errors.contains("not requested"), "{plain:?}");
    connect("/page").expect(0, &["/page is not requested", "printf 'GET /page HTTP/1.0"]);
}

#[test]
fn every_suite_and_group_can_be_asked_for() {
    let server = Server::start(&["--mode", "http"]);
    for (cipher, suite) in [
        ("aes256gcm", "TLS_AES_256_GCM_SHA384"),
        ("TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
        ("aegis128l", "TLS_AEGIS_128L_SHA256"),
        ("aegis256", "TLS_AEGIS_256_SHA512"),
    ] {
        for (asked, group) in [("p256", "secp256r1"), ("secp384r1", "secp384r1")] {
            let ended = server.connect(&["--cipher", cipher, "--groups", asked], b"GET / HTTP/1.0\r\n\r\n");
            ended.expect(0, &[suite, group]);
            assert!(ended.output.contains(&format!("TLSv1.3 {suite} {group}")), "both ends agree: {}", ended.output);
        }
    }
}

#[test]
fn a_group_that_the_server_lacks_costs_a_retry() {
    let server = Server::start(&["--mode", "http", "--groups", "secp384r1"]);
    let ended = server.connect(&["--groups", "x25519,secp384r1"], b"GET / HTTP/1.0\r\n\r\n");
    ended.expect(0, &["secp384r1 (after a HelloRetryRequest; no post-quantum group)"]);
}

#[test]
fn whether_the_group_is_a_post_quantum_one_is_told() {
    let server = Server::start(&["--mode", "http", "--groups", "x25519mlkem768,secp384r1mlkem1024,p521"]);
    for (asked, told) in [
        ("x25519mlkem768", "group:     X25519MLKEM768\n"),
        ("secp256r1mlkem768:secp384r1mlkem1024", "group:     SecP384r1MLKEM1024 (after a HelloRetryRequest)\n"),
        ("p521", "group:     secp521r1 (no post-quantum group)\n"),
    ] {
        let ended = server.connect(&["--groups", asked], b"GET / HTTP/1.0\r\n\r\n");
        ended.expect(0, &[told]);
    }
}

#[test]
fn more_than_all_buffers_hold_goes_both_ways_at_once() {
    // The server reads no more while nobody reads its echo: a client that sent all of it first would wait for ever.
    let server = Server::start(&["--mode", "echo"]);
    let data: String = noise(24 << 20).iter().map(|byte| char::from(b' ' + byte % 64)).collect();
    let ended = server.connect(&[], data.as_bytes());
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    assert!(ended.output == data, "{} of {} bytes came back", ended.output.len(), data.len());
}

#[test]
fn openssls_server_answers_in_reverse() {
    let Some(openssl) = find("openssl") else { return };
    for kind in [KeyKind::EcdsaP256, KeyKind::Rsa2048] {
        let directory = tempfile::tempdir().expect("a directory");
        let files = Pki::shared_identity(kind).write(directory.path());
        let root = Pki::shared(kind).write_root(directory.path());
        let mut command = Command::new(&openssl);
        command.args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-rev", "-keyform", "DER", "-cert"]);
        command.arg(&files.chain).arg("-cert_chain").arg(&files.issuer).arg("-key").arg(&files.key);
        let server = Program::start(&mut command);
        let output = server.wait_output("its port", |output| openssl_port(output).is_some());
        let target = format!("localhost:{}", openssl_port(&output).expect("it was there"));
        let mut command = tlsbench(["connect", &target, "--cacert"]);
        let mut client = Program::start(command.arg(&root));
        client.send(b"abc\n");
        client.wait_text("cba\n");
        client.close_input();
        let (status, _, errors) = client.wait_end();
        assert!(status.success(), "{errors}");
        assert!(errors.contains("TLSv1.3"), "{errors}");
    }
}

fn openssl_port(output: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().find_map(|line| line.strip_prefix("ACCEPT "))?;
    text.contains('\n').then(|| line.rsplit(':').next()?.trim().parse().ok()).flatten()
}

#[test]
fn an_ipv6_address_is_verified_as_one() {
    if TcpListener::bind(("::1", 0)).is_err() {
        support::skip::unable("this machine has no IPv6");
        return;
    }
    let server = Server::start(&["--mode", "http", "--listen", "[::1]:0"]);
    let mut command = tlsbench(["connect", &format!("[::1]:{}", server.port), "-6", "--cacert"]);
    command.arg(&server.ca);
    run_with(command, b"GET / HTTP/1.0\r\n\r\n").expect(0, &["connected to [::1]:"]);
}

#[test]
fn a_certificate_that_nobody_trusts_is_taken_when_told_so() {
    let server = Server::start(&["--mode", "http"]);
    let command = tlsbench(["connect", &server.target(), "-k", "--sni", "else.example"]);
    let ended = run_with(command, b"GET / HTTP/1.0\r\n\r\n");
    ended.expect(0, &[]);
    assert!(ended.output.contains("name else.example"), "{}", ended.output);
}

#[test]
fn the_variable_that_browsers_know_names_a_key_log() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = Server::start(&["--mode", "http"]);
    let log = |name: &str| directory.path().join(name);
    let connect = |flags: &[&str], variable: &str| {
        let mut command = tlsbench(["connect", &server.target(), "-k"]);
        command.args(flags).env("SSLKEYLOGFILE", variable);
        run_with(command, b"GET / HTTP/1.0\r\n\r\n").expect(0, &[]);
    };
    connect(&[], log("variable").to_str().expect("UTF-8"));
    connect(&["--keylog", log("flag").to_str().expect("UTF-8")], log("unused").to_str().expect("UTF-8"));
    connect(&[], "");
    for name in ["variable", "flag"] {
        let text = std::fs::read_to_string(log(name)).expect(name);
        assert!(text.contains("CLIENT_HANDSHAKE_TRAFFIC_SECRET "), "{name}: {text}");
    }
    assert!(!log("unused").exists(), "the flag wins");
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let server = Server::start(&["--mode", "source"]);
    let binary = env!("CARGO_BIN_EXE_tlsbench");
    let script = format!(
        "set -o pipefail; '{binary}' connect {} -q --cacert '{}' < /dev/null | head -c 1000 | wc -c",
        server.target(),
        server.ca.display()
    );
    let mut command = Command::new("bash");
    command.args(["-c", &script]);
    let ended = run_with(command, b"");
    ended.expect(0, &[]);
    assert_eq!(ended.output.trim(), "1000");
}
