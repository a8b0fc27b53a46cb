use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Color, Format, Report, Results, View};
use crate::error::Error;
use crate::files;
use crate::schema::Document;

/// Where a command's results go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The form of the main results.
    pub format: Format,
    /// Where they go.
    pub to: Place,
    /// Where the results document goes besides.
    pub json: Option<PathBuf>,
    /// Where it is kept once it is complete.
    pub baseline: Option<PathBuf>,
    /// How tables look.
    pub display: Display,
}

/// How results are displayed to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Display {
    /// When text is colored.
    pub color: Color,
    /// Whether tables show everything that is known.
    pub is_verbose: bool,
}

/// Where text goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Standard output.
    Standard,
    /// A file.
    File(PathBuf),
}

impl Place {
    /// The file, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Standard => None,
            Self::File(path) => Some(path),
        }
    }
}

impl Output {
    /// Writes the files: after every case, so that a run that ends early loses little. Standard output, and what can be
    /// written only once, wait for [`Output::finish`].
    pub fn save(&self, report: &impl Report) -> Result<(), Error> {
        let main = self.save_main(report, false);
        main.and(self.save_beside(report, false))
    }

    /// Writes everything, what is printed first: a file may keep it waiting. Results that find no place in their file are
    /// printed, too: they may have taken long to measure.
    pub fn finish(&self, report: &impl Report) -> Result<(), Error> {
        let print = || render(report, self.format, &self.view()).and_then(|text| print(&text));
        let main = match self.to {
            Place::Standard => print(),
            Place::File(_) => self.save_main(report, true).inspect_err(|_| drop(print())),
        };
        main.and(self.save_beside(report, true))
    }

    /// Keeps complete results under the name that was asked for, if any; tells where.
    pub fn keep(&self, report: &impl Report) -> Result<Option<&Path>, Error> {
        let Some(path) = &self.baseline else { return Ok(None) };
        let text = render(report, Format::Json, &View::plain())?;
        files::write_in_new_folder(path, text.as_bytes()).map_err(|error| Error::write(path, error))?;
        Ok(Some(path))
    }

    /// How tables look on standard output.
    fn view(&self) -> View {
        let color = self.display.color.applies_to(&std::io::stdout());
        View { color, terminal: View::terminal_width(), is_verbose: self.display.is_verbose }
    }

    fn save_main(&self, report: &impl Report, is_last: bool) -> Result<(), Error> {
        match &self.to {
            Place::File(path) if is_last || files::is_replaced(path) => write_file(
                path,
                &render(report, self.format, &View { is_verbose: self.display.is_verbose, ..View::plain() })?,
            ),
            _ => Ok(()),
        }
    }

    fn save_beside(&self, report: &impl Report, is_last: bool) -> Result<(), Error> {
        match &self.json {
            Some(path) if is_last || files::is_replaced(path) => {
                write_file(path, &render(report, Format::Json, &View::plain())?)
            }
            _ => Ok(()),
        }
    }
}

/// Writes a results document to a file. Before the last time, only to one that can be written again.
pub fn write_document(path: &Path, document: &Document, is_last: bool) -> Result<(), Error> {
    if !is_last && !files::is_replaced(path) {
        return Ok(());
    }
    write_file(path, &render(&Results(document), Format::Json, &View::plain())?)
}

/// Writes text to where it goes.
pub fn write(to: &Place, text: &str) -> Result<(), Error> {
    match to {
        Place::Standard => print(text),
        Place::File(path) => write_file(path, text),
    }
}

/// Writes a document to where it goes.
pub fn write_json(to: &Place, document: &impl Serialize) -> Result<(), Error> {
    write(to, &json_text(serde_json::to_string_pretty(document))?)
}

fn json_text(json: serde_json::Result<String>) -> Result<String, Error> {
    json.map(|text| text + "\n")
        .map_err(|error| Error::Failed(format!("the results can't be written as JSON: {error}")))
}

fn render(report: &impl Report, format: Format, view: &View) -> Result<String, Error> {
    Ok(match format {
        Format::Table => report.table(view),
        Format::Csv => report.csv(),
        Format::Markdown => report.markdown(),
        Format::Json => json_text(report.json())?,
    })
}

/// Prints to standard output.
pub fn print(text: &str) -> Result<(), Error> {
    let mut standard = std::io::stdout().lock();
    match standard.write_all(text.as_bytes()).and_then(|()| standard.flush()) {
        // Whoever reads may stop reading: `| head` is no failure.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Error::io("writing to standard output", error)),
    }
}

fn write_file(path: &Path, text: &str) -> Result<(), Error> {
    files::write(path, text.as_bytes()).map_err(|error| Error::write(path, error))
}
