//! `tlsbench throughput` from end to end: the real program, in short runs of a given count. How fast it is, is not asked.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const CIPHERS: [&str; 5] = ["aes128gcm", "aes256gcm", "chacha20poly1305", "aegis128l", "aegis256"];

fn tlsbench(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlsbench"));
    command.args(arguments).env_remove("SSLKEYLOGFILE").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    let fixed = ["throughput", "--warmup", "0s"];
    tlsbench(&[&fixed, arguments].concat()).output().expect("the program runs")
}

/// Runs with `--json`, and returns the document after it has been checked against its schema.
fn document(arguments: &[&str]) -> Value {
    let output = run(&[arguments, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {}\n{errors}", output.status);
    let document = serde_json::from_slice(&output.stdout).expect("JSON and nothing else on standard output");
    check_schema(&document);
    document
}

fn check_schema(document: &Value) {
    let schema: Value = serde_json::from_str(include_str!("../../results/schema.json")).expect("the schema");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

fn cases(document: &Value) -> &Vec<Value> {
    document["cases"].as_array().expect("cases")
}

fn median(case: &Value, metric: &str) -> f64 {
    case["metrics"][metric]["median"].as_f64().unwrap_or_else(|| panic!("{metric} in {case:#}"))
}

#[test]
fn the_ending_of_a_file_is_its_form_and_ciphers_need_no_flag() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, begins) in [("run.json", "{"), ("run.csv", "case,"), ("run.md", "|"), ("run.txt", "")] {
        let path = folder.path().join(name);
        let output = run(&["aes256gcm", "--transport", "memory", "-d", "0.02", "-o", path.to_str().expect("UTF-8")]);
        assert!(output.status.success() && output.stdout.is_empty(), "{name}: {output:?}");
        let text = std::fs::read_to_string(&path).expect("it was written");
        let suite = if name == "run.txt" { "AES-256-GCM" } else { "aes256gcm" };
        assert!(text.contains(begins) && text.contains(suite), "{name}: {text}");
        let is_json = serde_json::from_str::<Value>(&text).is_ok();
        assert_eq!(is_json, name == "run.json", "{name}: {text}");
    }
}

#[test]
fn each_provider_group_and_certificate_is_a_case_that_tells_its_own() {
    let document = document(&[
        "--transport",
        "memory",
        "--count",
        "2",
        "--provider",
        "auto,rustcrypto",
        "--groups",
        "x25519,p256:x25519",
        "--cert-type",
        "ecdsa-p256,rsa-2048",
    ]);
    let cases = document["cases"].as_array().expect("cases");
    let told: BTreeSet<_> = cases
        .iter()
        .map(|case| {
            let asked = ["provider", "groups", "cert_type"].map(|fact| case["requested"][fact].as_str().expect(fact));
            let agreed = ["group", "signature"].map(|fact| case["negotiated"][fact].as_str().expect(fact));
            assert_eq!(agreed[0], if asked[1] == "x25519" { "x25519" } else { "secp256r1" });
            assert_eq!(agreed[1].starts_with("rsa_pss"), asked[2] == "rsa-2048", "{agreed:?}");
            let id = case["id"].as_str().expect("a name");
            assert!(id.contains(&format!("/provider={}/", asked[0])), "{id}");
            assert!(id.ends_with(&format!("/cert-type={}", asked[2])), "{id}");
            id.to_owned()
        })
        .collect();
    assert_eq!((cases.len(), told.len()), (8, 8));
}

#[test]
fn every_cipher_over_every_transport_both_ways_carries_exactly_what_was_asked_for() {
    let document = document(&[
        "--cipher",
        "all",
        "--size",
        "1,1350,16k,100k",
        "--transport",
        "memory,loopback",
        "--loopback-threads",
        "1,2",
        "--direction",
        "both",
        "--count",
        "70",
    ]);
    let ids: BTreeSet<&str> = cases(&document).iter().filter_map(|case| case["id"].as_str()).collect();
    assert_eq!(ids.len(), 3 * 2 * CIPHERS.len() * 4);
    for case in cases(&document) {
        let id = case["id"].as_str().expect("an id");
        let size = case["requested"]["size_bytes"].as_u64().expect("a size");
        let achieved = &case["achieved"];
        for side in ["send", "receive"] {
            assert_eq!(achieved[format!("{side}_bytes")], 70 * size, "{id}");
            assert_eq!(achieved[format!("{side}_records")], 70 * size.div_ceil(16_384), "{id}");
            for metric in ["throughput_bytes_per_s", "raw_aead_bytes_per_s", "cpu_ns_per_byte", "records_per_s"] {
                assert!(median(case, &format!("{side}.{metric}")) > 0.0, "{id} {side}.{metric}");
            }
            // Blocks as short as these may be disturbed in their majority.
            let efficiency = format!("{side}.efficiency");
            if case["not_measurable"].get(&efficiency).is_none() {
                let median = median(case, &efficiency);
                assert!(median > 0.0 && median <= 1.0, "{id} {efficiency}");
            }
            let has_calls = median(case, &format!("{side}.syscalls_per_mib")) > 0.0;
            // Neither Rust nor C asks the heap for anything while records flow.
            assert_eq!(median(case, &format!("{side}.heap_calls_per_record")), 0.0, "{id} {side}");
            assert_eq!(has_calls, case["requested"]["transport"] == "loopback", "{id}");
        }
        assert!(achieved["compared_bytes"].as_u64().expect("a count") >= size.min(16_384), "{id}");
        assert_eq!(case["metrics"].get("total.raw_tcp_share").is_some(), id.contains("loopback"), "{id}");
        let negotiated = &case["negotiated"];
        assert_eq!(negotiated["version"], "TLSv1.3");
        assert_eq!(negotiated["cipher_suite"], case["requested"]["cipher_suite"], "{id}");
        assert_eq!(
            (&negotiated["group"], &negotiated["signature"]),
            (&"x25519".into(), &"ecdsa_secp256r1_sha256".into())
        );
    }
    let is_debug = document["tool"]["build_profile"] == "debug";
    let warnings = document["warnings"].to_string();
    assert_eq!(warnings.contains("DEBUG BUILD"), is_debug, "a debug build is never timed silently");
}

#[test]
fn zero_copy_copies_nothing_and_without_it_each_side_copies_every_byte() {
    let common = ["--provider", "aws-lc-rs", "--transport", "memory,loopback", "--count", "100"];
    let with = document(&[&common[..], &["--zero-copy"]].concat());
    let without = document(&[&common[..], &["--zero-copy=off"]].concat());
    for (document, zero_copy) in [(&with, true), (&without, false)] {
        for case in cases(document) {
            assert_eq!(case["switches"]["zero_copy"], zero_copy);
            for side in ["send", "receive"] {
                let copied = median(case, &format!("{side}.copied_bytes_per_byte"));
                assert!(if zero_copy { copied == 0.0 } else { copied >= 1.0 }, "{side} {copied} in {case:#}");
                assert_eq!(median(case, &format!("{side}.saved_bytes_per_byte")), 1.0 - copied, "{side} in {case:#}");
                let [in_place, copied] =
                    ["in_place_records", "copied_records"].map(|name| median(case, &format!("{side}.{name}")));
                let (spared, taken) = if zero_copy { (in_place, copied) } else { (copied, in_place) };
                assert!(spared >= 100.0 && taken == 0.0, "{side}: {in_place} in place, {copied} copied");
            }
        }
    }
}

#[test]
fn verify_all_compares_every_byte_and_conversations_share_the_count() {
    for transport in ["memory", "loopback"] {
        let document = document(&["--transport", transport, "--verify", "all", "--threads", "3", "--count", "100"]);
        let achieved = &cases(&document)[0]["achieved"];
        assert_eq!(achieved["receive_bytes"], 100 * 16_384);
        assert_eq!(achieved["compared_bytes"], 100 * 16_384);
        // Whoever reads the numbers is told what they are sums of, and over which time.
        let told = achieved["throughput_of"].as_str().expect("a text");
        assert!(told.contains("sums of 3 conversations") && told.contains("wall time"), "{told}");
        assert_eq!(told.contains("about half"), transport == "memory", "{told}");
        let cpu = achieved["cpu_time_from"].as_str().expect("a text");
        assert!(cpu.starts_with("the processor clock of "), "{cpu}");
    }
}

#[test]
fn a_server_elsewhere_takes_and_sends_exactly_what_is_measured() {
    let sink = Server::start("sink");
    let document_sent = document(&[
        "--connect",
        &sink.target(),
        "--cacert",
        sink.authority(),
        "--count",
        "500",
        "--cipher",
        "aes256gcm",
    ]);
    // The run fails unless the sink's receipt names this number.
    assert_eq!(cases(&document_sent)[0]["achieved"]["send_bytes"], 500 * 16_384);
    assert_eq!(cases(&document_sent)[0]["negotiated"]["cipher_suite"], "TLS_AES_256_GCM_SHA384");
    assert!(cases(&document_sent)[0]["metrics"].get("receive.throughput_bytes_per_s").is_none(), "it is elsewhere");

    let source = Server::start("source");
    let document_received = document(&[
        "--connect",
        &source.target(),
        "--cacert",
        source.authority(),
        "--count",
        "500",
        "--direction",
        "receive",
        "--verify",
        "all",
    ]);
    let achieved = &cases(&document_received)[0]["achieved"];
    assert!(achieved["receive_bytes"].as_u64().expect("a count") >= 500 * 16_384);
    assert_eq!(achieved["compared_bytes"], achieved["receive_bytes"]);
}

#[test]
fn one_bit_that_flips_on_the_way_fails_the_run() {
    for (mode, direction) in [("sink", "send"), ("source", "receive")] {
        let server = Server::start(mode);
        let address = flipping_proxy(server.address, direction == "receive");
        let output = run(&[
            "--connect",
            &format!("localhost:{}", address.port()),
            "-4",
            "--cacert",
            server.authority(),
            "--count",
            "500",
            "--direction",
            direction,
        ]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{direction}: {errors}");
        if direction == "receive" {
            assert!(errors.contains("could not be decrypted"), "{errors}");
        }
    }
}

#[test]
fn a_peer_that_is_wrong_is_told_apart_from_one_that_is_not_there() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let nobody = format!("127.0.0.1:{}", free.port());
    let no_tls = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let closing = answering(b"");
    let server = Server::start("sink");
    let target = server.target();
    for (flags, code, text) in [
        (vec!["--cipher", "rc4"], 2, "aes128gcm, aes256gcm, chacha20poly1305, aegis128l, aegis256"),
        (vec!["--cipher", "aegis256", "--provider", "aws-lc-rs"], 2, "chacha20poly1305"),
        (vec!["--connect", &nobody, "-k"], 6, "refused"),
        (vec!["--connect", &no_tls, "-k"], 1, "does not speak TLS"),
        (vec!["--connect", &closing, "-k"], 1, "closed"),
        (vec!["--connect", &target], 1, "no trusted authority"),
        (vec!["--connect", &target, "--cacert", server.authority(), "--sni", "example.com"], 1, "example.com"),
        (vec!["--connect", &target, "--cacert", "/nonexistent.pem"], 2, "/nonexistent.pem"),
    ] {
        let output = run(&[&flags[..], &["--count", "1"]].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{flags:?}: {errors}");
        assert!(errors.contains(text), "{flags:?}: {errors}");
        assert_eq!(output.stdout, b"", "{flags:?}");
    }
}

#[test]
fn an_interrupted_run_leaves_what_it_has_and_says_that_it_is_partial() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("results.json");
    let json = format!("--json={}", file.display());
    let sizes = (1..=100).map(|size| size.to_string()).collect::<Vec<_>>().join(",");
    let mut child = tlsbench(&["throughput", "--quiet", "--transport", "memory", "--size", &sizes, "--warmup", "0s"])
        .args(["--duration", "500ms", &json])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    // The file is there once the first of the hundred cases is done.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !file.exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    assert!(status.success());
    let ended = child.wait().expect("an end");
    assert_eq!(ended.code(), Some(130));
    let document: Value = serde_json::from_slice(&std::fs::read(&file).expect("the results")).expect("JSON");
    check_schema(&document);
    assert_eq!(document["partial"], true);
    assert!((1..100).contains(&cases(&document).len()), "{}", cases(&document).len());
    assert!(cases(&document)[0]["achieved"]["send_bytes"].as_u64().expect("a count") > 0);
}

/// A `tlsbench serve` with a generated certificate, ended when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
    authority: PathBuf,
    _directory: tempfile::TempDir,
}

impl Server {
    fn start(mode: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let authority = directory.path().join("ca.pem");
        let mut child = tlsbench(&["serve", "--listen", "127.0.0.1:0", "--mode", mode, "--ca-out"])
            .arg(&authority)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("standard output")).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening ").and_then(|text| text.parse().ok()).expect("an address");
        Self { child, address, authority, _directory: directory }
    }

    fn target(&self) -> String {
        self.address.to_string()
    }

    fn authority(&self) -> &str {
        Path::to_str(&self.authority).expect("a path that is text")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A listener whose first connection gets `answer`, and its end.
fn answering(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else { return };
        // The ClientHello is taken first, or the answer would be lost in a reset.
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(answer);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    address.to_string()
}

/// Passes one connection on to `server`, but for one bit of application data: on the way back, or on the way there.
fn flipping_proxy(server: SocketAddr, on_the_way_back: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let Ok((client, _)) = listener.accept() else { return };
        let server = TcpStream::connect(server).expect("the server");
        let copies = |stream: &TcpStream| stream.try_clone().expect("a copy");
        let (to_server, to_client) = ((copies(&client), copies(&server)), (server, client));
        std::thread::spawn(move || pass_on(to_server, !on_the_way_back));
        pass_on(to_client, on_the_way_back);
    });
    address
}

fn pass_on((mut from, mut to): (TcpStream, TcpStream), flips: bool) {
    /// Far behind the handshake.
    const FLIPPED: usize = 1_000_000;
    let (mut buffer, mut position) = (vec![0; 1 << 16], 0);
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        if flips && (position..position + count).contains(&FLIPPED) {
            buffer[FLIPPED - position] ^= 4;
        }
        position += count;
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
