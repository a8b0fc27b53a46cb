use std::io::IsTerminal;
use std::path::Path;

use super::results;
use crate::args;
use crate::error::Error;
use crate::render::Place;
use crate::series::Source;

/// What `report` draws.
pub struct Report {
    /// The results.
    pub sources: Vec<Source>,
    /// The files that repeat another one, with that one.
    pub doubles: Vec<[String; 2]>,
    /// Where the page goes.
    pub to: Place,
}

impl Report {
    pub(super) fn new(args: &args::Report) -> Result<Self, Error> {
        let to = place(args.output.as_deref(), std::io::stdout().is_terminal())?;
        let results::Sources { sources, doubles } = results::sources(&args.files)?;
        Ok(Self { sources, doubles, to })
    }
}

/// HTML is not printed to a terminal.
fn place(output: Option<&Path>, is_terminal: bool) -> Result<Place, Error> {
    match output {
        Some(path) if path != Path::new("-") => Ok(Place::File(path.to_owned())),
        None if is_terminal => Err(Error::Usage(
            "an HTML page is not printed to a terminal: write it to a file with -o report.html".into(),
        )),
        _ => Ok(Place::Standard),
    }
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
    }
}
