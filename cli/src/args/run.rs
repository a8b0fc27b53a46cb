use super::{Output, Saving};

/// Runs the cases of a profile, a repeatable benchmark described by a TOML file, and writes all results as one document.
/// Without a profile, lists the built-in ones.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// smoke (seconds), ci (a minute), full (minutes), plan (what each optimization is worth), or the path of a file
    pub profile: Option<String>,

    /// List the built-in profiles
    #[arg(long, conflicts_with = "profile")]
    pub list: bool,

    /// Measure only what hardly varies, in short runs: heap calls, copied bytes, system calls, instructions. The results are
    /// a small baseline for `tlsbench gate --counts-only`, which works on a busy machine too
    #[arg(long, requires = "profile")]
    pub counts_only: bool,

    /// Where results are kept.
    #[command(flatten)]
    pub saving: Saving,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

impl Run {
    /// Whether a flag says where results go.
    pub const fn is_kept(&self) -> bool {
        let Output { format, json, output } = &self.output;
        format.is_some() || json.is_some() || output.is_some() || self.saving.save_baseline.is_some()
    }
}

const EXAMPLES: &str = "\
Examples:
  tlsbench run smoke
  tlsbench run bench-profiles/ci.toml --save-baseline main
  tlsbench run full --json=results.json
  tlsbench run ci --counts-only --json=baseline.json
  tlsbench run";
