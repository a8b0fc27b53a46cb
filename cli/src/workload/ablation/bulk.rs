use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bench::{Bench, Running};
use super::{Ends, Measure};
use crate::error::Error;
use crate::library::{Engine, EngineEndpoint, Library, Room};
use crate::measure::{Layout, Part, Pattern, Sample};
use crate::schema::{Side, quantity};
use crate::setting::Setting;
use crate::stats;
use crate::workload::ends::{OpeningEnd, SealingEnd, buffer_bytes};
use crate::workload::histogram::Times as RoundTrips;
use crate::workload::link::Memory;
use crate::workload::pair::{Pair, handshake};
use crate::workload::{Verifier, Verify};

/// The length of a write: a full record.
const WRITE_BYTES: usize = 16 << 10;
/// The approximate size of each end's buffer, as in `throughput`.
const BUFFER_BYTES: usize = 256 << 10;
/// The minimum length of a block.
const BLOCK: Duration = Duration::from_millis(4);
/// The number of batches between two readings of the clock.
const BATCHES: u64 = 2;
/// The minimum number of runs of [`BATCHES`] in a block.
const RUNS_MIN: usize = 5;

const MEASURES: [Measure; 2] = [
    Measure { side: Side::Send, quantity: &quantity::CPU_NS_PER_BYTE },
    Measure { side: Side::Receive, quantity: &quantity::CPU_NS_PER_BYTE },
];

/// Data from the client to the server, in memory.
pub(super) struct Bulk {
    layout: Layout,
    pattern: Arc<Pattern>,
    seed: u64,
}

impl Bulk {
    pub(super) fn new(seed: u64) -> Self {
        let layout = Layout::new(WRITE_BYTES, BUFFER_BYTES);
        Self { layout, pattern: Arc::new(Pattern::new(seed, layout.batch_bytes())), seed }
    }
}

impl Bench for Bulk {
    fn timed(&self) -> &'static [Measure] {
        &MEASURES
    }

    fn engine(&self, ends: &Ends, setting: &Setting) -> Result<Arc<Engine>, Error> {
        ends.engine(setting, buffer_bytes(&self.layout))
    }

    fn open(&self, configs: &Arc<Engine>) -> Result<Box<dyn Running>, Error> {
        let room = buffer_bytes(&self.layout);
        let to_send = Room { output_bytes: room, ..Room::default() };
        let to_receive = Room { input_bytes: room, ..Room::default() };
        let (mut client, mut server) = (configs.client(to_send)?, configs.server(to_receive)?);
        handshake(&mut Memory, &mut client, &mut server)?;
        let verifier = Verifier::new(Arc::clone(&self.pattern), Verify::Sampled, self.seed);
        let sealing = SealingEnd::new(client, self.layout, Arc::clone(&self.pattern));
        let mut pair = Pair::new(sealing, OpeningEnd::new(server, self.layout, verifier), Memory);
        let writes = BATCHES * self.layout.cycle_writes();
        // The first batch touches fresh memory.
        pair.run(writes)?;
        Ok(Box::new(Moving { pair, writes }))
    }
}

/// A running conversation.
struct Moving {
    pair: Pair<Memory, EngineEndpoint, EngineEndpoint>,
    writes: u64,
}

impl Running for Moving {
    fn block(&mut self, _: &mut RoundTrips) -> Result<Vec<f64>, Error> {
        let began = Instant::now();
        let mut runs = [Vec::new(), Vec::new()];
        while runs[0].len() < RUNS_MIN || began.elapsed() < BLOCK {
            let Sample { send, receive, .. } = self.pair.run(self.writes)?;
            for (runs, part) in runs.iter_mut().zip([send, receive]) {
                let Part { cpu_ns, bytes, .. } = part.unwrap_or_default();
                runs.push(cpu_ns as f64 / bytes as f64);
            }
        }
        // The median run: if other programs interrupt the thread, they do so in few of the runs.
        Ok(runs.iter().filter_map(|runs| stats::median(runs)).collect())
    }

    fn end(mut self: Box<Self>) -> Result<(), Error> {
        self.pair.close()
    }
}
