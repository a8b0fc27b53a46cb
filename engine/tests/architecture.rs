//! Documents are true: every function that ARCHITECTURE.md names is in the file that it names, and every limit is in
//! docs/src/concepts/limits.md with its value.

use std::fs;
use std::path::Path;

use tls_engine::limits;

#[test]
fn every_function_is_where_the_tables_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let mut hops = 0;
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", file, function, ..] = cells[..] else { continue };
        let (Some(file), Some(function)) = (code(file), code(function)) else { continue };
        let source = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let (owner, name) = function.rsplit_once("::").map_or((None, function), |(owner, name)| (Some(owner), name));
        let is_there = source
            .lines()
            .any(|line| line.split_once(&format!("fn {name}")).is_some_and(|(_, rest)| rest.starts_with(['(', '<'])));
        assert!(is_there, "{file} has no function {name}");
        if let Some(owner) = owner {
            let has_owner = source.lines().any(|line| line.starts_with("impl") && line.contains(owner));
            assert!(has_owner, "{file} has no functions of {owner}");
        }
        hops += 1;
    }
    assert!(hops >= 20, "only {hops} functions were found: does this test still read the tables?");
}

/// The values of constants, by their names.
macro_rules! values {
    ($($name:ident)*) => { [$((stringify!($name), u64::from_limit(limits::$name))),*] };
}

#[test]
fn every_limit_is_documented_with_its_value() {
    let values = values! {
        RECORD_CONTENT_MAX FRAGMENT_MIN RECORD_EXPANSION_MAX RECORD_BODY_MAX RECORD_HEADER RECORD_MAX HANDSHAKE_HEADER
        HANDSHAKE_MESSAGE_MAX SERVER_HELLO_MAX ENCRYPTED_EXTENSIONS_MAX CERTIFICATE_VERIFY_MAX FINISHED_BODY_MAX
        KEY_UPDATE_BODY AUTHORITIES_MAX ARENAS_KEPT KEY_SHARES_MAX SESSION_ID_MAX PATH_READINGS_MAX COOKIE_MAX TICKETS_KEPT
        SESSION_STATE_MAX TICKET_MAX TICKET_CLOCK_SKEW_S TICKETS_SENT_MAX PSKS_TRIED_MAX
        EXTERNAL_PSK_IDENTITY_MAX EXTERNAL_PSKS_OFFERED_MAX TICKET_SERVERS_KEPT TICKET_LIFETIME_MAX EARLY_DATA_MAX
        EARLY_DATA_WINDOW_S EARLY_DATA_SKIPPED_MAX EMPTY_RECORDS_MAX
        KEY_UPDATES_MAX TICKETS_MAX WARNING_ALERTS_MAX CHANGE_CIPHER_SPECS_MAX AES_GCM_RECORDS_PER_KEY
        CHACHA20_POLY1305_RECORDS_PER_KEY AEGIS_RECORDS_PER_KEY PEM_MAX
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let source = fs::read_to_string(root.join("engine/src/limits.rs")).expect("limits.rs");
    let constants = source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split_once(':'));
    let constants: Vec<&str> = constants.map(|(name, _)| name).collect();
    assert_eq!(constants, values.map(|(name, _)| name), "this test lists the constants of limits.rs, in their order");

    let text = fs::read_to_string(root.join("docs/src/concepts/limits.md")).expect("limits.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    assert_eq!(rows.len(), values.len(), "a row for each limit, and for nothing else");
    for (name, value) in values {
        let row = rows.iter().find(|row| row.contains(&format!("(`{name}`)"))).unwrap_or_else(|| panic!("no {name}"));
        let cell = row.split('|').nth(2).unwrap_or_default().trim();
        let number = cell.split(' ').next().unwrap_or_default();
        assert_eq!(number, grouped(value), "{name}");
    }
    let readme = fs::read_to_string(root.join("README.md")).expect("README.md");
    assert!(readme.contains("(docs/src/concepts/limits.md)"), "the document is not found from README.md");
}

/// A limit of any type.
trait FromLimit<T> {
    fn from_limit(limit: T) -> Self;
}

impl FromLimit<u8> for u64 {
    fn from_limit(limit: u8) -> Self {
        limit.into()
    }
}

impl FromLimit<usize> for u64 {
    fn from_limit(limit: usize) -> Self {
        limit as Self
    }
}

impl FromLimit<u32> for u64 {
    fn from_limit(limit: u32) -> Self {
        limit.into()
    }
}

impl FromLimit<u64> for u64 {
    fn from_limit(limit: u64) -> Self {
        limit
    }
}

/// Digits in groups of three.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(",")
}

/// What stands in backticks and nothing else.
fn code(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`').filter(|code| !code.contains('`'))
}
