//! Whole outputs, kept in files: what changes in them is seen by whoever reads the change.
#![allow(dead_code, unreachable_pub)]

use std::fs;
use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;

/// Compares with the file of this name in `tests/golden/`; writes it instead where that is asked for.
pub fn check(name: &str, found: &str) {
    check_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name), found);
}

/// The same with a file that is kept elsewhere.
pub fn check_file(kept: &Path, found: &str) {
    if std::env::var_os("TLSBENCH_BLESS").is_some() {
        fs::create_dir_all(kept.parent().expect("a folder")).expect("a folder");
        fs::write(kept, found).expect("written");
    }
    let name = kept.display();
    let expected = fs::read_to_string(kept).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(
        found == expected,
        "{name} is not what it was. If this is meant, run the test with TLSBENCH_BLESS=1 and read the difference.\n{}",
        difference(&expected, found)
    );
}

/// Tables fit themselves to the terminal that standard output is. Where it is one, the test of this name is run again
/// without, and this run has nothing more to do.
pub fn was_run_without_terminal(test: &str) -> bool {
    if !std::io::stdout().is_terminal() {
        return false;
    }
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args(["--exact", test]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    true
}

/// The first lines that differ, with where they are.
fn difference(expected: &str, found: &str) -> String {
    let (mut before, mut after) = (expected.lines(), found.lines());
    for number in 1.. {
        match (before.next(), after.next()) {
            (None, None) => break,
            (old, new) if old == new => {}
            (old, new) => {
                return format!("line {number}\n- {}\n+ {}", old.unwrap_or("(its end)"), new.unwrap_or("(its end)"));
            }
        }
    }
    "they differ in the end of a line".to_owned()
}
