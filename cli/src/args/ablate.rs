use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use super::{Output, Saving};
use crate::setting;
use crate::units::{Count, parse_duration};

/// Measures what each optimization is worth: runs a workload with and without it in turns, once starting from all optimizations
/// and once from none, and reports the effect with its 95 % interval.
///
/// Memory is bytes requested from the heap, not resident memory. With arena=off, handshake memory is neither pooled nor sized
/// in advance; the effect is that of both.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Ablate {
    /// The workloads [default: all]
    #[arg(long, value_enum, value_name = "NAME", value_delimiter = ',')]
    pub workload: Vec<Workload>,

    /// The switches, or provider [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = PossibleValuesParser::new(setting::names()))]
    pub switch: Vec<String>,

    /// The cipher suite
    #[arg(short, long, value_name = "NAME", default_value = "aes128gcm")]
    pub cipher: String,

    /// How long each workload is timed, for all of its switches together
    #[arg(short, long, visible_short_alias = 'z', value_name = "TIME", value_parser = parse_duration)]
    #[arg(default_value = "30s")]
    pub duration: Duration,

    /// The connections of the workload `scale`, limited by the number of files that may be open
    #[arg(long, value_name = "N", default_value = "2k")]
    pub connections: Count,

    /// The seed of everything random in the measurement
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
    /// Connections that perform a handshake, exchange a little data, and close: heap calls, memory, processor time.
    Handshakes,
    /// The same, with handshakes that resume a session.
    Resumed,
    /// Data in one direction, in memory: processor time per byte of each side.
    Bulk,
    /// Messages of 64 B to 4 KiB, echoed over loopback: round trips, processor time, system calls.
    Small,
    /// Only those of 64 B.
    #[value(name = "small-64")]
    Small64,
    /// Only those of 512 B.
    #[value(name = "small-512")]
    Small512,
    /// Only those of 1 KiB.
    #[value(name = "small-1024")]
    Small1024,
    /// Only those of 4 KiB.
    #[value(name = "small-4096")]
    Small4096,
    /// Thousands of mostly idle connections to one event loop: memory, wake-ups, system calls, and round trips of the few active
    /// ones.
    Scale,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench ablate
  tlsbench ablate --workload bulk --switch zero-copy,inline --duration 2m
  tlsbench ablate --workload scale --connections 3k
  tlsbench ablate --workload handshakes,resumed --json=ablation.json";
