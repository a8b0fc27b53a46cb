//! Reads result files. They may be truncated, edited or from anybody, so they are untrusted input, and every refusal
//! says where the error is.

mod check;
#[cfg(test)]
mod properties;
mod strict;

use std::io::ErrorKind;
use std::path::Path;

use crate::error::Error;
use crate::files::{self, NotText};
use crate::schema::{Case, Document, SCHEMA};

/// The size of the largest file that is read, bytes: several hundred cases with all of their samples.
pub const SIZE_MAX: u64 = 64 << 20;

/// The maximum length of an error message about a file.
const MESSAGE_MAX: usize = 1_000;

/// The reason why text is not a result that can be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What is wrong, and where.
    pub message: String,
    /// The remedy, if it is known.
    pub hint: Option<&'static str>,
}

/// Reads the results in a file, for a comparison.
pub fn load(path: &Path) -> Result<Document, Error> {
    read_file(path).map_err(|refusal| Error::Baseline {
        name: path.display().to_string(),
        problem: refusal.message,
        hint: refusal.hint.map(str::to_owned),
    })
}

/// Reads the results in a file that is only shown. A file without results is a usage error.
pub fn load_to_show(path: &Path) -> Result<Document, Error> {
    read_file(path).map_err(|refusal| Error::NoResults {
        name: path.display().to_string(),
        problem: refusal.message,
        hint: refusal.hint.map(str::to_owned),
    })
}

/// Reads results from the bytes of a file.
pub fn read(bytes: &[u8]) -> Result<Document, Refusal> {
    let text = files::text(bytes).map_err(not_text)?;
    if text.trim().is_empty() {
        return Err(Refusal::new("it is empty", NOT_OURS));
    }
    let schema = strict::schema_of(text).map_err(|error| not_json(&error))?;
    check_version(schema.as_deref())?;
    let mut json = serde_json::Deserializer::from_str(text);
    let mut document: Document = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = error.path().to_string();
        let place = if place == "." { String::new() } else { format!("{place}: ") };
        Refusal::new(format!("{place}{}", error.inner()), EDITED)
    })?;
    check::document(&document)?;
    // Earlier versions recorded impossible values.
    document.cases.iter_mut().for_each(Case::hold);
    Ok(document)
}

const NOT_OURS: Option<&str> = Some("results are written with --json=FILE, or with --save-baseline NAME");
const CUT: Option<&str> = Some("copy it again as a whole, or measure again");
const EDITED: Option<&str> =
    Some("it was edited, or another program wrote it; measure again, and leave the file as it is");

impl Refusal {
    fn new(message: impl Into<String>, hint: Option<&'static str>) -> Self {
        let mut message = message.into();
        // The message may quote from the file, at any length.
        if let Some((end, _)) = message.char_indices().nth(MESSAGE_MAX) {
            message.truncate(end);
            message.push('…');
        }
        Self { message, hint }
    }
}

fn read_file(path: &Path) -> Result<Document, Refusal> {
    let bytes = files::read(path, SIZE_MAX).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge | ErrorKind::UnexpectedEof => Refusal::new(error.to_string(), NOT_OURS),
        _ => Refusal::new(format!("it can't be read: {error}"), NOT_OURS),
    })?;
    read(&bytes)
}

fn not_text(why: NotText) -> Refusal {
    Refusal::new(
        why.to_string(),
        match why {
            NotText::Cut(_) => CUT,
            // The message already contains the remedy.
            NotText::Foreign(_) => None,
            NotText::Binary(_) => NOT_OURS,
        },
    )
}

fn not_json(error: &serde_json::Error) -> Refusal {
    match error.classify() {
        serde_json::error::Category::Eof => Refusal::new(format!("it is cut short: {error}"), CUT),
        serde_json::error::Category::Data => Refusal::new(error.to_string(), EDITED),
        _ => Refusal::new(format!("it is not JSON: {error}"), NOT_OURS),
    }
}

/// Accepts `tlsbench/1`, with specific messages for other versions and other documents.
fn check_version(schema: Option<&str>) -> Result<(), Refusal> {
    let own = number(SCHEMA);
    match schema {
        Some(SCHEMA) => Ok(()),
        None => Err(Refusal::new("it is JSON, but no result of tlsbench: it names no schema", NOT_OURS)),
        Some(other) => match (number(other), own) {
            (Some(theirs), Some(own)) if theirs > own => Err(Refusal::new(
                format!("its schema is {other}, which is newer than the {SCHEMA} of this tlsbench"),
                Some("read it with the tlsbench that wrote it, or a later one"),
            )),
            (Some(_), _) => Err(Refusal::new(
                format!("its schema is {other}, which is older than the {SCHEMA} of this tlsbench"),
                Some("measure again with this tlsbench: numbers of another schema may mean something else"),
            )),
            (None, _) if other.starts_with("tlsbench-") => {
                Err(Refusal::new(format!("it holds {other}, not the results of a measurement ({SCHEMA})"), NOT_OURS))
            }
            (None, _) => Err(Refusal::new(format!("its schema is '{other}', not {SCHEMA}"), NOT_OURS)),
        },
    }
}

fn number(schema: &str) -> Option<u32> {
    schema.strip_prefix("tlsbench/")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Refusal {
        read(text.as_bytes()).expect_err(text)
    }

    #[test]
    fn the_results_that_are_kept_here_are_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut folders = vec![root.join("results"), root.join("fuzz/seeds/read_results")];
        let mut count = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.to_string_lossy().into_owned();
                if path.is_dir() {
                    folders.push(path);
                } else if name.ends_with(".json") && !name.ends_with("schema.json") && !name.ends_with("not-ours.json")
                {
                    load(&path).unwrap_or_else(|error| panic!("{error}"));
                    count += 1;
                }
            }
        }
        assert!(count > 0, "no results were found: does this test still look in the right place?");
    }

    #[test]
    fn no_more_is_read_than_a_result_can_be_long() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().set_len(SIZE_MAX + 1).expect("a hole");
        for path in [file.path(), Path::new("/dev/zero")] {
            let error = load(path).expect_err("too large");
            assert!(error.to_string().ends_with("it is larger than 64 MiB"), "{error}");
            assert_eq!(error.exit_code(), crate::error::exit::BASELINE);
            assert_eq!(load_to_show(path).expect_err("too large").exit_code(), crate::error::exit::USAGE);
        }
    }

    #[test]
    fn what_is_no_result_is_told_apart() {
        for (text, said) in [
            ("", "it is empty"),
            (" \n", "it is empty"),
            ("{\n  \"schema\": \"tlsb", "it is cut short: EOF while parsing a string at line 2 column 17"),
            ("hello", "it is not JSON: expected value at line 1 column 1"),
            ("{} {}", "it is not JSON: trailing characters at line 1 column 4"),
            ("[1, 2]", "names no schema"),
            ("{\"results\": []}", "names no schema"),
            ("{\"schema\": 1}", "names no schema"),
            ("{\"schema\": \"tlsbench/0\"}", "older"),
            ("{\"schema\": \"tlsbench/2\"}", "newer"),
            ("{\"schema\": \"tlsbench/x\"}", "'tlsbench/x', not tlsbench/1"),
            ("{\"schema\": \"tlsbench-ciphers/1\"}", "tlsbench-ciphers/1, not the results of a measurement"),
            ("{\"schema\": \"tlsbench/1\", \"schema\": \"tlsbench/1\"}", "'schema' stands there twice"),
            ("{\"schema\": \"tlsbench/1\", \"x\": 1e999}", "number out of range at line 1 column"),
            ("{\"schema\": \"tlsbench/1\", \"tool\": 7}", "tool: invalid type: integer `7`, expected struct Tool"),
            ("{\"schema\": \"tlsbench/1\"}", "missing field `tool`"),
        ] {
            let refusal = refused(text);
            assert!(refusal.message.contains(said), "{text}: {refusal:?}");
            assert!(refusal.hint.is_some(), "{text}");
        }
        assert!(read(&[b'{', 0xff]).expect_err("bytes").message.contains("byte 1 is not UTF-8"));
        let deep = "[".repeat(10_000);
        assert!(refused(&deep).message.contains("recursion limit"));
    }
}
