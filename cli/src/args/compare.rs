use std::path::PathBuf;

use super::Output;
use crate::units::{Share, parse_share};

/// Compares results metric by metric: how they differ, with an interval, and whether that is worse, better or inside the
/// noise. With one file, measures its very cases again with this build and compares.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Compare {
    /// Results to compare with: a file, or a name given to --save-baseline
    #[arg(value_name = "BASELINE")]
    pub baseline: PathBuf,

    /// Results to compare; measured now where they are left out
    #[arg(value_name = "CANDIDATE")]
    pub candidate: Option<PathBuf>,

    /// Measure also cases that connect to a server, or read certificates and keys, that the results name: of results of your own
    #[arg(long, conflicts_with = "candidate")]
    pub use_named: bool,

    /// How verdicts are reached.
    #[command(flatten)]
    pub judgement: Judgement,

    /// How much a metric that varies may differ without being worse or better; one that does not may not differ at all
    #[arg(long, value_name = "SHARE", default_value = "2%", value_parser = parse_share, help_heading = "Verdicts")]
    pub noise_threshold: Share,

    /// End with exit code 3 where something became worse
    #[arg(long, help_heading = "Verdicts")]
    pub fail_on_regression: bool,

    /// Write what was measured to FILE
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
    /// How sure the verdicts are to be, all of them together
    #[arg(long, value_name = "SHARE", default_value = "95%", value_parser = parse_share)]
    pub confidence_level: Share,

    /// End with exit code 4 where the noise is too much to tell, or a metric can't be compared
    #[arg(long)]
    pub strict: bool,

    /// Compare with another machine what counts alike everywhere: heap calls, copied bytes, system calls; efficiency where
    /// both have the same AES and AVX-512 flags, instructions where both have the same compiler, valgrind and C library
    #[arg(long)]
    pub allow_foreign: bool,

    /// The seed of all that is random in this
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
