use std::path::PathBuf;

use clap::ArgAction;

use crate::names::parse_label;
use crate::render::{Color, Format};

/// Where results go, and in which form.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// The form of the results
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// Results as JSON instead of a table, or to FILE beside it (`-` is standard output)
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub json: Option<PathBuf>,

    /// Write results to FILE (`-` is standard output)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Where results are kept, to be compared with later ones.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct Saving {
    /// Keep the complete results as .tlsbench/NAME.json, in place of earlier ones of that name
    #[arg(long, value_name = "NAME", value_parser = parse_label)]
    pub save_baseline: Option<String>,
}

/// What is said besides results: all of it on standard error.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Display")]
pub struct Display {
    /// Say nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more, such as what becomes of each connection of `serve`
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// When to use colors (NO_COLOR is heeded)
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}
