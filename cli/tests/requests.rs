//! A results document holds what it takes to measure its very cases again.

use clap::Parser;
use serde_json::Value;
use tlsbench::args::Args;
use tlsbench::plan::Measurement;
use tlsbench::render::{Color, Messages};
use tlsbench::request::Request;
use tlsbench::runner;
use tlsbench::schema::{Case, Document};

fn measure(measurements: &[Measurement]) -> Document {
    let jobs = runner::jobs(measurements).expect("jobs");
    let (document, outcome) = runner::run(&jobs, Messages::new(true, 0, Color::Never), &mut |_| Ok(()));
    outcome.expect("all of it is measured");
    document
}

fn typed(line: &str) -> Document {
    let args = Args::try_parse_from(line.split_whitespace()).unwrap_or_else(|error| panic!("{line}: {error}"));
    measure(&[Measurement::of(&args.command).expect("a measurement")])
}

fn again(document: &Document) -> Document {
    let (requests, lost) = Request::of_document(document);
    assert_eq!(lost, []);
    let measurements: Vec<_> = requests.iter().map(Measurement::of_request).collect();
    measure(&measurements.into_iter().collect::<Result<Vec<_>, _>>().expect("measurements"))
}

fn asked(case: &Case) -> (&str, &tlsbench::schema::Facts, &tlsbench::schema::Facts) {
    (&case.id, &case.requested, &case.switches)
}

#[test]
fn the_cases_of_a_document_are_asked_for_again_as_they_were() {
    for line in [
        "tlsbench throughput --count 3 --warmup 0s",
        "tlsbench throughput --count 2 --transport memory,loopback --loopback-threads 1,2 --direction both --size 64,16k \
         --cipher aes128gcm,chacha20poly1305 --warmup 1ms",
        "tlsbench throughput --transport memory --duration 20ms --warmup 0s --switches none --arena --buffer-pool shared \
         --groups p384:x25519 --alpn h2,http/1.1 --sni 127.0.0.1 --verify all --seed 77 --buffer 64k --threads 2 --label odd",
        "tlsbench throughput --count 2 --warmup 0s --no-delay=off --send-buffer 128k --receive-buffer 64k -k",
        "tlsbench handshake --count 5 --warmup 0s --transport memory,loopback --cipher aes128gcm,aes256gcm --label odd --arena=off",
        "tlsbench throughput aes128gcm,aegis128l --provider auto,rustcrypto --groups x25519,p256:p384 --cert-type ed25519,rsa-2048 \
         --transport memory -n 1 --warmup 0s --size 64",
        "tlsbench handshake --cert-type ecdsa-p384,ed25519 --groups p256,x25519:p256 -n 2 --warmup 0s",
        "tlsbench handshake --library rustls,rustls-ring --tls-version 1.3,1.2 -n 2 --warmup 0s --groups x25519",
        "tlsbench handshake --library rustls --kind full,resumed -n 2 --warmup 0s --groups x25519mlkem768",
        "tlsbench handshake --cert-compression none,zlib,brotli:zlib -n 2 --warmup 0s",
        "tlsbench handshake --cert-compression brotli --kind full,resumed -n 2 --warmup 0s",
        "tlsbench handshake --kind hrr,full -n 2 --warmup 0s --groups p256:x25519",
        "tlsbench handshake --mix resumed=3,hrr=1,full=1 -n 10 --warmup 0s --library tls-engine,rustls --cert-type ed25519 \
         --phases",
        "tlsbench handshake -n 4 --warmup 0s --threads 2 --kind full,resumed",
        "tlsbench latency --count 2 --warmup 0s --transport memory,loopback --loopback-threads 1,2 --size 1,4k --library tls-engine,rustls",
        "tlsbench latency --count 2 --warmup 0s --loopback-threads 2 --size 64 --rate 5000 --busy-poll --affinity 0,0 --timeout 5s \
         --label odd --seed 3 --inline=off",
        "tlsbench ablate --workload handshakes,resumed --switch arena --duration 1ms",
        "tlsbench ablate --workload bulk --switch zero-copy,inline --duration 1ms --seed 3",
        "tlsbench ablate --workload small,scale --switch signal,inline --connections 20 --duration 4ms --seed 3",
    ] {
        let first = typed(line);
        let second = again(&first);
        let (first, second) = (first.cases.iter().map(asked), second.cases.iter().map(asked));
        assert_eq!(first.collect::<Vec<_>>(), second.collect::<Vec<_>>(), "{line}");
    }
}

/// What version 0.1 wrote: a preference list with commas, and no type of certificate.
#[test]
fn a_document_of_old_is_asked_for_again() {
    let mut document = typed("tlsbench throughput --count 1 --warmup 0s --transport memory --groups p384:x25519");
    let case = &mut document.cases[0];
    assert_eq!(case.requested["groups"], "secp384r1,x25519");
    assert!(!case.requested.contains_key("cert_type"));
    let request = Request::of_case(case).expect("a request");
    assert!(request.arguments().contains(&"--groups=secp384r1:x25519".to_owned()), "{request:?}");
    assert_eq!(again(&document).cases[0].id, "throughput/memory/send/aes128gcm/16384");
}

#[test]
fn what_can_not_be_asked_for_again_is_named_with_the_reason() {
    let mut document = typed("tlsbench throughput --count 1 --warmup 0s --transport memory --size 1,2,3");
    document.cases[0].requested.remove("command");
    document.cases[1].requested.insert("seed".into(), Value::from(-1));
    let (requests, lost) = Request::of_document(&document);
    assert_eq!(requests.len(), 1);
    let lost: Vec<_> = lost.iter().map(|case| (case.id.as_str(), case.why.as_str())).collect();
    assert_eq!(lost[0], ("throughput/memory/send/aes128gcm/1", "its command is missing"));
    assert_eq!(lost[1], ("throughput/memory/send/aes128gcm/2", "seed has the value -1"));
    // A switch that this program does not know, of a newer version perhaps; or a flag that a file must not ask for.
    for name in ["warp_drive", "keylog"] {
        let mut document = document.clone();
        document.cases[2].switches.insert(name.into(), true.into());
        let (requests, lost) = Request::of_document(&document);
        assert_eq!((requests.len(), lost.len()), (0, 3));
        assert_eq!(lost[2].why, format!("{name} is no switch"));
    }
}
