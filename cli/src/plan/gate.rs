use std::path::{Path, PathBuf};

use super::compare::{Judgement, Results};
use super::measure::{find, measurements};
use super::{Measurement, output};
use crate::args;
use crate::comparison::Limit;
use crate::error::Error;
use crate::profile::{Profile, Threshold};
use crate::render::{Display, Output};
use crate::schema::Kind;

/// What `gate` holds this build to.
pub struct Gate {
    /// The profile, with its thresholds.
    pub profile: Profile,
    /// What each of its entries measures.
    pub measurements: Vec<Measurement>,
    /// What this build is held against.
    pub opponent: Opponent,
    /// Whether only counts are judged.
    pub counts_only: bool,
    /// How verdicts are reached.
    pub judgement: Judgement,
    /// Where this build's results go besides.
    pub results: Option<PathBuf>,
    /// Where the comparison goes.
    pub output: Output,
}

/// What a build is held against.
pub enum Opponent {
    /// Kept results; this build measures the same.
    Results(Box<Results>),
    /// Another build: both run in turns.
    Binary {
        /// The other build.
        path: PathBuf,
        /// How often each does; as often as verdicts need where that is left out.
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
            let hint =
                Some("add a [[threshold]] with a metric and a max_change, as bench-profiles/ci.toml does".to_owned());
            return Err(Error::Profile { origin: profile.origin, line: 1, message: message.to_owned(), hint });
        }
        let measurements = measurements(&profile)?;
        let opponent = match (&args.baseline, &args.against) {
            (Some(baseline), _) => Opponent::Results(Box::new(Results::load(baseline)?)),
            (None, Some(path)) => {
                Opponent::Binary { path: binary(path)?, blocks: args.blocks.map(|blocks| blocks as usize) }
            }
            (None, None) => {
                return Err(Error::Usage("name what to compare with: --baseline FILE or --against BINARY".into()));
            }
        };
        let (counts_only, results) = (args.counts_only, args.results.clone());
        Ok(Self { profile, measurements, opponent, counts_only, judgement, results, output })
    }

    /// The limit of a metric of a case whose median was `before`. Where several thresholds are about it, the last one counts.
    pub fn limit(&self, case: &str, metric: &str, before: f64) -> Option<Limit> {
        let found = self.thresholds().filter(|threshold| threshold.applies_to(case, metric)).last()?;
        // Times of two runs tell of two times; those of one run, of two builds.
        let is_binding = found.is_hard || matches!(self.opponent, Opponent::Binary { .. });
        Some(Limit { allowed: found.allowed_of(before), is_binding })
    }

    /// The thresholds that are held to.
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
