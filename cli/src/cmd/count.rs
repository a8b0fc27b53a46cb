//! `tlsbench instructions --counted`: what `tlsbench instructions` runs under valgrind.

use crate::error::Error;
use crate::instructions::{Job, counted};
use crate::render::print;

/// Does the job, and tells its parent what it did.
pub fn run(job: &Job) -> Result<(), Error> {
    print(&counted::run(job)?)
}
