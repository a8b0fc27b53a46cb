//! The AEGIS suites against the client of Zig's standard library: the one implementation of them in TLS that can be had
//! from a package index. It is compiled here, once, by whichever Zig is found.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::endpoint::{Endpoint, listen};
use support::pki::{KeyKind, Pki};
use support::programs::Program;
use support::skip::{on_path, skip};
use support::{providers, server};
use tempfile::TempDir;
use tls_engine::codes::CipherSuite;

const DATA_BYTES: usize = 1_000_003;
/// It offers every suite and leaves the choice to the server. AES-128-GCM is here to tell a fault of ours in AEGIS from
/// one in everything else.
const SUITES: [(CipherSuite, &str); 3] = [
    (CipherSuite::AEGIS_128L_SHA256, "AEGIS_128L_SHA256"),
    (CipherSuite::AEGIS_256_SHA512, "AEGIS_256_SHA512"),
    (CipherSuite::AES_128_GCM_SHA256, "AES_128_GCM_SHA256"),
];

#[test]
fn its_client_and_our_server_with_the_aegis_suites() {
    let directory = TempDir::new().unwrap();
    let Some(client) = compile(directory.path()) else { return };
    let ca_file = Pki::shared(KeyKind::EcdsaP256).write_root(directory.path());
    let mut ran = 0;
    for provider in providers() {
        for (suite, zig_name) in SUITES {
            if provider.suite(suite).is_none() {
                continue;
            }
            let (listener, port) = listen();
            let mut command = Command::new(&client);
            command.arg(port.to_string()).arg(&ca_file).arg(DATA_BYTES.to_string());
            let mut program = Program::start(&mut command);
            let config = server(provider, KeyKind::EcdsaP256, |builder| builder.suites(&[suite]));
            let mut endpoint = Endpoint::accept(&listener, &config).unwrap_or_else(|failure| {
                panic!("{} {suite}: {failure:?}; the client: {}", provider.name, program.wait_end().2)
            });
            assert_eq!(endpoint.peer.connection.negotiated().unwrap().suite, suite);
            // New keys in the middle. It is not asked for its own: it takes new ones without saying so on the wire.
            endpoint.echo_some(DATA_BYTES / 2).unwrap();
            endpoint.update_keys(false).unwrap();
            let echoed = DATA_BYTES / 2 + endpoint.echo().unwrap();
            endpoint.close().unwrap();
            let (status, _, report) = program.wait_end();
            assert!(status.success(), "{} {suite}: {report}", provider.name);
            assert!(report.contains(&format!("suite {zig_name}\n")), "{report}");
            assert!(report.contains(&format!("echoed {DATA_BYTES}\n")), "{report}");
            assert_eq!(echoed, DATA_BYTES);
            ran += 1;
        }
    }
    assert!(ran >= providers().len(), "no provider of this build has any of the suites");
}

/// Compiles the client into `directory`; `None` without a Zig.
fn compile(directory: &Path) -> Option<PathBuf> {
    let program = directory.join("client");
    let mut command = zig()?;
    command.args(["build-exe", "-ODebug", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/zig/client.zig")]);
    command.arg(format!("-femit-bin={}", program.display()));
    command.arg("--cache-dir").arg(directory.join("cache"));
    // The outcome of earlier runs speeds this up where the system keeps temporary files.
    command.arg("--global-cache-dir").arg(std::env::temp_dir().join("tlsbench-zig-cache"));
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
    Some(program)
}

/// `zig`, or the Python package that holds it.
fn zig() -> Option<Command> {
    if let Some(zig) = on_path("zig") {
        return Some(Command::new(zig));
    }
    if let Some(python) = on_path("python3") {
        let mut command = Command::new(python);
        command.args(["-m", "ziglang"]);
        let works = Command::new(command.get_program()).args(["-m", "ziglang", "version"]).output();
        if works.is_ok_and(|output| output.status.success()) {
            return Some(command);
        }
    }
    skip("zig is missing (the Python package ziglang has it)");
    None
}
