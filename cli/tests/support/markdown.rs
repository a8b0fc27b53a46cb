//! Markdown as the tests of the documents read it: links, anchors and code blocks.
#![allow(dead_code, unreachable_pub)]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A document of the repository.
pub struct Document {
    /// Its path, from the root of the repository.
    pub path: PathBuf,
    pub text: String,
}

/// A fenced code block.
pub struct Block {
    /// The first word behind the fence; empty where there is none.
    pub language: String,
    pub text: String,
    /// The line of its fence, from 1.
    pub line: usize,
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// Every document under a folder of the repository, in the order of their paths.
pub fn documents(folder: &str) -> Vec<Document> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    paths.iter().map(|path| Document::read(path.strip_prefix(root()).expect("below the root"))).collect()
}

/// Folders that begin with a dot, and those of builds, hold no documents of ours.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "tmp", "ci-tools", "book"].contains(&name.as_str()) {
                collect(&path, paths);
            }
        } else if name.ends_with(".md") {
            paths.push(path);
        }
    }
}

impl Document {
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path: path.to_owned(), text }
    }

    fn events(&self) -> impl Iterator<Item = (Event<'_>, usize)> {
        let events = Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter();
        events.map(|(event, range)| (event, range.start))
    }

    /// Where its links and pictures point to.
    pub fn links(&self) -> Vec<String> {
        let target = |event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.into_string()),
            _ => None,
        };
        self.events().filter_map(|(event, _)| target(event)).collect()
    }

    /// The anchors of its headings, as GitHub and mdBook name them.
    pub fn anchors(&self) -> HashSet<String> {
        let (mut anchors, mut heading) = (HashSet::new(), None::<String>);
        for (event, _) in self.events() {
            match (event, &mut heading) {
                (Event::Start(Tag::Heading { .. }), _) => heading = Some(String::new()),
                (Event::Text(text) | Event::Code(text), Some(heading)) => heading.push_str(&text),
                (Event::End(TagEnd::Heading(_)), _) => {
                    let anchor = anchor(&heading.take().unwrap_or_default());
                    let repeated = (1..).map(|number| format!("{anchor}-{number}"));
                    let free = std::iter::once(anchor.clone()).chain(repeated).find(|name| !anchors.contains(name));
                    anchors.extend(free);
                }
                _ => {}
            }
        }
        anchors
    }

    /// Its fenced code blocks.
    pub fn blocks(&self) -> Vec<Block> {
        let (mut blocks, mut is_open) = (Vec::<Block>::new(), false);
        for (event, start) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let language = info.split([' ', ',']).next().unwrap_or_default().to_owned();
                    let line = self.text[..start].lines().count() + 1;
                    blocks.push(Block { language, text: String::new(), line });
                    is_open = true;
                }
                Event::End(TagEnd::CodeBlock) => is_open = false,
                Event::Text(text) if is_open => blocks.last_mut().expect("it is open").text.push_str(&text),
                _ => {}
            }
        }
        blocks
    }
}

/// The anchor of a heading: letters, digits, `-` and `_` are kept, spaces become `-`.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|character| match character {
        ' ' => Some('-'),
        '-' | '_' => Some(character),
        _ => character.is_alphanumeric().then_some(character),
    });
    kept.flat_map(char::to_lowercase).collect()
}
