//! The works of `peers`, in which a failure costs only the cells of its library.

use super::losses::Forgiving;
use super::{Job, forgiving_jobs};
use crate::error::Error;
use crate::plan::Peers;

/// The jobs of `peers`: its works.
pub fn jobs_of_peers(plan: &Peers) -> Result<Vec<Box<dyn Job>>, Error> {
    forgiving_jobs(&plan.measurements, Forgiving::Everything)
}
