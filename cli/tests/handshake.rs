//! `tlsbench handshake` from end to end, in short runs of a given count. How fast it is, is not asked.

#[path = "support/mod.rs"]
mod support;

use serde_json::Value;
use support::run;

/// The cases of a run, checked against the schema.
fn cases(arguments: &[&str]) -> Vec<Value> {
    let fixed = ["handshake", "--warmup", "0s", "--json"];
    let ended = run([&fixed, arguments].concat());
    ended.expect(0, &[]);
    let document: Value = serde_json::from_str(&ended.output).expect("JSON and nothing else");
    let schema: Value = serde_json::from_str(include_str!("../../results/schema.json")).expect("the schema");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    document["cases"].as_array().expect("cases").clone()
}

fn median(case: &Value, metric: &str) -> f64 {
    case["metrics"][metric]["median"].as_f64().unwrap_or_else(|| panic!("{metric} in {case:#}"))
}

#[test]
fn exactly_the_handshakes_asked_for_are_timed_and_each_side_is_measured() {
    let cases = cases(&["--count", "43", "--transport", "memory,loopback", "--groups", "p256", "--alpn", "h2"]);
    assert_eq!(cases.len(), 2);
    for case in &cases {
        assert_eq!(case["achieved"]["handshakes"], 43);
        assert_eq!(case["negotiated"]["group"], "secp256r1");
        assert_eq!(case["negotiated"]["alpn"], "h2");
        let is_memory = case["requested"]["transport"] == "memory";
        for side in ["client", "server"] {
            assert!(median(case, &format!("{side}.cpu_us_per_handshake")) > 0.0);
            assert!(median(case, &format!("{side}.efficiency")) > 0.0);
            assert!(median(case, &format!("{side}.heap_calls_per_handshake")) > 0.0);
            let calls = median(case, &format!("{side}.syscalls_per_handshake"));
            assert!(if is_memory { calls == 0.0 } else { (2.0..20.0).contains(&calls) }, "{side} {calls}");
        }
        // A certificate goes one way, and little the other.
        let wire = |side| median(case, &format!("{side}.wire_bytes_per_handshake"));
        assert!((200.0..600.0).contains(&wire("client")), "{}", wire("client"));
        assert!((600.0..1_600.0).contains(&wire("server")), "{}", wire("server"));
        assert!(median(case, "total.handshakes_per_s") > 0.0);
        assert!(case["metrics"]["total.handshake_ns"]["histogram"].is_string());
    }
    // What is between the ends does not change what they say, nor what they ask of the heap.
    for metric in ["client.wire_bytes_per_handshake", "server.wire_bytes_per_handshake"] {
        assert_eq!(median(&cases[0], metric), median(&cases[1], metric), "{metric}");
    }
}

#[test]
fn what_is_counted_is_the_same_in_every_run_and_shows_a_switch() {
    let counts = |arguments: &[&str]| -> Vec<f64> {
        let cases = cases(&[&["--count", "1"], arguments].concat());
        let names = ["heap_calls", "heap_bytes", "wire_bytes"].map(|name| format!("{name}_per_handshake"));
        let of_side = |side: &'static str| names.clone().map(|name| median(&cases[0], &format!("{side}.{name}")));
        ["client", "server"].into_iter().flat_map(of_side).collect()
    };
    let [first, second, without] = [counts(&[]), counts(&[]), counts(&["--arena=off"])];
    for (index, (first, second)) in first.iter().zip(&second).enumerate() {
        // The bytes of the heap have a signature's length in more places than one: their median may move by a few.
        let allowed = if index % 3 == 1 { first * 0.005 } else { 0.0 };
        assert!((first - second).abs() <= allowed, "{index}: {first} {second}");
    }
    assert!(without[0] > first[0] && without[3] > first[3], "arenas spare heap calls: {first:?} {without:?}");
    assert_eq!((without[2], without[5]), (first[2], first[5]), "and change nothing on the wire");
}

#[test]
fn an_idle_connection_of_the_engine_holds_less_than_one_of_rustls_and_no_more_after_more_data() {
    let cases = cases(&["--count", "1", "--library", "tls-engine,rustls,rustls-unbuffered"]);
    let held = |case: &Value, data: &str| {
        ["client", "server"].map(|side| median(case, &format!("{side}.idle_bytes_after_{data}")))
    };
    let [engine, others @ ..] = &cases[..] else { panic!("no cases") };
    assert_eq!(others.len(), 2);
    let idle = held(engine, "16_kib");
    for (bytes, after_little) in idle.into_iter().zip(held(engine, "100_b")) {
        // A connection and its two buffers, but not their memory.
        assert!((1_000.0..4_000.0).contains(&bytes), "{idle:?}");
        assert!((bytes - after_little).abs() <= 32.0, "{bytes} after 16 KiB, {after_little} after 100 B");
    }
    for other in others {
        for data in ["100_b", "16_kib"] {
            let [client, server] = held(other, data);
            assert!(idle[0] < client && idle[1] < server, "{idle:?}, {client} and {server} of {}", other["id"]);
            // Without the memory of buffers that `tlsbench` keeps, whose least is a record each.
            assert!(client < 16_384.0 && server < 16_384.0, "{client} and {server} of {}", other["id"]);
        }
    }
}

#[test]
fn after_a_hello_retry_request_the_same_group_costs_another_share_and_another_hello() {
    let flags =
        ["--count", "24", "--kind", "full,hrr", "--library", "tls-engine,rustls", "--transport", "memory,loopback"];
    let cases = cases(&flags);
    assert_eq!(cases.len(), 8);
    // Libraries take turns at a kind.
    for (full, retried) in [(0, 2), (1, 3), (4, 6), (5, 7)].map(|(full, retried)| (&cases[full], &cases[retried])) {
        assert_eq!([&full["requested"]["kind"], &retried["requested"]["kind"]], ["full", "hrr"]);
        assert_eq!(full["requested"]["library"], retried["requested"]["library"]);
        for (case, share) in [(full, 0.0), (retried, 1.0)] {
            assert_eq!(case["negotiated"]["hello_retry_share"], share);
            assert_eq!(case["negotiated"]["resumed_share"], 0.0);
            assert_eq!(case["negotiated"]["group"], "x25519");
        }
        // A second ClientHello, and a ServerHello without a share.
        for (side, least) in [("client", 150.0), ("server", 60.0)] {
            let of = |metric: &str, case| median(case, &format!("{side}.{metric}"));
            let wire = |case| of("wire_bytes_per_handshake", case);
            assert!(wire(retried) - wire(full) > least, "{side}: {} {}", wire(retried), wire(full));
            let flights = |case| of("flights_per_handshake", case);
            assert_eq!(flights(retried) - flights(full), 1.0, "{side}");
            assert!(of("efficiency", retried) > 0.0 && of("raw_crypto_us_per_handshake", retried) > 0.0);
        }
    }
}

#[test]
fn a_mix_has_the_kinds_in_their_shares_and_costs_their_mean() {
    let kinds = cases(&["--count", "50", "--kind", "full,resumed", "--library", "tls-engine,rustls"]);
    let mixes = cases(&["--count", "50", "--mix", "full=1,resumed=4", "--library", "tls-engine,rustls"]);
    assert_eq!((kinds.len(), mixes.len()), (4, 2));
    for (index, mix) in mixes.iter().enumerate() {
        assert_eq!(mix["requested"]["mix"], "full=20,resumed=80");
        assert!(mix["id"].as_str().expect("an id").contains("/mix=full:20+resumed:80"), "{}", mix["id"]);
        assert_eq!(mix["achieved"]["handshakes"], 50);
        assert_eq!([&mix["negotiated"]["resumed_share"], &mix["negotiated"]["hello_retry_share"]], [0.8, 0.0]);
        for side in ["client", "server"] {
            let of = |case: &Value, metric: &str| median(case, &format!("{side}.{metric}_per_handshake"));
            let [full, resumed] = [&kinds[index], &kinds[index + 2]];
            for (metric, slack) in
                [("wire_bytes", 1.0), ("heap_calls", 1.0), ("heap_bytes", 0.01 * of(full, "heap_bytes"))]
            {
                let mean = 0.2 * of(full, metric) + 0.8 * of(resumed, metric);
                assert!((of(mix, metric) - mean).abs() <= slack, "{side} {metric}: {}, not {mean}", of(mix, metric));
            }
            for case in [full, resumed, mix] {
                assert!(of(case, "raw_crypto_us") > 0.0 && median(case, &format!("{side}.efficiency")) > 0.0);
            }
        }
    }
    let [case] = &cases(&["--count", "9", "--mix", "hrr=1,full=2"])[..] else { panic!("no case") };
    assert_eq!(case["requested"]["mix"], "full=2,hrr=1");
    assert!((case["negotiated"]["hello_retry_share"].as_f64().expect("a share") - 1.0 / 3.0).abs() < 1e-9);
    assert!(median(case, "client.efficiency") > 0.0);
}

#[test]
fn early_data_is_sent_in_every_handshake_of_its_kind_and_in_no_other() {
    for transport in ["memory", "loopback"] {
        let kinds = cases(&["--count", "50", "--kind", "full,resumed,early-data", "--transport", transport]);
        let shares =
            |case: &Value| ["resumed_share", "early_data_share"].map(|share| case["negotiated"][share].clone());
        assert_eq!(kinds.iter().map(shares).collect::<Vec<_>>(), [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]);
        let bytes = |case: &Value| median(case, "client.wire_bytes_per_handshake");
        // The extension, the record with 100 bytes, and EndOfEarlyData.
        assert_eq!(bytes(&kinds[2]) - bytes(&kinds[1]), f64::from(4 + (5 + 100 + 17) + (5 + 4 + 17)));
    }
    let [mix] = &cases(&["--count", "20", "--mix", "full=1,early-data=4"])[..] else { panic!("no case") };
    assert_eq!(mix["negotiated"]["early_data_share"], 0.8);
    run(["handshake", "--kind", "early-data", "--tls-version", "1.2", "--library", "rustls"])
        .expect(2, &["no early data before TLS 1.3"]);
    run(["handshake", "--kind", "early-data", "--library", "rustls", "--count", "1"])
        .expect(1, &["measured with tls-engine alone"]);
}

#[test]
fn an_external_psk_is_used_in_every_handshake_of_its_kind_and_in_no_other() {
    for cipher in ["aes128gcm", "aes256gcm"] {
        let kinds = cases(&["--count", "20", "--kind", "full,resumed,psk", "--cipher", cipher]);
        let shares =
            |case: &Value| ["resumed_share", "external_psk_share"].map(|share| case["negotiated"][share].clone());
        let null = Value::Null;
        assert_eq!(
            kinds.iter().map(shares).collect::<Vec<_>>(),
            [[0.0.into(), null.clone()], [1.0.into(), null.clone()], [0.0.into(), 1.0.into()]]
        );
        let [full, resumed, psk] = &kinds[..] else { panic!("not three cases") };
        assert_eq!(
            (&psk["negotiated"]["signature"], &psk["negotiated"]["group"]),
            (&null, &full["negotiated"]["group"])
        );
        assert!(median(psk, "client.efficiency") > 0.0);
        // Without a certificate, and without the ticket for the next connection.
        let bytes = |case: &Value| median(case, "server.wire_bytes_per_handshake");
        assert!(bytes(psk) < bytes(resumed) && bytes(resumed) < bytes(full));
    }
    for threads in ["1", "2"] {
        let [mix] = &cases(&["--count", "40", "--mix", "full=1,psk=3", "--threads", threads])[..] else {
            panic!("no case")
        };
        assert_eq!(mix["negotiated"]["external_psk_share"], 0.75);
    }
    run(["handshake", "--kind", "psk", "--tls-version", "1.2", "--library", "rustls"]).expect(2, &["TLS 1.3 alone"]);
    run(["handshake", "--kind", "psk", "--library", "rustls", "--count", "1"])
        .expect(1, &["external pre-shared keys are measured with tls-engine alone"]);
}

#[test]
fn a_mix_that_makes_no_sense_is_refused() {
    run(["handshake", "--mix", "full=20"]).expect(2, &["--mix", "use --kind full"]);
    run(["handshake", "--mix", "full=20,resumed"]).expect(2, &["'resumed' has no share", "full=20,resumed=80"]);
    run(["handshake", "--mix", "full=20,resumed=80", "--kind", "full"]).expect(2, &["--mix", "--kind"]);
    run(["handshake", "--mix", "full=1,hrr=1", "--groups", "p256"]).expect(2, &["two groups"]);
}

/// The histograms of the phases, in their order.
const PHASES: [&str; 5] = [
    "client.phase_client_hello",
    "server.phase_server_flight",
    "client.phase_flight_read",
    "server.phase_finished_read",
    "server.phase_first_byte",
];

#[test]
fn phases_are_timed_of_every_kind_and_make_up_the_whole() {
    let kinds = cases(&["--count", "1000", "--kind", "full,hrr,resumed", "--phases"]);
    let of_old =
        cases(&["--count", "20", "--library", "rustls", "--tls-version", "1.2", "--kind", "full,resumed", "--phases"]);
    let mixed = cases(&["--count", "20", "--mix", "full=1,resumed=1", "--transport", "loopback", "--phases"]);
    for case in kinds.iter().chain(&of_old).chain(&mixed) {
        let times = PHASES.map(|phase| median(case, &format!("{phase}_ns")));
        let whole = median(case, "total.phases_ns");
        assert!(times.iter().all(|time| *time > 0.0), "{times:?} of {}", case["id"]);
        // Medians do not add up exactly, least of all those of a mix.
        assert!((0.5..1.5).contains(&(times.iter().sum::<f64>() / whole)), "{times:?} of {whole}, {}", case["id"]);
        for name in PHASES.into_iter().chain(["total.phases"]) {
            let metric = &case["metrics"][format!("{name}_ns")];
            assert!(metric["histogram"].is_string(), "{name}");
            let p99 = &case["metrics"][format!("{name}_p99_ns")];
            assert_eq!(p99.is_null(), case["achieved"]["handshakes"] != 1000, "{name}");
        }
        assert_eq!(case["achieved"]["phases_from"], "handshakes of their own, after the timed ones of each round");
    }
    // Who resumes verifies nothing, and who is asked again makes two ClientHellos.
    let [full, retried, resumed] = &kinds[..] else { panic!("no kinds") };
    let of = |case, index: usize| median(case, &format!("{}_ns", PHASES[index]));
    assert!(of(resumed, 2) < 0.7 * of(full, 2), "{} {}", of(resumed, 2), of(full, 2));
    assert!(of(retried, 0) > 1.3 * of(full, 0), "{} {}", of(retried, 0), of(full, 0));
    let without = cases(&["--count", "20"]);
    assert!(without[0]["metrics"]["total.phases_ns"].is_null());
    // Old results know no such flag, and are compared without a remark.
    assert!(without[0]["requested"].get("phases").is_none() && kinds[0]["requested"]["phases"] == true);
}

#[test]
fn phases_have_a_table_within_the_terminals_width() {
    let ended = run(["handshake", "--count", "1000", "--warmup", "0s", "--kind", "full,resumed", "--phases"]);
    ended.expect(0, &[]);
    let is_heading = |line: &&str| line.starts_with("case ") && line.contains(" phase ");
    let lines: Vec<&str> = ended.output.lines().skip_while(|line| !is_heading(line)).take(14).collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{}", ended.output);
    for phase in [
        "ClientHello made",
        "server's flight made",
        "server's flight read",
        "Finished read",
        "first byte read",
        "all phases",
    ] {
        assert_eq!(lines.iter().filter(|line| line.contains(phase)).count(), 2, "{phase} in\n{}", ended.output);
    }
}

#[test]
fn threads_share_the_servers_and_their_ticket_keys_and_each_has_its_own_clients() {
    let flags =
        ["--count", "61", "--threads", "3", "--kind", "full,resumed", "--library", "tls-engine,rustls", "--phases"];
    let several = cases(&flags);
    assert_eq!(several.len(), 4);
    for case in &several {
        assert!(case["id"].as_str().expect("an id").contains("/threads=3"), "{}", case["id"]);
        assert_eq!((&case["requested"]["conversations"], &case["achieved"]["handshakes"]), (&3.into(), &61.into()));
        let share = f64::from(u8::from(case["requested"]["kind"] == "resumed"));
        assert_eq!(case["negotiated"]["resumed_share"], share);
        assert!(median(case, "total.phases_ns") > 0.0);
        let cpu_us = median(case, "client.cpu_us_per_handshake") + median(case, "server.cpu_us_per_handshake");
        let per_cpu_s = median(case, "total.handshakes_per_cpu_s");
        assert!((0.8..1.2).contains(&(per_cpu_s * cpu_us / 1e6)), "{per_cpu_s} {cpu_us}");
    }
    let more = cases(&["--count", "8", "--threads", "2", "--mix", "full=1,resumed=1", "--transport", "loopback"]);
    assert_eq!((&more[0]["negotiated"]["resumed_share"], &more[0]["achieved"]["handshakes"]), (&0.5.into(), &8.into()));
    // One thread is what there is without the flag.
    let one = cases(&["--count", "8", "--threads", "1"]);
    assert!(one[0]["requested"].get("conversations").is_none() && one[0]["id"] == "handshake/memory/aes128gcm");
}

#[test]
fn threads_beyond_the_processors_are_told() {
    let ended = run(["handshake", "--count", "200", "--warmup", "0s", "--threads", "200", "--cert-type", "ed25519"]);
    ended.expect(0, &["there are more threads than the"]);
    assert!(ended.output.contains("all threads") && ended.output.contains("by CPU time"), "{}", ended.output);
    run(["handshake", "--threads", "0"]).expect(2, &["--threads"]);
    // They can't do more than the processors can.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let many = cases(&["--count", "2000", "--threads", &(3 * processors).to_string()]);
    let [all, per_cpu_s] =
        ["total.handshakes_per_s", "total.handshakes_per_cpu_s"].map(|metric| median(&many[0], metric));
    assert!(
        all < 1.2 * per_cpu_s * processors as f64,
        "{all} of {processors} processors, of which each does {per_cpu_s}"
    );
}

#[test]
fn a_hello_retry_request_that_can_not_be_is_refused() {
    run(["handshake", "--kind", "hrr", "--groups", "x25519"]).expect(2, &["two groups", "--groups x25519:secp256r1"]);
    let tls12 = ["handshake", "--kind", "hrr", "--library", "rustls", "--tls-version", "1.3,1.2"];
    run(tls12).expect(2, &["before TLS 1.3"]);
    // A client of rustls has a share of X25519, too, if its first is the hybrid one of it: nothing has to be asked for.
    let hybrid =
        ["handshake", "--kind", "hrr", "--library", "rustls", "--groups", "x25519:x25519mlkem768", "--count", "1"];
    run(hybrid).expect(1, &["sent no HelloRetryRequest"]);
}

#[test]
fn an_authority_without_a_certificate_is_refused() {
    run(["handshake", "--cacert", "ca.pem"]).expect(2, &["--cert"]);
    run(["handshake", "--count", "0"]).expect(2, &["--count"]);
    run(["handshake", "--sni", "elsewhere.example", "--count", "1"]).expect(1, &["elsewhere.example"]);
}
