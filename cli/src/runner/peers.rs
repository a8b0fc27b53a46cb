//! The works of `peers`, in which a failure costs only the cells of its library.

use super::losses::Forgiving;
use super::{Job, forgiving_jobs};
use crate::error::Error;
use crate::plan::Peers;
use crate::schema::{Case, Document};

/// The jobs of `peers`: its works, and what can't be measured yet.
pub fn jobs_of_peers(plan: &Peers) -> Result<Vec<Box<dyn Job>>, Error> {
    let mut jobs = forgiving_jobs(&plan.measurements, Forgiving::Everything)?;
    if !plan.unavailable.is_empty() {
        jobs.push(Box::new(Unavailable(plan.unavailable.clone())));
    }
    Ok(jobs)
}

/// Cases that have a reason instead of numbers.
struct Unavailable(Vec<Case>);

impl Job for Unavailable {
    fn label(&self) -> &str {
        "unavailable"
    }

    fn warn(&self, _: &mut Document) {}

    fn measure(&self, document: &mut Document, _: &mut dyn FnMut(f64, &str)) -> Result<(), Error> {
        document.cases.extend(self.0.iter().cloned());
        Ok(())
    }
}
