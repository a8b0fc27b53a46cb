//! The floors of the engine hold: rooms import from floors below, and what belongs in one room is named in no other.

#[path = "support/floors.rs"]
mod floors;

use floors::House;

/// The floors, lowest first. The same list is in ARCHITECTURE.md.
const HOUSE: House = House {
    root: concat!(env!("CARGO_MANIFEST_DIR"), "/src"),
    floors: &[
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
const BELONGS: [(&str, &str); 7] = [
    ("webpki::", "pki/"),
    ("base64ct", "pki/"),
    ("socket2::", "io/"),
    ("TcpStream", "io/"),
    ("feature = \"", "crypto/provider/ io/mod.rs"),
    ("std::fs", "keys/key_log.rs"),
    ("SystemTime::now", "handshake/config.rs"),
];

#[test]
fn imports_go_down_only() {
    assert!(HOUSE.check_imports() > 100, "few imports were found: does this test still read them?");
}

#[test]
fn every_room_has_its_floor() {
    HOUSE.check_rooms();
}

#[test]
fn architecture_lists_the_same_floors() {
    HOUSE.check_listed_in(concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md"));
}

#[test]
fn what_belongs_in_one_room_is_in_no_other() {
    HOUSE.check_belongings(&BELONGS);
}

#[test]
fn no_unsafe() {
    HOUSE.check_no_unsafe();
}
