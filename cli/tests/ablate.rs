//! `tlsbench ablate` from end to end: the real program, in runs too short for its times to be asked about.

use std::collections::{BTreeMap, BTreeSet};
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
    let schema: Value = serde_json::from_str(include_str!("../../results/schema.json")).expect("the schema");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    document
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
    let document = document(&[]);
    let cases = cases(&document);
    let workloads: BTreeSet<&str> = cases.values().filter_map(|case| case["requested"]["workload"].as_str()).collect();
    assert!(workloads.contains("handshakes") && workloads.contains("bulk"), "{workloads:?}");
    for workload in workloads {
        let is_noise = |id: &&&str| id.starts_with(&format!("ablate/{workload}")) && id.contains("/nothing/");
        assert!(cases.keys().filter(is_noise).count() >= 2, "the noise of {workload}");
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
fn the_table_has_switches_down_and_measures_across() {
    let output = run(&["--workload", "bulk", "--switch", "arena,inline", "--duration", "1ms"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout);
    for part in ["switch", "send CPU", "receive CPU", "arena", "inline", "n/a", "inside the noise"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(!text.contains("zero-copy"), "{text}");
}

#[test]
fn what_does_not_exist_is_refused_with_what_does() {
    let names: Vec<&str> = Switch::ALL.iter().map(|switch| switch.name).collect();
    for (arguments, expected) in [
        (&["--switch", "zero-coffee"][..], &names[..]),
        (&["--workload", "idling"], &["handshakes", "bulk"]),
        (&["--cipher", "rc4"], &["aes128gcm"]),
        (&["--duration", "0s"], &["--duration"]),
        (&["--zero-copy=off"], &["--zero-copy"]),
    ] {
        let output = run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(expected.iter().all(|name| errors.contains(name)), "{arguments:?}: {errors}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
    }
}
