//! `tlsbench gate`, end to end: a build against kept results, and against another program that runs in turns with it.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{Ended, run, tlsbench};
use tempfile::TempDir;

const CASE: &str = "throughput/memory/send/aes128gcm/1024";
const PROFILE: &str = "\
description = \"a case that takes no time\"
[[case]]
command = \"throughput\"
transport = \"memory\"
size = \"1k\"
duration = \"60ms\"
warmup = \"5ms\"
[[threshold]]
metric = \"*.copied_bytes_per_byte\"
max_increase = 0
[[threshold]]
metric = \"*.heap_calls_per_record\"
max_increase = 0
";

struct Bench {
    folder: TempDir,
}

impl Bench {
    /// A profile, and results of this build for it.
    fn new(more: &str) -> Self {
        let bench = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::write(bench.path("p.toml"), format!("{PROFILE}{more}")).expect("a file");
        bench.run(&["run", "p.toml", "--counts-only", "--json=base.json", "-q"]).expect(0, &[]);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = tlsbench(arguments);
        support::run_with_in(&mut command, self.folder.path())
    }

    fn gate(&self, flags: &[&str]) -> Ended {
        self.run(&[&["gate", "--profile", "p.toml", "--counts-only"], flags].concat())
    }

    /// Changes the baseline.
    fn edit(&self, change: impl Fn(&mut Value)) {
        let text = fs::read_to_string(self.path("base.json")).expect("a file");
        let mut value: Value = serde_json::from_str(&text).expect("JSON");
        change(&mut value);
        fs::write(self.path("edited.json"), value.to_string()).expect("a file");
    }

    /// A program that does what the script says.
    fn program(&self, name: &str, script: &str) -> String {
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
        path.display().to_string()
    }
}

/// Lets the median of a metric have been something else.
fn was(metric: &str, value: f64) -> impl Fn(&mut Value) {
    let metric = metric.to_owned();
    move |document| {
        let metric = &mut document["cases"][0]["metrics"][&metric];
        let count = metric["samples"].as_array().map_or(1, Vec::len);
        metric["samples"] = vec![value; count].into();
        (metric["median"], metric["mad"], metric["ci95"]) = (value.into(), 0.0.into(), vec![value, value].into());
    }
}

#[test]
fn the_same_build_passes_and_the_summary_is_appended() {
    let bench = Bench::new("");
    let summary = bench.path("summary.md");
    fs::write(&summary, "before\n").expect("a file");
    let mut gate = tlsbench(["gate", "--profile", "p.toml", "--baseline", "base.json", "--counts-only", "--strict"]);
    let ended = support::run_with_in(gate.env("GITHUB_STEP_SUMMARY", &summary), bench.folder.path());
    ended.expect(0, &[]);
    assert!(
        ended.output.contains("4 counts are equal: copied_bytes_per_byte, heap_calls_per_record."),
        "{}",
        ended.output
    );
    let text = fs::read_to_string(&summary).expect("a summary");
    assert!(text.starts_with("before\n### tlsbench: nothing is worse\n"), "{text}");
    let mut gate = tlsbench(["gate", "--profile", "p.toml", "--baseline", "base.json", "--counts-only"]);
    let ended = support::run_with_in(gate.env("GITHUB_STEP_SUMMARY", "/nonexistent/summary"), bench.folder.path());
    ended.expect(0, &["can't write the summary to /nonexistent/summary"]);
}

#[test]
fn what_is_worse_is_measured_once_more_and_ends_with_3() {
    let bench = Bench::new("");
    bench.edit(was("send.heap_calls_per_record", 1.0));
    bench.gate(&["--baseline", "edited.json"]).expect(0, &[]);
    fs::write(bench.path("slow.toml"), PROFILE.replace("size = \"1k\"", "size = \"1k\"\nzero-copy = false"))
        .expect("a file");
    let summary = bench.path("summary.md");
    let mut gate = tlsbench([
        "gate",
        "--profile",
        "slow.toml",
        "--baseline",
        "base.json",
        "--counts-only",
        "--results",
        "slow.json",
    ]);
    let ended = support::run_with_in(gate.env("GITHUB_STEP_SUMMARY", &summary), bench.folder.path());
    ended.expect(3, &["send.copied_bytes_per_byte +1.00 (throughput/", ": once more", "error: 2 metrics are worse"]);
    assert_eq!(ended.output.lines().filter(|line| line.starts_with("worse")).count(), 2, "{}", ended.output);
    assert!(ended.output.contains("Differs: another switch: zero_copy is false, not true."), "{}", ended.output);
    let text = fs::read_to_string(&summary).expect("a summary");
    assert!(text.contains("### tlsbench: 2 metrics are worse") && text.contains("| **worse** |"), "{text}");
    assert!(bench.path("slow.json").is_file());
}

#[test]
fn a_gate_that_could_not_see_does_not_pass() {
    let bench = Bench::new("");
    bench.edit(|document| document["cases"][0]["id"] = "another".into());
    bench
        .gate(&["--baseline", "edited.json"])
        .expect(5, &["the baseline has no such case", "measure the baseline again"]);
    bench.edit(|document| {
        document["cases"][0]["metrics"].as_object_mut().expect("metrics").remove("send.heap_calls_per_record");
    });
    bench
        .gate(&["--baseline", "edited.json"])
        .expect(5, &["send.heap_calls_per_record: the baseline does not have it"]);
    bench.edit(|document| document["host"]["cpu_model"] = "Other 1".into());
    let foreign = bench.gate(&["--baseline", "edited.json"]);
    foreign.expect(5, &["it is of another machine", "--allow-foreign"]);
    assert!(!foreign.errors.contains("[1/1]"), "that is known before anything is measured: {foreign:?}");
    bench.gate(&["--baseline", "edited.json", "--allow-foreign"]).expect(0, &[]);
    bench.gate(&["--baseline", "missing.json"]).expect(5, &["there is no such file"]);
}

#[test]
fn slips_are_told_with_their_line() {
    let about =
        |threshold: &str| Bench::new(&format!("[[threshold]]\nmetric = \"{threshold}\"\nmax_change = \"1 %\"\n"));
    let bench = about("*.wire_bytes_per_handshake");
    let ended = bench.gate(&["--baseline", "base.json"]);
    ended.expect(2, &["p.toml:14: no case has the metric *.wire_bytes_per_handshake"]);
    let bench = Bench::new("");
    let twice = format!("{PROFILE}[[case]]\ncommand = \"throughput\"\ntransport = \"memory\"\nsize = \"1k\"\n");
    fs::write(bench.path("p.toml"), twice).expect("a file");
    bench
        .gate(&["--baseline", "base.json"])
        .expect(2, &[&format!("a second case would be called {CASE}"), "hint: give it a label"]);
    fs::write(bench.path("p.toml"), PROFILE.split("[[threshold]]").next().expect("a head")).expect("a file");
    bench.gate(&["--baseline", "base.json"]).expect(2, &["it has no thresholds"]);
    bench.run(&["gate", "--profile", "ci"]).expect(2, &["--baseline", "--against"]);
    bench
        .gate(&["--baseline", "base.json", "--results", "base.json"])
        .expect(2, &["is an input file: choose another file"]);
}

#[test]
fn two_builds_run_in_turns() {
    let bench = Bench::new("[[threshold]]\nmetric = \"send.cpu_ns_per_byte\"\nmax_change = \"90 %\"\nhard = false\n");
    let this = env!("CARGO_BIN_EXE_tlsbench");
    let ended = bench.run(&["gate", "--profile", "p.toml", "--against", this, "--json", "--results", "own.json"]);
    ended.expect(0, &["pairs of blocks"]);
    let found: Value = serde_json::from_str(&ended.output).expect("JSON");
    assert_eq!((&found["interleaved"], &found["outcome"]), (&true.into(), &"passed".into()));
    let metrics = found["cases"][0]["metrics"].as_array().expect("metrics");
    let time = metrics.iter().find(|metric| metric["name"] == "send.cpu_ns_per_byte").expect("a time");
    assert!(time["samples"][0].as_u64().is_some_and(|pairs| pairs >= 8), "{time}");
    assert_eq!(time["is_binding"], true, "a soft threshold counts between builds of one run");
    assert!(bench.path("own.json").is_file());
    // Another build, whose switch is off: this one is better. The other way round it would be worse.
    let slow = bench.program("slow", &format!("exec {this} \"$@\" --zero-copy=off"));
    let ended = bench.gate(&["--against", &slow, "--blocks", "8"]);
    ended.expect(0, &[]);
    assert!(ended.output.contains("\nbetter"), "{}", ended.output);
}

#[test]
fn what_is_no_tlsbench_ends_the_gate_and_does_not_keep_it_waiting() {
    let bench = Bench::new("");
    let against = |script: &str| bench.gate(&["--against", &bench.program("other", script)]);
    against("true").expect(1, &["what it wrote is no result (it is empty): is it a tlsbench?"]);
    against("echo hello").expect(1, &["is it a tlsbench?"]);
    against("echo broken >&2; exit 7").expect(1, &["it ended with exit code 7: broken"]);
    against("sleep 30 & exit 0").expect(1, &["something that it started holds on to its output"]);
    against("echo no such flag >&2; exit 2")
        .expect(1, &["there is nothing that both programs can measure: no such flag"]);
    run(["gate", "--profile", "ci", "--against", "/nonexistent"]).expect(2, &["can't read /nonexistent"]);
}

#[test]
fn a_hanging_program_is_ended_with_the_gate() {
    let bench = Bench::new("");
    let marker = bench.path("started");
    let hanging = bench.program("hanging", &format!("echo $$ > {}; exec sleep 300", marker.display()));
    let mut command = tlsbench(["gate", "--profile", "p.toml", "--counts-only", "--against", &hanging]);
    let mut program = support::programs::Program::start(command.current_dir(bench.folder.path()));
    let pid = wait_for(&marker);
    support::interrupt(&program);
    let (status, _, errors) = program.wait_end();
    assert_eq!(status.code(), Some(130), "{errors}");
    assert!(!Path::new(&format!("/proc/{pid}")).exists(), "the program that hung is still there");
}

/// The number that somebody writes to a file.
fn wait_for(path: &Path) -> u32 {
    let began = std::time::Instant::now();
    loop {
        if let Some(number) = fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()) {
            return number;
        }
        assert!(began.elapsed() < support::endpoint::DEADLINE, "{} was never written", path.display());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// As docs/src/how-to/gate-in-ci.md shows it: the server of one build first, then that of the next.
#[test]
fn a_server_of_ones_own_is_held_to_thresholds() {
    let bench = Bench::new("");
    let server = support::Server::start(&["--mode", "sink"]);
    fs::copy(&server.ca, bench.path("ca.pem")).expect("a copy");
    let profile = format!(
        "description = \"a server\"\n[[case]]\ncommand = \"throughput\"\nconnect = \"{}\"\ncacert = \"ca.pem\"\nsni = \"localhost\"\n\
         size = \"16k\"\nduration = \"100ms\"\nwarmup = \"10ms\"\n[[threshold]]\nmetric = \"send.syscalls_per_mib\"\n\
         max_change = \"5 %\"\n",
        server.target()
    );
    fs::write(bench.path("server.toml"), &profile).expect("a file");
    bench.run(&["run", "server.toml", "--save-baseline", "base", "-q"]).expect(0, &[]);
    let gate = || bench.run(&["gate", "--profile", "server.toml", "--baseline", "base"]);
    gate().expect(0, &[]);
    // What the results of somebody name is not connected to, unless that is allowed.
    bench.run(&["compare", "base"]).expect(5, &["which needs --use-named"]);
    bench.run(&["compare", "base", "--use-named", "--noise-threshold", "90%"]).expect(0, &[]);
    server.interrupt();
    gate().expect(6, &["can't reach"]);
}

#[test]
fn counts_only_leaves_nothing_else() {
    let bench = Bench::new("");
    let text = fs::read_to_string(bench.path("base.json")).expect("a file");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let metrics = value["cases"][0]["metrics"].as_object().expect("metrics");
    assert!(metrics.len() > 4 && metrics.values().all(|metric| metric["kind"] == "count"), "{:?}", metrics.keys());
}
