//! `tlsbench compare`, end to end: what it says of files, and how it ends.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::results::{Drawn, begin};
use support::{Ended, run, tlsbench};
use tlsbench::schema::quantity;
use tlsbench::schema::{Case, Document, Side};

/// Results of a build whose sealing takes `factor` times as long and makes so many heap calls.
fn results(factor: f64, calls: f64) -> Document {
    let mut document = begin("2026-03-01T00:00:00Z");
    let mut case = Case::new("throughput/memory/send/aes128gcm/16384");
    case.requested.insert("command".into(), "throughput".into());
    case.requested.insert("size_bytes".into(), 16_384.into());
    case.switches.insert("zero_copy".into(), true.into());
    let times: Vec<f64> = (0..40).map(|index| factor * (0.1 + 0.0005 * f64::from((index * 7) % 11))).collect();
    case.record(Side::Send, &quantity::CPU_NS_PER_BYTE, &times, 1);
    case.record(Side::Send, &quantity::HEAP_CALLS_PER_RECORD, &[calls], 1);
    document.cases.push(case);
    document
}

fn files(before: Document, after: Document) -> Drawn {
    Drawn::of(&[("before.json", before), ("after.json", after)])
}

fn compare(files: &Drawn, flags: &[&str]) -> Ended {
    let paths = files.files.iter().map(PathBuf::as_path);
    run([Path::new("compare")].into_iter().chain(paths).chain(flags.iter().map(Path::new)))
}

#[test]
fn a_regression_is_named_and_ends_with_3_where_that_is_asked_for() {
    let worse = files(results(1.0, 0.0), results(1.1, 1.0));
    let told = compare(&worse, &[]);
    told.expect(0, &[]);
    assert!(told.output.starts_with("Worse: send.heap_calls_per_record +1.00 (throughput/"), "{}", told.output);
    let lines: Vec<&str> = told.output.lines().filter(|line| line.starts_with("worse")).collect();
    assert_eq!(lines.len(), 2, "{}", told.output);
    assert!(lines[0].contains("send.heap_calls_per_record"), "what was 0 comes first: {lines:?}");
    assert!(lines[1].contains("+10.0 %") && lines[1].contains("throughput/memory/send/aes128gcm/16384"), "{lines:?}");
    let failed = compare(&worse, &["--fail-on-regression"]);
    failed.expect(3, &["error: 2 metrics are worse: send.heap_calls_per_record +1.00 (throughput/"]);
    assert_eq!(failed.output, told.output);
    let better = files(results(1.1, 1.0), results(1.0, 0.0));
    compare(&better, &["--fail-on-regression", "--strict"]).expect(0, &[]);
    let allowed =
        compare(&files(results(1.0, 0.0), results(1.1, 0.0)), &["--fail-on-regression", "--noise-threshold", "20%"]);
    allowed.expect(0, &[]);
}

#[test]
fn what_is_written_as_json_follows_its_schema() {
    let schema: Value =
        serde_json::from_str(include_str!("../../results/comparison.schema.json")).expect("the schema is JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let few = {
        let mut document = results(1.0, 0.0);
        document.cases[0].record(Side::Send, &quantity::CPU_NS_PER_BYTE, &[0.1, 0.2, 0.1], 1);
        document.cases.push(Case { id: "another".into(), ..results(1.0, 0.0).cases.remove(0) });
        document
    };
    for after in [results(1.1, 1.0), few] {
        let ended = compare(&files(results(1.0, 0.0), after), &["--json"]);
        ended.expect(0, &[]);
        let found: Value = serde_json::from_str(&ended.output).expect("JSON and nothing else");
        let errors: Vec<String> = validator.iter_errors(&found).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{found}");
    }
}

#[test]
fn noise_that_hides_what_is_asked_for_is_inconclusive_and_ends_with_4_where_that_is_asked_for() {
    let mut noisy = results(1.0, 0.0);
    let times: Vec<f64> = (0..12).map(|index| 0.1 + 0.01 * f64::from((index * 5) % 7)).collect();
    noisy.cases[0].record(Side::Send, &quantity::CPU_NS_PER_BYTE, &times, 1);
    let unclear = files(noisy.clone(), noisy);
    let told = compare(&unclear, &["--fail-on-regression"]);
    told.expect(0, &[]);
    assert!(told.output.contains("\ninconclusive"), "{}", told.output);
    compare(&unclear, &["--strict"]).expect(4, &["too noisy to judge: send.cpu_ns_per_byte"]);
}

/// Writes a baseline as `change` leaves it, and compares results with it.
fn against(change: impl Fn(String) -> Vec<u8>, flags: &[&str]) -> Ended {
    let drawn = files(results(1.0, 0.0), results(1.0, 0.0));
    let text = fs::read_to_string(&drawn.files[0]).expect("a file");
    fs::write(&drawn.files[0], change(text)).expect("a file");
    compare(&drawn, flags)
}

fn edited(change: impl Fn(&mut Value)) -> impl Fn(String) -> Vec<u8> {
    move |text| {
        let mut value: Value = serde_json::from_str(&text).expect("JSON");
        change(&mut value);
        value.to_string().into_bytes()
    }
}

#[test]
fn a_baseline_that_can_not_be_compared_is_refused_with_5() {
    let cut = against(|text| text.into_bytes()[..900].to_vec(), &[]);
    cut.expect(5, &["before.json: it is cut short", "hint: copy it again as a whole, or measure again"]);
    let older = against(edited(|value| value["schema"] = "tlsbench/0".into()), &[]);
    older.expect(5, &["its schema is tlsbench/0, which is older", "hint: measure again"]);
    let newer = against(edited(|value| value["schema"] = "tlsbench/2".into()), &[]);
    newer.expect(5, &["newer than the tlsbench/1", "hint:"]);
    let foreign = edited(|value| value["host"]["cpu_model"] = "Other 1".into());
    against(&foreign, &[])
        .expect(5, &["it is of another machine: cpu_model is Example 9000, not Other 1", "--allow-foreign"]);
    let metric = "/cases/0/metrics/send.cpu_ns_per_byte/median";
    let by_hand = against(edited(|value| *value.pointer_mut(metric).expect("a metric") = json!(0.05)), &[]);
    by_hand.expect(5, &["its median is 0.05, but that of its samples is", "hint: it was edited"]);
    let debug = edited(|value| {
        value["tool"]["build_profile"] = json!(if cfg!(debug_assertions) { "release" } else { "debug" });
    });
    against(debug, &[]).expect(5, &["measure both with `cargo build --release`"]);
    against(|_| Vec::new(), &[]).expect(5, &["it is empty"]);
    against(|_| vec![0xff; 9], &[]).expect(5, &["it is not text"]);
    run(["compare", "/nonexistent/file.json"]).expect(5, &["there is no such file", "hint:"]);
    run(["compare", "nobody-kept-this"]).expect(5, &["no baseline of that name", "--save-baseline NAME"]);
    run(["compare", "/"]).expect(5, &["/: it can't be read"]);
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()));
    run([Path::new("compare"), &pipe]).expect(5, &["nobody has written to it"]);
}

#[test]
fn another_machine_is_compared_in_what_counts_alike_where_that_is_allowed() {
    let foreign = edited(|value| value["host"]["cpu_model"] = "Other 1".into());
    let ended = against(&foreign, &["--allow-foreign"]);
    ended.expect(0, &[]);
    for said in
        ["Differs: another machine: cpu_model", "not-comparable throughput/", "1 count is equal: heap_calls_per_record"]
    {
        assert!(ended.output.contains(said), "{said} in {}", ended.output);
    }
    against(&foreign, &["--allow-foreign", "--strict"]).expect(4, &["not comparable: throughput/"]);
}

#[test]
fn a_case_that_is_gone_and_other_terms_are_no_pass() {
    let strangers = edited(|value| value["cases"][0]["id"] = "another".into());
    against(strangers, &[]).expect(5, &["the candidate has no such case"]);
    let terms = edited(|value| value["cases"][0]["negotiated"]["group"] = "secp384r1".into());
    against(terms, &[]).expect(5, &["group is unknown, not secp384r1"]);
    let switch = edited(|value| value["cases"][0]["switches"]["zero_copy"] = false.into());
    let pointed_out = against(switch, &["--fail-on-regression"]);
    pointed_out.expect(0, &[]);
    assert!(
        pointed_out.output.contains("Differs: another switch: zero_copy is true, not false."),
        "{}",
        pointed_out.output
    );
}

#[test]
fn one_file_is_measured_again_by_this_build() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let flags = ["--transport", "memory", "--duration", "60ms", "--warmup", "5ms", "--size", "1k", "--seed", "7"];
    let mut measured = tlsbench(["throughput", "--save-baseline", "before", "-q"]);
    support::run_with_in(measured.args(flags), folder.path()).expect(0, &[]);
    let results = at("again.json");
    let mut again = tlsbench(["compare", "before", "--json", "--results", &results, "--noise-threshold", "90%"]);
    let ended = support::run_with_in(&mut again, folder.path());
    ended.expect(0, &["[1/1] throughput/memory/send/aes128gcm/1024"]);
    let found: Value = serde_json::from_str(&ended.output).expect("JSON");
    assert_eq!(found["cases"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found["counts"]["missing"], 0);
    let again: Value = serde_json::from_slice(&fs::read(&results).expect("results")).expect("JSON");
    assert_eq!(again["cases"][0]["requested"]["seed"], 7);
    let mut over = tlsbench(["compare", ".tlsbench/before.json", "--results", ".tlsbench/before.json"]);
    support::run_with_in(&mut over, folder.path()).expect(2, &["is an input file: choose another file"]);
    let mut unknown = tlsbench(["compare", "befor"]);
    support::run_with_in(&mut unknown, folder.path()).expect(5, &["hint: did you mean 'before'?"]);
}

/// What a file names is not reached for because it says so.
#[test]
fn a_file_can_not_make_this_program_write_or_connect() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("keys.log");
    for (place, name, value) in [
        ("switches", "keylog", log.display().to_string()),
        ("requested", "target", "localhost:1".to_owned()),
        ("requested", "cacert_file", log.display().to_string()),
    ] {
        let mut document = results(1.0, 0.0);
        document.tool = tlsbench::schema::Tool::current();
        document.host = tlsbench::host::describe();
        let facts =
            if place == "switches" { &mut document.cases[0].switches } else { &mut document.cases[0].requested };
        facts.insert(name.to_owned(), value.into());
        let drawn = Drawn::of(&[("sent.json", document)]);
        let ended = compare(&drawn, &[]);
        ended.expect(5, &["none of its cases can be measured again"]);
        assert!(!log.exists(), "{ended:?}");
    }
}
