use std::path::{Path, PathBuf};

use super::compare::{Judgement, Results};
use super::measure::{find, measurements};
use super::{Measurement, output};
use crate::args;
use crate::comparison::AllowedChange;
use crate::error::Error;
use crate::profile::{Profile, Threshold};
use crate::render::{Display, Output};
use crate::schema::Kind;

/// The plan of `gate`.
pub struct Gate {
    /// The profile, with its thresholds.
    pub profile: Profile,
    /// What each of its entries measures.
    pub measurements: Vec<Measurement>,
    /// What this build is compared with.
    pub reference: Reference,
    /// Whether only counts are judged.
    pub counts_only: bool,
    /// How verdicts are reached.
    pub judgement: Judgement,
    /// Where this build's results go besides.
    pub results: Option<PathBuf>,
    /// Where the comparison goes.
    pub output: Output,
}

/// What a build is compared with.
pub enum Reference {
    /// Saved results, whose cases this build measures too.
    Results(Box<Results>),
    /// Another build, which takes turns with this one.
    Binary {
        /// The other build.
        path: PathBuf,
        /// How often each runs; none is as often as verdicts need.
        blocks: Option<usize>,
    },
}

impl Gate {
    pub(super) fn new(args: &args::Gate, display: Display) -> Result<Self, Error> {
        let judgement = Judgement::new(&args.judgement)?;
        let output = output::output(&args.output, display)?;
        let profile = find(&args.profile, args.counts_only)?;
        if profile.thresholds.is_empty() {
            let message = "it has no thresholds, so nothing could fail";
            let hint = Some("add a [[threshold]] with a metric and a max_change, or use the profile ci".to_owned());
            return Err(Error::Profile { origin: profile.origin, line: 1, message: message.to_owned(), hint });
        }
        let measurements = measurements(&profile)?;
        let reference = match (&args.baseline, &args.against) {
            (Some(baseline), _) => Reference::Results(Box::new(Results::load(baseline)?)),
            (None, Some(path)) => {
                Reference::Binary { path: binary(path)?, blocks: args.blocks.map(|blocks| blocks as usize) }
            }
            (None, None) => {
                return Err(Error::Usage("name what to compare with: --baseline FILE or --against BINARY".into()));
            }
        };
        let (counts_only, results) = (args.counts_only, args.results.clone());
        Ok(Self { profile, measurements, reference, counts_only, judgement, results, output })
    }

    /// The limit of a metric whose median was `before`. If several thresholds apply, the last one counts.
    pub fn limit(&self, case: &str, metric: &str, before: f64) -> Option<AllowedChange> {
        let found = self.thresholds().filter(|threshold| threshold.applies_to(case, metric)).last()?;
        // The machine may have changed between two runs, but not between turns of one run.
        let is_binding = found.is_hard || matches!(self.reference, Reference::Binary { .. });
        Some(AllowedChange { allowed: found.allowed_of(before), is_binding })
    }

    /// The thresholds that count.
    pub fn thresholds(&self) -> impl Iterator<Item = &Threshold> {
        let is_asked = |threshold: &&Threshold| threshold.quantity.kind == Kind::Count || !self.counts_only;
        self.profile.thresholds.iter().filter(is_asked)
    }
}

/// The program, by a path that does not depend on where the child runs or on PATH.
fn binary(path: &Path) -> Result<PathBuf, Error> {
    let found = std::fs::canonicalize(path).map_err(|error| Error::read(path, error))?;
    if found.is_file() { Ok(found) } else { Err(Error::Usage(format!("{} is not a program", path.display()))) }
}
