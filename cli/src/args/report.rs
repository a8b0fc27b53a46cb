use std::path::PathBuf;

/// Draws the results in FILE... as one HTML page that needs neither network nor scripts: charts with intervals, the settings
/// and the machine, and every number in a table.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Report {
    /// Results, as `--json=FILE` writes them; of several, the latest comes first
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Write the page to FILE [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench throughput --cipher all --size 64,1350,16k --transport memory --json=run.json
  tlsbench report run.json -o report.html
  tlsbench report results/*.json > report.html";
