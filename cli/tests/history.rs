//! `tlsbench history`, end to end.

mod support;

use std::path::{Path, PathBuf};

use serde_json::Value;
use support::results::{Drawn, series};
use support::{Ended, run};
use tlsbench::schema::Document;

fn history(drawn: &Drawn, flags: &[&str]) -> Ended {
    let files = drawn.files.iter().map(PathBuf::as_path);
    run([Path::new("history")].into_iter().chain(files).chain(flags.iter().map(Path::new)))
}

fn drawn(change: impl Fn(usize, &mut Document)) -> Drawn {
    let mut runs = series(12);
    for (index, (_, document)) in runs.iter_mut().enumerate() {
        change(index, document);
    }
    // The order of the files says nothing.
    runs.rotate_left(5);
    let runs: Vec<(&str, Document)> = runs.iter().map(|(name, document)| (name.as_str(), document.clone())).collect();
    Drawn::of(&runs)
}

#[test]
fn a_step_is_shown_in_the_table_and_told_in_json() {
    let drawn = drawn(|_, _| {});
    let table = history(&drawn, &["--case", "throughput/memory/send/aes128gcm/16384", "--metric", "efficiency"]);
    table.expect(0, &[]);
    assert_eq!(table.errors, "");
    for part in ["│", "worse at run-06.json", "run-11.json", "2026-03-01T00:00:00Z", "(more is better)"] {
        assert!(table.output.contains(part), "{part} in\n{}", table.output);
    }
    let json = history(&drawn, &["--json"]);
    json.expect(0, &[]);
    let found: Value = serde_json::from_str(&json.output).expect("JSON and nothing else");
    let schema = include_str!("../../results/history.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&found).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(found["schema"], "tlsbench-history/1");
    let [series] = &found["series"].as_array().expect("series")[..] else { panic!("{found}") };
    let files: Vec<&str> =
        series["runs"].as_array().expect("runs").iter().filter_map(|run| run["file"].as_str()).collect();
    assert_eq!((files.len(), files[0], files[11]), (12, "run-00.json", "run-11.json"));
    let [change] = &series["changes"].as_array().expect("changes")[..] else { panic!("{series}") };
    assert_eq!(
        (&change["run"], &change["file"], &change["is_better"]),
        (&6.into(), &"run-06.json".into(), &false.into())
    );
    assert!(change["change"].as_f64().is_some_and(|share| (-0.07..=-0.05).contains(&share)), "{change}");
}

#[test]
fn a_smaller_change_than_asked_for_is_none() {
    let ended = history(&drawn(|_, _| {}), &["--noise-threshold", "10%", "--json"]);
    ended.expect(0, &[]);
    let found: Value = serde_json::from_str(&ended.output).expect("JSON");
    assert_eq!(found["series"][0]["changes"], serde_json::json!([]));
}

#[test]
fn another_machine_is_pointed_out_and_not_joined() {
    let drawn = drawn(|index, document| {
        if index < 6 {
            document.host.cpu_model = Some("Other 1".into());
        }
    });
    let ended = history(&drawn, &[]);
    ended.expect(0, &[]);
    let saying = "Not joined with the latest run: cpu_model is Other 1, not Example 9000.";
    assert!(ended.output.contains(saying), "{}", ended.output);
    assert!(ended.output.contains("6 of 9 runs: too few"), "{}", ended.output);
    assert!(!ended.output.contains("worse"), "{}", ended.output);
}

#[test]
fn what_a_terminal_would_obey_is_not_shown() {
    let drawn = drawn(|index, document| {
        if index == 3 {
            document.tool.git_commit = Some("\u{1b}[2J".into());
        }
    });
    let ended = history(&drawn, &[]);
    ended.expect(2, &["run-03.json: a control character stands in a text"]);
    assert!(!ended.errors.contains('\u{1b}') && ended.output.is_empty());
}

#[test]
fn a_slip_is_named_with_the_nearest() {
    let drawn = drawn(|_, _| {});
    history(&drawn, &["--case", "throughput/memory/send/aes128gcm/16385"])
        .expect(2, &["did you mean 'throughput/memory/send/aes128gcm/16384'?"]);
    history(&drawn, &["--metric", "eficiency"]).expect(2, &["did you mean 'efficiency'?"]);
    history(&drawn, &["--noise-threshold", "5"]).expect(2, &["expected a share such as 5% or 0.05"]);
    history(&drawn, &["--confidence-level", "10%"])
        .expect(2, &["--confidence-level must be at least 50 % and less than 100 %"]);
    run(["history", "/nonexistent/a.json"]).expect(2, &["/nonexistent/a.json"]);
}
