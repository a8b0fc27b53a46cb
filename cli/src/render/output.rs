use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Color, Format, Report, Results};
use crate::error::Error;
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
    /// When text is colored.
    pub color: Color,
}

/// Where text goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Standard output.
    Standard,
    /// A file.
    File(PathBuf),
}

impl Output {
    /// Writes the files: after every case, so that a run that ends early loses little. Standard output waits for
    /// [`Output::finish`].
    pub fn save(&self, report: &impl Report) -> Result<(), Error> {
        if let Place::File(path) = &self.to {
            write_file(path, &render(report, self.format, false)?)?;
        }
        if let Some(path) = &self.json {
            write_file(path, &render(report, Format::Json, false)?)?;
        }
        Ok(())
    }

    /// Writes everything.
    pub fn finish(&self, report: &impl Report) -> Result<(), Error> {
        self.save(report)?;
        if self.to == Place::Standard {
            print(&render(report, self.format, self.color.applies_to(&std::io::stdout()))?)?;
        }
        Ok(())
    }

    /// Keeps complete results under the name that was asked for, if any; tells where.
    pub fn keep(&self, report: &impl Report) -> Result<Option<&Path>, Error> {
        let Some(path) = &self.baseline else { return Ok(None) };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
        }
        write_file(path, &render(report, Format::Json, false)?)?;
        Ok(Some(path))
    }
}

/// Writes a results document to a file.
pub fn write_document(path: &Path, document: &Document) -> Result<(), Error> {
    write_file(path, &render(&Results(document), Format::Json, false)?)
}

/// Writes text to where it goes.
pub fn write(to: &Place, text: &str) -> Result<(), Error> {
    match to {
        Place::Standard => print(text),
        Place::File(path) => write_file(path, text),
    }
}

fn render(report: &impl Report, format: Format, color: bool) -> Result<String, Error> {
    Ok(match format {
        Format::Table => report.table(color),
        Format::Csv => report.csv(),
        Format::Markdown => report.markdown(),
        Format::Json => report
            .json()
            .map(|text| text + "\n")
            .map_err(|error| Error::Failed(format!("the results can't be written as JSON: {error}")))?,
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

/// Replaces the file as a whole: a reader, or a run that is killed, never finds half of one. What is no regular file, such
/// as `/dev/stderr`, is written to.
fn write_file(path: &Path, text: &str) -> Result<(), Error> {
    let result = if path.exists() && !path.is_file() {
        std::fs::write(path, text)
    } else {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, path))
    };
    result.map_err(|error| Error::write(path, error))
}
