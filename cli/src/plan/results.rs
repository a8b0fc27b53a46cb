use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Error;
use crate::schema::{Document, SCHEMA};
use crate::series::Source;

/// Reads result files that are only looked at: one that is none is a slip in what was typed.
pub(super) fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Error> {
    let source = |path: &PathBuf| {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        // It is shown at terminals, which would obey it.
        let name = name.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
        Ok(Source { name, document: load(path)? })
    };
    paths.iter().map(source).collect()
}

fn load(path: &Path) -> Result<Document, Error> {
    let refuse = |problem: String| Error::Usage(format!("{}: {problem}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| Error::read(path, error))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    if has_control(&value) {
        return Err(refuse("a control character stands in a text: no tlsbench wrote it".to_owned()));
    }
    let document: Document = serde_json::from_value(value).map_err(|error| refuse(error.to_string()))?;
    if document.schema != SCHEMA {
        return Err(refuse(format!("its schema is '{}', not {SCHEMA}", document.schema)));
    }
    Ok(document)
}

/// Whether a text in it, or a key, would do more at a terminal than be shown.
fn has_control(value: &Value) -> bool {
    let in_text = |text: &str| text.chars().any(char::is_control);
    match value {
        Value::String(text) => in_text(text),
        Value::Array(values) => values.iter().any(has_control),
        Value::Object(entries) => entries.iter().any(|(key, value)| in_text(key) || has_control(value)),
        _ => false,
    }
}
