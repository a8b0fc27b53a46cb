use super::*;
use crate::args::{Args, Command};
use crate::setting::Setting;
use crate::workload::Verify;
use clap::Parser;

use tls_engine::switches::{BufferPoolKind, Switches};

fn plan(flags: &[&str]) -> Result<Throughput, Error> {
    let args = Args::try_parse_from(["tlsbench", "throughput"].iter().chain(flags))
        .map_err(|error| Error::Usage(error.to_string()))?;
    match &args.command {
        Command::Throughput(args) => Throughput::new(args),
        other => panic!("{other:?}"),
    }
}

fn only(plan: &Throughput) -> &ThroughputCase {
    let [case] = plan.cases.as_slice() else { panic!("{} cases", plan.cases.len()) };
    case
}

fn ids(flags: &[&str]) -> Vec<String> {
    plan(flags).expect("a plan").cases.into_iter().map(|case| case.id).collect()
}

#[test]
fn nothing_said_is_one_quick_case() {
    let plan = plan(&[]).expect("a plan");
    let case = only(&plan);
    assert_eq!(case.id, "throughput/loopback-2/send/aes128gcm/16384");
    assert_eq!(case.schedule.limit, Limit::Duration(DEFAULT_DURATION));
    assert!(matches!(case.work.transport, Transport::LoopbackThreadPerEnd(_)));
    assert_eq!(case.switches["zero_copy"], true);
    assert!(case.work.sockets.no_delay && !case.trusts_anyone && !case.logs_keys);
}

#[test]
fn what_tables_call_the_default_is_the_default() {
    let plan = plan(&[]).expect("a plan");
    let requested = &only(&plan).requested;
    for (name, value) in crate::render::usual() {
        if let Some(asked) = requested.get(&name) {
            assert_eq!(*asked, value, "{name}");
        }
    }
    let known = ["conversations", "groups", "verify"];
    assert!(known.iter().all(|name| requested.contains_key(*name)), "{requested:?}");
}

#[test]
fn the_providers_of_the_engine_take_turns_with_other_libraries() {
    let flags =
        ["--library", "tls-engine,rustls", "--provider", "auto,ring", "--transport", "memory", "--size", "64,1k"];
    let groups: Vec<usize> = plan(&flags).expect("a plan").in_turns().map(|cases| cases.len()).collect();
    assert_eq!(groups, [3, 3]);
    let alone = plan(&["--provider", "auto,ring", "--transport", "memory"]).expect("a plan");
    assert_eq!(alone.in_turns().count(), 2);
}

#[test]
fn every_flag_arrives() {
    let flags = "--cipher aes256gcm,chacha20poly1305 --cipher aes128gcm --size 64,1350,16KiB -z 2s -w 1s \
                 --direction both --transport memory,loopback --loopback-threads 1,2 --zero-copy=off -t 3 \
                 --verify all --buffer 64k --send-buffer 256k --receive-buffer 1m --no-delay=off --groups p256:x25519 \
                 --alpn h2,http/1.1 --provider rustcrypto --seed 9 -k --sni a.example --label twice --cert-type ed25519 \
                 --tls-version 1.3";
    let plan = plan(&flags.split_whitespace().collect::<Vec<_>>()).expect("a plan");
    assert_eq!(plan.cases.len(), 3 * 3 * 3 * 2);
    let case = &plan.cases[0];
    assert_eq!(case.id, "throughput/memory/send/aes256gcm/64/twice");
    assert_eq!(plan.cases[53].id, "throughput/loopback-2/receive/aes128gcm/16384/twice");
    assert_eq!(case.schedule.limit, Limit::Duration(Duration::from_secs(2)));
    assert_eq!((case.schedule.warmup, case.schedule.seed), (Duration::from_secs(1), 9));
    let work = &case.work;
    assert_eq!((work.buffer_bytes, work.conversations, work.verify, work.seed), (65_536, 3, Verify::All, 9));
    assert!(!work.sockets.no_delay && case.trusts_anyone);
    assert_eq!(work.sockets.send_buffer_bytes, Some(262_144));
    assert_eq!(work.sockets.receive_buffer_bytes, Some(1 << 20));
    assert!(matches!(&work.transport, Transport::Memory(_)));
    assert_eq!(case.switches["zero_copy"], false);
    for (fact, value) in [
        ("server_name", "a.example"),
        ("groups", "secp256r1,x25519"),
        ("alpn_offered", "h2,http/1.1"),
        ("provider", "rustcrypto"),
        ("cert_type", "ed25519"),
        ("tls_version", "1.3"),
        ("server_name", "a.example"),
    ] {
        assert_eq!(case.requested[fact], value, "{fact}");
    }
}

#[test]
fn results_tell_what_was_asked_for_under_the_names_of_old() {
    let plan = plan(&["-n", "10k", "--size", "1k", "--provider", "auto"]).expect("a plan");
    let provider = crate::setting::find_provider("auto").expect("a provider");
    let suite = provider.suite(CipherSuite::AES_128_GCM_SHA256).expect("a suite");
    let expected = serde_json::json!({
        "command": "throughput",
        "library": "tls-engine", "provider": "auto",
        "provider_of_suite": suite.source,
        "implementation": suite.aead.implementation(),
        "cipher_suite": "TLS_AES_128_GCM_SHA256",
        "size_bytes": 1024,
        "direction": "send",
        "transport": "loopback",
        "loopback_threads": 2,
        "conversations": 1,
        "writes": 10_000,
        "warmup_ns": 500_000_000,
        "verify": "sample",
        "seed": 1,
        "buffer_bytes": 262_144,
        "no_delay": true,
        "send_buffer_bytes": null,
        "receive_buffer_bytes": null,
        "groups": "x25519,secp256r1,secp384r1",
        "server_name": "localhost",
        "insecure": false,
    });
    assert_eq!(serde_json::Value::from(only(&plan).requested.clone()), expected);
}

#[test]
fn what_is_listed_is_compared_and_named_only_then() {
    let memory = ["--transport", "memory"];
    assert_eq!(ids(&[&memory[..], &["aes256gcm"]].concat()), ["throughput/memory/send/aes256gcm/16384"]);
    let one_of_each = ["--provider", "rustcrypto", "--groups", "p384:x25519", "--cert-type", "ed25519"];
    assert_eq!(ids(&[&memory[..], &one_of_each].concat()), ["throughput/memory/send/aes128gcm/16384"]);
    let several = ["--provider", "auto,rustcrypto,auto", "--groups", "p256,secp256r1,p384:x25519", "--label", "x"];
    let name = |provider: &str, groups: &str| {
        format!("throughput/memory/send/aes128gcm/16384/provider={provider}/groups={groups}/x")
    };
    assert_eq!(
        ids(&[&memory[..], &several].concat()),
        [
            name("auto", "secp256r1"),
            name("auto", "secp384r1:x25519"),
            name("rustcrypto", "secp256r1"),
            name("rustcrypto", "secp384r1:x25519"),
        ]
    );
    let keys = ids(&[&memory[..], &["--cert-type", "ecdsa-p384,ed25519"]].concat());
    assert!(keys[0].ends_with("/cert-type=ecdsa-p384") && keys[1].ends_with("/cert-type=ed25519"), "{keys:?}");
}

#[test]
fn each_provider_is_asked_for_the_suites_that_it_has() {
    let all = ids(&["all", "--provider", "auto,aws-lc-rs", "--transport", "memory"]);
    let of = |provider: &str| all.iter().filter(|id| id.ends_with(&format!("/provider={provider}"))).count();
    let suites = |name: &str| crate::setting::find_provider(name).expect("a provider").suites.len();
    assert_eq!((of("auto"), of("aws-lc-rs")), (suites("auto"), suites("aws-lc-rs")));
    assert!(plan(&["aegis128l", "--provider", "auto,aws-lc-rs"]).is_err());
}

#[test]
fn single_switches_change_their_base_and_none_brings_plain_cryptography() {
    let switches = |flags: &[&str]| only(&plan(flags).expect("a plan")).switches.clone();
    let facts = |switches: Switches, provider: &str| {
        let provider = crate::setting::find_provider(provider).expect("a provider");
        Setting { switches, provider }.facts()
    };
    assert_eq!(switches(&["--switches", "none"]), facts(Switches::none(), "rustcrypto"));
    let expected = Switches { arena: true, buffer_pool: BufferPoolKind::Shared, ..Switches::none() };
    let mixed = switches(&["--switches", "none", "--provider", "auto", "--buffer-pool", "shared", "--arena"]);
    assert_eq!(mixed, facts(expected, "auto"));
    assert_eq!(switches(&["--inline=off"]), facts(Switches { inline: false, ..Switches::all() }, "auto"));
}

#[test]
fn a_remote_end_replaces_the_one_in_this_process() {
    let plan = plan(&["--connect", "[::1]:4433", "-k", "-n", "10k", "-6"]).expect("a plan");
    let case = only(&plan);
    assert_eq!(case.id, "throughput/remote/send/aes128gcm/16384");
    let Transport::Remote(remote) = &case.work.transport else { panic!("{}", case.id) };
    assert_eq!((remote.target.to_string().as_str(), remote.name.to_str().as_ref()), ("[::1]:4433", "::1"));
    assert_eq!(case.schedule.limit, Limit::Writes(10_000));
    let told = |fact: &str| case.requested.get(fact).cloned();
    assert_eq!(told("target"), Some("[::1]:4433".into()));
    assert_eq!((told("transport"), told("loopback_threads")), (Some("remote".into()), None));
    assert_eq!(told("ip_version"), Some(6.into()));
}

#[test]
fn what_can_not_be_done_is_refused() {
    for flags in [
        &["--size", "0"][..],
        &["--size", "65m"],
        &["--count", "0"],
        &["--buffer", "16k"],
        &["--duration", "0s"],
        &["--duration", "ten"],
        &["aes128gcm", "--cipher", "aes128gcm"],
        &["aes128gmc"],
        &["--groups", "p256:x448"],
        &["--cert-type", "dsa"],
        &["--cert-type", "ed25519", "--connect", "a:1"],
        &["--count", "1", "--duration", "1s"],
        &["--cipher", "rc4"],
        &["--groups", "x448"],
        &["--loopback-threads", "3"],
        &["--threads", "0"],
        &["--zero-copy", "off"],
        &["--buffer-pool", "on"],
        &["--switches", "some"],
        &["--switches", "none", "--cipher", "rc4"],
        &["--cert", "chain.pem"],
        &["--connect", "a:1", "--transport", "memory"],
        &["--connect", "a"],
        &["--send-buffer", "4g"],
        &["--cacert", "/nonexistent.pem"],
        &["--sni", "not a name"],
    ] {
        assert_eq!(plan(flags).err().map(|error| error.exit_code()), Some(crate::error::exit::USAGE), "{flags:?}");
    }
}
