//! `tlsbench gate`: this build, held to the thresholds of a profile.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use crate::comparison::{Limits, Named, Refusal, Rules, compare, confirm, is_suspect};
use crate::error::Error;
use crate::plan::{Gate, Measurement, Opponent, Results};
use crate::render::{Messages, Report, write_document};
use crate::request::Request;
use crate::runner::{self, Binary, Ending, Paired, Turns};
use crate::schema::Document;
use crate::schema::comparison::Comparison;
use crate::stats::pairs_needed;

/// Where GitHub's runners show what a step has to say.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Measures, compares, measures what is worse once more, and says what it comes to: by its words, and by its exit code.
pub fn run(plan: &Gate, messages: Messages) -> Result<(), Error> {
    let comparison = match &plan.opponent {
        Opponent::Results { results, measurements } => against_results(plan, results, measurements, messages)?,
        Opponent::Binary { path, requests, blocks } => against_binary(plan, path, requests, *blocks, messages)?,
    };
    plan.output.finish(&comparison)?;
    if let Some(path) = std::env::var_os(STEP_SUMMARY).filter(|path| !path.is_empty())
        && let Err(error) = append(Path::new(&path), &comparison.markdown())
    {
        // The verdict does not depend on where it is shown.
        messages.complaint(&format!("the summary can't be written to {STEP_SUMMARY}: {error}"));
    }
    Ending { fails_on_regression: true, is_strict: plan.judgement.is_strict }.of(&comparison)
}

fn against_results(
    plan: &Gate,
    baseline: &Results,
    measurements: &[Measurement],
    messages: Messages,
) -> Result<Comparison, Error> {
    let baseline = Named { name: &baseline.name, document: &baseline.document };
    let compared = |document: &Document| {
        judged(plan, baseline, Named { name: "this build", document }, false)
            .map_err(|refusal| refused(&baseline, refusal))
    };
    let measured = runner::measure(&runner::jobs(measurements)?, plan.counts_only, plan.results.as_deref(), messages)?;
    let mut comparison = compared(&measured)?;
    let again = suspects(&comparison, &measured);
    if !again.is_empty() {
        messages.note(&format!("{}: once more", comparison.regressions()));
        let again: Vec<Measurement> = again.iter().map(Measurement::of_request).collect::<Result<_, _>>()?;
        let second = compared(&runner::measure(&runner::jobs(&again)?, plan.counts_only, None, messages)?)?;
        confirm(&mut comparison, &second);
    }
    Ok(comparison)
}

fn against_binary(
    plan: &Gate,
    other: &Path,
    requests: &[Request],
    blocks: Option<usize>,
    messages: Messages,
) -> Result<Comparison, Error> {
    let this = std::env::current_exe().map_err(|error| Error::io("finding this program", error))?;
    let (other_name, this, other) = (other.display().to_string(), Binary(this), Binary(other.to_owned()));
    let measure = |requests: &[Request], seed: u64| {
        let turns = Turns {
            programs: [&other, &this],
            requests,
            blocks: &|tests| blocks.unwrap_or_else(|| pairs_needed(tests, plan.judgement.confidence)),
            is_judged: &|case, name, metric| plan.limit(case, name, metric.median).is_some(),
            seed,
        };
        turns.run(messages)
    };
    let compared = |Paired { documents: [before, after], notes }: &Paired| {
        let baseline = Named { name: &other_name, document: before };
        let found = judged(plan, baseline, Named { name: "this build", document: after }, true);
        let mut comparison = found.map_err(|refusal| refused(&baseline, refusal))?;
        comparison.notes.extend(notes.iter().cloned());
        Ok::<_, Error>(comparison)
    };
    let first = measure(requests, plan.judgement.seed)?;
    if let Some(path) = &plan.results {
        write_document(path, &first.documents[1])?;
    }
    let mut comparison = compared(&first)?;
    let again = suspects(&comparison, &first.documents[1]);
    if !again.is_empty() {
        messages.note(&format!("{}: once more", comparison.regressions()));
        confirm(&mut comparison, &compared(&measure(&again, plan.judgement.seed.wrapping_add(1))?)?);
    }
    Ok(comparison)
}

fn judged(plan: &Gate, before: Named<'_>, after: Named<'_>, interleaved: bool) -> Result<Comparison, Refusal> {
    let find = |case: &str, metric: &str, before: f64| plan.limit(case, metric, before);
    let rules = Rules {
        confidence: plan.judgement.confidence,
        noise_threshold: 0.0,
        allow_foreign: plan.judgement.allow_foreign,
        interleaved,
        limits: Some(Limits { profile: plan.profile.origin.clone(), find: &find }),
        seed: plan.judgement.seed,
    };
    compare(before, after, &rules)
}

fn refused(baseline: &Named<'_>, refusal: Refusal) -> Error {
    Error::Baseline { name: baseline.name.to_owned(), problem: refusal.message, hint: Some(refusal.hint.to_owned()) }
}

/// What has to be measured once more before it is believed.
fn suspects(comparison: &Comparison, measured: &Document) -> Vec<Request> {
    let is_suspected =
        |id: &str| comparison.cases.iter().any(|case| case.id == id && case.metrics.iter().any(is_suspect));
    let cases = measured.cases.iter().filter(|case| is_suspected(&case.id)).cloned().collect();
    Request::of_document(&Document { cases, ..measured.clone() }).0
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}
