//! The layers of the engine hold: modules import from layers below, and what belongs in one module is named in no other.

#[path = "support/layers.rs"]
mod layers;

use layers::Layers;

/// The layers, lowest first. The same list is in ARCHITECTURE.md.
const LAYERS: Layers = Layers {
    root: concat!(env!("CARGO_MANIFEST_DIR"), "/src"),
    layers: &[
        &["codes", "limits"],
        &["error", "switches"],
        &["wire", "mem", "counters", "signal"],
        &["crypto"],
        &["keys", "msgs", "pki", "session"],
        &["record"],
        &["handshake"],
        &["conn"],
        &["io"],
    ],
};

/// What is named in one place only: the word, and the front of the paths that may name it.
const BELONGS: [(&str, &str); 9] = [
    ("webpki::", "pki/"),
    ("base64ct", "pki/"),
    ("brotli::enc", "pki/compression/brotli.rs"),
    ("zlib_rs", "pki/compression/zlib.rs"),
    ("socket2::", "io/"),
    ("TcpStream", "io/ lib.rs"),
    ("feature = \"", "crypto/provider/ io/mod.rs pki/compression/mod.rs"),
    ("std::fs", "keys/key_log.rs"),
    ("SystemTime::now", "handshake/config/mod.rs"),
];

#[test]
fn imports_go_down_only() {
    assert!(LAYERS.check_imports() > 100, "few imports were found: does this test still read them?");
}

#[test]
fn every_module_has_its_layer() {
    LAYERS.check_modules();
}

#[test]
fn architecture_lists_the_same_layers() {
    LAYERS.check_listed_in(concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md"));
}

#[test]
fn what_belongs_in_one_module_is_in_no_other() {
    LAYERS.check_belongings(&BELONGS);
}
