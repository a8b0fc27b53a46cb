use std::sync::Arc;

use heap_meter::Counts;
use tls_engine::conn::Progress;

use super::bench::{Bench, Running};
use super::latency::RoundTrips;
use super::{Ends, Measure};
use crate::error::Error;
use crate::measure::Stopwatch;
use crate::schema::{Side, quantity};
use crate::setting::Setting;
use crate::stats;
use crate::workload::LocalSession;
use crate::workload::ends::Endpoint;

/// Connections in a timed block.
const CONNECTIONS: usize = 7;
/// Connections that find pools and arenas empty, before any is counted.
const WARM_UP: usize = 2;
/// Of so many connections the least is counted: a signature's length is random, and with it whether a buffer for it has to
/// grow. All but surely one of them has the shortest.
const LEAST_OF: usize = 16;
/// What the client says when it has shaken hands, and what it is answered, bytes.
const REQUEST: [u8; 200] = [b'?'; 200];
const ANSWER: [u8; 1000] = [b'!'; 1000];
/// The turns that a handshake can take at the most: with HelloRetryRequest it takes three.
const TURNS_MAX: usize = 8;

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

/// Connections one after the other: a handshake, a request and its answer, and the end.
pub(super) struct Handshakes;

impl Bench for Handshakes {
    fn timed(&self) -> &'static [Measure] {
        &TIMED
    }

    fn counted(&self) -> &'static [Measure] {
        &COUNTED
    }

    fn session(&self, ends: &Ends, setting: &Setting) -> Result<Arc<LocalSession>, Error> {
        ends.session(setting, 0)
    }

    fn open(&self, session: &Arc<LocalSession>) -> Result<Box<dyn Running>, Error> {
        let shaking = Shaking(Arc::clone(session));
        shaking.connect(&mut Watches::default())?;
        Ok(Box::new(shaking))
    }

    fn count(&self, session: &Arc<LocalSession>) -> Result<Vec<f64>, Error> {
        let shaking = Shaking(Arc::clone(session));
        for _ in 0..WARM_UP {
            shaking.connect(&mut Unwatched)?;
        }
        let mut least = [f64::INFINITY; COUNTED.len()];
        for _ in 0..LEAST_OF {
            least.iter_mut().zip(shaking.count()?).for_each(|(least, value)| *least = least.min(value));
        }
        Ok(least.to_vec())
    }
}

struct Shaking(Arc<LocalSession>);

impl Running for Shaking {
    fn block(&mut self, _: &mut RoundTrips) -> Result<Vec<f64>, Error> {
        let mut runs = [Vec::new(), Vec::new()];
        for _ in 0..CONNECTIONS {
            let mut watches = Watches::default();
            let [client, server] = self.connect(&mut watches)?;
            watches.on(Side::Client, || drop(client));
            watches.on(Side::Server, || drop(server));
            for (runs, watch) in runs.iter_mut().zip([watches.client, watches.server]) {
                runs.push(watch.total_ns() as f64 / 1e3);
            }
        }
        // The middle one: where other programs interrupt the thread, they do so in few of them.
        Ok(runs.iter().filter_map(|runs| stats::median(runs)).collect())
    }
}

impl Shaking {
    /// A connection: a value for each of [`COUNTED`].
    fn count(&self) -> Result<[f64; COUNTED.len()], Error> {
        let mut tallies = Tallies::default();
        let (connection, whole) = heap_meter::count(|| self.connect(&mut tallies));
        // The connection is idle and its memory still held: it ends with this line.
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

    /// Client and server, their handshake and a short exchange behind them, idle.
    fn connect(&self, observer: &mut impl Observer) -> Result<[Endpoint; 2], Error> {
        let Self(session) = self;
        let mut client = observer.on(Side::Client, || session.client(0, 0))?;
        let mut server = observer.on(Side::Server, || session.server(0, 0));
        let mut turns = 0;
        while !(client.connection.is_ready() && server.connection.is_ready() && server.output.is_empty()) {
            observer.on(Side::Server, || pass(&mut client, &mut server))?;
            observer.on(Side::Client, || pass(&mut server, &mut client))?;
            turns += 1;
            if turns > TURNS_MAX {
                return Err(Error::Failed("the handshake does not come to an end".to_owned()));
            }
        }
        observer.on(Side::Client, || say(&mut client, &REQUEST))?;
        let asked = observer.on(Side::Server, || {
            let asked = pass(&mut client, &mut server)?;
            say(&mut server, &ANSWER)?;
            Ok::<_, Error>(asked)
        })?;
        let answered = observer.on(Side::Client, || pass(&mut server, &mut client))?;
        if (asked, answered) != (REQUEST.len(), ANSWER.len()) {
            return Err(Error::Failed("the exchange after the handshake is not what was said".to_owned()));
        }
        for (side, end) in [(Side::Client, &mut client), (Side::Server, &mut server)] {
            observer.on(side, || {
                end.input.release_if_empty();
                end.output.release_if_empty();
            });
        }
        Ok([client, server])
    }
}

/// Lets `to` read what `from` has to say; how much of it was data.
fn pass(from: &mut Endpoint, to: &mut Endpoint) -> Result<usize, Error> {
    let count = to.input.put(from.output.waiting());
    from.output.sent(count);
    let mut data_bytes = 0;
    loop {
        match to.connection.read_tls(&mut to.input, &mut to.output)? {
            Progress::Data(data) => data_bytes += data.len(),
            Progress::Advanced => {}
            Progress::NeedInput | Progress::Closed => return Ok(data_bytes),
        }
    }
}

fn say(end: &mut Endpoint, data: &[u8]) -> Result<(), Error> {
    end.connection.write_tls(&[data], &mut end.output)?;
    Ok(())
}

/// Sees each step of a connection, and whose it is.
trait Observer {
    fn on<T>(&mut self, side: Side, step: impl FnOnce() -> T) -> T;
}

struct Unwatched;

impl Observer for Unwatched {
    fn on<T>(&mut self, _: Side, step: impl FnOnce() -> T) -> T {
        step()
    }
}

/// One thread drives both ends and never waits: the time of a side's steps is its processor time.
#[derive(Default)]
struct Watches {
    client: Stopwatch,
    server: Stopwatch,
}

impl Observer for Watches {
    fn on<T>(&mut self, side: Side, step: impl FnOnce() -> T) -> T {
        let watch = if side == Side::Client { &mut self.client } else { &mut self.server };
        watch.start();
        let result = step();
        watch.stop();
        result
    }
}

#[derive(Default)]
struct Tallies {
    client: Counts,
    server: Counts,
}

impl Observer for Tallies {
    fn on<T>(&mut self, side: Side, step: impl FnOnce() -> T) -> T {
        let (result, counts) = heap_meter::count(step);
        let tally = if side == Side::Client { &mut self.client } else { &mut self.server };
        tally.rust_calls += counts.rust_calls;
        tally.rust_bytes += counts.rust_bytes;
        tally.c_calls += counts.c_calls;
        tally.c_bytes += counts.c_bytes;
        result
    }
}
