use std::path::{Path, PathBuf};

use crate::args;
use crate::error::Error;
use crate::loader;
use crate::render::{Form, Place, Wanted};
use crate::schema::Document;

/// What `export` writes.
pub struct Export {
    /// The results.
    pub document: Document,
    /// What of them.
    pub wanted: Wanted,
    /// In which form.
    pub form: Form,
    /// Where that goes.
    pub to: Destination,
}

/// Where an export goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Destination {
    /// One text.
    Text(Place),
    /// A folder of files.
    Folder(PathBuf),
}

impl Export {
    pub(super) fn new(args: &args::Export) -> Result<Self, Error> {
        let to = destination(args.form, args.output.as_deref())?;
        let wanted = Wanted { cases: args.case.clone(), metrics: args.metric.clone() };
        Ok(Self { document: loader::load_to_show(&args.file)?, wanted, form: args.form, to })
    }
}

fn destination(form: Form, output: Option<&Path>) -> Result<Destination, Error> {
    let path = output.filter(|path| *path != Path::new("-"));
    if path.is_none() && form.is_folder() {
        let message = "two files are written for github-action-benchmark: name a folder for them with -o FOLDER";
        return Err(Error::Usage(message.to_owned()));
    }
    Ok(match path {
        Some(path) if form.is_folder() => Destination::Folder(path.to_owned()),
        path => Destination::Text(path.map_or(Place::Standard, |path| Place::File(path.to_owned()))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_need_a_folder() {
        let to = |form, path: &str| destination(form, (!path.is_empty()).then(|| Path::new(path)));
        assert!(matches!(to(Form::GithubActionBenchmark, ""), Err(Error::Usage(_))));
        assert!(matches!(to(Form::GithubActionBenchmark, "-"), Err(Error::Usage(_))));
        assert_eq!(to(Form::GithubActionBenchmark, "bench").ok(), Some(Destination::Folder("bench".into())));
        assert_eq!(to(Form::Bencher, "").ok(), Some(Destination::Text(Place::Standard)));
        assert_eq!(to(Form::Bencher, "-").ok(), Some(Destination::Text(Place::Standard)));
        assert_eq!(to(Form::Hyperfine, "a.json").ok(), Some(Destination::Text(Place::File("a.json".into()))));
    }
}
