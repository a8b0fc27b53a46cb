//! Notes the commit that the program is built from, where there is one, and the compiler: results name them.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    note_compiler();
    let Some(directory) = git(&["rev-parse", "--absolute-git-dir"]) else { return };
    // Every commit and checkout adds a line here. (A file that does not exist would mean a rebuild each time.)
    let log = format!("{directory}/logs/HEAD");
    if std::path::Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    if let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) {
        let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
        println!("cargo::rustc-env=TLSBENCH_GIT_COMMIT={commit}{}", if changed { "+" } else { "" });
    }
}

/// What compiles the program and for which processor: counts of instructions depend on it.
fn note_compiler() {
    let version = std::env::var("RUSTC").ok().and_then(|rustc| output(&rustc, &["--version"]));
    let version = version.as_deref().map_or("unknown", |text| text.strip_prefix("rustc ").unwrap_or(text));
    println!("cargo::rustc-env=TLSBENCH_RUSTC={version}");
    let features = std::env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    println!("cargo::rustc-env=TLSBENCH_TARGET_FEATURES={features}");
}

fn git(arguments: &[&str]) -> Option<String> {
    output("git", arguments)
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
