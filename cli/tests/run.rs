//! `tlsbench run`: profiles, and what is said about wrong ones.

#[path = "support/mod.rs"]
mod support;

use std::path::Path;

use serde_json::Value;
use support::{run, run_with, tlsbench};
use tempfile::TempDir;
use tlsbench::profile::{BUILT_IN, Profile, Threshold};

const PROFILE: &str = r#"# A comment.
description = "for a test"

[defaults]
count = 3
warmup = "0s"
transport = "memory"

[[case]]
command = "throughput"
size = [64, "1k"]
zero-copy = false

[[case]]
command = "throughput"
label = "again"
duration = "1ms"   # instead of the default count
insecure = false

[[threshold]]
metric = "*.copied_bytes_per_byte"
max_increase = 0
"#;

fn written(text: &str) -> (TempDir, String) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("profile.toml");
    std::fs::write(&path, text).expect("a file");
    let path = path.to_str().expect("a path that is text").to_owned();
    (folder, path)
}

fn document(text: &str) -> Value {
    let document: Value = serde_json::from_str(text).expect("JSON and nothing else");
    let schema: Value = serde_json::from_str(include_str!("../../results/schema.json")).expect("the schema");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    document
}

#[test]
fn a_profile_is_run_in_its_order_with_its_defaults() {
    let (_folder, path) = written(PROFILE);
    let ended = run(["run", &path, "--json"]);
    ended.expect(0, &[]);
    let document = document(&ended.output);
    let cases = document["cases"].as_array().expect("cases");
    let ids: Vec<&str> = cases.iter().filter_map(|case| case["id"].as_str()).collect();
    let name = |rest: &str| format!("throughput/memory/send/aes128gcm/{rest}");
    assert_eq!(ids, [name("64"), name("1024"), name("16384/again")]);
    assert_eq!((&cases[0]["requested"]["writes"], &cases[0]["switches"]["zero_copy"]), (&3.into(), &false.into()));
    assert_eq!(cases[2]["requested"]["duration_ns"], 1_000_000);
    assert!(cases[2]["requested"].get("writes").is_none() && cases[2]["switches"]["zero_copy"] == true);
}

#[test]
fn a_baseline_is_kept_under_its_name_and_never_half_of_one() {
    let (folder, path) = written(PROFILE);
    let kept = folder.path().join(".tlsbench/first.json");
    let keep = |profile: &str| {
        let mut command = tlsbench(["run", profile, "--save-baseline", "first", "--format", "csv"]);
        command.current_dir(folder.path());
        run_with(command, b"")
    };
    keep(&path).expect(0, &[Path::new(".tlsbench").join("first.json").to_str().expect("text")]);
    let before = std::fs::read_to_string(&kept).expect("it is kept");
    assert_eq!(document(&before)["partial"], false);
    // The second case fails: nobody listens there.
    let (_other, broken) = written(
        "description = 'x'\n[defaults]\ncount = 1\n[[case]]\ncommand = 'throughput'\n[[case]]\ncommand = 'throughput'\n\
         connect = '127.0.0.1:1'\ninsecure = true\n",
    );
    keep(&broken).expect(6, &["127.0.0.1:1"]);
    assert_eq!(std::fs::read_to_string(&kept).expect("it is still kept"), before);
    run(["run", "smoke", "--save-baseline", "../up"]).expect(2, &["--save-baseline"]);
}

#[test]
fn what_is_wrong_in_a_profile_is_told_with_its_line_and_the_nearest_name() {
    for (from, to, line, says) in [
        ("size = [64", "sise = [64", 11, "did you mean 'size'?"),
        ("zero-copy = false", "zero_copy = false", 12, "did you mean 'zero-copy'?"),
        ("zero-copy = false", "zero-copy = 'perhaps'", 12, "perhaps"),
        ("size = [64", "size = ['64q'", 11, "64q"),
        ("size = [64", "size = [0", 11, "--size must be 1 B"),
        ("size = [64", "cipher = ['aes129gcm'", 11, "did you mean 'aes128gcm'?"),
        ("count = 3", "count = 3.5", 5, "invalid value '3.5' for '--count"),
        ("count = 3", "counts = 3", 5, "did you mean 'count'?"),
        ("count = 3", "count = ", 5, "value"),
        ("warmup = \"0s\"", "warmup = 'five'", 6, "five"),
        ("command = \"throughput\"\nlabel", "command = \"thruput\"\nlabel", 15, "did you mean 'throughput'?"),
        ("command = \"throughput\"\nlabel", "label", 14, "a case needs a command"),
        ("insecure = false", "insecure = 'no'", 18, "true or false"),
        ("insecure = false", "count = 9", 14, "cannot be used with"),
        ("insecure = false", "cert = 'a.pem'", 14, "--key"),
        ("insecure = false", "output = 'x'", 18, "unknown key"),
        ("label = \"again\"", "size = 1024\nzero-copy = true", 14, "throughput/memory/send/aes128gcm/1024"),
        ("[[threshold]]", "[[treshold]]", 20, "did you mean 'threshold'?"),
        ("*.copied", "sent.copied", 21, "did you mean 'send'?"),
        ("copied_bytes_per_byte", "copied_bytes", 21, "did you mean 'copied_bytes_per_byte'?"),
        ("*.copied_bytes_per_byte", "efficiency", 21, "SIDE.NAME"),
        ("max_increase = 0", "max_increase = -1", 22, "0 or more"),
        ("max_increase = 0", "max_decrease = 0", 22, "use max_increase"),
        ("max_increase = 0", "max_change = '2'", 22, "2 %"),
        ("max_increase = 0", "", 20, "needs one of"),
        ("description = \"for a test\"", "", 1, "description"),
    ] {
        let text = PROFILE.replacen(from, to, 1);
        assert_ne!(text, PROFILE, "{from}");
        let (_folder, path) = written(&text);
        run(["run", &path]).expect(2, &[&format!("{path}:{line}: "), says]);
    }
}

#[test]
fn a_profile_that_is_not_there_is_told_with_those_that_are() {
    run(["run", "smok"]).expect(2, &["smoke, ci, full, plan", "did you mean 'smoke'?"]);
    run(["run", "./smoke"]).expect(2, &["./smoke"]);
    for line in ["run", "run --list"] {
        let listed = run(line.split(' '));
        listed.expect(0, &[]);
        assert!(BUILT_IN.iter().all(|(name, _)| listed.output.contains(name)), "{}", listed.output);
        assert!(listed.output.contains("tlsbench run PROFILE"), "{}", listed.output);
    }
    run(["run", "--json=out.json"]).expect(2, &["without a profile", "smoke"]);
    run(["run", "--counts-only"]).expect(2, &["PROFILE"]);
}

#[test]
fn the_profiles_that_fuzzing_begins_from_are_in_order() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/read_profile");
    let mut entries = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let profile = Profile::find(&path.to_string_lossy()).unwrap_or_else(|error| panic!("{error}"));
        entries += profile.entries.len();
    }
    assert!(entries >= 5, "only {entries} cases");
}

#[test]
fn the_built_in_profiles_can_be_run_and_hold_something_to_its_numbers() {
    for (name, _) in BUILT_IN {
        let profile = Profile::find(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let measurements = tlsbench::plan::measurements(&profile).unwrap_or_else(|error| panic!("{name}: {error}"));
        let jobs = tlsbench::runner::jobs(&measurements).expect("jobs");
        let labels: std::collections::BTreeSet<_> = jobs.iter().map(|job| job.label()).collect();
        assert_eq!(labels.len(), jobs.len(), "{name}");
    }
    let ci = Profile::find("ci").expect("the profile of continuous integration");
    let copied: Vec<&Threshold> =
        ci.thresholds.iter().filter(|known| known.applies_to("any/case", "receive.copied_bytes_per_byte")).collect();
    assert!(matches!(copied.as_slice(), [threshold] if threshold.is_hard && threshold.allowed_of(1.0) == 0.0));
    // No cheap talk: the smallest one really runs.
    let ended = run(["run", "smoke", "--json"]);
    ended.expect(0, &[]);
    assert!(document(&ended.output)["cases"].as_array().is_some_and(|cases| cases.len() >= 13));
}
