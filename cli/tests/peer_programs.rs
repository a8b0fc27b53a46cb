//! Libraries in programs of their own: one that works, and programs that die, hang and lie.

#[path = "support/mod.rs"]
mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{Ended, run};
use tempfile::TempDir;

/// What a program says first.
const HELLO: &str = r#"echo '{"protocol":4,"library":{"name":"mine","version":"1.0","provider":null}}'"#;
/// What it says to the order to move data.
const NEGOTIATED: &str = concat!(
    r#"read order; echo '{"Negotiated":{"version":772,"suite":4865,"group":29,"signature":null,"alpn":null,"#,
    r#""hello_retry":null,"is_resumed":false}}'"#,
);
const THROUGHPUT: &[&str] = &["throughput", "--transport", "memory", "--cipher", "aes128gcm", "--count", "10"];

/// The toy of the examples, which are built with the tests.
fn toy() -> PathBuf {
    let toy = Path::new(env!("CARGO_BIN_EXE_tlsbench")).with_file_name("examples").join("toy");
    assert!(toy.is_file(), "build it: cargo build --workspace --examples");
    toy
}

/// A shell script with these lines, as a program.
fn script(folder: &TempDir, lines: &[&str]) -> String {
    let path = folder.path().join("tlsbench-mine");
    fs::write(&path, format!("#!/bin/sh\n{}\n", lines.join("\n"))).expect("a script");
    fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("a program");
    path.to_str().expect("a path").to_owned()
}

/// Measures with these libraries.
fn measure(arguments: &[&str], libraries: &str) -> (Ended, Vec<Value>) {
    measure_peers(&[arguments, &["--warmup", "0s"]].concat(), libraries)
}

/// The same with a command that has no such warm-up.
fn measure_peers(arguments: &[&str], libraries: &str) -> (Ended, Vec<Value>) {
    let ended = run([arguments, &["--library", libraries, "--json"]].concat());
    let document: Value = serde_json::from_str(&ended.output).unwrap_or_default();
    let cases = document["cases"].as_array().cloned().unwrap_or_default();
    (ended, cases)
}

#[test]
fn a_program_carries_every_byte_over_every_transport() {
    let libraries = format!("tls-engine,{}", toy().display());
    let flags = ["throughput", "--transport", "memory,loopback", "--loopback-threads", "1,2", "--direction", "both"];
    let more = ["--count", "40", "--size", "20000", "--verify", "all", "--cipher", "aes256gcm", "--threads", "2"];
    let (ended, cases) = measure(&[&flags[..], &more].concat(), &libraries);
    ended.expect(0, &[]);
    let of_toy: Vec<_> = cases.iter().filter(|case| case["requested"]["library"] == "toy").collect();
    assert_eq!((cases.len(), of_toy.len()), (12, 6));
    for case in of_toy {
        assert_eq!(case["achieved"]["library_version"], "1.0.0");
        assert_eq!(case["achieved"]["compared_bytes"], 40 * 20_000);
        for side in ["send", "receive"] {
            assert!(
                case["metrics"][format!("{side}.throughput_bytes_per_s")]["median"].as_f64() > Some(0.0),
                "{case:#}"
            );
        }
    }
}

#[test]
fn a_program_completes_handshakes_and_its_heap_calls_are_counted() {
    let libraries = format!("tls-engine,{}", toy().display());
    for transport in ["memory", "loopback"] {
        let (ended, cases) = measure(&["handshake", "--count", "30", "--transport", transport], &libraries);
        ended.expect(0, &[]);
        let toy = &cases[1];
        assert_eq!((cases.len(), &toy["requested"]["library"]), (2, &"toy".into()));
        assert_eq!(toy["achieved"]["handshakes"], 30);
        // The program's own allocator counts the box in each connection.
        assert_eq!(toy["metrics"]["client.heap_calls_per_handshake"]["median"], 1.0, "{toy:#}");
        assert_eq!(toy["metrics"]["client.wire_bytes_per_handshake"]["median"], 3.0);
    }
}

#[test]
fn round_trips_of_a_program_are_refused_and_cost_no_other_library_its_case() {
    let arguments = ["latency", "--transport", "memory", "--size", "1", "--count", "5"];
    let (ended, cases) = measure(&arguments, &format!("{},rustls", toy().display()));
    ended.expect(0, &[]);
    let (lost, measured): (Vec<_>, Vec<_>) = cases.iter().partition(|case| case.get("unavailable").is_some());
    let reason = lost[0]["unavailable"]["message"].as_str().unwrap_or_default();
    assert!(
        reason.contains("toy, which is in a program of its own; measure the libraries of this program"),
        "{ended:?}"
    );
    assert_eq!(measured[0]["achieved"]["round_trips"], 5);
    measure(&arguments, toy().to_str().expect("a path")).0.expect(2, &["which is in a program of its own"]);
}

/// The others are measured to the end, and the reason is told.
fn costs_only_its_cells(lines: &[&str], reason: &str) {
    let folder = TempDir::new().expect("a folder");
    let libraries = format!("tls-engine,{},rustls", script(&folder, lines));
    let (ended, cases) = measure(THROUGHPUT, &libraries);
    ended.expect(1, &[reason]);
    for library in ["tls-engine", "rustls"] {
        let case = cases.iter().find(|case| case["requested"]["library"] == library);
        let bytes = case.map(|case| &case["achieved"]["receive_bytes"]);
        assert_eq!(bytes, Some(&(10 * 16_384).into()), "{library}: {ended:?}");
    }
}

#[test]
fn a_program_that_dies_is_told_with_its_last_words() {
    costs_only_its_cells(&[HELLO, NEGOTIATED, "read block; echo out of luck >&2; exit 3"], "out of luck");
}

#[test]
fn a_program_that_hangs_is_told() {
    costs_only_its_cells(&[HELLO, NEGOTIATED, "exec sleep 100"], "no reply for 20 s");
}

#[test]
fn a_program_that_reads_nothing_of_a_long_order_is_told() {
    let folder = TempDir::new().expect("a folder");
    let libraries = format!("tls-engine,{}", script(&folder, &[HELLO, "exec sleep 300"]));
    let began = std::time::Instant::now();
    let (ended, cases) = measure(&["handshake", "--count", "10", "--cipher", "aes128gcm"], &libraries);
    ended.expect(1, &["no reply for 30 s"]);
    assert_eq!(cases[0]["achieved"]["handshakes"], 10);
    assert!(began.elapsed().as_secs() < 60);
}

#[test]
fn a_program_that_closes_its_output_and_lives_on_is_told() {
    let lines = [HELLO, NEGOTIATED, "read block; exec 1>&-; sleep 300"];
    costs_only_its_cells(&lines, "it ended too early");
}

#[test]
fn a_program_that_dies_costs_peers_only_its_cells() {
    let folder = TempDir::new().expect("a folder");
    let program = script(&folder, &[HELLO, NEGOTIATED, "read block; echo out of luck >&2; exit 3"]);
    let libraries = format!("tls-engine,{program},rustls");
    let (ended, cases) = measure_peers(&["peers", "--work", "bulk,small", "--duration", "20ms"], &libraries);
    ended.expect(1, &["out of luck"]);
    // The engine has two providers.
    assert_eq!(cases.len(), 4 * 4, "{:?}", ended.errors);
    for case in &cases {
        let is_lost = case["unavailable"]["message"]
            .as_str()
            .is_some_and(|reason| reason.contains("ended too early") || reason.contains("than was asked for"));
        assert_eq!(is_lost, case["requested"]["library"] == "mine", "{case:#}");
        assert_eq!(case["metrics"].as_object().is_some_and(|metrics| !metrics.is_empty()), !is_lost);
    }
}

#[test]
fn a_program_that_negotiates_something_else_is_told() {
    let other = NEGOTIATED.replace("4865", "4866");
    costs_only_its_cells(&[HELLO, &other, "cat > /dev/null"], "another cipher suite than was asked for");
    let other = NEGOTIATED.replace("772", "771");
    costs_only_its_cells(&[HELLO, &other, "cat > /dev/null"], "another version than was asked for");
}

#[test]
fn a_program_that_lies_about_bytes_is_told() {
    let sample = r#"read block; echo '{"Ran":{"send":null,"receive":null,"total_ns":1}}'"#;
    costs_only_its_cells(&[HELLO, NEGOTIATED, sample, "cat > /dev/null"], "does not match the order");
}

#[test]
fn a_line_without_an_end_is_told() {
    costs_only_its_cells(&[HELLO, NEGOTIATED, "tr '\\0' x < /dev/zero"], "a line that is too long");
}

#[test]
fn a_program_that_is_no_such_program_is_a_wrong_flag() {
    let other = HELLO.replace("mine", "yours");
    let later = HELLO.replace(r#""protocol":"#, r#""protocol":7"#);
    for (lines, reason) in [
        (["echo hello"], "is not a program that tlsbench can drive"),
        (["exit 1"], "it ended too early"),
        ([other.as_str()], "says that it has yours, not mine"),
        ([later.as_str()], "build it again"),
    ] {
        let folder = TempDir::new().expect("a folder");
        let (ended, _) = measure(THROUGHPUT, &script(&folder, &lines));
        assert!(ended.code != Some(0) && ended.errors.contains(reason), "{reason}: {ended:?}");
    }
    run(["throughput", "--library", "./missing"]).expect(1, &["starting ./missing"]);
    run(["throughput", "--library", "missing"]).expect(2, &["openssl"]);
}
