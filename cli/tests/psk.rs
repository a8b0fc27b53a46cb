//! External pre-shared keys, end to end: `serve` and `connect` with each other, and with OpenSSL.

mod support;

use std::path::PathBuf;
use std::process::Command;

use support::programs::Program;
use support::skip::find;
use support::{Server, run, run_with, tlsbench};
use tempfile::TempDir;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const KEY: &str = "6dd32b4b7ac8f0c49e1fd1c4c7a9d0e1";
const OTHER_KEY: &str = "0dd32b4b7ac8f0c49e1fd1c4c7a9d0e1";

/// A file with these lines.
struct Keys(TempDir);

impl Keys {
    fn new(lines: &[(&str, &str)]) -> Self {
        let keys = Self(TempDir::new().expect("a temporary directory"));
        let text: String = lines.iter().map(|(identity, key)| format!("{identity}:{key}\n")).collect();
        std::fs::write(keys.path(), text).expect("a file");
        keys
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("psk.txt")
    }

    fn flags(&self) -> [String; 2] {
        ["--psk".to_owned(), self.path().to_str().expect("UTF-8").to_owned()]
    }
}

#[test]
fn both_ends_say_that_a_psk_was_used_and_which() {
    let known = Keys::new(&[("client-1", KEY), ("client-2", OTHER_KEY)]);
    let [flag, path] = known.flags();
    let server = Server::start(&["--mode", "http", &flag, &path]);
    for (lines, identity) in
        [(&[("client-2", OTHER_KEY)][..], "client-2"), (&[("nobody", KEY), ("client-1", KEY)], "client-1")]
    {
        let offered = Keys::new(lines);
        let [flag, path] = offered.flags();
        let ended = server.connect(&[&flag, &path], REQUEST);
        ended.expect(0, &["psk:       an external PSK", &format!("server:    knows the external PSK {identity}")]);
        assert!(!ended.errors.contains("verified as") && !ended.errors.contains("signature:"), "{}", ended.errors);
        let told = format!("TLS_AES_128_GCM_SHA256 X25519MLKEM768 external PSK ({identity})");
        assert!(ended.output.contains(&told), "{}", ended.output);
        // The ticket of that connection goes first in the next one.
        let resumed = server.connect(&[&flag, &path, "--resume"], REQUEST);
        resumed
            .expect(0, &["resumed:   with a ticket", &format!("server:    knew the external PSK {identity} before")]);
        assert!(!resumed.errors.contains("verified as"), "{}", resumed.errors);
    }
    // Without one, or with another, the certificate counts; a wrong key does not.
    server.connect(&[], REQUEST).expect(0, &["signature:", "verified as localhost"]);
    let unknown = Keys::new(&[("client-3", KEY)]);
    let [flag, path] = unknown.flags();
    server.connect(&[&flag, &path], REQUEST).expect(0, &["signature:", "verified as localhost"]);
    let wrong = Keys::new(&[("client-1", OTHER_KEY)]);
    let [flag, path] = wrong.flags();
    let ended = server.connect(&[&flag, &path], REQUEST);
    assert!(ended.code != Some(0) && ended.errors.contains("decrypt_error"), "{ended:?}");
    assert!(!ended.errors.contains(KEY) && !ended.errors.contains(OTHER_KEY), "{ended:?}");
}

#[test]
fn a_file_that_is_wrong_is_refused_and_not_shown() {
    for (identity, key, why) in [
        ("sesame", "0001", "line 1: an external PSK has 16 to 64 bytes"),
        ("sesame", "not hexadecimal", "line 1: the key is not in hexadecimal"),
        ("", KEY, "line 1: the identity of an external PSK has 1 to 1024 bytes"),
    ] {
        let keys = Keys::new(&[(identity, key)]);
        let [flag, path] = keys.flags();
        for line in [["serve", "--listen", "127.0.0.1:0"], ["connect", "localhost:1", "-k"]] {
            let ended = run(line.into_iter().chain([flag.as_str(), &path]));
            ended.expect(2, &["psk.txt", why]);
            assert!(!ended.errors.contains(key) && !ended.errors.contains("sesame"), "{ended:?}");
        }
    }
    let twice = Keys::new(&[("one", KEY), ("one", OTHER_KEY)]);
    let [flag, path] = twice.flags();
    run(["serve", "--listen", "127.0.0.1:0", &flag, &path]).expect(2, &["two external PSKs have the same identity"]);
    let many = Keys::new(&["a", "b", "c", "d", "e", "f", "g", "h", "i"].map(|identity| (identity, KEY)));
    let [flag, path] = many.flags();
    run(["connect", "localhost:1", "-k", &flag, &path]).expect(2, &["at most 8 external PSKs"]);
    let one = Keys::new(&[("one", KEY)]);
    let [flag, path] = one.flags();
    run(["connect", "localhost:1", "-k", "--cipher", "aes256gcm", &flag, &path])
        .expect(2, &["SHA-256 needs a cipher suite"]);
}

#[test]
fn openssls_client_and_server_take_it() {
    let Some(openssl) = find("openssl") else { return };
    let keys = Keys::new(&[("client-1", KEY)]);
    let [flag, path] = keys.flags();
    let server = Server::start(&["--mode", "http", &flag, &path]);
    let mut command = Command::new(&openssl);
    command.args(["s_client", "-connect", &format!("127.0.0.1:{}", server.port), "-ign_eof"]);
    command.args(["-psk", KEY, "-psk_identity", "client-1"]);
    let ended = run_with(command, REQUEST);
    assert!(ended.output.contains("external PSK (client-1)"), "{ended:?}");

    let mut command = Command::new(&openssl);
    command.args(["s_server", "-accept", "127.0.0.1:0", "-www", "-tls1_3", "-nocert"]);
    let peer = Program::start(command.args(["-psk", KEY, "-psk_identity", "client-1"]));
    let port = |output: &[u8]| {
        let text = String::from_utf8_lossy(output).into_owned();
        Some(text.split_once("ACCEPT 127.0.0.1:")?.1.split_once('\n')?.0.trim().to_owned())
    };
    let output = peer.wait_output("the port", |output| port(output).is_some());
    let target = format!("localhost:{}", port(&output).expect("it was there"));
    // Its certificate would be refused, if it had one.
    let ended = run_with(tlsbench(["connect", &target, &flag, &path]), b"GET / HTTP/1.0\r\n\r\n");
    ended.expect(0, &["an external PSK", "knows the external PSK client-1"]);
}
