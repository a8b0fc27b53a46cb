//! OpenSSL's `s_server` and `s_client` as peers.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::endpoint::Endpoint;
use super::pki::{Identity, Pki};
use super::programs::{Program, position};
use super::{assert_same_bytes, pattern};

/// What stands before and after the data of one exchange, so that it is found in all that the programs print; the data
/// itself has no letters.
fn marks(exchange: usize) -> [Vec<u8>; 2] {
    [format!("BEGIN-{exchange}-OF-DATA").into_bytes(), format!("END-{exchange}-OF-DATA").into_bytes()]
}

/// Some hundreds of records, and no whole number of them.
const DATA_BYTES: usize = 300_001;

/// What the programs print when a read brought no application data, and when they have sent a key update.
const NOISE: [&[u8]; 3] = [
    b"Read BLOCK
",
    b"read R BLOCK
",
    b"SSL_do_handshake -> 1
",
];

/// A running `s_server` that takes one connection.
pub struct Server {
    pub program: Program,
    pub port: u16,
    _files: Option<TempDir>,
}

impl Server {
    /// A server without a certificate.
    pub fn without_certificate<A: AsRef<OsStr>>(openssl: &Path, arguments: &[A]) -> Self {
        let mut command = Command::new(openssl);
        command.args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-tls1_3", "-nocert"]).args(arguments);
        Self::run(&mut command, None)
    }

    pub fn start<A: AsRef<OsStr>>(openssl: &Path, identity: &Identity, arguments: &[A]) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let files = identity.write(directory.path());
        let mut command = Command::new(openssl);
        command.args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-tls1_3", "-cert"]);
        command
            .arg(&files.chain)
            .arg("-cert_chain")
            .arg(&files.issuer)
            .args(["-keyform", "DER", "-key"])
            .arg(&files.key);
        Self::run(command.args(arguments), Some(directory))
    }

    fn run(command: &mut Command, files: Option<TempDir>) -> Self {
        let (program, port) = listening(command);
        Self { program, port, _files: files }
    }
}

/// `s_server` as it is started by this command, and its port.
pub fn listening(command: &mut Command) -> (Program, u16) {
    let program = Program::start(command);
    let output = program.wait_output("ACCEPT", |output| accepted_port(output).is_some());
    let port = accepted_port(&output).expect("it was there");
    (program, port)
}

/// `s_client`, connected to `port`, which trusts the root of `pki` and asks for localhost.
pub fn client<A: AsRef<OsStr>>(openssl: &Path, pki: &Pki, port: u16, arguments: &[A]) -> (Program, TempDir) {
    let directory = TempDir::new().expect("a temporary directory");
    let mut command = Command::new(openssl);
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-tls1_3", "-verify_return_error"]);
    command.args(["-servername", "localhost", "-verify_hostname", "localhost", "-CAfile"]);
    command.arg(pki.write_root(directory.path()));
    (Program::start(command.args(arguments)), directory)
}

/// Data to the program and back, compared at both ends.
pub fn exchange(end: &mut Endpoint, program: &Program, salt: usize) {
    let forth = pattern(DATA_BYTES, salt);
    end.send(&marked(&forth, salt)).unwrap();
    assert_same_bytes(&data(program, salt), &forth, "what the program got");
    let back = pattern(DATA_BYTES, salt + 1);
    program.send(&back);
    assert_same_bytes(&end.receive(back.len()).unwrap(), &back, "what came from the program");
}

/// `data` between the marks of `exchange`.
pub fn marked(data: &[u8], exchange: usize) -> Vec<u8> {
    let [begin, end] = marks(exchange);
    [&begin, data, &end].concat()
}

/// What a program got between the marks of `exchange`, waited for.
pub fn data(program: &Program, exchange: usize) -> Vec<u8> {
    let [begin, end] = marks(exchange);
    let mut output = program.wait_text(std::str::from_utf8(&end).expect("ASCII"));
    for noise in NOISE {
        output = without(&output, noise);
    }
    let begin = position(&output, &begin).expect("the begin of the data") + begin.len();
    let end = position(&output, &end).expect("the end of the data");
    output[begin..end].to_vec()
}

fn accepted_port(output: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(output);
    let (_, rest) = text.split_once("ACCEPT 127.0.0.1:")?;
    rest.split_once('\n')?.0.trim().parse().ok()
}

fn without(bytes: &[u8], noise: &[u8]) -> Vec<u8> {
    let mut rest = bytes;
    let mut kept = Vec::with_capacity(bytes.len());
    while let Some(place) = position(rest, noise) {
        kept.extend_from_slice(&rest[..place]);
        rest = &rest[place + noise.len()..];
    }
    kept.extend_from_slice(rest);
    kept
}
