//! `tlsbench report`: results as a page.

mod commands;

use crate::error::Error;
use crate::plan::Report;
use crate::render::{Messages, Place, page, write};
use crate::units::format_quantity;

/// Draws the plan's results, and writes the page to where it goes.
pub fn run(plan: &Report, messages: Messages) -> Result<(), Error> {
    messages.doubles(&plan.doubles);
    let page = page(&plan.sources, commands::commands);
    write(&plan.to, &page)?;
    if let Place::File(path) = &plan.to {
        let cases: usize = plan.sources.iter().map(|source| source.document.cases.len()).sum();
        let size = format_quantity(page.len() as f64, "B");
        messages.note(&format!("{}: {cases} cases, {size}", path.display()));
    }
    Ok(())
}
