use super::{Output, Saving};

/// Runs the cases of a profile, a benchmark to repeat that a TOML file describes, and writes all they found as one document.
/// Without a profile, lists those that are built in.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// smoke (seconds), ci (a minute), full (minutes), plan (what each optimization is worth), or the path of a file
    #[arg(required_unless_present = "list")]
    pub profile: Option<String>,

    /// List the profiles that are built in
    #[arg(long, conflicts_with = "profile")]
    pub list: bool,

    /// Only what hardly varies, in short runs: heap calls, copied bytes, system calls, instructions. Such results are a small
    /// baseline for `tlsbench gate --counts-only`, which means the same on a busy machine
    #[arg(long)]
    pub counts_only: bool,

    /// Where results are kept.
    #[command(flatten)]
    pub saving: Saving,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench run smoke
  tlsbench run bench-profiles/ci.toml --save-baseline main
  tlsbench run full --json=results.json
  tlsbench run ci --counts-only --json=baseline.json
  tlsbench run --list";
