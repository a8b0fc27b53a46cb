use super::{output, results};
use crate::args;
use crate::error::Error;
use crate::render::{Display, Output};
use crate::schema::name_of;
use crate::series::{Significance, Source, Wanted, cases};
use crate::units::Share;

/// What `history` looks at.
pub struct History {
    /// The results.
    pub sources: Vec<Source>,
    /// The files that repeat another one, with that one.
    pub doubles: Vec<[String; 2]>,
    /// What of them.
    pub wanted: Wanted,
    /// How changes are distinguished from chance.
    pub significance: Significance,
    /// Where the history goes.
    pub output: Output,
}

impl History {
    pub(super) fn new(args: &args::History, display: Display) -> Result<Self, Error> {
        let Share(confidence) = args.confidence_level;
        if !(0.5..1.0).contains(&confidence) {
            return Err(Error::Usage("--confidence-level must be at least 50 % and less than 100 %".into()));
        }
        let Share(threshold) = args.noise_threshold;
        let results::Sources { sources, doubles } = results::sources(&args.files)?;
        check_names(&sources, args)?;
        Ok(Self {
            sources,
            doubles,
            wanted: Wanted { case: args.case.clone(), metric: args.metric.clone() },
            significance: Significance { level: 1.0 - confidence, threshold, seed: args.seed },
            output: output::output(&args.output, display)?,
        })
    }
}

/// A name that is in no file is a mistake, not an empty series.
fn check_names(sources: &[Source], args: &args::History) -> Result<(), Error> {
    if let Some(case) = &args.case
        && !cases(sources).contains(&case.as_str())
    {
        return Err(Error::unknown("case", case, cases(sources)));
    }
    let Some(metric) = &args.metric else { return Ok(()) };
    let cases = sources.iter().flat_map(|source| &source.document.cases);
    let all = cases.flat_map(|case| case.metrics.keys().chain(case.not_measurable.keys()));
    let mut known: Vec<&str> = all.flat_map(|key| [key.as_str(), name_of(key)]).collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&metric.as_str()) { Ok(()) } else { Err(Error::unknown("metric", metric, known)) }
}
