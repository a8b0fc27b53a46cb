use std::sync::Arc;

use super::{Ends, Measure};
use crate::error::Error;
use crate::library::Engine;
use crate::setting::Setting;
use crate::workload::histogram::Times as RoundTrips;

/// A workload, as the comparison drives it.
pub(super) trait Bench {
    /// What a block measures.
    fn timed(&self) -> &'static [Measure];

    /// What [`Bench::count`] counts.
    fn counted(&self) -> &'static [Measure] {
        &[]
    }

    /// The two ends for conversations with `setting`, with their own pools and arenas.
    fn engine(&self, ends: &Ends, setting: &Setting) -> Result<Arc<Engine>, Error>;

    /// Starts the workload: opens new connections, and warms up what must be warm before it is timed.
    fn open(&self, configs: &Arc<Engine>) -> Result<Box<dyn Running>, Error>;

    /// Counts in a pass that is not timed. Returns a value for each of [`Bench::counted`].
    fn count(&self, configs: &Arc<Engine>) -> Result<Vec<f64>, Error> {
        let _ = configs;
        Ok(Vec::new())
    }
}

/// A workload that is running with one setting.
pub(super) trait Running {
    /// Runs one block. Returns a value for each of [`Bench::timed`], and adds to `round_trips` if messages come back.
    fn block(&mut self, round_trips: &mut RoundTrips) -> Result<Vec<f64>, Error>;

    /// Ends the workload, with any final checks.
    fn end(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}
