use std::path::{Path, PathBuf};

use crate::args;
use crate::error::Error;
use crate::names;
use crate::render::{Color, Format, Output, Place};

/// Works out where results go: `--json` alone is the form of what is printed, `--json=FILE` a file beside it.
pub(super) fn output(args: &args::Output, color: Color) -> Result<Output, Error> {
    let is_standard = |path: &Path| path == Path::new("-");
    let beside = args.json.clone().filter(|path| !is_standard(path));
    let json_is_form = args.json.is_some() && beside.is_none();
    let format = match (args.format, json_is_form) {
        (Some(format), true) if format != Format::Json => {
            return Err(Error::Usage("--json and --format ask for two forms; write one to a file: --json=FILE".into()));
        }
        (_, true) => Format::Json,
        (format, false) => format.unwrap_or(Format::Table),
    };
    let to = args.output.clone().filter(|path| !is_standard(path)).map_or(Place::Standard, Place::File);
    if let (Place::File(path), Some(json)) = (&to, &beside)
        && path == json
    {
        return Err(Error::Usage("--output and --json name the same file".into()));
    }
    for path in beside.iter().chain(args.output.iter().filter(|path| !is_standard(path))) {
        check_directory(path)?;
    }
    Ok(Output { format, to, json: beside, baseline: None, color })
}

/// The same where results are kept too.
pub(super) fn kept(args: &args::Output, saving: &args::Saving, color: Color) -> Result<Output, Error> {
    Ok(Output { baseline: saving.save_baseline.as_deref().map(names::baseline_path), ..output(args, color)? })
}

/// A file that can't be written is better known before a long run than after it.
pub(super) fn check_directory(path: &Path) -> Result<(), Error> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.map_or_else(|| PathBuf::from("."), Path::to_owned);
    match std::fs::metadata(&directory) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(Error::write(path, std::io::ErrorKind::NotADirectory.into())),
        Err(error) => Err(Error::write(path, error)),
    }
}

/// Checks a file that is written beside the output: nothing is written twice to one file, nor over what is read.
pub(super) fn beside<'a>(
    output: &Output,
    file: Option<&Path>,
    inputs: impl IntoIterator<Item = Option<&'a Path>>,
) -> Result<(), Error> {
    file.map(check_directory).transpose()?;
    let to = match &output.to {
        Place::File(path) => Some(path.as_path()),
        Place::Standard => None,
    };
    let written: Vec<&Path> = [to, output.json.as_deref(), file].into_iter().flatten().collect();
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let read: Vec<PathBuf> = inputs.into_iter().flatten().map(real).collect();
    for (index, path) in written.iter().enumerate() {
        let path_real = real(path);
        if read.contains(&path_real) {
            return Err(Error::Usage(format!("{} is read: name another file to write to", path.display())));
        }
        if written[..index].iter().any(|other| real(other) == path_real) {
            return Err(Error::Usage(format!("{} is named twice to be written to", path.display())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(format: Option<Format>, json: Option<&str>, file: Option<&str>) -> Result<Output, Error> {
        let args = args::Output { format, json: json.map(PathBuf::from), output: file.map(PathBuf::from) };
        output(&args, Color::Never)
    }

    #[test]
    fn json_alone_is_a_form_and_with_a_file_is_beside() {
        let alone = plan(None, Some("-"), None).expect("a plan");
        assert_eq!((alone.format, alone.to, alone.json), (Format::Json, Place::Standard, None));
        let beside = plan(None, Some("results.json"), None).expect("a plan");
        assert_eq!(
            (beside.format, beside.to, beside.json),
            (Format::Table, Place::Standard, Some("results.json".into()))
        );
        let file = plan(Some(Format::Csv), None, Some("results.csv")).expect("a plan");
        assert_eq!((file.format, file.to), (Format::Csv, Place::File("results.csv".into())));
    }

    #[test]
    fn contradictions_are_refused() {
        assert!(matches!(plan(Some(Format::Csv), Some("-"), None), Err(Error::Usage(_))));
        assert!(matches!(plan(None, Some("a"), Some("a")), Err(Error::Usage(_))));
        assert!(matches!(plan(None, Some("/nonexistent/a"), None), Err(Error::File { .. })));
    }
}
