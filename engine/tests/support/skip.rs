//! Tests that can't be run where they are: it is always told, and an error where it must not be.
#![allow(dead_code, unreachable_pub)]

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Write, stderr};
use std::path::PathBuf;
use std::thread;

/// Where a missing program is an error.
const REQUIRE: &str = "TLSBENCH_REQUIRE_PEERS";
/// A file that tells of each skip, a line each, so that it can be told at the end of all tests.
const TOLD: &str = "TLSBENCH_SKIPPED";

/// Where `program` is. If it is nowhere, says that the test is skipped; fails instead where everything must be there.
pub fn find(program: &str) -> Option<PathBuf> {
    let found = on_path(program);
    if found.is_none() {
        skip(&format!("{program} is missing"));
    }
    found
}

/// Where `program` is, on the search path.
pub fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// Says that a test is skipped for want of something that can be installed, or fails where nothing may be missing.
pub fn skip(why: &str) {
    assert!(env::var_os(REQUIRE).is_none_or(|value| value == OsStr::new("0")), "{why}, and {REQUIRE} is set");
    unable(why);
}

/// Says that a test is skipped because this machine can't do what it looks at, whatever is installed.
pub fn unable(why: &str) {
    let line = format!("{} skipped: {why}\n", thread::current().name().unwrap_or("a test"));
    // Not eprintln: the test runner swallows that of tests that pass. Without a standard error nobody listens.
    let _ = stderr().write_all(line.as_bytes());
    if let Some(path) = env::var_os(TOLD) {
        let file = File::options().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the file for skips can be written");
    }
}
