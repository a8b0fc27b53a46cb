//! The examples do what their first lines say: each client talks to each server, over loopback.

mod support;

use std::path::PathBuf;
use std::process::Command;

use support::pki::{KeyKind, Pki};
use support::programs::Program;

const SERVERS: [&str; 2] = ["server", "event_loop"];
const CLIENTS: [(&str, &str); 3] = [
    ("client", "Hello over TLS 1.3\n"),
    ("own_buffers", "Hello over TLS 1.3\n"),
    ("two_halves", "Hello over TLS 1.3 on two threads\n"),
];

#[test]
fn every_client_gets_back_from_every_server_what_it_sends() {
    let folder = tempfile::tempdir().expect("a folder");
    let identity = Pki::shared_identity(KeyKind::EcdsaP256);
    let chain = identity.write(folder.path()).chain;
    let key = folder.path().join("key.pem");
    std::fs::write(&key, &identity.key_pem).expect("a file");
    let root = Pki::shared(KeyKind::EcdsaP256).write_root(folder.path());
    for server in SERVERS {
        let running = Program::start(Command::new(example(server)).arg("127.0.0.1:0").args([&chain, &key]));
        let printed = running.wait_output("the address", |output| output.ends_with(b"\n"));
        let printed = String::from_utf8(printed).expect("text");
        let address = printed.trim_end().strip_prefix("listening on ").expect("the address");
        for (client, expected) in CLIENTS {
            let ended =
                Command::new(example(client)).args([address, "localhost"]).arg(&root).output().expect("a client");
            assert!(ended.status.success(), "{client} with {server}: {ended:?}");
            assert_eq!(String::from_utf8_lossy(&ended.stdout), expected, "{client} with {server}");
        }
        let refused = Command::new(example("client")).args([address, "example.com"]).arg(&root).output();
        let refused = refused.expect("a client");
        let why = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && why.contains("WrongName"), "another name: {why}");
    }
}

/// The example that cargo has built beside this test.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(|deps| deps.parent()).expect("the folder of the build").join("examples");
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is missing: `cargo build --workspace --examples` builds it, as does `cargo test` without --test",
        path.display()
    );
    path
}
