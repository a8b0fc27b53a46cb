//! `tlsbench doctor` from end to end: what it finds depends on the machine, what it says about it does not.

#[path = "support/mod.rs"]
mod support;

use serde_json::Value;
use support::{run, run_with, tlsbench};

#[test]
fn every_fact_has_a_verdict_and_every_warning_an_advice() {
    let ended = run(["doctor", "--duration", "1ms", "--json"]);
    ended.expect(0, &[]);
    let document: Value = serde_json::from_str(&ended.output).expect("JSON and nothing else");
    assert_eq!(document["schema"], "tlsbench-doctor/1");
    let checks = document["checks"].as_array().expect("checks");
    assert!(checks.len() >= 13, "{checks:?}");
    for check in checks {
        assert_eq!(check["state"] == "warning", check["advice"].is_string(), "{check}");
    }
    let noise = document["noise"].as_array().expect("the noise");
    assert!(noise.iter().any(|noise| noise["metric"] == "send.cpu_ns_per_byte" && noise["rounds"].as_u64() > Some(0)));
    assert!(document["host"]["timer_cost_ns"].as_f64().is_some_and(|cost| cost > 0.0));
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
