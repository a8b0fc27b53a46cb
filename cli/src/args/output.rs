use std::path::PathBuf;

use clap::ArgAction;

use crate::names::parse_label;
use crate::render::{Color, Format};

/// Where results go, and in which form.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// The form of the results [default: the one that --output's ending means, or a table]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// Print JSON instead of a table; --json=FILE writes it to FILE beside the table
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub json: Option<PathBuf>,

    /// Write results to FILE instead of printing them; .json, .csv and .md are written in that form
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Where results are kept, to be compared with later ones.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct Saving {
    /// Save the complete results as .tlsbench/NAME.json, replacing earlier ones
    #[arg(long, value_name = "NAME", value_parser = parse_label)]
    pub save_baseline: Option<String>,
}

/// What is said besides results: all of it on standard error.
#[derive(Debug, clap::Args)]
pub struct Display {
    /// Print only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print more: every figure of each case, and how each connection of `serve` ends
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// When to use colors (auto respects NO_COLOR)
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}
