//! Runs what was planned, of whatever kind, one after the other, and keeps what was found after each: the one way in which
//! every command measures that writes a results document.

mod ablation;
mod ending;
mod handshake;
mod instructions;
mod program;
mod throughput;
mod turns;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

pub use ending::Ending;
pub use program::{Answer, Binary, Measures};
pub use turns::{Paired, Turns};

use crate::error::Error;
use crate::host;
use crate::interrupt;
use crate::plan::Measurement;
use crate::primitives::warn_of_contradictions;
use crate::profile::Profile;
use crate::render::{Messages, Output, Progress, Results, write_document};
use crate::schema::Document;

/// Something that can be measured now: its configurations are made, its files read.
pub trait Job {
    /// What it is called while it runs.
    fn label(&self) -> &str;

    /// What is good to know of the files that were named.
    fn notes(&self) -> &[String] {
        &[]
    }

    /// Warns of what is known before anything is measured.
    fn warn(&self, document: &mut Document);

    /// Measures, and adds the cases to the document; `advance` hears how far it has come, 0 to 1, with a word about how
    /// it goes. Where Ctrl-C ends it early it adds what it has.
    fn measure(&self, document: &mut Document, advance: &mut dyn FnMut(f64, &str)) -> Result<(), Error>;
}

/// What can be measured of `measurements`: for each case, or each group of cases that only make sense together, one job.
pub fn jobs(measurements: &[Measurement]) -> Result<Vec<Box<dyn Job>>, Error> {
    let mut jobs: Vec<Box<dyn Job>> = Vec::new();
    for measurement in measurements {
        match measurement {
            Measurement::Throughput(plan) => jobs.extend(throughput::jobs(plan)),
            Measurement::Handshake(plan) => jobs.extend(handshake::jobs(plan)),
            Measurement::Ablate(plan) => jobs.extend(ablation::jobs(plan)?),
            Measurement::Instructions(plan) => jobs.extend(instructions::jobs(plan)),
        }
    }
    Ok(jobs)
}

/// What can be measured of the entries of a profile.
pub fn jobs_of_profile(profile: &Profile, measurements: &[Measurement]) -> Result<Vec<Box<dyn Job>>, Error> {
    let mut all: Vec<Box<dyn Job>> = Vec::new();
    let mut labels = BTreeSet::new();
    for (entry, measurement) in profile.entries.iter().zip(measurements) {
        for job in jobs(std::slice::from_ref(measurement))? {
            // Whoever compares results finds cases by their names.
            if !labels.insert(job.label().to_owned()) {
                let message = format!("a second case would be called {}", job.label());
                let hint = Some("give it a label of its own: label = \"WORD\"".to_owned());
                return Err(Error::Profile { origin: profile.origin.clone(), line: entry.line, message, hint });
            }
            all.push(job);
        }
    }
    Ok(all)
}

/// Runs the jobs in turn. `save` gets the document after each; where that fails it is said once, and measuring goes on: the
/// disk may have room again at the end, and what is measured is worth more than a file.
///
/// The document has all that was measured, also where a job failed or Ctrl-C ended the run: then it is marked as partial.
pub fn run(
    jobs: &[Box<dyn Job>],
    messages: Messages,
    save: &mut dyn FnMut(&Document) -> Result<(), Error>,
) -> (Document, Result<(), Error>) {
    let notes: BTreeSet<&String> = jobs.iter().flat_map(|job| job.notes()).collect();
    notes.into_iter().for_each(|note| messages.note(note));
    let mut document = Document::begin(host::describe());
    host::warn_of_conditions(&mut document);
    warn_of_contradictions(&mut document);
    for job in jobs {
        job.warn(&mut document);
    }
    // What is saved before the end is not all.
    document.partial = true;
    let progress = Progress::new(jobs.len(), messages);
    let mut is_told = false;
    let outcome = jobs.iter().try_for_each(|job| {
        progress.begin(job.label());
        job.measure(&mut document, &mut |done, text| progress.advance(done, text))?;
        messages.not_saved(save(&document), &mut is_told);
        interrupt::check()
    });
    progress.end();
    document.finish(host::load(), outcome.is_err());
    (document, outcome)
}

/// Runs the jobs, and writes the results: to files after each job, at the end to where they go; where only counts are wanted,
/// without all else. Warnings are told.
///
/// Where a job fails, or Ctrl-C ends the run, what was measured before is written all the same, marked as partial, but never
/// kept as a baseline.
pub fn run_and_write(
    jobs: &[Box<dyn Job>],
    counts_only: bool,
    output: &Output,
    messages: Messages,
) -> Result<(), Error> {
    let save = |document: &Document| {
        let document = wanted(document, counts_only).into_owned();
        let saved = output.save(&Results(&document));
        let output = output.clone();
        interrupt::keep_last_words(move || {
            // There is nobody left to tell what becomes of them.
            let _ = output.finish(&Results(&document));
        });
        saved
    };
    let (document, outcome) = run(jobs, messages, &mut |document| save(document));
    interrupt::begin_to_say();
    // They are about times.
    if !counts_only {
        tell_warnings(&document, messages);
    }
    let document = wanted(&document, counts_only);
    if outcome.is_ok() || !document.cases.is_empty() {
        output.finish(&Results(&document))?;
    }
    if let (Err(Error::Interrupted), Some(path)) = (&outcome, &output.baseline) {
        messages.note(&format!("not kept as {}: the run was ended early", path.display()));
    }
    outcome?;
    if let Some(path) = output.keep(&Results(&document))? {
        messages.note(&format!("kept as {}", path.display()));
    }
    Ok(())
}

/// Results for a command that has more to do with them.
pub struct Measured {
    /// What was found.
    pub document: Document,
    /// Whether it could be written to its file. The command goes on without, and ends with this error.
    pub saved: Result<(), Error>,
}

/// Runs the jobs and returns what they found, for a command that has more to do with it. The document is written to `file`
/// after each job, also where a job fails or Ctrl-C ends the run. Then there is an error only where nothing was measured, or
/// a job failed: an interrupted run is told by a document that is partial. Warnings are told, unless only counts are of
/// interest.
pub fn measure(
    jobs: &[Box<dyn Job>],
    counts_only: bool,
    file: Option<&Path>,
    messages: Messages,
) -> Result<Measured, Error> {
    let save = |document: &Document, is_last| file.map_or(Ok(()), |path| write_document(path, document, is_last));
    let (document, outcome) = run(jobs, messages, &mut |document| save(document, false));
    if !counts_only {
        tell_warnings(&document, messages);
    }
    let saved = if document.cases.is_empty() { Ok(()) } else { save(&document, true) };
    match outcome {
        Err(Error::Interrupted) if !document.cases.is_empty() => {}
        outcome => outcome?,
    }
    Ok(Measured { document, saved })
}

/// What is written of a document.
fn wanted(document: &Document, counts_only: bool) -> Cow<'_, Document> {
    if counts_only { Cow::Owned(document.counts()) } else { Cow::Borrowed(document) }
}

fn tell_warnings(document: &Document, messages: Messages) {
    document.warnings.iter().for_each(|warning| messages.warning(warning));
}
