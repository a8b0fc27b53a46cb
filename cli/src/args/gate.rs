use std::path::PathBuf;

use super::{Judgement, Output};

/// Checks this build against the thresholds of a profile: compared with saved results, or with another build that takes turns
/// with it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[group(id = "reference", required = true, multiple = false, args = ["baseline", "against"])]
pub struct Gate {
    /// The profile that says what to measure, and how much worse each metric may become: smoke, ci, full, plan, or the path
    /// of a file
    #[arg(long, value_name = "PROFILE")]
    pub profile: String,

    /// Results to compare with: a file, or a name given to --save-baseline. Soft thresholds are reported but never fail
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,

    /// Another tlsbench to compare with, such as a build of the base branch. Both take turns, block by block, which is the only
    /// fair way to compare times. Soft thresholds can fail too
    #[arg(long, value_name = "BINARY")]
    pub against: Option<PathBuf>,

    /// Measure and judge only what hardly varies: heap calls, copied bytes, system calls, instructions. This is faster and
    /// works on a busy machine
    #[arg(long)]
    pub counts_only: bool,

    /// Blocks of each build and case, with --against [default: as many as a verdict needs]
    #[arg(long, value_name = "N", requires = "against", value_parser = clap::value_parser!(u32).range(8..=1000))]
    pub blocks: Option<u32>,

    /// How verdicts are reached.
    #[command(flatten)]
    pub judgement: Judgement,

    /// Write the results of this build to FILE
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub results: Option<PathBuf>,

    /// Where the comparison goes.
    #[command(flatten)]
    pub output: Output,
}

const EXAMPLES: &str = "\
A Markdown summary is appended to the file that GITHUB_STEP_SUMMARY names, where it is set.

What is worse by chance would be so a second time in one of many cases only: cases that are worse are measured once more, and \
both have to say so.

Examples:
  tlsbench run bench-profiles/ci.toml -o baseline.json --format json
  tlsbench gate --profile bench-profiles/ci.toml --baseline baseline.json
  tlsbench gate --profile ci --baseline results/baseline-ci.json --counts-only --allow-foreign
  tlsbench gate --profile ci --against ../base/target/release/tlsbench";
