use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::output::check_directory;
use crate::args;
use crate::error::Error;
use crate::render::{Place, Source};
use crate::schema::Document;

/// What `report` draws.
pub struct Report {
    /// The results.
    pub sources: Vec<Source>,
    /// Where the page goes.
    pub to: Place,
}

impl Report {
    pub(super) fn new(args: &args::Report) -> Result<Self, Error> {
        let to = place(args.output.as_deref(), std::io::stdout().is_terminal())?;
        Ok(Self { sources: args.files.iter().map(source).collect::<Result<_, _>>()?, to })
    }
}

/// A page is nothing to read at a terminal.
fn place(output: Option<&Path>, is_terminal: bool) -> Result<Place, Error> {
    match output {
        Some(path) if path != Path::new("-") => {
            check_directory(path)?;
            Ok(Place::File(path.to_owned()))
        }
        None if is_terminal => {
            Err(Error::Usage("a page is for a browser: write it to a file with -o report.html".into()))
        }
        _ => Ok(Place::Standard),
    }
}

fn source(path: &PathBuf) -> Result<Source, Error> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).map_err(|error| Error::read(path, error))?;
    let document: Document =
        serde_json::from_str(&text).map_err(|error| Error::Usage(format!("{}: {error}", path.display())))?;
    Ok(Source { name, document })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_to_a_file_or_a_pipe_and_not_to_a_terminal() {
        assert_eq!(place(None, false).ok(), Some(Place::Standard));
        assert_eq!(place(Some(Path::new("-")), true).ok(), Some(Place::Standard));
        assert_eq!(place(Some(Path::new("a.html")), true).ok(), Some(Place::File("a.html".into())));
        assert!(matches!(place(None, true), Err(Error::Usage(_))));
        assert!(matches!(place(Some(Path::new("/nonexistent/a.html")), false), Err(Error::File { .. })));
    }
}
