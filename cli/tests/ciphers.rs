//! `tlsbench ciphers`, end to end.

mod support;

use serde_json::Value;
use support::run;

#[test]
fn the_list_names_every_part_and_what_it_runs_as() {
    let ended = run(["ciphers"]);
    ended.expect(0, &[]);
    for name in [
        "aes128gcm",
        "aes256gcm",
        "chacha20poly1305",
        "aegis128l",
        "aegis256",
        "TLS_AEGIS_256_SHA512",
        "x25519",
        "secp384r1",
        "ecdsa_secp256r1_sha256",
        "ed25519",
        "rsa_pss_rsae_sha512",
        "aws-lc-rs",
        "rustcrypto",
    ] {
        assert!(ended.output.contains(name), "{name} in\n{}", ended.output);
    }
    assert!(!ended.output.contains('\x1b'), "no colors where there is no terminal");
}

#[test]
fn a_sound_build_has_nothing_to_warn_of() {
    let ended = run(["ciphers"]);
    assert!(!ended.output.contains("WARNING") && !ended.output.contains("SLOW"), "{}", ended.output);
    assert!(ended.output.contains("libaegis in C"), "AEGIS comes from its C library");
}

#[test]
fn json_has_the_same_for_programs() {
    let ended = run(["ciphers", "--json"]);
    ended.expect(0, &[]);
    let document: Value = serde_json::from_str(&ended.output).expect("JSON and nothing else");
    assert_eq!(document["schema"], "tlsbench-ciphers/1");
    let providers = document["providers"].as_array().expect("a list");
    let auto = providers.iter().find(|provider| provider["name"] == "auto").expect("the provider auto");
    let suites = auto["suites"].as_array().expect("a list");
    assert_eq!(suites.len(), 5);
    for suite in suites {
        assert_ne!(suite["implementation"], "", "{suite}");
        assert_eq!(suite["is_slow"], false, "{suite}");
    }
    let groups = auto["groups"].as_array().expect("a list");
    assert_eq!(groups.len(), 7);
    let hybrid = groups.iter().find(|group| group["name"] == "X25519MLKEM768").expect("a hybrid");
    assert_eq!((&hybrid["code"], &hybrid["is_default"]), (&"0x11ec".into(), &true.into()));
    assert_eq!((&hybrid["client_share_bytes"], &hybrid["server_share_bytes"]), (&1216.into(), &1120.into()));
}

#[test]
fn one_provider_can_be_asked_for_in_every_form() {
    let csv = run(["ciphers", "--provider", "aws-lc-rs", "--format", "csv"]);
    csv.expect(0, &[]);
    assert_eq!(csv.output.lines().count(), 1 + 3, "{}", csv.output);
    let markdown = run(["ciphers", "--provider", "aws-lc-rs", "--format", "markdown"]);
    assert!(markdown.output.contains("| aws-lc-rs | aes128gcm |"), "{}", markdown.output);
}

#[test]
fn a_file_gets_what_standard_output_would() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("ciphers.json");
    let beside = run(["ciphers".to_owned(), format!("--json={}", file.display())]);
    beside.expect(0, &[]);
    assert!(beside.output.contains("Cipher suites"), "the table is printed beside");
    let document: Value = serde_json::from_slice(&std::fs::read(&file).expect("the file")).expect("JSON");
    assert_eq!(document["schema"], "tlsbench-ciphers/1");
    let names: Vec<_> = std::fs::read_dir(directory.path()).expect("the directory").collect();
    assert_eq!(names.len(), 1, "nothing else is left behind");
}
