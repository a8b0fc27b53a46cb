//! `tlsbench run`: measures what a profile describes.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::plan::Run;
use crate::profile::{BUILT_IN, Profile};
use crate::render::{Align, Messages, Sheet};
use crate::runner;

/// Measures every case of the profile, in its order.
pub fn run(plan: &Run, messages: Messages) -> Result<(), Error> {
    let mut jobs = Vec::new();
    let mut labels = BTreeSet::new();
    for (entry, measurement) in plan.profile.entries.iter().zip(&plan.measurements) {
        for job in runner::jobs(std::slice::from_ref(measurement))? {
            // Whoever compares results finds cases by their names.
            if !labels.insert(job.label().to_owned()) {
                let message = format!("a second case would be called {}", job.label());
                let hint = Some("give it a label of its own: label = \"WORD\"".to_owned());
                return Err(Error::Profile { origin: plan.profile.origin.clone(), line: entry.line, message, hint });
            }
            jobs.push(job);
        }
    }
    runner::run_and_write(&jobs, plan.counts_only, &plan.output, messages)
}

/// The profiles that are built in, with what they are for.
pub fn list() -> Result<String, Error> {
    let mut sheet = Sheet::new([("profile", Align::Left), ("cases", Align::Right), ("what for", Align::Left)]);
    for (name, _) in BUILT_IN {
        let profile = Profile::find(name)?;
        sheet.row(vec![name.to_owned(), profile.entries.len().to_string(), profile.description]);
    }
    Ok(sheet.table(false))
}
