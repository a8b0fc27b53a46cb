use std::path::PathBuf;

use super::{Measurement, baseline, output};
use crate::args;
use crate::error::Error;
use crate::names;
use crate::render::{Display, Output};
use crate::request::{NotRepeatable, Request};
use crate::schema::Document;
use crate::units::Share;

/// The plan of `compare`.
pub struct Compare {
    /// The baseline.
    pub baseline: Results,
    /// What is compared.
    pub candidate: Candidate,
    /// How verdicts are reached.
    pub judgement: Judgement,
    /// How much a metric that varies may differ, as a share.
    pub noise_threshold: f64,
    /// Whether something that is worse is an error.
    pub fail_on_regression: bool,
    /// Where the comparison goes.
    pub output: Output,
}

/// Results and their name.
pub struct Results {
    /// The file, or the name they were saved under.
    pub name: String,
    /// What is in it.
    pub document: Document,
}

/// What is compared.
pub enum Candidate {
    /// Results that are there.
    Results(Box<Results>),
    /// The baseline's cases, measured again.
    Measured {
        /// What is measured.
        measurements: Vec<Measurement>,
        /// The cases that can't be measured again.
        lost: Vec<NotRepeatable>,
        /// Where the results go besides.
        results: Option<PathBuf>,
    },
}

/// How verdicts are reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// The confidence in all of them together.
    pub confidence: f64,
    /// Whether having no verdict is an error.
    pub is_strict: bool,
    /// Whether results of another machine are compared, as far as they can be.
    pub allow_foreign: bool,
    /// The seed of everything random.
    pub seed: u64,
}

impl Compare {
    pub(super) fn new(args: &args::Compare, display: Display) -> Result<Self, Error> {
        let judgement = Judgement::new(&args.judgement)?;
        let Share(noise_threshold) = args.noise_threshold;
        let output = output::output(&args.output, display)?;
        let baseline = Results::load(&args.baseline)?;
        let candidate = match &args.candidate {
            Some(path) => Candidate::Results(Box::new(Results::load(path)?)),
            None => again(&baseline, args)?,
        };
        let fail_on_regression = args.fail_on_regression;
        Ok(Self { baseline, candidate, judgement, noise_threshold, fail_on_regression, output })
    }
}

impl Results {
    pub(super) fn load(typed: &std::path::Path) -> Result<Self, Error> {
        Ok(Self { name: names::shown(&typed.display().to_string()), document: baseline::load(typed)? })
    }
}

impl Judgement {
    pub(super) fn new(args: &args::Judgement) -> Result<Self, Error> {
        let Share(confidence) = args.confidence_level;
        if !(0.5..=0.9999).contains(&confidence) {
            return Err(Error::Usage("--confidence-level must be 50 % to 99.99 %".into()));
        }
        Ok(Self { confidence, is_strict: args.strict, allow_foreign: args.allow_foreign, seed: args.seed })
    }
}

/// The cases of results, to be measured by this build.
fn again(baseline: &Results, args: &args::Compare) -> Result<Candidate, Error> {
    let (mut requests, mut lost) = Request::of_document(&baseline.document);
    if !args.use_named {
        requests.retain(|request| {
            let Some(named) = request.named_elsewhere() else { return true };
            let why = format!("it uses {named}, which needs --use-named");
            lost.push(NotRepeatable { id: request.arguments().join(" "), why });
            false
        });
    }
    let mut measurements = Vec::new();
    for request in &requests {
        match Measurement::of_request(request) {
            Ok(measurement) => measurements.push(measurement),
            // This build or machine may lack something that another had.
            Err(error) => lost.push(NotRepeatable { id: request.arguments().join(" "), why: error.to_string() }),
        }
    }
    if measurements.is_empty() {
        let why = lost.first().map(|lost| format!(": {}: {}", lost.id, lost.why)).unwrap_or_default();
        return Err(Error::Baseline {
            name: baseline.name.clone(),
            problem: format!("none of its cases can be measured again{why}"),
            hint: Some("to compare two files without measuring: tlsbench compare BASELINE CANDIDATE".to_owned()),
        });
    }
    Ok(Candidate::Measured { measurements, lost, results: args.results.clone() })
}
