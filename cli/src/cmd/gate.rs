//! `tlsbench gate`: this build, held to the thresholds of a profile.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use crate::comparison::{AllowedChanges, Named, Rules, check, compare, confirm, is_suspect};
use crate::error::Error;
use crate::files;
use crate::host;
use crate::interrupt;
use crate::plan::{Gate, Measurement, Reference, Results};
use crate::render::{Messages, Report, write_document};
use crate::request::Request;
use crate::runner::{self, Binary, ExitPolicy, Measured, PairedResults, PairedRun};
use crate::schema::Document;
use crate::schema::comparison::{Case, Comparison};
use crate::stats::pairs_needed;

/// The variable that names the file for a step's summary on GitHub.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Measures, compares, measures regressions again, and reports the verdict in its output and exit code.
pub fn run(plan: &Gate, messages: Messages) -> Result<(), Error> {
    let (comparison, saved) = match &plan.reference {
        Reference::Results(results) => against_results(plan, results, messages)?,
        Reference::Binary { path, blocks } => against_binary(plan, path, *blocks, messages)?,
    };
    interrupt::begin_to_say();
    if interrupt::requested() {
        // What there is is told; what is missing makes a verdict of it, and its thresholds, worth nothing.
        return plan.output.finish(&comparison).and(Err(Error::Interrupted));
    }
    check_thresholds(plan, &comparison)?;
    if let Some(path) = std::env::var_os(STEP_SUMMARY).filter(|path| !path.is_empty())
        && let Err(error) = files::append(Path::new(&path), comparison.markdown().as_bytes())
    {
        // Failing to write the summary does not change the verdict.
        let path = Path::new(&path).display();
        messages.complaint(&format!("can't write the summary to {path} ({STEP_SUMMARY}): {error}"));
    }
    let written = plan.output.finish(&comparison);
    ExitPolicy { fails_on_regression: true, is_strict: plan.judgement.is_strict }
        .of(&comparison)
        .and(written)
        .and(saved)
}

/// A threshold that is about nothing is a slip, and would let everything pass.
fn check_thresholds(plan: &Gate, comparison: &Comparison) -> Result<(), Error> {
    for threshold in plan.thresholds() {
        let is_about = |case: &Case| case.metrics.iter().any(|metric| threshold.applies_to(&case.id, &metric.name));
        if !comparison.cases.iter().any(is_about) {
            return Err(Error::Profile {
                origin: plan.profile.origin.clone(),
                line: threshold.line,
                message: format!("no case has the metric {} of this threshold", threshold.metric()),
                hint: Some("`tlsbench run PROFILE --format csv` lists the cases and their metrics".to_owned()),
            });
        }
    }
    Ok(())
}

/// What was found, and whether the results could be written to their file.
type Found = (Comparison, Result<(), Error>);

fn against_results(plan: &Gate, baseline: &Results, messages: Messages) -> Result<Found, Error> {
    let baseline = Named { name: &baseline.name, document: &baseline.document };
    let compared = |document: &Document| {
        let after = Named { name: "this build", document };
        judged(plan, baseline, after, false)
    };
    let this = Document::begin(host::describe());
    let fitness = check(baseline.document, &this, plan.judgement.allow_foreign);
    fitness.map_err(|refusal| refusal.into_error(baseline.name))?;
    let jobs = runner::jobs_of_profile(&plan.profile, &plan.measurements)?;
    let Measured { document: measured, saved } =
        runner::measure(&jobs, plan.counts_only, plan.results.as_deref(), messages)?;
    let mut comparison = compared(&measured)?;
    if comparison.counts.regressions > 0 && !measured.partial {
        messages.note(&format!("{}: once more", comparison.regressions()));
        let mut suspected = measured;
        suspected.cases.retain(|case| is_suspected(&comparison, &case.id));
        let (again, _) = Request::of_document(&suspected);
        let again: Vec<Measurement> = again.iter().map(Measurement::of_request).collect::<Result<_, _>>()?;
        match runner::measure(&runner::jobs(&again)?, plan.counts_only, None, messages) {
            Err(Error::Interrupted) => {}
            again => confirm(&mut comparison, &compared(&again?.document)?),
        }
    }
    Ok((comparison, saved))
}

fn against_binary(plan: &Gate, other: &Path, blocks: Option<usize>, messages: Messages) -> Result<Found, Error> {
    // Two cases of one name are a slip, also where others measure them.
    runner::jobs_of_profile(&plan.profile, &plan.measurements)?;
    let requests: Vec<Request> = plan.profile.entries.iter().map(|entry| entry.request.clone()).collect();
    let this = std::env::current_exe().map_err(|error| Error::io("finding this program", error))?;
    let (other_name, this, other) = (other.display().to_string(), Binary(this), Binary(other.to_owned()));
    let measure = |requests: &[Request], seed: u64, is_kept: bool| {
        let turns = PairedRun {
            programs: [&other, &this],
            requests,
            blocks: &|tests| blocks.unwrap_or_else(|| pairs_needed(tests, plan.judgement.confidence)),
            is_judged: &|case, name, metric| plan.limit(case, name, metric.median).is_some(),
            seed,
        };
        let mut kept = Ok(());
        let paired = turns.run(messages, &mut |document| {
            if is_kept {
                kept = keep(plan, document);
            }
        });
        kept.and(paired)
    };
    let compared = |PairedResults { documents: [before, after], unknown, .. }: &PairedResults| {
        let baseline = Named { name: &other_name, document: before };
        let mut comparison = judged(plan, baseline, Named { name: "this build", document: after }, true)?;
        excuse(&mut comparison, unknown);
        Ok::<_, Error>(comparison)
    };
    let first = measure(&requests, plan.judgement.seed, true)?;
    let saved = keep(plan, &first.documents[1]);
    let mut comparison = compared(&first)?;
    if comparison.counts.regressions > 0 && !first.documents[1].partial {
        messages.note(&format!("{}: once more", comparison.regressions()));
        let suspected = first.requests.iter().filter(|(id, _)| is_suspected(&comparison, id)).map(|(_, index)| *index);
        let again: Vec<Request> =
            suspected.collect::<BTreeSet<usize>>().into_iter().map(|index| requests[index].clone()).collect();
        match measure(&again, plan.judgement.seed.wrapping_add(1), false) {
            Err(Error::Interrupted) => {}
            again => confirm(&mut comparison, &compared(&again?)?),
        }
    }
    Ok((comparison, saved))
}

/// Writes this build's results, if asked for.
fn keep(plan: &Gate, document: &Document) -> Result<(), Error> {
    plan.results.as_deref().map_or(Ok(()), |path| write_document(path, document, true))
}

/// Cases that the other build does not support yet are not regressions.
fn excuse(comparison: &mut Comparison, unknown: &HashMap<String, String>) {
    for case in &mut comparison.cases {
        let Some(said) = unknown.get(&case.id) else { continue };
        for metric in &mut case.metrics {
            metric.is_binding = false;
            metric.why = Some(format!("the baseline's build does not support this case: {}", said.replace('\n', "; ")));
        }
    }
    comparison.conclude();
}

fn judged(plan: &Gate, before: Named<'_>, after: Named<'_>, interleaved: bool) -> Result<Comparison, Error> {
    let find = |case: &str, metric: &str, before: f64| plan.limit(case, metric, before);
    let rules = Rules {
        confidence: plan.judgement.confidence,
        noise_threshold: 0.0,
        allow_foreign: plan.judgement.allow_foreign,
        interleaved,
        limits: Some(AllowedChanges { profile: plan.profile.origin.clone(), find: &find }),
        seed: plan.judgement.seed,
    };
    compare(before, after, &rules).map_err(|refusal| refusal.into_error(before.name))
}

/// Whether a case has to be measured again to confirm a regression.
fn is_suspected(comparison: &Comparison, id: &str) -> bool {
    comparison.cases.iter().any(|case| case.id == id && case.metrics.iter().any(is_suspect))
}
