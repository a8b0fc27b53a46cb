//! `tlsbench crypto`, end to end: every part of every provider, measured for a moment.

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;
use support::{Ended, run, tlsbench};
use tls_engine::crypto::Provider;

/// Results that follow the schema.
fn document(flags: &[&str]) -> Value {
    let ended = run(["crypto", "--duration", "1ms", "--json"].iter().chain(flags));
    ended.expect(0, &[]);
    parse(&ended.output)
}

fn parse(text: &str) -> Value {
    let document: Value = serde_json::from_str(text).expect("JSON and nothing else");
    let schema: Value = serde_json::from_str(include_str!("../../results/schema.json")).expect("the schema is JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    document
}

fn cases(document: &Value) -> &Vec<Value> {
    document["cases"].as_array().expect("cases")
}

fn ids(document: &Value) -> Vec<&str> {
    cases(document).iter().map(|case| case["id"].as_str().expect("an id")).collect()
}

/// What the engine's providers have, as identifiers: written down from its lists, not from the command's.
fn expected_ids(size: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for provider in Provider::all() {
        for suite in &provider.suites {
            let name = suite.code.name().expect("a name").trim_start_matches("TLS_").to_lowercase().replace('_', "");
            let name = ["sha256", "sha384", "sha512"].iter().find_map(|hash| name.strip_suffix(hash)).expect("a hash");
            for operation in ["seal-in-place", "open-in-place", "seal-into", "open-into"] {
                ids.insert(format!("crypto/aead/{name}/{}/{operation}/{size}", suite.source));
            }
            let hash = suite.hash.name().to_lowercase().replace('-', "");
            ids.insert(format!("crypto/hash/{hash}/{}/digest/{size}", suite.hash.origin().source));
        }
        for group in &provider.groups {
            let name = group.name().to_string().to_lowercase();
            ids.insert(format!("crypto/group/{name}/{}/exchange", group.origin().source));
        }
        // A key for RSA-PSS only computes what another RSA key does.
        for scheme in provider.schemes.iter().filter(|scheme| scheme.restricted.is_none()) {
            let bits = match scheme.scheme.to_string() {
                name if name.starts_with("rsa") => 2048,
                name if name.contains("384") => 384,
                _ => 256,
            };
            for operation in ["sign", "verify"] {
                let source = (scheme.origin)().source;
                ids.insert(format!("crypto/signature/{}/{source}/{operation}/{bits}", scheme.scheme));
            }
        }
    }
    ids
}

#[test]
fn every_part_of_every_provider_is_measured_once_under_its_stable_name() {
    let document = document(&["--size", "1k"]);
    let found = ids(&document);
    let expected = expected_ids("1024");
    assert_eq!(found.len(), expected.len(), "each once: {found:?}");
    assert_eq!(found.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>(), expected);
    // Some names in full: who changes them breaks every comparison with older results.
    for id in [
        "crypto/aead/aes128gcm/aws-lc-rs/seal-into/1024",
        "crypto/aead/aegis256/rustcrypto/open-in-place/1024",
        "crypto/hash/sha512/aws-lc-rs/digest/1024",
        "crypto/group/secp384r1/rustcrypto/exchange",
        "crypto/signature/ecdsa_secp256r1_sha256/rustcrypto/sign/256",
        "crypto/signature/rsa_pss_rsae_sha512/aws-lc-rs/verify/2048",
    ] {
        assert!(found.contains(&id), "{id} in {found:?}");
    }
    assert_eq!(document["partial"], false);
    for case in cases(&document) {
        check_case(case);
    }
}

fn check_case(case: &Value) {
    let name = if case["requested"].get("size_bytes").is_some() {
        "total.throughput_bytes_per_s"
    } else {
        "total.operations_per_s"
    };
    let metric = &case["metrics"][name];
    assert_eq!(metric["kind"], "time", "{case:#}");
    assert!(metric["median"].as_f64().expect("a median") > 0.0, "{case:#}");
    assert!(metric["samples"].as_array().expect("samples").len() >= 25, "{case:#}");
    assert_ne!(case["requested"]["implementation"], "", "{case:#}");
    // What `auto` takes is what the others are compared with.
    let is_auto = case["achieved"]["taken_by_auto"].as_bool().expect("a truth value");
    let is_compared = case["metrics"].get("total.share_of_auto").is_some();
    assert_eq!(is_auto, !is_compared, "{case:#}");
}

#[test]
fn a_seed_gives_the_same_names_in_the_same_order() {
    let flags = ["--algorithm", "chacha20poly1305,sha384,p256", "--size", "16,100", "--seed"];
    let with = |seed| document(&[&flags[..], &[seed]].concat());
    let (first, second, other) = (with("7"), with("7"), with("8"));
    assert_eq!(ids(&first), ids(&second));
    assert_eq!(ids(&first), ids(&other));
    assert_eq!(ids(&first).len(), 2 * (3 * 4) + 2 * 2 + 2);
}

#[test]
fn only_what_is_asked_for_is_measured() {
    let document = document(&["--provider", "auto", "--algorithm", "aead,ed25519", "--size", "64"]);
    let sources: BTreeSet<&str> = ids(&document).iter().map(|id| id.split('/').nth(3).expect("a source")).collect();
    assert_eq!(sources, BTreeSet::from(["aws-lc-rs", "rustcrypto"]), "AEGIS is not AWS-LC's");
    assert_eq!(ids(&document).len(), 5 * 4 + 2);
    assert!(cases(&document).iter().all(|case| case["achieved"]["taken_by_auto"] == true));
}

#[test]
fn the_table_tells_what_auto_takes_and_what_the_others_reach() {
    let ended = run(["crypto", "-z", "1ms", "--size", "64", "--algorithm", "aes128gcm,aegis128l,x25519"]);
    ended.expect(0, &["[1/3] crypto/aead/aes128gcm/64"]);
    for text in ["aws-lc-rs (auto)", "seal-in-place", "exchange", "What auto takes", "there is no other", "Host: "] {
        assert!(ended.output.contains(text), "{text} in\n{}", ended.output);
    }
    assert!(!ended.output.contains('\x1b'), "no colors where there is no terminal");
    let quiet = run(["crypto", "-z", "1ms", "--size", "64", "--algorithm", "sha256", "--quiet"]);
    quiet.expect(0, &[]);
    assert_eq!(quiet.errors, "");
}

#[test]
fn every_form_goes_to_a_file_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("crypto.json");
    let beside = format!("--json={}", file.display());
    let ended = run(["crypto", "-z", "1ms", "--algorithm", "group", "--format", "csv", &beside]);
    ended.expect(0, &[]);
    let document = parse(&std::fs::read_to_string(&file).expect("the file"));
    assert_eq!(cases(&document).len(), 14);
    assert!(ended.output.contains("crypto/group/x25519/aws-lc-rs/exchange,"), "{}", ended.output);
    let markdown = run(["crypto", "-z", "1ms", "--algorithm", "x25519", "--format", "markdown"]);
    assert!(markdown.output.contains("| x25519 | aws-lc-rs (auto) |"), "{}", markdown.output);
}

#[test]
fn what_can_not_be_measured_is_a_usage_error_that_helps() {
    for (flags, saying) in [
        (&["--algorithm", "aes128gmc"][..], "did you mean 'aes128gcm'?"),
        (&["--provider", "openssl"], "expected one of: auto, aws-lc-rs, rustcrypto"),
        (&["--provider", "aws-lc-rs", "--algorithm", "aegis256"], "none of these providers"),
        (&["--size", "0"], "--size must be 1 B to 16 MiB"),
        (&["--duration", "0s"], "longer than 0"),
        (&["--json=/nonexistent/crypto.json"], "/nonexistent/crypto.json"),
    ] {
        run(["crypto"].iter().chain(flags)).expect(2, &[saying]);
    }
}

#[test]
fn ctrl_c_keeps_what_was_measured_and_says_so() {
    let mut child =
        tlsbench(["crypto", "--algorithm", "aes128gcm", "--size", "64,16k", "--duration", "500ms", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
    let mut lines = BufReader::new(child.stderr.take().expect("standard error")).lines();
    // When the second contest begins, the first is done.
    assert!(lines.any(|line| line.expect("text").starts_with("[2/2]")));
    let pid = rustix::process::Pid::from_raw(child.id() as i32).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it still runs");
    // What it still says has to be read, or it could wait for that.
    let errors: String = lines.map_while(Result::ok).collect();
    let output = child.wait_with_output().expect("an end");
    let ended =
        Ended { code: output.status.code(), output: String::from_utf8_lossy(&output.stdout).into_owned(), errors };
    ended.expect(130, &["interrupted"]);
    let document = parse(&ended.output);
    assert_eq!(document["partial"], true);
    assert!(ids(&document).iter().all(|id| id.ends_with("/64")), "{:?}", ids(&document));
    assert_eq!(ids(&document).len(), 3 * 4);
}
