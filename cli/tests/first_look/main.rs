//! `tlsbench connect` as the first look at a server: what it tells of certificates, times, tickets and bytes, and the document
//! that says the same.

mod certificates;
mod peers;
mod several;
#[path = "../support/mod.rs"]
mod support;

use rcgen::CertificateParams;
use serde_json::{Value, json};
use support::pki::{Identity, KeyKind, Pki};
use support::{Ended, Server, run_with, tlsbench};
use tempfile::TempDir;

const KIND: KeyKind = KeyKind::EcdsaP256;
const REQUEST: &[u8] = b"GET / HTTP/1.0\r\n\r\n";
const INTERMEDIATE: &str = "CN=throw-away intermediate EcdsaP256";
const ROOT: &str = "CN=throw-away root EcdsaP256";

fn errors(document: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(include_str!("../../../results/connect.schema.json")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The document that was printed, which follows the schema.
fn document(ended: &Ended) -> Value {
    let document = serde_json::from_str(&ended.output).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    assert_eq!(errors(&document), Vec::<String>::new());
    document
}

/// The last of its connections.
fn last(document: &Value) -> &Value {
    document["connections"].as_array().and_then(|all| all.last()).unwrap_or_else(|| panic!("{document:#}"))
}

/// A server with these certificates, and the root that they lead to.
struct Site {
    server: Server,
    root: String,
    _folder: TempDir,
}

impl Site {
    /// With `change` made to what the leaf's certificate says.
    fn new(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let identity = Pki::shared(KIND).issue(KIND, change);
        Self::showing(&identity.chain_pem, &identity)
    }

    /// With this PEM instead of the whole chain.
    fn showing(chain: &str, identity: &Identity) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
        for (name, text) in
            [("chain.pem", chain), ("key.pem", &identity.key_pem), ("root.pem", &Pki::shared(KIND).root_pem())]
        {
            std::fs::write(path(name), text).expect("a file");
        }
        let server = Server::start(&["--mode", "http", "--cert", &path("chain.pem"), "--key", &path("key.pem")]);
        Self { server, root: path("root.pem"), _folder: folder }
    }

    /// `connect` to it, trusting the root.
    fn verified(&self, flags: &[&str]) -> Ended {
        run_with(tlsbench([&["connect", &self.server.target(), "--cacert", &self.root], flags].concat()), REQUEST)
    }

    /// The same, accepting anything.
    fn unverified(&self, flags: &[&str]) -> Ended {
        run_with(tlsbench([&["connect", &self.server.target(), "-k"], flags].concat()), REQUEST)
    }
}

#[test]
fn the_chain_the_times_the_tickets_and_the_bytes_are_told() {
    let site = Site::new(|_| {});
    let ended = site.verified(&[]);
    ended.expect(
        0,
        &[
            &format!("connected to {} at 127.0.0.1:{}\n", site.server.target(), site.server.port),
            "ALPN:      none, as none was offered (--alpn)\n",
            &format!("server:    verified as localhost, trusting 1 authority of {}\n", site.root),
            &format!("chain:     1 leaf: localhost, 127.0.0.1; issued by {INTERMEDIATE}; "),
            "; ECDSA on P-256; signed with ecdsa-with-SHA256\n",
            &format!("chain:     2 intermediate: {INTERMEDIATE}; issued by {ROOT}; "),
            &format!("chain:     leads to {ROOT}, which is trusted\n"),
            "tickets:   2, valid for 6h, no early data\n",
            "times:     DNS ",
            ", first byte ",
            "bytes:     handshake ",
            &format!(", {} of them the answer\n", ended.output.len()),
        ],
    );
    let address = run_with(tlsbench(["connect", &format!("127.0.0.1:{}", site.server.port), "-k"]), b"");
    address.expect(0, &[&format!("connected to 127.0.0.1:{}\n", site.server.port), "times:     TCP "]);
    assert!(!address.errors.contains("first byte"), "there was no answer: {}", address.errors);
    site.verified(&["--alpn", "h2"]).expect(1, &["no_application_protocol", "times:     DNS "]);
}

#[test]
fn the_document_says_the_same() {
    let site = Site::new(|_| {});
    let ended = site.verified(&["--json", "-q", "--alpn", "http/1.1"]);
    ended.expect(0, &[]);
    assert_eq!(ended.errors, "");
    let document = document(&ended);
    for (place, expected) in [
        ("/schema", json!("tlsbench-connect/1")),
        ("/target", json!(site.server.target())),
        ("/server_name", json!("localhost")),
        ("/authorities", json!(format!("1 authority of {}", site.root))),
        ("/partial", json!(false)),
        ("/error", json!(null)),
        ("/earlier", json!(null)),
        ("/spread", json!([])),
        ("/connections/0/address", json!(format!("127.0.0.1:{}", site.server.port))),
        ("/connections/0/negotiated/version", json!("TLSv1.3")),
        ("/connections/0/negotiated/alpn", json!("http/1.1")),
        ("/connections/0/negotiated/group", json!("X25519MLKEM768")),
        ("/connections/0/negotiated/signature", json!("ecdsa_secp256r1_sha256")),
        ("/connections/0/negotiated/resumed", json!(false)),
        ("/connections/0/chain/trust", json!("verified")),
        ("/connections/0/chain/trusted_issuer", json!(ROOT)),
        ("/connections/0/chain/missing_issuer", json!(null)),
        ("/connections/0/chain/certificates/0/role", json!("leaf")),
        ("/connections/0/chain/certificates/0/names", json!(["localhost", "127.0.0.1"])),
        ("/connections/0/chain/certificates/0/issuer", json!(INTERMEDIATE)),
        ("/connections/0/chain/certificates/1/role", json!("intermediate")),
        ("/connections/0/chain/certificates/1/key", json!("ECDSA on P-256")),
        ("/connections/0/tickets", json!({ "count": 2, "lifetime_s": 21_600, "early_data_bytes": null })),
    ] {
        assert_eq!(document.pointer(place), Some(&expected), "{place}: {document:#}");
    }
    let connection = last(&document);
    assert!(connection["answer_bytes"].as_u64() > Some(100), "the answer is counted: {connection:#}");
    for phase in ["dns_ns", "tcp_ns", "tls_ns", "first_byte_ns"] {
        assert!(connection["times"][phase].as_u64() > Some(0), "{phase}: {connection:#}");
    }

    let file = TempDir::new().expect("a folder");
    let path = file.path().join("look.json");
    let beside = site.verified(&[&format!("--json={}", path.display())]);
    beside.expect(0, &["times:"]);
    assert!(beside.output.starts_with("HTTP/1.1 200 OK\r\n"), "the answer goes where it always goes: {beside:?}");
    let written = Ended { output: std::fs::read_to_string(&path).expect("a file"), ..beside };
    assert_eq!(last(&self::document(&written))["chain"], connection["chain"]);
}

#[test]
fn the_schema_refuses_what_connect_does_not_write() {
    let site = Site::new(|_| {});
    let good = document(&site.verified(&["--json", "--repeat", "2"]));
    for (place, wrong) in [
        ("/schema", json!("tlsbench/1")),
        ("/started_at", json!("today")),
        ("/connections/0/address", json!(null)),
        ("/connections/0/times/tls_ns", json!(-1)),
        ("/connections/0/times", json!({})),
        ("/connections/0/negotiated/resumed", json!("no")),
        ("/connections/0/chain/trust", json!("maybe")),
        ("/connections/0/chain/refusal", json!("why")),
        ("/connections/0/chain/certificates", json!([])),
        ("/connections/0/chain/certificates/0/role", json!("boss")),
        ("/connections/0/chain/certificates/0/sha256", json!("00")),
        ("/connections/0/tickets/lifetime_s", json!(0)),
        ("/connections/0/wire/sent_bytes", json!(0.5)),
        ("/spread/0/phase", json!("lunch")),
        ("/differences", json!([{ "what": "x", "values": ["one"] }])),
    ] {
        let mut spoiled = good.clone();
        *spoiled.pointer_mut(place).unwrap_or_else(|| panic!("{place}: {good:#}")) = wrong;
        assert!(!errors(&spoiled).is_empty(), "{place}");
    }
}
