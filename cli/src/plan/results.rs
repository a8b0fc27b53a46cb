use std::path::PathBuf;

use crate::error::Error;
use crate::loader;
use crate::names;
use crate::series::Source;

/// Reads result files that are only looked at.
pub(super) fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Error> {
    let source = |path: &PathBuf| {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Ok(Source { name: names::shown(&name), document: loader::load_to_show(path)? })
    };
    paths.iter().map(source).collect()
}
