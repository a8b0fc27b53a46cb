//! Certificates that are compressed (RFC 8879), end to end: `serve` and `connect` with each other, and how much `handshake` finds that it saves.

mod support;

use std::path::Path;

use serde_json::Value;
use support::pki::{KeyKind, Pki};
use support::{Server, run, run_with, tlsbench};
use tempfile::TempDir;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Files of a chain of two certificates, as servers have them.
struct Chain {
    directory: TempDir,
    root: String,
}

impl Chain {
    fn new() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let identity = Pki::shared_identity(KeyKind::EcdsaP256);
        for (name, text) in [("chain.pem", &identity.chain_pem), ("key.pem", &identity.key_pem)] {
            std::fs::write(directory.path().join(name), text).expect("a file");
        }
        let root = text(&Pki::shared(KeyKind::EcdsaP256).write_root(directory.path()));
        Self { directory, root }
    }

    /// Flags that name the chain.
    fn identity(&self) -> [String; 4] {
        let path = |name| text(&self.directory.path().join(name));
        ["--cert".into(), path("chain.pem"), "--key".into(), path("key.pem")]
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn both_ends_say_what_the_certificate_was_compressed_with() {
    let chain = Chain::new();
    let identity = chain.identity();
    for (ours, theirs, expected) in [
        (&["--cert-compression", "brotli:zlib"][..], &["--cert-compression", "zlib,brotli"][..], Some("brotli")),
        (&["--cert-compression", "ZLIB"], &["--cert-compression", "brotli,zlib"], Some("zlib")),
        (&["--cert-compression", "zlib"], &["--cert-compression", "brotli"], None),
        (&["--cert-compression", "none"], &["--cert-compression", "brotli"], None),
        (&[], &["--cert-compression", "brotli"], None),
        (&["--cert-compression", "brotli"], &[], None),
    ] {
        let flags: Vec<&str> = identity.iter().map(String::as_str).chain(ours.iter().copied()).collect();
        let server = Server::start(&[&["--mode", "http"], &flags[..]].concat());
        let target = format!("localhost:{}", server.port);
        let connect = |more: &[&str]| {
            let front = ["connect", &target, "--cacert", &chain.root].map(str::to_owned);
            let all = front.into_iter().chain([theirs, more].concat().into_iter().map(str::to_owned));
            run_with(tlsbench(all), REQUEST)
        };
        let ended = connect(&[]);
        ended.expect(0, &["verified as localhost"]);
        let told = |with: &str| ended.errors.contains(&format!("certificate: compressed with {with}"));
        assert_eq!(expected.is_some(), told(""), "{}", ended.errors);
        assert!(expected.is_none_or(told), "{}", ended.errors);
        // The page says what the server has made of it.
        let summary = expected.map(|with| format!("certificate compressed with {with}"));
        assert_eq!(ended.output.contains("certificate compressed"), expected.is_some(), "{}", ended.output);
        assert!(summary.is_none_or(|summary| ended.output.contains(&summary)), "{}", ended.output);
        let document: Value = serde_json::from_str(&connect(&["--json=-"]).output).expect("a document");
        let negotiated = &document["connections"][0]["negotiated"];
        assert_eq!(negotiated["certificate_compression"].as_str(), expected);
    }
}

#[test]
fn handshakes_with_a_compressed_certificate_have_fewer_bytes() {
    let chain = Chain::new();
    let identity = chain.identity();
    let flags = ["handshake", "--cert-compression", "none,zlib,brotli", "-n", "20", "--warmup", "0s", "--json=-"];
    let trust = ["--cacert".to_owned(), chain.root];
    let all = flags.into_iter().map(str::to_owned).chain(identity).chain(trust);
    let ended = run(all);
    ended.expect(0, &[]);
    let document: Value = serde_json::from_str(&ended.output).expect("a document");
    let cases = document["cases"].as_array().expect("cases");
    let mut bytes = Vec::new();
    for (case, with) in cases.iter().zip(["none", "zlib", "brotli"]) {
        assert_eq!(case["requested"]["cert_compression"], with);
        assert!(case["id"].as_str().expect("a name").ends_with(&format!("/cert-compression={with}")));
        let metric = &case["metrics"]["server.wire_bytes_per_handshake"];
        bytes.push(metric["median"].as_f64().unwrap_or_else(|| panic!("no bytes: {}", case["metrics"])));
    }
    let [none, zlib, brotli] = bytes[..] else { panic!("three cases: {bytes:?}") };
    assert!(zlib + 20.0 < none && brotli + 20.0 < none, "{bytes:?}");
}

#[test]
fn what_nobody_knows_is_refused_with_what_there_is() {
    for command in ["serve", "handshake"] {
        run([command, "--cert-compression", "zstd"]).expect(2, &["zstd", "zlib", "brotli", "none"]);
    }
    let ended = run(["handshake", "--cert-compression", "zlib", "--library", "rustls", "-n", "2", "--warmup", "0s"]);
    assert!(ended.errors.contains("--cert-compression is for --library tls-engine"), "{}", ended.errors);
}
