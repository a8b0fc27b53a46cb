//! Other libraries than the engine, measured by the same commands. How fast they are, is not asked.

#[path = "support/mod.rs"]
mod support;

use serde_json::Value;
use support::run;

const LIBRARIES: [&str; 5] = ["tls-engine", "rustls", "rustls-unbuffered", "rustls-ring", "rustls-unbuffered-ring"];

/// The cases of a run of all libraries.
fn cases(arguments: &[&str]) -> Vec<Value> {
    let all = LIBRARIES.join(",");
    let ended = run([arguments, &["--library", &all, "--warmup", "0s", "--json"]].concat());
    ended.expect(0, &[]);
    let document: Value = serde_json::from_str(&ended.output).expect("JSON and nothing else");
    let cases = document["cases"].as_array().expect("cases").clone();
    for case in &cases {
        let name = case["requested"]["library"].as_str().expect("a library");
        assert_eq!(case["achieved"]["library"], name);
        assert!(case["achieved"]["library_version"].as_str().is_some_and(|version| version.contains('.')), "{case:#}");
        assert!(case["id"].as_str().is_some_and(|id| id.ends_with(&format!("library={name}"))), "{}", case["id"]);
        assert_eq!(case["negotiated"]["version"], "TLSv1.3");
        assert_eq!(case["switches"].as_object().is_none_or(|switches| switches.is_empty()), name != "tls-engine");
    }
    cases
}

fn names(cases: &[Value]) -> Vec<&str> {
    cases.iter().filter_map(|case| case["requested"]["library"].as_str()).collect()
}

#[test]
fn every_library_carries_every_byte_over_every_transport() {
    let flags = ["throughput", "--transport", "memory,loopback", "--loopback-threads", "1,2", "--direction", "both"];
    let more = ["--count", "40", "--size", "20000", "--verify", "all", "--cipher", "aes256gcm"];
    let cases = cases(&[&flags[..], &more].concat());
    assert_eq!(cases.len(), 3 * 2 * LIBRARIES.len());
    for case in &cases {
        assert_eq!(case["negotiated"]["cipher_suite"], "TLS_AES_256_GCM_SHA384");
        assert_eq!(case["achieved"]["compared_bytes"], 40 * 20_000);
        assert_eq!(case["achieved"]["send_records"], 40 * 2);
        for side in ["send", "receive"] {
            let has = |metric: &str| case["metrics"].get(format!("{side}.{metric}")).is_some();
            assert!(has("throughput_bytes_per_s") && has("heap_calls_per_record"), "{case:#}");
            let is_engine = case["requested"]["library"] == "tls-engine";
            assert_eq!(has("copied_bytes_per_byte"), is_engine, "only the engine counts its copies");
        }
    }
}

#[test]
fn tls_1_2_is_measured_where_a_library_has_it() {
    for (key_type, suite) in [
        ("ecdsa-p256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
        ("rsa-2048", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    ] {
        for command in ["throughput", "handshake"] {
            let flags = [command, "--transport", "memory", "--tls-version", "1.2", "--cert-type", key_type];
            let ended = run([&flags[..], &["--library", "tls-engine,rustls,rustls-unbuffered-ring"]]
                .concat()
                .into_iter()
                .chain(["--groups", "x25519", "--count", "40", "--warmup", "0s", "--json"]));
            ended.expect(0, &[]);
            let document: Value = serde_json::from_str(&ended.output).expect("JSON and nothing else");
            let cases = document["cases"].as_array().expect("cases");
            let (lacking, others): (Vec<&Value>, Vec<&Value>) =
                cases.iter().partition(|case| case.get("unavailable").is_some());
            let [engine] = lacking[..] else { panic!("{lacking:#?}") };
            assert_eq!((&engine["requested"]["library"], others.len()), (&"tls-engine".into(), 2));
            let reason = engine["unavailable"]["message"].as_str();
            assert!(reason.is_some_and(|reason| reason.contains("does not support TLSv1.2")), "{engine:#}");
            for case in others {
                assert_eq!(case["requested"]["tls_version"], "1.2");
                assert_eq!(
                    (&case["negotiated"]["version"], &case["negotiated"]["cipher_suite"]),
                    (&"TLSv1.2".into(), &suite.into())
                );
                let metrics = case["metrics"].as_object().expect("metrics");
                let of_bare = |name: &&String| name.contains("efficiency") || name.contains("raw_");
                assert_eq!(metrics.keys().find(of_bare), None, "the bare cryptography is that of TLS 1.3");
                assert!(metrics.keys().any(|name| name.contains("cpu_")), "{metrics:#?}");
            }
        }
    }
    let flags = ["throughput", "--library", "rustls", "--tls-version", "1.2", "--cipher", "aegis128l"];
    run(flags).expect(2, &["--cipher aegis128l is not all in TLS 1.2"]);
}

#[test]
fn cases_of_different_libraries_take_turns() {
    let cases = cases(&["throughput", "--transport", "memory", "--size", "64,16k", "--duration", "100ms"]);
    assert_eq!(names(&cases), [LIBRARIES, LIBRARIES].concat(), "one size after the other");
    for of_size in cases.chunks(LIBRARIES.len()) {
        let rounds: Vec<_> = of_size.iter().map(|case| &case["achieved"]["rounds"]).collect();
        assert!(rounds.iter().all(|count| *count == rounds[0]), "each round has a block of every library: {rounds:?}");
        let metric = "send.throughput_bytes_per_s";
        let samples = of_size.iter().map(|case| case["metrics"][metric]["samples"].as_array().map(Vec::len));
        assert!(samples.clone().all(|count| count == samples.clone().next().flatten() && count > Some(2)));
    }
}

#[test]
fn every_library_completes_handshakes_and_each_side_is_measured() {
    let cases = cases(&["handshake", "--count", "20", "--groups", "p256"]);
    assert_eq!(names(&cases), LIBRARIES);
    for case in &cases {
        assert_eq!(
            (&case["achieved"]["rounds"], &case["achieved"]["handshakes"]),
            (&20.into(), &20.into()),
            "in turns"
        );
        assert_eq!(case["negotiated"]["group"], "secp256r1");
        assert_eq!(case["negotiated"]["resumed_share"], 0.0);
        for side in ["client", "server"] {
            for metric in ["cpu_us_per_handshake", "heap_calls_per_handshake", "wire_bytes_per_handshake"] {
                let median = case["metrics"][format!("{side}.{metric}")]["median"].as_f64();
                assert!(median.is_some_and(|median| median > 0.0), "{side}.{metric} in {case:#}");
            }
        }
    }
}

#[test]
fn what_is_not_for_a_library_is_refused_with_the_reason() {
    for (flags, reason) in [
        ("--cipher aegis128l --transport memory", "does not support TLS_AEGIS_128L_SHA256"),
        ("--connect 127.0.0.1:1", "--connect is for --library tls-engine"),
        ("--transport memory --insecure", "--insecure is for --library tls-engine"),
    ] {
        let flags: Vec<&str> = flags.split(' ').collect();
        run([&["throughput", "--library", "rustls", "--count", "1"], &flags[..]].concat()).expect(2, &[reason]);
    }
    run(["throughput", "--library", "openssl3"]).expect(2, &["rustls-unbuffered"]);
}
