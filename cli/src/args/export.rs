use std::path::PathBuf;

use crate::render::Form;

/// Writes the results in FILE in a form that other tools read: hyperfine's JSON, Bencher Metric Format, or the two files of
/// github-action-benchmark.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Export {
    /// Results, as `--json=FILE` and `--save-baseline NAME` write them
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The form
    #[arg(long = "for", value_enum, value_name = "FORM")]
    pub form: Form,

    /// Only metrics like this, such as `send.efficiency`, or `efficiency` for all sides; `*` stands for anything. Without
    /// it all are exported but those that only explain others, which tables leave out too
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub metric: Vec<String>,

    /// Only cases with such an id; `*` stands for anything
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub case: Vec<String>,

    /// Write to this file, or for github-action-benchmark to this folder, which is made where there is none; to standard
    /// output otherwise (or with `-`)
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
