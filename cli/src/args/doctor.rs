use std::time::Duration;

use super::Output;
use crate::units::parse_duration;

/// Checks whether this machine is fit for measuring: clock and power settings, limits, load, CPU instructions, programs to
/// measure against, and how much two equal runs differ. Each warning says what to do; nothing is changed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Doctor {
    /// How long equal runs are compared; 0 skips it
    #[arg(short, long, visible_short_alias = 'z', value_name = "TIME", value_parser = parse_duration)]
    #[arg(default_value = "2s")]
    pub duration: Duration,

    /// The seed of everything random in the measurement
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,

    /// Where the diagnosis goes.
    #[command(flatten)]
    pub output: Output,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench doctor
  tlsbench doctor --duration 20s
  tlsbench doctor --json=machine.json";
