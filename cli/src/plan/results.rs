use std::path::PathBuf;

use crate::error::Error;
use crate::loader;
use crate::series::Source;

/// Reads result files that are only looked at.
pub(super) fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Error> {
    let source = |path: &PathBuf| {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        // It is shown at terminals, which would obey it.
        let name = name.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
        Ok(Source { name, document: loader::load_to_show(path)? })
    };
    paths.iter().map(source).collect()
}
