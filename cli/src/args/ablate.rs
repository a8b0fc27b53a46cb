use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use super::{Output, Saving};
use crate::setting;
use crate::units::{Count, parse_duration};

/// Measures what each switch is worth: runs a workload with it and without it in turns, once within the full set and once
/// within the empty one, and tells the effect with its 95 % interval.
///
/// Memory is counted in bytes asked of the heap, not in resident memory. Without arenas (arena=off) memory of handshakes is
/// neither pooled nor sized beforehand: the effect is that of both.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Ablate {
    /// What is done meanwhile; everything otherwise
    #[arg(long, value_enum, value_name = "NAME", value_delimiter = ',')]
    pub workload: Vec<Workload>,

    /// Only these switches; all otherwise, and the provider
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = PossibleValuesParser::new(setting::names()))]
    pub switch: Vec<String>,

    /// The cipher suite
    #[arg(short, long, value_name = "NAME", default_value = "aes128gcm")]
    pub cipher: String,

    /// How long each workload is timed, all of its switches together
    #[arg(short, long, visible_short_alias = 'z', value_name = "TIME", value_parser = parse_duration)]
    #[arg(default_value = "30s")]
    pub duration: Duration,

    /// How many connections the workload `scale` has; as many as open files allow, where that is less
    #[arg(long, value_name = "N", default_value = "2k")]
    pub connections: Count,

    /// The seed of all that is random in the measurement
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,

    /// Where results are kept.
    #[command(flatten)]
    pub saving: Saving,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// What is done while switches are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// Connections that shake hands, exchange a little, and end: heap calls, memory, processor time.
    Handshakes,
    /// Data in one direction, in memory: processor time per byte of each side.
    Bulk,
    /// Messages of 64 B to 4 KiB there and back over loopback: round trips, processor time, system calls.
    Small,
    /// Those of 64 B alone.
    #[value(name = "small-64")]
    Small64,
    /// Those of 512 B alone.
    #[value(name = "small-512")]
    Small512,
    /// Those of 1 KiB alone.
    #[value(name = "small-1024")]
    Small1024,
    /// Those of 4 KiB alone.
    #[value(name = "small-4096")]
    Small4096,
    /// Thousands of mostly idle connections to one event loop: memory, wake-ups, system calls, round trips of the few that
    /// are active.
    Scale,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench ablate
  tlsbench ablate --workload bulk --switch zero-copy,inline --duration 2m
  tlsbench ablate --workload scale --connections 3k
  tlsbench ablate --workload handshakes --json=ablation.json";
