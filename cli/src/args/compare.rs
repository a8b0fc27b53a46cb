use std::path::PathBuf;

use super::Output;
use crate::units::{Share, parse_share};

/// Compares results metric by metric: how they differ, with an interval, and whether that is worse, better or inside the
/// noise. Given one file, measures its cases again with this build and compares.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Compare {
    /// Results to compare with: a file, or a name given to --save-baseline
    #[arg(value_name = "BASELINE")]
    pub baseline: PathBuf,

    /// Results to compare [default: the baseline's cases are measured now]
    #[arg(value_name = "CANDIDATE")]
    pub candidate: Option<PathBuf>,

    /// Also measure cases that connect to servers, or read certificates and keys, named in the results. Only for files you
    /// trust
    #[arg(long, conflicts_with = "candidate")]
    pub use_named: bool,

    /// How verdicts are reached.
    #[command(flatten)]
    pub judgement: Judgement,

    /// How much a metric that varies may differ without being worse or better. Metrics that do not vary may not differ at all
    #[arg(long, value_name = "SHARE", default_value = "2%", value_parser = parse_share, help_heading = "Verdicts")]
    pub noise_threshold: Share,

    /// Exit with code 3 if something became worse
    #[arg(long, help_heading = "Verdicts")]
    pub fail_on_regression: bool,

    /// Write the new results to FILE
    #[arg(long, value_name = "FILE", conflicts_with = "candidate", help_heading = "Output")]
    pub results: Option<PathBuf>,

    /// Where the comparison goes.
    #[command(flatten)]
    pub output: Output,
}

/// How verdicts are reached.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Verdicts")]
pub struct Judgement {
    /// The confidence in all verdicts together
    #[arg(long, value_name = "SHARE", default_value = "95%", value_parser = parse_share)]
    pub confidence_level: Share,

    /// Exit with code 4 if a result is too noisy to judge, or a metric can't be compared
    #[arg(long)]
    pub strict: bool,

    /// Compare results of different machines, limited to what does not depend on the machine: heap calls, copied bytes and
    /// system calls; efficiency, if both have the same AES and AVX-512 flags; instructions, if both have the same compiler,
    /// valgrind and C library
    #[arg(long)]
    pub allow_foreign: bool,

    /// The seed of everything random in the analysis
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench run ci --save-baseline main      (and after a change:)
  tlsbench compare main --fail-on-regression
  tlsbench compare before.json after.json
  tlsbench compare before.json after.json --format markdown --noise-threshold 5%
  tlsbench compare before.json after.json | grep ^worse";
