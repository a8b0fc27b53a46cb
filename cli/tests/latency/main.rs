//! `tlsbench latency`, end to end. How long anything takes is not asked, but for servers that stall on purpose.

#[path = "../support/mod.rs"]
mod support;

mod elsewhere;
mod requests;

use serde_json::Value;
use support::results::kept;
use support::{Ended, run, run_with, tlsbench};

/// Runs the command with these flags, and returns the document, which follows its schema.
#[track_caller]
fn document(flags: &str) -> Value {
    let ended = run(["latency", "--json"].into_iter().chain(flags.split_whitespace()));
    ended.expect(0, &[]);
    parsed(&ended)
}

#[track_caller]
fn parsed(ended: &Ended) -> Value {
    let document: Value = serde_json::from_str(&ended.output).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let schema: Value = serde_json::from_str(include_str!("../../../results/schema.json")).expect("the schema");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    document
}

fn cases(document: &Value) -> &[Value] {
    document["cases"].as_array().expect("cases")
}

#[track_caller]
fn median(case: &Value, metric: &str) -> f64 {
    case["metrics"][metric]["median"].as_f64().unwrap_or_else(|| panic!("{metric} in {case:#}"))
}

fn has(case: &Value, metric: &str) -> bool {
    case["metrics"].get(metric).is_some()
}

#[test]
fn every_library_makes_the_round_trips_over_every_transport_in_turns_with_plain_tcp() {
    let libraries = ["tls-engine", "rustls", "rustls-unbuffered"];
    let flags = "--transport memory,loopback --size 1,16k -n 120 -w 0s --library tls-engine,rustls,rustls-unbuffered";
    let document = document(flags);
    assert_eq!(cases(&document).len(), 3 * 2 * 3);
    for (number, case) in cases(&document).iter().enumerate() {
        assert_eq!(
            (&case["achieved"]["round_trips"], &case["achieved"]["library"]),
            (&120.into(), &libraries[number % 3].into())
        );
        assert!(median(case, "total.round_trip_p50_ns") > 0.0);
        assert!(case["metrics"]["total.round_trip_ns"]["histogram"].is_string(), "{case:#}");
        assert!(
            has(case, "total.round_trip_p90_ns") && !has(case, "total.round_trip_p99_ns"),
            "120 are too few for p99"
        );
        assert!(!has(case, "total.corrected_round_trip_p50_ns"), "nothing was due");
        let is_over_sockets = case["requested"]["transport"] == "loopback";
        for metric in ["added_round_trip_ns", "raw_tcp_round_trip_ns", "raw_tcp_round_trip_p50_ns"] {
            assert_eq!(has(case, &format!("total.{metric}")), is_over_sockets, "{metric} in {case:#}");
        }
        assert_eq!(case["negotiated"]["cipher_suite"], "TLS_AES_128_GCM_SHA256");
        if case["requested"]["loopback_threads"] == 1 && case["requested"]["size_bytes"] == 1 {
            for side in ["client", "server"] {
                assert_eq!(median(case, &format!("{side}.syscalls_per_message")), 2.0, "a write and a read: {case:#}");
            }
        }
    }
}

#[test]
fn what_tls_adds_is_the_difference_of_the_medians_of_each_round() {
    let document = document("--loopback-threads 1 --size 64 -n 320 -w 0s");
    let case = &cases(&document)[0];
    let samples = |metric: &str| -> Vec<f64> {
        let samples = case["metrics"][format!("total.{metric}")]["samples"].as_array().expect("samples");
        samples.iter().filter_map(Value::as_f64).collect()
    };
    let (with, without) = (samples("round_trip_p50_ns"), samples("raw_tcp_round_trip_p50_ns"));
    assert_eq!(with.len(), 32);
    let expected: Vec<f64> = with.iter().zip(&without).map(|(with, without)| with - without).collect();
    assert_eq!(samples("added_round_trip_ns"), expected);
}

#[test]
fn the_table_begins_with_what_tls_adds() {
    let ended = run("latency --loopback-threads 1 --size 64,4k -n 200 -w 0s".split(' '));
    ended.expect(0, &[]);
    let text = &ended.output;
    assert!(
        text.starts_with("One-thread loopback, AES-128-GCM: TLS adds to a round trip over plain TCP: 64 B "),
        "{text}"
    );
    assert!(text.contains("4 KiB ") && text.contains("p50") && text.contains("plain TCP,"), "{text}");
}

#[test]
fn of_several_libraries_it_is_told_what_tls_adds_with_each() {
    let ended = run("latency --library tls-engine,rustls --loopback-threads 1 --size 64 -n 200 -w 0s".split(' '));
    ended.expect(0, &[]);
    let text = ended.output.replace('\n', " ");
    assert!(text.starts_with("Round trips, AES-128-GCM 64 B, one-thread loopback: "), "{text}");
    let [first, rest] = ["TLS adds ", " to a round trip over plain TCP"].map(|part| text.find(part).expect("both"));
    let added = &text[first..rest];
    assert!(added.contains(" with tls-engine, ") && added.ends_with(" with rustls"), "{text}");
    assert!(text.contains("TLS adds, µs") && text.contains("plain TCP"), "{text}");
}

#[test]
fn percentiles_with_too_few_samples_are_named_with_what_to_do() {
    let ended = run("latency --transport memory --size 64 -n 500 -w 0s".split(' '));
    ended.expect(0, &["500 round trips are too few for p99, which needs 1,000", "use --count 1000"]);
    let ended = run("latency --transport memory --size 64 -d 50ms -w 0s".split(' '));
    ended.expect(0, &["are too few for p99.99, which needs 100,000", "use --duration "]);
}

#[test]
fn pinned_threads_that_ask_their_sockets_make_the_same_round_trips() {
    // One processor for both also where there is but one: each has to wait until the other's time is over.
    let document = document("--loopback-threads 1,2 --busy-poll --affinity 0 --size 64 -n 40 -w 0s");
    let [one, two] = cases(&document) else { panic!("{document:#}") };
    for case in [one, two] {
        assert_eq!(case["achieved"]["round_trips"], 40);
        assert_eq!((&case["requested"]["busy_poll"], &case["requested"]["affinity"]), (&true.into(), &"0".into()));
    }
    assert!(has(one, "client.syscalls_per_message") && !has(two, "client.syscalls_per_message"));
    assert!(two["id"].as_str().is_some_and(|id| id.ends_with("/64/busy-poll/affinity=0")), "{two:#}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_processor_that_there_is_not_is_refused() {
    run(["latency", "--affinity", "9999"]).expect(2, &["may not use processor 9999, but "]);
    run(["latency", "--affinity", "0,0", "--transport", "memory"])
        .expect(2, &["leave it out, or use --loopback-threads 2"]);
}

#[test]
#[cfg(unix)]
fn counts_are_the_same_with_a_live_line_and_without() {
    let flags = "latency --json --size 64 -n 3000 -w 0s --loopback-threads 1,2";
    let counts = |ended: &Ended| {
        ended.expect(0, &[]);
        let document = parsed(ended);
        let of_case = |case: &Value| {
            let calls = ["client.syscalls_per_message", "server.syscalls_per_message"].map(|name| median(case, name));
            (
                case["achieved"]["round_trips"].clone(),
                case["achieved"]["rounds"].clone(),
                calls.map(|calls| calls.to_string()),
            )
        };
        cases(&document).iter().map(of_case).collect::<Vec<_>>()
    };
    let quiet = run_with(tlsbench(flags.split(' ').chain(["--quiet"])), b"");
    assert_eq!(quiet.errors, "");
    let live = support::terminal::run_with_errors_at_a_terminal(tlsbench(flags.split(' ')));
    assert!(live.errors.contains("p99 "), "a live line: {live:?}");
    let expected = counts(&quiet);
    assert_eq!(expected[0].2, ["2", "2"]);
    assert_eq!(counts(&live), expected);
}

#[test]
fn results_are_compared_exported_and_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    for name in ["a.json", "b.json"] {
        let flags = [
            "--library",
            "tls-engine,rustls",
            "--loopback-threads",
            "1",
            "--size",
            "64",
            "-n",
            "600",
            "-w",
            "0s",
            "-o",
        ];
        run(["latency"].into_iter().chain(flags).map(str::to_owned).chain([path(name)])).expect(0, &[]);
    }
    let ended = run(["compare", &path("a.json"), &path("b.json")]);
    ended.expect(0, &[]);
    assert!(ended.output.contains("Compared: "), "{ended:?}");
    let ended = run(["export", &path("a.json"), "--for", "bencher"]);
    ended.expect(0, &[]);
    assert!(ended.output.contains("round_trip_p50_ns"), "{ended:?}");
    run(["report", &path("a.json"), "-o", &path("report.html")]).expect(0, &[]);
    let page = std::fs::read_to_string(path("report.html")).expect("a page");
    for part in ["Latency distributions", "TLS adds ", "Round trips", "total.raw_tcp_round_trip_ns"] {
        assert!(page.contains(part), "{part}");
    }
}

/// What the pages say of it.
#[test]
fn the_run_that_is_kept_shows_that_the_engine_adds_no_more_than_rustls() {
    for file in ["one-thread.json.gz", "pinned.json.gz"] {
        let document = kept(&format!("2026-11-30-latency-amd-epyc/{file}"));
        for size in [64, 4096] {
            let added = |library: &str| {
                let is_it = |case: &&tlsbench::schema::Case| {
                    case.requested["size_bytes"] == size && case.requested["library"] == library
                };
                document.cases.iter().find(is_it).expect("a case").metrics["total.added_round_trip_ns"].ci95
            };
            let [engine, rustls] = ["tls-engine", "rustls"].map(added);
            assert!(engine[1] < rustls[0], "{file}, {size}: {engine:?}, {rustls:?}");
        }
    }
}
