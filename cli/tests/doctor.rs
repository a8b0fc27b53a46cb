//! `tlsbench doctor` from end to end: what it finds depends on the machine, what it says about it does not.

#[path = "support/mod.rs"]
mod support;

use serde_json::{Value, json};
use support::{run, run_with, tlsbench};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../results/doctor.schema.json")).expect("the schema is JSON")
}

fn errors(schema: &Value, document: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(schema).expect("a schema");
    validator.iter_errors(document).map(|error| error.to_string()).collect()
}

#[test]
fn the_schema_refuses_what_doctor_does_not_say() {
    let good = json!({
        "schema": "tlsbench-doctor/1",
        "tool": {},
        "host": {},
        "checks": [
            { "name": "turbo", "finding": "on", "state": "warning", "advice": "switch it off" },
            { "name": "governor", "finding": "not told", "state": "unknown", "advice": null },
        ],
        "peers": [{ "name": "openssl", "version": null }],
        "noise": [{ "metric": "send.cpu_ns_per_byte", "median": 0.0, "ci95": [-0.01, 0.01], "rounds": 3 }],
    });
    assert_eq!(errors(&schema(), &good), Vec::<String>::new());
    for (place, wrong) in [
        ("/schema", json!("tlsbench/1")),
        ("/checks", json!([])),
        ("/checks/0/state", json!("bad")),
        ("/checks/0/state", json!("good")),
        ("/checks/0/advice", json!(null)),
        ("/checks/1/advice", json!("wait")),
        ("/peers/0/version", json!(3)),
        ("/noise/0/metric", json!("cpu_ns_per_byte")),
        ("/noise/0/ci95", json!([0.01])),
        ("/noise/0/rounds", json!(0)),
    ] {
        let mut spoiled = good.clone();
        *spoiled.pointer_mut(place).expect("the place exists") = wrong;
        assert!(!errors(&schema(), &spoiled).is_empty(), "{place}");
    }
}

#[test]
fn every_fact_has_a_verdict_and_every_warning_an_advice() {
    let ended = run(["doctor", "--duration", "1ms", "--json"]);
    ended.expect(0, &[]);
    let document: Value = serde_json::from_str(&ended.output).expect("JSON and nothing else");
    assert_eq!(document["schema"], "tlsbench-doctor/1");
    assert_eq!(errors(&schema(), &document), Vec::<String>::new());
    // It refers to the schema of results for these.
    let results: Value = serde_json::from_str(include_str!("../../results/schema.json")).expect("JSON");
    for part in ["host", "tool"] {
        let mut schema = results["properties"][part].clone();
        schema["$defs"] = results["$defs"].clone();
        assert_eq!(errors(&schema, &document[part]), Vec::<String>::new(), "{part}");
    }
    let checks = document["checks"].as_array().expect("checks");
    assert!(checks.len() >= 13, "{checks:?}");
    for check in checks {
        assert_eq!(check["state"] == "warning", check["advice"].is_string(), "{check}");
    }
    let noise = document["noise"].as_array().expect("the noise");
    assert!(noise.iter().any(|noise| noise["metric"] == "send.cpu_ns_per_byte" && noise["rounds"].as_u64() > Some(0)));
    assert!(document["host"]["timer_cost_ns"].as_f64().is_some_and(|cost| cost > 0.0));
}

/// The number of connections is the one that `ablate` keeps to.
#[test]
fn the_limit_on_open_files_means_the_same_to_doctor_and_ablate() {
    let limited = |line: &str| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "ulimit -n 800; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_tlsbench")]).args(line.split(' '));
        run_with(command, b"")
    };
    let doctor = limited("doctor --duration 0s");
    doctor.expect(0, &[]);
    assert!(doctor.output.contains("800, enough for 100 connections in `ablate`"), "{}", doctor.output);
    let ablate = limited("ablate --workload scale --switch inline -d 20ms");
    ablate.expect(0, &["100 connections instead of 2000, because only 800 files may be open"]);
}

#[test]
fn programs_are_found_on_the_path_and_missing_ones_are_said_to_be_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = tlsbench(["doctor", "--duration", "0s"]);
    command.env("PATH", folder.path());
    let ended = run_with(command, b"");
    ended.expect(0, &[]);
    let line = ended.output.lines().find(|line| line.contains("openssl")).expect("a line");
    assert!(line.contains("not found"), "{line}");
    assert!(ended.output.lines().any(|line| line.contains("noise") && line.contains("unknown")), "{}", ended.output);
}
