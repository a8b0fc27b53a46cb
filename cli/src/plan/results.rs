use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::schema::{Document, SCHEMA};
use crate::series::Source;

/// Reads result files that are only looked at: one that is none is a slip in what was typed.
pub(super) fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Error> {
    let source = |path: &PathBuf| {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Source { name, document: load(path)? })
    };
    paths.iter().map(source).collect()
}

fn load(path: &Path) -> Result<Document, Error> {
    let refuse = |problem: String| Error::Usage(format!("{}: {problem}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| Error::read(path, error))?;
    let document: Document = serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    if document.schema != SCHEMA {
        return Err(refuse(format!("its schema is '{}', not {SCHEMA}", document.schema)));
    }
    Ok(document)
}
