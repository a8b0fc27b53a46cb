use std::path::PathBuf;

use crate::error::Error;
use crate::loader;
use crate::names;
use crate::series::Source;

/// Result files that are only read.
pub(super) struct Sources {
    /// What is in them, each document once.
    pub(super) sources: Vec<Source>,
    /// The files that repeat another one, with that one.
    pub(super) doubles: Vec<[String; 2]>,
}

/// Reads result files. One document under several names is one run.
pub(super) fn sources(paths: &[PathBuf]) -> Result<Sources, Error> {
    let mut found = Sources { sources: Vec::new(), doubles: Vec::new() };
    for path in paths {
        let name = names::shown(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy());
        let document = loader::load_to_show(path)?;
        match found.sources.iter().find(|known| known.document == document) {
            Some(known) => found.doubles.push([name, known.name.clone()]),
            None => found.sources.push(Source { name, document }),
        }
    }
    Ok(found)
}
