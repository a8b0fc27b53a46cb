//! Certificates and keys as people have them: each is used, or told by name with what to do. The files are made by OpenSSL.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod environment;
mod own;
mod peers;
mod sections;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use support::pki::{Identity, KeyKind, Pki};
use support::skip::find;
use support::{Ended, Server, run_with_in, tlsbench};
use tempfile::TempDir;

/// A folder with the files of a test, and OpenSSL.
struct Bench {
    folder: TempDir,
    openssl: PathBuf,
}

/// What makes a certificate a server's.
const SERVER: &str = "-addext basicConstraints=critical,CA:FALSE";
const NAMED: &str = "-addext subjectAltName=DNS:localhost";

impl Bench {
    /// Nothing where OpenSSL is missing, which is told.
    fn new() -> Option<Self> {
        let openssl = find("openssl")?;
        Some(Self { folder: TempDir::new().expect("a folder"), openssl })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn write(&self, name: &str, parts: &[&[u8]]) {
        fs::write(self.path(name), parts.concat()).expect("written");
    }

    fn openssl(&self, line: &str) {
        let mut command = Command::new(&self.openssl);
        let ended = run_with_in(command.args(line.split(' ')), self.folder.path());
        assert_eq!(ended.code, Some(0), "openssl {line}: {ended:?}");
    }

    /// A key NAME.key as `genpkey` makes it with these options, and a certificate NAME.crt that it signs itself.
    fn identity(&self, name: &str, key: &str, extensions: &str) {
        self.openssl(&format!("genpkey {key} -out {name}.key"));
        self.certificate(name, &format!("{name}.key"), extensions);
    }

    fn certificate(&self, name: &str, key: &str, extensions: &str) {
        let extensions = if extensions.is_empty() { String::new() } else { format!(" {extensions}") };
        self.openssl(&format!("req -x509 -new -key {key} -subj /CN=localhost -days 30 -out {name}.crt{extensions}"));
    }

    fn tlsbench(&self, line: &str) -> Ended {
        run_with_in(&mut tlsbench(line.split(' ')), self.folder.path())
    }

    /// A server that uses these files is started, says this, and is ended.
    fn expect_served(&self, chain: &str, key: &str, sayings: &[&str]) {
        let mut command = tlsbench(["serve", "-v"]);
        command.current_dir(self.folder.path());
        let ended = Server::start_as(command, &["--cert", chain, "--key", key]).interrupt();
        ended.expect(0, sayings);
        if sayings.is_empty() {
            assert!(!ended.errors.contains(chain) && !ended.errors.contains(key), "nothing to say of it: {ended:?}");
        }
    }

    fn expect_refused(&self, chain: &str, key: &str, sayings: &[&str]) {
        for command in
            ["serve --listen 127.0.0.1:0", "handshake -n 1 -w 0s", "throughput --transport memory -n 1 -w 0s"]
        {
            self.tlsbench(&format!("{command} --cert {chain} --key {key}")).expect(2, sayings);
        }
    }
}

const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
const MARK: &[u8] = b"\xef\xbb\xbf";
const UTF_16: &str = "it is UTF-16 text, not UTF-8: `iconv -f UTF-16 -t UTF-8 FILE > FILE2`";

fn utf_16(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(text.to_vec()).expect("text");
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A certificate that is valid since 1960, which OpenSSL's own commands don't make.
fn write_old(bench: &Bench) {
    let old: Identity = Pki::shared(KeyKind::EcdsaP256)
        .issue(KeyKind::EcdsaP256, |params| params.not_before = rcgen::date_time_ymd(1960, 1, 1));
    bench.write("old.crt", &[old.chain_pem.as_bytes()]);
    bench.write("old.key", &[old.key_pem.as_bytes()]);
    bench.write("old-root.crt", &[Pki::shared(KeyKind::EcdsaP256).root_pem().as_bytes()]);
}
