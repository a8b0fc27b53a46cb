//! With `--json`, standard output is one JSON document and nothing else, whatever is shown on standard error meanwhile: bars at
//! a terminal, lines elsewhere, and more of them with `-v`.
#![cfg(unix)]

mod support;

use serde_json::Value;
use support::skip::find;
use support::terminal::run_with_errors_at_a_terminal;
use support::{Ended, run, run_with, tlsbench};
use tempfile::TempDir;

/// Runs the command with its standard error in a pipe and at a terminal, without `-v` and with it; returns the documents.
fn documents(arguments: &str) -> Vec<Value> {
    let mut documents = Vec::new();
    for verbose in [&[][..], &["-v"]] {
        let command = || tlsbench(arguments.split(' ').chain(["--json"]).chain(verbose.iter().copied()));
        let piped = run_with(command(), b"");
        assert!(piped.errors.lines().any(|line| line.starts_with("[1/")), "no progress: {piped:?}");
        assert!(!piped.errors.contains('\x1b'), "nothing is drawn where there is no terminal: {piped:?}");
        documents.push(document(&piped));

        let drawn = run_with_errors_at_a_terminal(command());
        let bar = drawn.errors.split('\r').find(|line| line.contains("[1/"));
        assert!(bar.is_some_and(|bar| bar.contains('%') && bar.contains(['█', '░'])), "no bar: {drawn:?}");
        assert!(drawn.errors.contains('\x1b'), "it is taken away again: {drawn:?}");
        documents.push(document(&drawn));
    }
    documents
}

/// The one document that the program printed.
fn document(ended: &Ended) -> Value {
    ended.expect(0, &[]);
    assert!(ended.output.starts_with('{') && ended.output.ends_with("}\n"), "{ended:?}");
    assert!(!ended.output.contains(['\x1b', '\r']), "{ended:?}");
    serde_json::from_str(&ended.output).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

/// The same, for commands whose documents are results.
fn check(arguments: &str) {
    let schema: Value = serde_json::from_str(include_str!("../../results/schema.json")).expect("the schema");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    for document in documents(arguments) {
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        assert!(document["cases"].as_array().is_some_and(|cases| !cases.is_empty()), "{document:#}");
        assert_eq!(document["partial"], false);
    }
}

#[test]
fn throughput() {
    check("throughput --transport memory,loopback --count 3 --warmup 0s");
}

#[test]
fn latency() {
    check("latency --transport memory,loopback --size 64 --count 3 --warmup 0s");
}

#[test]
fn handshake() {
    check("handshake --count 5 --warmup 0s");
}

#[test]
fn a_profile() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("profile.toml");
    let profile = "description = 'for a test'\n[[case]]\ncommand = 'throughput'\ntransport = 'memory'\ncount = 2\nwarmup = '0s'\n\
                   [[case]]\ncommand = 'handshake'\ncount = 3\nwarmup = '0s'\n";
    std::fs::write(&path, profile).expect("a file");
    check(&format!("run {}", path.display()));
}

#[test]
fn ablate() {
    check("ablate --workload bulk --switch inline --duration 100ms");
}

#[test]
fn crypto() {
    check("crypto --algorithm sha256 --size 64 --duration 5ms");
}

#[test]
fn instructions() {
    if find("valgrind").is_some() {
        check("instructions --work record --size 64 --setting all");
    }
}

#[test]
fn compare_and_gate() {
    let folder = TempDir::new().expect("a folder");
    let [profile, baseline] =
        ["profile.toml", "baseline.json"].map(|name| folder.path().join(name).display().to_string());
    let text = "description = 'for a test'\n[[case]]\ncommand = 'throughput'\ntransport = 'memory'\ncount = 3\n\
                warmup = '0s'\n[[threshold]]\nmetric = 'send.copied_bytes_per_byte'\nmax_increase = 0\n";
    std::fs::write(&profile, text).expect("a file");
    run(["run", &profile, "-q", &format!("--json={baseline}")]).expect(0, &[]);
    for arguments in [format!("compare {baseline}"), format!("gate --profile {profile} --baseline {baseline}")] {
        for document in documents(&arguments) {
            assert_eq!(document["schema"], "tlsbench-comparison/1");
            assert!(document["cases"].as_array().is_some_and(|cases| !cases.is_empty()), "{document:#}");
        }
    }
}

#[test]
fn doctor() {
    for document in documents("doctor --duration 100ms") {
        assert_eq!(document["schema"], "tlsbench-doctor/1");
        assert!(document["noise"].as_array().is_some_and(|noise| !noise.is_empty()), "{document:#}");
    }
}
