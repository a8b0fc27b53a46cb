//! Runs planned measurements one after the other and saves the results after each. Every command that writes a results
//! document measures this way.

mod ablation;
mod exit_policy;
mod handshake;
mod instructions;
mod latency;
mod losses;
mod paired_run;
mod peers;
mod program;
mod remote;
mod throughput;
mod warnings;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

pub use exit_policy::ExitPolicy;
pub use paired_run::{PairedResults, PairedRun};
pub use peers::jobs_of_peers;
pub use program::{Binary, Measures, Response};

use losses::Forgiving;

use crate::error::Error;
use crate::host;
use crate::interrupt;
use crate::library::{self, Description};
use crate::plan::{ChosenLibrary, Measurement};
use crate::primitives::warn_of_contradictions;
use crate::profile::Profile;
use crate::render::{Messages, Output, Progress, Results, write_document};
use crate::schema::{Document, Facts, Negotiated, terms};

/// A measurement that is ready to run.
pub trait Job {
    /// The name to show while it runs.
    fn label(&self) -> &str;

    /// Remarks on the files that the user named.
    fn notes(&self) -> &[String] {
        &[]
    }

    /// Adds warnings that are known before measuring.
    fn warn(&self, document: &mut Document);

    /// Measures and adds the cases to the document. `advance` receives the progress, 0 to 1, and a short text. After
    /// Ctrl-C it adds what it has.
    fn measure(&self, document: &mut Document, advance: &mut dyn FnMut(f64, &str)) -> Result<(), Error>;

    /// The error of a case that failed while the others were measured: it ends the command when all jobs are done.
    fn failure(&self) -> Option<Error> {
        None
    }
}

/// The jobs of `measurements`: one for each case, or for each group of cases that are only meaningful together.
pub fn jobs(measurements: &[Measurement]) -> Result<Vec<Box<dyn Job>>, Error> {
    forgiving_jobs(measurements, Forgiving::Lacks)
}

/// The same, where some errors cost only the cases of their library.
fn forgiving_jobs(measurements: &[Measurement], forgiving: Forgiving) -> Result<Vec<Box<dyn Job>>, Error> {
    let mut jobs: Vec<Box<dyn Job>> = Vec::new();
    for measurement in measurements {
        match measurement {
            Measurement::Throughput(plan) => {
                jobs.extend(throughput::jobs(plan, forgiving));
                jobs.extend(remote::jobs(&plan.remote));
            }
            Measurement::Handshake(plan) => {
                jobs.extend(handshake::jobs(plan, forgiving));
                jobs.extend(remote::jobs(&plan.remote));
            }
            Measurement::Latency(plan) => jobs.extend(latency::jobs(plan, forgiving)),
            Measurement::Ablate(plan) => jobs.extend(ablation::jobs(plan)?),
            Measurement::Instructions(plan) => jobs.extend(instructions::jobs(plan)),
        }
    }
    Ok(jobs)
}

/// The jobs of a profile.
pub fn jobs_of_profile(profile: &Profile, measurements: &[Measurement]) -> Result<Vec<Box<dyn Job>>, Error> {
    let mut all: Vec<Box<dyn Job>> = Vec::new();
    let mut labels = BTreeSet::new();
    for (entry, measurement) in profile.entries.iter().zip(measurements) {
        for job in jobs(std::slice::from_ref(measurement))? {
            // Comparisons match cases by their names.
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

/// Runs the jobs in turn. `save` receives the document after each. If saving fails, this is reported once and measuring
/// goes on, because the disk may have space again at the end.
///
/// The document contains everything measured. It is marked as partial if a job failed or Ctrl-C ended the run; what cost only
/// its own case is told there, and is the outcome if nothing else ended the run.
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
    // Until the end, saved documents are incomplete.
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
    let outcome = outcome.and_then(|()| jobs.iter().find_map(|job| job.failure()).map_or(Ok(()), Err));
    (document, outcome)
}

/// Runs the jobs, reports warnings, and writes the results: to files after each job, and at the end to their
/// destination. With `counts_only`, only counts are written.
///
/// If a job fails or Ctrl-C ends the run, the results so far are written, marked as partial, but never saved as a
/// baseline.
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
            // The program is ending: a failure can no longer be reported.
            let _ = output.finish(&Results(&document));
        });
        saved
    };
    let (document, outcome) = run(jobs, messages, &mut |document| save(document));
    interrupt::begin_to_say();
    // Warnings are about times.
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

/// Results for a command that processes them further.
pub struct Measured {
    /// What was found.
    pub document: Document,
    /// Whether it could be written to its file. If not, the command goes on and ends with this error.
    pub saved: Result<(), Error>,
}

/// Runs the jobs and returns their results, for a command that processes them further. The document is written to
/// `file` after each job. An interrupted run returns a partial document, and an error only if nothing was measured.
/// Warnings are reported unless `counts_only`.
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

/// The part of a document that is written.
fn wanted(document: &Document, counts_only: bool) -> Cow<'_, Document> {
    if counts_only { Cow::Owned(document.counts()) } else { Cow::Borrowed(document) }
}

fn tell_warnings(document: &Document, messages: Messages) {
    document.warnings.iter().for_each(|warning| messages.warning(warning));
}

/// What the ends of a connection agreed on, as results say it.
fn negotiated(agreed: &library::Negotiated) -> Negotiated {
    Negotiated {
        version: Some(agreed.version.to_string()),
        cipher_suite: Some(agreed.suite.to_string()),
        group: agreed.group.map(|group| group.to_string()),
        signature: agreed.signature.map(|scheme| scheme.to_string()),
        alpn: agreed.alpn.as_ref().map(|name| String::from_utf8_lossy(name).into_owned()),
        resumed_share: Some(if agreed.is_resumed { 1.0 } else { 0.0 }),
        hello_retry_share: None,
        early_data_share: Some(if agreed.early_data { 1.0 } else { 0.0 }),
        external_psk_share: None,
    }
}

/// Which library was measured, as results say it.
fn library_facts(library: &ChosenLibrary) -> Facts {
    let Description { name, version, provider } = library.description.clone();
    terms::known([("library", name.into()), ("library_version", version.into()), ("library_provider", provider.into())])
}
