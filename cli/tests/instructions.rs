//! `tlsbench instructions`, end to end: counts that are the same twice, and what they show.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::skip::find;
use support::{Ended, run, run_with, tlsbench};
use tempfile::TempDir;

/// Results that follow the schema.
fn document(flags: &str) -> Value {
    let ended = run(["instructions", "--json"].into_iter().chain(flags.split(' ')));
    ended.expect(0, &[]);
    let document: Value = serde_json::from_str(&ended.output).expect("JSON and nothing else");
    let schema: Value = serde_json::from_str(include_str!("../../results/schema.json")).expect("the schema is JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    document
}

fn case<'a>(document: &'a Value, id: &str) -> &'a Value {
    let cases = document["cases"].as_array().expect("cases");
    cases.iter().find(|case| case["id"] == id).unwrap_or_else(|| panic!("{id} in {document:#}"))
}

fn count(document: &Value, id: &str, metric: &str) -> f64 {
    case(document, id)["metrics"][metric]["median"].as_f64().unwrap_or_else(|| panic!("{metric} of {id}"))
}

/// Every metric with all of its samples, by case.
fn counts(document: &Value) -> Vec<(&Value, &Value)> {
    document["cases"].as_array().expect("cases").iter().map(|case| (&case["id"], &case["metrics"])).collect()
}

#[test]
fn counts_are_the_same_twice_and_tell_what_costs_more() {
    if find("valgrind").is_none() {
        return;
    }
    let flags = "--work record --size 64,1350 --setting all,inline=off,zero-copy=off";
    let (first, second) = (document(flags), document(flags));
    assert_eq!(counts(&first), counts(&second));
    assert_eq!(counts(&first).len(), 2 * 3);
    let of = |size: usize, setting: &str, side: &str| {
        let id = format!("instructions/record/aes128gcm/{size}/{setting}");
        count(&first, &id, &format!("{side}.instructions_per_record"))
    };
    for size in [64, 1350] {
        for side in ["send", "receive"] {
            let all = of(size, "all", side);
            assert!((20.0..2_000.0).contains(&all), "{all} instructions: the engine alone, without its cryptography?");
            assert!(of(size, "zero-copy=off", side) > all, "{size} {side}: a copy costs instructions");
        }
    }
    let [all, split] = ["all", "inline=off"].map(|setting| ["send", "receive"].map(|side| of(64, setting, side)));
    if cfg!(debug_assertions) {
        // Where the compiler does not look for such things, a call can be as much as what it does instead, or less.
        assert_ne!(all, split, "a call for every step shows");
    } else {
        assert!(all[0] < split[0] && all[1] < split[1], "{all:?} instructions, {split:?} with a call for every step");
    }
    // Where data is not copied, its length costs nothing.
    assert_eq!(of(64, "all", "receive"), of(1350, "all", "receive"));
    for (_, metrics) in counts(&first) {
        for metric in metrics.as_object().expect("metrics").values() {
            assert_eq!((&metric["kind"], &metric["better"]), (&"count".into(), &"lower".into()));
            assert_eq!(metric["mad"], 0.0, "every sample is the same: {metric}");
        }
    }
    let facts = &case(&first, "instructions/record/aes128gcm/64/all")["achieved"];
    for fact in ["rustc", "valgrind", "cpu_class"] {
        assert!(facts[fact].as_str().is_some_and(|text| !text.is_empty()), "{fact} in {facts}");
    }
}

#[test]
fn where_the_program_lies_does_not_show() {
    if find("valgrind").is_none() {
        return;
    }
    let folder = TempDir::new().expect("a directory");
    let far = folder.path().join("a-name-that-takes-more-room-than-others-do-and-is-not-round");
    fs::copy(env!("CARGO_BIN_EXE_tlsbench"), &far).expect("a copy");
    // What depends on where data lies most: copies, and memory from the allocator.
    let flags = ["--size", "1350", "--setting", "zero-copy=off+arena=off", "--json"];
    let counted = |command: Command| {
        let ended = run_with(command, b"");
        ended.expect(0, &[]);
        let document: Value = serde_json::from_str(&ended.output).expect("JSON and nothing else");
        counts(&document).into_iter().map(|(id, metrics)| (id.clone(), metrics.clone())).collect::<Vec<_>>()
    };
    let near = counted(tlsbench(["instructions"].iter().chain(&flags)));
    let mut elsewhere = Command::new(&far);
    elsewhere.arg("instructions").args(flags).env("TMPDIR", folder.path()).env("HOME", "/a/home/of/another/length");
    assert_eq!(near, counted(elsewhere));
    assert_eq!(near.len(), 2);
}

#[test]
fn a_handshake_counts_the_same_twice_for_each_side() {
    if find("valgrind").is_none() {
        return;
    }
    let flags = "--work handshake --setting all,arena=off";
    let (first, second) = (document(flags), document(flags));
    assert_eq!(counts(&first), counts(&second));
    for side in ["client", "server"] {
        let metric = format!("{side}.instructions_per_handshake");
        let all = count(&first, "instructions/handshake/aes128gcm/all", &metric);
        assert!(all > 5_000.0, "{side}: {all}");
        let without = count(&first, "instructions/handshake/aes128gcm/arena=off", &metric);
        assert_ne!(all, without, "{side}: where memory comes from shows");
    }
}

#[test]
fn cryptography_is_counted_where_it_is_asked_for_and_is_then_most_of_it() {
    if find("valgrind").is_none() {
        return;
    }
    let with = document("--work record --size 1350 --setting all --provider rustcrypto");
    let without = document("--work record --size 1350 --setting all");
    let id = "instructions/record/aes128gcm/1350/all";
    for side in ["send", "receive"] {
        let name = format!("{side}.all_instructions_per_record");
        let all = count(&with, &format!("{id}/rustcrypto"), &name);
        assert!(all > 5.0 * count(&without, id, &format!("{side}.instructions_per_record")), "{all}");
    }
}

#[test]
fn without_valgrind_it_says_what_to_install() {
    let nowhere = TempDir::new().expect("a directory");
    with_path(nowhere.path()).expect(1, &["can't run valgrind", "apt-get install valgrind"]);
}

#[test]
fn what_valgrind_gets_wrong_is_an_error_and_no_count() {
    let told =
        "echo cpu x86_64; echo step send 0 64; echo step receive 0 64; echo step send 1 64; echo step receive 1 64";
    let profiles =
        |text: &str| format!("for part in 1 2 3 4; do printf '{text}' >\"${{3#--callgrind-out-file=}}.$part\"; done");
    let good = r"events: Ir\ntotals: 64\n";
    for (does, saying) in [
        (format!("{told}; {}", profiles("garbage")), "it does not say what was counted"),
        (format!("{told}; {}", profiles(r"events: Ir\n")), "cut short"),
        (format!("{told}; {}", profiles(r"events: Ir\ntotals: many\n")), "not a number"),
        (format!("{told}; {}", profiles(r"events: Ir\ntotals: 0\n")), "nothing was counted"),
        (told.to_owned(), "profile 1 of 4 is missing"),
        (format!("{told}; {}; cp $0 \"${{3#--callgrind-out-file=}}.5\"", profiles(good)), "more than 4 profiles"),
        (format!("echo hello; {}", profiles(good)), "means nothing"),
        ("true".to_owned(), "did not tell what it did"),
        ("echo broken >&2; exit 3".to_owned(), "broken"),
    ] {
        let folder = TempDir::new().expect("a directory");
        pretend(folder.path(), &does);
        let ended = with_path(folder.path());
        ended.expect(1, &[saying]);
        assert_eq!(ended.output, "", "{does}");
    }
    // What answers in good order is believed, so the others fail for what is wrong with them.
    let folder = TempDir::new().expect("a directory");
    pretend(folder.path(), &format!("{told}; {}", profiles(good)));
    with_path(folder.path()).expect(0, &[]);
}

/// A `valgrind` that does this.
fn pretend(folder: &Path, does: &str) {
    let path = folder.join("valgrind");
    let version = "if [ \"$1\" = --version ]; then echo valgrind-0.0; exit; fi";
    fs::write(&path, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{version}\n{does}\n")).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it can be run");
}

fn with_path(path: &Path) -> Ended {
    let mut command = tlsbench("instructions --work record --size 64 --setting all".split(' '));
    command.env("PATH", path);
    run_with(command, b"")
}
