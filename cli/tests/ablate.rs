//! `tlsbench ablate` from end to end: the real program, in runs too short for its times to be asked about.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tls_engine::switches::Switch;

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlsbench"));
    command.arg("ablate").args(arguments).stdin(Stdio::null()).output().expect("the program runs")
}

/// Runs with `--json`, and returns the document after it has been checked against its schema.
fn document(arguments: &[&str]) -> Value {
    let output = run(&[arguments, &["--duration", "1ms", "--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {}\n{errors}", output.status);
    let document = serde_json::from_slice(&output.stdout).expect("JSON and nothing else on standard output");
    check(&document);
    document
}

fn check(document: &Value) {
    let schema: Value = serde_json::from_str(include_str!("../../results/schema.json")).expect("the schema");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

fn cases(document: &Value) -> BTreeMap<&str, &Value> {
    let cases = document["cases"].as_array().expect("cases");
    cases.iter().map(|case| (case["id"].as_str().expect("a name"), case)).collect()
}

fn median(case: &Value, metric: &str) -> f64 {
    case["metrics"][metric]["median"].as_f64().unwrap_or_else(|| panic!("{metric} in {case:#}"))
}

#[test]
fn every_switch_is_compared_in_every_workload_or_said_to_be_off_its_path() {
    let document = document(&["--connections", "24"]);
    let cases = cases(&document);
    let workloads: BTreeSet<&str> = cases.values().filter_map(|case| case["requested"]["workload"].as_str()).collect();
    let expected = ["bulk", "handshakes", "resumed", "scale", "small-1024", "small-4096", "small-512", "small-64"];
    assert!(workloads.iter().eq(&expected), "{workloads:?}");
    for workload in workloads {
        for base in ["full", "empty"] {
            assert!(cases.contains_key(&*format!("ablate/{workload}/nothing/{base}")), "the noise of {workload}");
        }
        let mut names: Vec<&str> = Switch::ALL.iter().map(|switch| switch.name).collect();
        names.push("provider");
        for name in names {
            let of_switch: Vec<_> = cases
                .values()
                .filter(|case| case["requested"]["workload"] == workload && case["requested"]["switch"] == name)
                .collect();
            assert!(!of_switch.is_empty(), "{workload} {name}");
            for case in of_switch {
                let is_on_path = case["achieved"]["is_on_path"].as_bool().expect("said");
                let metrics = case["metrics"].as_object().expect("metrics");
                assert_eq!(metrics.is_empty(), !is_on_path, "{case:#}");
                assert_eq!(case["achieved"].get("why_not").is_some(), !is_on_path, "{case:#}");
                for (name, effect) in metrics.iter().filter(|(name, _)| name.ends_with("_effect")) {
                    let name = name.trim_end_matches("_effect");
                    let interval = effect["ci95"].as_array().expect("an interval");
                    assert!(interval[0].as_f64() <= interval[1].as_f64(), "{case:#}");
                    assert!(metrics.contains_key(name) && metrics.contains_key(&format!("{name}_without")), "{case:#}");
                    let smallest = &case["achieved"][&format!("{}_smallest_effect", name.replace('.', "_"))];
                    assert!(smallest.as_f64().is_some_and(|smallest| smallest >= 0.0), "{case:#}");
                }
                let effects = metrics.keys().filter(|name| name.ends_with("_effect")).count();
                let verdicts: Vec<&str> = case["achieved"]
                    .as_object()
                    .expect("facts")
                    .iter()
                    .filter(|(name, _)| name.ends_with("_verdict"))
                    .filter_map(|(_, verdict)| verdict.as_str())
                    .collect();
                assert_eq!(verdicts.len(), effects, "{case:#}");
                assert!(verdicts.iter().all(|verdict| ["helps", "hurts", "inside the noise"].contains(verdict)));
            }
        }
    }
    let is_on_path = |id: &str| cases[id]["achieved"]["is_on_path"].as_bool().expect("said");
    assert!(!is_on_path("ablate/bulk/arena=on/full") && !is_on_path("ablate/handshakes/signal=eventfd/full"));
    assert!(!is_on_path("ablate/small-64/signal=pipe/full") && is_on_path("ablate/scale/signal=pipe/full"));
    assert!(is_on_path("ablate/handshakes/arena=on/empty") && is_on_path("ablate/handshakes/zero-copy=on/full"));
}

#[test]
fn what_is_counted_is_the_same_in_two_runs_but_for_signatures_and_shows_what_the_switches_are_for() {
    let arguments = ["--workload", "handshakes", "--switch", "arena,buffer-pool", "--seed", "7"];
    let (first, second) = (document(&arguments), document(&arguments));
    let (first, second) = (cases(&first), cases(&second));
    assert!(first.keys().eq(second.keys()));
    for (id, case) in &first {
        for side in ["client", "server"] {
            let calls = |case: &Value| median(case, &format!("{side}.heap_calls_per_handshake"));
            // The length of a signature is random, and with it whether a library's buffer for one has to grow.
            assert!((calls(case) - calls(second[id])).abs() <= 2.0, "{id} {side}");
        }
        assert_eq!(case["achieved"]["heap_calls_of_c_are_counted"], cfg!(all(target_os = "linux", target_env = "gnu")));
    }
    for base in ["full", "empty"] {
        let arena = first[&*format!("ablate/handshakes/arena=on/{base}")];
        for side in ["client", "server"] {
            assert!(median(arena, &format!("{side}.heap_calls_per_handshake_effect")) < 0.0, "{side} {arena:#}");
            assert_eq!(arena["achieved"][&format!("{side}_heap_calls_per_handshake_verdict")], "helps");
        }
        let pool = first[&*format!("ablate/handshakes/buffer-pool=thread-local/{base}")];
        let without = median(pool, "total.idle_bytes_per_connection_without");
        assert!(without - median(pool, "total.idle_bytes_per_connection") > 4.0 * 16_384.0, "{pool:#}");
    }
}

#[test]
fn small_messages_have_percentiles_and_all_round_trips_in_a_histogram() {
    let document = document(&["--workload", "small", "--switch", "zero-copy"]);
    let cases = cases(&document);
    assert_eq!(cases.len(), 4 * 4, "two bases of the switch and two of the noise, in four sizes");
    for (id, case) in cases {
        let percentiles =
            ["p50", "p90", "p99", "p99_9"].map(|name| median(case, &format!("total.round_trip_{name}_ns")));
        assert!(percentiles[0] > 1_000.0 && percentiles.is_sorted(), "{id} {percentiles:?}");
        for end in ["", "_without"] {
            let metric = &case["metrics"][&format!("total.round_trip_ns{end}")];
            assert!(metric["histogram"].as_str().is_some_and(|text| text.starts_with("HISTFAA")), "{metric:#}");
        }
        for side in ["client", "server"] {
            // A write and a read, and perhaps a read that finds nothing yet.
            let calls = median(case, &format!("{side}.syscalls_per_message"));
            assert!((2.0..3.0).contains(&calls), "{id} {side} {calls}");
            assert!(median(case, &format!("{side}.cpu_ns_per_message")) < percentiles[3], "{id} {side}");
        }
    }
    let warnings = document["warnings"].as_array().expect("warnings");
    let is_of_tail =
        |warning: &&Value| warning["message"].as_str().is_some_and(|text| text.contains("too few for p99.9"));
    assert_eq!(warnings.iter().filter(is_of_tail).count(), 4, "{warnings:?}");
}

#[test]
fn a_loop_of_many_connections_tells_memory_turns_and_system_calls() {
    let arguments = ["--workload", "scale", "--switch", "signal,buffer-pool", "--connections", "100"];
    let document = document(&arguments);
    let cases = cases(&document);
    for (id, case) in &cases {
        // A message is longer than what a turn takes.
        let turns = median(case, "server.turns_per_message");
        assert!((2.5..8.0).contains(&turns), "{id} {turns}");
        assert!(median(case, "server.syscalls_per_message") >= 2.0, "{id}");
        assert!(median(case, "server.cpu_ns_per_message") > 0.0, "{id}");
        let (idle, peak) =
            (median(case, "server.idle_bytes_per_connection"), median(case, "server.peak_bytes_per_connection"));
        assert!(idle > 500.0 && peak >= idle * 0.9, "{id} {idle} {peak}");
        assert_eq!(case["requested"]["connections"], 100);
    }
    for base in ["full", "empty"] {
        let pool = cases[&*format!("ablate/scale/buffer-pool=thread-local/{base}")];
        let saved = -median(pool, "server.idle_bytes_per_connection_effect");
        // A receive buffer and a send buffer, each of two records, less what the pool keeps for all.
        assert!(saved > 3.0 * 16_384.0, "{base} {saved}");
    }
}

#[test]
fn the_table_has_switches_down_and_measures_across() {
    let output = run(&["--workload", "bulk", "--switch", "arena,inline", "--duration", "1ms"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout);
    for part in ["switch", "send", "receive", "CPU", "inline", "noise", "Not on the path of these workloads: arena."] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(!text.contains("zero-copy"), "{text}");
}

#[test]
fn all_workloads_stand_in_a_table_that_is_not_wider_than_a_hundred() {
    let arguments = ["--switch", "inline", "--connections", "24", "--duration", "1ms"];
    let output = run(&arguments);
    let text = String::from_utf8_lossy(&output.stdout);
    let (conclusion, tables) = text.split_once("\n\n").expect("a conclusion, and tables");
    assert!(conclusion.contains("inline"), "{text}");
    let (tables, _) = tables.rsplit_once("\n\n").expect("tables, and how to read them");
    assert!(tables.lines().all(|line| line.chars().count() <= 100), "{text}");
    for part in ["handshakes", "resumed", "bulk", "small-64", "small-4096", "scale", "wake-ups", "p99.9"] {
        assert!(tables.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn ctrl_c_keeps_the_workloads_that_are_done_and_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("ablation.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlsbench"));
    command.args(["ablate", "--workload", "handshakes,bulk", "--switch", "inline", "--duration", "2s", "-o"]);
    let mut child = command
        .args([file.as_os_str(), "--format".as_ref(), "json".as_ref()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut lines = BufReader::new(child.stderr.take().expect("standard error")).lines();
    // When the second workload begins, the first is done and saved.
    assert!(lines.any(|line| line.expect("text").starts_with("[2/2]")));
    let saved: Value = serde_json::from_slice(&std::fs::read(&file).expect("saved")).expect("JSON");
    assert_eq!(saved["partial"], true, "a program that ends here leaves what is not all");
    let pid = rustix::process::Pid::from_raw(child.id() as i32).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it still runs");
    let errors: String = lines.map_while(Result::ok).collect();
    assert_eq!(child.wait().expect("an end").code(), Some(130), "{errors}");
    assert!(errors.contains("interrupted"), "{errors}");
    let document: Value = serde_json::from_slice(&std::fs::read(&file).expect("saved")).expect("JSON");
    check(&document);
    assert_eq!(document["partial"], true);
    let is_on_path = |id: &str| cases(&document)[id]["achieved"]["is_on_path"] == true;
    assert!(is_on_path("ablate/handshakes/inline=on/full") && is_on_path("ablate/handshakes/nothing/empty"));
}

#[test]
fn a_resumed_handshake_is_compared_as_a_full_one_is() {
    let document = document(&["--workload", "handshakes,resumed", "--switch", "arena"]);
    let cases = cases(&document);
    for base in ["full", "empty"] {
        let [full, resumed] =
            ["handshakes", "resumed"].map(|workload| cases[&*format!("ablate/{workload}/arena=on/{base}")]);
        assert_eq!([&full["negotiated"]["resumed_share"], &resumed["negotiated"]["resumed_share"]], [0.0, 1.0]);
        for side in ["client", "server"] {
            let calls = |case, end: &str| median(case, &format!("{side}.heap_calls_per_handshake{end}"));
            // With the provider of the empty set, cryptography takes next to none of them.
            assert!(base == "empty" || calls(resumed, "") < calls(full, ""), "{side} in {base}");
            assert!(calls(resumed, "_effect") < 0.0, "arenas spare heap calls: {side} in {base}");
            assert!(median(resumed, &format!("{side}.cpu_us_per_handshake")) > 0.0);
        }
    }
}

#[test]
fn what_does_not_exist_is_refused_with_what_does() {
    let names: Vec<&str> = Switch::ALL.iter().map(|switch| switch.name).collect();
    for (arguments, expected) in [
        (&["--switch", "zero-coffee"][..], &names[..]),
        (&["--workload", "idling"], &["handshakes", "resumed", "bulk", "small", "scale"]),
        (&["--cipher", "rc4"], &["aes128gcm"]),
        (&["--duration", "0s"], &["--duration"]),
        (&["--connections", "0"], &["--connections"]),
        (&["--zero-copy=off"], &["--zero-copy"]),
    ] {
        let output = run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(expected.iter().all(|name| errors.contains(name)), "{arguments:?}: {errors}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
    }
}
