//! The floors of the engine hold: rooms import from floors below, and what belongs in one room is named in no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors, lowest first. The same list is in ARCHITECTURE.md.
const FLOORS: [&[&str]; 9] = [
    &["codes", "limits"],
    &["error"],
    &["wire", "mem", "switches", "counters"],
    &["crypto"],
    &["keys", "msgs", "pki", "session"],
    &["record"],
    &["handshake"],
    &["conn"],
    &["io"],
];

/// What is named in one place only: the word, and the front of the paths that may name it.
const BELONGS: [(&str, &str); 7] = [
    ("webpki::", "pki/"),
    ("rustls_pemfile", "pki/"),
    ("socket2::", "io/"),
    ("TcpStream", "io/"),
    ("feature = \"", "crypto/provider/"),
    ("std::fs", "keys/key_log.rs"),
    ("SystemTime::now", "handshake/config.rs"),
];

#[test]
fn imports_go_down_only() {
    let mut imports = 0;
    for (path, text) in sources() {
        let Some(room) = room(&path) else { continue };
        let floor = floor(&room);
        for (number, line) in text.lines().enumerate() {
            for name in crate_paths(line) {
                if name == room {
                    continue;
                }
                imports += 1;
                let place = format!("{path}:{}", number + 1);
                assert!(self::floor(&name) < floor, "{place}: {room} imports {name}, which is not below it");
            }
        }
    }
    assert!(imports > 100, "only {imports} imports were found: does this test still read them?");
}

#[test]
fn every_room_has_its_floor() {
    let rooms: BTreeSet<String> = sources().iter().filter_map(|(path, _)| room(path)).collect();
    let listed: BTreeSet<String> = FLOORS.iter().copied().flatten().map(|name| (*name).to_owned()).collect();
    assert_eq!(rooms, listed);
}

#[test]
fn what_belongs_in_one_room_is_in_no_other() {
    for (word, home) in BELONGS {
        let named: Vec<String> =
            sources().into_iter().filter(|(_, text)| text.contains(word)).map(|(path, _)| path).collect();
        assert!(named.iter().any(|path| path.starts_with(home)), "{word} is not in {home} any more: {named:?}");
        assert!(named.iter().all(|path| path.starts_with(home)), "{word} belongs in {home}: {named:?}");
    }
}

#[test]
fn no_unsafe() {
    for (path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            assert!(!line.contains("unsafe {") && !line.contains("allow(unsafe"), "{path}:{}", number + 1);
        }
    }
}

/// The rooms that a line names by `crate::`. A list in braces would hide some.
fn crate_paths(line: &str) -> Vec<String> {
    assert!(!line.contains("crate::{"), "one `use` per room, please: {line}");
    line.match_indices("crate::")
        .map(|(at, word)| {
            line[at + word.len()..].chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
        })
        // Names that the root of the crate re-exports.
        .filter(|name: &String| name.starts_with(char::is_lowercase))
        .collect()
}

fn floor(room: &str) -> usize {
    FLOORS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| panic!("{room} has no floor"))
}

/// The room of a file: the first part of its path. The root of the crate is above all.
fn room(path: &str) -> Option<String> {
    let first = path.split('/').next()?;
    (first != "lib.rs").then(|| first.trim_end_matches(".rs").to_owned())
}

/// All sources, by their path below `src`.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut files): (Vec<PathBuf>, Vec<_>) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).expect("below src").to_str().expect("UTF-8").replace('\\', "/");
                files.push((name, fs::read_to_string(&path).expect("a source")));
            }
        }
    }
    assert!(files.len() > 40, "these are not all sources");
    files
}
