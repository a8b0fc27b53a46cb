//! Bad input, bad files, bad peers: each gets an exit code, an error that names it, and where there is one the step that
//! helps.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use support::pki::{KeyKind, Pki, expired, not_yet_valid};
use support::programs::Program;
use support::skip::find;
use support::{Server, cut_after, run, run_with, stranger, tlsbench};

const CIPHERS: &str = "aes128gcm, aes256gcm, chacha20poly1305, aegis128l, aegis256";

#[test]
fn an_unknown_name_is_told_with_those_that_are_known() {
    for command in [&["throughput"][..], &["connect", "localhost:1"], &["serve", "--listen", "127.0.0.1:0"]] {
        let with = |flag: &str, name: &str| run(command.iter().copied().chain([flag, name]));
        with("--cipher", "aes-128-gcm")
            .expect(2, &["unknown cipher 'aes-128-gcm'", CIPHERS, "did you mean 'aes128gcm'?"]);
        with("--groups", "x448").expect(2, &["unknown group 'x448'", "x25519, secp256r1, secp384r1"]);
        with("--provider", "nss").expect(2, &["unknown provider 'nss'", "auto", "rustcrypto"]);
        with("--frobnicate", "1").expect(2, &["--frobnicate"]);
    }
    run(["frobnicate"]).expect(2, &["frobnicate"]);
}

#[test]
fn a_cipher_that_the_provider_lacks_is_told_with_those_it_has() {
    run(["throughput", "--provider", "aws-lc-rs", "--cipher", "aegis256"]).expect(
        2,
        &["the provider aws-lc-rs does not support aegis256; it supports aes128gcm, aes256gcm, chacha20poly1305"],
    );
}

#[test]
fn help_is_had_however_it_is_asked_for_and_told_where_it_can_not_be_written() {
    for asked in ["help", "help --help", "help -h", "-q help help", "--color never help --help", "--help"] {
        let ended = run(asked.split(' '));
        assert!(ended.code == Some(0) && ended.output.contains("Usage: tlsbench"), "{asked}: {ended:?}");
    }
    for asked in ["help serve", "help serve --help", "help --help serve", "serve --help"] {
        let ended = run(asked.split(' '));
        assert!(ended.code == Some(0) && ended.output.contains("Usage: tlsbench serve"), "{asked}: {ended:?}");
    }
    run(["help", "sreve"]).expect(2, &["unrecognized subcommand 'sreve'"]);
    run(["help", "serve", "--nothing"]).expect(2, &["--nothing"]);
    #[cfg(target_os = "linux")]
    for asked in ["--help", "help", "help serve", "--version", "serve --help", "ciphers", "man", "completions bash"] {
        let mut command = tlsbench(asked.split(' '));
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let ended = command.stdout(full).output().expect("it runs");
        let errors = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(1) && errors.contains("No space left on device"), "{asked}: {errors}");
    }
}

#[test]
fn a_value_that_is_none_is_told() {
    run(["throughput", "--size", "large"]).expect(2, &["expected a size such as 64, 16k"]);
    run(["throughput", "--duration", "ten"]).expect(2, &["expected a duration such as 10s", "or a number of seconds"]);
    run(["throughput", "--count", "many"]).expect(2, &["expected a count such as 500, 10k"]);
    run(["connect", "localhost:http"]).expect(2, &["the port must be 1 to 65535"]);
    run(["handshake", "--alpn", "A\u{1b}[31m\nhint: B"])
        .expect(2, &["must not contain invisible characters: 'A\u{fffd}[31m\u{fffd}hint: B'"]);
    run(["handshake", "--label", "A\nhint: B\u{202e}"]).expect(2, &["'A\u{fffd}hint: B\u{fffd}'"]);
    run(["connect", "http://localhost/"]).expect(2, &["'http://localhost/'", "only https:// URLs"]);
    run(["throughput", "--connect", "https://localhost:443/"])
        .expect(2, &["it is a URL, whose host is 'localhost:443'"]);
    run(["throughput", "--connect", "localhost:443/"]).expect(2, &["it contains a path"]);
    run(["connect", "::1"]).expect(2, &["an IPv6 address needs brackets"]);
    run(["connect", "not a name:443"]).expect(2, &["'not a name' is neither a host name nor an address"]);
    run(["connect"]).expect(2, &["HOST[:PORT]"]);
    run(["throughput", "-o", "run.html"]).expect(2, &["tlsbench report results.json -o run.html"]);
}

#[test]
fn a_cipher_needs_no_flag_and_is_known_by_its_slips() {
    for command in ["throughput", "handshake"] {
        run([command, "aes128gmc"]).expect(2, &["unknown cipher 'aes128gmc'", CIPHERS, "did you mean 'aes128gcm'?"]);
        run([command, "aes128gcm", "-c", "aes256gcm"]).expect(2, &["cannot be used with"]);
    }
}

#[test]
fn a_value_without_its_equals_sign_is_pointed_at_it() {
    for (line, hint) in [
        ("throughput --zero-copy off", "write --zero-copy=off"),
        ("handshake --json run.json", "write --json=run.json"),
        ("throughput --json run.json -c aes128gcm", "write --json=run.json"),
        ("ablate --json run.json", "write --json=run.json"),
        ("run smoke --json run.json", "write --json=run.json"),
        ("connect localhost:1 --json run.json", "write --json=run.json"),
        ("connect localhost:1 --zero-copy off", "write --zero-copy=off"),
        ("serve --no-delay off", "write --no-delay=off"),
    ] {
        run(line.split(' ')).expect(2, &[hint]);
    }
    let other = run("throughput --json --cipher rc4".split(' '));
    assert!(!other.errors.contains("write --json"), "{other:?}");
}

#[test]
fn a_target_that_nobody_answers_for_has_a_code_of_its_own() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let target = format!("127.0.0.1:{port}");
    let sayings = [&*format!("can't reach {target}"), "is the server running?"];
    run(["connect", &target, "-k"]).expect(6, &sayings);
    run(["throughput", "--connect", &target, "-k"]).expect(6, &sayings);
    run(["connect", &target, "-k", "-6"]).expect(6, &["no address of this family"]);
}

#[test]
fn files_that_are_not_what_they_should_be_are_told_by_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let identity = Pki::shared_identity(KeyKind::EcdsaP256);
    let chain = file("chain.pem", identity.chain_pem.as_bytes());
    let key = file("key.pem", identity.key_pem.as_bytes());
    let noise = file("noise.pem", &[0, 159, 146, 150]);
    let cut = file("cut.pem", &identity.chain_pem.as_bytes()[..200]);
    let forged = file("forged.pem", identity.chain_pem.replace("MII", "M!!").as_bytes());
    let no_certificate = file("no-certificate.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let missing = directory.path().join("missing.pem").to_str().expect("UTF-8").to_owned();

    let cacert = |path: &str| run(["connect", "localhost:1", "--cacert", path]);
    cacert(&missing).expect(2, &["can't read", "missing.pem", "No such file"]);
    cacert(directory.path().to_str().expect("UTF-8")).expect(2, &["can't read", "directory"]);
    cacert(&noise).expect(2, &["noise.pem", "this is not PEM"]);
    cacert(&cut).expect(2, &["cut.pem", "malformed PEM: a section has no end line"]);
    cacert(&forged).expect(2, &["forged.pem", "malformed PEM: a section is not base64"]);
    cacert(&key).expect(2, &["key.pem", "no certificate found"]);
    cacert(&no_certificate).expect(2, &["trusted certificate 1 can't be used"]);

    let serve = |chain: &str, key: &str| run(["serve", "--listen", "127.0.0.1:0", "--cert", chain, "--key", key]);
    serve(&chain, &missing).expect(2, &["can't read", "missing.pem"]);
    serve(&noise, &key).expect(2, &["noise.pem", "this is not PEM"]);
    serve(&chain, &chain).expect(2, &["chain.pem", "no private key found"]);
    serve(&no_certificate, &key).expect(2, &[" can't be used: "]);
    run(["serve", "--cert", &chain]).expect(2, &["--key"]);
    run(["throughput", "--json=/nonexistent/results.json"]).expect(2, &["can't write /nonexistent/results.json"]);
}

/// A server with a certificate made to order, and the file of its root.
fn server_with(directory: &Path, change: impl FnOnce(&mut rcgen::CertificateParams)) -> (Server, String) {
    let pki = Pki::shared(KeyKind::EcdsaP256);
    let identity = pki.issue(KeyKind::EcdsaP256, change);
    let (chain, key) = (directory.join("chain.pem"), directory.join("key.pem"));
    fs::write(&chain, &identity.chain_pem).expect("written");
    fs::write(&key, &identity.key_pem).expect("written");
    let files = [chain.to_str().expect("UTF-8"), key.to_str().expect("UTF-8")];
    let server = Server::start(&["--mode", "http", "--cert", files[0], "--key", files[1]]);
    (server, pki.write_root(directory).to_str().expect("UTF-8").to_owned())
}

#[test]
fn a_certificate_that_is_refused_is_told_with_the_reason_and_the_alert_arrives() {
    let directory = tempfile::tempdir().expect("a directory");
    let (server, root) = server_with(directory.path(), expired);
    run(["connect", &server.target(), "--cacert", &root]).expect(1, &["it has expired", "-k skips the check"]);
    server.program.wait_error("the peer sent the alert certificate_expired");
    run(["connect", &server.target(), "-k", "--linger", "0s"]).expect(0, &[]);

    let (server, root) = server_with(directory.path(), not_yet_valid);
    run(["connect", &server.target(), "--cacert", &root]).expect(1, &["it is not valid yet", "clock"]);

    let (server, root) = server_with(directory.path(), |_| {});
    run(["connect", &server.target(), "--cacert", &root, "--sni", "else.example"])
        .expect(1, &["it is not valid for the name else.example", "localhost", "--sni NAME"]);
    server.program.wait_error("the peer sent the alert bad_certificate");

    let other = Server::start(&["--mode", "http"]);
    run(["connect", &other.target(), "--cacert", &root])
        .expect(1, &["no trusted authority issued it", "--cacert FILE", "-k"]);
    other.program.wait_error("the peer sent the alert unknown_ca");
    run(["throughput", "--connect", &other.target(), "--cacert", &root])
        .expect(1, &[&other.target(), "no trusted authority issued it", "--cacert FILE"]);
}

#[test]
fn a_self_signed_authority_is_explained_even_where_it_is_trusted() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("names");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let file = |name: &str, text: String| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let (chain, key) = (file("chain.pem", certificate.pem()), file("key.pem", key.serialize_pem()));
    let server = Server::start(&["--mode", "http", "--cert", &chain, "--key", &key]);
    let target = format!("localhost:{}", server.port);
    run(["connect", &target, "--cacert", &chain])
        .expect(1, &["CA:TRUE", "even if it is self-signed and given with --cacert", "CA:FALSE", "-k skips the check"]);
}

#[test]
fn a_peer_that_is_not_tls_is_told() {
    for greeting in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9.2\r\n", b"220 mail ESMTP\r\n"] {
        let port = stranger(move |mut stream| {
            stream.write_all(greeting).expect("written");
            // Until the client has left.
            let _ = stream.read_to_end(&mut Vec::new());
        });
        run(["connect", &format!("127.0.0.1:{port}"), "-k"])
            .expect(1, &["the peer does not speak TLS", "check the port"]);
    }
}

#[test]
fn a_peer_that_closes_half_way_is_told() {
    // At the ClientHello.
    let port = stranger(|mut stream| {
        let _ = stream.read(&mut [0; 5]);
    });
    let ended = run(["connect", &format!("127.0.0.1:{port}"), "-k"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");

    // In the middle of the handshake, and in the middle of the data.
    let server = Server::start(&["--mode", "source"]);
    let handshake = cut_after(server.port, 300);
    run(["connect", &format!("127.0.0.1:{handshake}"), "-k"])
        .expect(1, &["closed the connection in the middle of the handshake", "TLS 1.3"]);
    let data = cut_after(server.port, 100_000);
    let mut command = tlsbench(["connect", &format!("127.0.0.1:{data}"), "-k"]);
    let mut client = Program::start(&mut command);
    let (status, output, errors) = client.wait_end();
    assert_eq!(status.code(), Some(1), "{errors}");
    assert!(errors.contains("closed the connection without close_notify") && errors.contains("incomplete"), "{errors}");
    assert!(output.len() > 50_000, "what came is printed: {} bytes", output.len());
}

#[test]
fn a_peer_that_says_nothing_is_not_waited_for() {
    let port = stranger(|stream| {
        thread::sleep(Duration::from_secs(20));
        drop(stream);
    });
    run(["connect", &format!("127.0.0.1:{port}"), "-k", "--timeout", "300ms"])
        .expect(1, &["the peer did not respond in time", "--timeout"]);
}

#[test]
fn a_server_with_nothing_in_common_is_told() {
    let server = Server::start(&["--mode", "http", "--cipher", "aes128gcm", "--groups", "x25519"]);
    server.connect(&["--cipher", "aes256gcm"], b"").expect(1, &["handshake_failure", "offer more with --cipher"]);
    server.connect(&["--groups", "p256"], b"").expect(1, &["handshake_failure", "--groups"]);
    server.connect(&["--alpn", "h2"], b"").expect(1, &["no_application_protocol", "--alpn"]);
}

#[test]
fn a_server_of_another_version_is_told() {
    let Some(openssl) = find("openssl") else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let files = Pki::shared_identity(KeyKind::EcdsaP256).write(directory.path());
    let mut command = Command::new(openssl);
    command.args(["s_server", "-accept", "127.0.0.1:0", "-tls1_2", "-keyform", "DER", "-cert"]);
    let server = Program::start(command.arg(&files.chain).arg("-key").arg(&files.key));
    let output = server.wait_output("its port", |output| openssl_port(output).is_some());
    let target = format!("127.0.0.1:{}", openssl_port(&output).expect("it was there"));
    run(["connect", &target, "-k"]).expect(1, &["TLS 1.3"]);
}

fn openssl_port(output: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().find_map(|line| line.strip_prefix("ACCEPT "))?;
    text.contains('\n').then(|| line.rsplit(':').next()?.trim().parse().ok()).flatten()
}

#[test]
fn errors_are_colored_where_that_was_asked_for_and_nowhere_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let (server, root) = server_with(directory.path(), |_| {});
    let mut command = tlsbench(["connect", &server.target(), "--cacert", &root, "--color", "always"]);
    command.args(["--sni", "else.example"]);
    let ended = run_with(command, b"");
    assert!(ended.errors.contains("\x1b[1;31merror:\x1b[0m "), "colors where they were asked for: {ended:?}");
    let plain = run(["connect", &server.target(), "--cacert", &root, "--sni", "else.example"]);
    assert!(!plain.errors.contains('\x1b'), "{plain:?}");
}
