//! `tlsbench throughput`, `tlsbench ablate`: measures, and writes the results document.

use crate::error::Error;
use crate::plan::Measure;
use crate::render::Messages;
use crate::runner;

/// Measures what the command asks for.
pub fn run(plan: &Measure, messages: Messages) -> Result<(), Error> {
    let jobs = runner::jobs(std::slice::from_ref(&plan.measurement))?;
    runner::run_and_write(&jobs, false, &plan.output, messages)
}
