//! `tlsbench compare`: two results, metric by metric.

use crate::comparison::{Named, Refusal, Rules, check, compare};
use crate::error::Error;
use crate::host;
use crate::interrupt;
use crate::plan::{Candidate, Compare};
use crate::render::Messages;
use crate::runner::{self, ExitPolicy};
use crate::schema::Document;

/// Compares, after measuring if needed, and writes the findings.
pub fn run(plan: &Compare, messages: Messages) -> Result<(), Error> {
    let baseline = Named { name: &plan.baseline.name, document: &plan.baseline.document };
    let judgement = &plan.judgement;
    let rules = Rules {
        confidence: judgement.confidence,
        noise_threshold: plan.noise_threshold,
        allow_foreign: judgement.allow_foreign,
        interleaved: false,
        limits: None,
        seed: judgement.seed,
    };
    let refused = |refusal: Refusal| refusal.into_error(baseline.name);
    let measured;
    let mut saved = Ok(());
    let candidate = match &plan.candidate {
        Candidate::Results(results) => Named { name: &results.name, document: &results.document },
        Candidate::Measured { measurements, lost, results } => {
            let this = Document::begin(host::describe());
            check(baseline.document, &this, judgement.allow_foreign).map_err(refused)?;
            for lost in lost {
                messages.note(&format!("not measured again: {}: {}", lost.id, lost.why));
            }
            let found = runner::measure(&runner::jobs(measurements)?, false, results.as_deref(), messages)?;
            (measured, saved) = (found.document, found.saved);
            Named { name: "this build, now", document: &measured }
        }
    };
    let comparison = compare(baseline, candidate, &rules).map_err(refused)?;
    interrupt::begin_to_say();
    let written = plan.output.finish(&comparison);
    if matches!(plan.candidate, Candidate::Measured { .. }) && candidate.document.partial {
        return Err(Error::Interrupted);
    }
    ExitPolicy { fails_on_regression: plan.fail_on_regression, is_strict: judgement.is_strict }
        .of(&comparison)
        .and(written)
        .and(saved)
}
