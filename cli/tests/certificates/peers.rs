//! The certificate of a server that is not ours.

use std::process::Command;

use super::support::programs::Program;
use super::{Bench, NAMED, P256, SERVER, write_old};

/// OpenSSL as a server with this certificate, and its port.
fn openssl_server(bench: &Bench, chain: &str, key: &str) -> (Program, u16) {
    let mut command = Command::new(&bench.openssl);
    let line = "s_server -accept 127.0.0.1:0 -tls1_3 -cipher ALL:@SECLEVEL=0 -cert";
    command.current_dir(bench.folder.path()).args(line.split(' ')).args([chain, "-key", key]);
    let program = Program::start(&mut command);
    let port = |output: &[u8]| {
        let text = String::from_utf8_lossy(output).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("ACCEPT "))?;
        text.contains('\n').then(|| line.rsplit(':').next()?.trim().parse::<u16>().ok()).flatten()
    };
    let output = program.wait_output("its port", |output| port(output).is_some());
    (program, port(&output).expect("it was there"))
}

#[test]
fn a_peers_certificate_is_told_what_it_is_and_what_to_do() {
    let Some(bench) = Bench::new() else { return };
    let server = format!("{SERVER} {NAMED}");
    bench.identity("own", P256, &server);
    bench.certificate("authority", "own.key", NAMED);
    bench.certificate("nameless", "own.key", SERVER);
    bench.openssl("req -new -key own.key -subj /CN=localhost -out own.csr");
    bench.openssl("x509 -req -in own.csr -signkey own.key -days 9 -out first-version.crt");
    bench.write("extensions", &[b"basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n"]);
    for (name, options) in [
        ("short", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024"),
        ("ed448", "-algorithm ED448"),
        ("p521", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
        ("explicit", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit"),
    ] {
        bench.identity(&format!("{name}-root"), options, "");
        bench.openssl(&format!(
            "x509 -req -in own.csr -CA {name}-root.crt -CAkey {name}-root.key -CAcreateserial -days 9 -extfile extensions \
             -out by-{name}.crt"
        ));
        bench.certificate(name, &format!("{name}-root.key"), &server);
    }
    write_old(&bench);
    let another = "hint: the server needs a different certificate";
    let alert = "the peer sent the alert handshake_failure";
    let kinds = "ECDSA on P-256 or P-384, Ed25519, or RSA";
    for (chain, key, trust, what, hint) in [
        ("authority.crt", "own.key", "authority.crt", "CA certificate (CA:TRUE), not a server's", SERVER),
        (
            "nameless.crt",
            "own.key",
            "nameless.crt",
            "no subjectAltName, and its common name (CN)",
            "subjectAltName=DNS:NAME",
        ),
        ("first-version.crt", "own.key", "own.crt", "X.509 version 3 is needed", "`openssl x509 -req`"),
        ("by-short.crt", "own.key", "short-root.crt", "the key of its issuer, which is RSA of 1024 bits", another),
        ("by-ed448.crt", "own.key", "ed448-root.crt", "the key of its issuer, which is Ed448", another),
        ("by-p521.crt", "own.key", "p521-root.crt", "the key of its issuer, which is ECDSA on P-521", another),
        (
            "by-explicit.crt",
            "own.key",
            "explicit-root.crt",
            "the key of its issuer, which is ECDSA on a curve",
            another,
        ),
        ("short.crt", "short-root.key", "short.crt", "its key, which is RSA of 1024 bits", another),
        ("short.crt", "short-root.key", "-k", "its key, which is RSA of 1024 bits", another),
        ("explicit.crt", "explicit-root.key", "-k", "its key, which is ECDSA on a curve", another),
        ("ed448.crt", "ed448-root.key", "ed448.crt", alert, kinds),
        ("p521.crt", "p521-root.key", "p521.crt", alert, kinds),
        ("old.crt", "old.key", "old-root.crt", "a validity that begins or ends before 1970", another),
    ] {
        let (_server, port) = openssl_server(&bench, chain, key);
        let trust = if trust == "-k" { "-k".to_owned() } else { format!("--cacert {trust}") };
        eprintln!("{chain} {trust}");
        bench.tlsbench(&format!("connect localhost:{port} {trust}")).expect(1, &["error: localhost:", what, hint]);
    }
}
