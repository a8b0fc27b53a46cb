use std::sync::Arc;

use super::bench::{Bench, Running};
use super::{Ends, Measure};
use crate::error::Error;
use crate::library::{Endpoint, Engine, EngineEndpoint, HandshakeKind};
use crate::schema::{Side, quantity};
use crate::setting::Setting;
use crate::stats;
use crate::workload::handshake_driver::{
    EstablishedPair, Observer, SideCounts, SideStopwatches, Unobserved, drive_handshake,
};
use crate::workload::histogram::Times as RoundTrips;
use crate::workload::link::Memory;

/// The number of connections in a timed block.
const CONNECTIONS: usize = 7;
/// The number of uncounted connections that fill empty pools and arenas first.
const WARM_UP: usize = 2;
/// The minimum over this many connections is counted. The length of a signature is random, and determines whether its
/// buffer has to grow. It is almost certain that at least one of them has the shortest.
const LEAST_OF: usize = 16;
/// The client's request after the handshake, and the server's response.
const REQUEST: [u8; 200] = [b'?'; 200];
const ANSWER: [u8; 1000] = [b'!'; 1000];

const TIMED: [Measure; 2] = [
    Measure { side: Side::Client, quantity: &quantity::CPU_US_PER_HANDSHAKE },
    Measure { side: Side::Server, quantity: &quantity::CPU_US_PER_HANDSHAKE },
];

const COUNTED: [Measure; 8] = [
    Measure { side: Side::Client, quantity: &quantity::HEAP_CALLS_PER_HANDSHAKE },
    Measure { side: Side::Server, quantity: &quantity::HEAP_CALLS_PER_HANDSHAKE },
    Measure { side: Side::Client, quantity: &quantity::C_HEAP_CALLS_PER_HANDSHAKE },
    Measure { side: Side::Server, quantity: &quantity::C_HEAP_CALLS_PER_HANDSHAKE },
    Measure { side: Side::Client, quantity: &quantity::HEAP_BYTES_PER_HANDSHAKE },
    Measure { side: Side::Server, quantity: &quantity::HEAP_BYTES_PER_HANDSHAKE },
    Measure { side: Side::Total, quantity: &quantity::PEAK_BYTES_PER_CONNECTION },
    Measure { side: Side::Total, quantity: &quantity::IDLE_BYTES_PER_CONNECTION },
];

/// Connections one after the other: a handshake of this kind, a request and its response, and the end.
pub(super) struct Handshakes(pub(super) HandshakeKind);

impl Bench for Handshakes {
    fn timed(&self) -> &'static [Measure] {
        &TIMED
    }

    fn counted(&self) -> &'static [Measure] {
        &COUNTED
    }

    fn engine(&self, ends: &Ends, setting: &Setting) -> Result<Arc<Engine>, Error> {
        ends.engine_of(setting, 0, self.0)
    }

    fn open(&self, configs: &Arc<Engine>) -> Result<Box<dyn Running>, Error> {
        let run = HandshakeRun::new(configs, self.0)?;
        run.connect(&mut SideStopwatches::default())?;
        Ok(Box::new(run))
    }

    fn count(&self, configs: &Arc<Engine>) -> Result<Vec<f64>, Error> {
        let run = HandshakeRun::new(configs, self.0)?;
        for _ in 0..WARM_UP {
            run.connect(&mut Unobserved)?;
        }
        let mut least = [f64::INFINITY; COUNTED.len()];
        for _ in 0..LEAST_OF {
            least.iter_mut().zip(run.count()?).for_each(|(least, value)| *least = least.min(value));
        }
        Ok(least.to_vec())
    }
}

struct HandshakeRun {
    configs: Arc<Engine>,
    kind: HandshakeKind,
}

impl Running for HandshakeRun {
    fn block(&mut self, _: &mut RoundTrips) -> Result<Vec<f64>, Error> {
        let mut runs = [Vec::new(), Vec::new()];
        for _ in 0..CONNECTIONS {
            let mut watches = SideStopwatches::default();
            let [client, server] = self.connect(&mut watches)?;
            watches.on(Side::Client, || drop(client));
            watches.on(Side::Server, || drop(server));
            for (runs, watch) in runs.iter_mut().zip([watches.client, watches.server]) {
                runs.push(watch.cpu_ns() as f64 / 1e3);
            }
        }
        // The median connection: if other programs interrupt the thread, they do so in few of them.
        Ok(runs.iter().filter_map(|runs| stats::median(runs)).collect())
    }
}

impl HandshakeRun {
    /// Connections that follow on a first one, which leaves a session if that is to be resumed.
    fn new(configs: &Arc<Engine>, kind: HandshakeKind) -> Result<Self, Error> {
        if kind == HandshakeKind::Resumed {
            drive_handshake((&**configs, &**configs), &mut Memory, &mut Unobserved)?;
        }
        Ok(Self { configs: Arc::clone(configs), kind })
    }

    /// Makes a connection. Returns a value for each of [`COUNTED`].
    fn count(&self) -> Result<[f64; COUNTED.len()], Error> {
        let mut tallies = SideCounts::default();
        let (connection, whole) = heap_meter::count(|| self.connect(&mut tallies));
        // Until this line, the connection is idle and holds its memory.
        drop(connection?);
        let [client, server] = [tallies.client, tallies.server];
        Ok([
            client.calls() as f64,
            server.calls() as f64,
            client.c_calls as f64,
            server.c_calls as f64,
            (client.rust_bytes + client.c_bytes) as f64,
            (server.rust_bytes + server.c_bytes) as f64,
            whole.peak_bytes as f64,
            whole.live_bytes as f64,
        ])
    }

    /// An idle client and server, after their handshake and a short exchange.
    fn connect(&self, observer: &mut impl Observer) -> Result<[EngineEndpoint; 2], Error> {
        let mut connection = drive_handshake((&*self.configs, &*self.configs), &mut Memory, observer)?;
        if let Some(negotiated) = connection.client.negotiated() {
            negotiated.check_kind(self.kind)?;
        }
        connection.rest_after(&REQUEST, &ANSWER, observer)?;
        let EstablishedPair { client, server, .. } = connection;
        Ok([client, server])
    }
}
