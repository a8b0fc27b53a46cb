use std::path::PathBuf;

use super::Output;
use crate::units::{Share, parse_share};

/// Puts the results in FILE... in order of time and marks where they changed. Runs on different machines, or with different
/// switches or settings, are separate series; the output says how they differ.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct History {
    /// Results of several runs, as `--json=FILE` writes them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Only this case
    #[arg(long, value_name = "ID")]
    pub case: Option<String>,

    /// Only this metric, such as `send.efficiency`, or `efficiency` for all sides
    #[arg(long, value_name = "NAME")]
    pub metric: Option<String>,

    /// The confidence in all changes together
    #[arg(long, value_name = "SHARE", default_value = "95%", value_parser = parse_share)]
    pub confidence_level: Share,

    /// Ignore changes of times smaller than this
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = parse_share)]
    pub noise_threshold: Share,

    /// The seed of everything random in the analysis
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,

    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench history results/*.json
  tlsbench history runs/*.json --case throughput/memory/send/aes128gcm/64 --metric efficiency
  tlsbench history runs/*.json --metric efficiency --json=history.json";
