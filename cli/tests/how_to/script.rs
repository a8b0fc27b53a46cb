//! What a reader of a page would type, as one script for a shell.

use std::fmt::Write;

use super::markdown::{Block, Document};

/// What the test does with a block.
enum Part {
    /// Commands of a shell.
    Commands(String),
    /// A file with this name, which its first line tells.
    File(String, String),
}

/// The script of a page: files are written, commands run, each after a line that tells where it stands.
pub(super) fn of(page: &Document) -> String {
    let (mut script, mut commands) = (String::new(), 0);
    for block in page.blocks() {
        for part in parts(page, &block) {
            match part {
                Part::Commands(text) => {
                    let _ =
                        writeln!(script, "echo '== {}:{}' >&2\n{}", page.path.display(), block.line, awaited(&text));
                    commands += 1;
                }
                Part::File(name, text) => {
                    let folder = name.rsplit_once('/').map_or(".", |(folder, _)| folder);
                    let _ = writeln!(script, "mkdir -p {folder}\ncat > {name} <<'END_OF_FILE'\n{text}END_OF_FILE");
                }
            }
        }
    }
    assert!(commands > 0, "{} has nothing to run", page.path.display());
    script
}

fn parts(page: &Document, block: &Block) -> Vec<Part> {
    let file = || {
        let first = block.text.lines().next().unwrap_or_default();
        let name = first.strip_prefix("# ").filter(|name| !name.contains(' '));
        let name =
            name.unwrap_or_else(|| panic!("{}:{}: the first line names no file", page.path.display(), block.line));
        Part::File(name.to_owned(), shortened(&block.text))
    };
    match block.language.as_str() {
        "sh" => vec![Part::Commands(block.text.clone())],
        "toml" => vec![file()],
        "yaml" => {
            let steps = steps(&block.text);
            assert!(!steps.is_empty(), "{}:{}: no step to run", page.path.display(), block.line);
            steps.into_iter().map(Part::Commands).collect()
        }
        "text" => Vec::new(),
        other => {
            panic!("{}:{}: a block of '{other}' is neither run nor marked as text", page.path.display(), block.line)
        }
    }
}

/// A profile whose cases take a moment each.
fn shortened(profile: &str) -> String {
    let line = |line: &str| match line.starts_with("duration = ") {
        true => "duration = \"30ms\"\nwarmup = \"5ms\"\n".to_owned(),
        false => format!("{line}\n"),
    };
    profile.lines().map(line).collect()
}

/// The `run:` steps of a workflow; one that is folded (`>`) or literal (`|`) goes on as far as it is indented.
fn steps(workflow: &str) -> Vec<String> {
    let mut lines = workflow.lines().peekable();
    let mut steps = Vec::new();
    while let Some(line) = lines.next() {
        let Some(text) = line.trim_start().trim_start_matches("- ").strip_prefix("run: ") else { continue };
        let separator = match text {
            ">" => " ",
            "|" => "\n",
            _ => {
                steps.push(text.to_owned() + "\n");
                continue;
            }
        };
        let indent = |line: &str| line.len() - line.trim_start().len();
        let mut folded = Vec::new();
        while let Some(next) = lines.next_if(|next| indent(next) > indent(line)) {
            folded.push(next.trim());
        }
        steps.push(folded.join(separator) + "\n");
    }
    steps
}

/// A server that is started in the background is waited for, as a reader would.
fn awaited(commands: &str) -> String {
    let line = |line: &str| match line.ends_with(" &") {
        true => format!(
            "rm -f \"$SERVER_OUTPUT\"\n{line}\nuntil grep -qs listening \"$SERVER_OUTPUT\"; do sleep 0.02; done\n"
        ),
        false => format!("{line}\n"),
    };
    commands.lines().map(line).collect()
}
