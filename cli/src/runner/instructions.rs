//! Counts the instructions of the engine's own work.

use super::Job;
use crate::error::Error;
use crate::instructions::{self, Valgrind};
use crate::plan::Instructions;
use crate::schema::Document;

/// A job for every count of the plan.
pub(super) fn jobs(plan: &Instructions) -> impl Iterator<Item = Box<dyn Job>> {
    plan.jobs.iter().map(|job| Box::new(Planned { label: job.id(), job: job.clone() }) as Box<dyn Job>)
}

struct Planned {
    job: instructions::Job,
    label: String,
}

impl Job for Planned {
    fn label(&self) -> &str {
        &self.label
    }

    fn warn(&self, document: &mut Document) {
        if cfg!(debug_assertions) {
            let message = "instructions of a debug build are counted, which are not those of an optimized one";
            document.warn(message, "build with `cargo build --release`");
        }
    }

    fn measure(&self, document: &mut Document, advance: &mut dyn FnMut(f64, &str)) -> Result<(), Error> {
        advance(0.0, "counting");
        document.cases.push(Valgrind::find()?.count(&self.job)?);
        Ok(())
    }
}
