//! `tlsbench throughput --connect` with `--http-get` and `--http-post`, end to end: requests one after the other on connections that stay
//! open, to servers that nobody here wrote, and to some that fail.

#[path = "../support/mod.rs"]
mod support;

mod contents;
mod failures;

use std::time::Duration;

use serde_json::Value;
use support::measured::{case, count, median};
use support::terminal::run_with_errors_at_a_terminal;
use support::{Ended, Server, interrupt, run, run_with, tlsbench};

/// Runs the command against a server whose certificate is not verified.
fn throughput(target: &str, flags: &[&str]) -> Ended {
    run_with(tlsbench([&["throughput", "--connect", target, "-k", "--json"], flags].concat()), b"")
}

#[test]
fn a_duration_is_told_by_rate_time_and_cost() {
    let server = Server::start(&["--mode", "http"]);
    let flags = ["--http-get", "/", "--connections", "4", "--threads", "2", "-d", "600ms", "-w", "200ms"];
    let ended = throughput(&server.target(), &flags);
    ended.expect(0, &["certificate is not verified"]);
    let case = case(&ended);
    assert_eq!(case["id"], "throughput/remote/receive/aes128gcm/http-get/connections=4/threads=2");
    assert_eq!((count(&case, "failed"), count(&case, "connections")), (0, 4), "{case}");
    let requests = count(&case, "requests");
    assert_eq!(count(&case, "content_bytes"), requests * count(&case, "response_content_bytes"), "{case}");
    // A server that closes after so many answers says so, and is asked on another connection.
    assert!(count(&case, "connections_begun") >= 4 + requests / 1100, "{case}");
    let per_s = median(&case, "total.requests_per_s");
    let told = count(&case, "response_content_bytes") as f64 * per_s;
    assert!((median(&case, "total.throughput_bytes_per_s") / told - 1.0).abs() < 0.1, "{case}");
    for metric in ["cpu_us_per_request", "requests_per_cpu_s", "response_ns", "response_begun_ns", "response_p99_ns"] {
        assert!(median(&case, &format!("client.{metric}")) > 0.0, "{metric}");
    }
    assert!(case["metrics"]["total.requests_per_s"]["samples"].as_array().expect("samples").len() >= 20, "{case}");
}

#[test]
fn a_table_says_first_what_it_comes_to() {
    let server = Server::start(&["--mode", "http"]);
    let flags = ["-k", "--http-get", "/", "--connections", "2", "-n", "1500", "--warmup", "0s"];
    let ended = run([&["throughput", "--connect", &server.target()], &flags[..]].concat());
    ended.expect(0, &[]);
    let first = ended.output.lines().next().expect("a line");
    let target = server.target();
    assert!(first.starts_with(&format!("AES-128-GCM http-get connections=2, {target}: ")), "{first}");
    for told in [" requests/s, ", "; half of the responses within ", ", 99 % within ", " of processor time."] {
        assert!(first.contains(told), "{told} in {first}");
    }
}

/// The live line is drawn by another thread than those that measure.
#[test]
fn the_figures_are_the_same_with_and_without_the_live_line() {
    let server = Server::start(&["--mode", "http"]);
    let target = server.target();
    let flags = ["--http-get", "/", "--connections", "3", "-n", "60000", "--warmup", "0s", "--verify", "all"];
    let command = || tlsbench([&["throughput", "--connect", &target, "-k", "--json"], &flags[..]].concat());
    let (seen, unseen) = (run_with_errors_at_a_terminal(command()), run_with(command(), b""));
    assert!(seen.errors.contains("/s, p99 "), "a live line: {}", seen.errors);
    assert!(!unseen.errors.contains("p99"), "none: {}", unseen.errors);
    let [seen, unseen] = [&seen, &unseen].map(|ended| {
        ended.expect(0, &[]);
        let case = case(ended);
        // Heads differ where the server closes a connection, which depends on how many requests each has had.
        let facts = ["requests", "content_bytes", "responses_compared", "failed"];
        let metrics = case["metrics"].as_object().expect("metrics").keys().cloned().collect::<Vec<_>>();
        (facts.map(|fact| count(&case, fact)), metrics)
    });
    assert_eq!(seen, unseen);
    assert_eq!(seen.0[0], 60_000);
}

/// As many as a proxy has open, and what that takes at both ends.
#[test]
fn five_thousand_connections_at_once_are_all_answered() {
    let server = Server::start(&["--mode", "http"]);
    let flags = ["-k", "--http-get", "/", "--connections", "5000", "--ramp-up", "3s", "-d", "2s", "--json"];
    let ended = run_with(tlsbench([&["throughput", "--connect", &server.target()], &flags[..]].concat()), b"");
    ended.expect(0, &[]);
    let case = case(&ended);
    assert_eq!((count(&case, "connections"), count(&case, "failed")), (5_000, 0), "{case}");
    // Each sends its next request when it has its answer.
    assert!(count(&case, "requests") >= 5_000, "{case}");
    let resident = median(&case, "client.resident_bytes_per_connection");
    assert!((1_000.0..100_000.0).contains(&resident), "{resident} B for each");
    let ended = server.interrupt();
    ended.expect(0, &["5000 at once at most", " 0 failed", "memory: 5,000 open connections, "]);
    let resident = ended.errors.split_once(" open connections, ").and_then(|(_, rest)| rest.split_once(" B resident"));
    let bytes: u64 = resident.expect("a figure").0.replace(',', "").parse().expect("a number");
    assert!((1_000..100_000).contains(&bytes), "{bytes} B for each");
}

#[test]
fn ctrl_c_keeps_what_was_measured() {
    let server = Server::start(&["--mode", "http"]);
    let mut command = tlsbench(["throughput", "--connect", &server.target(), "-k", "--http-get", "/", "--json"]);
    let mut client = support::programs::Program::start(command.args(["-d", "60s", "-w", "0s"]));
    std::thread::sleep(Duration::from_millis(1500));
    interrupt(&client);
    let (status, output, errors) = client.wait_end();
    assert_eq!(status.code(), Some(130), "{errors}");
    let document: Value = serde_json::from_slice(&output).expect("a document");
    assert_eq!(document["partial"], true);
    assert!(count(&document["cases"][0], "requests") > 0, "{document}");
}

#[test]
fn what_can_not_be_asked_for_is_refused_with_what_can() {
    let connect = ["--connect", "localhost:1"];
    for (flags, told) in [
        (&["--http-get", "/"][..], "--connect"),
        (&[&connect[..], &["--connections", "2"]].concat(), "--http-get or --http-post"),
        (&[&connect[..], &["--http-get", "/", "--http-post", "/"]].concat(), "cannot be used with"),
        (&[&connect[..], &["--http-get", "/", "--size", "1k"]].concat(), "cannot be used with"),
        (&[&connect[..], &["--http-get", "/", "--direction", "send"]].concat(), "cannot be used with"),
        (&[&connect[..], &["--http-get", "x"]].concat(), "--http-get takes a path"),
        (&[&connect[..], &["--http-post", "/a b"]].concat(), "--http-post takes a path"),
        (&[&connect[..], &["--http-post", "/", "--size", "65m"]].concat(), "--size must be"),
        (&[&connect[..], &["--http-get", "/", "--library", "rustls"]].concat(), "--library tls-engine"),
        (&[&connect[..], &["--http-get", "/", "--threads", "11"]].concat(), "--threads must not be more"),
        (&["--connect", "https://localhost/x", "--http-get", "/"], "--http-get /x"),
    ] {
        run([&["throughput"], flags].concat()).expect(2, &[told]);
    }
}
