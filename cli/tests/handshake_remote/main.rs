//! `tlsbench handshake --connect`, end to end: servers that nobody here wrote, which count what they see, and servers that fail in every
//! way.

#[path = "../support/mod.rs"]
mod support;

mod counted;
mod failures;
mod stalls;

use support::measured::{case, count, median};
use support::{Ended, Server, run, run_with, tlsbench};

/// Runs the command against a server whose certificate is not verified.
fn handshake(target: &str, flags: &[&str]) -> Ended {
    run_with(tlsbench([&["handshake", "--connect", target, "-k", "--json"], flags].concat()), b"")
}

#[test]
fn a_duration_with_a_warm_up_is_told_by_phase() {
    let server = Server::start(&["--mode", "http"]);
    let flags = ["--mix", "full=50,resumed=50", "--connections", "4", "--duration", "600ms", "--warmup", "200ms"];
    let ended = handshake(
        &server.target(),
        &[&flags[..], &["--threads", "2", "--http-get", "/", "--ramp-up", "100ms"]].concat(),
    );
    ended.expect(0, &["certificate is not verified"]);
    let case = case(&ended);
    assert_eq!(case["id"], "handshake/remote/aes128gcm/mix=full:50+resumed:50/connections=4/http-get/threads=2");
    assert_eq!((count(&case, "failed"), count(&case, "connections")), (0, 4), "two at once in each loop: {case}");
    let share = case["negotiated"]["resumed_share"].as_f64().expect("a share");
    assert!((share - 0.5).abs() < 0.1, "{share}");
    assert_eq!(case["negotiated"]["group"], "X25519MLKEM768");
    for metric in ["tcp_connect_ns", "tls_connect_ns", "response_begun_ns", "connection_ns", "cpu_us_per_handshake"] {
        assert!(median(&case, &format!("client.{metric}")) > 0.0, "{metric}");
    }
    let parts =
        ["tcp_connect_ns", "tls_connect_ns", "response_begun_ns"].map(|part| median(&case, &format!("client.{part}")));
    assert!(parts.iter().all(|part| *part < median(&case, "client.connection_ns")), "{case}");
    assert!(case["metrics"]["total.handshakes_per_s"]["samples"].as_array().expect("samples").len() >= 20, "{case}");
    assert!(count(&case, "received_bytes") > 100 * count(&case, "handshakes"), "{case}");
}

#[test]
fn a_table_says_first_what_it_comes_to() {
    let server = Server::start(&["--mode", "sink"]);
    let flags = ["-k", "--connections", "2", "-n", "1100", "--warmup", "0s"];
    let ended = run([&["handshake", "--connect", &server.target()], &flags[..]].concat());
    ended.expect(0, &[]);
    let first = ended.output.lines().next().expect("a line");
    let target = server.target();
    assert!(first.starts_with(&format!("AES-128-GCM connections=2, {target}: ")), "{first}");
    assert!(first.contains(" handshakes/s; half of them within ") && first.contains(", 99 % within "), "{first}");
    for told in ["TLS handshake", "connection", "client"] {
        assert!(ended.output.contains(told), "{told} in {}", ended.output);
    }
}

/// Connections that need no ticket any more, because others have brought enough, say nothing of the server.
#[test]
fn many_connections_at_once_go_on_resuming() {
    let server = Server::start(&["--mode", "sink"]);
    for at_once in ["4", "10", "40"] {
        let ended =
            handshake(&server.target(), &["--kind", "resumed", "--connections", at_once, "-n", "1000", "-w", "0s"]);
        ended.expect(0, &[]);
        let case = case(&ended);
        assert!(count(&case, "resumed") >= 900, "of 1000, with {at_once} at once: {}", count(&case, "resumed"));
    }
}

#[test]
fn early_data_is_a_request_and_told_as_accepted() {
    let server = Server::start(&["--mode", "http", "--early-data", "16k"]);
    let flags = ["--kind", "early-data", "--http-get", "/", "--connections", "1", "-n", "30"];
    let ended = handshake(&server.target(), &flags);
    ended.expect(0, &[]);
    let case = case(&ended);
    assert_eq!((count(&case, "handshakes"), count(&case, "failed")), (30, 0), "{case}");
    assert_eq!(case["negotiated"]["early_data_share"], 1.0, "{case}");
}

#[test]
fn what_can_not_be_asked_for_is_refused_with_what_can() {
    for (flags, told) in [
        (&["--connections", "2"][..], "--connect"),
        (&["--connect", "localhost:1", "--transport", "memory"], "--transport"),
        (&["--connect", "localhost:1", "--connections", "0"], "must be 1 to"),
        (&["--connect", "localhost:1", "--rate", "0"], "--rate must be at least 1"),
        (&["--connect", "localhost:1", "--threads", "11"], "--threads must not be more"),
        (&["--connect", "localhost:1", "--timeout", "0s"], "--timeout must be longer than 0"),
        (&["--connect", "localhost:1", "--kind", "psk"], "leave out psk or --connect"),
        (&["--connect", "localhost:1", "--kind", "early-data"], "--http-get PATH"),
        (&["--connect", "localhost:1", "--library", "rustls"], "--library tls-engine"),
        (&["-6"], "name it with --connect"),
        (&["--connect", "https://localhost/x"], "--http-get /x"),
        (&["--connect", "http://localhost"], "only https://"),
        (&["--connect", "localhost:1", "--http-get", "a b"], "begins with /"),
    ] {
        run([&["handshake"], flags].concat()).expect(2, &[told]);
    }
}
