//! Results of each kind that are made up, and the same each time.
#![allow(unreachable_pub)]

use serde_json::Value;
use tlsbench::schema::doctor::{self, Check, Diagnosis, Noise, Peer};
use tlsbench::schema::history::{self, Change, History, Run, Series};
use tlsbench::schema::inventory::{self, Code, Group, Inventory, Provider, Suite};
use tlsbench::schema::quantity::{self, Quantity};
use tlsbench::schema::{Better, Case, Document, Facts, Host, Kind, Negotiated, Side, Tool, Warning};

pub fn results() -> Document {
    let mut document = document();
    document.cases =
        vec![moved("memory", 64, [0.80, 0.81, 0.815]), moved("memory", 16_384, [0.96, 0.97, 0.975]), shaken()];
    document.partial = true;
    document.warn("the machine is busy (load 1.9 on 2 processors)", "end the other programs");
    document
}

pub fn one_case() -> Document {
    Document { cases: vec![moved("loopback-2", 16_384, [0.96, 0.97, 0.975])], ..document() }
}

/// A switch that helps in the full set and is inside the noise in the empty one, one that is not on the path, and equals.
pub fn ablation() -> Document {
    let mut document = document();
    for (switch, base, change) in [
        ("zero-copy", "full", Some(-0.175)),
        ("zero-copy", "empty", Some(0.002)),
        ("arena", "full", None),
        ("nothing", "full", Some(0.001)),
    ] {
        let is_of_equals = switch == "nothing";
        let mut case = Case::new(format!("ablate/bulk/{switch}{}/{base}", if is_of_equals { "" } else { "=on" }));
        let asked = |value: &str| if is_of_equals { Value::Null } else { value.into() };
        for (name, value) in [
            ("workload", "bulk".into()),
            ("base", base.into()),
            ("switch", asked(switch)),
            ("value", asked("on")),
            ("against", asked("off")),
        ] {
            case.requested.insert(name.into(), value);
        }
        case.achieved.insert("is_on_path".into(), change.is_some().into());
        if let Some(change) = change {
            let verdict = if change < -0.01 { "helps" } else { "inside the noise" };
            case.achieved.insert("send_cpu_ns_per_byte_verdict".into(), verdict.into());
            case.achieved.insert("send_cpu_ns_per_byte_smallest_effect".into(), 0.015.into());
            case.record(Side::Send, &quantity::CPU_NS_PER_BYTE, &[0.2], 1);
            let effect = Quantity { name: "cpu_ns_per_byte_effect", unit: "ratio", ..quantity::CPU_NS_PER_BYTE };
            case.record(Side::Send, &effect, &[change, change * 1.02, change * 0.98], 1);
        } else {
            case.achieved.insert("why_not".into(), "nothing is allocated while data moves".into());
        }
        document.cases.push(case);
    }
    document
}

/// Two providers of an AEAD, of which `auto` takes the first, and a signature that has one.
pub fn crypto() -> Document {
    let mut document = document();
    for (kind, algorithm, provider, operation, size, speed) in [
        ("aead", "aes128gcm", "aws-lc-rs", "seal-in-place", Some(64_u64), 0.59e9),
        ("aead", "aes128gcm", "aws-lc-rs", "seal-in-place", Some(16_384), 11.2e9),
        ("aead", "aes128gcm", "rustcrypto", "seal-in-place", Some(64), 0.31e9),
        ("aead", "aes128gcm", "rustcrypto", "seal-in-place", Some(16_384), 4.4e9),
        ("signature", "ed25519", "aws-lc-rs", "sign", None, 31e3),
    ] {
        let last = size.map(|size| format!("/{size}")).unwrap_or_default();
        let mut case = Case::new(format!("crypto/{kind}/{algorithm}/{provider}/{operation}{last}"));
        let implementation = match (kind, provider) {
            ("aead", "aws-lc-rs") => "VAES, AVX-512",
            ("aead", _) => "AES-NI",
            _ => "AWS-LC",
        };
        for (name, value) in [
            ("kind", kind),
            ("algorithm", algorithm),
            ("provider", provider),
            ("operation", operation),
            ("implementation", implementation),
        ] {
            case.requested.insert(name.into(), value.into());
        }
        case.achieved.insert("taken_by_auto".into(), (provider == "aws-lc-rs").into());
        match size {
            Some(size) => {
                case.requested.insert("size_bytes".into(), size.into());
                case.record(Side::Total, &quantity::THROUGHPUT_BYTES_PER_S, &[speed, speed * 1.01], 1);
            }
            None => case.record(Side::Total, &quantity::OPERATIONS_PER_S, &[speed], 1),
        }
        if provider == "rustcrypto" {
            let share = if size == Some(64) { 0.525 } else { 0.393 };
            case.record(Side::Total, &quantity::SHARE_OF_AUTO, &[share], 1);
        }
        document.cases.push(case);
    }
    document
}

/// Three libraries: one is first in sending, two are level in receiving, and one lacks the second suite. Two shake hands.
pub fn peers() -> Document {
    let mut document = document();
    for (suite, speeds) in [("aes128gcm", [12.9e9, 9.4e9, 9.1e9]), ("aegis128l", [15.2e9, 11.4e9, 0.0])] {
        for (library, speed) in ["tls-engine", "rustls-unbuffered", "rustls"].into_iter().zip(speeds) {
            document.cases.push(at_work(suite, library, speed));
        }
    }
    document.cases.push(shaken_by("tls-engine", 270.0, 2_448.0));
    document.cases.push(shaken_by("rustls-unbuffered", 278.0, 4_368.0));
    document
}

/// Handshakes of a library, and what its idle connections hold.
fn shaken_by(library: &str, cpu_us: f64, idle_bytes: f64) -> Case {
    let mut case = Case::new(format!("handshake/memory/aes128gcm/x25519/library={library}"));
    for (name, value) in [("command", "handshake"), ("transport", "memory"), ("library", library)] {
        case.requested.insert(name.into(), value.into());
    }
    let times = |time: f64| -> Vec<f64> { (0..30).map(|round| time + f64::from(round) / 10.0).collect() };
    for (side, share) in [(Side::Client, 1.0), (Side::Server, 0.5)] {
        case.record(side, &quantity::CPU_US_PER_HANDSHAKE, &times(cpu_us * share), 1);
        case.record(side, &quantity::RAW_CRYPTO_US_PER_HANDSHAKE, &times(240.0 * share), 1);
        case.record(side, &quantity::HEAP_CALLS_PER_HANDSHAKE, &[cpu_us / 2.0], 1);
        case.record(side, &quantity::IDLE_BYTES_AFTER_100_B, &[idle_bytes; 33], 1);
        case.record(side, &quantity::IDLE_BYTES_AFTER_16_KIB, &[idle_bytes + 16.0; 33], 1);
    }
    case
}

/// Data that a library moved in memory, unless it has no speed.
fn at_work(suite: &str, library: &str, speed: f64) -> Case {
    let mut case = Case::new(format!("throughput/memory/send/{suite}/16384/library={library}"));
    for (name, value) in [("command", "throughput"), ("transport", "memory"), ("library", library), ("suite", suite)] {
        case.requested.insert(name.into(), value.into());
    }
    case.requested.insert("size_bytes".into(), 16_384.into());
    if speed == 0.0 {
        let message = format!("{library} does not support {suite}");
        case.unavailable = Some(Warning { message, advice: "choose what all libraries have".into() });
        return case;
    }
    let around = |speed: f64, spread: f64| -> Vec<f64> {
        (0..30).map(|round| speed * (1.0 + spread * f64::from((round * 7) % 30 - 15))).collect()
    };
    let received = if library == "rustls" { speed } else { 9.3e9 };
    // Each in an order of its own: round by round, now one is ahead and now the other.
    let mut receiving = around(received, 0.001);
    receiving.rotate_left(library.len());
    case.record(Side::Send, &quantity::ENGINE_BYTES_PER_S, &around(speed, 0.001), 1);
    case.record(Side::Receive, &quantity::ENGINE_BYTES_PER_S, &receiving, 1);
    for side in [Side::Send, Side::Receive] {
        case.record(side, &quantity::RAW_AEAD_BYTES_PER_S, &around(13.3e9, 0.0005), 1);
        let calls = if library == "tls-engine" { 0.0 } else { 1.25 };
        case.record(side, &quantity::HEAP_CALLS_PER_RECORD, &[calls], 1);
    }
    case
}

pub fn diagnosis() -> Diagnosis {
    let noise =
        |metric: &str, size: f64| Noise { metric: metric.into(), median: size / 10.0, ci95: [-size, size], rounds: 31 };
    Diagnosis {
        schema: doctor::SCHEMA.into(),
        tool: tool(),
        host: host(),
        checks: vec![
            Check::good("clock source", "tsc, 21 ns a reading"),
            Check::warning("governor", "powersave", "cpupower frequency-set -g performance"),
            Check::unknown("turbo"),
        ],
        peers: vec![
            Peer { name: "openssl".into(), version: Some("OpenSSL 3.0.17".into()) },
            Peer { name: "nginx".into(), version: None },
        ],
        noise: vec![noise("send.cpu_ns_per_byte", 0.004), noise("receive.cpu_ns_per_byte", 0.012)],
    }
}

/// That many series: the first became worse, the second has too few runs, the third is not joined, the fourth is a count.
pub fn history(count: usize) -> History {
    let mut all = vec![
        series("send.efficiency", "ratio", &[0.97, 0.975, 0.97, 0.91, 0.912]),
        series("receive.efficiency", "ratio", &[0.98, 0.98]),
        series("send.efficiency", "ratio", &[0.80, 0.81]),
        series("send.copied_bytes_per_byte", "B/B", &[0.0, 0.0, 0.0]),
    ];
    all[0].changes = vec![Change {
        run: 3,
        file: "run-3.json".into(),
        before: 0.97,
        after: 0.911,
        change: -0.0608,
        interval: [-0.071, -0.055],
        p_value: Some(0.003),
        is_better: false,
    }];
    all[1].runs_needed = Some(9);
    all[2].differs = vec!["cpu_model is Other 1, not Example 9000".into()];
    all[3].kind = Kind::Count;
    all[3].better = Better::Lower;
    all.truncate(count);
    History { schema: history::SCHEMA.into(), tool: tool(), confidence_level: 0.95, noise_threshold: 0.01, series: all }
}

pub fn inventory() -> Inventory {
    let code = |name: &str, code: &str| Code { name: name.into(), code: code.into() };
    let group = |name: &str, number: &str, [client_share_bytes, server_share_bytes]: [usize; 2], is_default: bool| {
        Group { code: code(name, number), client_share_bytes, server_share_bytes, is_default }
    };
    let suite = |name: &str, iana: &str, number: &str, implementation: &str, is_slow: bool| Suite {
        name: name.into(),
        iana_name: iana.into(),
        code: number.into(),
        source: "aws-lc-rs".into(),
        implementation: implementation.into(),
        is_slow,
    };
    Inventory {
        schema: inventory::SCHEMA.into(),
        tool: tool(),
        host: host(),
        warnings: vec![Warning { message: "rustcrypto has no AVX-512".into(), advice: "build it with that".into() }],
        providers: vec![
            Provider {
                name: "aws-lc-rs".into(),
                suites: vec![
                    suite("aes128gcm", "TLS_AES_128_GCM_SHA256", "0x1301", "VAES, AVX-512", false),
                    suite("chacha20poly1305", "TLS_CHACHA20_POLY1305_SHA256", "0x1303", "AVX2", true),
                ],
                groups: vec![
                    group("x25519", "0x001d", [32, 32], true),
                    group("secp256r1", "0x0017", [65, 65], true),
                    group("X25519MLKEM768", "0x11ec", [1216, 1120], false),
                ],
                signature_schemes: vec![code("ed25519", "0x0807")],
            },
            Provider {
                name: "rustcrypto".into(),
                suites: vec![Suite {
                    source: "rustcrypto".into(),
                    ..suite("aes128gcm", "TLS_AES_128_GCM_SHA256", "0x1301", "AES-NI", false)
                }],
                groups: vec![group("x25519", "0x001d", [32, 32], true)],
                signature_schemes: vec![code("ed25519", "0x0807")],
            },
        ],
    }
}

fn document() -> Document {
    let moment = || "2026-01-31T12:00:00Z".to_owned();
    let begun = Document::begin(host());
    Document { tool: tool(), started_at: moment(), finished_at: moment(), ..begun }
}

pub fn tool() -> Tool {
    Tool {
        name: "tlsbench".into(),
        version: "1.2.3".into(),
        git_commit: Some("0123456789ab".into()),
        build_profile: "release".into(),
        features: vec!["aws-lc-rs".into(), "rustcrypto".into()],
    }
}

fn host() -> Host {
    Host {
        cpu_model: Some("Example 9000".into()),
        cpu_flags: vec!["aes".into(), "vaes".into()],
        cores: Some(2),
        logical_cpus: Some(4),
        governor: Some("powersave".into()),
        smt: Some(true),
        virtualization: Some("none".into()),
        kernel: Some("Linux 6.1.0".into()),
        memory_bytes: Some(8 << 30),
        load_at_start: Some([0.5, 0.25, 0.125]),
        load_at_end: Some([0.75, 0.25, 0.125]),
        open_files_limit: Some(1024),
        clock_source: Some("tsc".into()),
        timer_cost_ns: Some(21.5),
        aslr: Some(true),
        ..Host::default()
    }
}

fn negotiated() -> Negotiated {
    Negotiated {
        version: Some("TLSv1.3".into()),
        cipher_suite: Some("TLS_AES_128_GCM_SHA256".into()),
        group: Some("x25519".into()),
        signature: Some("ecdsa_secp256r1_sha256".into()),
        resumed_share: Some(0.0),
        ..Negotiated::default()
    }
}

/// Of a machine with other things to do, on which an efficiency came out as is impossible.
pub fn busy() -> Document {
    let mut document = one_case();
    let case = &mut document.cases[0];
    case.metrics.retain(|key, _| !key.ends_with(".efficiency"));
    case.record(Side::Send, &quantity::EFFICIENCY, &[1.5, 1.84, 0.97], 1);
    case.record(Side::Receive, &quantity::EFFICIENCY, &[0.97, 0.98, 1.02], 1);
    document
}

/// Data, moved.
fn moved(transport: &str, size: u64, efficiency: [f64; 3]) -> Case {
    let mut case = Case::new(format!("throughput/{transport}/send/aes128gcm/{size}"));
    case.negotiated = negotiated();
    case.requested.insert("direction".into(), "send".into());
    case.requested.insert("size_bytes".into(), size.into());
    case.switches.insert("zero_copy".into(), true.into());
    case.switches.insert("buffer_pool".into(), "thread-local".into());
    case.achieved.insert("efficiency_of".into(), "the raw AEAD of the same provider".into());
    let speed = if size < 1024 { 0.46e9 } else { 3.56e9 };
    case.record(Side::Send, &quantity::EFFICIENCY, &efficiency, 1);
    case.record(Side::Send, &quantity::CPU_NS_PER_BYTE, &[0.28, 0.29, 0.28], 1);
    case.record(Side::Receive, &quantity::EFFICIENCY, &efficiency[2..], 1);
    case.record(Side::Receive, &quantity::COPIED_BYTES_PER_BYTE, &[0.0, 0.0], 1);
    case.record(Side::Total, &quantity::THROUGHPUT_BYTES_PER_S, &[speed * 0.99, speed, speed * 1.01], 1);
    case
}

/// Hands, shaken.
fn shaken() -> Case {
    let mut case = Case::new("handshake/memory/aes128gcm/x25519");
    case.negotiated = negotiated();
    case.switches.insert("arena".into(), true.into());
    case.record(Side::Client, &quantity::CPU_US_PER_HANDSHAKE, &[131.0, 129.5, 130.25], 1);
    case.record(Side::Client, &quantity::HEAP_CALLS_PER_HANDSHAKE, &[101.0, 101.0], 1);
    case.record(Side::Server, &quantity::WIRE_BYTES_PER_HANDSHAKE, &[1205.0], 1);
    case.record(Side::Total, &quantity::HANDSHAKE_P99_NS, &[310e3, 340e3], 1);
    case
}

fn series(metric: &str, unit: &str, medians: &[f64]) -> Series {
    let run = |(index, median): (usize, &f64)| Run {
        file: format!("run-{index}.json"),
        started_at: format!("2026-01-{:02}T00:00:00Z", index + 1),
        git_commit: Some(format!("{index:07}")),
        partial: index == 1,
        median: *median,
        ci95: [median * 0.99, median * 1.01],
        samples: 9,
    };
    Series {
        case: "throughput/memory/send/aes128gcm/16384".into(),
        metric: metric.into(),
        unit: unit.into(),
        better: Better::Higher,
        kind: Kind::Time,
        setting: Facts::from_iter([("cpu_model".to_owned(), "Example 9000".into())]),
        differs: Vec::new(),
        notes: vec!["kernel is Linux 6.1.0, then Linux 6.2.0".into()],
        runs_needed: None,
        runs: medians.iter().enumerate().map(run).collect(),
        changes: Vec::new(),
    }
}
