//! Certificates of clients, end to end: `serve` and `connect` with each other, and with programs that nobody here wrote.

mod support;

use std::path::Path;
use std::process::Command;

use support::certificate_files::{Files, KIND};
use support::pki::{KeyKind, Pki, for_client};
use support::programs::Program;
use support::skip::find;
use support::{Ended, Server, run, run_with, tlsbench};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// The subject of the throw-away certificates.
const SUBJECT: &str = "throw-away leaf";
const REQUIRED: &str = "the peer sent the alert certificate_required";

impl Files {
    /// `serve` with certificates of clients.
    fn serve(&self, flags: &[&str]) -> Server {
        Server::start(&[&["--mode", "http", "--client-ca", &self.path("ca.pem")], flags].concat())
    }

    /// `connect` with this certificate, to a server that is not verified.
    fn connect(&self, port: u16, name: &str) -> Ended {
        let target = format!("localhost:{port}");
        let (cert, key) = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        run_with(tlsbench(["connect", &target, "-k", "--cert", &cert, "--key", &key]), REQUEST)
    }
}

#[test]
fn both_ends_say_whose_certificate_was_shown() {
    let files = Files::new();
    for flags in [&[][..], &["--client-auth", "required"], &["--client-auth", "optional"], &["--job-threads", "2"]] {
        let server = files.serve(flags);
        let ended = files.connect(server.port, "client");
        ended.expect(0, &[&format!("client:    shown the certificate of {SUBJECT}")]);
        assert!(ended.output.contains(&format!(", client {SUBJECT}")), "{}", ended.output);
        server.interrupt().expect(0, &[&format!(", client {SUBJECT}")]);
    }
}

#[test]
fn a_client_without_a_certificate_learns_that_it_needs_one() {
    let files = Files::new();
    let server = files.serve(&[]);
    let ended = server.connect(&[], REQUEST);
    ended.expect(1, &[REQUIRED, "asked for a certificate, and has none", "--cert FILE and --key FILE"]);
    server.interrupt().expect(0, &["certificate refused: the client sent no certificate, which is required"]);

    let server = files.serve(&["--client-auth", "optional"]);
    let ended = server.connect(&[], REQUEST);
    ended.expect(0, &["asked for a certificate, and has none"]);
    assert!(ended.output.contains(", client without a certificate"), "{}", ended.output);
}

#[test]
fn a_server_that_does_not_ask_is_shown_nothing() {
    let files = Files::new();
    let server = Server::start(&["--mode", "http"]);
    let ended = files.connect(server.port, "client");
    ended.expect(0, &["client:    not asked for its certificate"]);
    assert!(!ended.output.contains("client"), "{}", ended.output);
}

#[test]
fn a_certificate_that_does_not_verify_is_refused_by_name() {
    let files = Files::new();
    files.write_identity("stranger", &Pki::new(KeyKind::EcdsaP384).issue(KIND, for_client));
    files.write_identity("server", Pki::shared_identity(KIND));
    let server = files.serve(&["--client-auth", "optional"]);
    files.connect(server.port, "stranger").expect(1, &["the peer sent the alert unknown_ca"]);
    files.connect(server.port, "server").expect(1, &["the peer sent the alert certificate_unknown"]);
    server.interrupt().expect(0, &["no trusted authority issued it", "does not allow it for a client"]);
}

#[test]
fn a_certificate_that_was_revoked_is_refused() {
    let files = Files::new();
    let pki = Pki::shared(KIND);
    for (name, serial) in [("good", 7_u64), ("revoked", 8)] {
        let identity = pki.issue(KIND, |params| {
            for_client(params);
            params.serial_number = Some(serial.into());
        });
        files.write_identity(name, &identity);
    }
    let [list, _] = pki.revocation_lists(&[8], 2090);
    files.write("list.pem", &list.pem().expect("PEM"));
    std::fs::write(files.path("list.der"), list.der()).expect("a file");
    for list in ["list.pem", "list.der"] {
        let server = files.serve(&["--client-crl", &files.path(list)]);
        files.connect(server.port, "good").expect(0, &["shown the certificate of"]);
        files.connect(server.port, "revoked").expect(1, &["the peer sent the alert certificate_revoked"]);
        server.interrupt().expect(0, &["it is revoked"]);
    }
    let serve = |flags: &[&str]| run([&["serve", "--listen", "127.0.0.1:0"], flags].concat());
    let ca = files.path("ca.pem");
    serve(&["--client-crl", &files.path("list.pem")]).expect(2, &["--client-ca"]);
    serve(&["--client-ca", &ca, "--client-crl", &ca]).expect(2, &["no revocation list found"]);
}

#[test]
fn flags_that_do_not_fit_are_refused() {
    let files = Files::new();
    let (ca, cert, key) = (files.path("ca.pem"), files.path("client.pem"), files.path("client.key"));
    let serve = |flags: &[&str]| run([&["serve", "--listen", "127.0.0.1:0"], flags].concat());
    serve(&["--client-auth", "optional"]).expect(2, &["--client-ca"]);
    serve(&["--client-ca", &ca, "--client-auth", "never"]).expect(2, &["required", "optional"]);
    serve(&["--client-ca", &key]).expect(2, &["no certificate found"]);
    serve(&["--client-ca", &ca, "--tickets", "1"]).expect(2, &["--tickets excludes --client-ca"]);
    serve(&["--client-ca", &ca, "--ticket-key", &ca]).expect(2, &["--ticket-key has no effect with --client-ca"]);
    run(["connect", "localhost:1", "--cert", &cert]).expect(2, &["--key"]);
    files.write_identity("other", &Pki::shared(KIND).issue(KIND, for_client));
    run(["connect", "localhost:1", "-k", "--cert", &cert, "--key", &files.path("other.key")])
        .expect(2, &["does not belong to the certificate"]);
}

#[test]
fn a_server_that_asks_gives_no_tickets() {
    let files = Files::new();
    let server = files.serve(&[]);
    let (cert, key) = (files.path("client.pem"), files.path("client.key"));
    let flags = ["--resume", "--linger", "200ms", "--cert", &cert, "--key", &key];
    server.connect(&flags, REQUEST).expect(0, &["has sent no ticket", "shown the certificate of"]);
}

#[test]
fn curl_shows_its_certificate() {
    let Some(curl) = find("curl") else { return };
    let files = Files::new();
    let server = files.serve(&[]);
    let ask = |flags: &[&str]| {
        let mut command = Command::new(&curl);
        command.args(["-sS", "--noproxy", "*", "--max-time", "60", "--cacert"]).arg(&server.ca).args(flags);
        run_with(command, b"")
    };
    let url = format!("https://localhost:{}/", server.port);
    let shown = ask(&["--cert", &files.path("client.pem"), "--key", &files.path("client.key"), &url]);
    shown.expect(0, &[]);
    assert!(shown.output.contains(&format!(", client {SUBJECT}")), "{}", shown.output);
    let refused = ask(&[&url]);
    assert!(refused.code != Some(0) && refused.output.is_empty(), "{refused:?}");
}

#[test]
fn openssls_client_shows_its_certificate() {
    let Some(openssl) = find("openssl") else { return };
    let files = Files::new();
    let server = files.serve(&[]);
    let ask = |flags: &[&str]| {
        let mut command = Command::new(&openssl);
        command.args(["s_client", "-ign_eof", "-verify_return_error", "-connect", &server.target(), "-CAfile"]);
        command.arg(&server.ca).args(flags);
        run_with(command, REQUEST)
    };
    let (cert, key) = (files.path("client.pem"), files.path("client.key"));
    let shown = ask(&["-cert", &cert, "-cert_chain", &cert, "-key", &key]);
    assert!(shown.output.contains(&format!(", client {SUBJECT}")), "{shown:?}");
    // It prints the names of the CertificateRequest.
    let names = shown.output.split_once("Acceptable client certificate CA names").expect("names").1;
    assert!(names.trim_start().starts_with("CN"), "{names}");
    assert!(names.contains("throw-away root EcdsaP256"), "{names}");
    let refused = ask(&[]);
    assert!(!refused.output.contains("Negotiated"), "{refused:?}");
    assert!(refused.errors.contains("certificate required"), "{refused:?}");
}

/// OpenSSL's server, which requires a certificate, and its port.
fn openssls_server(openssl: &Path, files: &Files, flags: &[&str]) -> (Program, u16) {
    files.write_identity("server", Pki::shared_identity(KIND));
    let mut command = Command::new(openssl);
    command.args(["s_server", "-accept", "127.0.0.1:0", "-tls1_3", "-www", "-Verify", "2", "-verify_return_error"]);
    command.arg("-CAfile").arg(files.path("ca.pem")).arg("-cert").arg(files.path("server.pem"));
    command.arg("-cert_chain").arg(files.path("server.pem")).arg("-key").arg(files.path("server.key"));
    let server = Program::start(command.args(flags));
    let port = |output: &[u8]| {
        let text = String::from_utf8_lossy(output);
        let line = text.lines().find_map(|line| line.strip_prefix("ACCEPT "))?;
        text.contains('\n').then(|| line.rsplit(':').next()?.trim().parse().ok()).flatten()
    };
    let port = port(&server.wait_output("its port", |output| port(output).is_some())).expect("it was there");
    (server, port)
}

#[test]
fn openssls_server_is_shown_a_certificate() {
    let Some(openssl) = find("openssl") else { return };
    let files = Files::new();
    let (_server, port) = openssls_server(&openssl, &files, &[]);
    let shown = files.connect(port, "client");
    assert!(shown.errors.contains(&format!("client:    shown the certificate of {SUBJECT}")), "{shown:?}");
    let (_, client) = shown.output.split_once("Client certificate").expect("the client's certificate");
    assert!(client.contains(SUBJECT), "{client}");
    let refused = run_with(tlsbench(["connect", &format!("localhost:{port}"), "-k"]), REQUEST);
    refused.expect(1, &[REQUIRED]);
}

/// RFC 8446 4.4.2.2: a certificate is not shown to a server that can't verify its signature.
#[test]
fn a_key_that_a_server_does_not_take_is_told_of() {
    let Some(openssl) = find("openssl") else { return };
    let files = Files::new();
    let (_server, port) = openssls_server(&openssl, &files, &["-client_sigalgs", "ed25519"]);
    let why = "asked for a certificate, but the server takes no signature of the key in --key";
    files.connect(port, "client").expect(1, &[REQUIRED, why]);
}

/// Every connection of a measurement shows it, and without one all fail of that.
#[test]
fn measurements_of_a_server_elsewhere_show_it() {
    let files = Files::new();
    let http = files.serve(&[]);
    let client_ca = files.path("ca.pem");
    let [sink, echo] = ["sink", "echo"].map(|mode| Server::start(&["--mode", mode, "--client-ca", &client_ca]));
    let (cert, key) = (files.path("client.pem"), files.path("client.key"));
    let [http_target, sink_target, echo_target] = [&http, &sink, &echo].map(Server::target);
    let measurements: [&[&str]; 4] = [
        &["handshake", "--connect", &http_target, "--http-get", "/", "--count", "20", "--warmup", "0s"],
        &["throughput", "--connect", &http_target, "--http-get", "/", "--count", "50", "--warmup", "0s"],
        &["throughput", "--connect", &sink_target, "--count", "20", "--warmup", "0s"],
        &["latency", "--connect", &echo_target, "--count", "20", "--warmup", "0s"],
    ];
    for words in measurements {
        let common = ["--cipher", "aes128gcm", "-k", "-q"];
        let shown = run([words, &common, &["--cert", &cert, "--key", &key]].concat());
        shown.expect(0, &[]);
        let refused = run([words, &common].concat());
        assert_ne!(refused.code, Some(0), "{words:?}");
        let told = refused.output.clone() + &refused.errors;
        assert!(told.contains("certificate_required"), "{words:?}: {told}");
    }
    // A client that waits for nothing has done its handshake before the server refuses it.
    let unanswered = run(["handshake", "--connect", &http_target, "--count", "20", "--warmup", "0s", "-k"]);
    unanswered.expect(0, &["asked for a certificate, and showed none", "--cert FILE and --key FILE"]);
    let told = http.interrupt();
    assert!(told.errors.matches(&format!(", client {SUBJECT}")).count() >= 20, "{}", told.errors);
}
