//! ARCHITECTURE.md is true: every function that it names is in the file that it names.

use std::fs;
use std::path::Path;

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

/// What stands in backticks and nothing else.
fn code(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`').filter(|code| !code.contains('`'))
}
