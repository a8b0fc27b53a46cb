use std::path::PathBuf;

use crate::render::Form;

/// Converts the results in FILE for other tools: hyperfine's JSON, Bencher Metric Format, or the two files of
/// github-action-benchmark.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Export {
    /// Results, as `--json=FILE` and `--save-baseline NAME` write them
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The tool that will read it
    #[arg(long = "for", value_enum, value_name = "FORM")]
    pub form: Form,

    /// Only these metrics, such as `send.efficiency`, or `efficiency` for all sides; `*` matches anything [default: all except
    /// details that tables omit too]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub metric: Vec<String>,

    /// Only cases whose id matches; `*` matches anything
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub case: Vec<String>,

    /// Write to this file, or for github-action-benchmark to this folder, which is created if needed [default: standard output]
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Hyperfine's form holds times only: metrics with the unit ns, us, ms or s, one entry for each. `times` are what each round \
found, user and system are null, and there are no exit codes. Bencher and github-action-benchmark get medians with their \
95 % intervals.

Examples:
  tlsbench handshake --json=run.json
  tlsbench export run.json --for hyperfine --metric handshake_ns -o hyperfine.json
  tlsbench export run.json --for bencher | bencher run --adapter json
  tlsbench export run.json --for github-action-benchmark --case 'handshake/*' -o bench";
