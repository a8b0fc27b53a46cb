//! `tlsbench peers`: libraries at the same work. Which of them is first, is not asked.

mod support;

use std::fs;

use serde_json::Value;
use support::run;
use tempfile::TempDir;

const SHORT: [&str; 3] = ["peers", "--duration", "50ms"];

fn document(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON and nothing else")
}

fn cases(document: &Value) -> &[Value] {
    document["cases"].as_array().expect("cases")
}

#[test]
fn a_work_is_a_table_and_all_of_it_one_document() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("peers.json");
    let json = format!("--json={}", file.display());
    let ended = run([&SHORT[..], &["--library", "tls-engine,rustls", "--work", "bulk,small,threads", &json]].concat());
    ended.expect(0, &[]);
    for part in [
        "AES-128-GCM 16 KiB, in memory: sending, ",
        "AES-256-GCM 16 KiB, in memory: ",
        "ChaCha20-Poly1305 16 KiB, in memory: ",
        "AES-128-GCM 64 B, in memory: ",
        "per thread",
        "raw AEAD",
        "heap calls",
        " of 10 figures.",
    ] {
        assert!(ended.output.contains(part), "{part} in\n{}", ended.output);
    }
    for library in ["tls-engine", "tls-engine ring", "rustls"] {
        let rows = ended.output.lines().filter(|line| line.starts_with(&format!("{library}  ")));
        assert_eq!(rows.count(), 5, "a row in each table:\n{}", ended.output);
    }
    let text = fs::read_to_string(&file).expect("a file");
    let document = document(&text);
    assert_eq!((cases(&document).len(), &document["partial"]), (5 * 3, &Value::Bool(false)));
    // The same tables, drawn from the file.
    let page = run(["report", file.to_str().expect("a path")]);
    page.expect(0, &[]);
    assert!(page.output.contains("Libraries at the same work"), "{}", page.output);
}

#[test]
fn what_can_not_be_measured_is_a_cell_with_its_reason() {
    let flags = ["--library", "tls-engine,rustls", "--set", "rustls-report"];
    let ended = run([&SHORT[..], &flags].concat());
    ended.expect(0, &[]);
    for part in [
        "AES-256-GCM 1 MiB tls-version=1.3, in memory",
        "AES-128-GCM 1 MiB tls-version=1.2",
        "does not support TLSv1.2",
        "AES-128-GCM tls-version=1.2 kind=resumed",
    ] {
        assert!(ended.output.contains(part), "{part} in\n{}", ended.output);
    }
    assert!(ended.output.contains(" of 8 figures."), "{}", ended.output);
}

#[test]
fn what_idle_connections_hold_has_a_table_of_its_own() {
    let ended = run([&SHORT[..], &["--library", "tls-engine,rustls", "--work", "handshake"]].concat());
    ended.expect(0, &[]);
    assert_eq!(ended.output.matches("Idle connections after 16 KiB each way, ").count(), 2, "{}", ended.output);
    for library in ["tls-engine", "rustls"] {
        let rows = ended.output.lines().filter(|line| line.starts_with(&format!("{library}  ")));
        assert_eq!(rows.count(), 4, "a row in each table:\n{}", ended.output);
    }
    assert!(ended.output.contains(" of 4 figures."), "the medals are for speed:\n{}", ended.output);
}

#[test]
fn a_suite_that_one_library_lacks_costs_only_its_case() {
    let flags = ["--cipher", "aegis128l,aes128gcm", "--count", "20", "--warmup", "0s"];
    for command in ["throughput", "handshake"] {
        let flags = [&[command, "--transport", "memory", "--library", "tls-engine,rustls"][..], &flags].concat();
        let told = run(&flags);
        told.expect(0, &[]);
        assert!(told.output.contains("n/a: rustls: rustls with aws-lc-rs does not support TLS_AEGIS_128L_SHA256"));
        let document = document(&run([&flags[..], &["--json"]].concat()).output);
        assert_eq!(cases(&document).len(), 4);
        let lacking: Vec<&Value> = cases(&document).iter().filter(|case| case.get("unavailable").is_some()).collect();
        let [case] = lacking[..] else { panic!("{lacking:#?}") };
        assert_eq!((&case["requested"]["library"], &case["metrics"]), (&"rustls".into(), &serde_json::json!({})));
        assert!(case["unavailable"]["advice"].as_str().is_some_and(|advice| !advice.is_empty()));
    }
    // Nobody else can do it: then it is a wrong flag.
    let alone = ["throughput", "--library", "rustls,rustls-ring", "--cipher", "aegis128l", "--transport", "memory"];
    run(alone).expect(2, &["does not support TLS_AEGIS_128L_SHA256"]);
}

#[test]
fn the_libraries_are_listed_with_their_versions() {
    let ended = run(["peers", "--list"]);
    ended.expect(0, &[]);
    for library in ["tls-engine", "rustls", "rustls-unbuffered", "rustls-ring", "rustls-unbuffered-ring"] {
        let line = ended.output.lines().find(|line| line.split_whitespace().next() == Some(library));
        let version = line.and_then(|line| line.split_whitespace().nth(1));
        assert!(version.is_some_and(|version| version.contains('.')), "{library} in\n{}", ended.output);
    }
}

#[test]
fn wrong_flags_are_told() {
    run(["peers", "--library", "opensll"]).expect(2, &["rustls-unbuffered"]);
    run(["peers", "--work", "bulk", "--set", "rustls-report"]).expect(2, &["cannot be used with"]);
    run(["peers", "--duration", "0s"]).expect(2, &["--duration must be longer than 0"]);
}
