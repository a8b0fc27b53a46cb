//! `tlsbench export`, end to end: what other tools read, read back as they do.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use support::results::{Drawn, ablation, throughput};
use support::{Ended, run};
use tempfile::TempDir;
use tlsbench::schema::{Better, Document, Metric};

/// As readers of hyperfine's JSON have it; what they may find null is an option.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hyperfine {
    results: Vec<Timed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Timed {
    command: String,
    mean: f64,
    stddev: Option<f64>,
    median: f64,
    user: Option<f64>,
    system: Option<f64>,
    min: f64,
    max: f64,
    times: Vec<f64>,
    exit_codes: Vec<Option<i32>>,
}

/// Bencher Metric Format: benchmark, measure, metric.
type Bencher = BTreeMap<String, BTreeMap<String, Bounded>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounded {
    value: f64,
    lower_value: Option<f64>,
    upper_value: Option<f64>,
}

/// An entry of a custom file of github-action-benchmark.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Point {
    name: String,
    unit: String,
    value: f64,
    range: Option<String>,
    extra: String,
}

fn export(file: &Path, flags: &[&str]) -> Ended {
    run([Path::new("export"), file].into_iter().chain(flags.iter().map(Path::new)))
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn document(file: &Path) -> Document {
    read(&fs::read_to_string(file).expect("a file"))
}

/// That of the median, where there is one.
fn interval(metric: &Metric) -> Option<[f64; 2]> {
    (metric.samples.len() > 1 || metric.ci95[0] < metric.ci95[1]).then_some(metric.ci95)
}

/// The results that are kept in the repository.
fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/2026-11-23-amd-epyc").join(name)
}

/// Results of a real run, short.
fn measured() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("run.json");
    let json = format!("--json={}", file.display());
    run(["handshake", "--count", "5", "--warmup", "0s", "--quiet", &json]).expect(0, &[]);
    (folder, file)
}

#[test]
fn times_become_seconds_for_hyperfines_readers() {
    let (_folder, file) = measured();
    let ended = export(&file, &["--for", "hyperfine"]);
    ended.expect(0, &["metrics were left out"]);
    let found: Hyperfine = read(&ended.output);
    let document = document(&file);
    let named = |name: &str| found.results.iter().find(|timed| timed.command == name);
    let mut times = 0;
    for (case, key, metric) in
        document.cases.iter().flat_map(|case| case.metrics.iter().map(move |(key, metric)| (case, key, metric)))
    {
        let timed = named(&format!("{} {key}", case.id));
        let per_second = match metric.unit.as_str() {
            "ns" => 1e9,
            "us" => 1e6,
            _ => {
                assert!(timed.is_none(), "{key}");
                continue;
            }
        };
        let timed = timed.unwrap_or_else(|| panic!("{key}"));
        let is_near = |seconds: f64, value: f64| (seconds * per_second - value).abs() <= 1e-9 * value;
        assert!(is_near(timed.median, metric.median), "{key}: {}", timed.median);
        assert_eq!(timed.times.len(), metric.samples.len());
        assert!(timed.times.iter().zip(&metric.samples).all(|(seconds, sample)| is_near(*seconds, *sample)));
        assert!(timed.min <= timed.median && timed.median <= timed.max && timed.min <= timed.mean);
        assert_eq!(timed.stddev.is_some(), metric.samples.len() > 1);
        assert!(timed.user.is_none() && timed.system.is_none() && timed.exit_codes.is_empty());
        times += 1;
    }
    assert!(times >= 3 && times == found.results.len(), "{times} of {}", found.results.len());
}

#[test]
fn bencher_gets_every_case_with_its_intervals() {
    let (_folder, measured) = measured();
    for file in [kept("crypto.json"), kept("ablate.json"), measured] {
        let ended = export(&file, &["--for", "bencher", "--metric", "*"]);
        ended.expect(0, &[]);
        // What this machine was too busy to measure is told, and nothing else.
        assert!(ended.errors.lines().all(|line| line.contains("is not measurable in this run")), "{}", ended.errors);
        let found: Bencher = read(&ended.output);
        let document = document(&file);
        let with_metrics = document.cases.iter().filter(|case| !case.metrics.is_empty());
        assert_eq!(found.len(), with_metrics.clone().count());
        for case in with_metrics {
            assert_eq!(found[&case.id].len(), case.metrics.len());
            for (key, metric) in &case.metrics {
                let bounded = &found[&case.id][key];
                let bounds = [bounded.lower_value, bounded.upper_value];
                assert_eq!(
                    (bounded.value, bounds),
                    (metric.median, interval(metric).map_or([None; 2], |ends| ends.map(Some)))
                );
            }
        }
    }
}

#[test]
fn github_gets_a_file_for_each_direction() {
    let folder = TempDir::new().expect("a folder");
    let bench = folder.path().join("bench");
    let to = bench.to_str().expect("UTF-8");
    let file = kept("ablate.json");
    let case = "ablate/scale/*/full";
    export(&file, &["--for", "github-action-benchmark", "--case", case, "-o", to])
        .expect(0, &["bench/customBiggerIsBetter.json: 0 metrics", "bench/customSmallerIsBetter.json: "]);
    let points = |name: &str| read::<Vec<Point>>(&fs::read_to_string(bench.join(name)).expect("a file"));
    assert!(points("customBiggerIsBetter.json").is_empty(), "an ablation has nothing of which more is better");
    let smaller = points("customSmallerIsBetter.json");
    assert!(smaller.len() > 100, "{}", smaller.len());
    let document = document(&file);
    for point in &smaller {
        let (id, key) = point.name.split_once(' ').expect("a case and a metric");
        assert!(id.starts_with("ablate/scale/") && id.ends_with("/full"), "{id}");
        let metric = &document.cases.iter().find(|case| case.id == id).expect("the case").metrics[key];
        assert_eq!((point.value, &point.unit, metric.better), (metric.median, &metric.unit, Better::Lower));
        let number = |end: &str| end.parse::<f64>().expect("a number");
        let range = point.range.as_deref().and_then(|range| range.split_once(" to "));
        assert_eq!(range.map(|(low, high)| [number(low), number(high)]), interval(metric));
        assert!(point.extra.contains("AMD EPYC") && point.extra.contains("TLS_AES_128_GCM_SHA256"), "{}", point.extra);
    }

    // A later export leaves nothing of an earlier one.
    let speeds = kept("crypto.json");
    export(&speeds, &["--for", "github-action-benchmark", "--metric", "share_of_auto", "-o", to]).expect(0, &[]);
    assert!(points("customBiggerIsBetter.json").iter().all(|point| point.name.ends_with(" total.share_of_auto")));
    assert!(points("customSmallerIsBetter.json").is_empty());
}

#[test]
fn what_is_exported_can_be_chosen_and_goes_to_a_file() {
    let drawn = Drawn::of(&[("run.json", throughput("2026-01-01T00:00:00Z", &[64, 1350]))]);
    let to = drawn.directory.path().join("out.json");
    let flags = ["--for", "bencher", "--metric", "efficiency", "--case", "*/aegis128l/*", "-o"];
    let ended = export(&drawn.files[0], &[&flags[..], &[to.to_str().expect("UTF-8")]].concat());
    ended.expect(0, &["out.json: 2 metrics"]);
    assert_eq!(ended.output, "");
    let found: Bencher = read(&fs::read_to_string(&to).expect("a file"));
    let cases: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(cases, ["throughput/memory/send/aegis128l/1350", "throughput/memory/send/aegis128l/64"]);
    assert!(found.values().all(|measures| measures.len() == 1 && measures.contains_key("send.efficiency")));
    // What only explains others is there when it is asked for.
    let keys = |flags: &[&str]| {
        let found: Bencher = read(&export(&drawn.files[0], &[&["--for", "bencher"], flags].concat()).output);
        found.values().flat_map(BTreeMap::keys).any(|key| key == "send.engine_bytes_per_s")
    };
    assert!(!keys(&[]) && keys(&["--metric", "send.*"]));
}

#[test]
fn a_run_that_was_interrupted_is_told() {
    let mut partial = ablation("2026-01-03T00:00:00Z");
    partial.partial = true;
    let drawn = Drawn::of(&[("partial.json", partial)]);
    export(&drawn.files[0], &["--for", "bencher"]).expect(0, &["warning: the run was interrupted"]);
    let bench = drawn.directory.path().join("bench");
    let to = bench.to_str().expect("UTF-8");
    export(&drawn.files[0], &["--for", "github-action-benchmark", "-o", to]).expect(0, &[]);
    let points: Vec<Point> =
        read(&fs::read_to_string(bench.join("customSmallerIsBetter.json")).expect("the second file"));
    assert!(points.iter().all(|point| point.extra.ends_with("\nthe run was interrupted")));
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let bencher: &[&str] = &["--for", "bencher"];
    export(Path::new("/nonexistent/run.json"), bencher).expect(2, &["/nonexistent/run.json: it can't be read"]);
    let drawn = Drawn::of(&[("run.json", throughput("2026-01-01T00:00:00Z", &[64]))]);
    let file = drawn.files[0].as_path();
    let cut = drawn.directory.path().join("cut.json");
    fs::write(&cut, &fs::read(file).expect("a file")[..500]).expect("written");
    export(&cut, bencher).expect(2, &["cut.json: it is cut short"]);

    let refused = export(file, &["--for", "hyperfine"]);
    refused.expect(2, &["none of these metrics is a time", "send.efficiency in 'ratio'", "--for bencher"]);
    assert_eq!(refused.output, "");
    let mut empty = throughput("2026-01-01T00:00:00Z", &[64]);
    empty.cases.clear();
    let empty = Drawn::of(&[("empty.json", empty)]);
    export(&empty.files[0], bencher).expect(2, &["there is nothing to export"]);

    export(file, &["--for", "bencher", "--metric", "eficiency"]).expect(2, &["did you mean 'efficiency'?"]);
    export(file, &["--for", "bencher", "--case", "handshake/*"]).expect(2, &["unknown case 'handshake/*'"]);
    export(file, &["--for", "github-action-benchmark"]).expect(2, &["name a folder for them with -o FOLDER"]);
    export(file, &["--for", "junit"]).expect(2, &["hyperfine", "bencher", "github-action-benchmark"]);
    export(file, &[]).expect(2, &["--for <FORM>"]);
    export(file, &["--for", "bencher", "-o", "/nonexistent/a.json"]).expect(2, &["can't write /nonexistent/a.json"]);
    let taken = [&["--for", "github-action-benchmark", "-o"], &[file.to_str().expect("UTF-8")][..]].concat();
    export(file, &taken).expect(2, &["can't write", "run.json"]);
}
