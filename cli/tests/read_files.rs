//! Every file is read under a bound, is never written over by what is made of it, and counts once.
#![cfg(unix)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use clap::CommandFactory;
use rustix::fs::{CWD, FileType, mknodat};
use support::results::throughput;
use support::skip::find;
use support::{Ended, Server, run_with_in, tlsbench};
use tempfile::TempDir;
use tlsbench::args::Args;

const PROFILE: &str = "description = 'for a test'\n[[case]]\ncommand = 'throughput'\ntransport = 'memory'\ncount = 3\n\
                       warmup = '0s'\n[[threshold]]\nmetric = 'send.copied_bytes_per_byte'\nmax_increase = 0\n";

struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(TempDir::new().expect("a folder"));
        bench.write("p.toml", PROFILE);
        bench.write("a.json", &serde_json::to_string(&throughput("2026-01-01T00:00:00Z", &[64])).expect("JSON"));
        bench.write("b.json", &serde_json::to_string(&throughput("2026-01-02T00:00:00Z", &[64])).expect("JSON"));
        fs::create_dir(bench.path(".tlsbench")).expect("a folder");
        fs::copy(bench.path("a.json"), bench.path(".tlsbench/NAME.json")).expect("a copy");
        bench
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn run(&self, line: &str) -> Ended {
        run_with_in(&mut tlsbench(line.split(' ')), self.0.path())
    }
}

#[test]
fn nothing_is_written_over_what_is_read() {
    let bench = Bench::new();
    fs::hard_link(bench.path("a.json"), bench.path("second.json")).expect("a second name");
    std::os::unix::fs::symlink("a.json", bench.path("link.json")).expect("a link");
    let (authority, [chain, key]) = ("ca.pem", ["chain.pem", "key.pem"]);
    for name in [authority, chain, key] {
        bench.write(name, "precious");
    }
    let with_files = PROFILE.replace("count = 3", "count = 3\ncert = 'chain.pem'\nkey = 'key.pem'\ncacert = 'ca.pem'");
    bench.write("files.toml", &with_files);
    for line in [
        "report a.json -o a.json",
        "report a.json b.json -o ./b.json",
        "report link.json -o a.json",
        "report a.json -o link.json",
        "report second.json -o a.json",
        "export a.json --for bencher -o a.json",
        "history a.json b.json --json=b.json",
        "history a.json b.json -o .tlsbench/../a.json",
        "run ./p.toml --json=p.toml",
        "run p.toml -o ./p.toml",
        "gate --profile p.toml --baseline a.json --json=p.toml",
        "gate --profile p.toml --baseline a.json --results a.json",
        "gate --profile p.toml --baseline NAME -o .tlsbench/NAME.json",
        "compare NAME --json=.tlsbench/NAME.json",
        "compare a.json b.json -o b.json",
        "compare NAME --results .tlsbench/NAME.json",
        "connect localhost:1 --cacert ca.pem --keylog ca.pem",
        "throughput --cert chain.pem --key key.pem --json=key.pem",
        "handshake --cert chain.pem --key key.pem -o chain.pem",
        "connect localhost:1 --cert chain.pem --key key.pem --keylog key.pem",
        "serve --cert chain.pem --key key.pem --keylog key.pem",
        "serve --client-ca ca.pem --ca-out ca.pem",
        "serve --ticket-key key.pem --keylog key.pem",
        "serve --psk key.pem --keylog key.pem",
        "connect localhost:1 --early-data a.json --keylog a.json",
        "connect localhost:1 --psk key.pem --keylog key.pem",
        "connect localhost:1 --cacert ca.pem --json=ca.pem",
    ] {
        let before = contents(bench.0.path());
        let ended = bench.run(line);
        ended.expect(2, &["is an input file: choose another file"]);
        assert!(!ended.errors.contains("[1/"), "{line}: {ended:?}");
        assert_eq!(contents(bench.0.path()), before, "{line}");
    }
    // What two options name, also where it is not there yet.
    for line in [
        "throughput --json=new -o ./new",
        "throughput --json=.tlsbench/x.json --save-baseline x",
        "throughput --keylog new --json=new",
        "connect localhost:1 --keylog new --json=new",
        "compare a.json --results new --json=.tlsbench/../new",
    ] {
        bench.run(line).expect(2, &["would be written twice"]);
        assert!(!bench.path("new").exists(), "{line}");
    }
}

/// All files below a folder with what is in them.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            all.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
    all.sort_unstable();
    all
}

/// Commands that read the file FILE, each with its exit code where that can't be read.
const READERS: [(&str, i32); 17] = [
    ("run FILE", 2),
    ("gate --profile FILE --baseline a.json", 2),
    ("gate --profile p.toml --baseline FILE", 5),
    ("compare FILE a.json", 5),
    ("compare a.json FILE", 5),
    ("history FILE", 2),
    ("report FILE", 2),
    ("export FILE --for bencher", 2),
    ("connect localhost:1 --cacert FILE", 2),
    ("connect localhost:1 --cert FILE --key FILE -k", 2),
    ("serve --listen 127.0.0.1:0 --cert FILE --key FILE", 2),
    ("serve --listen 127.0.0.1:0 --client-ca FILE", 2),
    ("serve --listen 127.0.0.1:0 --client-ca ca.pem --client-crl FILE", 2),
    ("serve --listen 127.0.0.1:0 --ticket-key FILE", 2),
    ("serve --listen 127.0.0.1:0 --psk FILE", 2),
    ("connect localhost:1 --early-data FILE -k", 2),
    ("connect localhost:1 --psk FILE -k", 2),
];

#[test]
fn a_file_without_end_is_too_large_and_a_pipe_without_a_writer_is_not_waited_for() {
    let bench = Bench::new();
    let pipe = bench.path("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, 0o600.into(), 0).expect("a pipe");
    for (line, code) in READERS {
        bench.run(&line.replace("FILE", "/dev/zero")).expect(code, &["/dev/zero", "it is larger than"]);
        bench
            .run(&line.replace("FILE", "./pipe"))
            .expect(code, &["./pipe", "it is a pipe, and nobody has written to it"]);
        bench.run(&line.replace("FILE", "./no-such")).expect(code, &["no-such"]);
        bench.run(&line.replace("FILE", "/proc/self/")).expect(code, &["/proc/self"]);
    }
}

#[test]
fn what_a_command_writes_into_a_pipe_is_read() {
    let bench = Bench::new();
    let shell = |script: &str| {
        let mut bash = Command::new("bash");
        bash.args(["-c", &script.replace("tlsbench", env!("CARGO_BIN_EXE_tlsbench"))]);
        run_with_in(&mut bash, bench.0.path())
    };
    shell("tlsbench compare <(sleep 2; cat a.json) <(cat b.json)").expect(0, &[]);
    shell("tlsbench run <(cat p.toml) -q").expect(0, &[]);
    shell("cat a.json | tlsbench history /dev/stdin").expect(0, &[]);
    shell("mkfifo late; (sleep 0.3; cat a.json > late) & tlsbench history late").expect(0, &[]);
}

/// What lists hold twice, in commands that write results, with the cases that come of it.
const DOUBLES: [(&str, usize); 30] = [
    ("throughput --transport memory --size 64,64,1k,1024", 2),
    ("throughput --transport memory,memory,loopback,memory", 2),
    ("throughput --loopback-threads 1,1,2,1", 2),
    ("throughput --transport memory --cipher aes128gcm,all,TLS_AES_128_GCM_SHA256 --provider aws-lc-rs", 3),
    ("throughput --transport memory --groups p256,secp256r1,P-256,x25519", 2),
    ("throughput --transport memory --groups p256:secp256r1:x25519:P-256", 1),
    (
        "throughput --transport memory --provider auto,rustcrypto,auto --cert-type ed25519,ed25519 --tls-version 1.3,1.3",
        2,
    ),
    ("throughput --transport memory --alpn h2,h2,http/1.1,h2", 1),
    ("throughput --library rustls,rustls --transport memory", 1),
    ("throughput aes128gcm,aes128gcm --transport memory", 1),
    ("handshake aes128gcm,TLS_AES_128_GCM_SHA256", 1),
    ("handshake --transport memory,loopback,memory", 2),
    ("handshake --cipher aes128gcm,aes128gcm", 1),
    ("handshake --groups p256,secp256r1", 1),
    ("handshake --provider auto,auto --cert-type ecdsa-p256,ed25519,ecdsa-p256", 2),
    ("handshake --library rustls --groups p256 --tls-version 1.2,1.3,1.2", 2),
    ("handshake --library rustls --groups p256 --kind full,resumed,full", 2),
    ("handshake --alpn h2,h2", 1),
    ("handshake --cert-compression none,zlib,NONE,brotli:zlib:brotli,zlib", 3),
    ("handshake --library rustls,tls-engine,rustls --groups p256", 2),
    ("latency --transport memory,loopback,memory --loopback-threads 1,2,1 --size 64,64,1k,1024", 6),
    ("latency aes128gcm,aes128gcm --transport memory --size 1", 1),
    (
        "latency --cipher aes128gcm,all,TLS_AES_128_GCM_SHA256 --provider aws-lc-rs,aws-lc-rs --transport memory --size 1",
        3,
    ),
    ("latency --library rustls,tls-engine,rustls --groups p256,secp256r1 --transport memory --size 1", 2),
    ("latency --cert-type ecdsa-p256,ecdsa-p256 --alpn h2,h2 --transport memory --size 1", 1),
    ("latency --library rustls --tls-version 1.2,1.3,1.2 --transport memory --size 1", 2),
    ("ablate --workload bulk,bulk --switch inline,inline -d 20ms", 4),
    ("peers --library tls-engine,rustls,tls-engine --work small,small -d 20ms", 3),
    ("crypto --algorithm sha256,SHA256,sha256 --size 64,64 --provider auto,auto -d 1ms", 1),
    ("instructions --work record,record --size 64,64 --cipher aes128gcm,TLS_AES_128_GCM_SHA256 --setting all,all", 1),
];
/// The same in commands that write none, or need a server.
const OTHER_DOUBLES: [&str; 5] = [
    "serve --cipher aes128gcm,TLS_AES_128_GCM_SHA256 --groups p256,secp256r1 --alpn http/1.1,http/1.1 --mode http \
     --cert-compression zlib,ZLIB",
    "connect --cipher aes128gcm,aes128gcm --groups p256,secp256r1 --alpn http/1.1,http/1.1 --cert-compression zlib:zlib,zlib",
    "export --case */64,*/64 --metric efficiency,send.efficiency,efficiency",
    "handshake --bind 127.0.0.1,127.0.0.1 -n 2 -w 0s -k",
    "throughput --http-get / --bind 127.0.0.1,127.0.0.1 -n 2 -w 0s -k",
];

#[test]
fn every_list_takes_what_is_named_twice_once_and_what_is_written_is_read() {
    let bench = Bench::new();
    for (line, cases) in DOUBLES {
        if line.starts_with("instructions") && find("valgrind").is_none() {
            continue;
        }
        let is_counted = ["throughput", "handshake", "latency"].iter().any(|command| line.starts_with(command));
        let quick = if is_counted { " -n 2 -w 0s" } else { "" };
        bench.run(&format!("{line}{quick} --json=out.json")).expect(0, &[]);
        let text = fs::read(bench.path("out.json")).expect("a file");
        let document = tlsbench::loader::read(&text).unwrap_or_else(|refusal| panic!("{line}: {refusal}"));
        assert_eq!(document.cases.len(), cases, "{line}");
        let requested = &document.cases[0].requested;
        for (fact, value) in [("groups", "secp256r1"), ("alpn_offered", "h2")] {
            let said = requested.get(fact).and_then(|value| value.as_str()).unwrap_or_default();
            assert!(said.matches(value).count() <= 1, "{line}: {fact} is {said}");
        }
    }
    let [serve, connect, export, handshake, requests] = OTHER_DOUBLES;
    let flags = |line: &'static str| line.split(' ').skip(1).collect::<Vec<_>>();
    let server = Server::start(&flags(serve));
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let ended = server.connect(&flags(connect), request);
    assert!(ended.code == Some(0) && ended.output.contains("200 OK"), "{ended:?}");
    let target = server.target();
    for line in [handshake, requests] {
        bench.run(&format!("{line} --connect {target}")).expect(0, &[]);
    }
    let exported = |flags: &[&str]| {
        let flags: Vec<&str> = ["export", "a.json", "--for", "bencher"].iter().chain(flags).copied().collect();
        let ended = bench.run(&flags.join(" "));
        ended.expect(0, &[]);
        ended.output
    };
    assert_eq!(exported(&flags(export)), exported(&["--case", "*/64", "--metric", "efficiency"]));
}

/// A list that is new has to be among them.
#[test]
fn no_list_is_left_out() {
    let lines: Vec<&str> = DOUBLES.iter().map(|(line, _)| *line).chain(OTHER_DOUBLES).collect();
    for command in Args::command().get_subcommands() {
        for list in command.get_arguments().filter(|argument| argument.get_value_delimiter().is_some()) {
            let name = command.get_name();
            let is_there = |line: &&str| match list.get_long() {
                Some(flag) => line.starts_with(name) && line.contains(&format!(" --{flag} ")),
                None => line.starts_with(&format!("{name} aes128gcm,")),
            };
            assert!(lines.iter().any(is_there), "{name} {list}");
        }
    }
}

#[test]
fn a_list_of_a_profile_takes_what_is_named_twice_once() {
    let bench = Bench::new();
    let twice =
        PROFILE.replace("transport = 'memory'", "transport = ['memory', 'memory']\nsize = [64, '64', '1k', 1024]");
    bench.write("twice.toml", &twice);
    bench.run("run twice.toml --json=out.json").expect(0, &[]);
    let document = tlsbench::loader::load(&bench.path("out.json")).expect("results");
    assert_eq!(document.cases.len(), 2);
    bench.run("gate --profile twice.toml --baseline out.json --counts-only").expect(0, &[]);
}

#[test]
fn one_document_under_several_names_is_one_run() {
    let bench = Bench::new();
    fs::copy(bench.path("a.json"), bench.path("copy.json")).expect("a copy");
    let ended = bench.run("history a.json copy.json b.json ./a.json --json");
    ended.expect(0, &["copy.json holds the same as a.json, and is counted once", "a.json holds the same as a.json"]);
    let history: serde_json::Value = serde_json::from_str(&ended.output).expect("JSON");
    for series in history["series"].as_array().expect("a list") {
        assert_eq!(series["runs"].as_array().expect("a list").len(), 2, "{series:#}");
    }
    bench.run("report a.json copy.json -o page.html").expect(0, &["copy.json holds the same as a.json", "2 cases"]);
}

#[test]
fn text_of_a_file_can_not_write_lines_of_ours_nor_turn_or_color_them() {
    let bench = Bench::new();
    let key = "si\\nhint: run this\\u001b[31m\\u009b1m\\u202e\\u2066\\u200f";
    bench.write("spoof.toml", &PROFILE.replace("count = 3", &format!("\"{key}\" = 3")));
    let ended = bench.run("run spoof.toml");
    ended.expect(2, &["unknown key of a throughput case 'si\u{fffd}hint: run this\u{fffd}[31m\u{fffd}1m\u{fffd}"]);
    assert!(!ended.errors.lines().any(|line| line.starts_with("hint: run")), "{ended:?}");
    assert!(ended.errors.chars().all(|letter| letter == '\n' || !tlsbench::names::is_hidden(letter)), "{ended:?}");
}

/// Results of so many cases, each with the metrics of all.
fn long(cases: usize) -> serde_json::Value {
    let mut document = serde_json::to_value(throughput("2026-01-01T00:00:00Z", &[64])).expect("JSON");
    let case = |index: usize| {
        let mut case = document["cases"][0].clone();
        case["id"] = format!("throughput/memory/send/aes128gcm/{index}").into();
        case
    };
    document["cases"] = (0..cases).map(case).collect();
    document
}

/// Results of so many cases, each with as many metrics as a case may have, of which no two have one name.
fn crowded(cases: usize) -> serde_json::Value {
    let mut document = serde_json::to_value(throughput("2026-01-01T00:00:00Z", &[64])).expect("JSON");
    let metric = document["cases"][0]["metrics"]["send.efficiency"].clone();
    assert!(metric.is_object(), "{document:#}");
    let case = |index: usize| {
        let mut case = document["cases"][0].clone();
        case["id"] = format!("new/{index}").into();
        let named = |number: usize| (format!("send.m{index}_{number}"), metric.clone());
        case["metrics"] = serde_json::Value::Object((0..250).map(named).collect());
        case
    };
    document["cases"] = (0..cases).map(case).collect();
    document
}

#[test]
fn what_is_made_of_a_file_grows_no_faster_than_the_file() {
    let bench = Bench::new();
    for (size, cases) in [("few", 30), ("many", 240)] {
        bench.write(&format!("{size}-metrics.json"), &crowded(cases).to_string());
        bench.write(&format!("{size}-cases.json"), &long(cases).to_string());
    }
    let took = |line: &str| {
        let began = Instant::now();
        bench.run(line).expect(0, &[]);
        began.elapsed().as_secs_f64()
    };
    for line in [
        "report FILE-metrics.json -o metrics.html",
        "report FILE-cases.json -o cases.html",
        "history FILE-cases.json FILE-metrics.json -o history.txt",
        "history FILE-cases.json --format csv -o history.csv",
        "compare FILE-cases.json FILE-cases.json -o comparison.txt",
        "export FILE-metrics.json --for bencher -o bencher.json",
        "export FILE-cases.json --for github-action-benchmark -o exported",
    ] {
        let ratios: Vec<f64> =
            (0..3).map(|_| took(&line.replace("FILE", "many")) / took(&line.replace("FILE", "few"))).collect();
        // Eight times as much; what grows with the square takes 64 times as long. A busy machine may be late once.
        assert!(ratios.iter().any(|ratio| *ratio < 20.0), "{line}: {ratios:?}");
    }
    let size = |name: &str| fs::metadata(bench.path(name)).expect("a file").len();
    for kind in ["metrics", "cases"] {
        // The last one drawn was of the smaller file.
        bench.run(&format!("report many-{kind}.json -o page.html")).expect(0, &[]);
        let (page, file) = (size("page.html"), size(&format!("many-{kind}.json")));
        assert!(page < 5 * file, "{kind}: {page} bytes of {file}");
    }
}

#[test]
fn a_case_that_no_run_writes_is_refused() {
    let bench = Bench::new();
    let good = crowded(1);
    let change = |path: &str, value: serde_json::Value| {
        let mut document = good.clone();
        *document.pointer_mut(path).expect(path) = value;
        document
    };
    let metric = good["cases"][0]["metrics"]["send.m0_0"].clone();
    let metrics = (0..251).map(|number| (format!("send.m{number}"), metric.clone())).collect();
    let facts = (0..101).map(|number| (format!("f{number}"), 1.into())).collect();
    let long = serde_json::json!({ "message": "m".repeat(2001), "advice": "a" });
    for (document, said) in [
        (change("/cases/0/metrics", serde_json::Value::Object(metrics)), "new/0: 251 metrics are more than 250"),
        (change("/cases/0/requested", serde_json::Value::Object(facts)), "new/0: 101 facts are more than 100"),
        (change("/cases/0/id", "x".repeat(2001).into()), "cases[0]: its id is longer than 2000 bytes"),
        (change("/cases/0/negotiated/alpn", "x".repeat(2001).into()), "new/0: what was negotiated is longer"),
        (change("/warnings", vec![long].into()), "warnings: one of them is longer than 2000 bytes"),
    ] {
        bench.write("bad.json", &document.to_string());
        bench.run("report bad.json -o page.html").expect(2, &[said]);
        bench.run("compare bad.json a.json").expect(5, &[said]);
    }
}
