//! Notes the commit that the program is built from, where there is one: results name it.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
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

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
