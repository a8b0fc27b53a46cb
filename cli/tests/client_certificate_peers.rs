//! Certificates of clients with nginx, haproxy and GnuTLS, as servers and as clients.
#![cfg(unix)]

mod support;

use std::process::Command;

use support::certificate_files::{Files, KIND};
use support::listening::{Listening, find_server, start_nginx};
use support::pki::{KeyKind, Pki, for_client};
use support::skip::find;
use support::{Ended, Server, run_with, tlsbench};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// The subject of the throw-away certificates.
const SUBJECT: &str = "throw-away leaf";

/// With certificates of a server, of a client, and of a client that nobody knows.
fn files() -> Files {
    let files = Files::new();
    files.write_identity("server", Pki::shared_identity(KIND));
    files.write_identity("stranger", &Pki::new(KeyKind::EcdsaP384).issue(KIND, for_client));
    files
}

impl Files {
    /// Fills in what is in braces: the port, and files by their names.
    fn filled(&self, configuration: &str, port: u16) -> String {
        let names = ["ca.pem", "server.pem", "server.key", "server-both.pem", "client-both.pem"];
        let with_port = configuration.replace("{port}", &port.to_string());
        names.iter().fold(with_port, |text, name| text.replace(&format!("{{{name}}}"), &self.path(name)))
    }

    /// `connect` to a server with the throw-away certificate, with one of one's own if there is a name.
    fn connect(&self, server: &Listening, name: Option<&str>) -> Ended {
        let (target, ca) = (format!("localhost:{}", server.port), self.path("ca.pem"));
        let mut command = tlsbench(["connect", &target, "--cacert", &ca]);
        if let Some(name) = name {
            let [certificate, key] = ["pem", "key"].map(|end| self.path(&format!("{name}.{end}")));
            command.args(["--cert", &certificate, "--key", &key]);
        }
        run_with(command, REQUEST)
    }
}

/// What nginx finds out goes into its answer: it completes handshakes whatever the client shows.
const NGINX: &str = "
    access_log off;
    server {
        listen 127.0.0.1:{port} ssl;
        ssl_protocols TLSv1.3;
        ssl_certificate {server.pem};
        ssl_certificate_key {server.key};
        ssl_client_certificate {ca.pem};
        ssl_verify_client on;
        ssl_verify_depth 2;
        location / { return 200 '$ssl_client_verify, $ssl_client_s_dn'; }
    }
";

#[test]
fn nginx_is_shown_a_certificate() {
    let Some(nginx) = find_server("nginx") else { return };
    let files = files();
    let server = start_nginx(&nginx, |_, port| files.filled(NGINX, port));
    let shown = files.connect(&server, Some("client"));
    shown.expect(0, &[&format!("client:    shown the certificate of {SUBJECT}")]);
    assert!(shown.output.ends_with(&format!("SUCCESS, CN={SUBJECT}")), "{}", shown.output);
    for (name, said) in
        [(None, "No required SSL certificate was sent"), (Some("stranger"), "The SSL certificate error")]
    {
        let refused = files.connect(&server, name);
        assert!(refused.output.starts_with("HTTP/1.1 400 ") && refused.output.contains(said), "{refused:?}");
    }
}

const HAPROXY: &str = "
defaults
    mode http
    timeout connect 30s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:{port} ssl crt {server-both.pem} ca-file {ca.pem} verify required ssl-min-ver TLSv1.3
    http-request return status 200 content-type text/plain lf-string \"verified %[ssl_c_verify], %[ssl_c_s_dn(cn)]\"
";

#[test]
fn haproxy_is_shown_a_certificate() {
    let Some(haproxy) = find_server("haproxy") else { return };
    let files = files();
    let server = Listening::start("haproxy.cfg", |_, port| {
        let mut command = Command::new(&haproxy);
        command.args(["-db", "-f"]);
        (command, files.filled(HAPROXY, port))
    });
    let shown = files.connect(&server, Some("client"));
    shown.expect(0, &[&format!("client:    shown the certificate of {SUBJECT}")]);
    assert!(shown.output.ends_with(&format!("verified 0, {SUBJECT}")), "{}", shown.output);
    for (name, alert) in [(None, "certificate_required"), (Some("stranger"), "unknown_ca")] {
        files.connect(&server, name).expect(1, &[&format!("the peer sent the alert {alert}")]);
    }
}

const HAPROXY_IN_FRONT: &str = "
defaults
    mode http
    timeout connect 30s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:{port}
    default_backend behind
backend behind
    server one 127.0.0.1:{back} ssl crt {client-both.pem} ca-file {ca.pem} verify required verifyhost localhost sni str(localhost) ssl-min-ver TLSv1.3
";

/// `serve` with the throw-away certificate, for clients with one.
fn serve(files: &Files) -> Server {
    let [certificate, key, ca] = ["server.pem", "server.key", "ca.pem"].map(|name| files.path(name));
    Server::start(&["--mode", "http", "--cert", &certificate, "--key", &key, "--client-ca", &ca])
}

#[test]
fn haproxy_in_front_shows_its_certificate() {
    let (Some(haproxy), Some(curl)) = (find_server("haproxy"), find("curl")) else { return };
    let files = files();
    let server = serve(&files);
    let proxy = Listening::start("haproxy.cfg", |_, port| {
        let mut command = Command::new(&haproxy);
        command.args(["-db", "-f"]);
        (command, files.filled(HAPROXY_IN_FRONT, port).replace("{back}", &server.port.to_string()))
    });
    let mut command = Command::new(&curl);
    command.args(["-sS", "--noproxy", "*", "--max-time", "60", &format!("http://127.0.0.1:{}/", proxy.port)]);
    let ended = run_with(command, b"");
    ended.expect(0, &[]);
    assert!(ended.output.contains(&format!(", client {SUBJECT}")), "{}", ended.output);
}

#[test]
fn gnutls_shows_a_certificate_and_is_shown_one() {
    let (Some(client), Some(server)) = (find("gnutls-cli"), find_server("gnutls-serv")) else { return };
    let files = files();
    let ours = serve(&files);
    let ask = |flags: &[&str]| {
        let mut command = Command::new(&client);
        command.args(["--port", &ours.port.to_string(), "--x509cafile", &files.path("ca.pem"), "localhost"]);
        command.args(flags);
        run_with(command, REQUEST)
    };
    let shown = ask(&["--x509certfile", &files.path("client.pem"), "--x509keyfile", &files.path("client.key")]);
    assert!(shown.output.contains(&format!(", client {SUBJECT}")), "{shown:?}");
    let refused = ask(&[]);
    assert!(!refused.output.contains("HTTP/1.1 200"), "{refused:?}");
    ours.interrupt().expect(0, &["certificate refused: the client sent no certificate, which is required"]);

    let theirs = Listening::start_with(|_, port| {
        let mut command = Command::new(&server);
        command.args(["--http", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3", "--port", &port.to_string()]);
        command.args(["--require-client-cert", "--verify-client-cert", "--x509cafile", &files.path("ca.pem")]);
        command.args(["--x509certfile", &files.path("server.pem"), "--x509keyfile", &files.path("server.key")]);
        command
    });
    let shown = files.connect(&theirs, Some("client"));
    shown.expect(0, &[&format!("client:    shown the certificate of {SUBJECT}")]);
    assert!(shown.output.starts_with("HTTP/1.0 200"), "{shown:?}");
    files.connect(&theirs, None).expect(1, &["the peer sent the alert certificate_required"]);
}
