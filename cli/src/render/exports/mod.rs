//! Results in the forms that other tools read. What a form has no place for is left out, and what is not known is not made
//! up.

mod bencher;
mod chosen;
mod github_action_benchmark;
mod hyperfine;

pub use chosen::{Chosen, Wanted};

use clap::ValueEnum;
use serde::Serialize;

use crate::error::Error;
use crate::schema::Document;

/// A form that other tools read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// The JSON of `hyperfine --export-json`, in seconds: only metrics that are times, with the unit ns, us, ms or s
    Hyperfine,
    /// Bencher Metric Format, for `bencher run --adapter json`: every metric with its 95 % interval
    Bencher,
    /// Both files of github-action-benchmark, in a folder: customBiggerIsBetter.json and customSmallerIsBetter.json
    GithubActionBenchmark,
}

/// A file of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// What it is called where a form has several.
    pub name: &'static str,
    /// What is in it.
    pub text: String,
    /// How many metrics that is.
    pub metrics: usize,
}

impl Form {
    /// Whether it is more than one file.
    pub const fn is_folder(self) -> bool {
        matches!(self, Self::GithubActionBenchmark)
    }

    /// What its files are called in their folder, where it is one.
    pub const fn file_names(self) -> &'static [&'static str] {
        match self {
            Self::GithubActionBenchmark => &github_action_benchmark::NAMES,
            Self::Hyperfine | Self::Bencher => &[],
        }
    }

    /// The files of these metrics; one, but for a folder. Nothing to put into them is an error.
    pub fn export(self, document: &Document, chosen: &[Chosen]) -> Result<Vec<Exported>, Error> {
        if chosen.is_empty() {
            return Err(Error::Usage("there is nothing to export: the results have no such metric".to_owned()));
        }
        match self {
            Self::Hyperfine => hyperfine::export(chosen).map(|exported| vec![exported]),
            Self::Bencher => bencher::export(chosen).map(|exported| vec![exported]),
            Self::GithubActionBenchmark => github_action_benchmark::export(document, chosen),
        }
    }
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| Error::Failed(format!("the results can't be written as JSON: {error}")))
}
