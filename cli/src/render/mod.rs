//! Results as text, rendered last; and what is said on standard error meanwhile.

mod ablation;
mod answer;
mod case_table;
mod comparison;
mod conclusion;
pub mod connection;
mod crypto;
mod doctor;
mod document;
mod effects;
mod exports;
mod groups;
mod history;
mod inventory;
mod labels;
mod output;
mod peers;
mod phases;
mod progress;
mod report;
mod results;
mod round_trips;
mod sheet;
mod sparkline;
mod style;
mod unusual;
mod view;

pub use ablation::AblationTable;
pub use answer::Answer;
pub use crypto::CryptoReport;
pub use exports::{Chosen, Exported, Form, Wanted};
pub use output::{Display, Output, Place, print, write, write_document, write_json};
pub use peers::PeersTable;
pub use progress::Progress;
pub use report::page;
pub use results::Results;
pub use sheet::{Align, Sheet};
pub use style::{Color, Messages};
pub use unusual::usual;
pub use view::View;

use clap::ValueEnum;

/// The form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people.
    Table,
    /// A versioned document for programs; `results/schema.json` describes that of measurements.
    Json,
    /// One line per number.
    Csv,
    /// Tables for reports and comments.
    Markdown,
}

/// Results that can be rendered in every form.
pub trait Report {
    /// For people at a terminal: the conclusion first, then one table.
    fn table(&self, view: &View) -> String;
    /// For programs.
    fn json(&self) -> serde_json::Result<String>;
    /// For spreadsheets.
    fn csv(&self) -> String;
    /// For reports.
    fn markdown(&self) -> String;
}
