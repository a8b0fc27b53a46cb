use std::sync::Arc;

use super::{Ends, Measure};
use crate::error::Error;
use crate::setting::Setting;
use crate::workload::EndpointConfigs;
use crate::workload::histogram::Times as RoundTrips;

/// A workload as the comparison drives it.
pub(super) trait Bench {
    /// What a block measures.
    fn timed(&self) -> &'static [Measure];

    /// What [`Bench::count`] counts.
    fn counted(&self) -> &'static [Measure] {
        &[]
    }

    /// The ends of the conversations with a setting, with pools and arenas of their own.
    fn endpoint_configs(&self, ends: &Ends, setting: &Setting) -> Result<Arc<EndpointConfigs>, Error>;

    /// Begins: new connections, and what has to be warm before it is timed.
    fn open(&self, configs: &Arc<EndpointConfigs>) -> Result<Box<dyn Running>, Error>;

    /// Counts, in a pass that is not timed: a value for each of [`Bench::counted`].
    fn count(&self, configs: &Arc<EndpointConfigs>) -> Result<Vec<f64>, Error> {
        let _ = configs;
        Ok(Vec::new())
    }
}

/// A workload that is under way with one setting.
pub(super) trait Running {
    /// One block: a value for each of [`Bench::timed`], and the round trips where messages come back.
    fn block(&mut self, round_trips: &mut RoundTrips) -> Result<Vec<f64>, Error>;

    /// The end, with what is to be checked there.
    fn end(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}
