//! The documents hold together: links lead somewhere, the book has all of its pages, and what is said of the program's
//! interface is true.

#[path = "support/markdown.rs"]
mod markdown;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use markdown::{Document, documents, root};

const BOOK: &str = "docs/src";

/// The README is read in one sitting.
const README_BYTES_MAX: usize = 8 * 1024;

#[test]
fn every_link_leads_somewhere() {
    let (mut wrong, mut followed) = (Vec::new(), 0);
    for document in documents("") {
        for link in document.links().iter().filter(|link| !is_external(link)) {
            followed += 1;
            if let Err(problem) = follow(&document, link) {
                wrong.push(format!("{}: {link}: {problem}", document.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(followed > 100, "only {followed} links were found: does this test still read them?");
}

#[test]
fn pages_of_the_book_link_only_to_each_other() {
    for document in documents(BOOK) {
        for link in document.links().iter().filter(|link| !is_external(link)) {
            let target = resolve(&document, path_of(link));
            assert!(
                target.starts_with(BOOK),
                "{}: {link} is not part of the book, so that its page could not follow it",
                document.path.display()
            );
        }
    }
}

#[test]
fn the_summary_lists_every_page_once() {
    let summary = Document::read(&Path::new(BOOK).join("SUMMARY.md"));
    let mut listed: Vec<PathBuf> = summary.links().iter().map(|link| resolve(&summary, link)).collect();
    listed.sort();
    let pages = documents(BOOK).into_iter().map(|page| page.path).filter(|path| *path != summary.path);
    assert_eq!(listed, pages.collect::<Vec<_>>());
}

#[test]
fn the_readme_is_short_and_leads_to_every_how_to() {
    let readme = Document::read(Path::new("README.md"));
    assert!(readme.text.len() < README_BYTES_MAX, "README.md has {} bytes", readme.text.len());
    for command in ["cargo run --release -- throughput --cipher aes128gcm --zero-copy", "cargo test --workspace"] {
        assert!(readme.text.lines().any(|line| line.trim() == command), "{command}");
    }
    let links: BTreeSet<PathBuf> = readme.links().iter().map(|link| resolve(&readme, link)).collect();
    for page in documents("docs/src/how-to") {
        assert!(links.contains(&page.path), "README.md does not link to {}", page.path.display());
    }
}

#[test]
fn every_exit_code_is_explained() {
    let source = fs::read_to_string(root().join("cli/src/error.rs")).expect("error.rs");
    let codes = source.lines().filter_map(|line| line.trim().strip_prefix("pub const ")?.split_once(": u8 = "));
    let codes: Vec<&str> = codes.map(|(_, value)| value.trim_end_matches(';')).collect();
    assert!(codes.len() >= 8, "{codes:?}");
    let page = Document::read(&Path::new(BOOK).join("reference/exit-codes.md"));
    let explained: Vec<&str> =
        page.text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()).collect();
    let explained: Vec<&str> = explained.into_iter().filter(|cell| cell.parse::<u8>().is_ok()).collect();
    assert_eq!(explained, codes);
}

#[test]
fn every_variable_is_known_to_the_code() {
    let mut code = fs::read_to_string(root().join(".ci/run")).expect(".ci/run");
    for folder in ["cli/src", "engine/tests/support", "cli/tests/support"] {
        read_sources(&root().join(folder), &mut code);
    }
    let page = Document::read(&Path::new(BOOK).join("reference/environment.md"));
    let cells = page.text.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let names: Vec<&str> = cells.flat_map(|cell| cell.split(", ")).map(|name| name.trim_matches('`')).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        // `MALLOC_...` are all that begin so.
        assert!(code.contains(name.trim_end_matches('.')), "nothing reads {name}");
    }
}

fn read_sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("a source"));
        }
    }
}

fn is_external(link: &str) -> bool {
    link.contains("://") || link.starts_with("mailto:")
}

fn path_of(link: &str) -> &str {
    link.split('#').next().unwrap_or_default()
}

/// The path that a link of a document means, from the root of the repository.
fn resolve(document: &Document, link: &str) -> PathBuf {
    if link.is_empty() {
        return document.path.clone();
    }
    let mut target = document.path.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => assert!(target.pop(), "{}: {link} leaves the repository", document.path.display()),
            Component::Normal(name) => target.push(name),
            _ => {}
        }
    }
    target
}

fn follow(document: &Document, link: &str) -> Result<(), String> {
    let target = resolve(document, path_of(link));
    if !root().join(&target).exists() {
        return Err(format!("there is no {}", target.display()));
    }
    let Some((_, anchor)) = link.split_once('#') else { return Ok(()) };
    let anchors = Document::read(&target).anchors();
    anchors.contains(anchor).then_some(()).ok_or_else(|| format!("{} has no such heading", target.display()))
}
