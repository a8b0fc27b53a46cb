//! Servers that nobody here wrote.

use std::process::Command;

use tempfile::TempDir;

use super::support::listening::{announced_target, find_server, serve_with_nginx};
use super::support::pki::{KeyKind, Pki};
use super::support::programs::Program;
use super::support::skip::find;
use super::support::{run_with, tlsbench};
use super::{INTERMEDIATE, KIND, REQUEST, document, last};

#[test]
fn openssls_server_is_looked_at() {
    let Some(openssl) = find("openssl") else { return };
    for (kind, key, signature) in [
        (KeyKind::EcdsaP256, "ECDSA on P-256", "ecdsa-with-SHA256"),
        (KeyKind::Rsa2048, "RSA of 2048 bits", "sha256WithRSAEncryption"),
        (KeyKind::Ed25519, "Ed25519", "ed25519"),
    ] {
        let folder = TempDir::new().expect("a folder");
        let files = Pki::shared_identity(kind).write(folder.path());
        let root = Pki::shared(kind).write_root(folder.path());
        let mut command = Command::new(&openssl);
        command.args([
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-naccept",
            "1",
            "-rev",
            "-keyform",
            "DER",
            "-alpn",
            "echo",
        ]);
        command.args(["-num_tickets", "3", "-cert"]).arg(&files.chain).arg("-cert_chain").arg(&files.issuer);
        let server = Program::start(command.arg("-key").arg(&files.key));
        let target = announced_target(&server, "ACCEPT 127.0.0.1:");
        let mut command = tlsbench(["connect", &target, "--alpn", "echo", "--json", "--cacert"]);
        command.arg(&root);
        let ended = run_with(command, b"abc\n");
        ended.expect(0, &["ALPN:      echo\n", "tickets:   3, valid for 2h, no early data\n", "which is trusted\n"]);
        ended.expect(0, &[&format!("; {key}; signed with {signature}\n")]);
        let document = document(&ended);
        assert_eq!(last(&document)["answer_bytes"], 4, "cba and the end of the line: {document:#}");
        assert_eq!(last(&document)["chain"]["certificates"].as_array().map(Vec::len), Some(2));
    }
}

#[test]
fn nginx_is_looked_at_and_resumes() {
    let Some(nginx) = find_server("nginx") else { return };
    let folder = TempDir::new().expect("a folder");
    let identity = Pki::shared_identity(KIND);
    let files = ["chain.pem", "key.pem"].map(|name| folder.path().join(name));
    for (file, text) in files.iter().zip([&identity.chain_pem, &identity.key_pem]) {
        std::fs::write(file, text).expect("a file");
    }
    let root = Pki::shared(KIND).write_root(folder.path());
    let server = serve_with_nginx(&nginx, &files, "hello");
    let look = |flags: &[&str]| {
        let mut command = tlsbench(["connect", &format!("localhost:{}", server.port), "--json", "--cacert"]);
        command.arg(&root).args(flags);
        let ended = run_with(command, REQUEST);
        ended.expect(0, &["valid for 5m, up to 16,384 bytes of early data\n", "which is trusted\n"]);
        document(&ended)
    };
    let full = look(&[]);
    assert_eq!(last(&full)["tickets"]["count"], 2);
    assert_eq!(last(&full)["chain"]["certificates"][1]["subject"], INTERMEDIATE);
    let resumed = look(&["--resume", "--repeat", "2"]);
    for connection in resumed["connections"].as_array().expect("connections") {
        assert_eq!(connection["negotiated"]["resumed"], true, "{resumed:#}");
    }
}
