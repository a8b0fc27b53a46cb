//! What surrounds a measurement and changes it: key logs, variables, processors.
#![cfg(target_os = "linux")]

mod support;

use std::path::Path;

use support::{Ended, run_with, run_with_in, tlsbench};

const QUICK: [&str; 8] =
    ["throughput", "--transport", "memory", "--duration", "50ms", "--warmup", "0s", "--json=results.json"];

/// With these variables, in this folder.
fn measure(folder: &Path, variables: &[(&str, &str)]) -> (Ended, serde_json::Value) {
    let mut command = tlsbench(QUICK);
    let ended = run_with_in(command.envs(variables.iter().copied()), folder);
    ended.expect(0, &[]);
    let text = std::fs::read(folder.join("results.json")).expect("results");
    (ended, serde_json::from_slice(&text).expect("JSON"))
}

#[test]
fn a_variable_writes_no_secrets_while_something_is_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("keys");
    for command in ["handshake -n 20", "throughput -n 20 --transport memory"] {
        let arguments: Vec<&str> = command.split(' ').chain(["--warmup", "0s"]).collect();
        let measure = |flags: &[&str]| {
            let mut measuring = tlsbench(arguments.iter().chain(flags));
            run_with_in(measuring.env("SSLKEYLOGFILE", &log), folder.path())
        };
        measure(&["--json=without.json"]).expect(0, &[]);
        assert!(!log.exists(), "{command}");
        measure(&["--keylog", "keys", "--json=with.json"]).expect(0, &["writing secrets to a key log"]);
        std::fs::remove_file(&log).expect("it was asked for");
        let compare = |line: &str| run_with_in(&mut tlsbench(line.split(' ')), folder.path());
        compare("compare without.json with.json").expect(5, &["only one of them wrote a key log"]);
        // A file of results does not decide that secrets are written.
        compare("compare with.json").expect(5, &["--keylog=keys", "--use-named"]);
        assert!(!log.exists(), "{command}");
    }
}

#[test]
fn a_key_log_loses_no_secret_in_silence() {
    let folder = tempfile::tempdir().expect("a folder");
    let shell = |script: &str| {
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", &script.replace("tlsbench", env!("CARGO_BIN_EXE_tlsbench"))]);
        run_with_in(&mut bash, folder.path())
    };
    // What the program says otherwise goes to the same file, and to the same place in it.
    shell("tlsbench handshake -n 9 -w 0ms --keylog /dev/stderr 2> said").expect(0, &[]);
    let said = std::fs::read_to_string(folder.path().join("said")).expect("text");
    let count = |label: &str| said.lines().filter(|line| line.starts_with(label) && line.len() > 128).count();
    let all = count("CLIENT_HANDSHAKE_TRAFFIC_SECRET ");
    assert!(all >= 18, "{said}");
    for label in ["SERVER_HANDSHAKE_TRAFFIC_SECRET ", "CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 "] {
        assert_eq!(count(label), all, "{label}: {said}");
    }
    assert!(said.contains("warning: writing secrets"), "{said}");
    shell("tlsbench handshake -n 2 -w 0ms --keylog /dev/full")
        .expect(0, &["secrets are missing from the key log /dev/full: No space left on device"]);
}

#[test]
fn what_the_environment_holds_is_text_in_results() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ended, document) = measure(folder.path(), &[("MALLOC_X", "a\u{1b}[31m\nhint: b\u{202e}")]);
    assert_eq!(document["host"]["environment"]["MALLOC_X"], "a\u{fffd}[31m\u{fffd}hint: b\u{fffd}");
    assert!(!ended.errors.contains("\nhint: b"), "{}", ended.errors);
    run_with_in(&mut tlsbench(["history", "results.json"]), folder.path()).expect(0, &[]);
}

#[test]
fn variables_that_change_numbers_are_told_and_make_results_incomparable() {
    let (before, after) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (_, plain) = measure(before.path(), &[]);
    assert!(plain["host"].get("environment").is_none(), "{plain}");
    let (ended, changed) = measure(after.path(), &[("MALLOC_ARENA_MAX", "1")]);
    assert!(ended.errors.contains("MALLOC_ARENA_MAX is set to '1'"), "{}", ended.errors);
    assert_eq!(changed["host"]["environment"]["MALLOC_ARENA_MAX"], "1");
    let files = [before.path().join("results.json"), after.path().join("results.json")];
    let mut compare = tlsbench(["compare"]);
    compare.args(&files);
    run_with(compare, b"").expect(5, &["MALLOC_ARENA_MAX is '1', not unset"]);
}

#[test]
fn nothing_is_called_fast_that_a_variable_takes_away() {
    let variable = if cfg!(target_arch = "aarch64") { "OPENSSL_armcap" } else { "OPENSSL_ia32cap" };
    let mut command = tlsbench(["ciphers", "--provider", "aws-lc-rs", "--format", "csv"]);
    command.env(variable, "~0x200000200000000");
    let ended = run_with(command, b"");
    ended.expect(0, &[]);
    assert!(!ended.output.contains("AES-NI") && !ended.output.contains("VAES"), "{}", ended.output);
    assert!(ended.output.contains(&format!("restricted by the environment variable {variable}")), "{}", ended.output);
}

#[test]
fn processors_that_may_be_used_are_counted() {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
    let folder = tempfile::tempdir().expect("a folder");
    let (_, plain) = measure(folder.path(), &[]);
    // Of this thread alone, and of what it starts.
    let mut one = CpuSet::new();
    one.set(sched_getcpu());
    sched_setaffinity(None, &one).expect("a set");
    assert_eq!(sched_getaffinity(None).expect("a set").count(), 1);
    let other = tempfile::tempdir().expect("a folder");
    let (_, pinned) = measure(other.path(), &[]);
    assert_eq!(pinned["host"]["usable_cpus"], 1);
    let shared = tlsbench(["throughput", "-n", "20", "--warmup", "0s", "--loopback-threads", "2"]);
    run_with(shared, b"").expect(0, &["both ends share one processor"]);
    if plain["host"]["usable_cpus"] != 1 {
        let files = [folder.path().join("results.json"), other.path().join("results.json")];
        let mut compare = tlsbench(["compare"]);
        compare.args(&files);
        run_with(compare, b"").expect(5, &["usable_cpus is 1, not "]);
    }
}
