//! `tlsbench run`: measures what a profile describes.

use crate::error::Error;
use crate::plan::Run;
use crate::profile::{BUILT_IN, Profile};
use crate::render::{Align, Messages, Sheet, View};
use crate::runner;

/// Measures every case of the profile, in its order.
pub fn run(plan: &Run, messages: Messages) -> Result<(), Error> {
    let jobs = runner::jobs_of_profile(&plan.profile, &plan.measurements)?;
    runner::run_and_write(&jobs, plan.counts_only, &plan.output, messages)
}

/// The built-in profiles, with what they are for.
pub fn list() -> Result<String, Error> {
    let mut sheet = Sheet::new([("profile", Align::Left), ("cases", Align::Right), ("what for", Align::Left)]);
    for (name, _) in BUILT_IN {
        let profile = Profile::find(name)?;
        sheet.row(vec![name.to_owned(), profile.entries.len().to_string(), profile.description]);
    }
    let view = View { terminal: View::terminal_width(), ..View::plain() };
    Ok(sheet.table(&view)
        + &view.wrapped(
            "
Run one with `tlsbench run PROFILE`, or a file of your own with `tlsbench run FILE.toml`.
",
        ))
}
