//! No efficiency is above what is possible: it is a number up to 100 %, or there is a reason why there is none.

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::{Server, run};
use tempfile::TempDir;

/// What each run moves data over: in memory, over loopback, and to another process in either direction.
const RUNS_EACH: usize = 4;

/// Processes that do nothing but take processor time, ended when dropped.
struct Spinning(Vec<Child>);

impl Spinning {
    fn two() -> Self {
        let spin = |_| {
            let mut command = Command::new("sh");
            command.args(["-c", "while :; do :; done"]).stdin(Stdio::null()).stdout(Stdio::null());
            command.spawn().expect("a shell")
        };
        Self((0..2).map(spin).collect())
    }
}

impl Drop for Spinning {
    fn drop(&mut self) {
        for child in &mut self.0 {
            child.kill().expect("it spins until it is ended");
            child.wait().expect("it has ended");
        }
    }
}

/// Runs `throughput`, and checks every efficiency that it prints and writes. Returns how many there are, and how many of them
/// are numbers.
fn check(arguments: &[&str], folder: &Path) -> (usize, usize) {
    let file = folder.join("results.json");
    let json = format!("--json={}", file.display());
    let ended = run([&["throughput", "--format", "table", "-v", &json], arguments].concat());
    ended.expect(0, &[]);
    let text = std::fs::read_to_string(&file).expect("results");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let found = check_document(&document);
    let shown = check_table(&ended.output);
    assert_eq!(shown, found, "{}\n{text}", ended.output);
    let has_reason = ended.output.contains("is not measurable in this run: ");
    assert_eq!(has_reason, found.0 > found.1, "a reason where there is no number, and only there: {}", ended.output);
    found
}

fn check_document(document: &Value) -> (usize, usize) {
    let (mut all, mut numbers) = (0, 0);
    for case in document["cases"].as_array().expect("cases") {
        for side in ["send", "receive"].map(|side| format!("{side}.efficiency")) {
            if let Some(metric) = case["metrics"].get(&side) {
                let samples = metric["samples"].as_array().expect("samples");
                let ends = metric["ci95"].as_array().expect("an interval");
                for number in samples.iter().chain(ends).chain([&metric["median"]]) {
                    let number = number.as_f64().expect("a number");
                    assert!((0.0..=1.0).contains(&number), "{side}: {metric:#}");
                }
                assert!(case["not_measurable"].get(&side).is_none(), "{case:#}");
                (all, numbers) = (all + 1, numbers + 1);
            } else if let Some(reason) = case["not_measurable"].get(&side) {
                for part in ["message", "advice"] {
                    assert!(reason[part].as_str().is_some_and(|text| !text.is_empty()), "{reason:#}");
                }
                all += 1;
            }
        }
    }
    (all, numbers)
}

fn check_table(table: &str) -> (usize, usize) {
    let (mut all, mut numbers) = (0, 0);
    for line in table.lines().filter(|line| line.starts_with("efficiency ")) {
        let cells = line.split("  ").skip(1).map(str::trim).filter(|cell| !cell.is_empty());
        for cell in cells {
            all += 1;
            if cell != "not measurable" {
                let (percent, _) = cell.split_once(" %").unwrap_or_else(|| panic!("a share in {line}"));
                let percent: f64 = percent.parse().unwrap_or_else(|_| panic!("a number in {line}"));
                assert!((0.0..=100.0).contains(&percent), "{line}");
                numbers += 1;
            }
        }
    }
    (all, numbers)
}

#[test]
fn beside_two_processes_that_spin_no_efficiency_above_one_is_a_number() {
    let (sink, source) = (Server::start(&["--mode", "sink"]), Server::start(&["--mode", "source"]));
    let folder = TempDir::new().expect("a folder");
    let authorities = [&sink, &source].map(|server| server.ca.display().to_string());
    let targets = [&sink, &source].map(Server::target);
    let connect = |index: usize, way: &'static str| {
        ["--connect", &targets[index], "--cacert", &authorities[index], "--direction", way].map(str::to_owned).to_vec()
    };
    let own = |arguments: [&str; 2]| arguments.map(str::to_owned).to_vec();
    let _spinning = Spinning::two();
    for (way, sides) in [
        (own(["--transport", "memory"]), 2),
        (own(["--loopback-threads", "1"]), 2),
        (own(["--loopback-threads", "2"]), 2),
        (connect(0, "send"), 1),
        (connect(1, "receive"), 1),
    ] {
        for _ in 0..RUNS_EACH {
            let mut arguments: Vec<&str> = way.iter().map(String::as_str).collect();
            arguments.extend(["--duration", "200ms", "--warmup", "20ms"]);
            let (all, _) = check(&arguments, folder.path());
            assert_eq!(all, sides, "{arguments:?}: each side has a number or a reason");
        }
    }
}

#[test]
fn a_run_by_itself_has_a_number_for_each_side_or_says_why_not() {
    let folder = TempDir::new().expect("a folder");
    // Small writes, so that records and buffers take their share and nothing that the machine does besides makes up for it.
    let arguments = ["--transport", "memory", "--size", "64", "--duration", "500ms", "--warmup", "100ms"];
    let tries = (0..3).map(|_| check(&arguments, folder.path()));
    assert!(tries.map(|(all, numbers)| [all, numbers]).any(|found| found == [2, 2]), "64 bytes are measured");
}

#[test]
fn a_file_that_has_what_is_impossible_is_read_and_every_command_gives_the_reason() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("old.json").display().to_string();
    let json = format!("--json={file}");
    run(["throughput", "--transport", "memory", "--count", "100", "--warmup", "0s", &json]).expect(0, &[]);
    let mut document: Value = serde_json::from_str(&std::fs::read_to_string(&file).expect("results")).expect("JSON");
    // As an earlier version wrote it, which knew no reasons; with digits that no other number has.
    let case = document["cases"][0].as_object_mut().expect("a case");
    case.remove("not_measurable");
    case["metrics"]["send.efficiency"] = serde_json::json!({
        "unit": "ratio", "better": "higher", "kind": "time",
        "samples": [98_765.25, 98_764.25, 98_766.75], "median": 98_765.25, "mad": 1.0, "ci95": [98_764.25, 98_766.75],
    });
    std::fs::write(&file, document.to_string()).expect("a file");

    const IMPOSSIBLE: &str = "98765";
    let why = "in 3 of 3 rounds it came out above 100 %, which is impossible";
    let page = folder.path().join("report.html").display().to_string();
    run(["report", &file, "-o", &page]).expect(0, &[]);
    let page = std::fs::read_to_string(&page).expect("a page");
    assert!(page.contains(&format!("send.efficiency is not measurable in this run: {why}")), "{page}");
    assert!(!page.contains(IMPOSSIBLE), "{page}");

    let compared = run(["compare", &file, &file, "--format", "csv"]);
    compared.expect(0, &[]);
    let line = compared.output.lines().find(|line| line.contains(",send.efficiency,")).expect("a line");
    assert!(line.starts_with("inconclusive,") && line.contains(why) && !line.contains(IMPOSSIBLE), "{line}");

    let history = run(["history", &file, &file, "--format", "csv"]);
    history.expect(0, &[&format!("send.efficiency is not measurable in this run: {why}")]);
    assert!(!history.output.contains(IMPOSSIBLE), "{}", history.output);

    run(["export", &file, "--for", "bencher", "--metric", "send.efficiency"]).expect(2, &["not measurable", why]);
    let exported = run(["export", &file, "--for", "bencher"]);
    exported.expect(0, &["not measurable"]);
    assert!(
        !exported.output.contains(IMPOSSIBLE) && !exported.output.contains("send.efficiency"),
        "{}",
        exported.output
    );
}
