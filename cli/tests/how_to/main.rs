//! The how-to pages work: every block of theirs is run by a shell, page by page, in the order it is read. What the test puts in
//! place of what a reader has is in `surroundings.rs`. A block that can't be run is marked as `text` in the page.

#[path = "../support/markdown.rs"]
mod markdown;
mod script;
#[path = "../support/mod.rs"]
mod support;
mod surroundings;

use markdown::{Document, documents};
use surroundings::Surroundings;

const PAGES: &str = "docs/src/how-to";

/// Runs a page, unless a program is missing that it needs besides.
fn run(name: &str, programs: &[&str]) {
    let page = Document::read(&std::path::Path::new(PAGES).join(name));
    let script = script::of(&page);
    if support::skip::find("bash").is_none() || programs.iter().any(|name| support::skip::find(name).is_none()) {
        return;
    }
    Surroundings::new(name).run(&page, &script);
}

macro_rules! pages {
    ($($test:ident = $name:literal, $programs:expr;)*) => {
        $(#[test] fn $test() { run($name, &$programs); })*

        #[test]
        fn every_page_is_run() {
            let pages: Vec<String> =
                documents(PAGES).iter().map(|page| page.path.file_name().unwrap_or_default().to_string_lossy().into()).collect();
            let mut names = vec![$($name),*];
            names.sort_unstable();
            assert_eq!(pages, names);
        }
    };
}

pages! {
    choose_cipher = "choose-cipher.md", ["openssl"];
    compare_libraries = "compare-libraries.md", [];
    find_tls_cost = "find-tls-cost.md", [];
    gate_in_ci = "gate-in-ci.md", [];
    remote_server = "remote-server.md", [];
    latency = "latency.md", [];
    memory = "memory.md", ["curl", "ps"];
    ablation = "ablation.md", [];
    reports = "reports.md", [];
    profiles = "profiles.md", [];
    exports = "exports.md", [];
}
